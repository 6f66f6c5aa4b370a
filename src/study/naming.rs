//! A command line as a study: names for its adapters, and every pair of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::adapter::is_general;

use super::file::Definition;
use super::file::definition::{AdapterEntry, Compare, DEFAULT_DRAWS, ManyEntry};
use super::given::Given;
use super::run_names::is_counter;

/// The study behind adapters and a base on a command line: every pair is compared, or `many` are put side by
/// side, and each adapter is compared with the base if there is one.
pub(super) fn definition(given: &[Given], base: Option<&Path>, many: bool) -> Definition {
    let names = names_of(&given.iter().map(Given::place).collect::<Vec<_>>());
    let adapters = names
        .iter()
        .zip(given)
        .map(|(name, given)| AdapterEntry {
            name: name.clone(),
            path: given.place(),
            factors: given.factors(),
            ..AdapterEntry::default()
        })
        .collect();
    let also = (0..names.len())
        .flat_map(|i| (i + 1..names.len()).map(move |j| (i, j)))
        .filter(|_| !many)
        .map(|(i, j)| [names[i].clone(), names[j].clone()])
        .collect();
    Definition {
        name: study_name(&names),
        title: names.join(" against "),
        base: base.map(Path::to_path_buf),
        draws: DEFAULT_DRAWS,
        adapters,
        many: many.then(ManyEntry::default),
        compare: Compare {
            base: if base.is_some() { names } else { Vec::new() },
            also,
            ..Compare::default()
        },
        ..Definition::default()
    }
}

/// `r8-vs-r64`; of many adapters the first and how many more, as it names a folder. What is longer
/// than 80 bytes is cut, and ends in eight digits of a hash of all names.
pub(crate) fn study_name(names: &[String]) -> String {
    /// File systems take 255 bytes a name, and files have the study's with an ending.
    const MOST: usize = 80;
    let name = match names {
        [first, rest @ ..] if rest.len() > 3 => format!("{first}-and-{}-more", rest.len()),
        _ => names.join("-vs-"),
    };
    if name.len() <= MOST {
        return name;
    }
    let hash = format!("{:08x}", fnv1a(&names.join("\n")));
    let cut = name.floor_char_boundary(MOST - 1 - hash.len());
    let kept = name[..cut].trim_end_matches(['-', '.', '_', ' ']);
    format!("{kept}-{hash}")
}

/// FNV-1a of 32 bits (Fowler, Noll & Vo): it names folders, and must be the same in every version.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Names of folders, and of files that have a name of their own: made distinct by the folders around
/// them, then by numbers.
pub(crate) fn names_of(paths: &[PathBuf]) -> Vec<String> {
    let found: Vec<Vec<String>> = paths.iter().map(|path| parts(path)).collect();
    let counters = || found.iter().filter(|parts| is_counter(&parts[0]));
    // `checkpoint-500` is a name among the checkpoints of one run.
    let runs: BTreeSet<Option<&String>> = counters().map(|parts| parts.get(1)).collect();
    let mut names: Vec<String> = Vec::new();
    for (place, parts) in found.iter().enumerate() {
        let others = found
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place);
        let least = usize::from(runs.len() > 1 && is_counter(&parts[0]));
        let alike = others.map(|(_, other)| alike(parts, other)).max();
        let count = 1 + alike.unwrap_or(0).max(least);
        let mut stem: Vec<&str> = parts.iter().take(count).map(String::as_str).collect();
        stem.reverse();
        let stem = stem.join("-");
        let (mut wanted, mut number) = (stem.clone(), 2);
        while names.contains(&wanted) || wanted == "base" || wanted == "random" {
            wanted = format!("{stem}-{number}");
            number += 1;
        }
        names.push(wanted);
    }
    names
}

/// How many last parts of two paths are alike; of one path given twice the last alone.
fn alike(one: &[String], other: &[String]) -> usize {
    if one == other {
        return 1;
    }
    let both = one.iter().zip(other);
    both.take_while(|(one, other)| one == other).count()
}

