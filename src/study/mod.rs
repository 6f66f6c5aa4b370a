//! A study: which adapters, which comparisons, on which modules. A study file or a command line
//! becomes a [`Plan`]; running it gives [`Results`], which are rows and grids, a module at a time.

mod build;
mod build_rows;
mod candidate;
mod checks;
mod definition;
mod figures;
mod findings;
mod first;
mod header;
mod keys;
mod lineage;
mod lines;
mod memory;
mod module;
mod naming;
mod pairing;
mod plan;
mod provenance;
mod published;
mod results;
mod run;
mod runs;
mod runs_file;
mod sameness;
mod schema;
mod select;
mod size;

pub use definition::{Definition, Prose};
pub use figures::FigurePlan;
pub use findings::{Evidence, findings, page as findings_page};
pub use first::FirstStudy;
pub use plan::{Comparison, NamedAdapter, Operand, Plan, Request};
pub use results::{Certificate, Grid, ModuleName, Results, grid_key};
pub use runs::Runs;
pub use schema::schema;
pub use select::{Selection, parse_layers};
pub use size::{human_size, parse_size};
