//! Texts that are no regular files or too long: refused at once.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use crate::programs::run;
use crate::refused::{refused_with, with_bad};
use crate::study;
use crate::workshop::workshop;

const ROWS: &str = "name = \"s\"\nrows = \".\"\n";

/// The study of a folder is refused for one of its files, with some words.
fn refused(folder: &Path, file: &str, words: &[&str]) {
    let outcome = run("regenerate", &["study.toml", "--out", "out"], folder);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    let error = outcome.error();
    let place = format!("{file}: cannot read: ");
    for word in [place.as_str()].iter().chain(words) {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    assert!(!folder.join("out").exists());
}

/// Puts a pipe in a file's place. Whoever opened it would wait without end.
#[cfg(unix)]
fn pipe(path: &Path) {
    if path.exists() {
        fs::remove_file(path).unwrap();
    }
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let words = [
        "a regular file was expected, and it is a pipe or a device",
        "; give a file on disk",
    ];
    let folder = workshop();
    let place = |name: &str| folder.path().join(name);
    pipe(&place("study.toml"));
    refused(folder.path(), "study.toml", &words);
    fs::remove_file(place("study.toml")).unwrap();
    for (text, table) in [
        (
            study::with("").replacen('\n', "\nruns = \"runs.csv\"\n", 1),
            "runs.csv",
        ),
        (ROWS.into(), "runs.csv"),
        (ROWS.into(), "overlap.csv"),
    ] {
        fs::write(place("study.toml"), text).unwrap();
        pipe(&place(table));
        refused(folder.path(), table, &words);
        fs::remove_file(place(table)).unwrap();
    }
    let folder = with_bad(|adapter| adapter);
    pipe(&folder.path().join("bad/adapter_config.json"));
    refused_with(folder.path(), &["bad", "two"], &words);
}

#[test]
fn a_text_that_is_too_long() {
    let words = [
        "a text of at most 64 MiB was expected",
        "; check that it is the file that you mean",
    ];
    // Nothing of it is written to the disk.
    let long = |path: &Path| File::create(path).unwrap().set_len((64 << 20) + 1).unwrap();
    let folder = with_bad(|adapter| adapter);
    long(&folder.path().join("study.toml"));
    refused(folder.path(), "study.toml", &words);
    fs::write(folder.path().join("study.toml"), ROWS).unwrap();
    // Tables are read line by line.
    long(&folder.path().join("runs.csv"));
    let line = ["a line of at most 64 MiB was expected", words[1]];
    refused(folder.path(), "runs.csv", &line);
    long(&folder.path().join("bad/adapter_config.json"));
    refused_with(folder.path(), &["bad", "two"], &words);
}
