"""cloneofsimo, MLX, torchtune and full fine-tunes."""

import importlib.util
import json
from pathlib import Path

import torch
from layouts_common import (
    OUT, Tensors, differences, fact, finish, matrices, noise, save_file, seed_of, sort_metadata, start,
    write_json,
)
from layouts_models import LLAMA

Q, V, UP = "model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.v_proj", "model.layers.0.mlp.up_proj"


def shape_of(path: str) -> tuple[int, int]:
    """(d_out, d_in) of a LLaMA module."""
    return tuple(LLAMA.read().get_submodule(path).weight.shape)


# ---------------------------------------------------------------- cloneofsimo/lora


def cloneofsimo() -> None:
    """Pairs by index, in the order in which layers were injected: the file does not say which they are."""
    name, about = "cloneofsimo-safetensors", "unet:0:up and unet:0:down with ranks in the metadata and an embedding <s1>; s = 1"
    folder = start(name)
    tensors, metadata = {"<s1>": noise(8)}, {"<s1>": "<embed>", "unet": '["CrossAttention"]', "text_encoder": '["CLIPAttention"]'}
    delta, facts = {}, {}
    for component, rank, shapes in (("unet", 2, [(6, 8), (8, 8), (8, 10)]), ("text_encoder", 3, [(8, 8)])):
        for i, (d_out, d_in) in enumerate(shapes):
            up, down = noise(d_out, rank), noise(rank, d_in)
            tensors |= {f"{component}:{i}:up": up, f"{component}:{i}:down": down}
            metadata[f"{component}:{i}:rank"] = str(rank)
            delta[f"{component}.{i}"], facts[f"{component}.{i}"] = up.double() @ down.double(), fact(rank, 1.0)
    save_file(tensors, folder / "lora.safetensors", metadata=metadata)
    sort_metadata(folder / "lora.safetensors")
    finish(name, about, "cloneofsimo safetensors", "NumPy: up·down", delta, facts, adapter="lora.safetensors",
           beside=["<s1>"])
    cloneofsimo_list()


def cloneofsimo_list() -> None:
    name = "cloneofsimo-list"
    folder = start(name)
    shapes = [(6, 8), (8, 8), (8, 10)]
    pairs = [(noise(d_out, 2).half(), noise(2, d_in).half()) for d_out, d_in in shapes]
    torch.save([factor for pair in pairs for factor in pair], folder / "lora.pt")
    finish(name, "a flat list [up0, down0, up1, …] in float16, no names at all: unet.0, unet.1, …; s = 1", "cloneofsimo list",
           "NumPy: up·down", {f"unet.{i}": up.double() @ down.double() for i, (up, down) in enumerate(pairs)},
           {f"unet.{i}": fact(2, 1.0) for i in range(len(pairs))}, adapter="lora.pt")


# ---------------------------------------------------------------- MLX


def mlx_folder(name: str, kind: str, tensors: Tensors, **parameters) -> Path:
    folder = start(name) if not (OUT / name).exists() else OUT / name
    (folder / "adapter").mkdir()
    save_file(tensors, folder / "adapter" / "adapters.safetensors")
    write_json(folder / "adapter" / "adapter_config.json", {
        "adapter_path": "adapters", "batch_size": 4, "fine_tune_type": kind, "iters": 100, "learning_rate": 1e-5,
        "lora_parameters": {"rank": 2, "dropout": 0.0, "scale": 20.0} | parameters, "model": "tiny-llama", "num_layers": 16,
    })
    return folder


def mlx_factors(path: str, d_out: int, d_in: int) -> Tensors:
    """Small enough that a scale of 20 leaves ΔW at the size of W."""
    return {f"{path}.lora_a": 0.3 * noise(d_in, 2), f"{path}.lora_b": 0.3 * noise(2, d_out)}


def mlx_delta(tensors: Tensors, path: str) -> torch.Tensor:
    return 20.0 * (tensors[f"{path}.lora_a"].double() @ tensors[f"{path}.lora_b"].double()).T


