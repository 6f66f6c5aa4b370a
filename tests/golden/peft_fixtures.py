"""Small adapters saved by PEFT itself, with the ΔW that PEFT's own merge makes of them.

Each case is a tiny transformers model with random weights and random, non-zero factors. The files
are written by PEFT in float32 (or the case's dtype); the expected ΔW is merged − original weight
after PEFT has read those files back onto the base in float64. Writes peft/ beside itself; README.md
says what each case is for.
"""

import json
import os
import platform
import shutil
import sys
from pathlib import Path

# PEFT writes sets in hash order: fix it, so that every run writes the same bytes.
if os.environ.get("PYTHONHASHSEED") != "0":
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
os.environ["HF_HUB_OFFLINE"] = "1"

import peft
import safetensors
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForSequenceClassification, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM
from transformers.pytorch_utils import Conv1D

OUT = Path(__file__).resolve().parent / "peft"


# ---------------------------------------------------------------- models


def llama(key_value_heads: int = 4) -> LlamaForCausalLM:
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=16, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=key_value_heads, max_position_embeddings=32,
    ))


def bert() -> BertForSequenceClassification:
    return BertForSequenceClassification(BertConfig(
        vocab_size=16, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=32, num_labels=3,
    ))


def gpt2() -> GPT2LMHeadModel:
    return GPT2LMHeadModel(GPT2Config(vocab_size=16, n_positions=32, n_embd=16, n_layer=2, n_head=4))


# ---------------------------------------------------------------- making, saving, measuring


def lora_layers(model: torch.nn.Module) -> dict[str, LoraLayer]:
    """module path, without PEFT's prefix → its LoRA layer."""
    return {
        name.removeprefix("base_model.model."): layer
        for name, layer in model.named_modules() if isinstance(layer, LoraLayer)
    }


def randomise(model: torch.nn.Module, seed: int, trained: bool = False) -> None:
    """Draws A and B; with `trained`, also moves every other trainable tensor (heads, biases)."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.requires_grad and ("lora_" in name or trained):
                noise = torch.randn(p.shape, generator=generator)
                p.copy_(0.3 * noise if "lora_" in name else p + 0.3 * noise)


def save_base(model: torch.nn.Module, folder: Path) -> None:
    model.save_pretrained(folder / "base")
    (folder / "base" / "generation_config.json").unlink(missing_ok=True)


def deltas(model: PeftModel, base: torch.nn.Module, adapter: str) -> tuple[dict, dict, dict]:
    """PEFT's answer for a float64 model: ΔW by module (d_out × d_in), other changed tensors, facts."""
    facts, plain = {}, {}
    for module, layer in lora_layers(model).items():
        rank = layer.lora_A[adapter].weight.shape[0]
        plain[module] = layer.get_delta_weight(adapter).detach()
        facts[module] = {
            "rank": rank, "alpha": layer.lora_alpha[adapter], "scale": layer.scaling[adapter],
            "base_layer": type(layer.get_base_layer()).__name__,
        }
    merged = dict(model.merge_and_unload().named_parameters())
    changed = {
        name: (merged[name] - p).detach() for name, p in base.named_parameters() if not torch.equal(merged[name], p)
    }
    delta = {}
    for module in facts:
        difference = changed.pop(f"{module}.weight")
        assert difference.dtype == torch.float64
        torch.testing.assert_close(difference, plain[module], rtol=1e-12, atol=1e-15)
        if facts[module]["base_layer"] == "Conv1D":  # stored (in, out)
            difference = difference.T
        delta[module] = difference.contiguous()
        facts[module] |= {"d_out": difference.shape[0], "d_in": difference.shape[1]}
    return delta, changed, facts


def from_files(folder: Path, model_class: type) -> tuple[dict, dict, dict]:
    """What PEFT makes of the files as they lie on disk."""
    read = lambda: model_class.from_pretrained(folder / "base", dtype=torch.float64)
    model = PeftModel.from_pretrained(read(), folder)
    stored = load_file(folder / "adapter_model.safetensors")
    for name, tensor in get_peft_model_state_dict(model).items():
        assert tensor.dtype == torch.float64 and torch.equal(tensor, stored[name].double()), name
    return deltas(model, read(), "default")


MANIFEST = {
    "versions": {
        "python": platform.python_version(), "torch": torch.__version__.split("+")[0], "peft": peft.__version__,
        "transformers": transformers.__version__, "safetensors": safetensors.__version__,
    },
    "cases": {},
}


def finish(name: str, about: str, answer: tuple[dict, dict, dict], **extra) -> None:
    folder = OUT / name
    delta, changed, facts = answer
    save_file(delta, folder / "delta.safetensors")
    if changed:
        save_file({key: value.contiguous() for key, value in changed.items()}, folder / "changed.safetensors")
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card
    MANIFEST["cases"][name] = {"about": about, **extra, "modules": facts, "changed": sorted(changed)}


def case(name: str, about: str, make, dtype=torch.float32, trained=False, **lora) -> None:
    """The usual way: get_peft_model, save_pretrained."""
    seed = 1 + len(MANIFEST["cases"])
    torch.manual_seed(seed)
    base = make().to(dtype)
    save_base(base, OUT / name)
    model = get_peft_model(base, LoraConfig(**lora), autocast_adapter_dtype=False)
    randomise(model, seed, trained)
    model.save_pretrained(OUT / name)
    finish(name, about, from_files(OUT / name, type(base)))


