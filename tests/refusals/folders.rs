//! Folders and files that are no adapter, named by what they are, with a way out that works.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::files::Tensors;
use crate::programs::run;
use crate::refused::{refused, refused_with, with_bad};
use crate::workshop::{AdapterFolder, MODULES, factor, workshop};

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 123\n";

/// A link to itself is there: it is no missing config.
#[cfg(unix)]
#[test]
fn a_config_that_is_a_link_to_itself() {
    let folder = workshop();
    let config = folder.path().join("one/adapter_config.json");
    fs::remove_file(&config).unwrap();
    std::os::unix::fs::symlink("adapter_config.json", &config).unwrap();
    let words = ["adapter_config.json: cannot read", "symbolic links"];
    refused_with(folder.path(), &["one", "two"], &words);
    let shown = run("inspect", &["one"], folder.path());
    assert_eq!(shown.code, 1, "{}", shown.stdout);
}

#[test]
fn pointers_of_git_lfs() {
    let folder = with_bad(|adapter| adapter);
    fs::create_dir(folder.path().join(".git")).unwrap();
    let clone = folder.path().canonicalize().unwrap();
    let remedy = format!("`git lfs pull` in {}", clone.display());
    for file in ["adapter_config.json", "adapter_model.safetensors"] {
        let path = folder.path().join("bad").join(file);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, POINTER).unwrap();
        refused(folder.path(), &[file, "a Git LFS pointer", &remedy]);
        fs::write(&path, bytes).unwrap();
    }
    let base = folder.path().join("base");
    fs::write(base.join("model.safetensors.index.json"), POINTER).unwrap();
    refused_with(
        folder.path(),
        &["one", "two", "--base", "base"],
        &["index.json: it is a Git LFS pointer", &remedy],
    );
}

#[test]
fn texts_that_are_no_weights() {
    let folder = with_bad(|adapter| adapter);
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
    };
    write(
        "bad/README.md",
        "# An adapter\n\nIt is a very good one, and this is its card.\n",
    );
    write(
        "bad/page.safetensors",
        "<!DOCTYPE html><html><body>log in, please</body></html>",
    );
    write(
        "bad/trainer_state.json",
        r#"{"global_step": 4, "log_history": []}"#,
    );
    write("bad/other.json", r#"{"one": 1}"#);
    for (file, words) in [
        ("README.md", "it is a text; give the folder"),
        ("page.safetensors", "it is a web page"),
        (
            "trainer_state.json",
            "it is a Trainer's state, neither weights nor an index",
        ),
        (
            "adapter_config.json",
            "it is an adapter's config, neither weights nor an index",
        ),
        ("other.json", "it is JSON without a weight_map"),
    ] {
        let path = format!("bad/{file}");
        refused_with(
            folder.path(),
            &[&path, "two"],
            &[&path, words, "give the folder"],
        );
    }
}

