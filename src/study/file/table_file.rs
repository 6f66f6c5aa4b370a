//! A table that people wrote: it is read line by line, however long it is, and stays open, so that its
//! digest is of the bytes that were read.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::files::{InputFile, LONGEST_TEXT, OpenFile, is_there};

/// A table that is open.
pub(in crate::study) struct TableFile(Arc<OpenFile>);

impl TableFile {
    /// Opens a table that a study names.
    ///
    /// # Errors
    ///
    /// [`CoreError::NotFound`](crate::CoreError::NotFound), and those of [`OpenFile::open`].
    pub(in crate::study) fn named(path: &Path) -> Result<Self> {
        let there = Self::if_there(path)?;
        there.ok_or_else(|| {
            let remedy = "its path is relative to the study file's folder";
            Error::not_found(path, "no such file", remedy)
        })
    }

    /// Opens a table where there may be none.
    ///
    /// # Errors
    ///
    /// Those of [`OpenFile::open`].
    pub(in crate::study) fn if_there(path: &Path) -> Result<Option<Self>> {
        if !is_there(path) {
            return Ok(None);
        }
        Ok(Some(TableFile(Arc::new(OpenFile::open(path)?))))
    }

    /// Its bytes, from the first on. A line may be no longer than a text; a record may have several.
    pub(in crate::study) fn bytes(&self) -> impl Read {
        Lines {
            file: self.0.handle(),
            length: 0,
        }
    }

    /// What identifies the bytes that were read.
    ///
    /// # Errors
    ///
    /// [`CoreError::Changed`](crate::CoreError::Changed) where somebody wrote to it meanwhile.
    pub(in crate::study) fn input(&self) -> Result<InputFile> {
        self.0.check()?;
        Ok(InputFile::open(&self.0))
    }
}

/// What the system says of a table that is read, if it is that which failed.
pub(in crate::study) fn unreadable(path: &Path, error: &csv::Error) -> Option<Error> {
    let csv::ErrorKind::Io(source) = error.kind() else {
        return None;
    };
    let source = io::Error::new(source.kind(), source.to_string());
    let remedy = "check that it is the file that you mean";
    Some(Error::io(path, "read", source, remedy))
}

struct Lines<'a> {
    file: &'a File,
    /// Bytes since the last line break.
    length: u64,
}

impl Read for Lines<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(bytes)?;
        match bytes[..count].iter().rposition(|&byte| byte == b'\n') {
            Some(last) => self.length = (count - 1 - last) as u64,
            None => self.length += count as u64,
        }
        if self.length <= LONGEST_TEXT {
            return Ok(count);
        }
        let words = format!(
            "a line of at most {} MiB was expected, and it is longer",
            LONGEST_TEXT >> 20
        );
        Err(io::Error::new(io::ErrorKind::InvalidData, words))
    }
}
