//! CLIP-LoRA: `layer_N.q_proj.w_lora_A`, with r and α beside the weights.

use crate::error::{Error, Result};
use crate::setting::Setting;

use super::factors::{METADATA, both, check_factors, check_stated};
use super::found::{Content, Found};
use super::keys::group;
use super::scale_rule::{ScaleKind, ScaleRule};
use super::update::Update;
use super::{AdaptedModule, Part};

/// The two encoders, and their blocks in OpenAI's model.
const ENCODERS: [(&str, &str); 2] = [
    ("text", "transformer.resblocks"),
    ("vision", "visual.transformer.resblocks"),
];
/// The projections of `nn.MultiheadAttention`, in the order of its rows.
const THIRDS: [&str; 3] = ["q_proj", "k_proj", "v_proj"];

/// `[weights.][text.]layer_3.q_proj.w_lora_A` to `text.layers.3.q_proj`.
fn parse(name: &str) -> Option<(String, &'static str)> {
    let ends = [(".w_lora_A", "lora_A"), (".w_lora_B", "lora_B")];
    let mut ends = ends.iter();
    let (path, kind) = ends.find_map(|(end, kind)| Some((name.strip_suffix(end)?, *kind)))?;
    let path = path.strip_prefix("weights.").unwrap_or(path);
    Some((path.replace("layer_", "layers."), kind))
}

/// Whether the tensors are named so.
pub(super) fn fits(found: &Found) -> bool {
    found.names().iter().any(|name| parse(name).is_some())
}

/// Reads a file: ΔW = s·B·A with s = α/√r, which is CLIP-LoRA's own rule.
///
/// # Errors
///
/// [`Error::UnknownScale`] without α; [`Error::Tensor`] for factors without partner or that do not
/// multiply, or another rank than the file states.
pub(super) fn read(found: &Found) -> Result<Content> {
    let value = |key: &str| found.file.value(&format!("metadata.{key}"));
    let number = |key: &str| {
        value(key)?
            .parse::<f64>()
            .ok()
            .filter(|number| *number > 0.0)
    };
    let (own, stated) = (number("alpha"), number("r"));
    let alpha = found.options.alpha.or(own);
    let rule = alpha.map(|alpha| {
        let source = match found.options.alpha {
            Some(_) => format!("{}", Setting::Alpha),
            None => "the file's metadata".into(),
        };
        let words = format!("s = α/√r, as CLIP-LoRA's layers take it, α = {alpha} from {source}");
        ScaleRule::new(ScaleKind::AlphaOverRoot, words, own)
    });
    let mut content = Content {
        layout: "CLIP-LoRA",
        evidence: "keys layer_N.PROJECTION.w_lora_A and w_lora_B".into(),
        scale_rule: rule,
        ranks_are_stated: stated.is_some(),
        ..Content::default()
    };
    let grouped = group(found.names(), parse);
    // Blocks are numbered in the order in which they were injected; with all of one encoder's those
    // are its own numbers.
    let encoder = value("encoder").filter(|_| value("position").is_some_and(|all| all == "all"));
    for (path, tensors) in &grouped.modules {
        let (a, b) = both(found, path, tensors, ("lora_A", "lora_B"))?;
        let (a, b) = (found.tensor(a)?, found.tensor(b)?);
        let rank = check_factors(&b, &a)?;
        check_stated(stated, METADATA, rank, &a)?;
        let root = (rank as f64).sqrt();
        let scale = found.scale(|_| {
            alpha
                .map(|alpha| alpha / root)
                .ok_or_else(|| unknown(found))
        })?;
        let mut module = AdaptedModule::new(path.clone(), Update::Product { b, a }, scale);
        place(&mut module, encoder);
        content.modules.push(module);
    }
    found.keep(&mut content, &grouped.others)?;
    Ok(content)
}

/// Where W is in OpenAI's model, where the encoder is known.
fn place(module: &mut AdaptedModule, encoder: Option<&str>) {
    let (named, rest) = match module.path.split_once(".layers.") {
        Some((named, rest)) => (Some(named), rest),
        None => (encoder, module.path.trim_start_matches("layers.")),
    };
    let blocks = ENCODERS.iter().find(|(encoder, _)| named == Some(*encoder));
    let (Some((_, blocks)), Some((number, projection))) = (blocks, rest.split_once('.')) else {
        return;
    };
    let attention = format!("{blocks}.{number}.attn");
    match THIRDS.iter().position(|third| *third == projection) {
        Some(third) => {
            module.target.tensor = format!("{attention}.in_proj_weight");
            module.target.part = Part::Third(third);
        }
        None => module.target.tensor = format!("{attention}.out_proj.weight"),
    }
}

fn unknown(found: &Found) -> Error {
    Error::UnknownScale {
        path: found.root.into(),
        problem: "the file states no α, so the scale α/√r of ΔW is unknown".into(),
        remedy: format!(
            "give it with {}, or {} for s = 1",
            Setting::Alpha,
            Setting::Unscaled
        ),
    }
}
