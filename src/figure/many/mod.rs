//! Maps of what each two of many adapters share: plain data, then drawn.
//!
//! # Decisions
//!
//! - Both sides of ΔW stand in one map: the input side below the diagonal, the output side above it. The two are what a
//!   reader compares.
//! - All maps of a study have one order, of average linkage on the mean excess over everything, and one scale.
//! - Names are printed up to fifty adapters, one map a figure from twenty-one on. Beyond, strips of colour tell what
//!   adapters have in common.

mod chart;
mod draw;
mod layout;
mod rows;

pub(super) use chart::side;
pub use chart::{ManyMap, ManyMaps, Strip};
pub(super) use draw::draw;
pub use rows::{LabelStrip, many_maps};
