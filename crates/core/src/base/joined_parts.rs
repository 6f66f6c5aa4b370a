//! Projections that an adapter has apart and the base in one matrix.

use super::kept::{Kept, Within};

/// Names of layers apart, and of the matrix that has them one below the other.
const JOINED: [(&[&str], &[&str]); 8] = [
    (
        &["q_proj", "k_proj", "v_proj"],
        &["qkv_proj", "in_proj_weight", "W_pack", "Wqkv", "qkv"],
    ),
    (&["in_proj_q", "in_proj_k", "in_proj_v"], &["in_proj_qkv"]),
    (&["to_q", "to_k", "to_v"], &["to_qkv", "qkv"]),
    (&["q", "k", "v"], &["qkv"]),
    (&["wq", "wk", "wv"], &["wqkv"]),
    (&["query", "key", "value"], &["query_key_value", "qkv"]),
    (
        &["query_proj", "key_proj", "value_proj"],
        &["in_proj_weight"],
    ),
    (&["gate_proj", "up_proj"], &["gate_up_proj"]),
];
/// What slices of such a matrix are called.
const SLICES: [&[&str]; 2] = [&["gate", "up"], &["q", "k", "v"]];

/// A layer's part of a matrix that the base keeps it in.
pub(super) fn in_fused(path: &str, has: &dyn Fn(&str) -> Option<String>) -> Option<Kept> {
    let (parents, layer) = path.rsplit_once('.')?;
    for (apart, fused) in JOINED {
        let Some(place) = apart.iter().position(|name| *name == layer) else {
            continue;
        };
        let names = fused.iter().map(|name| format!("{parents}.{name}"));
        if let Some(tensor) = names.into_iter().find_map(|name| has(&name)) {
            let part = Within::Slice(SLICES[apart.len() - 2][place]);
            return Some(Kept { tensor, part });
        }
    }
    None
}
