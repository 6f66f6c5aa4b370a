//! The paths that `steps` names: patterns of files and folders, as a shell has them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::adapter::{Adapter, natural_order};
use crate::error::{Error, Result};
use crate::study::file::lines::Lines;
use crate::study::file::pattern::{is_pattern, matcher};

use super::entry::Entry;
use crate::study::run_names::real;

/// All paths of an entry in its order, what a pattern matches in natural order, each once and without
/// the last checkpoint's own.
///
/// # Errors
///
/// With the line: a pattern that is none or that matches nothing, and a path that is not there.
pub(super) fn of_entry(entry: &Entry, last: &Adapter) -> Result<Vec<PathBuf>> {
    let mut seen = vec![real(last.path())];
    let mut paths = Vec::new();
    for (number, text) in entry.entry.steps.iter().enumerate() {
        let place = entry.at(&format!("steps[{number}]"));
        let found = matched(entry.folder, text, (entry.lines, &place))?;
        if found.is_empty() {
            let (problem, remedy) = nothing(entry.folder, text);
            return Err(entry.lines.error(&place, &problem, remedy));
        }
        for path in found {
            let real = real(&path);
            if !seen.contains(&real) {
                seen.push(real);
                paths.push(path);
            }
        }
    }
    Ok(paths)
}

fn nothing(folder: &Path, text: &str) -> (String, String) {
    let folder = match folder.as_os_str().is_empty() {
        true => "this folder".into(),
        false => folder.display().to_string(),
    };
    let problem = match is_pattern(text) {
        true => format!("no file or folder matches steps = {text:?}"),
        false => format!("there is no checkpoint {text}"),
    };
    (problem, format!("paths are relative to {folder}"))
}

/// What a text names in a folder: a path as it is, or what a pattern matches, in natural order.
fn matched(folder: &Path, text: &str, at: (&Lines, &str)) -> Result<Vec<PathBuf>> {
    let literal = folder.join(text);
    if literal.exists() {
        return Ok(vec![literal]);
    }
    let root = match text.starts_with('/') {
        true => PathBuf::from("/"),
        false => folder.to_path_buf(),
    };
    let mut paths = vec![root];
    for part in text.split('/').filter(|part| !part.is_empty()) {
        let joined = paths.iter().map(|path| path.join(part));
        let there: Vec<PathBuf> = joined.filter(|path| path.exists()).collect();
        paths = match there.is_empty() && is_pattern(part) {
            true => inside(&paths, part, at)?,
            false => there,
        };
    }
    Ok(paths)
}

/// What a pattern of one name matches in some folders; hidden files where it begins with a dot.
fn inside(folders: &[PathBuf], part: &str, (lines, place): (&Lines, &str)) -> Result<Vec<PathBuf>> {
    if part == "**" {
        return Err(across(lines, place));
    }
    let matcher = matcher(lines, place, part)?;
    let mut paths = Vec::new();
    for folder in folders {
        let here = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        let entries = fs::read_dir(here).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let is_seen = |name: &String| part.starts_with('.') || !name.starts_with('.');
        let matches = |name: &String| is_seen(name) && matcher.is_match(name);
        let mut names: Vec<String> = names.filter(matches).collect();
        names.sort_by(|one, other| natural_order(one, other));
        paths.extend(names.into_iter().map(|name| folder.join(name)));
    }
    Ok(paths)
}

fn across(lines: &Lines, place: &str) -> Error {
    let problem = "`**` in a path is not understood";
    lines.error(
        place,
        problem,
        "use * within the names of folders and files",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path, text: &str) -> Vec<String> {
        let found = matched(folder, text, (&Lines::default(), "adapter[0].steps")).unwrap();
        let relative = |path: PathBuf| {
            let path = path.strip_prefix(folder).unwrap().to_path_buf();
            path.to_string_lossy().into_owned()
        };
        found.into_iter().map(relative).collect()
    }

    #[test]
    fn patterns_match_names_in_natural_order() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            "a/checkpoint-10",
            "a/checkpoint-9",
            "a/.checkpoint-8",
            "b/checkpoint-1",
            "b/[x]",
        ] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        let both = ["a/checkpoint-9", "a/checkpoint-10"];
        assert_eq!(names(root, "a/checkpoint-*"), both);
        assert_eq!(names(root, "a/checkpoint-{9,10}"), both);
        assert_eq!(
            names(root, "?/checkpoint-1*"),
            ["a/checkpoint-10", "b/checkpoint-1"]
        );
        assert_eq!(names(root, "a/.ch*"), ["a/.checkpoint-8"]);
        assert_eq!(
            names(root, "b/[x]"),
            ["b/[x]"],
            "a name that there is comes first"
        );
        fs::create_dir_all(root.join("b/[x]/step-1")).unwrap();
        assert_eq!(names(root, "b/[x]/step-*"), ["b/[x]/step-1"]);
        assert_eq!(names(root, "a/../b/checkpoint-?"), ["a/../b/checkpoint-1"]);
        assert!(names(root, "c/*").is_empty() && names(root, "a/none").is_empty());
        let wrong = |text| matched(root, text, (&Lines::default(), "")).unwrap_err();
        assert!(wrong("**/checkpoint-9").to_string().contains("`**`"));
        assert!(wrong("a/{x").to_string().contains("use * and ?"));
    }
}