def case_raw(name: str, about: str, adapter: str) -> None:
    """A dump of the state_dict: the adapter's name stays in the keys. ΔW is from memory,
    because PEFT's loader passes over such keys."""
    seed = 1 + len(MANIFEST["cases"])
    torch.manual_seed(seed)
    base = llama()
    save_base(base, OUT / name)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])
    model = get_peft_model(base, config, adapter_name=adapter)
    randomise(model, seed)
    tensors = {key: value for key, value in model.state_dict().items() if "lora_" in key}
    save_file(tensors, OUT / name / "adapter_model.safetensors", metadata={"format": "pt"})
    config.save_pretrained(OUT / name)
    original = LlamaForCausalLM.from_pretrained(OUT / name / "base", dtype=torch.float64)
    finish(name, about, deltas(model.double(), original, adapter))


def case_no_prefix(name: str, about: str) -> None:
    """inject_adapter_in_model, as diffusers does: keys without base_model.model."""
    seed = 1 + len(MANIFEST["cases"])
    torch.manual_seed(seed)
    base = llama()
    save_base(base, OUT / name)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])
    model = inject_adapter_in_model(config, base)
    randomise(model, seed)
    save_file(get_peft_model_state_dict(model), OUT / name / "adapter_model.safetensors", metadata={"format": "pt"})
    config.save_pretrained(OUT / name)
    # Put the prefix back in memory and let PEFT load that.
    original = LlamaForCausalLM.from_pretrained(OUT / name / "base", dtype=torch.float64)
    wrapped = get_peft_model(LlamaForCausalLM.from_pretrained(OUT / name / "base", dtype=torch.float64), config)
    stored = load_file(OUT / name / "adapter_model.safetensors")
    result = peft.set_peft_model_state_dict(wrapped, {f"base_model.model.{k}": v for k, v in stored.items()})
    assert not result.unexpected_keys and not [k for k in result.missing_keys if "lora_" in k]
    finish(name, about, deltas(wrapped, original, "default"))


def case_sorted_patterns(name: str, about: str) -> None:
    """alpha_pattern's order in training is not the order in the file, which PEFT sorts."""
    seed = 1 + len(MANIFEST["cases"])
    torch.manual_seed(seed)
    base = llama()
    save_base(base, OUT / name)
    config = LoraConfig(
        r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], alpha_pattern={"self_attn.q_proj": 3, "q_proj": 20},
    )
    model = get_peft_model(base, config)
    randomise(model, seed)
    model.save_pretrained(OUT / name)
    answer = from_files(OUT / name, LlamaForCausalLM)
    original = LlamaForCausalLM.from_pretrained(OUT / name / "base", dtype=torch.float64)
    trained = deltas(model.double(), original, "default")
    save_file(trained[0], OUT / name / "delta-in-training.safetensors")
    finish(name, about, answer, modules_in_training=trained[2])


def main() -> None:
    torch.set_num_threads(1)
    shutil.rmtree(OUT, ignore_errors=True)
    qv = {"target_modules": ["q_proj", "v_proj"]}
    every = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    case("plain", "LLaMA, q and v, scale alpha/r", llama, r=4, lora_alpha=8, **qv)
    case("rslora", "scale alpha/sqrt(r)", llama, r=6, lora_alpha=12, use_rslora=True, **qv)
    # The keys are in the order in which PEFT writes them (sorted), so the file says what training did.
    # The first hit wins, not the longest; "proj" hits nothing, because a key must begin at a dot.
    case(
        "patterns", "rank_pattern and alpha_pattern: regexes, suffixes, an anchor, overlaps, a key that hits nothing",
        llama, r=4, lora_alpha=8, target_modules=every,
        rank_pattern={
            r".*layers\.0\..*v_proj": 2, "layers.1.self_attn.q_proj": 6, "proj": 9, "q_proj": 3,
            "self_attn.q_proj": 7, "v_proj": 5,
        },
        alpha_pattern={
            "^model.layers.1.self_attn.o_proj": 3, r"layers\.1\.self_attn\.(q|k)_proj": 6, r"mlp\.(gate|up)_proj": 10,
            "proj": 99, "q_proj": 5, "self_attn.q_proj": 77, "up_proj": 88,
        },
    )
    case_sorted_patterns(
        "patterns-sorted",
        "PEFT sorts alpha_pattern when it saves: delta is what PEFT makes of the file, delta-in-training what was trained",
    )
    case(
        "conv1d", "GPT-2 Conv1D: base weights are (in, out), attn.c_proj is square; delta is (out, in)",
        gpt2, r=3, lora_alpha=6, target_modules=["c_attn", "attn.c_proj"], fan_in_fan_out=True,
    )
    case("gqa", "d_out smaller and larger than d_in", lambda: llama(1), r=3, lora_alpha=5,
         target_modules=["q_proj", "k_proj", "v_proj", "up_proj", "down_proj"])
    case("f16", "adapter and base in float16", llama, dtype=torch.float16, r=4, lora_alpha=8, **qv)
    case("bf16", "adapter and base in bfloat16", llama, dtype=torch.bfloat16, r=4, lora_alpha=8, **qv)
    case_raw("adapter-name", "raw state_dict: lora_A.default.weight", "default")
    case_raw("adapter-name-custom", "raw state_dict of an adapter that is not called default", "style-1")
    case_no_prefix("no-prefix", "keys without base_model.model.")
    case(
        "modules-to-save", "BERT with a saved head and trained biases: changed holds them, merged - original",
        bert, trained=True, r=4, lora_alpha=16, target_modules=["query", "value"], modules_to_save=["classifier"],
        bias="lora_only",
    )
    (OUT / "manifest.json").write_text(json.dumps(MANIFEST, indent=2) + "\n")
    for name, about in MANIFEST["cases"].items():
        print(f"{name}: {len(about['modules'])} modules, scales {sorted({m['scale'] for m in about['modules'].values()})}")


if __name__ == "__main__":
    main()
