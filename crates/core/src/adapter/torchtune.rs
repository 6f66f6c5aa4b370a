//! torchtune: `MODULE.lora_a.weight`, `MODULE.lora_b.weight`, in Meta's names and order of rows.

use serde_json::Map;

use crate::error::Result;

use super::AdaptedModule;
use super::alpha::{Alphas, Asked};
use super::factors::{both, check_factors};
use super::found::{Content, Found};
use super::header::Header;
use super::keys::{Tensors, group, unwrapped};
use super::peft::PeftConfig;
use super::peft::{check_rank, weighted};
use super::update::Update;

const ENDS: [(&str, &str); 3] = [
    (".lora_a.weight", "lora_A"),
    (".lora_b.weight", "lora_B"),
    (".magnitude", "lora_magnitude_vector"),
];
/// torchtune's names of layers whose rows lie as in Hugging Face's models, and those names.
const ALIKE: Alike = &[
    ("attn.v_proj", "self_attn.v_proj"),
    ("attn.output_proj", "self_attn.o_proj"),
    ("mlp.w1", "mlp.gate_proj"),
    ("mlp.w2", "mlp.down_proj"),
    ("mlp.w3", "mlp.up_proj"),
    ("tok_embeddings", "embed_tokens"),
    ("output", "lm_head"),
];

fn parse(name: &str) -> Option<(String, &'static str)> {
    let name = unwrapped(name);
    let mut ends = ENDS.iter();
    ends.find_map(|(end, kind)| Some((name.strip_suffix(end)?.to_string(), *kind)))
}

/// Whether the tensors are named so. The config beside them is PEFT's, as torchtune writes it.
pub(super) fn fits(found: &Found) -> bool {
    let names = found.names();
    names.iter().any(|name| name.ends_with(".lora_a.weight"))
}

/// Reads an adapter; A is (r, in), B is (out, r), and s is PEFT's.
///
/// # Errors
///
/// [`crate::Error::Config`] without α; [`crate::Error::Tensor`] for factors without partner or
/// that do not multiply, or a rank that the config contradicts.
pub(super) fn read(found: &Found) -> Result<Content> {
    let nothing = Map::new();
    let (path, fields) = match &found.config {
        Some((path, fields)) => (path.as_path(), fields),
        None => (found.root, &nothing),
    };
    let config = PeftConfig::new(path, fields)?;
    let config = config.completed_by(Header::read(found)?.into_whole());
    let grouped = group(found.names(), parse);
    let mut content = Content {
        layout: "torchtune",
        evidence: "keys MODULE.lora_a.weight and MODULE.lora_b.weight".into(),
        base_name: config.base_name.clone(),
        scale_rule: config.scale_rule(found.options.alpha),
        ranks_are_stated: config.has_rank(),
        ..Content::default()
    };
    for (path, tensors) in &grouped.modules {
        content.modules.push(module(found, &config, path, tensors)?);
    }
    found.keep(&mut content, &grouped.others)?;
    content.notes.push(META_ROWS.into());
    Ok(content)
}

fn module(
    found: &Found,
    config: &PeftConfig,
    path: &str,
    tensors: &Tensors,
) -> Result<AdaptedModule> {
    let (a, b) = both(found, path, tensors, ("lora_A", "lora_B"))?;
    let (a, b) = (found.tensor(a)?, found.tensor(b)?);
    let rank = check_factors(&b, &a)?;
    check_rank(config, path, rank, &a)?;
    let alphas = Alphas::of_config(found, config);
    let scale = alphas.scale(&Asked {
        component: "",
        path,
        rank,
        tensor: None,
        a: &a,
    })?;
    let update = weighted(
        found,
        path,
        tensors,
        Update::Product { b, a },
        config.use_dora,
    )?;
    let mut module = AdaptedModule::new(path.into(), update, scale);
    if let Some(tensor) = renamed(found, path, ALIKE) {
        module.target.tensor = tensor;
    }
    Ok(module)
}

/// Ends of paths, and what Hugging Face's models have for them.
pub(super) type Alike = &'static [(&'static str, &'static str)];

/// What is to be said of an adapter whose q and k are Meta's.
pub(super) const META_ROWS: &str = "the rows of q and k are in Meta's interleaved order: their left \
     vectors are not those of a Hugging Face model, right vectors and σ are";

/// Its W in a base with Hugging Face's names; `None` in one with its own, and for q and k.
pub(super) fn renamed(found: &Found, path: &str, alike: Alike) -> Option<String> {
    let base = found.base?;
    if base.find(&format!("{path}.weight")).is_some() {
        return None;
    }
    let (own, theirs) = alike
        .iter()
        .find(|(own, _)| path == *own || path.ends_with(&format!(".{own}")))?;
    let parents = path.strip_suffix(own)?;
    base.find(&format!("{parents}{theirs}.weight"))
}