def mlx() -> None:
    start("mlx-lora")
    modules = {Q: shape_of(Q), V: shape_of(V), "model.embed_tokens": (8, 16)}
    tensors = {key: value for path, shape in modules.items() for key, value in mlx_factors(path, *shape).items()}
    mlx_folder("mlx-lora", "lora", tensors)
    finish("mlx-lora", "lora_a (in, r), lora_b (r, out), an absolute scale of 20; the embedding's in is the vocabulary", "MLX-LM LoRA",
           "NumPy: scale·(a·b)ᵀ", {path: mlx_delta(tensors, path) for path in modules}, {path: fact(2, 20.0) for path in modules},
           base=LLAMA.name)
    mlx_dora()
    mlx_switch()
    mlx_full()


def mlx_dora() -> None:
    """mlx-lm's DoRALinear: the rows of W + scale·(a·b)ᵀ are brought to the lengths m."""
    start("mlx-dora")
    tensors, delta = {}, {}
    for path in Q, V:
        tensors |= mlx_factors(path, *shape_of(path))
        weight = LLAMA.read().get_submodule(path).weight.detach()
        tensors[f"{path}.m"] = (weight.norm(dim=1) + 0.1 * torch.rand(weight.shape[0])).float()
        moved = weight + mlx_delta(tensors, path)
        delta[path] = tensors[f"{path}.m"].double()[:, None] * moved / moved.norm(dim=1, keepdim=True) - weight
    mlx_folder("mlx-dora", "dora", tensors)
    finish("mlx-dora", ".m (out): one length an output row", "MLX-LM DoRA", "NumPy: m/‖V‖ ⊙ V − W, V = W + scale·(a·b)ᵀ", delta,
           {path: fact(None, 20.0, True) for path in delta}, base=LLAMA.name)


def mlx_switch() -> None:
    start("mlx-switch")
    path, experts = "model.layers.0.mlp.switch_mlp.gate_proj", 3
    a, b = 0.3 * noise(experts, 2, 8), 0.3 * noise(experts, 6, 2)
    mlx_folder("mlx-switch", "lora", {f"{path}.lora_a": a, f"{path}.lora_b": b})
    finish("mlx-switch", "experts: lora_a (expert, r, in), lora_b (expert, out, r)", "MLX-LM LoRA, switch layer",
           "NumPy: scale·b[e]·a[e]", {f"{path}.{e}": 20.0 * b[e].double() @ a[e].double() for e in range(experts)},
           {f"{path}.{e}": fact(2, 20.0) for e in range(experts)})


def mlx_full() -> None:
    start("mlx-full")
    base = LLAMA.read()
    weights = {path: base.get_submodule(path).weight.detach().float() for path in (Q, V)}
    trained = {path: weight + noise(*weight.shape) for path, weight in weights.items()}
    mlx_folder("mlx-full", "full", {f"{path}.weight": value for path, value in trained.items()})
    finish("mlx-full", "fine_tune_type full: whole weights of the trained layers", "MLX-LM full", "NumPy: saved − base",
           {path: trained[path].double() - weights[path].double() for path in trained},
           {path: fact(None, None, True) for path in trained}, base=LLAMA.name, replaced=tuple(trained))


# ---------------------------------------------------------------- torchtune


