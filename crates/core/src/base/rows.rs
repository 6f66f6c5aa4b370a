//! W of a module, a block of rows at a time.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ndarray::{Array2, CowArray, Ix2, s};

use crate::adapter::{AdaptedModule, Part};
use crate::error::Result;
use crate::linalg::Rows;
use crate::tensors::StoredRows;

use super::Base;
use super::orientation::Orientation;

/// W of a module. Where its file has it row by row, or column by column, it is read as its rows are
/// asked for; elsewhere it is held.
pub struct WeightRows<'a> {
    held: Held<'a>,
    is_turned: bool,
    /// Nanoseconds spent reading, over all threads.
    reading: AtomicU64,
}

enum Held<'a> {
    Whole(Array2<f64>),
    Stored {
        stored: StoredRows<'a>,
        /// Which rows are W's, in its order.
        ranges: Vec<Range<usize>>,
    },
}

impl Base {
    /// W of a module, whose rows are read when they are asked for. What [`Base::weight`] gives at once.
    ///
    /// # Errors
    ///
    /// Those of [`Base::check`], and of [`Base::weight`] where W cannot be read in parts.
    pub fn rows<'a>(&'a self, module: &'a AdaptedModule) -> Result<WeightRows<'a>> {
        let started = Instant::now();
        let (held, is_turned) = match self.stored_rows(module)? {
            Some((stored, ranges, is_turned)) => (Held::Stored { stored, ranges }, is_turned),
            None => (Held::Whole(self.weight(module)?), false),
        };
        let rows = WeightRows {
            held,
            is_turned,
            reading: AtomicU64::new(0),
        };
        rows.took(started);
        Ok(rows)
    }

    /// Whether [`Base::rows`] reads W as its rows are asked for, and holds no more of it.
    pub fn reads_in_parts(&self, module: &AdaptedModule) -> bool {
        self.stored_rows(module)
            .is_ok_and(|stored| stored.is_some())
    }

    /// The stored matrix, its rows that are W's, and whether those are columns; `None` where W is put
    /// together of parts.
    #[allow(clippy::type_complexity)]
    fn stored_rows<'a>(
        &'a self,
        module: &'a AdaptedModule,
    ) -> Result<Option<(StoredRows<'a>, Vec<Range<usize>>, bool)>> {
        let place = self.locate(module)?;
        let tensor = match place.tensors.as_slice() {
            [tensor] if *tensor == module.target.tensor => module.target.tensor.as_str(),
            _ => return Ok(None),
        };
        let (height, d_in) = place.sides;
        let is_turned = place.orientation == Orientation::Turned;
        let shape = if is_turned {
            (d_in, height)
        } else {
            (height, d_in)
        };
        let index = match module.target.part {
            Part::Expert(expert) | Part::Half { expert, .. } if self.is_stack(tensor) => {
                Some(expert)
            }
            _ => None,
        };
        let ranges = match (place.rows, &module.slice) {
            (None, None) => std::iter::once(0..shape.0).collect(),
            (Some(rows), None) if !is_turned => rows,
            (None, Some(slice)) if !is_turned => slice.rows.clone(),
            _ => return Ok(None),
        };
        let stored = self.checkpoint.rows(tensor, index, shape)?;
        Ok(stored.map(|stored| (stored, ranges, is_turned)))
    }
}

impl WeightRows<'_> {
    /// Time spent reading so far, summed over threads.
    pub fn reading(&self) -> Duration {
        Duration::from_nanos(self.reading.load(Ordering::Relaxed))
    }

    fn took(&self, started: Instant) {
        let nanoseconds = started.elapsed().as_nanos() as u64;
        self.reading.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

impl Rows for WeightRows<'_> {
    fn dim(&self) -> (usize, usize) {
        match &self.held {
            Held::Whole(w) => w.dim(),
            Held::Stored { stored, ranges } => (
                ranges.iter().map(ExactSizeIterator::len).sum(),
                stored.dim().1,
            ),
        }
    }

    fn rows(&self, range: Range<usize>) -> Result<CowArray<'_, f64, Ix2>> {
        let (stored, ranges) = match &self.held {
            Held::Whole(w) => return Ok(w.slice(s![range, ..]).into()),
            Held::Stored { stored, ranges } => (stored, ranges),
        };
        let started = Instant::now();
        let mut parts = within(ranges, &range).into_iter();
        // One part, as a rule.
        let rows = match (parts.next(), parts.len()) {
            (Some((_, part)), 0) => stored.read(part)?,
            (first, _) => {
                let mut rows = Array2::zeros((range.len(), stored.dim().1));
                for (place, part) in first.into_iter().chain(parts) {
                    let mut here = rows.slice_mut(s![place..place + part.len(), ..]);
                    here.assign(&stored.read(part)?);
                }
                rows
            }
        };
        self.took(started);
        Ok(rows.into())
    }

    fn is_turned(&self) -> bool {
        self.is_turned
    }
}

/// The parts of ranges that stand one after the other which lie in `range`, counted over all of them: each
/// with its place in `range`.
fn within(ranges: &[Range<usize>], range: &Range<usize>) -> Vec<(usize, Range<usize>)> {
    let (mut parts, mut before) = (Vec::new(), 0);
    for one in ranges {
        let first = range.start.max(before);
        let last = range.end.min(before + one.len());
        if first < last {
            let start = one.start + first - before;
            parts.push((first - range.start, start..start + last - first));
        }
        before += one.len();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn ranges_are_counted_over_all_of_them() {
        let ranges = [4..6, 0..3, 10..10, 7..9];
        assert_eq!(within(&ranges, &(0..7)), [(0, 4..6), (2, 0..3), (5, 7..9)]);
        assert_eq!(within(&ranges, &(1..4)), [(0, 5..6), (1, 0..2)]);
        assert_eq!(within(&ranges, &(5..7)), [(0, 7..9)]);
        assert!(within(&ranges, &(7..7)).is_empty());
    }
}
