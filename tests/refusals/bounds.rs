//! Numbers and lists beyond their bounds, in study files and flags, and what has none.

use std::fs;

use crate::programs::run;
use crate::runs::{self, HEADER};
use crate::study::{self, refused, with};
use crate::workshop::workshop;

#[test]
fn keys_of_a_study() {
    let folder = workshop();
    for (more, line, words) in [
        (
            "[figures]\nlayers = [0, 1, 0x0]\n",
            15,
            ["`figures.layers` has 0 twice", "leave one out"],
        ),
        (
            "[figures]\nbases = [\"a\",\n  \"a\"]\n",
            16,
            ["`figures.bases` has \"a\" twice", "leave one out"],
        ),
        (
            "[figures]\nprojections = [\"query\", \"query\"]\n",
            15,
            ["`figures.projections` has \"query\" twice", "leave one out"],
        ),
        (
            "[compare]\nalso = [[\"one\", \"two\"],\n [\"one\", \"two\"]]\n",
            16,
            ["has [\"one\", \"two\"] twice", "leave one out"],
        ),
        (
            "[compare]\nseeds = [\"one\", \"one\"]\n",
            15,
            ["`compare.seeds` has \"one\" twice", "leave one out"],
        ),
        (
            "[figures]\nwhich = [\"3\", \"3\"]\n",
            15,
            ["`figures.which` has \"3\" twice", "leave one out"],
        ),
        (
            "[figures]\nlayer = 1000001\n",
            15,
            ["is 1000001", "a whole number from 0 to 1000000"],
        ),
    ] {
        refused(folder.path(), &with(more), line, &words);
    }
    for draws in ["100001", "4611686018427387904", "99999999999999999999999"] {
        let text = study::GOOD.replace("base = \"base\"", &format!("draws = {draws}"));
        refused(
            folder.path(),
            &text,
            2,
            &["`draws` is ", "from 1 to 100000"],
        );
    }
    let names: Vec<String> = (0..=10_000).map(|n| format!("\"a{n}\"")).collect();
    let more = format!("[compare]\nbase = [{}]\n", names.join(","));
    let words = ["a list of 10001", "at most 10000 are read"];
    refused(folder.path(), &with(&more), 15, &words);
}

#[test]
fn flags() {
    let folder = workshop();
    for (command, flags, words) in [
        (
            "amplification",
            &["--base", "base", "--draws", "100001"][..],
            "at most 100000",
        ),
        (
            "amplification",
            &["--base", "base", "--draws", "4611686018427387904"],
            "at most 100000",
        ),
        ("subspace-overlap", &["--threads", "65535"], "1..=1024"),
        ("subspace-overlap", &["--threads", "0"], "1..=1024"),
        (
            "subspace-overlap",
            &["--rank", "1000001"],
            "at most 1000000",
        ),
        (
            "subspace-overlap",
            &["--layers", "0,0"],
            "layer 0 is there twice",
        ),
        (
            "subspace-overlap",
            &["--layers", "0-2,1"],
            "layer 1 is there twice",
        ),
        (
            "subspace-overlap",
            &["--layers", "0-10000"],
            "at most 10000 layers",
        ),
        (
            "subspace-overlap",
            &["--layers", "1000001"],
            "from 0 to 1000000",
        ),
        (
            "subspace-overlap",
            &["--memory", "9999999T"],
            "more than 1000000.0 TB, which no machine has",
        ),
        (
            "subspace-overlap",
            &["--basis", "a", "--basis", "a"],
            "--basis a: it is given twice",
        ),
        (
            "subspace-overlap",
            &["--format", "svg,svg"],
            "--format svg: it is given twice",
        ),
        (
            "subspace-overlap",
            &["--modules", "*query", "--modules", "*query"],
            "--modules *query: it is given twice",
        ),
    ] {
        let arguments = [&["one", "two"][..], flags].concat();
        let outcome = run(command, &arguments, folder.path());
        assert!(
            [1, 2].contains(&outcome.code),
            "{flags:?}: {}",
            outcome.stderr
        );
        assert!(
            outcome.stderr.contains(words),
            "{flags:?}: {}",
            outcome.stderr
        );
        assert!(!folder.path().join("out").exists(), "{flags:?}");
    }
}

/// A table is read line by line: no length is too much.
#[test]
fn a_table_longer_than_any_text() {
    let folder = workshop();
    runs::study(folder.path(), "");
    let header = HEADER.replace('\n', ",notes\n");
    let long = "x".repeat(1 << 25);
    let rows: String = runs::GOOD
        .lines()
        .map(|line| format!("{line},\n"))
        .collect();
    let more: String = [2, 3, 5]
        .iter()
        .map(|seed| format!("q{seed},q,2,4,{seed},sst2,accuracy,0.7,44,{long}\n"))
        .collect();
    let text = format!("{header}{rows}{more}");
    fs::write(folder.path().join("runs.csv"), text).unwrap();
    let arguments = ["study.toml", "--no-figures"];
    let outcome = run("regenerate", &arguments, folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}
