//! Projections that an adapter has apart and the base in one matrix.

use std::ops::Range;

use super::catalogue::{Kept, Within, path_of};
use super::{Base, fused};

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

/// The rows of a slice, of this height, of a base's fused matrix with these sides: as the matrix is
/// cut where an adapter is on all of it. A linear attention's `in_proj_qkv` has q and k of one height
/// and then v.
pub(super) fn rows(
    base: &Base,
    tensor: &str,
    sides: (usize, usize),
    (slice, height): (&str, usize),
) -> Option<Vec<Range<usize>>> {
    let path = path_of(tensor);
    if let Some((_, parts)) = fused::of_tensor(path, tensor, sides, base.config()) {
        let mut parts = parts.into_iter();
        return parts.find(|(name, _)| *name == slice).map(|(_, rows)| rows);
    }
    let is_linear = path.ends_with(".in_proj_qkv");
    let rows = match slice {
        "q" => 0..height,
        "k" => height..2 * height,
        _ => sides.0.checked_sub(height)?..sides.0,
    };
    let fits = match slice {
        "v" => (sides.0 - height).is_multiple_of(2),
        _ => 2 * height < sides.0,
    };
    (is_linear && fits).then(|| vec![rows])
}
