//! PEFT: `adapter_config.json` beside `adapter_model.safetensors` or `.bin`.

use std::path::Path;

use serde_json::{Map, Value};

use crate::adapter::fields::Fields;
use crate::adapter::found::{Content, Found};
use crate::adapter::header::Header;
use crate::adapter::located::CONFIG;
use crate::error::{Error, Result};

mod beside;
mod config;
mod experts;
mod grouped;
mod lora;
mod methods;
mod refused;
mod tiny;

pub(super) use config::PeftConfig;
pub(super) use lora::{check_rank, parse, weighted};
pub(super) use methods::read as read_method;

/// Reads a LoRA adapter as PEFT saves it. What the config does not say of the scale, the file's own
/// metadata may.
pub(super) fn read(found: &Found, config: PeftConfig) -> Result<Content> {
    let config = config.completed_by(Header::read(found)?.into_whole());
    let mut content = lora::modules(found, &config)?;
    content.base_changing_init = config.base_changing_init.clone();
    beside::others(found, &config, &mut content)?;
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
    let source = match found.config {
        Some(_) => format!("{CONFIG} with peft_type LORA{merged}; "),
        None => String::new(),
    };
    content.evidence = format!("{source}keys MODULE.lora_A and MODULE.lora_B");
    content.base_name = config.base_name;
    Ok(content)
}

/// That a path's config is a PEFT config at all, and of which method.
pub(super) fn method(path: &Path, fields: &Map<String, Value>) -> Result<String> {
    let method = Fields::new(path, fields).text("peft_type")?;
    method.map(str::to_string).ok_or_else(|| {
        Error::config(
            path,
            "peft_type is missing, so this is not a PEFT adapter's config",
            "give the folder that PEFT's save_pretrained wrote",
        )
    })
}
