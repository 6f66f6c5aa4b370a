"""diffusers' files, new and old. ΔW is PEFT's merge, which is what diffusers calls; old names are
written here and read back with diffusers' own renaming."""

import torch
from diffusers import FluxPipeline, StableDiffusionPipeline
from diffusers.training_utils import _collate_lora_metadata
from diffusers.utils.state_dict_utils import convert_state_dict_to_diffusers, convert_state_dict_to_peft, convert_unet_state_dict_to_peft
from layouts_common import OUT, Tensors, fact, finish, load_file, noise, randomise, save_file, sort_metadata, start
from layouts_models import LLAMA, UNET, Base
from layouts_peft import QV
from peft import LoraConfig, get_peft_model_state_dict, inject_adapter_in_model
from peft_fixtures import lora_layers

FILE = "pytorch_lora_weights.safetensors"
NUMPY = "NumPy: s·up·down (names by diffusers' own renaming)"


# ---------------------------------------------------------------- with PEFT inside


def injected(base: Base, config: LoraConfig) -> torch.nn.Module:
    """As diffusers' add_adapter does: the layers are replaced inside the model."""
    model = inject_adapter_in_model(config, base.make())
    model.peft_config = {"default": config}
    randomise(model, lambda name: "lora_" in name)
    return model


def written(name: str, pipeline, models: dict[str, torch.nn.Module], metadata: bool) -> None:
    """diffusers' save_lora_weights, with or without the configs in the metadata."""
    layers = {f"{component}_lora_layers": get_peft_model_state_dict(model) for component, model in models.items()}
    if "text_encoder" in models:  # as the training scripts do
        layers["text_encoder_lora_layers"] = convert_state_dict_to_diffusers(layers["text_encoder_lora_layers"])
    pipeline.save_lora_weights(OUT / name, **layers, **(_collate_lora_metadata(models) if metadata else {}))
    sort_metadata(OUT / name / FILE)


def answers(models: dict[str, torch.nn.Module]) -> tuple[Tensors, dict[str, dict]]:
    delta, facts = {}, {}
    for component, model in models.items():
        for path, layer in lora_layers(model.double()).items():
            delta[f"{component}.{path}"] = layer.get_delta_weight("default").detach().flatten(1)
            facts[f"{component}.{path}"] = fact(layer.r["default"], layer.scaling["default"], source=path)
    return delta, facts


def component_case(name: str, about: str, pipeline, configs: dict, layout: str, metadata: bool) -> None:
    """`configs` is component → (base, config). A component's base has the paths without its name."""
    start(name)
    models = {component: injected(base, LoraConfig(**config)) for component, (base, config) in configs.items()}
    written(name, pipeline, models, metadata)
    delta, facts = answers(models)
    finish(name, about, layout, "PEFT get_delta_weight", delta, facts, adapter=FILE,
           bases={component: f"../bases/{base.name}" for component, (base, _) in configs.items()})


def new_format() -> None:
    unet = {"r": 2, "lora_alpha": 5, "target_modules": ["to_out.0", "conv_shortcut"], "rank_pattern": {"to_out.0": 3}}
    text = {"r": 2, "lora_alpha": 3, "target_modules": QV, "alpha_pattern": {"v_proj": 8}}
    component_case("diffusers-metadata", "lora_adapter_metadata for two components, alpha ≠ r, rank_pattern and "
                   "alpha_pattern", StableDiffusionPipeline, {"unet": (UNET, unet), "text_encoder": (LLAMA, text)},
                   "diffusers with lora_adapter_metadata", True)
    transformer = {"r": 4, "lora_alpha": 6, "target_modules": ["to_out.0", "conv_shortcut"], "use_rslora": True}
    component_case("diffusers-transformer", "transformer. keys, use_rslora in the metadata", FluxPipeline,
                   {"transformer": (UNET, transformer)}, "diffusers with lora_adapter_metadata", True)
    plain = {"r": 3, "lora_alpha": 3, "target_modules": ["to_out.0", "conv_shortcut"]}
    component_case("diffusers-plain", "no metadata: s = 1, as diffusers' loader takes alpha = r", StableDiffusionPipeline,
                   {"unet": (UNET, plain)}, "diffusers without metadata", False)


