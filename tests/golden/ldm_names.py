"""Names of Stable Diffusion's parts in checkpoints of latent diffusion and in diffusers: what
diffusers' own conversion makes of every weight of SD 1.5's and SDXL's UNets, and of OpenCLIP's text
encoder. Writes ldm_names.tsv beside this file.
"""

from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from diffusers.loaders.single_file_utils import (
    convert_ldm_unet_checkpoint,
    convert_open_clip_checkpoint,
)
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

SD15 = dict(
    block_out_channels=(320, 640, 1280, 1280),
    cross_attention_dim=768,
)
SDXL = dict(
    block_out_channels=(320, 640, 1280),
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    transformer_layers_per_block=(1, 2, 10),
    attention_head_dim=(5, 10, 20),
    cross_attention_dim=2048,
    use_linear_projection=True,
    addition_embed_type="text_time",
    addition_time_embed_dim=256,
    projection_class_embeddings_input_dim=2816,
)
RESIDUAL = "in_layers.0 in_layers.2 emb_layers.1 out_layers.0 out_layers.3 skip_connection".split()
TRANSFORMER = (
    "norm proj_in proj_out transformer_blocks.0.norm1 transformer_blocks.0.attn1.to_q "
    "transformer_blocks.0.attn2.to_k transformer_blocks.0.attn2.to_out.0 "
    "transformer_blocks.0.ff.net.0.proj transformer_blocks.0.ff.net.2 transformer_blocks.1.attn1.to_v"
).split()


def unet_names(levels, attentive, depth):
    """Latent diffusion's names by the way its UNet is built: two residual blocks a level on the
    way down, three on the way up, a transformer behind each where the level has attention."""
    names = ["time_embed.0", "time_embed.2", "label_emb.0.0", "label_emb.0.2", "out.0", "out.2"]
    names.append("input_blocks.0.0")
    parts = TRANSFORMER if depth > 1 else TRANSFORMER[:-1]
    block = 1
    for level in range(levels):
        for _ in range(2):
            names += [f"input_blocks.{block}.0.{part}" for part in RESIDUAL]
            if level in attentive:
                names += [f"input_blocks.{block}.1.{part}" for part in parts]
            block += 1
        if level < levels - 1:
            names.append(f"input_blocks.{block}.0.op")
            block += 1
    names += [f"middle_block.{place}.{part}" for place in (0, 2) for part in RESIDUAL]
    names += [f"middle_block.1.{part}" for part in parts]
    block = 0
    for level in reversed(range(levels)):
        for layer in range(3):
            names += [f"output_blocks.{block}.0.{part}" for part in RESIDUAL]
            if level in attentive:
                names += [f"output_blocks.{block}.1.{part}" for part in parts]
            if layer == 2 and level > 0:
                place = 2 if level in attentive else 1
                names.append(f"output_blocks.{block}.{place}.conv")
            block += 1
    return names


def converted(names, config):
    """Pairs of names by diffusers' conversion, of weights that the model has."""
    with torch.device("meta"):
        model = UNet2DConditionModel(**config)
    have = {key[: -len(".weight")] for key in model.state_dict() if key.endswith(".weight")}
    marks = {f"model.diffusion_model.{name}.weight": torch.tensor(n) for n, name in enumerate(names)}
    # The conversion asks for the biases of some.
    for name in names:
        if name.endswith((".op", ".conv")) or name.startswith("label_emb"):
            marks[f"model.diffusion_model.{name}.bias"] = torch.tensor(0)
    pairs = []
    result = convert_ldm_unet_checkpoint(dict(marks), model.config)
    for key, mark in result.items():
        name = key.removesuffix(".weight")
        if name in have:
            pairs.append((names[int(mark)], name))
    # Every kind of part of the model must have come out of it.
    seen = {name for _, name in pairs}
    missing = [name for name in have if name not in seen and "transformer_blocks" not in name]
    assert not missing, missing
    return pairs


def text_pairs():
    config = CLIPTextConfig(
        vocab_size=20, hidden_size=4, intermediate_size=8, num_hidden_layers=2, num_attention_heads=2
    )
    model = CLIPTextModelWithProjection(config)
    prefix = "conditioner.embedders.1.model."
    parts = "ln_1 ln_2 attn.out_proj mlp.c_fc mlp.c_proj".split()
    names = [f"transformer.resblocks.{layer}.{part}" for layer in range(2) for part in parts]
    marks = {f"{prefix}{name}.weight": torch.tensor(n) for n, name in enumerate(names)}
    result = convert_open_clip_checkpoint(model, dict(marks), prefix=prefix)
    return [
        (names[int(mark)], key[: -len(".weight")])
        for key, mark in result.items()
        if ".layers." in key
    ]


def main():
    pairs = converted(unet_names(4, {0, 1, 2}, 1), SD15)
    pairs += converted(unet_names(3, {1, 2}, 2), SDXL)
    pairs += text_pairs()
    lines = sorted({f"{one}\t{other}\n" for one, other in pairs})
    Path(__file__).with_name("ldm_names.tsv").write_text("".join(lines))
    print(len(lines), "names")


if __name__ == "__main__":
    main()
