//! A study: which adapters, which comparisons, on which modules. A study file or a command line
//! becomes a [`Plan`]; running it gives [`Results`], which are rows and grids.

mod definition;
mod module;
mod plan;
mod results;
mod select;

pub use definition::Definition;
pub use plan::{Comparison, FigurePlan, NamedAdapter, Operand, Plan, Request};
pub use results::{Grid, ModuleName, Results};
pub use select::{Selection, parse_layers};
