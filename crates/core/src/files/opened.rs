//! Files that stay open: what was read of them, and what identifies their bytes.
//!
//! # Decisions
//!
//! - A file is known by its handle, not by its path. A file that is put in another's place meanwhile
//!   changes nothing here; one that is written over in place is an error, as nobody can say which of
//!   its numbers were read before and which after.
//! - Length and time of the last change tell that, and cost a system call. The time of a file's
//!   status does not: renaming another file over its name changes it too.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use crate::error::{Error, Result};

use super::digest::{self, Sum};
use super::{pointer, unreadable};

/// Large enough that reading costs next to nothing beside hashing.
const PIECE: usize = 1 << 18;

/// A regular file that is open, and how it was when it was opened.
#[derive(Debug)]
pub struct OpenFile {
    path: PathBuf,
    file: File,
    length: u64,
    changed: Option<SystemTime>,
    /// SHA-256 of the first piece, once it was asked for.
    first: OnceLock<String>,
}

impl OpenFile {
    /// Opens a file of any length.
    ///
    /// # Errors
    ///
    /// Those of [`super::open`], and [`Error::LfsPointer`] for what Git LFS leaves in a file's place.
    pub fn open(path: &Path) -> Result<Self> {
        let file = Self::new(path, super::open(path)?)?;
        let mut first = [0; pointer::START.len()];
        if file.length >= first.len() as u64 {
            file.read_exact_at(&mut first, 0)?;
            pointer::check(path, &first)?;
        }
        Ok(file)
    }

    /// A file that is open, by the path that messages name.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the system does not say how long it is.
    pub fn new(path: &Path, file: File) -> Result<Self> {
        let (length, changed) = state(&file).map_err(|source| unreadable(path, source))?;
        Ok(OpenFile {
            path: path.into(),
            file,
            length,
            changed,
            first: OnceLock::new(),
        })
    }

    /// The path that it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its bytes when it was opened.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The system's handle, for reads at a place.
    pub fn handle(&self) -> &File {
        &self.file
    }

    /// Checks that nobody has written to it since it was opened.
    ///
    /// # Errors
    ///
    /// [`Error::Changed`] when its length or the time of its last change is another.
    pub fn check(&self) -> Result<()> {
        let now = state(&self.file).map_err(|source| unreadable(&self.path, source))?;
        if now == (self.length, self.changed) {
            return Ok(());
        }
        let how = match now.0 {
            length if length == self.length => "its bytes were written over".to_string(),
            length => format!("it had {} bytes and has {length}", self.length),
        };
        Err(Error::Changed {
            path: self.path.clone(),
            how,
        })
    }

    /// SHA-256 of the bytes that were there when it was opened, in hexadecimal.
    ///
    /// # Errors
    ///
    /// Those of [`OpenFile::check`], and [`Error::Io`] when it cannot be read.
    pub fn sha256(&self) -> Result<String> {
        let mut sum = Sum::default();
        self.pieces(|_, piece| {
            sum.add(piece);
            Ok(true)
        })?;
        Ok(sum.digits())
    }

    /// Whether another file has the same bytes. Weights of two runs differ soon after their header,
    /// so that this reads little of them.
    ///
    /// # Errors
    ///
    /// Those of [`OpenFile::sha256`], of either.
    pub fn has_bytes_of(&self, other: &OpenFile) -> Result<bool> {
        if self.length != other.length || self.first()? != other.first()? {
            return Ok(false);
        }
        let (mut is_same, mut theirs) = (true, vec![0; PIECE]);
        self.pieces(|place, ours| {
            let theirs = &mut theirs[..ours.len()];
            other.read_exact_at(theirs, place)?;
            is_same = ours == theirs;
            Ok(is_same)
        })?;
        Ok(is_same)
    }

    /// What identifies the first piece: of many files each is read once, not once for each pair.
    fn first(&self) -> Result<&str> {
        if let Some(first) = self.first.get() {
            return Ok(first);
        }
        let mut first = String::new();
        self.pieces(|_, piece| {
            first = digest::of(piece);
            Ok(false)
        })?;
        Ok(self.first.get_or_init(|| first))
    }

    /// Shows all bytes, a piece and its place at a time, until `take` has seen enough.
    fn pieces(&self, mut take: impl FnMut(u64, &[u8]) -> Result<bool>) -> Result<()> {
        let mut piece = vec![0; PIECE];
        for place in (0..self.length).step_by(PIECE) {
            let count = (self.length - place).min(PIECE as u64) as usize;
            self.read_exact_at(&mut piece[..count], place)?;
            if !take(place, &piece[..count])? {
                break;
            }
        }
        self.check()
    }

    fn read_exact_at(&self, bytes: &mut [u8], place: u64) -> Result<()> {
        read_exact_at(&self.file, bytes, place).map_err(|source| self.failed(source))
    }

    /// Why a read failed: the file was shortened, or the system does not let us.
    pub fn failed(&self, source: io::Error) -> Error {
        match self.check() {
            Err(error @ Error::Changed { .. }) => error,
            _ => unreadable(&self.path, source),
        }
    }
}

