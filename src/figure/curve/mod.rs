//! Figures of lines, as plain data and drawn: the rank curve, placement, seeds, amplification,
//! trajectory and spectrum.
//!
//! # Decisions
//!
//! - A curve is not a chart. It shares the pen, the page and the fonts; heat maps have nothing
//!   else in common with it. Its colours are the palette's, up to the lightest that is seen on
//!   paper, with dashes and marks beside.
//! - Chance is in every panel and has its name there. A reader has it before the value.

mod amplification;
mod around;
mod blocks;
mod draw;
mod factors;
mod layout;
mod marks;
mod medians;
mod names;
mod panel;
mod placement;
mod rank_curve;
mod rank_lines;
mod seeds;
mod shapes;
mod span;
mod spectrum;
mod trajectory;

pub use amplification::amplification_curve;
pub(super) use draw::draw;
pub use panel::{
    Band, Curve, CurveBar, CurveLine, CurveMark, CurvePanel, CurvePoint, LineStyle, MarkKind,
    NameAt,
};
pub use placement::{placed, placement_curve};
pub use rank_curve::rank_curve;
pub use seeds::seeds_curve;
pub use span::Span;
pub use spectrum::spectrum_curve;
pub use trajectory::trajectory_curve;
