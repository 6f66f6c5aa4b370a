"""PEFT's other methods: those whose ΔW stands in the file, and those that a reader refuses by name."""

import torch
from layouts_common import Tensors, fact, finish, load_file, randomise, refuse, start
from layouts_models import LLAMA, UNET, Base
from layouts_peft import MERGE, Q, merged_answer, reload, save, train_and_save
from peft import (
    AdaLoraConfig, BOFTConfig, DeloraConfig, FourierFTConfig, HiraConfig, HRAConfig, IA3Config, LNTuningConfig, LoHaConfig,
    LoKrConfig, MissConfig, OFTConfig, PromptTuningConfig, RandLoraConfig, ShiraConfig, TaskType, TinyLoraConfig,
    VBLoRAConfig, VeraConfig, get_peft_model,
)

LINEAR, OUT_0 = "down_blocks.0.attentions.0.to_q", "down_blocks.0.attentions.0.to_out.0"
CONV, CONV_1 = "down_blocks.0.resnets.0.conv1", "down_blocks.0.resnets.0.conv_shortcut"


def method_case(name: str, about: str, base: Base, config, rank: int | None, scale: float) -> None:
    """A case in which PEFT's merge is right, and rank and scale are the same for every module."""
    train_and_save(name, base, config)
    close(name, about, base, config, lambda path: rank, scale)


def close(name: str, about: str, base: Base, config, rank_of, scale: float, **extra) -> None:
    delta, changed = merged_answer(reload(name, base), base)
    assert not changed
    facts = {path: fact(rank_of(path), scale) for path in delta}
    finish(name, about, f"PEFT {config.peft_type.value}", MERGE, delta, facts, base=base.name, **extra)


# ---------------------------------------------------------------- ΔW stands in the file


def adalora() -> None:
    """Some steps, in which the budget takes ranks away: the files hold the ranks that are left."""
    name = "peft-adalora"
    folder = start(name)
    config = AdaLoraConfig(init_r=4, target_r=2, tinit=1, tfinal=1, deltaT=1, total_step=6, lora_alpha=6,
                           target_modules=["q_proj", "v_proj"])
    model = get_peft_model(LLAMA.make(), config)
    randomise(model)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    ids = torch.arange(16).reshape(2, 8)
    for step in range(6):
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        model.base_model.update_and_allocate(step)
        optimizer.zero_grad()
    save(model, folder / "adapter")
    stored = load_file(folder / "adapter" / "adapter_model.safetensors")
    ranks = {path: stored[f"base_model.model.{path}.lora_E"].shape[0] for path in kept_modules(stored)}
    assert len(set(ranks.values())) > 1, ranks
    close(name, "lora_E between the factors, files pruned by rank_pattern, divisor init_r + 1e-5 and not the rank left; "
          "empty are the modules with no rank left, which are still in the file",
          LLAMA, config, ranks.get, 6 / (4 + 1e-5), empty=sorted(path for path, rank in ranks.items() if rank == 0))
    check_adalora(stored, load_file(folder / "delta.safetensors"))


def kept_modules(stored: Tensors) -> list[str]:
    return [key.removeprefix("base_model.model.").removesuffix(".lora_E") for key in stored if key.endswith(".lora_E")]


def check_adalora(stored: Tensors, delta: Tensors) -> None:
    """PEFT's merge again from the pruned tensors alone, which is all that a reader has."""
    for path in delta:
        a, b, e = (stored[f"base_model.model.{path}.lora_{part}"].double() for part in "ABE")
        torch.testing.assert_close(delta[path], b @ (a * e) * 6 / (4 + 1e-5), rtol=1e-9, atol=1e-12)


def vera() -> None:
    method_case("peft-vera", "shared vera_A and vera_B saved once for the model, cut to each module; no alpha", LLAMA,
                VeraConfig(r=3, target_modules=[*Q, "layers.0.mlp.up_proj", "layers.1.mlp.down_proj"],
                           save_projection=True), 3, 1.0)


