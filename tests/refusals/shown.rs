//! Names that files bring: whatever they hold, a message is one line, and only the program writes its
//! `error:`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::programs::{Outcome, run};
use crate::workshop::{AdapterFolder, workshop};

/// Clears a terminal, sets its title, ends a line, claims success, and turns the rest around.
const EVIL: &str = "\u{1b}[2J\u{1b}]0;t\u{7}x\0y\r\nerror: all is fine\u{202e}\u{2028}\u{9b}31m";

/// Nothing in what was said reaches the terminal but text and ends of lines.
fn is_clean(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        let wild = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2028}".contains(c));
        assert!(!text.contains(wild), "{text:?}");
        assert!(!text.contains("\nerror: all is fine"), "{text}");
    }
}

fn refused(command: &str, arguments: &[&str], folder: &Path) {
    let outcome = run(command, arguments, folder);
    assert!([1, 2].contains(&outcome.code), "{}", outcome.stderr);
    is_clean(&outcome);
    let error = outcome.error();
    assert!(
        error.contains("\\u{1b}[2J") && error.contains("\\r\\nerror: all is fine\\u{202e}"),
        "{error}"
    );
    let errors = outcome
        .stderr
        .lines()
        .filter(|line| line.starts_with("error:"));
    assert_eq!(errors.count(), 1, "{}", outcome.stderr);
}

#[test]
fn a_config_cannot_write_lines_of_its_own() {
    for field in ["peft_type", "init_lora_weights", "lora_alpha"] {
        let folder = workshop();
        let bad = AdapterFolder::new(2, 1).field(field, Value::String(EVIL.into()));
        bad.save(&folder.path().join("bad"));
        // As JSON, which escapes control characters of its own.
        let outcome = run("inspect", &["bad"], folder.path());
        is_clean(&outcome);
        assert_eq!(outcome.code, 1, "{field}");
        assert!(outcome.error().contains("[2J"), "{}", outcome.stderr);
    }
    let folder = workshop();
    let bad = AdapterFolder::new(2, 1).field("peft_type", json!(EVIL));
    bad.save(&folder.path().join("bad"));
    refused("inspect", &["bad"], folder.path());
}

#[test]
fn nor_can_a_study_or_a_path() {
    let folder = workshop();
    let key = EVIL.escape_default().to_string();
    let key: String = key
        .replace("\\u{", "\\U{")
        .split("\\U{")
        .enumerate()
        .map(|(place, part)| match place {
            0 => part.to_string(),
            _ => {
                let (digits, rest) = part.split_once('}').unwrap();
                format!("\\u{digits:0>4}{rest}")
            }
        })
        .collect();
    fs::write(folder.path().join("study.toml"), format!("\"{key}\" = 1\n")).unwrap();
    refused("regenerate", &["study.toml"], folder.path());
    let path = EVIL.replace('\0', "");
    refused("inspect", &[&path], folder.path());
    // clap leaves out what is no text itself.
    for flag in [&[&*format!("--{path}")][..], &["--basis", &path]] {
        let outcome = run(
            "subspace-overlap",
            &[&["one", "two"], flag].concat(),
            folder.path(),
        );
        is_clean(&outcome);
        assert_eq!(outcome.code, 2);
    }
}

#[test]
fn names_of_tensors_and_of_the_base_are_shown_escaped() {
    let folder = workshop();
    let odd = AdapterFolder::new(2, 1)
        .field("base_model_name_or_path", json!(EVIL))
        .tensors(|tensors| {
            tensors
                .with(&format!("lora_{EVIL}"), &[2, 2], 3)
                .with(EVIL, &[2, 2], 3)
        });
    odd.save(&folder.path().join("odd"));
    let outcome = run("inspect", &["odd"], folder.path());
    is_clean(&outcome);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome.stdout.contains("base      \\u{1b}[2J"),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome
            .stdout
            .lines()
            .filter(|line| line.contains("all is fine"))
            .count()
            >= 2
    );
    refused("subspace-overlap", &["odd", "two"], folder.path());
}

#[test]
fn a_very_long_name_is_cut_once() {
    let folder = workshop();
    let bad = AdapterFolder::new(2, 1).field("peft_type", json!("x".repeat(10_000_000)));
    bad.save(&folder.path().join("bad"));
    let outcome = run("inspect", &["bad"], folder.path());
    let error = outcome.error();
    assert_eq!(outcome.code, 1);
    assert!(error.chars().count() < 4200, "{}", error.len());
    // The file at the start, the remedy at the end.
    assert!(
        error.contains("adapter_config.json") && error.contains("characters are left out here")
    );
    assert!(!error.ends_with('x'), "{}", &error[error.len() - 100..]);
}
