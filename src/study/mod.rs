//! A study: which adapters, which comparisons, on which modules. A study file or a command line
//! becomes a [`Plan`]; running it gives [`Results`], which are rows and grids, a module at a time.

mod build;
mod definition;
mod figures;
mod memory;
mod module;
mod naming;
mod plan;
mod results;
mod run;
mod select;
mod size;

pub use definition::Definition;
pub use figures::FigurePlan;
pub use plan::{Comparison, NamedAdapter, Operand, Plan, Request};
pub use results::{Certificate, Grid, ModuleName, Results};
pub use select::{Selection, parse_layers};
pub use size::{human_size, parse_size};
