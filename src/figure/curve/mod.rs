//! The rank curve: a score over the rank, as plain data and drawn.
//!
//! # Decisions
//!
//! - A curve is not a chart. It shares the pen, the page and the fonts; heat maps have nothing
//!   else in common with it. Its colours are the palette's, up to the lightest that is seen on
//!   paper, with dashes and marks beside.

mod draw;
mod layout;
mod rank_curve;

pub(super) use draw::draw;
pub use rank_curve::{Curve, CurveLine, CurvePanel, CurvePoint, Span, rank_curve};
