//! An adapter is the same in one file, in shards of it, and in an archive.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lora_subspace_core::adapter::{AdaptedModule, Adapter, ReadOptions};
use lora_subspace_core::base::Base;
use lora_subspace_core::tensors::{Checkpoint, TensorFile};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::json;

use crate::files::{Tensors, golden};
use crate::layouts::{Case, cases};

/// What an index may be called; none where names alone count the shards.
const INDICES: [Option<&str>; 5] = [
    None,
    Some("adapter_model.safetensors.index.json"),
    Some("model.safetensors.index.json"),
    Some("pytorch_model.bin.index.json"),
    Some("weights.safetensors.index.fp16.json"),
];

/// The tensors of a file as safetensors has them: type, shape, bytes.
fn stored(file: &Path) -> BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)> {
    let bytes = fs::read(file).unwrap();
    if let Ok(tensors) = SafeTensors::deserialize(&bytes) {
        let one = |(name, view): (String, TensorView<'_>)| {
            let stored = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
            (name, stored)
        };
        return tensors.tensors().into_iter().map(one).collect();
    }
    // A pickle: the same numbers in f64.
    let tensors = TensorFile::open(file).unwrap();
    let one = |name: &String| {
        let array = tensors.array(name).unwrap();
        let bytes = array.iter().flat_map(|x| x.to_le_bytes()).collect();
        (name.clone(), (Dtype::F64, array.shape().to_vec(), bytes))
    };
    tensors.names().iter().map(one).collect()
}

/// Cuts weights into shards in a folder, at random, with or without an index.
fn cut(files: &[PathBuf], folder: &Path, shards: usize, index: Option<&str>, seed: usize) {
    let tensors: BTreeMap<_, _> = files.iter().flat_map(|file| stored(file)).collect();
    let shards = shards.min(tensors.len());
    let name = files[0].file_name().unwrap().to_str().unwrap();
    let (stem, ending) = name.rsplit_once('.').unwrap();
    let stem = stem.split("-00001-of-").next().unwrap();
    let metadata = TensorFile::open(&files[0]).unwrap().metadata().clone();
    let mut parts = vec![Vec::new(); shards];
    let mut places = serde_json::Map::new();
    let called = |shard: usize| format!("{stem}-{:05}-of-{shards:05}.{ending}", shard + 1);
    for (number, name) in tensors.keys().enumerate() {
        let random = (number + seed).wrapping_mul(0x9E37_79B9) >> 7;
        let shard = if number < shards {
            number
        } else {
            random % shards
        };
        parts[shard].push(name);
        places.insert(name.clone(), called(shard).into());
    }
    for (shard, names) in parts.iter().enumerate() {
        let views = names.iter().map(|name| {
            let (dtype, shape, bytes) = &tensors[*name];
            (
                *name,
                TensorView::new(*dtype, shape.clone(), bytes).unwrap(),
            )
        });
        // Whoever cuts a file keeps its metadata in some shard.
        let metadata = (shard == seed % shards && !metadata.is_empty())
            .then(|| metadata.clone().into_iter().collect());
        let bytes = safetensors::serialize(views, metadata).unwrap();
        fs::write(folder.join(called(shard)), bytes).unwrap();
    }
    if let Some(index) = index {
        let text = json!({"metadata": {}, "weight_map": places}).to_string();
        fs::write(folder.join(index), text).unwrap();
    }
}

/// The weight files at a golden path, and what lies beside them.
fn weights(path: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    if path.is_file() {
        return (vec![path.into()], Vec::new());
    }
    let list = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let mut all = list(path);
    if let [only] = all.as_slice()
        && only.is_dir()
    {
        all = list(only);
    }
    let is_text = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
    all.sort();
    let (texts, weights): (Vec<PathBuf>, _) = all.into_iter().partition(is_text);
    let is_index = |path: &PathBuf| path.to_string_lossy().ends_with(".index.json");
    (
        weights,
        texts.into_iter().filter(|text| !is_index(text)).collect(),
    )
}

