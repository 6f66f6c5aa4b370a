//! Formats that are recognised and not read: each is refused by name, with the way out.

use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};
use crate::files;
use crate::setting::Setting;

use super::found::Found;

/// Refuses a file by its first bytes or its name.
///
/// # Errors
///
/// [`Error::Unsupported`] for GGUF, LitGPT, PaddlePaddle's own format and NeMo's archives.
pub(super) fn check_file(path: &Path) -> Result<()> {
    let mut magic = [0; 4];
    let begins = files::open(path).is_ok_and(|mut file| file.read_exact(&mut magic).is_ok());
    let is_gguf = begins && magic == *b"GGUF";
    let ends_with = |end: &str| path.extension().is_some_and(|own| own == end);
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
            "give the adapter that it was converted from, or the merged model, and the original one with {}",
            Setting::Base
        );
        return refuse("GGUF", reason, remedy);
    }
    if ends_with("pdparams") {
        let reason = "it is a pickle of PaddlePaddle's own kind";
        let remedy = "load it with paddle.load and save it as peft_model.safetensors with safetensors.paddle.save_file";
        return refuse("a PaddlePaddle file", reason, remedy.into());
    }
    if ends_with("nemo") {
        let reason = "it is an archive of NeMo's, with Megatron's layers in it";
        let remedy = format!(
            "merge the adapter with NeMo's `llm.peft.merge_lora`, export it with `llm.export_ckpt` to Hugging Face's format, and give that model, and the original one with {}",
            Setting::Base
        );
        return refuse("a NeMo archive", reason, remedy);
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

/// Refuses a file by the names and types of its tensors.
///
/// # Errors
///
/// [`Error::Unsupported`] for NeMo, ControlLoRA, ControlNet-LLLite, LoRA-ViT, candle-lora, and for
/// factors that are packed or quantised.
pub(super) fn check_names(found: &Found) -> Result<()> {
    for sign in SIGNS {
        if let Some(name) = found.names().iter().find(|name| (sign.is_it)(found, name)) {
            let feature = format!("{} (`{name}`)", sign.what);
            let remedy = format!(
                "{}, and the original one with {}",
                sign.remedy,
                Setting::Base
            );
            return Err(found.refuse(feature, sign.reason, &remedy));
        }
    }
    Ok(())
}

/// Files of one kind, and why they are not read.
struct Sign {
    what: &'static str,
    /// Whether a tensor's name gives it away.
    is_it: fn(&Found, &str) -> bool,
    reason: &'static str,
    /// Up to the model before.
    remedy: &'static str,
}

const SIGNS: [Sign; 6] = [
    Sign {
        what: "a NeMo or Megatron adapter",
        is_it: is_nemo,
        reason: "the rows of its fused projections are interleaved by groups of heads, and α is not in the file",
        remedy: "merge it with NeMo's `llm.peft.merge_lora`, export it with `llm.export_ckpt` to Hugging Face's format, and give that model",
    },
    Sign {
        what: "a ControlLoRA",
        is_it: |_, name| name == "lora_controlnet" || name.contains("input_hint_block."),
        reason: "it turns a copy of the model into a ControlNet, and is no ΔW of the base",
        remedy: "give a LoRA of the model itself, or two checkpoints of the ControlNet",
    },
    Sign {
        what: "a ControlNet-LLLite",
        is_it: |_, name| name.starts_with("lllite_"),
        reason: "its layers read an image of their own and change no weight, so it has no ΔW",
        remedy: "give a LoRA of the model itself, or two checkpoints of it",
    },
    Sign {
        what: "a file of packed or quantised factors",
        is_it: is_packed,
        reason: "their numbers are codes, or are laid out for one kernel, and are no B·A as they stand",
        remedy: "give the LoRA that they were converted from, or the merged model",
    },
    Sign {
        what: "a LoRA-ViT adapter",
        is_it: is_numbered,
        reason: "its file numbers the factors in the order in which layers were injected and keeps neither α nor the layers' names",
        remedy: "merge it with the program that trained it, and give the merged model",
    },
    Sign {
        what: "a candle-lora adapter",
        is_it: is_candle,
        reason: "its file names layers by number and keeps neither α nor the layers' names",
        remedy: "name its tensors MODULE.lora_A and MODULE.lora_B and give α, or give the merged model",
    },
];

fn has(found: &Found, name: &str) -> bool {
    !found.shape(name).is_empty()
}

/// `MODULE.adapter.linear_in.weight` beside `linear_out`; older: `lora_kqv_adapter.linear_in`.
fn is_nemo(found: &Found, name: &str) -> bool {
    name.contains("adapter")
        && name.contains(".linear_in.")
        && has(found, &name.replace(".linear_in.", ".linear_out."))
}

/// Factors of whole numbers, or such that stand both upright and bare, as nunchaku packs them.
fn is_packed(found: &Found, name: &str) -> bool {
    let ends = [
        ".lora_A",
        ".lora_B",
        ".lora_down",
        ".lora_up",
        ".lora_a",
        ".lora_b",
    ];
    let bare = name.strip_suffix(".weight").unwrap_or(name);
    let is_factor = ends.iter().any(|end| bare.ends_with(end));
    if is_factor && found.file.is_integer(name) {
        return true;
    }
    let up = name
        .strip_suffix(".lora_down")
        .map(|module| format!("{module}.lora_up"));
    up.is_some_and(|up| match (found.shape(name), found.shape(&up)) {
        (&[rows, rank], &[_, columns]) => rank == columns && rows != columns,
        _ => false,
    })
}

/// `w_a_000` beside `w_b_000`.
fn is_numbered(found: &Found, name: &str) -> bool {
    let number = name.strip_prefix("w_a_");
    number.is_some_and(|number| {
        number.parse::<usize>().is_ok() && has(found, &format!("w_b_{number}"))
    })
}

/// `MODULE.a0.weight` beside `MODULE.b0.weight`.
fn is_candle(found: &Found, name: &str) -> bool {
    let module = name
        .strip_suffix(".weight")
        .and_then(|name| name.rsplit_once(".a"));
    module.is_some_and(|(module, number)| {
        number.parse::<usize>().is_ok() && has(found, &format!("{module}.b{number}.weight"))
    })
}
