//! Texts and folders of people's: only regular files are read, and none that is too long to be one.
//!
//! A pipe would be waited for without end, and a device may have no end.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::Utf8Error;

use crate::error::{Error, Result};

mod bounded;
mod digest;
pub mod json;
mod opened;
mod pointer;

pub(crate) use opened::read_exact_at;
pub use opened::{InputFile, OpenFile};

/// The most bytes that a text may have. An index of the largest model has a few MiB.
pub const LONGEST_TEXT: u64 = 64 << 20;

/// SHA-256 of bytes in hexadecimal, as `sha256sum` prints it.
///
/// ```
/// let digits = lora_subspace_core::files::sha256(b"");
/// assert!(digits.starts_with("e3b0c44298fc1c14") && digits.len() == 64);
/// ```
pub fn sha256(bytes: &[u8]) -> String {
    digest::of(bytes)
}

/// Opens a regular file of any length, for those who read it piece by piece.
///
/// # Errors
///
/// [`Error::Io`] for a pipe, a device or a folder, and when it cannot be read.
pub fn open(path: &Path) -> Result<File> {
    let failed = |source| unreadable(path, source);
    // Before it is opened: opening a pipe waits for its writer.
    let kind = fs::metadata(path).map_err(failed)?.file_type();
    if !kind.is_file() {
        let is = if kind.is_dir() {
            "a folder"
        } else {
            "a pipe or a device"
        };
        let words = format!("a regular file was expected, and it is {is}");
        let source = io::Error::new(io::ErrorKind::InvalidInput, words);
        return Err(Error::io(path, "read", source, "give a file on disk"));
    }
    File::open(path).map_err(failed)
}

/// Reads a text of at most [`LONGEST_TEXT`] bytes.
///
/// # Errors
///
/// Those of [`open`], and [`Error::Io`] for a longer file or one that is not UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read_bytes(path)?).map_err(|error| no_text(path, error.utf8_error()))
}

fn no_text(path: &Path, error: Utf8Error) -> Error {
    let words = format!("no valid UTF-8: {error}");
    unreadable(path, io::Error::new(io::ErrorKind::InvalidData, words))
}

/// A text from its bytes; the path is for messages.
fn text_of<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|error| no_text(path, error))
}

/// Reads a text of at most [`LONGEST_TEXT`] bytes, whatever its encoding.
///
/// # Errors
///
/// Those of [`open`], [`Error::Io`] for a longer file, and [`Error::LfsPointer`].
pub fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let failed = |source| unreadable(path, source);
    let file = open(path)?;
    if file.metadata().map_err(failed)?.len() > LONGEST_TEXT {
        return Err(too_long(path));
    }
    let mut bytes = Vec::new();
    // A file may grow meanwhile, and some of the system's hide their length: one byte more tells.
    let mut limited = file.take(LONGEST_TEXT + 1);
    limited.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LONGEST_TEXT {
        return Err(too_long(path));
    }
    pointer::check(path, &bytes)?;
    Ok(bytes)
}

/// Whether something lies at a path: a file, a folder, or a link, be it one that leads nowhere or to
/// itself. Reading it then says what it is; nothing that is there is taken for absent.
pub fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// What lies in a folder, sorted by name.
///
/// # Errors
///
/// [`Error::Io`] when it cannot be listed.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)
        .map_err(|source| Error::io(folder, "list", source, "check that you may read it"))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    paths.sort();
    Ok(paths)
}

/// A file that the system does not let us read.
pub(crate) fn unreadable(path: &Path, source: io::Error) -> Error {
    Error::io(path, "read", source, "check that you may read it")
}

fn too_long(path: &Path) -> Error {
    let words = format!(
        "a text of at most {} MiB was expected, and it is longer",
        LONGEST_TEXT >> 20
    );
    let source = io::Error::new(io::ErrorKind::InvalidData, words);
    let remedy = "check that it is the file that you mean";
    Error::io(path, "read", source, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        fs::write(&path, "α = 8\n").unwrap();
        assert_eq!(read_text(&path).unwrap(), "α = 8\n");
        fs::write(&path, [0xff, b'a']).unwrap();
        assert_eq!(read_bytes(&path).unwrap(), [0xff, b'a']);
        let error = read_text(&path).unwrap_err().to_string();
        assert!(error.contains("valid UTF-8"), "{error}");
    }

    #[test]
    fn the_longest_text_is_read_and_a_longer_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        // Nothing of it is written to the disk.
        let file = File::create(&path).unwrap();
        file.set_len(LONGEST_TEXT).unwrap();
        assert_eq!(read_bytes(&path).unwrap().len() as u64, LONGEST_TEXT);
        file.set_len(LONGEST_TEXT + 1).unwrap();
        let error = read_text(&path).unwrap_err().to_string();
        assert!(error.contains("at most 64 MiB"), "{error}");
        assert!(open(&path).is_ok());
    }

    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let error = open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("it is a folder"), "{error}");
        let missing = open(&folder.path().join("missing")).unwrap_err();
        assert!(matches!(missing, Error::Io { .. }), "{missing}");
        #[cfg(unix)]
        for device in ["/dev/zero", "/dev/null"] {
            let error = read_bytes(Path::new(device)).unwrap_err().to_string();
            assert!(error.contains("it is a pipe or a device"), "{error}");
        }
    }

    #[test]
    fn a_folder_is_listed_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a", "c"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let names = ["a", "b", "c"].map(|name| folder.path().join(name));
        assert_eq!(list(folder.path()).unwrap(), names);
        let error = list(&folder.path().join("d")).unwrap_err().to_string();
        assert!(error.contains("cannot list: "), "{error}");
    }
}
