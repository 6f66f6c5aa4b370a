//! A stored matrix, read some rows at a time.

use std::ops::Range;

use ndarray::Array2;

use crate::error::Result;

use super::TensorFile;
use super::stored::Stored;

/// A matrix in a file, of which no more is read than is asked for.
pub(crate) struct StoredRows<'a> {
    file: &'a TensorFile,
    name: &'a str,
    /// Row after row.
    stored: Stored,
    shape: (usize, usize),
}

impl<'a> StoredRows<'a> {
    /// A tensor, or the part at `index` of its first axis, whose numbers are those of a matrix of this
    /// shape; `None` where they do not simply follow each other, or are others.
    pub(super) fn of(
        file: &'a TensorFile,
        name: &'a str,
        index: Option<usize>,
        shape: (usize, usize),
    ) -> Option<Self> {
        let whole = file.stored(name).ok()?;
        let stored = match index {
            Some(index) => whole.part(index)?,
            None => whole.clone(),
        };
        let fits = shape.0.checked_mul(shape.1) == Some(stored.count());
        (fits && stored.strides.is_none() && stored.number.is_ok()).then_some(StoredRows {
            file,
            name,
            stored,
            shape,
        })
    }

    /// Rows and columns.
    pub(crate) fn dim(&self) -> (usize, usize) {
        self.shape
    }

    /// Some rows, each number exactly as it is stored.
    ///
    /// # Errors
    ///
    /// As [`TensorFile::matrix`].
    pub(crate) fn read(&self, rows: Range<usize>) -> Result<Array2<f64>> {
        let size = self
            .stored
            .number
            .as_ref()
            .map_or(0, |number| number.size());
        let shape = (rows.len(), self.shape.1);
        let part = Stored {
            number: self.stored.number.clone(),
            shape: vec![shape.0, shape.1],
            start: self.stored.start + (rows.start * self.shape.1 * size) as u64,
            strides: None,
        };
        let read = self.file.filled(self.name, &part, shape);
        // Entries that are no numbers are named by their place in the whole tensor.
        read.map_err(|error| {
            let whole = self.file.filled(self.name, &self.stored, self.shape);
            whole.err().unwrap_or(error)
        })
    }
}
