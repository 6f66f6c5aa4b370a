//! The checkpoints of a run, as they were found.

use crate::adapter::Adapter;

/// The course of a run before its last checkpoint, which is the adapter itself.
#[non_exhaustive]
pub struct Steps {
    /// The checkpoints before the last, the first one first.
    pub earlier: Vec<Step>,
    /// The number of the last.
    pub last: u64,
    /// Whether all numbers are the run's own, and do not stand for an order.
    pub are_known: bool,
    /// Whether the first of them is how the adapter was before training.
    pub begins_at_start: bool,
}

/// One checkpoint.
#[non_exhaustive]
pub struct Step {
    /// Steps of training until then.
    pub number: u64,
    /// The adapter as it was.
    pub adapter: Adapter,
}
