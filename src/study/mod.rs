//! A study: which adapters or rows, which comparisons, on which modules. A study file or a command
//! line becomes a [`Plan`], in which every name is resolved; measuring it is the room [`crate::run`].

mod build;
mod build_rows;
mod checks;
mod drawable;
mod duplicates;
mod figure_plan;
mod figures;
mod file;
mod lineage;
mod named;
mod naming;
mod pairs;
mod plan;
mod provenance;
mod published;
mod request;
mod resolved;
mod runs;

pub(crate) use duplicates::{is_same, other_scale};
pub use figure_plan::FigurePlan;
pub(crate) use file::is_plain;
pub use file::{Definition, Prose, Selection, human_size, parse_layers, parse_size, schema};
pub(crate) use lineage::find_base;
pub use named::{AdapterId, Comparison, NamedAdapter, Operand};
pub(crate) use naming::{names_of, study_name};
pub use pairs::{Pairs, Seeds};
pub use plan::{Measured, Plan, Source};
pub use published::Published;
pub use request::{Makes, Request};
pub use runs::Runs;
