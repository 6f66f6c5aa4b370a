//! Which run a checkpoint is of, by the names around it.

use std::path::{Path, PathBuf};

use crate::adapter::{Counted, counted, is_general};

/// What the end of a run is called beside its checkpoints.
const ENDS: [&str; 5] = ["final", "last", "latest", "final_model", "final_adapter"];
/// The folder in a checkpoint that a callback saves an adapter in.
const INNER: &str = "adapter_model";

/// The path that names the run of a checkpoint: the folder around `checkpoint-500` and around
/// `final`, `NAME` for `NAME-000004.safetensors`; any other path itself.
pub(crate) fn run_of(path: &Path) -> PathBuf {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let is_inner = full.file_name().is_some_and(|name| name == INNER)
        || full.is_file() && stem(&full).is_some_and(|stem| is_general(&stem));
    let place = match full.parent() {
        Some(folder) if is_inner => folder,
        _ => full.as_path(),
    };
    let is_folder = place.is_dir();
    let name = match is_folder {
        true => name_of(place),
        false => stem(place),
    };
    let (Some(name), Some(folder)) = (name, place.parent()) else {
        return path.into();
    };
    match counted(&name, !is_folder) {
        Some(found) if found.around.is_empty() => folder.into(),
        Some(found) => folder.join(found.around),
        None if is_folder && is_end(&name) => folder.into(),
        None => path.into(),
    }
}

/// Whether a name only counts: `checkpoint-500`.
pub(super) fn is_counter(name: &str) -> bool {
    counted(name, false).is_some_and(|found| found.around.is_empty())
}

/// What the folder around counts of a folder in it: in `checkpoint-250/adapter_model` a callback saved
/// the adapter, in `checkpoint-250/style` PEFT did. In `epoch3/` or `iter-3/` lie runs of their own.
pub(super) fn counted_around(name: &str, folder: &Path) -> Option<Counted> {
    let above = name_of(folder)?;
    let is_trainers = above.starts_with("checkpoint-") && is_counter(&above);
    let is_of_it = name == INNER || is_trainers && !is_end(name);
    counted(&above, false).filter(|_| is_of_it)
}

pub(super) fn is_end(name: &str) -> bool {
    ENDS.contains(&name.to_lowercase().replace('-', "_").as_str())
}

pub(super) fn stem(path: &Path) -> Option<String> {
    Some(path.file_stem()?.to_string_lossy().into_owned())
}

pub(super) fn name_of(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

/// A path without links, as far as it is there.
pub(super) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_called_after_its_run() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [
            "r8/checkpoint-5/adapter_model",
            "r8/final",
            "loras",
            "r8-seed-123456",
            "20240115-093022",
        ] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        std::fs::write(at("loras/style-000004.safetensors"), "").unwrap();
        for (path, run) in [
            ("r8/checkpoint-5", "r8"),
            ("r8/checkpoint-5/adapter_model", "r8"),
            ("r8/final", "r8"),
            ("loras/style-000004.safetensors", "loras/style"),
            ("r8", "r8"),
            ("r8-seed-123456", "r8-seed-123456"),
            ("20240115-093022", "20240115-093022"),
        ] {
            assert_eq!(run_of(&at(path)), at(run), "{path}");
        }
    }

    #[test]
    fn a_folder_counts_for_what_a_trainer_saved_in_it() {
        for (path, expected) in [
            ("checkpoint-5/adapter_model", Some(5)),
            ("r8-step5/adapter_model", Some(5)),
            ("checkpoint-5/style", Some(5)),
            ("checkpoint-5/final", None),
            ("llama-epoch3/final", None),
            ("iter-3/r8", None),
        ] {
            let (folder, name) = path.split_once('/').unwrap();
            let found = counted_around(name, Path::new(folder));
            assert_eq!(found.map(|found| found.number), expected, "{path}");
        }
    }
}
