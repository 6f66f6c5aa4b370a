//! Experts that a model keeps in memory as one 3-D parameter and on disk one by one.

use super::resolve;

/// A parameter in memory, and the weights on disk that are stacked for one expert of it.
const SEPARATE: [(&str, &[&str]); 4] = [
    ("gate_up_proj", &["gate_proj", "up_proj"]),
    ("gate_up_proj", &["w1", "w3"]),
    ("down_proj", &["down_proj"]),
    ("down_proj", &["w2"]),
];
/// How a container is called in memory and on disk.
const CONTAINERS: [(&str, &str); 2] = [
    (".mlp.experts", ".mlp.experts"),
    (".mlp.experts", ".block_sparse_moe.experts"),
];

/// The tensors that make up one expert of `CONTAINER.PARAMETER`, one below the other; empty where
/// the base has none.
pub(super) fn separate(
    parameter: &str,
    expert: usize,
    names: &[&str],
    base: &std::path::Path,
) -> Vec<String> {
    let Some((container, last)) = parameter.rsplit_once('.') else {
        return Vec::new();
    };
    let find = |tensor: String| resolve::resolve(&tensor, &tensor, names, base).ok();
    for (in_memory, on_disk) in CONTAINERS {
        let container = match container.strip_suffix(in_memory) {
            Some(parents) => format!("{parents}{on_disk}"),
            None => container.to_string(),
        };
        for (_, parts) in SEPARATE.iter().filter(|(name, _)| *name == last) {
            let part = |part: &&str| find(format!("{container}.{expert}.{part}.weight"));
            if let Some(tensors) = parts.iter().map(part).collect::<Option<Vec<_>>>() {
                return tensors;
            }
        }
    }
    Vec::new()
}
