//! The rooms of ARCHITECTURE.md, held against the code: who may name whom.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Room, the rooms it may import.
const ROOMS: [(&str, &[&str]); 12] = [
    ("error", &[]),
    ("setting", &[]),
    ("linalg", &["error"]),
    ("tensors", &["error"]),
    ("adapter", &["error", "setting", "linalg", "tensors"]),
    ("base", &["error", "tensors", "adapter"]),
    ("measure", &["error", "linalg", "adapter"]),
    ("table", &["error"]),
    (
        "study",
        &[
            "error", "linalg", "tensors", "adapter", "base", "measure", "table",
        ],
    ),
    ("figure", &["error", "table"]),
    ("report", &["error", "table", "figure"]),
    (
        "cli",
        &[
            "error", "setting", "linalg", "tensors", "adapter", "base", "measure", "table",
            "study", "figure", "report",
        ],
    ),
];

/// Library, the only place that may name it.
const KEEPERS: [(&str, &str); 10] = [
    ("ndarray_linalg", "linalg/"),
    ("rand_pcg", "linalg/haar.rs"),
    ("statrs", "measure/significance.rs"),
    ("safetensors", "tensors/header.rs"),
    ("zip", "tensors/torch/archive.rs"),
    ("lapack_sys", "linalg/lapack.rs"),
    ("plotters", "figure/pen.rs"),
    ("krilla", "figure/render.rs"),
    ("clap", "cli/"),
    ("indicatif", "cli/talk.rs"),
];

/// What a pure room must not contain: files, printing, the clock.
const IMPURE: [&str; 6] = [
    "std::fs",
    "std::env",
    "std::time",
    "println!",
    "eprintln!",
    "std::io",
];

fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files)
            } else {
                files.push(path)
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            (name, code_of(&fs::read_to_string(&path).unwrap()))
        })
        .collect()
}

/// The text without comments, so that a mention in prose is no import.
fn code_of(text: &str) -> String {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n")
}

fn room_of(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The names after `crate::` in a file, lists in braces included.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        let rest = &code[start + "crate::".len()..];
        let list = rest
            .strip_prefix('{')
            .map(|rest| rest.split('}').next().unwrap_or(""));
        for item in list.unwrap_or(rest).split(',') {
            let name: String = item
                .trim()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            found.push(if name == "Error" || name == "Result" {
                "error".into()
            } else {
                name
            });
            if list.is_none() {
                break;
            }
        }
    }
    found
}

#[test]
fn rooms_import_only_what_they_may() {
    let mut checked = 0;
    for (file, code) in sources() {
        let room = room_of(&file);
        if room == "lib" || room == "bin" {
            continue;
        }
        let (_, allowed) = ROOMS
            .iter()
            .find(|(name, _)| *name == room)
            .unwrap_or_else(|| panic!("src/{file}: room `{room}` is not in the table"));
        for import in imports(&code) {
            checked += 1;
            assert!(
                import == room || allowed.contains(&import.as_str()),
                "src/{file} imports `{import}`, and {room} may import {allowed:?}"
            );
        }
    }
    assert!(
        checked > 50,
        "only {checked} imports were seen: is this test reading the sources?"
    );
}

#[test]
fn nobody_imports_the_command_line() {
    for (file, code) in sources() {
        if room_of(&file) != "cli" && room_of(&file) != "bin" {
            assert!(
                !imports(&code).contains(&"cli".to_string()),
                "src/{file} imports cli"
            );
        }
    }
}

#[test]
fn each_library_has_one_keeper() {
    for (library, keeper) in KEEPERS {
        let users: Vec<String> = sources()
            .into_iter()
            .filter(|(_, code)| names(code, library))
            .map(|(file, _)| file)
            .collect();
        assert!(!users.is_empty(), "nobody uses {library}: drop it");
        for file in users {
            assert!(
                file.starts_with(keeper),
                "src/{file} names {library}, which is {keeper}'s"
            );
        }
    }
}

#[test]
fn one_file_names_plotters() {
    let users = sources()
        .into_values()
        .filter(|code| names(code, "plotters"))
        .count();
    assert_eq!(users, 1);
}

#[test]
fn measures_are_pure() {
    for (file, code) in sources() {
        if ["measure", "linalg"].contains(&room_of(&file)) {
            for name in IMPURE {
                assert!(!code.contains(name), "src/{file} is not pure: {name}");
            }
        }
    }
}

#[test]
fn bins_are_short() {
    for (file, code) in sources() {
        if room_of(&file) == "bin" {
            assert!(code.lines().count() <= 100, "src/{file} is over 100 lines");
        }
    }
}

/// Whether code uses a crate's path, as `name::`.
fn names(code: &str, library: &str) -> bool {
    code.match_indices(&format!("{library}::"))
        .any(|(start, _)| {
            !code[..start].ends_with(|before: char| before.is_alphanumeric() || before == '_')
        })
}

#[test]
fn the_numbers_know_no_flags() {
    let core = ["adapter", "base", "linalg", "measure", "setting", "tensors"];
    for (file, code) in sources() {
        // It names a flag of Hugging Face's own program.
        if !core.contains(&room_of(&file)) || file == "tensors/hub.rs" {
            continue;
        }
        for (start, _) in code.match_indices("--") {
            let before = code[..start].chars().next_back().unwrap_or(' ');
            let after = code[start + 2..].chars().next().unwrap_or(' ');
            assert!(
                before.is_alphanumeric() || !after.is_alphabetic(),
                "src/{file} names a flag: let `Setting` name the option"
            );
        }
    }
}
