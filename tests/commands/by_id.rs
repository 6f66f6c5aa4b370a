//! Adapters and bases by their ids, in a Hugging Face cache.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::programs::program;
use crate::workshop::{AdapterFolder, base_tensors, workshop};

const COMMIT: &str = "0123456789abcdef";

/// A cache with the adapters `org/r2` and `org/start`, and the base `org/base`.
fn cache(folder: &Path) {
    let snapshot = |name: &str| {
        let model = folder.join(format!("hub/models--org--{name}"));
        fs::create_dir_all(model.join("refs")).unwrap();
        fs::write(model.join("refs/main"), COMMIT).unwrap();
        model.join("snapshots").join(COMMIT)
    };
    let pissa = AdapterFolder::new(2, 7).field("init_lora_weights", "pissa".into());
    pissa.save(&snapshot("r2"));
    AdapterFolder::new(2, 8).save(&snapshot("start"));
    base_tensors().save(&snapshot("base").join("model.safetensors"));
}

/// Runs a command with that cache; its standard output, or its error.
fn run(command: &str, arguments: &[&str], folder: &Path) -> Result<String, String> {
    let output = Command::new(program(command))
        .args(arguments)
        .env("HF_HUB_CACHE", folder.join("hub"))
        .current_dir(folder)
        .output()
        .unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

#[test]
fn every_command_takes_an_id_where_it_takes_a_path() {
    let folder = workshop();
    cache(folder.path());
    let at = folder.path();
    let start = ["--init-adapter", "org/start"];
    let page = run("inspect", &[&["org/r2"][..], &start].concat(), at).unwrap();
    assert!(
        page.contains("PEFT LoRA") && page.contains("layers.1.v_proj"),
        "{page}"
    );
    let page = run("inspect", &["org/start@0123456", "--base", "org/base"], at).unwrap();
    assert!(page.contains("layers.1.v_proj"), "{page}");
    let quiet = ["--no-figures", "-q", "--out", "out"];
    let pair = [&["one", "org/r2"][..], &start, &quiet].concat();
    run("subspace-overlap", &pair, at).unwrap();
    let on_base = [&["org/start", "--base", "org/base"][..], &quiet].concat();
    run("amplification", &on_base, at).unwrap();
    let study = "name = \"ids\"\nbase = \"org/base\"\n[[adapter]]\nname = \"one\"\npath = \"one\"\n\
                 [[adapter]]\nname = \"other\"\npath = \"org/start\"\n[compare]\nbase = [\"one\"]\n";
    fs::write(at.join("study.toml"), study).unwrap();
    run(
        "regenerate",
        &["study.toml", "--no-figures", "-q", "--out", "out"],
        at,
    )
    .unwrap();
}

#[test]
fn a_first_study_keeps_ids_as_they_were_typed() {
    let folder = workshop();
    cache(folder.path());
    let arguments = ["--init", "one", "org/start", "--out", "out"];
    run("regenerate", &arguments, folder.path()).unwrap();
    let experiments = fs::read_dir(folder.path().join("out/experiments")).unwrap();
    let study = experiments.map(|entry| entry.unwrap().path()).next();
    let study = study.unwrap().join("study.toml");
    let text = fs::read_to_string(&study).unwrap();
    assert!(text.contains("path = \"org/start\""), "{text}");
    let study = study.to_str().unwrap();
    run(
        "regenerate",
        &[study, "--no-figures", "-q", "--out", "out"],
        folder.path(),
    )
    .unwrap();
}

#[test]
fn a_path_that_is_there_wins() {
    let folder = workshop();
    cache(folder.path());
    AdapterFolder::new(3, 1).save(&folder.path().join("org/start"));
    let page = run("inspect", &["org/start", "--json"], folder.path()).unwrap();
    assert!(page.contains("\"rank\": 3"), "{page}");
    let gone = run("inspect", &["org/start@v2"], folder.path()).unwrap_err();
    assert!(gone.contains("has no revision v2"), "{gone}");
    assert!(
        gone.contains("fetch the adapter with `hf download org/start --revision v2`"),
        "{gone}"
    );
}
