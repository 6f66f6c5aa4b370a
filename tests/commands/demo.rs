//! The made-up study, by `regenerate --demo`; and commands without arguments.

use std::fs;

use crate::made::done;
use crate::programs::{files, run};
use crate::workshop::workshop;

/// φ(k,k) of all modules between two adapters, on basis a.
fn shared(overlap: &str, pair: [&str; 2], k: &str) -> Vec<f64> {
    let mut reader = csv::Reader::from_reader(overlap.as_bytes());
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|one| one == name).unwrap();
    let columns = ["basis", "first", "second", "i", "j", "overlap"].map(place);
    let mut found = Vec::new();
    for row in reader.records().map(Result::unwrap) {
        let [basis, first, second, i, j, phi] = columns.map(|column| row[column].to_string());
        if basis == "a" && [&*first, &*second] == pair && i == k && j == k {
            found.push(phi.parse().unwrap());
        }
    }
    found
}

#[test]
fn the_made_up_study_shows_the_direction_that_was_put_in() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = done("regenerate", &["--demo", "new/demo"], folder.path());
    assert!(
        outcome
            .stderr
            .contains("new/demo/study.toml: a study of random numbers")
    );
    let first = outcome.stdout.lines().next().unwrap();
    assert!(first.starts_with("new/demo/"), "{first}");
    let home = folder.path().join("new/demo");
    assert_eq!(
        files(folder.path()).len(),
        files(&home).len(),
        "nothing beside it"
    );
    for file in [
        "figures/demo/figure3.pdf",
        "notebooks-export/demo/report.html",
    ] {
        assert!(home.join(file).is_file(), "{file}");
    }
    let text = fs::read_to_string(home.join("study.toml")).unwrap();
    assert!(text.contains("title = \"Made-up adapters"), "{text}");
    let overlap = home.join("notebooks-export/demo/overlap.csv");
    let overlap = fs::read_to_string(overlap).unwrap();
    let one = shared(&overlap, ["r4-seed0", "r16-seed1"], "1");
    let four = shared(&overlap, ["r4-seed0", "r16-seed1"], "4");
    assert!(
        one.len() >= 2 && one.len() == four.len(),
        "{one:?} {four:?}"
    );
    // One of four directions is shared; chance is 1/24.
    assert!(one.iter().all(|phi| *phi > 0.8), "{one:?}");
    assert!(four.iter().all(|phi| (0.2..0.45).contains(phi)), "{four:?}");
    done(
        "regenerate",
        &["new/demo/study.toml", "--check"],
        folder.path(),
    );
}

#[test]
fn a_folder_that_has_something_keeps_it() {
    let folder = workshop();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let before = files(folder.path());
    for place in [".", "one", "one/adapter_config.json"] {
        let outcome = run("regenerate", &["--demo", place], folder.path());
        assert_eq!(outcome.code, 1, "{place}: {}", outcome.stderr);
        assert!(outcome.error().contains(place), "{}", outcome.stderr);
        assert_eq!(files(folder.path()), before);
    }
    for wrong in [
        &["--demo", "x", "study.toml"][..],
        &["--demo", "x", "--check"],
        &["--demo", "x", "--seed", "1"],
        &["--demo", "x", "--out", "y"],
    ] {
        let outcome = run("regenerate", wrong, folder.path());
        assert_eq!(outcome.code, 2, "{wrong:?}: {}", outcome.stderr);
        assert_eq!(files(folder.path()), before);
    }
    // An empty one is as good as a new one. What a run left that was killed goes.
    let left = folder.path().join(".lora-subspace-left");
    fs::create_dir_all(left.join("made/base")).unwrap();
    fs::write(left.join(".lora-subspace-lock"), "").unwrap();
    done("regenerate", &["--demo", "empty", "-q"], folder.path());
    assert!(!left.exists());
    assert!(folder.path().join("empty/study.toml").is_file());
}

#[test]
fn without_arguments_a_command_says_what_to_type() {
    let folder = workshop();
    let before = files(folder.path());
    for (command, arguments, words) in [
        (
            "subspace-overlap",
            &[][..],
            "as in `subspace-overlap runs/r8 runs/r64`",
        ),
        (
            "amplification",
            &[],
            "as in `amplification runs/r8 --base path/to/model`",
        ),
        (
            "regenerate",
            &[],
            "`regenerate --init runs/*` writes one, and `regenerate --demo demo`",
        ),
        (
            "regenerate",
            &["--check"],
            "as in `regenerate paper/study.toml`",
        ),
        (
            "lora-subspace",
            &["overlap"],
            "as in `lora-subspace overlap runs/r8 runs/r64`",
        ),
    ] {
        let outcome = run(command, arguments, folder.path());
        assert_eq!(outcome.code, 2, "{command}: {}", outcome.stderr);
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
        assert!(outcome.error().contains(words), "{}", outcome.stderr);
        assert_eq!(files(folder.path()), before);
    }
    // Where the current folder has the study of the repository, it is run.
    let study = folder.path().join("experiments/smollm2-sst2");
    fs::create_dir_all(&study).unwrap();
    fs::write(study.join("study.toml"), "nonsense").unwrap();
    let outcome = run("subspace-overlap", &[], folder.path());
    assert_eq!(outcome.code, 1);
    let place = "experiments/smollm2-sst2/study.toml: line 1";
    assert!(outcome.error().contains(place), "{}", outcome.stderr);
}
