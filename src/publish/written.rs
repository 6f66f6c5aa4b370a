//! Tables as they were written, wherever they lie.

use std::fs::File;
use std::io::Read;

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::table::from_csv;

use super::artifact::Artifact;

/// A study's tables by their file names; `None` for one that it has not.
pub(super) type Tables<'a> = &'a dyn Fn(&str) -> Result<Option<File>>;

/// The rows of a table; none where there is no such table.
pub(super) fn rows<Row: DeserializeOwned>(tables: Tables, name: &str) -> Result<Vec<Row>> {
    from_csv(name, &bytes(tables, name)?.unwrap_or_default())
}

/// All of a file.
fn bytes(tables: Tables, name: &str) -> Result<Option<Vec<u8>>> {
    let Some(mut file) = tables(name)? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|source| {
        Error::io(
            name,
            "read",
            source,
            "make it again with `cargo run --release`",
        )
    })?;
    Ok(Some(bytes))
}

/// Tables on disk, and those that were just made from them.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) tables: Tables<'a>,
    pub(super) made: &'a [Artifact],
}

impl Written<'_> {
    /// Whether there is a table of this name.
    pub(super) fn has(&self, name: &str) -> Result<bool> {
        Ok(self.made(name).is_some() || self.open(name)?.is_some())
    }

    /// A table on disk.
    pub(super) fn open(&self, name: &str) -> Result<Option<File>> {
        (self.tables)(name)
    }

    /// The rows of a table; none where there is no such table.
    pub(super) fn rows<Row: DeserializeOwned>(&self, name: &str) -> Result<Vec<Row>> {
        match self.made(name) {
            Some(artifact) => from_csv(name, &artifact.bytes),
            None => rows(self.tables, name),
        }
    }

    /// A table that was just made.
    fn made(&self, name: &str) -> Option<&Artifact> {
        self.made.iter().find(|artifact| artifact.name() == name)
    }
}
