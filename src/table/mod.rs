//! Rows, one observation each, and their writers. The rows on disk are the contract between
//! measuring and drawing: figures and reports are made from these alone.
//!
//! Floats are written with nine significant digits; a missing value is an empty field.

mod ahead;
mod beside;
mod caption;
mod course;
mod csv;
mod dictionary;
mod digits;
pub(crate) mod html;
mod many;
mod metric;
mod npz;
mod overlap;
mod proportion;
mod provenance;
mod rank_tables;
mod ranks;
mod rounded;
pub mod rows;
mod scores;
mod sheet;
mod short;
mod table7;
mod table7_latex;
mod table7_words;
mod text;
mod together;
mod weights;
mod widths;

pub use ahead::Answers;
pub(crate) use caption::error as score_error;
pub use course::TrajectoryRow;
pub use csv::{from_csv, not_a_number, rows_where, to_csv, to_csv_without, unwritten};
pub use dictionary::{TableColumns, column_names, columns, dictionary};
pub use many::{GroupRow, InterferenceRow, MEAN, PairRow, SharedRow};
pub use metric::{higher_is_better, is_share};
pub use npz::{GridArchive, from_npz, read_grids};
pub use overlap::{Limit, OverlapCell, OverlapNames, OverlapWriter, read_overlaps};
pub use proportion::{standard_error, wilson};
pub use provenance::{Input, Provenance};
pub use rank_tables::{RunTable, has_two_ranks};
pub use ranks::RanksRow;
pub use rows::{
    AmplificationRow, AnswersRow, DrawRow, EvidenceRow, FindingRow, LayerRow, OverlapRow,
    PlacementRow, RunsRow, SpectrumRow,
};
pub use scores::{Score, scores, weight_types};
pub(crate) use scores::{Wholes, whole, wholes};
pub use table7::{RunGroup, Table7};
pub(crate) use text::{latex_text, markdown_text, minus, place_in_words};
pub(crate) use together::together;
pub use widths::Widths;
