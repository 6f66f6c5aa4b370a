//! Maps of sizes over layers and modules: plain data, then drawn.
//!
//! # Decisions
//!
//! - A map is no heat map of overlaps: its rows are layers, its columns modules, and each quantity has
//!   a bar of its own. It shares the painter of cells, the page and the fonts with those.
//! - All maps of a quantity have one scale, so that adapters are compared by colour.
//! - Every bar begins at 0. Chance stands at each bar with its number, also where it is beyond the bar:
//!   a random update may have ten times the rank that is seen.

mod chart;
mod draw;
mod layout;
mod sizes;
#[cfg(test)]
pub(super) mod testing;

pub(super) use chart::LIGHTEST;
pub use chart::{Map, MapGroup, Maps, Scale};
pub(super) use draw::{cut, draw};
pub use sizes::sizes_maps;
