//! `files.json`: which files are one set, and what they were made of.
//!
//! # Decisions
//!
//! - The list is put in place last. A run that is killed while it puts files in place leaves the list
//!   of the run before, which then does not fit.
//! - It has digests and no numbers. Another processor rounds the last digits of a table differently,
//!   so a check holds the list against the files that are there, and never against new ones.
//! - A file belongs to the inputs that it was made of. A command that makes some of a study's files
//!   leaves the others with theirs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::figure::Format;
use crate::files::{self, OpenFile};
use crate::table::Provenance;

use super::artifact::{Artifact, LIST, figures_folder, is_caption, name_of, tables_folder};

/// The files of a study, by what they were made of.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileList {
    sets: Vec<FileSet>,
}

/// Files that were made of the same.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileSet {
    /// Version, settings and inputs.
    pub(super) made_of: Provenance,
    /// SHA-256 of each file by its name, in hexadecimal.
    pub(super) files: BTreeMap<String, String>,
}

/// A file that is not as the list says.
pub(super) struct Misfit {
    /// Its place under the folder of results.
    pub(super) path: PathBuf,
    /// In words.
    pub(super) what: String,
    pub(super) is_gone: bool,
}

impl FileList {
    /// The list of a study under `out`; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] for a file that is no such list.
    pub(super) fn read(out: &Path, study: &str) -> Result<Option<Self>> {
        let path = out.join(place(study));
        if !files::is_there(&path) {
            return Ok(None);
        }
        let failed = |problem: String| Error::Table {
            what: path.display().to_string(),
            problem: format!("it is not a list of files: {problem}"),
            remedy: "delete it, and make the study's files again",
        };
        let list = serde_json::from_str(&files::read_text(&path)?);
        let list: FileList = list.map_err(|error| failed(error.to_string()))?;
        let mut names = list.sets.iter().flat_map(|set| set.files.keys());
        let is_path = |name: &&String| Path::new(name).file_name() != Some(name.as_ref());
        match names.find(is_path) {
            None => Ok(Some(list)),
            Some(name) => Err(failed(format!("`{name}` is no name of a file"))),
        }
    }

    /// Forgets some files.
    pub(super) fn drop_those(&mut self, is_one: impl Fn(&str) -> bool) {
        for set in &mut self.sets {
            set.files.retain(|name, _| !is_one(name));
        }
        self.sets.retain(|set| !set.files.is_empty());
    }

    /// The list with the files of a run, of which it had none.
    pub(super) fn with(mut self, own: FileSet) -> Self {
        let mut sets = self.sets.iter_mut();
        match sets.find(|set| set.made_of == own.made_of) {
            Some(set) => set.files.extend(own.files),
            None => self.sets.push(own),
        }
        // The order in which commands ran is no matter.
        self.sets
            .sort_by_cached_key(|set| set.files.keys().next().cloned());
        self
    }

    /// The sets.
    pub(super) fn sets(&self) -> &[FileSet] {
        &self.sets
    }

    /// Whether a file is listed.
    pub(super) fn has(&self, path: &Path) -> bool {
        let name = name_of(path);
        self.sets.iter().any(|set| set.files.contains_key(&name))
    }

    /// Listed files that are gone, and those whose bytes are others.
    ///
    /// # Errors
    ///
    /// When one is there and cannot be read.
    pub(super) fn misfits(&self, out: &Path, study: &str) -> Result<Vec<Misfit>> {
        let listed = self.sets.iter().flat_map(|set| &set.files);
        let misfit = |(name, digest): (&String, &String)| {
            let path = place_of(study, name);
            let whole = out.join(&path);
            let is_gone = !files::is_there(&whole);
            let what = match is_gone {
                true => format!("it is gone, but {LIST} lists it"),
                false if OpenFile::open(&whole)?.sha256()? == *digest => return Ok(None),
                false => format!("it is not the file that {LIST} lists"),
            };
            Ok(Some(Misfit {
                path,
                what,
                is_gone,
            }))
        };
        listed.map(misfit).filter_map(Result::transpose).collect()
    }

    /// Sets that were made of something else, each in words, by what tells the difference.
    pub(super) fn of_others(&self, differs: &dyn Fn(&Provenance) -> Option<String>) -> Vec<String> {
        let set = |set: &FileSet| {
            let other = differs(&set.made_of)?;
            let count = set.files.len();
            let first = set.files.keys().next()?;
            Some(match count {
                1 => format!("{first} was made with {other}"),
                _ => format!("{first} and {} more were made with {other}", count - 1),
            })
        };
        self.sets.iter().filter_map(set).collect()
    }

    /// As a file.
    pub(super) fn artifact(&self, study: &str) -> Result<Artifact> {
        let failed = |error: serde_json::Error| Error::Table {
            what: LIST.into(),
            problem: error.to_string(),
            remedy: "please report this",
        };
        let mut bytes = serde_json::to_vec_pretty(self).map_err(failed)?;
        bytes.push(b'\n');
        Ok(Artifact::in_tables(study, LIST, bytes))
    }
}

/// Where the list is, under the folder of results.
pub(super) fn place(study: &str) -> PathBuf {
    tables_folder(study).join(LIST)
}

/// Where a file of a study is, by its name: pictures and their captions stand apart from the tables.
fn place_of(study: &str, name: &str) -> PathBuf {
    let ending = Path::new(name).extension().unwrap_or_default();
    let is_picture = Format::ALL
        .iter()
        .any(|format| *ending == *format.to_string());
    let folder = match is_picture || is_caption(name) {
        true => figures_folder(study),
        false => tables_folder(study),
    };
    folder.join(name)
}
