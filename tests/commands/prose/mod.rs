//! Prose that cannot drift from data: every number in the READMEs and METHODS.md that is about the
//! built-in studies is a cell of their committed tables, as rounded there.
//!
//! # A sentence with a number
//!
//! A new sentence fails the test until it is in a list. Add a line to `smollm2.rs`,
//! `smollm2_answers.rs`, `smollm2_beside.rs`, `minilm.rs`, `findings.rs` or `lora_paper.rs`:
//! the file, the words as they stand there with each number in braces, and where the numbers come
//! from, in the same order:
//!
//! ```text
//! said(FILE, "reach {0.23} on average ({0.20} to {0.28})", || {
//!     let phi = phi(STUDY, "q_proj", "a", ["r8-seed0", "r64-seed1"], [8, 64]);
//!     vec![mean(&phi), least(&phi), most(&phi)]
//! }),
//! ```
//!
//! `cells.rs` has what such an expression can say. The words must stand in the file once; the value is
//! rounded to the digits that the sentence prints. What is about no data of ours, such as a
//! definition, a margin or a version, is a line of `exempt.rs` with its reason. Text in backquotes,
//! blocks of code, the targets of links and numbers of arXiv are not looked at.

mod cells;
mod exempt;
mod findings;
mod lora_paper;
mod minilm;
mod smollm2;
mod smollm2_answers;
mod smollm2_beside;

use std::collections::HashMap;
use std::fs;
use std::ops::Range;

use regex::Regex;

use crate::files::repository;

/// The texts that are held to the tables.
const FILES: [&str; 5] = [
    "README.md",
    "METHODS.md",
    "experiments/smollm2-sst2/README.md",
    "experiments/minilm-sst2/README.md",
    "experiments/lora-paper/README.md",
];

/// What a sentence says, and where its numbers come from.
pub(super) struct Said {
    file: &'static str,
    /// The words, each number in braces.
    words: &'static str,
    values: Box<dyn Fn() -> Vec<f64>>,
}

/// Words of a file with numbers in braces, and the values of these in order.
pub(super) fn said(
    file: &'static str,
    words: &'static str,
    values: impl Fn() -> Vec<f64> + 'static,
) -> Said {
    Said {
        file,
        words,
        values: Box::new(values),
    }
}

/// Where some words stand, which is one place.
fn find(file: &str, text: &str, words: &str) -> Range<usize> {
    let mut places = text.match_indices(words);
    let Some((start, _)) = places.next() else {
        panic!("{file} does not say: {words}");
    };
    assert!(places.next().is_none(), "{file} says it twice: {words}");
    start..start + words.len()
}

/// The words without braces, and the range of each number in them.
fn numbers(words: &str) -> (String, Vec<Range<usize>>) {
    let (mut plain, mut numbers, mut start) = (String::new(), Vec::new(), 0);
    for letter in words.chars() {
        match letter {
            '{' => start = plain.len(),
            '}' => numbers.push(start..plain.len()),
            other => plain.push(other),
        }
    }
    (plain, numbers)
}

/// Whole numbers as words.
const WORDS: [&str; 13] = [
    "none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
];

/// Whether a number as printed is a value, rounded to its digits.
fn is_printed(printed: &str, value: f64) -> bool {
    if let Some(count) = WORDS.iter().position(|word| *word == printed) {
        return value == count as f64;
    }
    let plain = printed.replace(',', "").replace('−', "-");
    let decimals = plain.split_once('.').map_or(0, |(_, digits)| digits.len());
    format!("{value:.decimals$}") == plain
}

fn texts() -> HashMap<&'static str, String> {
    let read = |file: &'static str| (file, fs::read_to_string(repository().join(file)).unwrap());
    FILES.into_iter().map(read).collect()
}

/// The Rust that the README asks for is the one that Cargo.toml states.
fn rust() -> Said {
    said("README.md", "With Rust ({1.92} or later)", || {
        vec![env!("CARGO_PKG_RUST_VERSION").parse().unwrap()]
    })
}

fn all() -> Vec<Said> {
    let mut all = minilm::sentences();
    all.extend(smollm2::sentences());
    all.extend(smollm2_answers::sentences());
    all.extend(smollm2_beside::sentences());
    all.extend(lora_paper::sentences());
    all.push(rust());
    all
}

