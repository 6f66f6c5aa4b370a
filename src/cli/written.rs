//! Tables as they were written, wherever they lie.

use std::fs::File;
use std::io::Read;

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::table::from_csv;

/// A study's tables by their file names; `None` for one that it has not.
pub(super) type Tables<'a> = &'a dyn Fn(&str) -> Result<Option<File>>;

/// The rows of a table; none where there is no such table.
pub(super) fn rows<Row: DeserializeOwned>(tables: Tables, name: &str) -> Result<Vec<Row>> {
    from_csv(name, &bytes(tables, name)?.unwrap_or_default())
}

/// All of a file.
pub(super) fn bytes(tables: Tables, name: &str) -> Result<Option<Vec<u8>>> {
    let Some(mut file) = tables(name)? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|source| Error::Io {
        path: name.into(),
        action: "read",
        source,
        remedy: "make it again with `cargo run --release`",
    })?;
    Ok(Some(bytes))
}
