//! Rows, one observation each, and their writers. The rows on disk are the contract between
//! measuring and drawing: figures and reports are made from these alone.
//!
//! Floats are written with nine significant digits; a missing value is an empty field.

pub mod rows;

pub use rows::{AmplificationRow, OverlapRow, RanksRow, SpectrumRow};
