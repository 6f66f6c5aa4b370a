//! The rooms of ARCHITECTURE.md, held against the code: who may name whom.
//!
//! - `source`: what one file defines, brings into scope and names
//! - `tree`: all files, and which file a path leads to
//! - `circles`: files that import each other
//! - `planted`: small trees with circles that must be found

mod circles;
mod planted;
mod source;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tree::{Root, Tree};

/// Each crate of ours, and the folder of its sources.
const ROOTS: [Root; 2] = [
    ("lora_subspace_core", "crates/core/src"),
    ("lora_subspace", "src"),
];

/// Room, the rooms it may import: of those above it.
const ROOMS: [(&str, &[&str]); 23] = [
    ("error", &[]),
    ("files", &["error"]),
    ("setting", &[]),
    ("asked", &["setting"]),
    ("linalg", &["error"]),
    ("tensors", &["error", "files"]),
    (
        "adapter",
        &["error", "files", "setting", "linalg", "tensors"],
    ),
    (
        "base",
        &["error", "setting", "files", "linalg", "tensors", "adapter"],
    ),
    ("measure", &["error", "linalg", "adapter"]),
    ("paper", &["error"]),
    ("table", &["error", "paper"]),
    ("results", &["adapter", "measure", "table"]),
    ("cache", &["files"]),
    (
        "study",
        &[
            "error", "asked", "files", "tensors", "adapter", "base", "measure", "paper", "table",
            "results", "cache",
        ],
    ),
    (
        "findings",
        &[
            "error", "linalg", "adapter", "measure", "paper", "table", "results", "study",
        ],
    ),
    (
        "run",
        &[
            "error", "asked", "linalg", "adapter", "measure", "paper", "table", "results", "cache",
            "study", "findings",
        ],
    ),
    (
        "parts",
        &[
            "error", "asked", "files", "linalg", "table", "results", "study", "run",
        ],
    ),
    (
        "init",
        &["error", "asked", "files", "adapter", "paper", "study"],
    ),
    ("demo", &["error", "linalg"]),
    ("figure", &["error", "measure", "paper", "table"]),
    ("report", &["error", "paper", "measure", "table", "figure"]),
    (
        "publish",
        &[
            "error", "asked", "files", "linalg", "measure", "paper", "table", "results", "cache",
            "study", "findings", "run", "parts", "figure", "report",
        ],
    ),
    (
        "cli",
        &[
            "error", "asked", "setting", "linalg", "adapter", "base", "measure", "paper", "table",
            "cache", "study", "parts", "init", "demo", "figure", "publish",
        ],
    ),
];

/// Library, the only place that may name it.
const KEEPERS: [(&str, &str); 16] = [
    ("ndarray_linalg", "linalg/"),
    ("rand_pcg", "linalg/haar.rs"),
    ("statrs", "measure/significance.rs"),
    ("safetensors", "tensors/header.rs"),
    ("fancy_regex", "adapter/pattern.rs"),
    ("zip", "tensors/"),
    ("lapack_sys", "linalg/lapack.rs"),
    ("plotters", "figure/pen.rs"),
    ("krilla", "figure/render.rs"),
    ("postcard", "parts/file.rs"),
    ("etcetera", "cache/mod.rs"),
    ("clap", "cli/"),
    ("clap_complete", "cli/completions.rs"),
    ("clap_mangen", "cli/completions.rs"),
    ("indicatif", "cli/talk.rs"),
    ("signal_hook", "cli/signals.rs"),
];

/// What a pure room must not name: files, the environment, the clock.
const IMPURE: [&str; 4] = ["std::fs", "std::env", "std::time", "std::io"];

/// What a pure room must not call.
const PRINTING: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

/// The sources by their names in the repository, `src/lib.rs` for one.
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
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for (_, folder) in ROOTS {
        walk(&repository.join(folder), &mut files);
    }
    let mut sources = BTreeMap::new();
    for path in files {
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(repository).unwrap().to_string_lossy();
            let text = fs::read_to_string(&path).unwrap();
            sources.insert(name.replace('\\', "/"), text);
        }
    }
    sources
}

fn tree(with_tests: bool) -> Tree {
    Tree::new(&sources(), &ROOTS, with_tests)
}

/// A file's room: the folder or file below `src/` that it is in.
fn room_of(file: &str) -> &str {
    let in_source = ROOTS
        .iter()
        .find_map(|(_, folder)| tree::inside(file, folder));
    let room = in_source.unwrap().split('/').next().unwrap();
    room.trim_end_matches(".rs")
}

#[test]
fn no_file_is_in_a_circle() {
    let imports = tree(false).imports();
    let circles = circles::circles(&imports);
    let described: Vec<String> = circles
        .iter()
        .map(|circle| circles::describe(circle, &imports))
        .collect();
    assert!(
        circles.is_empty(),
        "{} circles of files; what is passed to many belongs in a file that imports none of them, \
         so move the items in brackets out of the file that also uses the others:\n\n{}\n",
        circles.len(),
        described.join("\n\n")
    );
}

