//! Where adapters lie: in a folder, in its folders, and in theirs.

use std::path::{Path, PathBuf};

use crate::adapter::{counted, is_general, natural_order};
use crate::error::Result;
use crate::files;

/// Folders that are looked through, one in the other, below the one that is given.
pub(super) const LEVELS: usize = 2;
/// Endings of weight files, also of those that are refused by their name.
const ENDINGS: [&str; 11] = [
    "safetensors",
    "bin",
    "pt",
    "pth",
    "ckpt",
    "npz",
    "zip",
    "gguf",
    "nemo",
    "pdparams",
    "lora",
];
/// How names of what trainers save beside the weights begin.
const STATES: [&str; 12] = [
    "optimizer",
    "scheduler",
    "scaler",
    "rng_state",
    "random_states",
    "training_args",
    "mp_rank",
    "zero_pp_rank",
    "bf16_zero",
    "non_lora_trainables",
    "tokenizer",
    "vae",
];
const CONFIG: &str = "adapter_config.json";

/// A path that may be an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// Whether somebody named it, or a config beside it says that it is an adapter. Of others that
    /// cannot be read nothing is said.
    pub(super) is_meant: bool,
}

/// What may be an adapter at a path and up to [`LEVELS`] folders below, in natural order. Links are
/// named as they are typed. Of a folder that cannot be listed a sentence is said.
pub(super) fn places(path: &Path, said: &mut Vec<String>) -> Vec<Place> {
    if !path.is_dir() {
        return vec![Place {
            path: path.into(),
            is_meant: true,
        }];
    }
    let mut found = Vec::new();
    walk(path, LEVELS, &mut found, said);
    found
}

/// Whether a file is one that lies beside weights: no weight file by its name.
pub(super) fn is_beside(file: &Path) -> bool {
    let name = name_of(file);
    let is_index = name.ends_with(".index.json") || name == CONFIG;
    file.is_file() && !is_index && (!is_weights(file) || is_state(&name))
}

/// Whether a file is one of weights by its ending.
fn is_weights(file: &Path) -> bool {
    let ending = file.extension().unwrap_or_default().to_string_lossy();
    ENDINGS.contains(&ending.to_lowercase().as_str())
}

fn walk(folder: &Path, levels: usize, found: &mut Vec<Place>, said: &mut Vec<String>) {
    let (files, folders) = match entries(folder) {
        Ok(entries) => entries,
        Err(error) => {
            said.push(format!("{} is left out: {error}", folder.display()));
            return;
        }
    };
    let is_adapter = is_adapter(folder, &files);
    if is_adapter {
        found.push(Place {
            path: folder.into(),
            is_meant: true,
        });
    }
    found.extend(weights(&files, is_adapter));
    if levels == 0 {
        return;
    }
    for inner in folders {
        // Below an adapter there are its checkpoints, and what it was trained against.
        if !is_adapter || is_checkpoint(&inner) {
            walk(&inner, levels - 1, found, said);
        }
    }
}

/// Files and folders of a folder, in natural order, without hidden ones.
fn entries(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let mut all = files::list(folder)?;
    all.retain(|path| !name_of(path).starts_with('.'));
    if folder == Path::new(".") {
        all = all.iter().map(|path| name_of(path).into()).collect();
    }
    all.sort_by(|one, other| natural_order(&one.to_string_lossy(), &other.to_string_lossy()));
    let (folders, files) = all.into_iter().partition(|path| path.is_dir());
    Ok((files, folders))
}

/// Whether a folder is an adapter: by its config, by weights that are called as an adapter's are, and
/// a checkpoint by the one in it.
fn is_adapter(folder: &Path, files: &[PathBuf]) -> bool {
    let has = |wanted: &str| files.iter().any(|file| name_of(file).starts_with(wanted));
    let by_name = [
        "adapter_model.",
        "adapter_model-",
        "adapters.",
        "pytorch_lora_weights.",
    ];
    let is_inner = || folder.join("adapter_model").join(CONFIG).is_file();
    has(CONFIG) || by_name.iter().any(|name| has(name)) || is_checkpoint(folder) && is_inner()
}