#[test]
fn checkpoints_of_a_run() {
    let folder = workshop();
    let run_folder = folder.path().join("bad");
    for step in [500, 1000, 1500] {
        AdapterFolder::new(2, step).save(&run_folder.join(format!("checkpoint-{step}")));
    }
    fs::write(run_folder.join("trainer_state.json"), "{}").unwrap();
    refused(
        folder.path(),
        &[
            "it holds 3 checkpoints of a run: checkpoint-500, checkpoint-1000, checkpoint-1500",
            "such as bad/checkpoint-1500, the last",
            "make a study of all: regenerate --init bad",
        ],
    );
    // Of two adapters by name nobody knows which is meant.
    for step in [500, 1000, 1500] {
        fs::remove_dir_all(run_folder.join(format!("checkpoint-{step}"))).unwrap();
    }
    AdapterFolder::new(2, 1).save(&run_folder.join("sft"));
    AdapterFolder::new(2, 2).save(&run_folder.join("dpo"));
    refused(
        folder.path(),
        &[
            "2 adapters in folders of their own: dpo, sft",
            "such as bad/sft",
        ],
    );
    // One on top is the one, whatever lies below.
    AdapterFolder::new(2, 3).save(&run_folder);
    let outcome = run(
        "subspace-overlap",
        &["bad", "two", "-q", "--no-figures"],
        folder.path(),
    );
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn checkpoints_of_a_callback_lie_one_deeper() {
    let folder = workshop();
    for step in [1, 2] {
        let inside = format!("bad/checkpoint-{step}/adapter_model");
        AdapterFolder::new(2, step).save(&folder.path().join(inside));
    }
    refused(
        folder.path(),
        &[
            "2 checkpoints of a run",
            "such as bad/checkpoint-2/adapter_model, the last",
        ],
    );
    let arguments = ["bad/checkpoint-1", "two", "--no-figures"];
    let outcome = run("subspace-overlap", &arguments, folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

/// Saves an adapter some of whose tensors are empty.
fn emptied(folder: &Path, is_empty: impl Fn(&str) -> bool) {
    let full = AdapterFolder::new(2, 1);
    let mut tensors = full.tensors.clone();
    let head = "base_model.model.m.modules_to_save.score.weight";
    tensors = tensors.with(head, &[3, 5], 9);
    let names = MODULES
        .iter()
        .flat_map(|module| ['A', 'B'].map(|kind| factor(module, kind)));
    for name in names
        .chain([head.to_string()])
        .filter(|name| is_empty(name))
    {
        tensors = tensors.without(&name).constant(&name, &[0], 0.0);
    }
    full.tensors(|_| tensors).save(&folder.join("bad"));
}

#[test]
fn factors_that_were_not_gathered() {
    let folder = workshop();
    for (which, words) in [
        ("lora_", "as 8 of its 8 factors"),
        ("layers.1.q_proj.lora_A", "as 1 of its 8 factors"),
    ] {
        emptied(folder.path(), |name| name.contains(which));
        let words = [
            words,
            "saved without gathering (ZeRO-3, FSDP)",
            "zero_to_fp32.py",
        ];
        refused(folder.path(), &words);
    }
    Tensors::default().save(&folder.path().join("bad/adapter_model.safetensors"));
    refused(folder.path(), &["it has no tensors", "without gathering"]);
    // What was saved whole is no factor: the rest is measured, and the empty one is not listed.
    emptied(folder.path(), |name| name.contains("modules_to_save"));
    let outcome = run("inspect", &["bad", "--json"], folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let text = object["notes"].to_string();
    assert!(
        text.contains("score") && text.contains("is empty"),
        "{object}"
    );
    assert_eq!(object["replaced"], json!([]), "{object}");
}

#[test]
fn dumps_of_several_processes() {
    let folder = workshop();
    let bad = folder.path().join("bad");
    for (file, words) in [
        (
            "global_step5/zero_pp_rank_0_mp_rank_00_model_states.pt",
            "zero_to_fp32.py",
        ),
        (
            "pytorch_model_fsdp_0/__0_0.distcp",
            "accelerate merge-weights",
        ),
    ] {
        let path = bad.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "not for us").unwrap();
        refused(
            folder.path(),
            &["bad: no adapter there", "without gathering", words],
        );
        fs::remove_dir_all(&bad).unwrap();
    }
    fs::create_dir(&bad).unwrap();
    fs::write(bad.join("adapter-q8.gguf"), "GGUF and more").unwrap();
    refused(
        folder.path(),
        &["bad/adapter-q8.gguf: GGUF is not supported"],
    );
}

#[test]
fn shards_that_are_not_all_there() {
    let folder = with_bad(|adapter| adapter);
    let bad = folder.path().join("bad");
    let name = |number| bad.join(format!("adapter_model-0000{number}-of-00003.safetensors"));
    fs::rename(bad.join("adapter_model.safetensors"), name(2)).unwrap();
    refused(
        folder.path(),
        &[
            "adapter_model-00001-of-00003.safetensors, adapter_model-00003-of-00003.safetensors are missing",
        ],
    );
}

#[test]
fn an_adapter_s_name_that_is_in_no_cache() {
    let folder = workshop();
    refused_with(
        folder.path(),
        &["some-org/some-adapter", "two"],
        &[
            "no such file or folder",
            "fetch the adapter with `hf download some-org/some-adapter`",
        ],
    );
}
