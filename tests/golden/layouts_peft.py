"""PEFT's LoRA in every shape of layer, written and merged by PEFT."""

import torch
from layouts_common import (
    OUT, Tensors, differences, fact, finish, forward_delta, matrices, randomise, start,
)
from layouts_models import (
    CONVS, EMBEDDING, GPT_OSS, GROUPED_CONV, LLAMA, QWEN2_MOE, Base,
)
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora.layer import ParamWrapper
from peft_fixtures import lora_layers

MERGE = "PEFT merge"
# One layer is enough for most cases, and keeps them small.
Q = ["layers.0.self_attn.q_proj"]
QV = ["layers.0.self_attn.q_proj", "layers.1.self_attn.v_proj"]


def save(model: PeftModel, folder, **options) -> None:
    model.save_pretrained(folder, **options)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card


def train_and_save(name: str, base: Base, config, match=lambda name: True, **options) -> None:
    """The usual way: get_peft_model, trained factors, save_pretrained into `adapter`."""
    folder = start(name)
    model = get_peft_model(base.make(), config)
    randomise(model, match)
    save(model, folder / "adapter", **options)


def reload(name: str, base: Base, adapter: str = "adapter") -> PeftModel:
    """PEFT's reading of the files, on the base in float64."""
    model = PeftModel.from_pretrained(base.read(), OUT / name / adapter)
    assert all(p.dtype == torch.float64 for p in model.parameters())
    return model


def lora_facts(model: PeftModel, adapter: str = "default") -> dict[str, dict]:
    """Rank and scale of each module as PEFT has them. DoRA's ΔW has no rank and needs the base."""
    facts = {}
    for path, layer in lora_layers(model).items():
        path = path.replace(".base_layer", "")
        dora = layer.use_dora.get(adapter, False)
        entry = fact(None if dora else layer.r[adapter], layer.scaling[adapter], dora)
        if isinstance(layer, ParamWrapper):
            facts |= {f"{path}.{layer.parameter_name}.{e}": entry for e in range(layer.num_experts)}
        else:
            facts[path] = entry
    return facts


def merged_answer(model: PeftModel, base: Base) -> tuple[Tensors, Tensors]:
    """PEFT's merge minus the base: matrices by module, and what else has changed."""
    original = base.read()
    return matrices(differences(model.merge_and_unload(), original), original)


def lora_case(name: str, about: str, base: Base, layout: str, replaced: tuple = (), **lora) -> None:
    """A case in which PEFT's own merge is right."""
    train_and_save(name, base, LoraConfig(**lora))
    finish_merged(name, about, base, layout, replaced)


def finish_merged(
    name: str, about: str, base: Base, layout: str, replaced: tuple = (), saved: str = "adapter", **more,
) -> None:
    """The answer is PEFT's merge of the files in `saved`. A module that changes without being a LoRA
    layer (a saved head, trained tokens) has neither rank nor scale and needs the base."""
    model = reload(name, base, saved)
    facts = lora_facts(model)
    delta, changed = merged_answer(model, base)
    facts |= {module: fact(None, None, True) for module in set(delta) - set(facts)}
    finish(name, about, layout, MERGE, delta, facts, base=base.name, changed=changed, replaced=replaced, **more)


# ---------------------------------------------------------------- kinds of layers


def embeddings() -> None:
    lora_case(
        "peft-embedding", "lora_embedding_A and _B without .weight, beside a linear layer; ΔW is (dim, vocab)",
        EMBEDDING, "PEFT LoRA, embedding", r=3, lora_alpha=6, target_modules=["tokens", "out"],
    )


def convolutions() -> None:
    layout = "PEFT LoRA, convolution"
    lora_case("peft-conv2d", "3 × 3 and 1 × 1 kernels, α/r", CONVS, layout, r=3, lora_alpha=5,
              target_modules=["blocks.0.conv", "blocks.0.proj"])
    lora_case("peft-conv1d", "nn.Conv1d, not GPT-2's Conv1D", CONVS, layout, r=2, lora_alpha=6, target_modules=["line"])
    lora_case("peft-conv3d", "kernel 2 × 3 × 3", CONVS, layout, r=2, lora_alpha=6, target_modules=["volume"])
    grouped_convolution()


def grouped_convolution() -> None:
    """PEFT's A reads every input channel and only B is grouped, so ΔW does not fit into the grouped
    weight and PEFT refuses to merge: the answer is what its forward does."""
    name = "peft-conv2d-groups"
    train_and_save(name, GROUPED_CONV, LoraConfig(r=4, lora_alpha=6, target_modules=["conv"]))
    model = reload(name, GROUPED_CONV)
    delta = forward_delta(model.base_model.model.conv, GROUPED_CONV.read().conv, (8, 3, 3))
    finish(
        name, "two groups: A (r, in, kh, kw) reads all inputs, B (out, r/2, 1, 1) is grouped, so ΔW is (out, in · kh · kw) "
        "with in counted over all groups; it cannot be merged", "PEFT LoRA, grouped convolution", "PEFT forward",
        {"conv": delta}, lora_facts(model), base=GROUPED_CONV.name,
    )


def experts() -> None:
    """3-D parameters. The nesting follows the model's order of parameters, not the config's list."""
    layout, both = "PEFT LoRA, target_parameters", ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]
    plain = dict(r=2, lora_alpha=6, target_modules=[])
    lora_case("peft-experts", "gate_up_proj innermost (base_layer), down_proj outside; (expert, out, in); B's fastest "
              "axis is the expert; transformers saves the base with one gate_proj and up_proj an expert", QWEN2_MOE, layout, target_parameters=both, **plain)
    lora_case("peft-experts-reversed", "the config lists the parameters the other way round", QWEN2_MOE, layout,
              target_parameters=both[::-1], **plain)
    lora_case("peft-experts-one", "down_proj only, and q_proj beside it", QWEN2_MOE, layout, r=2, lora_alpha=6,
              target_parameters=both[1:], target_modules=["q_proj"])
    lora_case("peft-experts-transposed", "gpt-oss stores (expert, in, out)", GPT_OSS, layout, target_parameters=both, **plain)


# ---------------------------------------------------------------- variants


def dora() -> None:
    lora_case("peft-dora", "lora_magnitude_vector; merged − original needs the base and has full rank", LLAMA,
              "PEFT DoRA", r=2, lora_alpha=5, target_modules=QV, use_dora=True)
    lora_case("peft-dora-conv2d", "magnitude (1, out, 1, 1), one norm an output row", CONVS, "PEFT DoRA, convolution",
              r=2, lora_alpha=5, target_modules=["blocks.0.conv", "blocks.0.proj"], use_dora=True)
    lora_case("peft-dora-embedding", "magnitude (dim), one norm a dimension", EMBEDDING, "PEFT DoRA, embedding",
              r=2, lora_alpha=5, target_modules=["tokens"], use_dora=True)
    lora_case("peft-dora-rslora", "α/√r inside DoRA", LLAMA, "PEFT DoRA", r=4, lora_alpha=6, target_modules=Q,
              use_dora=True, use_rslora=True)


def lora_bias() -> None:
    lora_case("peft-lora-bias", "lora_B.bias: changed has s·bias", LLAMA, "PEFT LoRA with lora_bias", r=2,
              lora_alpha=5, target_modules=QV, lora_bias=True)


def make() -> None:
    embeddings()
    convolutions()
    experts()
    dora()
    lora_bias()
