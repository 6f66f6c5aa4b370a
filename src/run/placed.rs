//! What takes W's own directions, and which adapters are placed among them.

use crate::study::{AdapterId, Comparison, Measured, Operand, Plan};

/// Whether W's own directions are searched for. Table 7 without their row is the only thing that takes W and
/// none of them.
pub(super) fn searches(plan: &Plan, measured: &Measured) -> bool {
    let is_compared = |pair: &Comparison| pair.first == Operand::Base;
    let makes = plan.makes;
    measured.with_own_directions
        || !makes.amplification
        || makes.overlap && measured.comparisons.iter().any(is_compared)
}

/// The adapters that are placed among W's directions: those of figure 8.
pub(super) fn placed(plan: &Plan, measured: &Measured) -> Vec<AdapterId> {
    if !plan.makes.overlap || measured.base.is_none() {
        return Vec::new();
    }
    let against_base =
        measured
            .comparisons
            .iter()
            .filter_map(|pair| match (pair.first, pair.second) {
                (Operand::Base, Operand::Adapter(adapter)) => Some(adapter),
                _ => None,
            });
    let mut placed: Vec<AdapterId> = against_base.collect();
    placed.sort();
    placed.dedup();
    placed
}
