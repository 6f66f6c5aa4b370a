//! How a study names files: from its own folder, with links as they were typed.

use std::env;
use std::path::{Component, Path, PathBuf};

use crate::study::without_parents;

/// The folder of a study to be, as the file system has it.
pub(super) struct Home {
    folder: PathBuf,
    /// The folder that results go to.
    out: PathBuf,
}

impl Home {
    /// Of the study at `place`, under `out`.
    pub(super) fn of(place: &Path, out: &Path) -> Self {
        let folder = place.parent().unwrap_or(Path::new(""));
        Home {
            folder: existing(folder),
            out: existing(out),
        }
    }

    /// A path as the study's file has it. What was typed relative, and whatever lies under `out`, is
    /// relative to the study's folder; what was typed absolute stays. A link keeps its name.
    pub(super) fn name(&self, typed: &Path) -> String {
        if !is_place(typed) {
            // A name in the Hugging Face cache.
            return text(typed);
        }
        let full = without_parents(&full(typed));
        if typed.is_absolute() && !full.starts_with(&self.out) {
            return text(&full);
        }
        text(&between(&self.folder, &full))
    }
}

/// Whether somebody means a path: one that is there, or a pattern of such.
pub(super) fn is_place(typed: &Path) -> bool {
    typed.exists() || text(typed).contains(['*', '?'])
}

/// A path from the root, with its links.
pub(super) fn full(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

/// A folder without links, as far as it is there.
fn existing(folder: &Path) -> PathBuf {
    let full = match folder.is_absolute() {
        true => folder.to_path_buf(),
        false => env::current_dir().unwrap_or_default().join(folder),
    };
    let mut missing = Vec::new();
    let mut known = full.as_path();
    loop {
        if let Ok(real) = known.canonicalize() {
            return missing
                .iter()
                .rev()
                .fold(real, |path, name| path.join(name));
        }
        match (known.parent(), known.file_name()) {
            (Some(parent), Some(name)) => {
                missing.push(name.to_owned());
                known = parent;
            }
            _ => return full,
        }
    }
}

/// The way from one folder to another place, both absolute.
fn between(from: &Path, to: &Path) -> PathBuf {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let both = from.iter().zip(&to).take_while(|(one, other)| one == other);
    let shared = both.count();
    let up = from[shared..].iter().map(|_| Component::ParentDir);
    up.chain(to[shared..].iter().copied()).collect()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_between_places() {
        for (from, to, expected) in [
            ("/a/experiments/s", "/a/runs/r8", "../../runs/r8"),
            ("/a/x/experiments/s", "/a/runs", "../../../runs"),
            ("/a", "/a/b", "b"),
            ("/a/b", "/c", "../../c"),
        ] {
            assert_eq!(between(Path::new(from), Path::new(to)), Path::new(expected));
        }
    }
}
