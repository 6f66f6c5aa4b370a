//! Which adapters are placed among W's directions.

use crate::study::{AdapterId, Measured, Operand, Plan};

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
