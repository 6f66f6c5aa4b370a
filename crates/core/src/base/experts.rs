//! Experts that a model keeps in memory as one 3-D parameter and on disk one by one, or the other way
//! round.

use super::kept::{Kept, Within};

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

/// The tensor of a path, if the base has one.
type Has<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The tensors that make up one expert of `CONTAINER.PARAMETER`, one below the other; empty where
/// the base has none.
pub(super) fn separate(parameter: &str, expert: usize, has: Has) -> Vec<String> {
    let Some((container, last)) = parameter.rsplit_once('.') else {
        return Vec::new();
    };
    for (in_memory, on_disk) in CONTAINERS {
        let container = match container.strip_suffix(in_memory) {
            Some(parents) => format!("{parents}{on_disk}"),
            None => container.to_string(),
        };
        for (_, parts) in SEPARATE.iter().filter(|(name, _)| *name == last) {
            let part = |part: &&str| has(&format!("{container}.{expert}.{part}"));
            if let Some(tensors) = parts.iter().map(part).collect::<Option<Vec<_>>>() {
                return tensors;
            }
        }
    }
    Vec::new()
}

/// A stack in memory whose experts the base has one by one.
pub(super) fn are_separate(parameter: &str, has: Has) -> Option<Kept> {
    (!separate(parameter, 0, has).is_empty()).then(|| Kept {
        tensor: parameter.into(),
        part: Within::Separate,
    })
}

/// One expert's layer, `CONTAINER.E.LAYER`, where the base stacks the experts.
pub(super) fn on_stack(path: &str, has: Has) -> Option<Kept> {
    let (parents, layer) = path.rsplit_once('.')?;
    let (container, expert) = parents.rsplit_once('.')?;
    let expert = expert.parse().ok()?;
    for (parameter, parts) in SEPARATE {
        let Some(place) = parts.iter().position(|part| *part == layer) else {
            continue;
        };
        for (in_memory, on_disk) in CONTAINERS {
            let container = match container.strip_suffix(on_disk) {
                Some(parents) => format!("{parents}{in_memory}"),
                None => container.to_string(),
            };
            if let Some(tensor) = has(&format!("{container}.{parameter}")) {
                let half = (parts.len() > 1).then_some(place);
                return Some(Kept {
                    tensor,
                    part: Within::Expert(expert, half),
                });
            }
        }
    }
    None
}
