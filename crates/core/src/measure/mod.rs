//! Numbers from factors, one file per measure. Pure: no files, no printing, no clock, and no
//! randomness that does not come from a key.
//!
//! METHODS.md has each measure's definition, range, chance value, source and limits.

pub mod amplification;
pub mod chance;
pub mod coverage;
pub mod directions;
pub mod interference;
pub mod labels;
pub mod linkage;
pub mod many;
pub mod many_draws;
pub mod mean_projector;
pub mod one_start;
pub mod overlap;
pub mod placement;
pub mod random_ranks;
pub mod same_layer;
pub mod significance;
pub mod spectrum;
pub mod trajectory;

pub use directions::{Basis, Directions, Side};
pub use overlap::{overlap, overlap_grid};