/// All that a module says of itself, and every bit of its ΔW.
fn described(adapter: &Adapter, module: &AdaptedModule, base: Option<&Base>) -> String {
    let w = base.and_then(|base| base.whole(module).ok());
    let delta = adapter.delta_with(&module.path, w.as_ref().map(|w| w.view()), 1);
    let bits: Vec<u64> = match &delta {
        Ok(delta) => delta.dense().iter().map(|x| x.to_bits()).collect(),
        Err(_) => Vec::new(),
    };
    let factors = delta.as_ref().map(|_| bits).map_err(|error| {
        // It names a file, which is another.
        error
            .to_string()
            .split_once(": ")
            .map(|(_, problem)| problem.to_string())
    });
    let (scale, rank) = (module.scale.to_bits(), module.rank);
    format!(
        "{} {} × {} {rank:?} {scale} {factors:?}",
        module.path, module.d_out, module.d_in
    )
}

fn all(adapter: &Adapter, base: Option<&Base>) -> Vec<String> {
    let modules = adapter.modules.iter().chain(&adapter.replacements);
    let mut all: Vec<String> = modules.map(|one| described(adapter, one, base)).collect();
    let mut replaced = adapter.replaced.clone();
    replaced.sort();
    all.push(format!(
        "{} {} {replaced:?}",
        adapter.layout, adapter.scale_rule
    ));
    all
}

