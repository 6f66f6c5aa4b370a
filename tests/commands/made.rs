//! Runs that must succeed, and what they made.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::programs::{Outcome, run};

pub(crate) fn done(command: &str, arguments: &[&str], folder: &Path) -> Outcome {
    let outcome = run(command, arguments, folder);
    assert_eq!(
        outcome.code, 0,
        "{command} {arguments:?}: {}",
        outcome.stderr
    );
    outcome
}

/// A file's SHA-256, by coreutils.
pub(crate) fn sha256sum(file: &Path) -> String {
    let output = Command::new("sha256sum").arg(file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().next().unwrap().to_string()
}

/// The rows of a table, without `component`, which is empty in models of one part.
pub(crate) fn table(folder: &Path, study: &str, name: &str) -> Vec<csv::StringRecord> {
    let path = folder.join("out/notebooks-export").join(study).join(name);
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let kept = |(column, _): &(&str, &str)| *column != "component";
    let row = |record: csv::Result<csv::StringRecord>| -> csv::StringRecord {
        let record = record.unwrap();
        let cells = header.iter().zip(&record).filter(kept);
        cells.map(|(_, cell)| cell).collect()
    };
    reader.records().map(row).collect()
}

pub(crate) fn header(folder: &Path, study: &str, name: &str) -> String {
    let path = folder.join("out/notebooks-export").join(study).join(name);
    fs::read_to_string(path)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_string()
}

/// The figures of a study with a base, two ranks and two seeds.
pub(crate) const OF_EVERYTHING: [&str; 10] = [
    "amplification",
    "figure3",
    "figure4",
    "figure6",
    "figure7",
    "figure8",
    "placement",
    "seeds",
    "sizes",
    "spectrum",
];

/// The files of figures: pictures, and captions as text.
pub(crate) fn figure_files(figures: &[&str]) -> Vec<String> {
    with_ends(figures, &["pdf", "png", "svg", "caption.md", "caption.tex"])
}

/// The same where pictures are made as SVG alone.
pub(crate) fn in_svg(figures: &[&str]) -> Vec<String> {
    with_ends(figures, &["svg", "caption.md", "caption.tex"])
}

fn with_ends(figures: &[&str], ends: &[&str]) -> Vec<String> {
    let of = |figure: &&str| -> Vec<String> {
        let ends = ends.iter();
        ends.map(|end| format!("{figure}.{end}")).collect()
    };
    let mut names: Vec<String> = figures.iter().flat_map(of).collect();
    names.sort();
    names
}
