//! Rows to charts to pictures, in the layout of the paper's figures. A [`Chart`] of heat maps and a
//! [`Curve`] are plain data; one file each draws them. Nothing here sees a tensor.

mod curve;
mod font;
mod format;
mod heat;
mod label;
mod options;
mod palette;
mod pen;
mod place;
mod render;

pub use crate::paper::Venue;
pub use curve::{Curve, CurveLine, CurvePanel, CurvePoint, Span, rank_curve};
pub use format::Format;
pub use heat::{
    Axis, Bar, Chart, Pair, Panel, Ranked, SURE, Shown, Tick, figure3, figure4, figure6, figure7,
    figure8,
};
pub use label::{Run, Text};
pub use options::Options;
pub use palette::Palette;
pub use pen::Placed;
pub use render::Drawing;