fn is_checkpoint(folder: &Path) -> bool {
    counted(&name_of(folder), false).is_some()
}

/// The weight files of a folder that are adapters of their own: beside an adapter those that count its
/// steps.
fn weights(files: &[PathBuf], is_beside_adapter: bool) -> Vec<Place> {
    let is_own = |file: &&PathBuf| {
        let stem = file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let stem = stem.unwrap_or_default();
        let counts = counted(&stem, true).is_some();
        !is_state(&stem) && !is_general(&stem) && (counts || !is_beside_adapter)
    };
    let own = files.iter().filter(|file| is_weights(file));
    let own = own.filter(is_own);
    own.map(|file| Place {
        path: file.clone(),
        is_meant: false,
    })
    .collect()
}

fn is_state(name: &str) -> bool {
    STATES.iter().any(|state| name.starts_with(state))
}

fn name_of(path: &Path) -> String {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn adapters_two_levels_down() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in [
            "run/adapter_config.json",
            "run/adapter_model.safetensors",
            "run/trainer_state.json",
            "run/checkpoint-1000/adapter_config.json",
            "run/checkpoint-500/adapter_config.json",
            "run/checkpoint-500/optimizer.pt",
            "run/checkpoint-500/global_step500/mp_rank_00_model_states.pt",
            "run/reference/adapter_config.json",
            "repo/adapters/x/adapter_config.json",
            "repo/adapters/deep/er/adapter_config.json",
            "call/checkpoint-250/adapter_model/adapter_config.json",
            "call/checkpoint-250/pytorch_model.bin",
            "loras/style-r4.safetensors",
            "loras/style-r4-000002.safetensors",
            "loras/readme.txt",
            "mlx/adapter_config.json",
            "mlx/adapters.safetensors",
            "mlx/0000100_adapters.safetensors",
            "merged/model.safetensors",
            ".git/adapter_config.json",
        ] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "").unwrap();
        }
        let found = |name: &str| -> Vec<String> {
            let found = places(&root.join(name), &mut Vec::new()).into_iter();
            let relative = |place: Place| {
                let path = place.path.strip_prefix(root).unwrap().to_path_buf();
                path.to_string_lossy().into_owned()
            };
            found.map(relative).collect()
        };
        assert_eq!(
            found("run"),
            ["run", "run/checkpoint-500", "run/checkpoint-1000"]
        );
        assert_eq!(found("repo"), ["repo/adapters/x"]);
        assert_eq!(found("call"), ["call/checkpoint-250"]);
        assert_eq!(
            found("loras"),
            [
                "loras/style-r4.safetensors",
                "loras/style-r4-000002.safetensors"
            ]
        );
        assert_eq!(found("mlx"), ["mlx", "mlx/0000100_adapters.safetensors"]);
        assert!(found("merged").is_empty());
        assert_eq!(found(".").len(), 8, "{:?}", found("."));
        assert!(is_beside(&root.join("run/trainer_state.json")));
        assert!(is_beside(&root.join("run/checkpoint-500/optimizer.pt")));
        assert!(!is_beside(&root.join("loras/style-r4.safetensors")));
    }
    #[test]
    fn a_weight_file_that_was_typed_is_none_that_lies_beside() {
        let folder = tempfile::tempdir().unwrap();
        for (name, expected) in [
            ("adapter.zip", false),
            ("adapter.gguf", false),
            ("adapter.NEMO", false),
            ("lit_model.pth.lora", false),
            ("readme.md", true),
            ("optimizer.pt", true),
        ] {
            let file = folder.path().join(name);
            fs::write(&file, "").unwrap();
            assert_eq!(is_beside(&file), expected, "{name}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_listed_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (mut found, mut said) = (Vec::new(), Vec::new());
        walk(&folder.path().join("gone"), 1, &mut found, &mut said);
        assert!(found.is_empty() && said.len() == 1);
        assert!(said[0].contains("gone is left out: "), "{said:?}");
    }
}
