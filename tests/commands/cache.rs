//! What is kept of a large W: the same bytes with it and without, and a word where it cannot be used.

use std::fs;
use std::path::{Path, PathBuf};

use crate::large_base::one_on_base;
use crate::made::done;
use crate::programs::files;

/// Both commands on the adapter and its base, each into a folder of this name.
fn both(folder: &Path, out: &str, more: &[&str]) -> String {
    let mut said = String::new();
    for command in ["amplification", "subspace-overlap"] {
        let arguments = ["one", "--base", "base", "--format", "svg", "--out", out];
        let arguments: Vec<&str> = arguments.iter().chain(more).copied().collect();
        said += &done(command, &arguments, folder).stderr;
    }
    said
}

fn same(folder: &Path, one: &str, other: &str) {
    let names = files(&folder.join(one));
    assert_eq!(names, files(&folder.join(other)));
    for name in names.iter().filter(|name| !name.contains("/run-")) {
        let [one, other] =
            [one, other].map(|place| fs::read(folder.join(place).join(name)).unwrap());
        assert!(one == other, "{name} differs");
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let names = files(folder).into_iter();
    names.map(|name| folder.join(name)).collect()
}

#[test]
fn the_same_bytes_without_a_cache_with_a_cold_one_and_with_a_warm_one() {
    let folder = one_on_base();
    let at = folder.path();
    both(at, "without", &["--no-cache"]);
    let cache = ["--cache", "kept"];
    // Table 7 keeps four directions' rung and its draws; figure 8 takes a tenth of W's, another rung.
    let cold = both(at, "cold", &cache);
    assert!(
        cold.contains("cache kept: entries found 0, new 2"),
        "{cold}"
    );
    assert!(
        cold.contains("cache kept: entries found 0, new 1"),
        "{cold}"
    );
    let kept = entries(&at.join("kept"));
    assert_eq!(kept.len(), 3);
    let warm = both(at, "warm", &[&cache[..], &["--threads", "1"]].concat());
    assert!(
        warm.contains("cache kept: entries found 2, new 0"),
        "{warm}"
    );
    assert!(
        warm.contains("cache kept: entries found 1, new 0"),
        "{warm}"
    );
    same(at, "without", "cold");
    same(at, "without", "warm");

    // Each entry damaged in its own way: cut, changed, another's, a folder.
    fs::write(&kept[0], &fs::read(&kept[0]).unwrap()[..100]).unwrap();
    let mut bytes = fs::read(&kept[1]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 16;
    fs::write(&kept[1], &bytes).unwrap();
    fs::remove_file(&kept[2]).unwrap();
    fs::create_dir(&kept[2]).unwrap();
    let damaged = both(at, "damaged", &cache);
    let words = damaged.matches("is computed again").count();
    assert_eq!(words, 3, "{damaged}");
    // The folder stands where an entry belongs: it is left, and said.
    assert!(damaged.contains("it cannot be written"), "{damaged}");
    same(at, "without", "damaged");
    fs::remove_dir(&kept[2]).unwrap();
    let mended = both(at, "mended", &cache);
    assert!(!mended.contains("computed again"), "{mended}");
    same(at, "without", "mended");
}

#[test]
fn another_weight_and_another_seed_take_nothing_from_the_cache() {
    let folder = one_on_base();
    let at = folder.path();
    let run = |out: &str, more: &[&str]| {
        let arguments = ["one", "--base", "base", "--no-figures", "--out", out];
        let arguments: Vec<&str> = arguments.iter().chain(more).copied().collect();
        done("amplification", &arguments, at).stderr
    };
    run("first", &["--cache", "kept"]);
    // Other draws, the same W.
    let said = run("seed", &["--cache", "kept", "--seed", "1"]);
    assert!(said.contains("entries found 1, new 1"), "{said}");
    // One entry of W is another.
    let path = at.join("base/model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let said = run("changed", &["--cache", "kept"]);
    assert!(said.contains("entries found 0, new 2"), "{said}");
    run("plain", &["--no-cache"]);
    same(at, "changed", "plain");
}

#[test]
fn a_cache_that_cannot_be_written_costs_a_word_and_nothing_else() {
    let folder = one_on_base();
    let at = folder.path();
    fs::write(at.join("file"), "x").unwrap();
    let said = both(at, "out", &["--cache", "file/kept"]);
    assert!(
        said.contains("warning: cache file/kept: it cannot be written"),
        "{said}"
    );
    both(at, "without", &["--no-cache"]);
    same(at, "out", "without");
}

#[test]
fn small_weights_and_checks_leave_no_cache() {
    let folder = crate::workshop::workshop();
    let at = folder.path();
    let arguments = [
        "one",
        "two",
        "--base",
        "base",
        "--no-figures",
        "--cache",
        "kept",
    ];
    done("subspace-overlap", &arguments, at);
    assert!(!at.join("kept").exists());
}
