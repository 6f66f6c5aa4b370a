//! What a figure shows of its rows, and how.

use crate::figure::Options;
use crate::measure::Basis;
use crate::table::place_in_words;

/// What the figures of overlaps have in common: which directions, which panels, which colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown<'a> {
    /// The directions that are compared.
    pub basis: Basis,
    /// The projections, a panel each; figure 8 shows the first.
    pub projections: &'a [String],
    /// What tells the modules from others of one layer and name; empty where there are no others.
    pub within: &'a str,
    /// How the figure is to look.
    pub options: Options,
}

impl Shown<'_> {
    /// `, decoder, layer 5` for a footer; nothing where nothing has to be said.
    pub(in crate::figure) fn place(&self, layer: Option<usize>) -> String {
        place_in_words(self.within, layer)
    }
}
