//! Which files of a folder have a model's weights.

use std::path::Path;

use crate::error::{Error, Result};
use crate::files;

use super::sets::{Set, counted, is_index, stem};

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

/// The same weights under Meta's and Mistral's own names, which lie beside Hugging Face's.
const ORIGINAL: &str = "consolidated";
/// What Hugging Face's shards begin with.
const USUAL: &str = "model";
/// How many names an error lists.
const LISTED: usize = 4;

/// How diffusers marks files in half precision: `….fp16.safetensors`, `….index.fp16.json`.
const HALF: &str = "fp16";

/// The names of the files in a folder. What is no regular file, or a link to none, is refused when it
/// is read.
pub(crate) fn names_in(folder: &Path) -> Result<Vec<String>> {
    let files = files::list(folder)?.into_iter();
    let names = files.filter(|path| !path.is_dir()).filter_map(|path| {
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
    let (kind, mut candidates) = candidates(names);
    if let Some(set) = index_of(names, &candidates).or_else(|| all_of_a_set(&candidates)) {
        return Ok(set);
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
            format!(
                "{} {kind} files and no {}: {}",
                several.len(),
                NAMES[0],
                listed(several)
            ),
            "name the file that is meant",
        )),
    }
}

/// The index of these files, where all of them are called as it is.
fn index_of(names: &[String], files: &[&String]) -> Option<Set> {
    let indices: Vec<&String> = names.iter().filter(|name| is_index(name)).collect();
    let index = match indices.as_slice() {
        [only] => only,
        several => several.iter().find(|name| name.contains(HALF))?,
    };
    // transformers has the mark in the middle: `model.fp16-00001-of-00002.safetensors`.
    let called = |name: &str| stem(name).trim_end_matches(".fp16").to_string();
    let is_its = |file: &&String| called(file) == called(index);
    files.iter().all(is_its).then(|| Set::index(index))
}

/// The set that all of these files are of, as their names count. [`ORIGINAL`] beside a model's shards
/// has the same weights.
fn all_of_a_set(files: &[&String]) -> Option<Set> {
    let mut sets = counted(files.iter().copied()).into_iter();
    let (Some(set), None) = (sets.next(), sets.next()) else {
        return None;
    };
    let is_usual = set.files.iter().all(|file| stem(file) == USUAL);
    let is_its = |file: &&String| set.files.contains(file) || is_usual && stem(file) == ORIGINAL;
    files.iter().all(is_its).then_some(set)
}

/// Names in a sentence.
fn listed(names: &[&String]) -> String {
    let first: Vec<&str> = names
        .iter()
        .take(LISTED)
        .map(|name| name.as_str())
        .collect();
    let more = if names.len() > LISTED { ", …" } else { "" };
    format!("{}{more}", first.join(", "))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_chosen_where_all_files_are_its_own() {
        for (names, chosen) in [
            (
                &["x-1-of-2.bin", "x-2-of-2.bin"][..],
                Some("x-1-of-2.bin and 1 more"),
            ),
            (&["x-1-of-2.bin", "x-2-of-2.bin", "y.bin"], None),
            (
                &["x.bin.index.json", "x-1-of-2.bin", "x-2-of-2.bin"],
                Some("x.bin.index.json"),
            ),
            (&["x.bin.index.json", "x-1-of-1.bin", "y.bin"], None),
            (
                &["x.bin.index.json", "y-1-of-2.bin", "y-2-of-2.bin"],
                Some("y-1-of-2.bin and 1 more"),
            ),
            (&["x.bin.index.json"], Some("x.bin.index.json")),
            (
                &[
                    "x.safetensors.index.fp16.json",
                    "x.fp16-1-of-2.safetensors",
                    "x.fp16-2-of-2.safetensors",
                ],
                Some("x.safetensors.index.fp16.json"),
            ),
            (
                &["model-1-of-1.bin", "consolidated.bin"],
                Some("model-1-of-1.bin"),
            ),
            (&["x-1-of-1.bin", "consolidated.bin"], None),
            (&["x.fp16.bin", "x.bin"], Some("x.fp16.bin")),
            (&["x.bin", "training_args.bin"], Some("x.bin")),
            (&["x.bin", "y.bin"], None),
        ] {
            let owned: Vec<String> = names.iter().map(|name| name.to_string()).collect();
            let found = choose(&owned);
            assert_eq!(
                found.as_ref().ok().map(Set::name).as_deref(),
                chosen,
                "{names:?}"
            );
            if let Err((problem, _)) = found {
                let weights = owned.iter().filter(|name| !is_index(name));
                assert!(
                    weights.into_iter().all(|name| problem.contains(name)),
                    "{problem}"
                );
            }
        }
    }
}
