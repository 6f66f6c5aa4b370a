//! The files that a study makes, and those of earlier runs that it does not make any more.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::files;
use crate::paper::Table;

use super::artifact::{FILES, figures_folder, name_of, tables_folder};

/// Names of what a study makes. Report, notebook and pictures are made from these tables alone,
/// whatever else lies beside them.
pub(super) struct Products {
    study: String,
    tables: Vec<String>,
    /// Names of its figures without endings; `None` where a run makes tables only.
    figures: Option<Vec<String>>,
}

impl Products {
    /// The tables of a run by their places.
    pub(super) fn new<'a>(study: &str, places: impl Iterator<Item = &'a Path>) -> Self {
        Products {
            study: study.into(),
            tables: places.map(name_of).collect(),
            figures: None,
        }
    }

    /// With the names of its figures.
    pub(super) fn with(self, figures: Option<Vec<String>>) -> Self {
        Products { figures, ..self }
    }

    /// A table that is made, as it lies under `out`.
    ///
    /// # Errors
    ///
    /// When something is there that cannot be read.
    pub(super) fn open(&self, out: &Path, name: &str) -> Result<Option<File>> {
        let is_made = self.tables.iter().any(|made| made == name);
        let path = out.join(tables_folder(&self.study)).join(name);
        let is_there = is_made && files::is_there(&path);
        Ok(is_there.then(|| files::open(&path)).transpose()?)
    }

    /// Pictures, and files under the names of our tables, that the study does not make. What a
    /// reader keeps beside the tables under another name is theirs.
    pub(super) fn strays(&self, out: &Path) -> Vec<PathBuf> {
        let tables = self.in_folder(out, &tables_folder(&self.study), |path| {
            let name = name_of(path);
            let (stem, end) = name.split_once('.').unwrap_or((&name, ""));
            let is_ours = FILES.contains(&&*name)
                || Table::ALL.iter().any(|table| table.stem() == stem)
                    && ["csv", "md", "tex"].contains(&end);
            is_ours && !self.tables.iter().any(|made| **made == *name)
        });
        let Some(figures) = &self.figures else {
            return tables;
        };
        let pictures = self.in_folder(out, &figures_folder(&self.study), |path| {
            let stem = path.file_stem().unwrap_or_default();
            !figures.iter().any(|name| stem == name.as_str())
        });
        pictures.into_iter().chain(tables).collect()
    }

    fn in_folder(&self, out: &Path, folder: &Path, is: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
        let entries = fs::read_dir(out.join(folder)).into_iter().flatten();
        let mut paths: Vec<PathBuf> = entries
            .flatten()
            .filter(|entry| !is_hidden(entry))
            .map(|entry| folder.join(entry.file_name()))
            .filter(|path| is(path))
            .collect();
        paths.sort();
        paths
    }
}

/// Whether any run has left something under `out`.
pub fn is_anything_made(out: &Path, study: &str) -> bool {
    let mut folders = [tables_folder(study), figures_folder(study)].into_iter();
    folders.any(|folder| {
        let mut entries = fs::read_dir(out.join(folder))
            .into_iter()
            .flatten()
            .flatten();
        entries.any(|entry| !is_hidden(&entry))
    })
}

/// Whether a file is none of a study's: a temporary one, or a reader's.
fn is_hidden(entry: &fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}
