//! How large a formula's entries can be, from its tensors' own.

use crate::error::Result;
use crate::linalg::exponent;

use super::{Formula, Largest, Node};

/// What no entry's |x| exceeds. Products of bounds leave f64's range where the entries may not: the
/// exponent alone is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::adapter) enum Bound {
    /// All entries are 0.
    Zero,
    /// 2 to this power.
    Power(i32),
    /// A tensor has an infinity or NaN.
    NoNumber,
}

impl Bound {
    /// That of numbers of which this is the largest.
    pub(in crate::adapter) fn of(largest: f64) -> Self {
        match exponent(largest) {
            Some(e) => Bound::Power(e + 1),
            None if largest == 0.0 => Bound::Zero,
            None => Bound::NoNumber,
        }
    }

    /// That of the products of such numbers.
    pub(in crate::adapter) fn times(self, other: Self) -> Self {
        match (self, other) {
            (Bound::NoNumber, _) | (_, Bound::NoNumber) => Bound::NoNumber,
            (Bound::Zero, _) | (_, Bound::Zero) => Bound::Zero,
            (Bound::Power(one), Bound::Power(other)) => Bound::Power(one + other),
        }
    }
}

impl Formula {
    /// What no entry exceeds.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub(in crate::adapter) fn bound(&self, known: &Largest) -> Result<Bound> {
        Ok(match &self.node {
            Node::Tensor(leaf) => Bound::of(known.of(leaf, self.dim)?),
            Node::Part(leaf, index) => Bound::of(known.of_part(leaf, *index)?),
            Node::Zeros => Bound::Zero,
            Node::Transposed(x)
            | Node::Reshaped(x)
            | Node::RowsTurned(x, _)
            | Node::Rows(x, _)
            | Node::Chosen(x, _)
            | Node::EveryColumn(x, ..) => x.bound(known)?,
            Node::Scaled(factor, x) => Bound::of(*factor).times(x.bound(known)?),
            Node::Times(x, y) => {
                let terms = Bound::of(x.dim.1 as f64);
                terms.times(x.bound(known)?).times(y.bound(known)?)
            }
            Node::Entrywise(x, y) | Node::Kronecker(x, y) => x.bound(known)?.times(y.bound(known)?),
            Node::Stacked(parts) => {
                let bounds = parts.iter().map(|part| part.bound(known));
                let bounds = bounds.collect::<Result<Vec<Bound>>>()?;
                bounds.into_iter().max().unwrap_or(Bound::Zero)
            }
        })
    }
}
