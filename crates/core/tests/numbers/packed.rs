//! Weights among other files: an archive chooses as its folder does, and nothing is passed over
//! without a word.

use std::fs;
use std::path::{Path, PathBuf};

use lora_subspace_core::adapter::{Adapter, ReadOptions};
use lora_subspace_core::base::Base;
use lora_subspace_core::tensors::Checkpoint;
use serde_json::{Value, json};
use zip::CompressionMethod;

use crate::files::Tensors;
use crate::inputs::archive;

const MODULE: &str = "llama.layers.0.self_attn.q_proj";

/// Packs all files of a folder, behind `start` in the archive.
fn packed(folder: &Path, start: &str) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let zip = place.path().join("adapter.zip");
    let entries = fs::read_dir(folder).unwrap();
    let paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    let name = |path: &PathBuf| format!("{start}{}", path.file_name().unwrap().to_string_lossy());
    let names: Vec<String> = paths.iter().map(name).collect();
    let files = names.iter().zip(&paths);
    let files: Vec<(&str, &Path)> = files
        .map(|(name, path)| (name.as_str(), path.as_path()))
        .collect();
    archive(&zip, &files, CompressionMethod::Deflated);
    (place, zip)
}

fn open(path: &Path) -> Adapter {
    Adapter::open(path, &ReadOptions::new()).unwrap()
}

fn refused(path: &Path) -> String {
    let error = Adapter::open(path, &ReadOptions::new()).unwrap_err();
    error.to_string()
}

/// Factors of one module with names as `names` has them, `(2, 6)` and `(6, 2)` or turned.
fn factors(module: &str, names: [&str; 2], is_turned: bool) -> Tensors {
    let [a, b] = match is_turned {
        true => [[6, 2], [2, 6]],
        false => [[2, 6], [6, 2]],
    };
    Tensors::default()
        .with(&format!("{module}.{}", names[0]), &a, 1)
        .with(&format!("{module}.{}", names[1]), &b, 2)
}

#[test]
fn an_archive_has_the_config_of_every_library() {
    let bare = ["lora_A", "lora_B"];
    let peft = ["lora_A.weight", "lora_B.weight"];
    let cases: [(&str, Tensors, &str, Value, f64); 3] = [
        (
            "peft_model.safetensors",
            factors(MODULE, bare, true),
            "lora_config.json",
            json!({"r": 2, "lora_alpha": 6, "target_modules": [".*"]}),
            3.0,
        ),
        (
            "lora.safetensors",
            factors("layers.0.attention.wq", peft, false),
            "params.json",
            json!({"lora": {"rank": 2, "scaling": 5.0}}),
            5.0,
        ),
        (
            "adapter_model.safetensors",
            factors(MODULE, peft, false),
            "adapter_config.json",
            json!({"peft_type": "LORA", "r": 2, "lora_alpha": 8}),
            4.0,
        ),
    ];
    for (weights, tensors, config, fields, scale) in cases {
        let folder = tempfile::tempdir().unwrap();
        tensors.save(&folder.path().join(weights));
        fs::write(folder.path().join(config), fields.to_string()).unwrap();
        let whole = open(folder.path());
        assert_eq!(whole.modules[0].scale, scale, "{config}");
        for start in ["", "run/"] {
            let (_place, zip) = packed(folder.path(), start);
            let adapter = open(&zip);
            assert_eq!(adapter.layout, whole.layout, "{config}");
            assert_eq!(adapter.scale_rule, whole.scale_rule, "{config}");
            assert_eq!(adapter.modules[0].scale, scale, "{config}");
            let path = &whole.modules[0].path;
            let [one, other] = [&whole, &adapter].map(|one| one.delta(path).unwrap().dense());
            assert_eq!(one, other);
        }
    }
}

#[test]
fn a_folder_with_a_config_is_the_adapter_among_others() {
    let folder = tempfile::tempdir().unwrap();
    let files = |name: &str| folder.path().join(name);
    factors(MODULE, ["lora_A", "lora_B"], true).save(&files("peft_model.safetensors"));
    let config = json!({"r": 2, "lora_alpha": 6, "target_modules": [".*"]});
    fs::write(files("lora_config.json"), config.to_string()).unwrap();
    fs::write(files("readme.md"), "x").unwrap();
    let zip = folder.path().join("run.zip");
    let [weights, config, text] = ["peft_model.safetensors", "lora_config.json", "readme.md"]
        .map(|name| folder.path().join(name));
    let all: [(&str, &Path); 3] = [
        ("readme.md", &text),
        ("run/peft_model.safetensors", &weights),
        ("run/lora_config.json", &config),
    ];
    archive(&zip, &all, CompressionMethod::Stored);
    assert_eq!(open(&zip).modules[0].scale, 3.0);
    let two = [
        all[1],
        all[2],
        ("b/peft_model.safetensors", &weights),
        ("b/lora_config.json", &config),
    ];
    archive(&zip, &two, CompressionMethod::Stored);
    assert!(refused(&zip).contains("an archive with 2 adapters"));
}

/// Shards of two modules with an index, and another file of the same adapter.
fn sharded(metadata: [&str; 2]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut places = serde_json::Map::new();
    for number in 0..2 {
        let file = format!("adapter_model-0000{}-of-00002.safetensors", number + 1);
        let start = format!("base_model.model.layers.{number}.q");
        let tensors = factors(&start, ["lora_A.weight", "lora_B.weight"], false);
        let entries = [("format", "pt"), ("lora_alpha", metadata[number])];
        tensors.save_with(&folder.path().join(&file), &entries);
        for name in ["A", "B"] {
            places.insert(format!("{start}.lora_{name}.weight"), file.as_str().into());
        }
    }
    let index = json!({"metadata": {}, "weight_map": places}).to_string();
    let place = folder.path().join("adapter_model.safetensors.index.json");
    fs::write(place, index).unwrap();
    let config = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 8}"#;
    fs::write(folder.path().join("adapter_config.json"), config).unwrap();
    folder
}

