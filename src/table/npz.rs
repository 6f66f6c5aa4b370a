//! Grids as a NumPy archive: float64 arrays, i × j, NaN for missing.

use std::io::{self, Cursor, ErrorKind, Read, Seek, Write};

use ndarray::Array2;
use ndarray_npy::{NpzReader, NpzWriter};

use crate::error::Result;

use super::csv::{failed, not_a_number};

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
    /// Those of the writer underneath, two grids of one name, and [`ErrorKind::InvalidData`] for a cell
    /// that is infinite or NaN, with its place: a missing one is `None`.
    pub fn add(&mut self, name: String, grid: &Array2<Option<f64>>) -> io::Result<()> {
        let mut cells = grid.indexed_iter();
        let is_none = |cell: &Option<f64>| cell.is_some_and(|value| !value.is_finite());
        if let Some(((i, j), cell)) = cells.find(|(_, cell)| is_none(cell)) {
            let row = format!("{{{name}, i = {}, j = {}}}", i + 1, j + 1);
            let value = cell.unwrap_or_default();
            let told = not_a_number("overlap.npz", &row, "the cell", value);
            return Err(io::Error::new(ErrorKind::InvalidData, told));
        }
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

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_missing_cell_is_nan_and_one_that_is_no_number_an_error() {
        let mut archive = GridArchive::new(Cursor::new(Vec::new()));
        archive
            .add("m__a".into(), &array![[Some(0.5), None]])
            .unwrap();
        for value in [f64::NAN, f64::INFINITY] {
            let grid = array![[Some(0.5), Some(1.0)], [None, Some(value)]];
            let error = archive.add("m__b".into(), &grid).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            let expected =
                format!("overlap.npz: the cell of the row {{m__b, i = 2, j = 2}} is {value}; ");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
        let bytes = archive.finish().unwrap().into_inner();
        let grids = from_npz("overlap.npz", &bytes).unwrap();
        assert_eq!(grids.len(), 1);
        assert!(grids[0].1[(0, 0)] == 0.5 && grids[0].1[(0, 1)].is_nan());
    }
}
