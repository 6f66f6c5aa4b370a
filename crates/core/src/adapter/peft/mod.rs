//! PEFT: `adapter_config.json` beside `adapter_model.safetensors` or `.bin`.

use std::path::Path;

use serde_json::{Map, Value};

use crate::adapter::found::{Content, Found};
use crate::adapter::located::CONFIG;
use crate::error::{Error, Result};

mod config;
mod experts;
mod grouped;
mod initial;
mod lora;
mod methods;
mod refused;
mod tiny;

pub(super) use config::PeftConfig;
pub(super) use lora::{check_rank, parse, weighted};
pub(super) use methods::read as read_method;

/// Reads a LoRA adapter as PEFT saves it; `path` is the config's.
pub(super) fn read(found: &Found, path: &Path, config: &PeftConfig) -> Result<Content> {
    let mut content = lora::modules(found, config)?;
    if let Some(init) = &config.base_changing_init {
        initial::subtract(found, path, init, &mut content)?;
    }
    lora::others(found, config, &mut content)?;
    content.layout = if config.use_dora {
        "PEFT DoRA"
    } else {
        "PEFT LoRA"
    };
    let merged = if config.is_merged() {
        " with enable_lora"
    } else {
        ""
    };
    content.evidence =
        format!("{CONFIG} with peft_type LORA{merged}; keys MODULE.lora_A and MODULE.lora_B");
    content.scale_rule = config.scale_rule(found.options.alpha);
    content.base_name = config.base_name.clone();
    Ok(content)
}

/// That a path's config is a PEFT config at all, and of which method.
pub(super) fn method(path: &Path, fields: &Map<String, Value>) -> Result<String> {
    fields
        .get("peft_type")
        .and_then(Value::as_str)
        .map(str::to_string)
        .ok_or_else(|| {
            Error::config(
                path,
                "peft_type is missing, so this is not a PEFT adapter's config",
                "give the folder that PEFT's save_pretrained wrote",
            )
        })
}
