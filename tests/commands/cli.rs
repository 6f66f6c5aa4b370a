//! What holds for every command: the same bytes, JSON, help and version.

use std::fs;
use std::path::Path;

use crate::made::done;
use crate::programs::files;
use crate::workshop::{D_IN, D_OUT, workshop};
use serde_json::{Value, json};

#[test]
fn the_same_bytes_for_any_number_of_threads_and_any_memory() {
    let folder = workshop();
    // 60 kB hold one module of 6 × 5 with the frames that are drawn for it, and no second.
    let runs = [("1", "1GB"), ("3", "1GB"), ("1", "60kB"), ("3", "60kB")];
    let out = |(threads, memory): (&str, &str)| format!("{threads}-{memory}");
    for (threads, memory) in runs {
        let out = out((threads, memory));
        let arguments = [
            "one",
            "three",
            "--base",
            "base",
            "--threads",
            threads,
            "--memory",
            memory,
            "--out",
            &out,
        ];
        done("subspace-overlap", &arguments, folder.path());
        done("amplification", &arguments, folder.path());
    }
    let names = files(&folder.path().join(out(runs[0])));
    assert!(names.len() > 10);
    for run in &runs[1..] {
        assert_eq!(names, files(&folder.path().join(out(*run))));
        for name in names.iter().filter(|name| !name.contains("run-")) {
            let read = |run| fs::read(folder.path().join(out(run)).join(name)).unwrap();
            assert!(read(runs[0]) == read(*run), "{name} of {run:?} differs");
        }
    }
}

#[test]
fn json_on_stdout_and_nothing_else() {
    let folder = workshop();
    let outcome = done(
        "subspace-overlap",
        &["one", "two", "--json", "-q"],
        folder.path(),
    );
    assert_eq!(outcome.stderr, "");
    let summary: Value = serde_json::from_str(&outcome.stdout).unwrap();
    // The answers come first.
    assert!(outcome.stdout.starts_with("{\n  \"answers\": {"));
    let shared = &summary["answers"]["overlap"][0];
    assert_eq!(
        (&shared["projection"], &shared["modules"]),
        (&json!("q_proj"), &json!(2))
    );
    assert_eq!(shared["leading"][1]["k"], 2);
    assert_eq!(summary["study"], "one-vs-two");
    assert_eq!(
        summary["adapters"][0]["scale_rule"],
        "s = α/r, α = 4 from lora_alpha"
    );
    assert_eq!(summary["overlap"][0]["modules"], 4);
    assert_eq!(summary["modules"].as_array().unwrap().len(), 4);
    assert!(summary["certificates"].is_array());
    // What changes by itself is in the record alone.
    assert_eq!(summary["seconds_reading"], Value::Null);
    let record = "out/notebooks-export/one-vs-two/run-subspace-overlap.json";
    let record: Value =
        serde_json::from_slice(&fs::read(folder.path().join(record)).unwrap()).unwrap();
    assert!(record["seconds_reading"].is_number());
    assert_eq!(record["run"], summary);
}

#[test]
fn every_command_has_help_with_an_example_and_a_version() {
    for command in ["subspace-overlap", "amplification", "regenerate", "inspect"] {
        let help = done(command, &["--help"], Path::new(".")).stdout;
        assert!(
            help.contains("Examples:") && help.contains(&format!("  {command} ")),
            "{help}"
        );
        let version = done(command, &["--version"], Path::new(".")).stdout;
        assert_eq!(
            version.trim(),
            format!("{command} {}", env!("CARGO_PKG_VERSION"))
        );
    }
}

#[test]
fn help_shows_what_a_command_uses() {
    for (command, flag, is_used) in [
        ("subspace-overlap", "--draws", false),
        ("subspace-overlap", "--basis", true),
        ("amplification", "--draws", true),
        ("amplification", "--basis", false),
        ("regenerate", "--draws", true),
        ("regenerate", "--basis", true),
        ("inspect", "--seed", false),
    ] {
        let help = done(command, &["--help"], Path::new(".")).stdout;
        assert_eq!(
            help.contains(&format!("{flag} ")),
            is_used,
            "{command} {flag}"
        );
    }
}

#[test]
fn the_shapes_used_here_are_not_square() {
    // Left and right would be mixed up unnoticed otherwise.
    assert_ne!(D_OUT, D_IN);
}
