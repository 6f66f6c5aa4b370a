//! Formats that are recognised and not read: each is refused by name, with the way out.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};
use crate::setting::Setting;

use super::found::Found;

/// Refuses a file by its first bytes or its name.
///
/// # Errors
///
/// [`Error::Unsupported`] for GGUF and LitGPT.
pub(super) fn check_file(path: &Path) -> Result<()> {
    let mut magic = [0; 4];
    let is_gguf = File::open(path).is_ok_and(|mut file| file.read_exact(&mut magic).is_ok())
        && magic == *b"GGUF";
    let refuse = |feature: &str, reason: &str, remedy: String| {
        Err(Error::Unsupported {
            path: path.into(),
            feature: feature.into(),
            reason: reason.into(),
            remedy,
        })
    };
    if is_gguf {
        let reason = "its weights may be quantised, and the rows of q and k are in another order";
        let remedy = format!(
            "give the adapter that it was converted from, or the merged model and the model before with {}",
            Setting::Base
        );
        return refuse("GGUF", reason, remedy);
    }
    if path
        .file_name()
        .is_some_and(|name| name == "lit_model.pth.lora")
    {
        let reason = "q, k and v are in one matrix whose rows are interleaved by groups of heads";
        let remedy = format!(
            "merge it with `litgpt merge_lora`, convert it with `litgpt convert_from_litgpt`, and give that checkpoint with {}",
            Setting::Base
        );
        return refuse("a LitGPT adapter", reason, remedy);
    }
    Ok(())
}

/// Refuses a file by the names of its tensors.
///
/// # Errors
///
/// [`Error::Unsupported`] for candle-lora.
pub(super) fn check_names(found: &Found) -> Result<()> {
    let is_numbered = |name: &&String| {
        let module = name
            .strip_suffix(".weight")
            .and_then(|name| name.rsplit_once(".a"));
        module.is_some_and(|(module, number)| {
            let partner = format!("{module}.b{number}.weight");
            number.parse::<usize>().is_ok() && !found.shape(&partner).is_empty()
        })
    };
    match found.names().iter().find(is_numbered) {
        None => Ok(()),
        Some(name) => {
            let reason =
                "its file names layers by number and keeps neither α nor the layers' names";
            let remedy = format!(
                "name its tensors MODULE.lora_A.weight and MODULE.lora_B.weight, as PEFT does, and put an adapter_config.json with lora_alpha beside them, or give the merged model with {}",
                Setting::Base
            );
            Err(found.refuse(format!("a candle-lora adapter (`{name}`)"), reason, &remedy))
        }
    }
}
