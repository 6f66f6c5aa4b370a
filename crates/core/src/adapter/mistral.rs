//! mistral-finetune: `lora.safetensors` beside `params.json`, in Mistral's own names and order of rows.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::setting::Setting;

use super::AdaptedModule;
use super::factors::{both, check_factors, check_stated};
use super::fields::Fields;
use super::found::{Content, Found};
use super::keys::group;
use super::located::MISTRAL_CONFIG;
use super::peft::parse;
use super::scale_rule::{ScaleKind, ScaleRule};
use super::torchtune::{Alike, META_ROWS, renamed};
use super::update::Update;

/// Mistral's names of layers whose rows lie as in Hugging Face's models, and those names.
const ALIKE: Alike = &[
    ("attention.wv", "self_attn.v_proj"),
    ("attention.wo", "self_attn.o_proj"),
    ("feed_forward.w1", "mlp.gate_proj"),
    ("feed_forward.w2", "mlp.down_proj"),
    ("feed_forward.w3", "mlp.up_proj"),
    ("tok_embeddings", "embed_tokens"),
    ("output", "lm_head"),
];

/// Whether a config is mistral-finetune's.
pub(super) fn fits(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == MISTRAL_CONFIG)
}

/// Reads an adapter: ΔW = s·B·A, and s is `lora.scaling` as it is.
///
/// # Errors
///
/// [`Error::Config`] for a scaling or a rank that is none; [`Error::UnknownScale`] without one;
/// [`Error::Tensor`] for factors without partner or that do not multiply, or another rank.
pub(super) fn read(found: &Found, path: &Path, fields: &Map<String, Value>) -> Result<Content> {
    let nothing = Map::new();
    let lora = Fields::new(path, fields)
        .object("lora")?
        .unwrap_or(&nothing);
    let lora = Fields::within(path, lora, " of lora");
    let (scaling, stated) = (lora.positive("scaling")?, lora.positive("rank")?);
    let words = |scaling| format!("s = {scaling} from lora.scaling, not divided by r");
    let mut content = Content {
        layout: "mistral-finetune",
        evidence: format!("{MISTRAL_CONFIG}; keys MODULE.lora_A and MODULE.lora_B"),
        scale_rule: match (found.options.alpha, scaling) {
            (Some(alpha), _) => Some(ScaleRule::given("α/r", alpha)),
            (None, Some(scaling)) => Some(ScaleRule::new(ScaleKind::Stated, words(scaling), None)),
            (None, None) => None,
        },
        ranks_are_stated: stated.is_some(),
        ..Content::default()
    };
    let grouped = group(found.names(), parse);
    for (module, tensors) in &grouped.modules {
        let (a, b) = both(found, module, tensors, ("lora_A", "lora_B"))?;
        let (a, b) = (found.tensor(a)?, found.tensor(b)?);
        let rank = check_factors(&b, &a)?;
        check_stated(stated, MISTRAL_CONFIG, rank, &a)?;
        let scale = found.scale(|alpha| match (alpha, scaling) {
            (Some(alpha), _) => Ok(alpha / rank as f64),
            (None, Some(scaling)) => Ok(scaling),
            (None, None) => Err(unknown(path)),
        })?;
        let mut read = AdaptedModule::new(module.clone(), Update::Product { b, a }, scale);
        if let Some(tensor) = renamed(found, module, ALIKE) {
            read.target.tensor = tensor;
        }
        content.modules.push(read);
    }
    found.keep(&mut content, &grouped.others)?;
    content.notes.push(META_ROWS.into());
    Ok(content)
}

fn unknown(path: &Path) -> Error {
    Error::UnknownScale {
        path: path.into(),
        problem: "lora.scaling is missing, so the scale of ΔW is unknown".into(),
        remedy: format!(
            "give s·r with {}, or {} for s = 1",
            Setting::Alpha,
            Setting::Unscaled
        ),
    }
}
