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
    }
}
