//! Rows, one observation each, and their writers. The rows on disk are the contract between
//! measuring and drawing: figures and reports are made from these alone.
//!
//! Floats are written with nine significant digits; a missing value is an empty field.

mod csv;
mod dictionary;
mod digits;
pub(crate) mod html;
mod npz;
mod overlap;
mod provenance;
mod rank_tables;
pub mod rows;
mod scores;
mod sheet;
mod table7;
mod table7_latex;
mod text;
mod widths;

pub use csv::{from_csv, to_csv};
pub use dictionary::{TableColumns, column_names, columns, dictionary};
pub use npz::{GridArchive, from_npz, read_grids};
pub use overlap::{OverlapCell, OverlapNames, OverlapWriter, read_overlaps};
pub use provenance::{Input, Provenance};
pub use rank_tables::{RunTable, has_two_ranks};
pub use rows::{
    AmplificationRow, DrawRow, EvidenceRow, FindingRow, LayerRow, OverlapRow, PlacementRow,
    RanksRow, RunsRow, SpectrumRow,
};
pub use scores::{Score, higher_is_better, scores, weight_types};
pub use table7::{RunGroup, Table7};
pub use widths::Widths;
