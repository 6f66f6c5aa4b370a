//! A study: which adapters or rows, which comparisons, on which modules. A study file or a command
//! line becomes a [`Plan`], in which every name is resolved; measuring it is the room [`crate::run`].

mod apart;
mod bases;
mod build;
mod build_rows;
mod checks;
mod drawable;
mod duplicates;
mod figure_plan;
mod figures;
mod file;
mod groups;
mod left_out;
mod lineage;
mod meet;
mod named;
mod naming;
mod opening;
mod pairs;
mod plan;
mod provenance;
mod published;
mod renames;
mod request;
mod resolved;
mod runs;
mod seeds;
mod steps;
mod within;

pub(crate) use duplicates::{is_same, other_scale};
pub use figure_plan::{Drawn, FigurePlan};
pub use file::{Definition, Prose, Selection, human_size, parse_layers, parse_size, schema};
pub(crate) use file::{common_beginning, is_plain, label};
pub(crate) use lineage::find_base;
pub use named::{AdapterId, Comparison, NamedAdapter, Operand};
pub(crate) use naming::{names_of, study_name};
pub use pairs::{Pairs, Seeds};
pub use plan::{Measured, Plan, Sides, Source};
pub use published::Published;
pub use request::{Makes, Request};
pub use runs::Runs;
pub(crate) use seeds::in_files;
pub use steps::{Step, Steps};
