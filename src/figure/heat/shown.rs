//! What a figure shows of its rows, and how.

use crate::figure::Options;
use crate::measure::Basis;

/// What the figures of overlaps have in common: which directions, which panels, which colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown<'a> {
    /// The directions that are compared.
    pub basis: Basis,
    /// The projections, a panel each; figure 8 shows the first.
    pub projections: &'a [String],
    /// How the figure is to look.
    pub options: Options,
}
