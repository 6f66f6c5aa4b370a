//! The seeds that runs were trained with, as their own files have them.

use std::path::Path;

use crate::adapter::Adapter;
use crate::files::{self, json};

use super::file::definition::AdapterEntry;

/// Files beside an adapter that may hold the seed it was trained with.
const CONFIGS: [&str; 3] = [
    "adapter_config.json",
    "training_args.json",
    "train_config.json",
];

/// The seed that a file beside an adapter's weights has, and that file's name.
pub(crate) fn in_files(path: &Path) -> Option<(u64, &'static str)> {
    let folder = if path.is_dir() { path } else { path.parent()? };
    CONFIGS.into_iter().find_map(|name| {
        let text = files::read_text(&folder.join(name)).ok()?;
        let config = json::parse_object(&text).ok()?;
        Some((config.get("seed")?.as_u64()?, name))
    })
}

/// The seed that a study gives an adapter, else the one in its files; and a sentence where they
/// differ.
pub(super) fn of_entry(entry: &AdapterEntry, adapter: &Adapter) -> (Option<u64>, Option<String>) {
    // Beside factors in memory lies nothing of theirs.
    let found = match adapter.files() {
        [] => None,
        _ => in_files(adapter.path()),
    };
    let warning = match (entry.seed, found) {
        (Some(seed), Some((other, file))) if seed != other => Some(format!(
            "{}: the study says seed = {seed}, and its {file} says {other}: the study's is taken",
            entry.name
        )),
        _ => None,
    };
    (entry.seed.or(found.map(|(seed, _)| seed)), warning)
}