#[test]
fn any_adapter_cut_into_shards_is_the_same() {
    let mut failures = Vec::new();
    for (number, entry) in cases().into_iter().enumerate() {
        let case = Case::new(entry);
        if case.told["refused"] == true {
            continue;
        }
        let (files, beside) = weights(&case.folder.join(case.told["adapter"].as_str().unwrap()));
        let whole = all(&case.open().unwrap(), case.base.as_ref());
        for shards in 1..=4 {
            let index = INDICES[(number + shards) % INDICES.len()];
            let folder = tempfile::tempdir().unwrap();
            for text in &beside {
                fs::copy(text, folder.path().join(text.file_name().unwrap())).unwrap();
            }
            cut(&files, folder.path(), shards, index, number + shards);
            let said = match case.open_at(folder.path()) {
                Ok(adapter) if all(&adapter, case.base.as_ref()) == whole => continue,
                Ok(adapter) => format!("{} modules", adapter.modules.len()),
                Err(error) => error.to_string(),
            };
            failures.push(format!("{} in {shards}, {index:?}: {said}", case.name));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// A golden adapter of PEFT's, cut.
fn cut_up(shards: usize, index: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let adapter = golden("layouts/peft-dora/adapter");
    let config = "adapter_config.json";
    fs::copy(adapter.join(config), folder.path().join(config)).unwrap();
    let file = adapter.join("adapter_model.safetensors");
    cut(&[file], folder.path(), shards, index, 1);
    folder
}

fn open(path: &Path) -> Result<Adapter, String> {
    Adapter::open(path, &ReadOptions::new()).map_err(|error| error.to_string())
}

#[test]
fn an_index_or_a_shard_by_hand_is_all_of_the_set() {
    let count = open(&golden("layouts/peft-dora/adapter"))
        .unwrap()
        .modules
        .len();
    let folder = cut_up(3, INDICES[2]);
    for name in [
        "model.safetensors.index.json",
        "adapter_model-00002-of-00003.safetensors",
    ] {
        let adapter = open(&folder.path().join(name)).unwrap();
        assert_eq!(adapter.modules.len(), count, "{name}");
        // All of what was read, and the index where it was.
        let weights = adapter
            .files()
            .iter()
            .filter(|file| file.path().ends_with(name));
        assert_eq!(weights.count(), 1, "{name}");
        let shards = adapter.files().iter().map(|file| file.path().extension());
        assert_eq!(
            shards
                .filter(|end| end.is_some_and(|end| end == "safetensors"))
                .count(),
            3
        );
    }
}

#[test]
fn a_shard_that_is_missing_is_named() {
    for index in [None, INDICES[1]] {
        let folder = cut_up(3, index);
        let [first, second] = [1, 2].map(|n| {
            folder
                .path()
                .join(format!("adapter_model-0000{n}-of-00003.safetensors"))
        });
        fs::remove_file(second).unwrap();
        for path in [folder.path(), &first] {
            let error = open(path).unwrap_err();
            assert!(
                error.contains("adapter_model-00002-of-00003.safetensors"),
                "{error}"
            );
        }
    }
}

#[test]
fn a_tensor_in_two_shards_is_one_where_its_numbers_are() {
    let folder = tempfile::tempdir().unwrap();
    let shard = |number: usize| {
        folder
            .path()
            .join(format!("model-0000{number}-of-00002.safetensors"))
    };
    let one = Tensors::default()
        .with("a.weight", &[3, 2], 1)
        .with("b.weight", &[3, 2], 2);
    one.save(&shard(1));
    one.clone()
        .without("a.weight")
        .with("c.weight", &[3, 2], 3)
        .save(&shard(2));
    let model = Checkpoint::open(folder.path()).unwrap();
    assert_eq!(
        model.names().collect::<Vec<_>>(),
        ["a.weight", "b.weight", "c.weight"]
    );
    for other in [
        Tensors::default().with("b.weight", &[3, 2], 4),
        Tensors::default().with("b.weight", &[2, 3], 2),
    ] {
        other.save(&shard(2));
        let error = Checkpoint::open(folder.path()).err().unwrap().to_string();
        assert!(
            error.contains("`b.weight`") && error.contains("has different numbers"),
            "{error}"
        );
    }
}

#[test]
fn a_base_in_counted_shards_is_joined_whatever_lies_beside() {
    let folder = tempfile::tempdir().unwrap();
    for number in 1..=2 {
        let name = format!("model-0000{number}-of-00002.safetensors");
        let tensors = Tensors::default().with(&format!("{number}.weight"), &[3, 2], number);
        tensors.save(&folder.path().join(name));
    }
    Tensors::default()
        .with("x", &[2, 2], 1)
        .save(&folder.path().join("consolidated.safetensors"));
    let model = Checkpoint::open(folder.path()).unwrap();
    assert_eq!(model.names().collect::<Vec<_>>(), ["1.weight", "2.weight"]);
    assert_eq!(model.files().count(), 2);
    let first = folder.path().join("model-00001-of-00002.safetensors");
    fs::remove_file(folder.path().join("model-00002-of-00002.safetensors")).unwrap();
    let error = Checkpoint::open(folder.path()).err().unwrap().to_string();
    assert!(
        error.contains("model-00002-of-00002.safetensors is missing"),
        "{error}"
    );
    // Somebody who fetched one shard of a base may ask for what is in it.
    assert_eq!(Checkpoint::open(&first).unwrap().names().count(), 1);
}

#[test]
fn what_was_chosen_among_two_files_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let adapter = golden("layouts/peft-dora/adapter");
    for name in ["adapter_config.json", "adapter_model.safetensors"] {
        fs::copy(adapter.join(name), folder.path().join(name)).unwrap();
    }
    assert!(open(folder.path()).unwrap().notes.is_empty());
    fs::write(folder.path().join("adapter_model.bin"), "other weights").unwrap();
    let notes = open(folder.path()).unwrap().notes;
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].contains("adapter_model.safetensors: adapter_model.bin beside it was not read")
    );
    // A folder around it.
    let outer = tempfile::tempdir().unwrap();
    fs::rename(folder.path(), outer.path().join("named")).unwrap();
    let notes = open(outer.path()).unwrap().notes;
    assert!(
        notes
            .iter()
            .any(|note| note.contains("the sub-folder named")),
        "{notes:?}"
    );
}
