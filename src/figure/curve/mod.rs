//! The rank curve: a score over the rank, as plain data and drawn.

mod draw;
mod layout;
mod rank_curve;

pub(super) use draw::draw;
pub use rank_curve::{Curve, CurveLine, CurvePanel, CurvePoint, Span, rank_curve};
