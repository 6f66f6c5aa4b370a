//! What a module's path says: its layer and its projection.

use std::cmp::Ordering;

/// What models call the list of their blocks.
const BLOCKS: [&str; 7] = [
    "layers",
    "layer",
    "h",
    "blocks",
    "block",
    "resblocks",
    "blk",
];

/// The block number in a module's path: the first number behind a name that models give to their
/// list of blocks, else the first number; never the last part of a path.
///
/// ```
/// use lora_subspace_core::adapter::layer_of;
/// assert_eq!(layer_of("bert.encoder.layer.3.attention.self.query"), Some(3));
/// assert_eq!(layer_of("0.auto_model.encoder.layer.3.attention.self.query"), Some(3));
/// assert_eq!(layer_of("lm_head"), None);
/// ```
pub fn layer_of(path: &str) -> Option<usize> {
    let place = place_of_layer(path)?;
    path.split('.').nth(place)?.parse().ok()
}

/// A module's path up to its block's number; all of it where there is none.
///
/// ```
/// use lora_subspace_core::adapter::block_of;
/// assert_eq!(block_of("bert.encoder.layer.3.attention.self.query"), "bert.encoder.layer.3");
/// ```
pub fn block_of(path: &str) -> &str {
    let Some(place) = place_of_layer(path) else {
        return path;
    };
    let mut dots = path.match_indices('.').map(|(at, _)| at);
    dots.nth(place).map_or(path, |end| &path[..end])
}

/// Which part of a path is the block's number.
fn place_of_layer(path: &str) -> Option<usize> {
    let (parents, _) = path.rsplit_once('.')?;
    let (mut first, mut before) = (None, "");
    for (place, part) in parents.split('.').enumerate() {
        if part.parse::<usize>().is_ok() {
            if BLOCKS.contains(&before) {
                return Some(place);
            }
            first = first.or(Some(place));
        }
        before = part;
    }
    first
}

/// A path whose block number is another one; `None` where the number has no counterpart. A path
/// without a number stays.
pub(super) fn with_layer(path: &str, other: impl Fn(usize) -> Option<usize>) -> Option<String> {
    let mut parts: Vec<String> = path.split('.').map(str::to_string).collect();
    if let Some(place) = place_of_layer(path) {
        parts[place] = other(parts[place].parse().ok()?)?.to_string();
    }
    Some(parts.join("."))
}

/// The last name of a module's path; a trailing number stays with the name before it.
///
/// ```
/// use lora_subspace_core::adapter::projection_of;
/// assert_eq!(projection_of("model.layers.0.self_attn.q_proj"), "q_proj");
/// assert_eq!(projection_of("blocks.1.attn.to_out.0"), "to_out.0");
/// ```
pub fn projection_of(path: &str) -> &str {
    let Some((parents, last)) = path.rsplit_once('.') else {
        return path;
    };
    if last.parse::<usize>().is_err() {
        return last;
    }
    match parents.rfind('.') {
        Some(dot) => &path[dot + 1..],
        None => path,
    }
}

/// Whether a module's name is one that models give to an embedding, whose rows are tokens.
pub(super) fn is_embedding(path: &str) -> bool {
    const ENDS: [&str; 8] = [
        "embedding",
        "embeddings",
        "embed_tokens",
        "embed_positions",
        "embed_in",
        "wte",
        "wpe",
        "shared",
    ];
    let last = path.rsplit('.').next().unwrap_or_default();
    ENDS.iter().any(|end| last.ends_with(end))
}

/// Orders paths by their parts, and parts by their text and numbers: layer 2 comes before layer 10,
/// and `checkpoint-500` before `checkpoint-1000`.
///
/// ```
/// use lora_subspace_core::adapter::natural_order;
/// let mut names = ["checkpoint-1000", "h.10.q", "checkpoint-500", "h.2.q", "h"];
/// names.sort_by(|one, other| natural_order(one, other));
/// assert_eq!(names, ["checkpoint-500", "checkpoint-1000", "h", "h.2.q", "h.10.q"]);
/// ```
pub fn natural_order(first: &str, second: &str) -> Ordering {
    let (mut one, mut other) = (first.split('.'), second.split('.'));
    loop {
        let order = match (one.next(), other.next()) {
            (None, None) => return first.cmp(second),
            (Some(x), Some(y)) => by_numbers(x, y),
            (x, y) => return x.cmp(&y),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Orders two parts by their runs of digits and of other characters, in turn.
fn by_numbers(mut one: &str, mut other: &str) -> Ordering {
    while !one.is_empty() && !other.is_empty() {
        let (x, rest) = one.split_at(run(one));
        let (y, other_rest) = other.split_at(run(other));
        let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let order = match is_number(x) && is_number(y) {
            true => {
                let [x, y] = [x, y].map(|number| number.trim_start_matches('0'));
                x.len().cmp(&y.len()).then_with(|| x.cmp(y))
            }
            false => x.cmp(y),
        };
        if order != Ordering::Equal {
            return order;
        }
        (one, other) = (rest, other_rest);
    }
    one.len().cmp(&other.len())
}

/// The length of what a text begins with: digits alone, or none.
fn run(text: &str) -> usize {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != is_number);
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_sort_by_number() {
        let mut paths = vec!["h.10.q", "h.2.q", "h.2.k", "h", "lm_head"];
        paths.sort_by(|a, b| natural_order(a, b));
        assert_eq!(paths, ["h", "h.2.k", "h.2.q", "h.10.q", "lm_head"]);
        let mut names = vec![
            "r10",
            "r9",
            "r9-b",
            "r09",
            "r",
            "10",
            "9",
            "a",
            "99999999999999999999999",
        ];
        names.sort_by(|a, b| natural_order(a, b));
        let sorted = [
            "9",
            "10",
            "99999999999999999999999",
            "a",
            "r",
            "r09",
            "r9",
            "r9-b",
            "r10",
        ];
        assert_eq!(names, sorted);
    }

    #[test]
    fn odd_paths_have_a_projection() {
        assert_eq!(projection_of("0"), "0");
        assert_eq!(projection_of("mlp.0"), "mlp.0");
        assert_eq!(layer_of("mlp.0"), None);
        assert_eq!(layer_of("down_blocks.1.attentions.0.to_q"), Some(1));
        assert_eq!(layer_of("encoder.block.2.layer.0.SelfAttention.q"), Some(2));
        assert_eq!(layer_of("h.7"), None);
        assert_eq!(block_of("lm_head"), "lm_head");
    }
}
