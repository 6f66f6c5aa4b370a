//! How a figure is to look.

use super::Palette;

/// How a figure is to look.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Options {
    /// Colours.
    pub palette: Palette,
    /// Ends of the colour range; from the data, rounded to a tenth, when left out.
    pub range: Option<(f64, f64)>,
}
