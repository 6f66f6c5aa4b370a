//! A run in parts, put together: the bytes of an undisturbed run, or one error.

use std::fs;
use std::path::Path;

use crate::made::done;
use crate::programs::{files, run};
use crate::workshop::workshop;

const STUDY: &str = "\
name = \"s\"
base = \"base\"
[[adapter]]
name = \"one\"
path = \"one\"
seed = 0
[[adapter]]
name = \"two\"
path = \"two\"
seed = 1
[compare]
ranks = [\"one\", \"two\"]
base = [\"one\"]
";

/// Runs a command at once and in parts, each in a folder of its own, and compares every file.
fn same_bytes(folder: &Path, command: &str, arguments: &[&str], parts: usize) {
    let with = |more: &[&str]| {
        let arguments: Vec<&str> = arguments.iter().chain(more).copied().collect();
        done(command, &arguments, folder)
    };
    with(&["--out", "whole"]);
    let places: Vec<String> = (1..=parts).map(|number| format!("place{number}")).collect();
    // Whichever order they are made in, on however many threads.
    for number in (1..=parts).rev() {
        let (shard, threads) = (format!("{number}/{parts}"), (1 + number % 2).to_string());
        let place = &places[number - 1];
        let outcome = with(&["--shard", &shard, "--out", place, "--threads", &threads]);
        let written = files(&folder.join(place));
        assert_eq!(written.len(), 1, "{written:?}");
        assert_eq!(outcome.stdout.trim(), format!("{place}/{}", written[0]));
    }
    let mut merging = vec!["--out", "merged", "--merge"];
    merging.extend(places.iter().map(String::as_str));
    let outcome = with(&merging);
    assert!(
        !outcome.stderr.contains("warning: part"),
        "{}",
        outcome.stderr
    );
    let (whole, merged) = (folder.join("whole"), folder.join("merged"));
    let names = files(&whole);
    assert_eq!(names, files(&merged));
    assert!(names.len() > 4, "{names:?}");
    for name in names.iter().filter(|name| !name.contains("/run-")) {
        let [one, other] = [&whole, &merged].map(|place| fs::read(place.join(name)).unwrap());
        assert!(one == other, "{name} differs");
    }
    // The record has times of its own, and else the same.
    for name in names.iter().filter(|name| name.contains("/run-")) {
        let [one, other] = [&whole, &merged].map(|place| {
            let text = fs::read(place.join(name)).unwrap();
            let record: serde_json::Value = serde_json::from_slice(&text).unwrap();
            record["run"].clone()
        });
        assert_eq!(one, other);
    }
}

#[test]
fn a_study_in_parts_has_the_bytes_of_a_study_at_once() {
    let folder = workshop();
    fs::write(folder.path().join("study.toml"), STUDY).unwrap();
    same_bytes(folder.path(), "regenerate", &["study.toml"], 3);
}

#[test]
fn commands_on_adapters_can_be_run_in_parts() {
    let folder = workshop();
    let adapters = ["one", "two", "--base", "base"];
    same_bytes(folder.path(), "subspace-overlap", &adapters, 2);
    for place in ["whole", "merged", "place1", "place2"] {
        fs::remove_dir_all(folder.path().join(place)).unwrap();
    }
    // More parts than modules: some have none.
    let rows = [
        "one",
        "two",
        "--base",
        "base",
        "--directions",
        "delta,random",
    ];
    same_bytes(folder.path(), "amplification", &rows, 6);
}

#[test]
fn parts_that_are_no_run_are_refused() {
    let folder = workshop();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("study.toml"), STUDY).unwrap();
    let part = |shard: &str, out: &str, more: &[&str]| {
        let arguments = ["study.toml", "--shard", shard, "--out", out];
        let arguments: Vec<&str> = arguments.iter().chain(more).copied().collect();
        done("regenerate", &arguments, folder.path());
    };
    let refused = |more: &[&str], words: &[&str]| {
        let arguments: Vec<&str> = ["study.toml", "--out", "merged"]
            .iter()
            .chain(more)
            .copied()
            .collect();
        let outcome = run("regenerate", &arguments, folder.path());
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        for word in words {
            assert!(
                outcome.error().contains(word),
                "`{word}`: {}",
                outcome.error()
            );
        }
        assert!(!path("merged").exists());
    };
    refused(&["--merge", "a"], &["a: it has no parts of s", "--shard"]);
    part("1/3", "a", &[]);
    part("3/3", "a", &[]);
    refused(&["--merge", "a"], &["1 of 3 parts are missing: 2/3"]);
    part("2/3", "b", &[]);
    part("2/3", "c", &[]);
    refused(
        &["--merge", "a", "b", "c"],
        &["c/parts/s/2-of-3.part", "the same part"],
    );
    part("1/2", "d", &[]);
    refused(&["--merge", "a", "b", "d"], &["one of 2 parts", "one of 3"]);
    // Other numbers: another seed, here or there.
    refused(
        &["--seed", "5", "--merge", "a", "b"],
        &["a part of another plan"],
    );
    part("2/3", "e", &["--seed", "5"]);
    refused(
        &["--merge", "a", "e"],
        &["e/parts/s/2-of-3.part", "a part of another plan"],
    );
    // A byte that is another.
    let place = path("c/parts/s/2-of-3.part");
    let mut bytes = fs::read(&place).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&place, &bytes).unwrap();
    refused(
        &["--merge", "a", "c"],
        &["c/parts/s/2-of-3.part", "damaged"],
    );
    fs::write(&place, &bytes[..40]).unwrap();
    refused(&["--merge", "a", "c"], &["damaged or was cut short"]);
    fs::write(&place, "something else").unwrap();
    refused(&["--merge", "a", "c"], &["no part of a run"]);
    // Weights that were written over since.
    let weights = path("two/adapter_model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&weights, bytes).unwrap();
    refused(
        &["--merge", "a", "b"],
        &["made of another adapter_model.safetensors of two"],
    );
}

#[test]
fn flags_that_parts_do_not_use() {
    let folder = workshop();
    for arguments in [
        &["one", "two", "--shard", "0/2"][..],
        &["one", "two", "--shard", "3/2"],
        &["one", "two", "--shard", "2"],
        &["one", "two", "--shard", "1/2", "--json"],
        &["one", "two", "--shard", "1/2", "--no-figures"],
        &["one", "two", "--shard", "1/2", "--merge", "out"],
    ] {
        let outcome = run("subspace-overlap", arguments, folder.path());
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.stderr);
    }
    fs::write(folder.path().join("study.toml"), STUDY).unwrap();
    for flag in [&["--shard", "1/2"][..], &["--merge", "out"]] {
        let arguments: Vec<&str> = ["study.toml", "--check"]
            .iter()
            .chain(flag)
            .copied()
            .collect();
        let outcome = run("regenerate", &arguments, folder.path());
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    }
    assert!(!folder.path().join("out").exists());
}
