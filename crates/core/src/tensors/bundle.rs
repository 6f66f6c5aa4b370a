//! A zip archive that somebody made of an adapter's folder or file.
//!
//! # Decisions
//!
//! - A weight file is unpacked to a file without a name, which the system removes with its last
//!   handle: tensors are read from disk as of any file, and no folder is left behind. What is known
//!   of the adapter, its SHA-256, is the archive's.
//! - An entry whose length is not what the archive's directory says is refused, and one that is said
//!   to be longer than deflate can make it, before anything is unpacked.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::{Error, Result};
use crate::files::{InputFile, LONGEST_TEXT, OpenFile};

use super::zipped::{Kind, kind};
use super::{Shards, TensorFile};

/// What a zip archive begins with.
const START: &[u8] = b"PK\x03\x04";
/// Deflate makes no more bytes of one, and a little for the shortest.
const MOST: u64 = 1032;

/// A zip archive of files that somebody packed.
pub(crate) struct Bundle {
    file: Arc<OpenFile>,
    /// Names with their folders, of files alone.
    names: Vec<String>,
}

impl Bundle {
    /// Opens an archive; `None` where the file is none, or is torch's or NumPy's own.
    ///
    /// # Errors
    ///
    /// Those of [`OpenFile::open`], and [`Error::Corrupt`] for a `.zip` without a directory.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>> {
        let mut first = [0; START.len()];
        let mut handle = crate::files::open(path)?;
        let begins = handle.read_exact(&mut first).is_ok();
        if !begins || first != START {
            return Ok(None);
        }
        let file = Arc::new(OpenFile::new(path, handle)?);
        let archive = match archive(&file) {
            Ok(archive) => archive,
            // Whoever reads torch's files says what is wrong with one that was cut short.
            Err(_) if path.extension().is_none_or(|ending| ending != "zip") => return Ok(None),
            Err(error) => return Err(error),
        };
        let all: Vec<&str> = archive.file_names().collect();
        if all.is_empty() || kind(all.iter().copied()) != Kind::Other {
            return Ok(None);
        }
        let mut names: Vec<String> = all
            .into_iter()
            .filter(|name| !name.ends_with('/') && !is_hidden(name))
            .map(str::to_string)
            .collect();
        names.sort();
        Ok(Some(Bundle { file, names }))
    }

    /// The names of its files, with their folders.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// What messages call a file in it.
    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.file.path().join(name)
    }

    /// What identifies all that is read of it.
    pub(crate) fn input(&self) -> InputFile {
        InputFile::open(&self.file)
    }

    /// The bytes of a text in it.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] for a longer one, and where the archive is damaged.
    pub(crate) fn text(&self, name: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.unpack(name, LONGEST_TEXT, &mut bytes)?;
        Ok(bytes)
    }

    /// The tensors of files in it, together.
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::open`], [`Error::Corrupt`] where the archive is damaged, and
    /// [`Error::Io`] where there is no room for what is unpacked.
    pub(crate) fn weights(&self, names: &[String]) -> Result<Shards> {
        let open = |name: &String| {
            let path = self.path_of(name);
            let failed = |source| {
                let remedy = "make room where temporary files are, or unpack the archive";
                Error::io(&path, "unpack", source, remedy)
            };
            let mut file = tempfile::tempfile().map_err(failed)?;
            self.unpack(name, u64::MAX, &mut file)?;
            file.seek(SeekFrom::Start(0)).map_err(failed)?;
            let file = Arc::new(OpenFile::new(&path, file)?);
            TensorFile::of(&path, file, self.file.clone())
        };
        let files = names.iter().map(open).collect::<Result<_>>()?;
        Shards::joined(self.file.path(), None, files)
    }

    /// Unpacks an entry, whose length must be what the archive says.
    fn unpack(&self, name: &str, most: u64, to: &mut impl io::Write) -> Result<()> {
        let mut archive = archive(&self.file)?;
        let damaged = |error| self.damaged(format!("entry `{name}`: {error}"));
        let mut entry = archive.by_name(name).map_err(damaged)?;
        let (size, packed) = (entry.size(), entry.compressed_size());
        if size > most || size > packed.saturating_mul(MOST).saturating_add(MOST) {
            let problem =
                format!("entry `{name}` is said to have {size} bytes, packed to {packed}");
            return Err(self.damaged(problem));
        }
        // The library holds the bytes against their checksum at the end.
        let copied = io::copy(&mut (&mut entry).take(size.saturating_add(1)), to);
        match copied {
            Ok(count) if count == size => self.file.check(),
            Ok(_) => {
                Err(self.damaged(format!("entry `{name}` has not the {size} bytes it should")))
            }
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                let remedy = "make room where temporary files are, or unpack the archive";
                Err(Error::io(self.path_of(name), "unpack", error, remedy))
            }
            Err(error) => Err(self.damaged(format!("entry `{name}`: {error}"))),
        }
    }

    fn damaged(&self, problem: String) -> Error {
        damaged(self.file.path(), problem)
    }
}

/// Reads the directory through a handle of its own place, so that several may read at once.
fn archive(file: &OpenFile) -> Result<ZipArchive<BufReader<Window<'_>>>> {
    let window = Window { file, place: 0 };
    ZipArchive::new(BufReader::new(window))
        .map_err(|error: ZipError| damaged(file.path(), error.to_string()))
}

fn damaged(path: &Path, problem: String) -> Error {
    Error::Corrupt {
        path: path.into(),
        kind: "zip",
        problem,
        remedy: "fetch the archive again, or unpack it and give the folder",
    }
}

/// What macOS puts beside every file, and files that begin with a dot.
fn is_hidden(name: &str) -> bool {
    name.starts_with("__MACOSX/") || name.split('/').any(|part| part.starts_with('.'))
}

/// An open file as something that is read from a place on.
struct Window<'a> {
    file: &'a OpenFile,
    place: u64,
}

impl Read for Window<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = self.file.length().saturating_sub(self.place);
        let count = (bytes.len() as u64).min(left) as usize;
        let handle: &File = self.file.handle();
        crate::files::read_exact_at(handle, &mut bytes[..count], self.place)?;
        self.place += count as u64;
        Ok(count)
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.file.length().checked_add_signed(by),
            SeekFrom::Current(by) => self.place.checked_add_signed(by),
        };
        let outside = "a place before the file's first byte";
        self.place = place.ok_or(io::Error::new(io::ErrorKind::InvalidInput, outside))?;
        Ok(self.place)
    }
}
