//! Rows for tests.

use crate::table::RanksRow;

/// The sizes of a ΔW of rank 8, of layer 0's `q_proj`.
pub(in crate::figure) fn ranks_row() -> RanksRow {
    RanksRow {
        module: "h.0.q_proj".into(),
        component: String::new(),
        layer: Some(0),
        projection: "q_proj".into(),
        matrix: "r8".into(),
        numerical_rank: Some(8),
        stable_rank: Some(2.0),
        effective_rank: Some(5.0),
        energy_rank_90: Some(4),
        frobenius_norm: 2.0,
        spectral_norm: 2f64.sqrt(),
        rank: Some(8),
        rank_share: Some(1.0),
        relative_norm: None,
        relative_spectral_norm: None,
        top1_share: Some(0.5),
        participation: Some(2.5),
        chance_stable_rank: Some(6.0),
        chance_stable_rank_sd: Some(0.2),
        chance_effective_rank: Some(7.8),
        chance_effective_rank_sd: Some(0.1),
        chance_energy_rank_90: Some(7.0),
        chance_energy_rank_90_sd: Some(0.1),
    }
}
