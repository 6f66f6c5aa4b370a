//! Rows to charts to pictures, in the layout of the paper's figures. One file per published
//! figure; a [`Chart`] is plain data; one file draws it. Nothing here sees a tensor.

mod chart;
mod curve;
mod curve_draw;
mod curve_layout;
mod determined;
mod draw;
mod figure3;
mod figure4;
mod figure6;
mod figure7;
mod figure8;
mod font;
mod label;
mod layout;
mod mark;
mod palette;
mod pen;
mod render;
mod select;

pub use crate::paper::Venue;
pub use chart::{Axis, Bar, Chart, Panel, Tick};
pub use curve::{Curve, CurveLine, CurvePanel, CurvePoint, Span, rank_curve};
pub use determined::SURE;
pub use figure3::figure3;
pub use figure4::figure4;
pub use figure6::figure6;
pub use figure7::figure7;
pub use figure8::{Ranked, figure8};
pub use label::{Run, Text};
pub use palette::Palette;
pub use pen::Placed;
pub use render::{Drawing, Format};
pub use select::Pair;

/// How a figure is to look.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Options {
    /// Colours.
    pub palette: Palette,
    /// Ends of the colour range; from the data, rounded to a tenth, when left out.
    pub range: Option<(f64, f64)>,
}
