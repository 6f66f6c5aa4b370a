"""What else PEFT leaves in a folder: full copies, replicated layers, other names, mutated bases."""

import shutil

import loralib
import torch
from layouts_common import OUT, Tensors, fact, finish, load_file, randomise, save_file, start, write_json
from layouts_models import GPT2, LLAMA, Base
from layouts_peft import MERGE, Q, QV, finish_merged, lora_case, lora_facts, merged_answer, reload, save, train_and_save
from peft import LoraConfig, get_peft_model

SMALL = {"r": 2, "lora_alpha": 5}


# ---------------------------------------------------------------- full tensors beside the factors


def full_copies() -> None:
    lora_case("peft-modules-to-save", "lm_head is saved whole under its plain name: ΔW = saved − base", LLAMA,
              "PEFT LoRA with modules_to_save", ("lm_head",), modules_to_save=["lm_head"], target_modules=Q, **SMALL)
    lora_case("peft-trainable-tokens", "token_adapter.trainable_tokens_delta holds the new rows 3, 7 and 1, in that "
              "order; ΔW is (dim, vocab), zero in every other column", LLAMA, "PEFT LoRA with trainable_token_indices",
              trainable_token_indices={"embed_tokens": [3, 7, 1]}, target_modules=Q, **SMALL)


def saved_embeddings() -> None:
    """Targeted embeddings are saved with a full copy of the base, which is no ΔW."""
    name = "peft-embedding-saved"
    config = LoraConfig(target_modules=["embed_tokens", *Q], **SMALL)
    train_and_save(name, LLAMA, config, save_embedding_layers=True)
    assert any(key.endswith("embed_tokens.base_layer.weight") for key in stored(name))
    finish_merged(name, "embed_tokens.base_layer.weight is the base's own embedding, saved beside its factors", LLAMA,
                  "PEFT LoRA, embedding with a full copy")


def stored(name: str) -> Tensors:
    return load_file(OUT / name / "adapter" / "adapter_model.safetensors")


# ---------------------------------------------------------------- other files and names


def pickled() -> None:
    name = "peft-bin"
    train_and_save(name, LLAMA, LoraConfig(**SMALL, target_modules=QV), safe_serialization=False)
    assert (OUT / name / "adapter" / "adapter_model.bin").exists()
    finish_merged(name, "adapter_model.bin, a torch zip pickle", LLAMA, "PEFT LoRA, pickle")


def named_folder() -> None:
    """PEFT puts an adapter that is not called default into a folder of its name."""
    name = "peft-subfolder"
    folder = start(name)
    model = get_peft_model(LLAMA.make(), LoraConfig(**SMALL, target_modules=QV), adapter_name="style")
    randomise(model)
    save(model, folder / "adapter")
    finish_merged(name, "an adapter called style lies in adapter/style/; the reader is given the parent", LLAMA,
                  "PEFT LoRA in a sub-folder", saved="adapter/style", found_in="adapter/style")


def wrapped_keys() -> None:
    """State dicts of wrapped models: what torch.compile, DDP and FSDP put into the keys."""
    layout = "PEFT LoRA, keys of a wrapped model"
    rewritten("peft-keys-compile", "torch.compile(model).state_dict(): _orig_mod. first, adapter's name in the keys",
              layout, lambda model: torch.compile(model).state_dict())
    rewritten("peft-keys-ddp", "DataParallel, DDP and DeepSpeed: module. first, adapter's name in the keys", layout,
              lambda model: torch.nn.DataParallel(model).state_dict())
    fsdp = {"base_model.model.model.layers.": "_fsdp_wrapped_module.base_model.model.model.layers.",
            ".self_attn.": "._fsdp_wrapped_module.self_attn.", ".lora_": "._fsdp_wrapped_module.lora_"}
    rewritten("peft-keys-fsdp", "FSDP: _fsdp_wrapped_module. at three depths", layout, lambda m: renamed(m.state_dict(), fsdp))
    inner = {"base_model.model.": "base_model.model._orig_mod.", ".default": ""}
    rewritten("peft-keys-compiled-base", "a compiled base inside PEFT: _orig_mod. behind base_model.model.", layout,
              lambda m: renamed(m.state_dict(), inner))
    twice = {"base_model.model.": "base_model.model.base_model.model.", ".default": ""}
    rewritten("peft-keys-twice", "a PEFT model in a PEFT model: the prefix twice", layout, lambda m: renamed(m.state_dict(), twice))


