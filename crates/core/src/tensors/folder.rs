//! Which files of a folder have a model's weights.

use std::path::Path;

use crate::error::{Error, Result};
use crate::files;

use super::sets::{Set, counted, is_index};

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
/// Endings of weight files: the better kind, and the other.
const SAFETENSORS: [&str; 1] = ["safetensors"];
const TORCH: [&str; 4] = ["bin", "pt", "pth", "ckpt"];

/// How diffusers marks files in half precision: `….fp16.safetensors`, `….index.fp16.json`.
const HALF: &str = "fp16";

/// The names of the regular files in a folder.
pub(crate) fn names_in(folder: &Path) -> Result<Vec<String>> {
    let files = files::list(folder)?.into_iter();
    let names = files.filter(|path| path.is_file()).filter_map(|path| {
        let name = path.file_name()?.to_str()?;
        Some(name.to_string())
    });
    Ok(names.collect())
}

/// The weights of a folder.
///
/// # Errors
///
/// [`Error::NotFound`] where there are none, several, or not all of one set.
pub(crate) fn weights_in(folder: &Path) -> Result<Set> {
    let set = choose(&names_in(folder)?)
        .map_err(|(problem, remedy)| Error::not_found(folder, problem, remedy))?;
    match set.lacks() {
        None => Ok(set),
        Some(lacks) => Err(incomplete(folder, &lacks)),
    }
}

/// An error for a set of which files are missing.
pub(super) fn incomplete(folder: &Path, lacks: &str) -> Error {
    Error::not_found(
        folder,
        format!("{lacks}, as the names of the others count"),
        "fetch it too, from the same revision",
    )
}

/// The weights among files of these names, where it can be told which they are.
pub(crate) fn chosen_among(names: &[String]) -> Option<Set> {
    choose(names).ok()
}

/// The weights among files of these names, or what is wrong and what to do.
fn choose(names: &[String]) -> std::result::Result<Set, (String, &'static str)> {
    let has = |name: &&&str| names.iter().any(|other| other == *name);
    if let Some(name) = NAMES.iter().find(has) {
        return Ok(match is_index(name) {
            true => Set::index(name),
            false => Set::one(name),
        });
    }
    let indices: Vec<&String> = names.iter().filter(|name| is_index(name)).collect();
    if let Some(index) = match indices.as_slice() {
        [only] => Some(only),
        several => several.iter().find(|name| name.contains(HALF)),
    } {
        return Ok(Set::index(index));
    }
    let (kind, mut candidates) = candidates(names);
    let sets = counted(candidates.iter().copied());
    if let [only] = sets.as_slice() {
        return Ok(only.clone());
    }
    let halves: Vec<&String> = candidates.iter().copied().filter(is_half).collect();
    if halves.len() == 1 {
        candidates = halves;
    }
    match candidates.as_slice() {
        [only] => Ok(Set::one(only)),
        [] => Err((
            format!(
                "neither {} nor {} nor {} nor another weight file",
                NAMES[0], NAMES[1], NAMES[5]
            ),
            "give the folder with the weights, or the file itself: of an adapter adapter_model.safetensors, of a base model.safetensors",
        )),
        several => Err((
            format!("{} {kind} files and no {}", several.len(), NAMES[0]),
            "name the file that is meant",
        )),
    }
}

/// Whether a folder has weights of a model, or several files that may be.
pub(super) fn has_weights(folder: &Path) -> Result<bool> {
    let names = names_in(folder)?;
    let is_named = |name: &String| NAMES.contains(&name.as_str());
    Ok(names.iter().any(is_named) || !candidates(&names).1.is_empty())
}

/// The weight files of the better kind among these, and what the kind is called.
fn candidates(names: &[String]) -> (&'static str, Vec<&String>) {
    let [safetensors, torch] = [&SAFETENSORS[..], &TORCH].map(|endings| {
        let one_of = |name: &&String| has_ending(name, endings);
        names.iter().filter(one_of).collect::<Vec<_>>()
    });
    if safetensors.is_empty() {
        ("PyTorch", torch)
    } else {
        (".safetensors", safetensors)
    }
}

fn is_half(name: &&String) -> bool {
    let stem = Path::new(name).file_stem().map(Path::new);
    stem.is_some_and(|stem| stem.extension().is_some_and(|ending| ending == HALF))
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    let ending = Path::new(name)
        .extension()
        .and_then(|ending| ending.to_str());
    let is_beside = NO_WEIGHTS.iter().any(|start| name.starts_with(start));
    ending.is_some_and(|ending| endings.contains(&ending)) && !is_beside
}
