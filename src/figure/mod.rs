//! Rows to charts to pictures, in the layout of the paper's figures. A [`Chart`] of heat maps, a
//! [`Curve`] and [`Maps`] are plain data; one file each draws them. Nothing here sees a tensor.
//!
//! # Decisions
//!
//! - krilla writes PDF, not svg2pdf (`render.rs`). svg2pdf orders fonts and resources by hash
//!   maps, so that one figure gave four different files. krilla-svg takes the same usvg tree and
//!   is deterministic. It fixes the version of usvg and resvg.
//! - Text is outlines in an SVG and text in a PDF. An SVG must be readable where the font is
//!   missing, and fonts embedded in SVG work in browsers only. Its title and description carry
//!   the words. The PDF embeds both faces and can be searched.
//! - No text is below 6 pt in any venue, subscripts included. `Drawing::texts` says where each
//!   text stands. A test holds sizes, edges and overlaps of all built-in figures.

mod any;
mod caption;
mod cells;
mod chosen;
mod curve;
mod describe;
mod font;
mod format;
mod heat;
mod label;
mod many;
mod maps;
mod numbers;
mod options;
mod palette;
mod pen;
mod place;
mod render;

pub use crate::paper::Venue;
pub use any::{AnyFigure, Canvas};
pub use caption::Caption;
pub use chosen::{drawn_spectra, mapped};
pub use curve::{
    Band, Curve, CurveBar, CurveLine, CurveMark, CurvePanel, CurvePoint, LineStyle, MarkKind,
    NameAt, Span, amplification_curve, placed, placement_curve, rank_curve, seeds_curve,
    spectrum_curve, trajectory_curve,
};
pub use format::Format;
pub use heat::{
    Axis, Bar, Chart, Edges, Pair, Panel, Ranked, SURE, Shown, Tick, figure3, figure4, figure6,
    figure7, figure8, parts,
};
pub use label::{Run, Text};
pub use many::{LabelStrip, ManyMap, ManyMaps, Strip, many_maps};
pub use maps::{Map, MapGroup, Maps, Scale, sizes_maps};
pub use options::Options;
pub use palette::Palette;
pub use pen::Placed;
pub use render::Drawing;