#[test]
fn every_path_is_followed_to_an_item() {
    for with_tests in [false, true] {
        let lost = tree(with_tests).lost();
        assert!(lost.is_empty(), "these lead nowhere: {lost:#?}");
    }
}

#[test]
fn rooms_import_only_rooms_above_them() {
    for (number, (room, allowed)) in ROOMS.iter().enumerate() {
        for import in *allowed {
            let above = ROOMS[..number].iter().any(|(name, _)| name == import);
            assert!(
                above,
                "`{room}` may import `{import}`, which is not above it"
            );
        }
    }
}

/// Unit tests are held to this too: they are built with their room.
#[test]
fn rooms_import_only_what_they_may() {
    let mut checked = 0;
    for (file, imported) in tree(true).imports() {
        let room = room_of(&file);
        if room == "lib" || room == "bin" {
            continue;
        }
        let (_, allowed) = ROOMS
            .iter()
            .find(|(name, _)| *name == room)
            .unwrap_or_else(|| panic!("{file}: room `{room}` is not in the table"));
        for (other, items) in imported {
            checked += 1;
            let import = room_of(&other);
            assert!(
                import == room || allowed.contains(&import),
                "{file} imports `{import}` ({items:?} of {other}), and {room} may import {allowed:?}"
            );
        }
    }
    assert!(
        checked > 300,
        "only {checked} imports were seen: is this test reading the sources?"
    );
}

#[test]
fn nobody_imports_the_command_line() {
    for (file, imported) in tree(true).imports() {
        if room_of(&file) != "cli" && room_of(&file) != "bin" {
            for other in imported.keys() {
                assert_ne!(room_of(other), "cli", "{file} imports {other}");
            }
        }
    }
}

/// The files whose code names something below a path. A single word may be a variable.
fn users(tree: &Tree, start: &str) -> BTreeSet<String> {
    let start: Vec<&str> = start.split("::").collect();
    let begins_so = |path: &[String]| {
        let segments = path.iter().filter(|segment| !segment.is_empty());
        segments.take(start.len()).eq(&start)
    };
    let mut users = BTreeSet::new();
    for module in tree.modules() {
        let mut brought = module.scope.uses.iter();
        let mut named = module.scope.paths.iter();
        if brought.any(|line| begins_so(&line.path))
            || named.any(|path| path.len() > start.len() && begins_so(path))
        {
            users.insert(module.file.clone());
        }
    }
    users
}

#[test]
fn each_library_has_one_keeper() {
    let tree = tree(true);
    for (library, keeper) in KEEPERS {
        let users = users(&tree, library);
        assert!(!users.is_empty(), "nobody uses {library}: drop it");
        for file in users {
            assert!(
                file.contains(&format!("src/{keeper}")),
                "{file} names {library}, which is {keeper}'s"
            );
        }
    }
}

#[test]
fn one_file_names_plotters() {
    assert_eq!(users(&tree(true), "plotters").len(), 1);
}

#[test]
fn measures_are_pure() {
    let tree = tree(true);
    for name in IMPURE {
        for file in users(&tree, name) {
            let is_pure = ["measure", "linalg"].contains(&room_of(&file));
            assert!(!is_pure, "{file} is not pure: {name}");
        }
    }
    for module in tree.modules() {
        if ["measure", "linalg"].contains(&room_of(&module.file)) {
            for name in PRINTING {
                let file = &module.file;
                assert!(!module.scope.calls.contains(name), "{file} prints: {name}!");
            }
        }
    }
}

#[test]
fn bins_are_short() {
    for (file, text) in sources() {
        if room_of(&file) == "bin" {
            assert!(text.lines().count() <= 100, "{file} is over 100 lines");
        }
    }
}

/// A remedy names the library's option; `Setting` and `Asked` let a program spell it as a flag.
#[test]
fn only_the_command_line_knows_flags() {
    for (file, text) in sources() {
        // One names a flag of Hugging Face's own program, one says in a study what wrote it.
        let names_a_command = ["tensors/hub.rs", "init/text.rs"];
        if ["cli", "bin"].contains(&room_of(&file))
            || names_a_command.iter().any(|end| file.ends_with(end))
        {
            continue;
        }
        let code = text
            .lines()
            .map(|line| line.split("//").next().unwrap_or(""))
            .filter(|line| !line.contains("cargo run --release"));
        for line in code {
            for (start, _) in line.match_indices("--") {
                let before = line[..start].chars().next_back().unwrap_or(' ');
                let after = line[start + 2..].chars().next().unwrap_or(' ');
                assert!(
                    before.is_alphanumeric() || !after.is_alphabetic(),
                    "{file} names a flag: let `Setting` or `Asked` name the option: {line}"
                );
            }
        }
    }
}
