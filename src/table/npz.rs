//! Grids as a NumPy archive: float64 arrays, i × j, NaN for missing.

use std::io::Cursor;

use ndarray::Array2;
use ndarray_npy::{NpzReader, NpzWriter};

use crate::error::{Error, Result};

/// Writes named grids in the order given, uncompressed, without times.
///
/// # Errors
///
/// [`Error::Table`] when two grids have one name.
pub fn to_npz<'a>(
    name: &str,
    grids: impl Iterator<Item = (String, &'a Array2<Option<f64>>)>,
) -> Result<Vec<u8>> {
    let mut writer = NpzWriter::new(Cursor::new(Vec::new()));
    for (key, grid) in grids {
        let array = grid.mapv(|cell| cell.unwrap_or(f64::NAN));
        writer
            .add_array(key, &array)
            .map_err(|error| failed(name, error.to_string()))?;
    }
    let cursor = writer
        .finish()
        .map_err(|error| failed(name, error.to_string()))?;
    Ok(cursor.into_inner())
}

/// Reads all grids back, by name.
///
/// # Errors
///
/// [`Error::Table`] when the archive is damaged or holds something else.
pub fn from_npz(name: &str, bytes: &[u8]) -> Result<Vec<(String, Array2<f64>)>> {
    let failed = |problem: String| failed(name, problem);
    let mut reader =
        NpzReader::new(Cursor::new(bytes)).map_err(|error| failed(error.to_string()))?;
    let names = reader.names().map_err(|error| failed(error.to_string()))?;
    let mut grids = Vec::new();
    for key in names {
        let grid = reader
            .by_name(&key)
            .map_err(|error| failed(error.to_string()))?;
        grids.push((key, grid));
    }
    Ok(grids)
}

fn failed(name: &str, problem: String) -> Error {
    Error::Table {
        what: name.into(),
        problem,
        remedy: "make it again with `cargo run --release`; generated tables are not edited by hand",
    }
}
