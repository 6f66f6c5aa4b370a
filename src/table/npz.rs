//! Grids as a NumPy archive: float64 arrays, i × j, NaN for missing.

use std::io::{self, Cursor, Read, Seek, Write};

use ndarray::Array2;
use ndarray_npy::{NpzReader, NpzWriter};

use crate::error::Result;

use super::csv::failed;

/// Writes `overlap.npz` a grid at a time: in the order given, uncompressed, without times.
pub struct GridArchive<W: Write + Seek>(NpzWriter<W>);

impl<W: Write + Seek> GridArchive<W> {
    /// Starts an archive.
    pub fn new(inner: W) -> Self {
        GridArchive(NpzWriter::new(inner))
    }

    /// Adds a grid under its name.
    ///
    /// # Errors
    ///
    /// Those of the writer underneath, and two grids of one name.
    pub fn add(&mut self, name: String, grid: &Array2<Option<f64>>) -> io::Result<()> {
        let array = grid.mapv(|cell| cell.unwrap_or(f64::NAN));
        self.0.add_array(name, &array).map_err(io::Error::other)
    }

    /// Writes the list of names, and gives the writer back.
    ///
    /// # Errors
    ///
    /// Those of the writer underneath.
    pub fn finish(self) -> io::Result<W> {
        self.0.finish().map_err(io::Error::other)
    }
}

/// Reads all grids back, by name.
///
/// # Errors
///
/// As [`read_grids`].
pub fn from_npz(name: &str, bytes: &[u8]) -> Result<Vec<(String, Array2<f64>)>> {
    let mut grids = Vec::new();
    read_grids(name, Cursor::new(bytes), |key, grid| {
        grids.push((key, grid))
    })?;
    Ok(grids)
}

/// Hands on each grid with its name; no more than one is in memory at a time.
///
/// # Errors
///
/// [`Error::Table`](crate::Error::Table) when the archive is damaged or holds something else.
pub fn read_grids(
    name: &str,
    source: impl Read + Seek,
    mut take: impl FnMut(String, Array2<f64>),
) -> Result<()> {
    let mut reader = NpzReader::new(source).map_err(|error| failed(name, error.to_string()))?;
    let names = reader.names();
    for key in names.map_err(|error| failed(name, error.to_string()))? {
        let grid = reader.by_name(&key);
        let grid = grid.map_err(|error| failed(name, error.to_string()))?;
        take(key, grid);
    }
    Ok(())
}
