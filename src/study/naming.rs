//! A command line as a study: names for its adapters, and every pair of them.

use std::path::{Path, PathBuf};

use super::file::Definition;
use super::file::definition::{AdapterEntry, Compare, DEFAULT_DRAWS};

/// The study behind adapters and a base on a command line: every pair is compared, and each
/// adapter with the base if there is one.
pub(super) fn definition(paths: &[PathBuf], base: Option<&Path>) -> Definition {
    let names = names_of(paths);
    let adapters = names
        .iter()
        .zip(paths)
        .map(|(name, path)| AdapterEntry {
            name: name.clone(),
            path: path.clone(),
            ..AdapterEntry::default()
        })
        .collect();
    let also = (0..names.len())
        .flat_map(|i| (i + 1..names.len()).map(move |j| (i, j)))
        .map(|(i, j)| [names[i].clone(), names[j].clone()])
        .collect();
    Definition {
        name: study_name(&names),
        title: names.join(" against "),
        base: base.map(Path::to_path_buf),
        draws: DEFAULT_DRAWS,
        adapters,
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

/// Folder names, made distinct by their parents' names, then by numbers.
pub(crate) fn names_of(paths: &[PathBuf]) -> Vec<String> {
    let found: Vec<(String, String)> = paths.iter().map(|path| name_and_parent(path)).collect();
    let mut names: Vec<String> = Vec::new();
    for (name, parent) in &found {
        let clashes = found.iter().filter(|(other, _)| other == name).count() > 1;
        let stem = if clashes && !parent.is_empty() {
            format!("{parent}-{name}")
        } else {
            name.clone()
        };
        let mut wanted = stem.clone();
        let mut number = 2;
        while names.contains(&wanted) || wanted == "base" || wanted == "random" {
            wanted = format!("{stem}-{number}");
            number += 1;
        }
        names.push(wanted);
    }
    names
}

/// The name of an adapter's folder, and of the folder around it.
fn name_and_parent(path: &Path) -> (String, String) {
    // `.` and `..` have a name only once they are resolved.
    let full = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let folder = if full.is_file() {
        full.parent().unwrap_or(&full)
    } else {
        &full
    };
    let name = |path: Option<&Path>| {
        let name = path
            .and_then(Path::file_name)
            .map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_default()
    };
    let own = name(Some(folder));
    (
        if own.is_empty() {
            "adapter".into()
        } else {
            own
        },
        name(folder.parent()),
    )
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
    }
}