#[test]
fn sentences_say_what_the_tables_say() {
    let texts = texts();
    let mut wrong = Vec::new();
    for one in all() {
        let (plain, places) = numbers(one.words);
        find(one.file, &texts[one.file], &plain);
        let values = (one.values)();
        assert_eq!(places.len(), values.len(), "{plain}: values {values:?}");
        for (place, value) in places.into_iter().zip(values) {
            if !is_printed(&plain[place.clone()], value) {
                wrong.push(format!(
                    "{}: {plain}: {} is {value}",
                    one.file, &plain[place]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A text with everything blank that is not looked at: code, and the targets of links.
fn blanked(text: &str) -> String {
    let unseen = Regex::new(r"(?s)```.*?```|`[^`\n]*`|\]\([^)\n]*\)|arXiv \d+\.\d+").unwrap();
    let blank = |found: &regex::Captures| {
        let bytes = found[0].bytes();
        bytes
            .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
            .collect::<String>()
    };
    unseen.replace_all(text, blank).into_owned()
}

/// Numbers that may be data: decimals, powers, percentages, long numbers, multiples, `3 of 12`.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let [count, of] = [1, 2].map(|from| format!(r"(?:\d+|{})", WORDS[from..].join("|")));
    let pattern = format!(
        r"\b\d[\d,]*\.\d+(?:e-?\d+)?|\b\d+e-\d+|\b\d+ %|\b\d{{1,3}}(?:,\d{{3}})+|\b\d+×|\b{count} of (?:the )?{of}\b"
    );
    let pattern = Regex::new(&pattern).unwrap();
    pattern.find_iter(text).map(|found| found.range()).collect()
}

#[test]
fn no_number_is_in_neither_list() {
    let mut missing = Vec::new();
    for (file, text) in texts() {
        let mut known: Vec<Range<usize>> = Vec::new();
        for one in all().iter().filter(|one| one.file == file) {
            let (plain, places) = numbers(one.words);
            let start = find(file, &text, &plain).start;
            known.extend(
                places
                    .into_iter()
                    .map(|place| start + place.start..start + place.end),
            );
        }
        for (_, words, _) in exempt::EXEMPT.iter().filter(|(of, ..)| *of == file) {
            known.push(find(file, &text, words));
        }
        for token in tokens(&blanked(&text)) {
            let is_known =
                |range: &Range<usize>| range.start <= token.start && token.start < range.end;
            if !known.iter().any(is_known) {
                let line = text[..token.start].lines().count();
                let start = text.floor_char_boundary(token.start.saturating_sub(60));
                let around = text[start..token.end].replace('\n', " ");
                missing.push(format!("{file}, line {line}: …{around}"));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "these numbers are neither in a list of sentences nor exempt (tests/commands/prose/mod.rs says \
         how to add them):\n{}",
        missing.join("\n")
    );
}

#[test]
fn exemptions_have_reasons_and_exempt_something() {
    let texts = texts();
    for (file, words, reason) in exempt::EXEMPT {
        assert!(reason.len() > 8, "{file}: {words}");
        let text = blanked(&texts[file]);
        let range = find(file, &texts[file], words);
        let is_in = |token: &Range<usize>| range.contains(&token.start);
        assert!(
            tokens(&text).iter().any(is_in),
            "{file}: no number in: {words}"
        );
    }
}

#[test]
fn a_number_that_drifts_is_noticed() {
    assert!(is_printed("0.30", 0.297) && !is_printed("0.30", 0.294));
    assert!(is_printed("−0.013", -0.0126) && !is_printed("0.013", -0.0126));
    assert!(is_printed("472,320", 472_320.0) && !is_printed("472,320", 472_321.0));
    assert!(is_printed("twelve", 12.0) && !is_printed("eleven", 12.0));
    let found = |text: &str| tokens(&blanked(text)).len();
    assert_eq!(
        found("0.5, 12 %, 3 of 12, six of six, 2e-13, 36,864 and 11×"),
        7
    );
    assert_eq!(found("`0.5` and [a link](v1.2) of r = 8"), 0);
}
