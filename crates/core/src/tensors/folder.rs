//! Which file of a model's folder has its weights.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files;

/// In this order: a folder often has the same weights twice.
const NAMES: [&str; 8] = [
    "model.safetensors.index.json",
    "model.safetensors",
    "diffusion_pytorch_model.safetensors.index.json",
    "diffusion_pytorch_model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
    "diffusion_pytorch_model.bin.index.json",
    "diffusion_pytorch_model.bin",
];
/// What a trainer leaves beside a model.
const NO_WEIGHTS: [&str; 4] = ["training_args.bin", "optimizer.", "scheduler.", "rng_state"];

/// How diffusers marks files in half precision: `….fp16.safetensors`, `….index.fp16.json`.
const HALF: &str = "fp16";

pub(super) fn weights_in(folder: &Path) -> Result<PathBuf> {
    for name in NAMES {
        if folder.join(name).is_file() {
            return Ok(folder.join(name));
        }
    }
    let files = files::list(folder)?;
    let is_index = |file: &&PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(&format!(".index.{HALF}.json"))
    };
    if let Some(index) = files.iter().find(is_index) {
        return Ok(index.clone());
    }
    let (kind, mut candidates) = candidates(&files);
    let halves: Vec<&PathBuf> = candidates.iter().copied().filter(is_half).collect();
    if halves.len() == 1 {
        candidates = halves;
    }
    match candidates.as_slice() {
        [only] => Ok(only.to_path_buf()),
        [] => Err(Error::not_found(
            folder,
            format!(
                "neither {} nor {} nor {} nor another weight file",
                NAMES[0], NAMES[1], NAMES[5]
            ),
            "give the folder with the weights, or the file itself: of an adapter adapter_model.safetensors, of a base model.safetensors",
        )),
        several => Err(Error::not_found(
            folder,
            format!("{} {kind} files and no {}", several.len(), NAMES[0]),
            "name the file that is meant",
        )),
    }
}

/// Whether a folder has weights of a model, or several files that may be.
pub(super) fn has_weights(folder: &Path) -> Result<bool> {
    let is_named = NAMES.iter().any(|name| folder.join(name).is_file());
    Ok(is_named || !candidates(&files::list(folder)?).1.is_empty())
}

/// The weight files of the better kind among these, and what the kind is called.
fn candidates(files: &[PathBuf]) -> (&'static str, Vec<&PathBuf>) {
    let [safetensors, torch] =
        [&["safetensors"][..], &["bin", "pt", "pth", "ckpt"]].map(|extensions| {
            let one_of = |file: &&PathBuf| has_extension(file, extensions);
            files.iter().filter(one_of).collect::<Vec<_>>()
        });
    if safetensors.is_empty() {
        ("PyTorch", torch)
    } else {
        (".safetensors", safetensors)
    }
}

fn is_half(file: &&PathBuf) -> bool {
    let stem = file.file_stem().map(Path::new);
    stem.is_some_and(|stem| stem.extension().is_some_and(|ending| ending == HALF))
}

fn has_extension(file: &Path, extensions: &[&str]) -> bool {
    let extension = file.extension().and_then(|extension| extension.to_str());
    let name = file.file_name().map(|name| name.to_string_lossy());
    let beside = name.is_some_and(|name| NO_WEIGHTS.iter().any(|start| name.starts_with(start)));
    extension.is_some_and(|extension| extensions.contains(&extension)) && !beside
}
