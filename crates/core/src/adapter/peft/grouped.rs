//! What PEFT's methods beside LoRA share: their config, and their tensors sorted by module.

use std::path::Path;

use serde_json::{Map, Value};

use crate::adapter::fields::Fields;
use crate::adapter::found::{Content, Found};
use crate::adapter::keys::{Tensors, group, module_and_kind};
use crate::adapter::update::Update;
use crate::adapter::{AdaptedModule, Stored};
use crate::error::Result;

use super::config::PeftConfig;

/// The config for what all methods share; AdaLoRA's rank_pattern holds no ranks, and α is theirs.
pub(super) fn plain(path: &Path, fields: &Map<String, Value>) -> Result<PeftConfig> {
    let mut fields = fields.clone();
    for field in ["rank_pattern", "lora_alpha", "r", "init_lora_weights"] {
        fields.remove(field);
    }
    PeftConfig::new(path, &fields)
}

/// Sorts the tensors by these kinds and makes a module of each group; `None` where training left
/// nothing of it.
pub(super) fn modules(
    found: &Found,
    kinds: &[&'static str],
    make: impl Fn(&str, &Tensors) -> Result<Option<(Update, f64)>>,
) -> Result<Content> {
    let grouped = group(found.names(), |name| module_and_kind(name, kinds));
    if let Some((name, earlier)) = grouped.twins {
        let problem = format!("the same factor as `{earlier}`");
        let remedy = "the file holds several adapters: save one of them by itself";
        return Err(found.error(&name, problem, remedy));
    }
    let mut content = Content {
        replaced: grouped.others,
        ..Content::default()
    };
    for (path, tensors) in &grouped.modules {
        let Some((update, scale)) = make(path, tensors)? else {
            content.known.extend(tensors.values().cloned());
            content.notes.push(format!(
                "`{path}` has no rank left, so its ΔW is 0 and it is no module here"
            ));
            continue;
        };
        let mut module = AdaptedModule::new(path.clone(), update, scale);
        if is_turned(found)? {
            module.target.stored = Stored::Conv1d;
        }
        content.modules.push(module);
    }
    Ok(content)
}

/// Whether the config says that the base stores its layers (in, out).
pub(super) fn is_turned(found: &Found) -> Result<bool> {
    match &found.config {
        None => Ok(false),
        Some((path, fields)) => Fields::new(path, fields).truth("fan_in_fan_out"),
    }
}