# ---------------------------------------------------------------- before PEFT


def old_case(name: str, about: str, layout: str, pairs: dict[str, tuple[str, str, int, int]], alpha: float | None = None) -> None:
    """`pairs` is module path → (down key, up key, d_in, d_out)."""
    start(name)
    rank, tensors, delta, facts = 2, {}, {}, {}
    for path, (down, up, d_in, d_out) in pairs.items():
        tensors[down], tensors[up] = noise(rank, d_in), noise(d_out, rank)
        scale = 1.0 if alpha is None else alpha / rank
        delta[path] = scale * tensors[up].double() @ tensors[down].double()
        facts[path] = fact(rank, scale)
        if alpha is not None:
            tensors[f"{path}.alpha"] = torch.tensor(float(alpha))
    save_file(tensors, OUT / name / FILE, metadata={"format": "pt"})
    check_names(load_file(OUT / name / FILE), list(pairs))
    finish(name, about, layout, NUMPY, delta, facts, adapter=FILE)


def check_names(stored: Tensors, paths: list[str]) -> None:
    """diffusers' own renaming gives the paths that the manifest has."""
    renaming = convert_unet_state_dict_to_peft if paths[0].startswith("unet.") else convert_state_dict_to_peft
    renamed = renaming({key: value for key, value in stored.items() if not key.endswith(".alpha")})
    assert {key.rsplit(".lora_", 1)[0].replace(".processor.", ".") for key in renamed} == set(paths)


def old_formats() -> None:
    attention = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1"
    old_case("diffusers-attn-procs", "attention processors: processor.to_q_lora.down, to_out_lora is to_out.0; s = 1",
             "diffusers attention processors", {
                 f"{attention}.{path}": (f"{attention}.processor.{key}_lora.down.weight", f"{attention}.processor.{key}_lora.up.weight", 8, out)
                 for path, key, out in (("to_q", "to_q", 6), ("to_v", "to_v", 4), ("to_out.0", "to_out", 8))
             })
    old_case("diffusers-lora-down", "to_q.lora.down.weight, before PEFT; s = 1", "diffusers LoRA layers", {
        f"{attention}.{path}": (f"{attention}.{path}.lora.down.weight", f"{attention}.{path}.lora.up.weight", 8, out)
        for path, out in (("to_q", 6), ("to_k", 4))
    })
    layer = "text_encoder.text_model.encoder.layers.0.self_attn"
    old_case("diffusers-text-encoder", "text encoder: q_proj.lora_linear_layer.down.weight; s = 1", "diffusers text encoder", {
        f"{layer}.{path}": (f"{layer}.{path}.lora_linear_layer.down.weight", f"{layer}.{path}.lora_linear_layer.up.weight", 8, 8)
        for path in ("q_proj", "out_proj")
    })
    old_case("diffusers-text-encoder-old", "text encoder: to_q_lora is q_proj, to_out_lora is out_proj; s = 1",
             "diffusers text encoder", {
                 f"{layer}.{path}": (f"{layer}.{key}_lora.down.weight", f"{layer}.{key}_lora.up.weight", 8, 8)
                 for path, key in (("q_proj", "to_q"), ("v_proj", "to_v"), ("out_proj", "to_out"))
             })
    old_case("diffusers-alpha", "lora.down.weight with .alpha beside it: s = alpha/r", "diffusers LoRA layers", {
        f"{attention}.to_q": (f"{attention}.to_q.lora.down.weight", f"{attention}.to_q.lora.up.weight", 8, 6),
    }, alpha=5)


def make() -> None:
    new_format()
    old_formats()
