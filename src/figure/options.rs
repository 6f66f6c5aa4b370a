//! How a figure is to look.

use super::Palette;
use crate::paper::Show;

/// How a figure is to look.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Options {
    /// The colours of cells or of lines.
    pub palette: Palette,
    /// The ends of the colour range; they come from the data when left out.
    pub range: Option<(f64, f64)>,
    /// What the heat maps of overlaps show.
    pub show: Show,
}
