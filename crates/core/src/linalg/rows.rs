//! Matrices whose rows are had some at a time.

use std::ops::Range;

use ndarray::{ArrayView2, CowArray, Ix2, s};

use crate::error::Result;

/// A matrix M that several threads read, a block of rows at a time: one in memory, or one in a file.
pub trait Rows: Sync {
    /// The lengths of what [`Rows::rows`] counts, and of each of them.
    fn dim(&self) -> (usize, usize);

    /// Some rows, in f64.
    ///
    /// # Errors
    ///
    /// Where they cannot be read.
    fn rows(&self, range: Range<usize>) -> Result<CowArray<'_, f64, Ix2>>;

    /// Whether the rows are the columns of M, because it is stored so.
    fn is_turned(&self) -> bool {
        false
    }
}

impl Rows for ArrayView2<'_, f64> {
    fn dim(&self) -> (usize, usize) {
        ArrayView2::dim(self)
    }

    fn rows(&self, range: Range<usize>) -> Result<CowArray<'_, f64, Ix2>> {
        Ok(self.slice(s![range, ..]).into())
    }
}
