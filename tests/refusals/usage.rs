//! Flags and places that are wrong: exit code 1 or 2, and nothing is written.

use std::fs;
use std::path::Path;

use crate::programs::{files, run};
use crate::refused::refused_with;
use crate::workshop::{AdapterFolder, D_IN, D_OUT, MODULES, base_tensors, workshop};

/// Gives a workshop a base with NaN in one weight.
fn damage_base(folder: &Path, module: &str) {
    let weight = format!("{module}.weight");
    let base = base_tensors().constant(&weight, &[D_OUT, D_IN], f32::NAN);
    base.save(&folder.join("base/model.safetensors"));
}

#[test]
fn an_output_folder_that_cannot_be_written() {
    let folder = workshop();
    fs::write(folder.path().join("file"), "in the way").unwrap();
    // The base is damaged in its numbers: had the work begun, that error would come first.
    damage_base(folder.path(), MODULES[2]);
    for out in ["file", "file/deeper", "/proc/nowhere"] {
        let words = ["cannot create files there", "--out"];
        let arguments = ["one", "two", "--base", "base", "--out", out];
        refused_with(folder.path(), &arguments, &words);
    }
}

#[test]
fn a_failure_half_way_leaves_nothing_behind() {
    let folder = workshop();
    let out = folder.path().join("out");
    let arguments = ["one", "two", "--base", "base", "--memory", "60kB"];
    // The first module's rows are written by then.
    damage_base(folder.path(), MODULES[1]);
    refused_with(
        folder.path(),
        &arguments,
        &["layers.0.v_proj.weight", "is NaN"],
    );
    // Earlier results stay as they were.
    base_tensors().save(&folder.path().join("base/model.safetensors"));
    for command in ["subspace-overlap", "amplification"] {
        let outcome = run(command, &arguments, folder.path());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    let content = || -> Vec<(String, Vec<u8>)> {
        let read = |name: String| (name.clone(), fs::read(out.join(name)).unwrap());
        files(&out).into_iter().map(read).collect()
    };
    let before = content();
    damage_base(folder.path(), MODULES[1]);
    for command in ["subspace-overlap", "amplification"] {
        assert_eq!(run(command, &arguments, folder.path()).code, 1);
        assert!(content() == before, "{command} left {:?}", files(&out));
    }
}

#[test]
fn too_little_memory_for_one_module() {
    let folder = workshop();
    // Damaged in its numbers: had the work begun, that error would come first.
    damage_base(folder.path(), MODULES[0]);
    let arguments = ["one", "two", "--base", "base", "--memory", "1.5K"];
    let words = [
        "--memory of 1.5 KB",
        "module `m.layers.0.q_proj` takes about",
        "--modules",
    ];
    refused_with(folder.path(), &arguments, &words);
}

#[test]
fn a_rank_or_a_module_that_is_not_there() {
    let folder = workshop();
    refused_with(
        folder.path(),
        &["one", "two", "--rank", "3"],
        &["--rank 3", "one has rank 2"],
    );
    refused_with(folder.path(), &["one", "two", "--rank", "0"], &["--rank 0"]);
    let words = ["none of the 4 modules is left", "m.layers.0.q_proj"];
    refused_with(
        folder.path(),
        &["one", "two", "--modules", "*k_proj"],
        &words,
    );
    refused_with(
        folder.path(),
        &["one", "two", "--modules", "[a"],
        &["--modules [a"],
    );
    for (text, words) in [
        ("q_proj,,v_proj", "a pattern is empty; leave it out"),
        ("q_proj,", "a pattern is empty"),
        ("!", "a pattern is empty"),
        ("q_proj,q_proj", "--modules q_proj: it is given twice"),
    ] {
        refused_with(folder.path(), &["one", "two", "--modules", text], &[words]);
    }
}

#[test]
fn layers_that_are_not_there_are_named() {
    let folder = workshop();
    for (layers, absent) in [("7", "7"), ("1-99", "2-99"), ("0,3,5-6", "3, 5-6")] {
        let said = format!("--layers {absent}: no adapter has a module there");
        let words = [&*said, "the adapters have 0-1"];
        refused_with(folder.path(), &["one", "two", "--layers", layers], &words);
    }
}

#[test]
fn a_pattern_apart_from_its_flag() {
    let folder = workshop();
    let arguments = ["one", "two", "--modules", "q_proj", "v_proj"];
    let outcome = run("subspace-overlap", &arguments, folder.path());
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    let words = "v_proj: no such file or folder; between patterns of --modules stands a comma";
    assert!(outcome.error().contains(words), "{}", outcome.stderr);
    // Without the flag it is a path.
    refused_with(
        folder.path(),
        &["one", "v_proj"],
        &["v_proj", "check the path"],
    );
}

#[test]
fn a_study_file_that_does_not_exist() {
    let folder = workshop();
    let outcome = run("regenerate", &["nowhere.toml"], folder.path());
    assert_eq!(outcome.code, 1);
    assert!(outcome.error().contains("nowhere.toml: no such study file"));
}

#[test]
fn wrong_usage_exits_with_2() {
    let folder = workshop();
    for (command, arguments) in [
        ("subspace-overlap", vec!["--nonsense"]),
        ("subspace-overlap", vec!["one", "two", "--basis", "c"]),
        ("subspace-overlap", vec!["one", "two", "--layers", "3-1"]),
        ("subspace-overlap", vec!["one", "two", "--alpha", "-1"]),
        ("subspace-overlap", vec!["one", "two", "--palette", "jet"]),
        ("subspace-overlap", vec!["one", "two", "--format", "gif"]),
        ("subspace-overlap", vec!["--base", "base"]),
        ("subspace-overlap", vec!["one", "two", "--memory", "much"]),
        ("amplification", vec!["one", "--memory", "4X"]),
        ("regenerate", vec!["--memory", "0"]),
        ("amplification", vec!["one"]),
        ("regenerate", vec!["--check", "--rank", "2"]),
        (
            "amplification",
            vec!["one", "--base", "base", "--draws", "0"],
        ),
        (
            "amplification",
            vec!["one", "--base", "base", "--directions", "delta,own"],
        ),
        ("inspect", vec![]),
    ] {
        let outcome = run(command, &arguments, folder.path());
        assert_eq!(
            outcome.code, 2,
            "{command} {arguments:?}: {}",
            outcome.stderr
        );
        assert!(!outcome.error().is_empty());
    }
}

#[test]
fn table_7_has_directions_of_an_update_and_random_ones() {
    let folder = workshop();
    for (asked, words) in [
        ("delta", "a factor needs its chance; name delta and random"),
        (
            "base,random",
            "a factor needs its chance; name delta and random",
        ),
        (
            "delta,random,delta",
            "--directions delta: it is given twice",
        ),
    ] {
        let arguments = ["one", "--base", "base", "--directions", asked];
        let outcome = run("amplification", &arguments, folder.path());
        assert_eq!(outcome.code, 1, "{asked}: {}", outcome.stderr);
        assert!(
            outcome.error().contains("--directions"),
            "{}",
            outcome.stderr
        );
        assert!(outcome.error().contains(words), "{}", outcome.stderr);
        assert!(!folder.path().join("out").exists());
    }
}

#[test]
fn the_word_that_is_meant_stands_in_the_error() {
    let folder = workshop();
    for (arguments, words) in [
        (
            &["one", "two", "--bass", "a"][..],
            "'--bass' found; did you mean `--bas",
        ),
        (&["one", "two", "--basis", "delta-rigth"], "delta-rigth"),
    ] {
        let outcome = run("subspace-overlap", arguments, folder.path());
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
        assert!(outcome.error().contains(words), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("tip:"), "{}", outcome.stderr);
    }
}

#[test]
fn flags_that_a_command_does_not_use() {
    let folder = workshop();
    for (command, arguments, words) in [
        (
            "subspace-overlap",
            &["one", "two", "--draws", "5"][..],
            "subspace-overlap does not use --draws, a flag of amplification and regenerate: leave",
        ),
        (
            "amplification",
            &["one", "--base", "base", "--basis=b"],
            "amplification does not use --basis, a flag of subspace-overlap and regenerate: leave",
        ),
        (
            "subspace-overlap",
            &["one", "two", "--palette", "viridis", "--no-figures"],
            "subspace-overlap --no-figures does not use --palette: leave one of the two out",
        ),
        (
            "amplification",
            &["--no-figures", "--format", "svg"],
            "amplification --no-figures does not use --format: leave",
        ),
        (
            "regenerate",
            &["--check", "--rank", "2"],
            "regenerate --check does not use --rank: leave one of the two out",
        ),
        (
            "regenerate",
            &["--basis", "b", "--check"],
            "--check does not use --basis: leave",
        ),
        (
            "regenerate",
            &["--check", "--no-figures"],
            "--check does not use --no-figures: leave",
        ),
        (
            "regenerate",
            &["--check", "--cache", "kept"],
            "--check does not use --cache: leave",
        ),
        (
            "amplification",
            &["one", "--base", "base", "--no-cache", "--cache", "kept"],
            "--no-cache does not use --cache: leave",
        ),
        (
            "subspace-overlap",
            &["one", "two", "--cache", "kept", "--merge", "parts"],
            "--cache does not use --merge: leave",
        ),
        (
            "regenerate",
            &["--check", "--json"],
            "--check prints no summary: leave out --json",
        ),
        (
            "regenerate",
            &["--init", "one", "--seed", "1"],
            "--init does not use --seed: leave",
        ),
        (
            "regenerate",
            &["--init", "one", "--json"],
            "--init does not use --json: leave",
        ),
        (
            "regenerate",
            &["--init", "one", "--check"],
            "does not use --",
        ),
        (
            "inspect",
            &["one", "--seed", "1"],
            "inspect does not use --seed, a flag of",
        ),
    ] {
        let outcome = run(command, arguments, folder.path());
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.stderr);
        let error = outcome.error();
        assert!(error.contains(words), "{words}: {error}");
        assert!(!folder.path().join("out").exists() && outcome.stdout.is_empty());
    }
}

#[test]
fn an_adapter_that_is_given_twice() {
    let folder = workshop();
    AdapterFolder::new(2, 1).save(&folder.path().join("copy"));
    for (other, code, words) in [
        ("one", 2, ["one and one are one adapter", "leave one out"]),
        (
            "two/../one",
            2,
            ["one and two/../one are one adapter", "leave one out"],
        ),
        (
            "one/adapter_model.safetensors",
            1,
            ["it is the same file as one", "leave one out"],
        ),
        (
            "copy",
            1,
            [
                "adapter copy: it has the same bytes in its weight file as one",
                "leave one out",
            ],
        ),
    ] {
        for command in ["subspace-overlap", "amplification"] {
            let arguments = ["one", "two", other, "--base", "base"];
            let outcome = run(command, &arguments, folder.path());
            assert_eq!(outcome.code, code, "{other}: {}", outcome.stderr);
            for words in words {
                assert!(
                    outcome.error().contains(words),
                    "{words}: {}",
                    outcome.stderr
                );
            }
            assert!(!folder.path().join("out").exists());
        }
    }
}
