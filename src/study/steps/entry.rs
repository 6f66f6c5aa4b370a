//! An entry whose checkpoints are looked for.

use std::path::Path;

use crate::error::Error;
use crate::study::file::definition::AdapterEntry;
use crate::study::file::lines::Lines;

/// An entry of a study and its place there.
pub(in crate::study) struct Entry<'a> {
    pub(in crate::study) entry: &'a AdapterEntry,
    pub(in crate::study) number: usize,
    pub(in crate::study) folder: &'a Path,
    pub(in crate::study) lines: &'a Lines,
}

impl Entry<'_> {
    /// The place of one of its keys.
    pub(super) fn at(&self, key: &str) -> String {
        format!("adapter[{}].{key}", self.number)
    }

    /// An error about its checkpoints.
    pub(super) fn error(&self, problem: &str, remedy: &str) -> Error {
        self.lines.error(&self.at("steps"), problem, remedy)
    }

    /// An error that was met at a checkpoint.
    pub(super) fn locate(&self, key: &str, path: &Path, error: Error) -> Error {
        let what = format!("checkpoint {} of {}", path.display(), self.entry.name);
        self.lines.locate(&self.at(key), &what, error)
    }
}