def renamed(tensors: Tensors, changes: dict[str, str]) -> Tensors:
    out = {}
    for key, tensor in tensors.items():
        for old, new in changes.items():
            key = key.replace(old, new)
        out[key] = tensor
    return out


def rewritten(name: str, about: str, layout: str, state_dict) -> None:
    """Saves what `state_dict` makes of the model. ΔW is PEFT's merge of its own clean files, which
    hold the same factors."""
    folder = start(name)
    model = get_peft_model(LLAMA.make(), LoraConfig(**SMALL, target_modules=Q))
    randomise(model)
    save(model, folder / "clean")
    save(model, folder / "adapter")
    tensors = {key: value for key, value in state_dict(model).items() if "lora_" in key}
    save_file(tensors, folder / "adapter" / "adapter_model.safetensors", metadata={"format": "pt"})
    finish_merged(name, about, LLAMA, layout, saved="clean")
    shutil.rmtree(folder / "clean")


# ---------------------------------------------------------------- other models


def layer_replication() -> None:
    """Replicated layers share their weights, so PEFT's merge adds both ΔW to one tensor: the answer
    is each layer's own, and the sum is checked."""
    name = "peft-layer-replication"
    config = LoraConfig(layer_replication=[(0, 2), (1, 2), (0, 1)], target_modules=["q_proj"], **SMALL)
    train_and_save(name, LLAMA, config)
    model = reload(name, LLAMA)
    own = {path: model.base_model.model.get_submodule(path).get_delta_weight("default") for path in lora_facts(model)}
    facts = lora_facts(model)
    for path, source in zip(facts, [0, 1, 1, 0], strict=True):
        facts[path]["source"] = f"model.layers.{source}.self_attn.q_proj"
    merged, _ = merged_answer(model, LLAMA)
    for source, difference in merged.items():
        both = sum(own[path] for path in own if facts[path]["source"] == source)
        torch.testing.assert_close(difference, both, rtol=1e-12, atol=1e-15)
    finish(name, "[[0, 2], [1, 2], [0, 1]]: four layers of two; the paths count the four, source names the base's. PEFT's "
           "merge adds the ΔW of layers that share a weight", "PEFT LoRA with layer_replication",
           "PEFT get_delta_weight (merge sums those of shared weights)", own, facts, base=LLAMA.name)


def legacy_merged_linear() -> None:
    """PEFT ≤ 0.2: loralib's MergedLinear under PEFT's keys, lora_B with a last dimension of 1."""
    GPT2.make()
    for name, enable in {"peft-merged-linear": [True, False, True], "peft-merged-linear-kv": [False, True, True]}.items():
        folder = start(name)
        layer = loralib.MergedLinear(8, 24, r=2, lora_alpha=5, enable_lora=enable, fan_in_fan_out=True)
        randomise(layer)
        module = "transformer.h.0.attn.c_attn"
        (folder / "adapter").mkdir()
        torch.save({
            f"base_model.model.{module}.lora_A.weight": layer.lora_A.detach(),
            f"base_model.model.{module}.lora_B.weight": layer.lora_B.detach().unsqueeze(-1),
        }, folder / "adapter" / "adapter_model.bin")
        write_json(folder / "adapter" / "adapter_config.json", {
            "base_model_name_or_path": "gpt2", "bias": "none", "enable_lora": enable, "fan_in_fan_out": True,
            "inference_mode": True, "lora_alpha": 5, "lora_dropout": 0.0, "merge_weights": False,
            "modules_to_save": None, "peft_type": "LORA", "r": 2, "target_modules": ["c_attn"], "task_type": "CAUSAL_LM",
        })
        finish(name, f"PEFT ≤ 0.2 on GPT-2: enable_lora {enable}, lora_B (out·n/3, r, 1); rows not enabled are zero",
               "PEFT legacy MergedLinear", "loralib merge (files built, with PEFT ≤ 0.2's keys)",
               {module: merged_linear(layer)}, {module: fact(4, 2.5)}, base=GPT2.name)


