//! What people write: `study.toml`, `runs.csv` and rows, every mistake with its line.

pub(super) mod answers_file;
pub mod bounds;
pub(super) mod definition;
pub(super) mod header;
mod keys;
pub(super) mod lines;
pub(super) mod pattern;
pub(super) mod rows_file;
pub(super) mod runs_file;
mod schema;
pub(super) mod select;
pub(super) mod shares;
mod size;
mod table_file;

pub use definition::{Definition, Prose};
pub use keys::schema;
pub(crate) use pattern::{common_beginning, label};
pub(crate) use schema::is_plain;
pub(super) use select::select;
pub use select::{Selection, parse_layers};
pub use size::{human_size, parse_size};