def torchtune_conversion():
    """torchtune's module of conversions alone: the package itself asks for torchao."""
    root = Path(importlib.util.find_spec("torchtune").origin).parent
    spec = importlib.util.spec_from_file_location("convert_weights", root / "models" / "convert_weights.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def torchtune() -> None:
    """A training's folder has the factors twice: adapter_model.pt with torchtune's names, and a PEFT
    file, in which the rows of q and k have been put from the interleaved into the split RoPE order.
    One case each, with the same factors."""
    torch.manual_seed(seed_of("torchtune"))
    names = {"layers.0.attn.q_proj": Q, "layers.0.attn.k_proj": "model.layers.0.self_attn.k_proj",
             "layers.0.mlp.w3": UP}
    tensors = {}
    for path, source in names.items():
        d_out, d_in = shape_of(source)
        tensors |= {f"{path}.lora_a.weight": noise(2, d_in), f"{path}.lora_b.weight": noise(d_out, 2)}
    conversion = torchtune_conversion()
    peft = conversion.tune_to_peft_adapter_weights(tensors, num_heads=2, num_kv_heads=1, dim=8)
    config = conversion.tune_to_peft_adapter_config(
        {"target_modules": ["q_proj", "k_proj", "w3"], "r": 2, "lora_alpha": 5, "peft_type": "LORA"})
    hf = {source: 2.5 * peft[f"base_model.model.{source}.lora_B.weight"].double()
          @ peft[f"base_model.model.{source}.lora_A.weight"].double() for source in names.values()}
    for name in "torchtune-peft", "torchtune":
        (start(name) / "adapter").mkdir()
        (OUT / name / "adapter" / "adapter_config.json").write_text(json.dumps(config))
    save_file({key: value.contiguous() for key, value in peft.items()},
              OUT / "torchtune-peft" / "adapter" / "adapter_model.safetensors", metadata={"format": "pt"})
    oracle = "NumPy: s·B·A (files by torchtune's own conversion)"
    finish("torchtune-peft", "the PEFT file that torchtune writes, with a config of four entries", "PEFT LoRA, by torchtune", oracle, hf,
           {path: fact(2, 2.5) for path in hf}, base=LLAMA.name)
    torch.save(tensors, OUT / "torchtune" / "adapter" / "adapter_model.pt")
    save_file(hf, OUT / "torchtune" / "delta-hf.safetensors")
    own = {path: 2.5 * tensors[f"{path}.lora_b.weight"].double() @ tensors[f"{path}.lora_a.weight"].double() for path in names}
    finish("torchtune", "torchtune's own names; rows of q and k in the interleaved RoPE order: delta has them so, delta-hf under the "
           "base's names and in its order", "torchtune", oracle, own,
           {path: fact(2, 2.5, source=source) for path, source in names.items()}, base=LLAMA.name,
           rope_interleaved=["layers.0.attn.k_proj", "layers.0.attn.q_proj"], heads={"q": 2, "k": 1})


# ---------------------------------------------------------------- full fine-tune


def full_finetune() -> None:
    """A second checkpoint in two shards. Most of it is left as it was."""
    name = "full-finetune"
    folder = start(name)
    model = LLAMA.make()
    with torch.no_grad():
        for key, p in model.named_parameters():
            if p.dim() == 2 and key.startswith(("lm_head", "model.layers.0.self_attn.q_proj", "model.layers.1.mlp.up_proj")):
                p.add_(noise(*p.shape))
    model.save_pretrained(folder / "checkpoint", max_shard_size="4KB")
    (folder / "checkpoint" / "generation_config.json").unlink()
    shards = sorted(file.name for file in (folder / "checkpoint").glob("*.safetensors"))
    assert len(shards) == 2 and (folder / "checkpoint" / "model.safetensors.index.json").exists(), shards
    original, trained = LLAMA.read(), type(model).from_pretrained(folder / "checkpoint", dtype=torch.float64)
    delta, _ = matrices(differences(trained, original), original)
    same = [key.removesuffix(".weight") for key, p in original.named_parameters()
            if p.dim() == 2 and key.removesuffix(".weight") not in delta]
    finish(name, "two checkpoints of one model, the second in two shards with an index; unchanged are the modules whose ΔW is zero",
           "full fine-tune", "transformers: trained − base", delta, {path: fact(None, None, True) for path in delta},
           adapter="checkpoint", base=LLAMA.name, unchanged=same)


def make() -> None:
    cloneofsimo()
    mlx()
    torchtune()
    full_finetune()