#[test]
fn an_archive_chooses_as_its_folder_and_says_so() {
    let folder = sharded(["8", "8"]);
    fs::write(folder.path().join("adapter_model.bin"), "other weights").unwrap();
    let (_place, zip) = packed(folder.path(), "run/");
    for path in [folder.path(), &zip] {
        let adapter = open(path);
        assert_eq!(adapter.modules.len(), 2, "{path:?}");
        let says = |note: &String| note.contains("adapter_model.bin beside it was not read");
        assert!(adapter.notes.iter().any(says), "{:?}", adapter.notes);
    }
}

#[test]
fn shards_whose_metadata_contradict_each_other_are_refused() {
    assert_eq!(open(sharded(["8", "8"]).path()).modules.len(), 2);
    let error = refused(sharded(["8", "16"]).path());
    for word in ["lora_alpha", "\"8\"", "\"16\"", "00002-of-00002"] {
        assert!(error.contains(word), "{word} is not in {error}");
    }
    // Nobody reads a model's.
    let model = tempfile::tempdir().unwrap();
    for number in 1..=2 {
        let name = format!("model-0000{number}-of-00002.safetensors");
        let tensors = Tensors::default().with(&format!("{number}.weight"), &[3, 2], number);
        tensors.save_with(&model.path().join(name), &[("part", &number.to_string())]);
    }
    assert_eq!(Checkpoint::open(model.path()).unwrap().names().count(), 2);
}

#[test]
fn long_tensors_in_two_shards_are_compared_to_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let shard = |number: usize| {
        let name = format!("model-0000{number}-of-00002.safetensors");
        folder.path().join(name)
    };
    // More bytes than are read at a time.
    let mut matrix = ndarray::Array2::<f64>::ones((200, 300));
    let one =
        |matrix: &ndarray::Array2<f64>| Tensors::default().values("a.weight", &[200, 300], matrix);
    one(&matrix).save(&shard(1));
    let other = |matrix: &ndarray::Array2<f64>| one(matrix).with("b.weight", &[3, 2], 1);
    other(&matrix).save(&shard(2));
    assert_eq!(Checkpoint::open(folder.path()).unwrap().names().count(), 2);
    for place in [(0, 0), (199, 299)] {
        matrix[place] = 2.0;
        other(&matrix).save(&shard(2));
        let error = Checkpoint::open(folder.path()).err().unwrap().to_string();
        assert!(
            error.contains("has different numbers"),
            "{place:?}: {error}"
        );
        matrix[place] = 1.0;
    }
}

#[test]
fn shards_beside_another_file_are_no_choice() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a-1-of-2.safetensors", "a-2-of-2.safetensors"] {
        let tensors = Tensors::default().with(&format!("{name}.weight"), &[3, 2], 1);
        tensors.save(&folder.path().join(name));
    }
    assert_eq!(Checkpoint::open(folder.path()).unwrap().names().count(), 2);
    let other = Tensors::default().with("x.weight", &[3, 2], 1);
    other.save(&folder.path().join("best.safetensors"));
    let error = Checkpoint::open(folder.path()).err().unwrap().to_string();
    for word in [
        "3 .safetensors files",
        "a-1-of-2.safetensors",
        "best.safetensors",
        "name the file that is meant",
    ] {
        assert!(error.contains(word), "{word} is not in {error}");
    }
}

#[cfg(unix)]
#[test]
fn a_base_s_folder_may_have_a_name_that_is_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let outer = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"base-\xff");
    let folder = outer.path().join(name);
    let tensors = Tensors::default().with("a.weight", &[3, 2], 1);
    tensors.save(&folder.join("model.safetensors"));
    assert_eq!(Base::open(&folder).unwrap().path(), folder);
}

#[test]
fn ranks_of_runs_without_a_shared_module() {
    let open = |modules: &[(&str, usize)]| {
        let folder = tempfile::tempdir().unwrap();
        let tensors = modules
            .iter()
            .fold(Tensors::default(), |all, (path, rank)| {
                let start = format!("base_model.model.{path}");
                all.with(&format!("{start}.lora_A.weight"), &[*rank, 9], 1)
                    .with(&format!("{start}.lora_B.weight"), &[9, *rank], 2)
            });
        tensors.save(&folder.path().join("adapter_model.safetensors"));
        let ranks: serde_json::Map<_, _> = modules
            .iter()
            .map(|(path, rank)| (path.to_string(), (*rank).into()))
            .collect();
        let config = json!({"peft_type": "LORA", "r": 8, "lora_alpha": 8, "rank_pattern": ranks});
        fs::write(
            folder.path().join("adapter_config.json"),
            config.to_string(),
        )
        .unwrap();
        let adapter = Adapter::open(folder.path(), &ReadOptions::new()).unwrap();
        (folder, adapter)
    };
    let (_a, one) = open(&[("x.0.q", 8), ("x.1.q", 8)]);
    let (_b, other) = open(&[("y.0.q", 1), ("y.1.q", 8)]);
    let (_c, like) = open(&[("z.0.q", 8)]);
    assert!(!one.has_ranks_of(&other) && !other.has_ranks_of(&one));
    assert!(one.has_ranks_of(&like) && like.has_ranks_of(&one));
    // A module that both have decides.
    let (_d, shared) = open(&[("x.0.q", 8), ("w.1.q", 1)]);
    assert!(one.has_ranks_of(&shared));
}
