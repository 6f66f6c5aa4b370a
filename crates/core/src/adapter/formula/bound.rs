//! How large a formula's entries can be, from its tensors' own.

use crate::error::Result;
use crate::linalg::largest;

use super::{Formula, Largest, Node};

impl Formula {
    /// What no entry's |x| exceeds; of a tensor as it is stored, its largest. Infinity or NaN where a
    /// tensor has one, and where the bound is beyond f64's range though the entries may not be.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub(in crate::adapter) fn bound(&self, known: &Largest) -> Result<f64> {
        Ok(match &self.node {
            Node::Tensor(leaf) => known.of(leaf, self.dim)?,
            Node::Part(leaf, index) => largest(&leaf.part(*index)?),
            Node::Zeros => 0.0,
            Node::Transposed(x)
            | Node::Reshaped(x)
            | Node::RowsTurned(x, _)
            | Node::Rows(x, _)
            | Node::Chosen(x, _)
            | Node::EveryColumn(x, ..) => x.bound(known)?,
            Node::Scaled(factor, x) => factor.abs() * x.bound(known)?,
            Node::Times(x, y) => x.dim.1 as f64 * x.bound(known)? * y.bound(known)?,
            Node::Entrywise(x, y) | Node::Kronecker(x, y) => x.bound(known)? * y.bound(known)?,
            Node::Stacked(parts) => {
                let bounds = parts.iter().map(|part| part.bound(known));
                largest(&bounds.collect::<Result<Vec<f64>>>()?)
            }
        })
    }
}
