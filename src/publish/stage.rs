//! Files on their way: made beside their places, then put in place together.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use tempfile::{Builder, NamedTempFile};

use crate::asked::Asked;
use crate::error::{Error, Result};

use super::artifact::{Artifact, figures_folder, place_of, tables_folder};
use super::written;

/// The files of a run under temporary names beside their places. Dropped before they are put in
/// place, it leaves nothing behind.
pub(super) struct Staging {
    out: PathBuf,
    /// Folders that were not there before, outermost first.
    folders: Vec<PathBuf>,
    /// Each with its place under `out`, in the order in which they are named to the user.
    files: Vec<(NamedTempFile, PathBuf)>,
}

impl Staging {
    pub(super) fn new(out: &Path) -> Self {
        Staging {
            out: out.into(),
            folders: Vec::new(),
            files: Vec::new(),
        }
    }

    /// A temporary file beside a place, to be written and given to
    /// [`Staging::complete`].
    pub(super) fn create(&mut self, place: &Path) -> Result<NamedTempFile> {
        let target = self.out.join(place);
        let folder = target.parent().unwrap_or(Path::new("."));
        self.make(folder)
            .and_then(|()| temporary(folder))
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
        Error::io(
            self.out.join(place),
            "write",
            source,
            format!(
                "check the free space and the permissions, or choose another folder with {}",
                Asked::Out
            ),
        )
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

    /// The files' places under `out`.
    pub(super) fn places(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(_, place)| place.as_path())
    }

    /// Renames all files to their places, which it gives.
    pub(super) fn persist(mut self) -> Result<Vec<PathBuf>> {
        let mut places = Vec::new();
        for (file, place) in std::mem::take(&mut self.files) {
            file.persist(self.out.join(&place))
                .map_err(|error| self.failed(&place, error.error))?;
            places.push(place);
        }
        Ok(places)
    }

    /// Makes a folder and those around it, and notes which were not there.
    fn make(&mut self, folder: &Path) -> io::Result<()> {
        let missing = folder
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let missing: Vec<PathBuf> = missing.map(Path::to_path_buf).collect();
        self.folders.extend(missing.into_iter().rev());
        fs::create_dir_all(folder)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.files.clear();
        for folder in self.folders.iter().rev() {
            // One that holds files stays.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Finds out before the work whether files can be made under `out`.
pub(super) fn probe(out: &Path, study: &str) -> Result<()> {
    for folder in [tables_folder(study), figures_folder(study)] {
        let wanted = out.join(folder);
        let mut existing = wanted.as_path();
        // An empty parent of a relative path is the current folder.
        while !existing.as_os_str().is_empty() && existing.symlink_metadata().is_err() {
            existing = existing.parent().unwrap_or(Path::new(""));
        }
        let here = if existing.as_os_str().is_empty() {
            Path::new(".")
        } else {
            existing
        };
        NamedTempFile::new_in(here).map_err(|source| {
            Error::io(
                wanted.clone(),
                "create files there",
                source,
                format!("choose a folder that you may write to with {}", Asked::Out),
            )
        })?;
    }
    Ok(())
}

fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".lora-subspace-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Results are for sharing; the umask still applies.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}
