//! A table that people wrote: it is read line by line, however long it is, and stays open, so that its
//! digest is of the bytes that were read.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::files::{InputFile, OpenFile, is_there};

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

    /// Its bytes, from the first on.
    pub(in crate::study) fn bytes(&self) -> &File {
        self.0.handle()
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