def merged_linear(layer: loralib.MergedLinear) -> torch.Tensor:
    """loralib's own merge, (out, in), in float64."""
    layer = layer.double()
    before = layer.weight.detach().clone()
    layer.eval()
    difference = (layer.weight - before).detach()
    return difference.T if layer.fan_in_fan_out else difference


# ---------------------------------------------------------------- bases that the start has changed


def mutated_bases() -> None:
    for init in "pissa", "olora":
        mutated(f"peft-{init}", LLAMA, init, convert=False)
    mutated("peft-pissa-converted", LLAMA, "pissa", convert=True)
    mutated("peft-pissa-converted-rslora", LLAMA, "pissa", convert=True, use_rslora=True)


def mutated(name: str, base: Base, init: str, convert: bool, **more) -> None:
    """W became W − s·B₀A₀ when the adapter was made, so merged − original is s(BA − B₀A₀).

    The user keeps the initial adapter, as PEFT's guide says, or has PEFT convert the file to one of
    twice the rank. Both answers are held against the trained model itself, which is float32."""
    folder = start(name)
    model = get_peft_model(base.make(), LoraConfig(init_lora_weights=init, **SMALL, target_modules=QV, **more))
    model.peft_config["default"].init_lora_weights = True
    save(model, folder / "init")
    model.peft_config["default"].init_lora_weights = init
    randomise(model)
    save(model, folder / "adapter", **({"path_initial_model_for_weight_conversion": str(folder / "init")} if convert else {}))
    original = base.read()
    trained = {
        path: (layer.get_base_layer().weight + layer.get_delta_weight("default")).double()
        - original.get_submodule(path).weight
        for path, layer in ((p, model.base_model.model.get_submodule(p)) for p in lora_facts(model))
    }
    if convert:
        shutil.rmtree(folder / "init")
        finish_merged(name, f"{init} converted by save_pretrained: twice the rank, the base is the original"
                      f"{', rslora' if more else ''}", base, "PEFT LoRA, converted from PiSSA")
        delta = load_file(folder / "delta.safetensors")
    else:
        delta, facts = without_start(name, base)
        finish(name, f"init_lora_weights {init}: the base was changed; ΔW = s(BA − B₀A₀) with the initial adapter in "
               "init/", f"PEFT LoRA, {init}", MERGE, delta, facts, base=base.name, options={"init_adapter": "init"})
    for path in trained:
        torch.testing.assert_close(delta[path], trained[path].detach(), rtol=1e-4, atol=3e-6)


def without_start(name: str, base: Base) -> tuple[Tensors, dict[str, dict]]:
    """ΔW of the trained files minus ΔW of the initial ones, both as PEFT merges them."""
    (OUT / name / "plain").mkdir()
    for file in (OUT / name / "adapter").iterdir():  # the same factors, read without preparing the base again
        text = file.read_bytes()
        for init in b'"pissa"', b'"olora"':
            text = text.replace(b'"init_lora_weights": ' + init, b'"init_lora_weights": true')
        (OUT / name / "plain" / file.name).write_bytes(text)
    model = reload(name, base, "plain")
    facts = lora_facts(model)
    trained, _ = merged_answer(model, base)
    initial, _ = merged_answer(reload(name, base, "init"), base)
    shutil.rmtree(OUT / name / "plain")
    for entry in facts.values():
        entry["rank"] *= 2
    return {path: trained[path] - initial[path] for path in trained}, facts


def make() -> None:
    full_copies()
    saved_embeddings()
    pickled()
    named_folder()
    wrapped_keys()
    layer_replication()
    legacy_merged_linear()
    mutated_bases()