fn state(file: &File) -> io::Result<(u64, Option<SystemTime>)> {
    let now = file.metadata()?;
    Ok((now.len(), now.modified().ok()))
}

/// A file that something was made of, and what identifies the bytes that were read.
#[derive(Debug, Clone)]
pub struct InputFile {
    path: PathBuf,
    bytes: Bytes,
}

#[derive(Debug, Clone)]
enum Bytes {
    /// All were read: their SHA-256.
    Read(String),
    /// They are read when they are needed.
    Open(Arc<OpenFile>),
}

impl InputFile {
    /// A file of which all bytes were read.
    pub fn read(path: &Path, bytes: &[u8]) -> Self {
        InputFile {
            path: path.into(),
            bytes: Bytes::Read(digest::of(bytes)),
        }
    }

    /// A file that stays open.
    pub fn open(file: &Arc<OpenFile>) -> Self {
        InputFile {
            path: file.path().into(),
            bytes: Bytes::Open(file.clone()),
        }
    }

    /// Where it was.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of what was read, in hexadecimal, as `sha256sum` prints it.
    ///
    /// # Errors
    ///
    /// Those of [`OpenFile::sha256`].
    pub fn sha256(&self) -> Result<String> {
        match &self.bytes {
            Bytes::Read(digest) => Ok(digest.clone()),
            Bytes::Open(file) => file.sha256(),
        }
    }

    /// Whether the same bytes were read of both.
    ///
    /// # Errors
    ///
    /// Those of [`OpenFile::has_bytes_of`].
    pub fn has_bytes_of(&self, other: &InputFile) -> Result<bool> {
        match (&self.bytes, &other.bytes) {
            (Bytes::Open(one), Bytes::Open(other)) => one.has_bytes_of(other),
            _ => Ok(self.sha256()? == other.sha256()?),
        }
    }
}

#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
pub(crate) fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                bytes = &mut bytes[count..];
                offset += count as u64;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    /// A later time than any that a clock gives.
    fn touch(path: &Path) {
        let file = File::options().append(true).open(path).unwrap();
        let later = SystemTime::now() + Duration::from_secs(5);
        file.set_modified(later).unwrap();
    }

    fn open(folder: &Path, name: &str, bytes: &[u8]) -> OpenFile {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        OpenFile::open(&path).unwrap()
    }

    #[test]
    fn known_digests() {
        let folder = tempfile::tempdir().unwrap();
        // FIPS 180-2, appendix B.1; and more than one piece, by Python's hashlib.
        for (bytes, digest) in [
            (
                b"abc".to_vec(),
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                vec![b'a'; 1_000_000],
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            ),
        ] {
            let file = open(folder.path(), "file", &bytes);
            assert_eq!(file.sha256().unwrap(), digest);
            let read = InputFile::read(file.path(), &bytes);
            assert_eq!(read.sha256().unwrap(), digest);
        }
        assert!(OpenFile::open(&folder.path().join("none")).is_err());
    }

    #[test]
    fn files_are_the_same_to_their_last_byte() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str, bytes: &[u8]| open(folder.path(), name, bytes);
        let mut bytes = vec![7; PIECE + 9];
        let (one, copy) = (open("one", &bytes), open("copy", &bytes));
        let shorter = open("shorter", &bytes[1..]);
        bytes[PIECE + 8] = 8;
        let other = open("other", &bytes);
        assert!(one.has_bytes_of(&one).unwrap() && one.has_bytes_of(&copy).unwrap());
        assert!(!one.has_bytes_of(&shorter).unwrap() && !one.has_bytes_of(&other).unwrap());
        let text = InputFile::read(Path::new("text"), &bytes);
        let [one, other] = [one, other].map(|file| InputFile::open(&Arc::new(file)));
        assert!(other.has_bytes_of(&text).unwrap() && !one.has_bytes_of(&text).unwrap());
    }

    #[test]
    fn a_file_that_is_replaced_stays_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = open(folder.path(), "file", b"abc");
        let before = file.sha256().unwrap();
        let next = open(folder.path(), "next", b"other");
        fs::rename(next.path(), file.path()).unwrap();
        assert_eq!(file.sha256().unwrap(), before);
        fs::remove_file(file.path()).unwrap();
        assert_eq!(file.sha256().unwrap(), before);
    }

    #[test]
    fn a_file_that_is_written_over_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let (file, copy) = (
            open(folder.path(), "file", b"abc"),
            open(folder.path(), "copy", b"abc"),
        );
        fs::write(file.path(), b"abd").unwrap();
        touch(file.path());
        for error in [
            file.sha256().unwrap_err(),
            file.has_bytes_of(&copy).unwrap_err(),
        ] {
            let error = error.to_string();
            assert!(error.contains("its bytes were written over"), "{error}");
        }
        fs::write(copy.path(), b"a").unwrap();
        let error = copy.sha256().unwrap_err().to_string();
        assert!(error.contains("it had 3 bytes and has 1"), "{error}");
    }
}