def tinylora() -> None:
    """Which vector is whose is not in the keys: the manifest's `group` has PEFT's answer."""
    for name, tying in {"peft-tinylora": 0.0, "peft-tinylora-half": 0.5}.items():
        config = TinyLoraConfig(r=2, u=3, target_modules=["q_proj", "v_proj"], save_projection=True, weight_tying=tying)
        train_and_save(name, LLAMA, config)
        model = reload(name, LLAMA)
        group = {
            path.removeprefix("base_model.model."): layer._tinylora_v_key["default"]
            for path, layer in model.named_modules() if hasattr(layer, "_tinylora_v_key")
        }
        delta, _ = merged_answer(model, LLAMA)
        about = f"LoRA-XS: B (Σ v P) A with frozen A, B and P; weight_tying {tying}: {len(set(group.values()))} vectors v"
        finish(name, about, "PEFT TINYLORA", MERGE, delta, {path: fact(2, 1.0, group=group[path]) for path in delta},
               base=LLAMA.name)


def loha() -> None:
    every = [OUT_0, CONV, CONV_1]
    method_case("peft-loha", "(w1_a w1_b) ⊙ (w2_a w2_b), linear, 1 × 1 and 3 × 2 convolution", UNET,
                LoHaConfig(r=2, alpha=3, target_modules=every), None, 1.5)
    method_case("peft-loha-tucker", "use_effective_conv2d: hada_t1 and hada_t2 for the 3 × 2 kernel", UNET,
                LoHaConfig(r=2, alpha=3, target_modules=[CONV], use_effective_conv2d=True), None, 1.5)


def lokr() -> None:
    """Which factor is split depends on the rank: below half of its larger side it is."""
    method_case("peft-lokr", "w1 full, w2 in two factors; linear and convolution", UNET,
                LoKrConfig(r=2, alpha=3, target_modules=[OUT_0, CONV, CONV_1], decompose_factor=2), None, 1.5)
    method_case("peft-lokr-full", "both factors full: PEFT keeps α/r, where LyCORIS takes 1", UNET,
                LoKrConfig(r=8, alpha=3, target_modules=[OUT_0, CONV_1]), None, 3 / 8)
    method_case("peft-lokr-both", "decompose_both: four factors", UNET,
                LoKrConfig(r=2, alpha=3, target_modules=[LINEAR], decompose_both=True), None, 1.5)
    method_case("peft-lokr-tucker", "use_effective_conv2d: lokr_t2 with w2_a and w2_b", UNET,
                LoKrConfig(r=2, alpha=3, target_modules=[CONV], decompose_factor=2, use_effective_conv2d=True), None, 1.5)


# ---------------------------------------------------------------- refused


def refused() -> None:
    """One adapter of each method whose ΔW is multiplicative, seeded, sparse, routed or no matrix."""
    q = {"target_modules": Q}
    configs = {
        "ia3": IA3Config(**q, feedforward_modules=[]),
        "oft": OFTConfig(**q, r=0, oft_block_size=4),
        "boft": BOFTConfig(**q, boft_block_size=4),
        "hra": HRAConfig(**q, r=2),
        "fourierft": FourierFTConfig(**q, n_frequency=6),
        "vblora": VBLoRAConfig(**q, r=2, num_vectors=4, vector_length=4, topk=2),
        "randlora": RandLoraConfig(**q, r=2),
        "shira": ShiraConfig(**q, r=1),
        "miss": MissConfig(**q, r=2),
        "hira": HiraConfig(**q, r=2),
        "delora": DeloraConfig(**q, r=2),
        "ln-tuning": LNTuningConfig(target_modules=["layers.0.input_layernorm"]),
        "prompt-tuning": PromptTuningConfig(num_virtual_tokens=3, task_type=TaskType.CAUSAL_LM),
        "vera-seeded": VeraConfig(r=2, **q, save_projection=False),
        "tinylora-seeded": TinyLoraConfig(r=2, u=3, **q, save_projection=False),
    }
    for short, config in configs.items():
        name = f"refused-{short}"
        train_and_save(name, LLAMA, config)
        refuse(name, f"peft_type {config.peft_type.value}", f"PEFT {config.peft_type.value}", LLAMA.name,
               peft_type=config.peft_type.value)


def make() -> None:
    adalora()
    vera()
    tinylora()
    loha()
    lokr()
    refused()
