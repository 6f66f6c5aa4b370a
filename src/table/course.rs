//! Rows of a run's course over its checkpoints.

use serde::{Deserialize, Serialize};

use super::rounded::{nine_digits, nine_digits_or_empty};

/// How near one checkpoint of a run is to the last one, in one basis (`trajectory.csv`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrajectoryRow {
    /// Full path as the adapter names it.
    pub module: String,
    /// The part of the model, where the study has several.
    #[serde(default)]
    pub component: String,
    /// Block number, 0-based.
    pub layer: Option<usize>,
    /// Last name of the path.
    pub projection: String,
    /// The study's name of the adapter, which is the run's last checkpoint.
    pub adapter: String,
    /// Steps of training until the checkpoint. Where they are not known, its place in the order.
    pub step: u64,
    /// Which directions: `delta-right` (input side) or `delta-left` (output side) of ΔW. `a` is the row
    /// space of A, where A before training is known.
    pub basis: String,
    /// Directions on each side: min(16, r) of ΔW, r of A.
    pub k: usize,
    /// ‖ΔW‖_F at this step, scale included.
    #[serde(serialize_with = "nine_digits")]
    pub norm: f64,
    /// ‖ΔW‖²_F / ‖ΔW‖²₂; empty where ΔW = 0.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub stable_rank: Option<f64>,
    /// φ(k,k) with the last checkpoint, in 0..=1. Empty where either has fewer than k directions, for
    /// example where ΔW = 0.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub similarity_to_last: Option<f64>,
    /// φ(k,k) with the checkpoint before. Empty in the same cases, and for the first checkpoint.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub similarity_to_previous: Option<f64>,
    /// φ(r,r) between the row spaces of A at this step and before training, for basis `a` alone.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub similarity_to_start: Option<f64>,
    /// k/d, the expectation for random subspaces: d = d_out for `delta-left`, else d_in.
    #[serde(serialize_with = "nine_digits")]
    pub chance: f64,
}