/// What an adapter is called, then the folders around it, the nearest first. A link is called as it
/// was typed.
fn parts(path: &Path) -> Vec<String> {
    let is_named = path.file_name().is_some();
    // `.` and `..` have a name only once they are resolved.
    let full = match is_named {
        true => std::path::absolute(path),
        false => path.canonicalize(),
    };
    let full = full.unwrap_or_else(|_| path.to_path_buf());
    let named = full
        .iter()
        .filter(|part| Path::new(part).file_name().is_some());
    let mut parts: Vec<String> = named
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    parts.reverse();
    if full.is_file() {
        let stem = full
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        match stem {
            Some(stem) if !is_general(&stem) => parts[0] = stem,
            _ if parts.len() > 1 => drop(parts.remove(0)),
            _ => {}
        }
    } else if parts.len() > 1 && parts[0] == "adapter_model" {
        parts.remove(0);
    }
    if parts.is_empty() {
        parts.push("adapter".into());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_stay_short() {
        let name = |names: &[&str]| {
            study_name(
                &names
                    .iter()
                    .map(|name| name.to_string())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(name(&["r8", "r64"]), "r8-vs-r64");
        assert_eq!(name(&["a", "b", "c", "d"]), "a-vs-b-vs-c-vs-d");
        assert_eq!(name(&["a", "b", "c", "d", "e"]), "a-and-4-more");
        let (long, other) = ("x".repeat(300), "x".repeat(301));
        let cut = name(&[&long, "b"]);
        assert_eq!(cut.len(), 80);
        assert!(cut.starts_with("xxxx"), "{cut}");
        assert_ne!(cut, name(&[&other, "b"]));
        assert_ne!(cut, name(&[&long, "b", "c", "d", "e"]));
        assert_eq!(cut, name(&[&long, "b"]));
        // Of two bytes each: the cut falls on a boundary.
        let umlauts = name(&[&"ü".repeat(90), "b"]);
        assert!(umlauts.len() <= 80 && umlauts.starts_with('ü'), "{umlauts}");
    }

    #[test]
    fn fnv1a_is_that_of_its_authors() {
        assert_eq!(fnv1a(""), 0x811c9dc5);
        assert_eq!(fnv1a("a"), 0xe40c292c);
        assert_eq!(fnv1a("foobar"), 0xbf9cf968);
    }

    #[test]
    fn names_are_distinct_and_not_reserved() {
        let names = |paths: &[&str]| names_of(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(names(&["runs/r8", "runs/r64"]), ["r8", "r64"]);
        assert_eq!(
            names(&["one/adapter", "two/adapter"]),
            ["one-adapter", "two-adapter"]
        );
        assert_eq!(names(&["runs/r8", "runs/r8"]), ["runs-r8", "runs-r8-2"]);
        assert_eq!(names(&["base", "x"]), ["base-2", "x"]);
        assert_eq!(
            names(&["x/a/adapter", "y/a/adapter"]),
            ["x-a-adapter", "y-a-adapter"]
        );
    }

    #[test]
    fn files_and_checkpoints_have_names_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let names = |paths: &[&str]| {
            let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
            for path in &paths {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                match path.extension() {
                    Some(_) => std::fs::write(path, "").unwrap(),
                    None => std::fs::create_dir_all(path).unwrap(),
                }
            }
            names_of(&paths)
        };
        assert_eq!(
            names(&[
                "loras/style-r4-e10.safetensors",
                "loras/style-r8.safetensors"
            ]),
            ["style-r4-e10", "style-r8"]
        );
        assert_eq!(
            names(&[
                "r8/adapter_model.safetensors",
                "r4/pytorch_lora_weights.safetensors"
            ]),
            ["r8", "r4"]
        );
        assert_eq!(
            names(&[
                "r2/model.safetensors.index.json",
                "r1/adapter_model-00001-of-00002.safetensors"
            ]),
            ["r2", "r1"]
        );
        assert_eq!(
            names(&["a/checkpoint-5", "a/checkpoint-10"]),
            ["checkpoint-5", "checkpoint-10"]
        );
        assert_eq!(
            names(&["a/checkpoint-5", "b/checkpoint-10"]),
            ["a-checkpoint-5", "b-checkpoint-10"]
        );
        assert_eq!(names(&["c/checkpoint-5/adapter_model"]), ["checkpoint-5"]);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.join("a/checkpoint-5"), root.join("link4")).unwrap();
            assert_eq!(names(&["link4"]), ["link4"]);
        }
    }
}
