//! The two ways to name the parts of Stable Diffusion 1, 2 and XL: as the checkpoints of latent
//! diffusion do (`input_blocks.4.1…`, `resblocks.0…`) and as diffusers and transformers do. Trainers
//! take either, whatever the base's files have.

/// Blocks of one resolution on the way down; the way up has one more.
const BLOCKS: usize = 2;
/// Inside a residual block.
const RESIDUAL: [(&str, &str); 6] = [
    ("in_layers.0", "norm1"),
    ("in_layers.2", "conv1"),
    ("emb_layers.1", "time_emb_proj"),
    ("out_layers.0", "norm2"),
    ("out_layers.3", "conv2"),
    ("skip_connection", "conv_shortcut"),
];
/// Outside of all blocks.
const OUTSIDE: [(&str, &str); 7] = [
    ("input_blocks.0.0", "conv_in"),
    ("time_embed.0", "time_embedding.linear_1"),
    ("time_embed.2", "time_embedding.linear_2"),
    ("label_emb.0.0", "add_embedding.linear_1"),
    ("label_emb.0.2", "add_embedding.linear_2"),
    ("out.0", "conv_norm_out"),
    ("out.2", "conv_out"),
];
/// Inside a layer of OpenCLIP's text encoder.
const TEXT: [(&str, &str); 5] = [
    ("attn.out_proj", "self_attn.out_proj"),
    ("mlp.c_fc", "mlp.fc1"),
    ("mlp.c_proj", "mlp.fc2"),
    ("ln_1", "layer_norm1"),
    ("ln_2", "layer_norm2"),
];
/// q, k and v are the thirds of a parameter.
pub(super) const FUSED: &str = ".attn.in_proj_weight";

/// What diffusers or transformers calls a part of a checkpoint of latent diffusion; `None` where it
/// is no such name.
pub(crate) fn translated(path: &str) -> Option<String> {
    unet(path).or_else(|| text(path))
}

/// Path of the layer whose q, k and v are stored as one parameter, as transformers names it.
pub(crate) fn fused_attention(tensor: &str) -> Option<String> {
    let layer = layer_of_text(tensor.strip_suffix(FUSED)?)?;
    layer.1.is_empty().then(|| format!("{}.self_attn", layer.0))
}

fn unet(path: &str) -> Option<String> {
    if let Some((_, outside)) = OUTSIDE.iter().find(|(from, _)| *from == path) {
        return Some(outside.to_string());
    }
    let (stage, rest) = path.split_once('.')?;
    if stage == "middle_block" {
        let (place, inner) = rest.split_once('.')?;
        return match place {
            "0" => residual("mid_block.resnets.0", inner),
            "1" => Some(format!("mid_block.attentions.0.{inner}")),
            "2" => residual("mid_block.resnets.1", inner),
            _ => None,
        };
    }
    let mut parts = rest.splitn(3, '.');
    let block: usize = parts.next()?.parse().ok()?;
    let (place, inner) = (parts.next()?, parts.next()?);
    let (side, per_level, block) = match stage {
        // The first block is conv_in.
        "input_blocks" => ("down", BLOCKS + 1, block.checked_sub(1)?),
        "output_blocks" => ("up", BLOCKS + 1, block),
        _ => return None,
    };
    let (level, layer) = (block / per_level, block % per_level);
    let within = |kind: &str| format!("{side}_blocks.{level}.{kind}");
    match (place, inner) {
        ("0", "op") => Some(within("downsamplers.0.conv")),
        // Behind the attention, or in its place where a level has none.
        (_, "conv") => Some(within("upsamplers.0.conv")),
        ("0", inner) => residual(&within(&format!("resnets.{layer}")), inner),
        ("1", inner) => Some(within(&format!("attentions.{layer}.{inner}"))),
        _ => None,
    }
}

fn residual(block: &str, inner: &str) -> Option<String> {
    renamed(&RESIDUAL, inner).map(|inner| format!("{block}.{inner}"))
}

fn text(path: &str) -> Option<String> {
    let (layer, inner) = layer_of_text(path)?;
    renamed(&TEXT, inner).map(|inner| format!("{layer}.{inner}"))
}

/// `text_model.encoder.layers.N` and what follows.
fn layer_of_text(path: &str) -> Option<(String, &str)> {
    let (_, rest) = path.split_once("transformer.resblocks.")?;
    let (layer, inner) = rest.split_once('.').unwrap_or((rest, ""));
    layer.parse::<usize>().ok()?;
    Some((format!("text_model.encoder.layers.{layer}"), inner))
}

fn renamed<'a>(names: &[(&str, &'a str)], inner: &str) -> Option<&'a str> {
    let (_, name) = names.iter().find(|(from, _)| *from == inner)?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By diffusers' own conversion of whole checkpoints; tests/golden/ldm_names.py.
    #[test]
    fn names_are_those_of_diffusers() {
        let pairs = include_str!("../../../../../tests/golden/ldm_names.tsv");
        let mut count = 0;
        for line in pairs.lines() {
            let (one, other) = line.split_once('\t').unwrap();
            assert_eq!(translated(one).as_deref(), Some(other), "{one}");
            count += 1;
        }
        assert!(count > 300);
    }

    #[test]
    fn thirds_are_asked_for_by_their_layer() {
        let tensor = "conditioner.embedders.1.model.transformer.resblocks.7.attn.in_proj_weight";
        let layer = "text_model.encoder.layers.7.self_attn";
        assert_eq!(fused_attention(tensor).as_deref(), Some(layer));
        for other in [
            "visual.attn.in_proj_weight",
            "transformer.resblocks.7.attn.in_proj_bias",
            "transformer.resblocks.7.x.attn.in_proj_weight",
        ] {
            assert_eq!(fused_attention(other), None, "{other}");
        }
    }

    #[test]
    fn other_models_keep_their_names() {
        for path in [
            "",
            "out",
            "down_blocks.0.attentions.0.proj_in",
            "double_blocks.0.img_attn.qkv",
            "input_blocks.x.0.op",
            "input_blocks.4",
            "middle_block.3.proj_in",
            "transformer.resblocks.x.mlp.c_fc",
        ] {
            assert_eq!(translated(path), None, "{path}");
        }
    }
}
