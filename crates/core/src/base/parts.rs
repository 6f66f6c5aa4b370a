//! Which part of a model each module is of, where an adapter reaches several: tables, titles.

use std::collections::BTreeSet;

use crate::adapter::component::of_path;
use crate::adapter::layer_of;

use super::prefixes::{first_part, is_language, start_of};

/// Lists of blocks that a U-Net alone has.
const UNET: [&str; 3] = ["down_blocks", "up_blocks", "mid_block"];

/// For each module, by its path and the component that its file names, the part of the model that it
/// is of; all are empty where there is one part.
///
/// A text encoder, a prior and the like are known by their file's names, towers, encoders and decoders
/// by a module's path up to its block's number. What is left is the model's main part: `unet`,
/// `language_model` or `transformer`. A module outside of all blocks, such as a head, makes no part.
///
/// ```
/// use lora_subspace_core::base::parts;
/// let of = |paths: &[&'static str]| parts(&paths.iter().map(|path| (*path, "")).collect::<Vec<_>>());
/// let paths = ["model.layers.0.q", "visual.blocks.0.q", "lm_head"];
/// assert_eq!(of(&paths), ["language_model", "vision", "language_model"]);
/// assert_eq!(of(&["bert.encoder.layer.0.query", "classifier"]), ["", ""]);
/// assert_eq!(of(&["model.encoder.layers.0.q", "model.decoder.layers.0.q"]), ["encoder", "decoder"]);
/// ```
pub fn parts(modules: &[(&str, &'static str)]) -> Vec<String> {
    let own: Vec<&str> = modules.iter().map(|one| own_part(*one)).collect();
    let in_blocks = || {
        let all = own.iter().zip(modules);
        all.filter(|(_, (path, _))| layer_of(path).is_some())
    };
    let found: BTreeSet<&str> = in_blocks().map(|(part, _)| *part).collect();
    if found.len() < 2 {
        return vec![String::new(); modules.len()];
    }
    let main: Vec<&str> = in_blocks()
        .filter(|(part, _)| part.is_empty())
        .map(|(_, (path, _))| *path)
        .collect();
    let main = main_part(&main);
    let named = own.iter().map(|part| match *part {
        "" => main.to_string(),
        part => part.to_string(),
    });
    named.collect()
}

/// A module's part; empty for the main one.
fn own_part((path, component): (&str, &'static str)) -> &'static str {
    match component {
        "" | "unet" => first_part(of_path(path).1).unwrap_or(""),
        component => component,
    }
}

/// What the main part is called, by the paths of its blocks.
fn main_part(paths: &[&str]) -> &'static str {
    let is_of_unet = |path: &&str| path.split('.').any(|name| UNET.contains(&name));
    if paths.is_empty() {
        ""
    } else if paths.iter().any(is_of_unet) {
        "unet"
    } else if paths.iter().any(|path| is_language(start_of(path))) {
        "language_model"
    } else {
        "transformer"
    }
}
