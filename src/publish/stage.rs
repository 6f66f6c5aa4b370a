//! Files on their way: made beside their places, then put in place together.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::de::DeserializeOwned;
use tempfile::NamedTempFile;

use crate::asked::Asked;
use crate::error::{Error, Result};
use crate::files::OpenFile;

use super::artifact::{Artifact, name_of, place_of};
use super::claim::Claim;
use super::written;

/// The files of a run under temporary names beside their places. Dropped before they are put in
/// place, it leaves nothing behind.
pub(super) struct Staging<'a> {
    claim: &'a Claim,
    out: PathBuf,
    /// Each with its place under `out`, in the order in which they are named to the user.
    files: Vec<(NamedTempFile, PathBuf)>,
}

impl<'a> Staging<'a> {
    /// Files under `out`, where a claim holds their folders.
    pub(super) fn new(claim: &'a Claim, out: &Path) -> Self {
        Staging {
            claim,
            out: out.into(),
            files: Vec::new(),
        }
    }

    /// A temporary file beside a place, to be written and given to
    /// [`Staging::complete`].
    pub(super) fn create(&mut self, place: &Path) -> Result<NamedTempFile> {
        let target = self.out.join(place);
        let folder = target.parent().unwrap_or(Path::new("."));
        self.claim
            .create(folder)
            .map_err(|source| self.failed(place, source))
    }

    /// Takes a file that is written, or says why it could not be.
    pub(super) fn complete(
        &mut self,
        place: PathBuf,
        file: io::Result<NamedTempFile>,
    ) -> Result<()> {
        let file = file.map_err(|source| self.failed(&place, source))?;
        let before = |(_, other): &(_, PathBuf)| place_of(other) <= place_of(&place);
        let at = self.files.partition_point(before);
        self.files.insert(at, (file, place));
        Ok(())
    }

    pub(super) fn write(&mut self, artifact: Artifact) -> Result<()> {
        let mut file = self.create(&artifact.path)?;
        let written = file.write_all(&artifact.bytes).map(|()| file);
        self.complete(artifact.path, written)
    }

    pub(super) fn write_all(&mut self, artifacts: Vec<Artifact>) -> Result<()> {
        artifacts.into_iter().try_for_each(|one| self.write(one))
    }

    /// What went wrong with the file for a place.
    pub(super) fn failed(&self, place: &Path, source: io::Error) -> Error {
        not_written(self.out.join(place), source)
    }

    /// Reads a finished file from its beginning; `None` when there is none of this name.
    pub(super) fn open(&self, name: &str) -> Result<Option<File>> {
        let Some((file, place)) = self.files.iter().find(|(_, place)| place.ends_with(name)) else {
            return Ok(None);
        };
        let opened = file.reopen().map_err(|source| self.failed(place, source))?;
        Ok(Some(opened))
    }

    /// The rows of a finished table, none where there is none of this name.
    pub(super) fn rows<Row: DeserializeOwned>(&self, name: &str) -> Result<Vec<Row>> {
        written::rows(&|name| self.open(name), name)
    }

    /// SHA-256 of each finished file by its name.
    pub(super) fn digests(&self) -> Result<BTreeMap<String, String>> {
        let digest = |(file, place): &(NamedTempFile, PathBuf)| {
            let opened = file.reopen().map_err(|source| self.failed(place, source))?;
            Ok((name_of(place), OpenFile::new(place, opened)?.sha256()?))
        };
        self.files.par_iter().map(digest).collect()
    }

    /// The files' places under `out`.
    pub(super) fn places(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(_, place)| place.as_path())
    }

    /// Puts all files in their places, which it gives.
    pub(super) fn persist(self) -> Result<Vec<PathBuf>> {
        let (files, places): (Vec<_>, Vec<_>) = self
            .files
            .into_iter()
            .map(|(file, place)| ((file, self.out.join(&place)), place))
            .unzip();
        self.claim
            .put(files)
            .map_err(|(place, source)| not_written(place, source))?;
        Ok(places)
    }
}

/// What went wrong with a file that was to be written.
fn not_written(place: PathBuf, source: io::Error) -> Error {
    Error::io(
        place,
        "write",
        source,
        format!(
            "check the free space and the permissions, or choose another folder with {}",
            Asked::Out
        ),
    )
}
