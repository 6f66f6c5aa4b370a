//! What a figure shows of its rows, and how.

use crate::figure::Options;

/// What the figures of overlaps have in common: which directions, which panels, which colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown<'a> {
    /// The basis as the rows name it: `a`, `delta-left`.
    pub basis: &'a str,
    /// The projections, a panel each; figure 8 shows the first.
    pub projections: &'a [String],
    /// How the figure is to look.
    pub options: Options,
}
