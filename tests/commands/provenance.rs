//! What results say of themselves: the same for the same inputs wherever they lie, another for others.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::files::Tensors;
use crate::made::sha256sum;
use crate::programs::run;
use crate::workshop::{MODULES, base_tensors, workshop};
use serde_json::Value;

/// Figure 8 in three formats, and the run record, of an adapter and its base.
fn results(folder: &Path) -> (Vec<Vec<u8>>, Value) {
    let outcome = run("subspace-overlap", &["one", "--base", "base"], folder);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let figure =
        |format| fs::read(folder.join(format!("out/figures/one/figure8.{format}"))).unwrap();
    let record = folder.join("out/notebooks-export/one/run-subspace-overlap.json");
    let record = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
    (["svg", "pdf", "png"].map(figure).to_vec(), record)
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn pictures_and_the_record_name_every_input_by_its_digest() {
    let folder = workshop();
    let (pictures, record) = results(folder.path());
    let inputs = record["run"]["inputs"].as_array().unwrap();
    let named: Vec<String> = inputs
        .iter()
        .map(|input| {
            format!(
                "{}/{}",
                input["of"].as_str().unwrap(),
                input["file"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        named,
        [
            "one/adapter_config.json",
            "one/adapter_model.safetensors",
            "base/model.safetensors"
        ]
    );
    for (input, name) in inputs.iter().zip(&named) {
        let digest = sha256sum(&folder.path().join(name));
        assert_eq!(input["sha256"], Value::String(digest.clone()), "{name}");
        for picture in &pictures {
            assert!(contains(picture, &digest), "{name}");
        }
    }
    let software = format!("lora-subspace {}", env!("CARGO_PKG_VERSION"));
    assert!(contains(&pictures[1], &software) && contains(&pictures[2], &software));
    assert!(
        record["machine"]["blas"]
            .as_str()
            .unwrap()
            .contains("OpenBLAS")
    );
}

#[test]
fn only_what_matters_changes_a_picture() {
    let folder = workshop();
    let (before, _) = results(folder.path());
    let elsewhere = workshop();
    assert_eq!(before, results(elsewhere.path()).0, "another folder");
    // The same numbers under another byte of metadata: the picture looks the same, and says so.
    let config = elsewhere.path().join("one/adapter_config.json");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text + "\n").unwrap();
    let (after, _) = results(elsewhere.path());
    let digest = sha256sum(&config);
    for (before, after) in before.iter().zip(&after) {
        assert!(contains(after, &digest) && !contains(before, &digest));
    }
}

#[test]
fn of_a_sharded_base_the_shards_that_are_used() {
    let folder = workshop();
    let shards = folder.path().join("sharded");
    base_tensors().save(&shards.join("a.safetensors"));
    let other = Tensors::default().with("other.weight", &[2, 2], 1);
    other.save(&shards.join("b.safetensors"));
    let mut map: serde_json::Map<String, Value> = MODULES
        .iter()
        .map(|module| (format!("{module}.weight"), "a.safetensors".into()))
        .collect();
    map.insert("other.weight".into(), "b.safetensors".into());
    let index = serde_json::json!({ "weight_map": map }).to_string();
    fs::write(shards.join("model.safetensors.index.json"), index).unwrap();
    let arguments = ["one", "--base", "sharded", "--layers", "0", "--json", "-q"];
    let outcome = run("amplification", &arguments, folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let summary: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let files: Vec<&str> = summary["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|input| input["of"] == "base")
        .map(|input| input["file"].as_str().unwrap())
        .collect();
    assert_eq!(files, ["a.safetensors"]);
}

/// OpenBLAS takes a processor that it does not know for one of twenty years ago.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_processor_has_kernels_of_its_time() {
    let folder = workshop();
    let blas = |(_, record): (_, Value)| record["machine"]["blas"].as_str().unwrap().to_string();
    let chosen = blas(results(folder.path()));
    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
        for old in ["Prescott", "Core2", "Nehalem"] {
            assert!(!chosen.contains(old), "{chosen}");
        }
    }
    // What somebody asked for stands.
    let output = Command::new(env!("CARGO_BIN_EXE_subspace-overlap"))
        .args(["one", "--base", "base"])
        .env("OPENBLAS_CORETYPE", "Nehalem")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    let record = folder
        .path()
        .join("out/notebooks-export/one/run-subspace-overlap.json");
    let record: Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
    let asked = record["machine"]["blas"].as_str().unwrap();
    // A build for one processor only has no choice.
    assert!(
        asked.contains("Nehalem") || !asked.contains("DYNAMIC_ARCH"),
        "{asked}"
    );
}
