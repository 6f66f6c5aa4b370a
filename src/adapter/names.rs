//! What a module's path says: its layer and its projection.

use std::cmp::Ordering;

/// The block number in a module's path: its first all-digit component that is not the last.
///
/// ```
/// use lora_subspace::adapter::layer_of;
/// assert_eq!(layer_of("bert.encoder.layer.3.attention.self.query"), Some(3));
/// assert_eq!(layer_of("lm_head"), None);
/// ```
pub fn layer_of(path: &str) -> Option<usize> {
    let (parents, _) = path.rsplit_once('.')?;
    parents.split('.').find_map(|part| part.parse().ok())
}

/// A path whose block number is another one; `None` where the number has no counterpart. A path
/// without a number stays.
pub(super) fn with_layer(path: &str, other: impl Fn(usize) -> Option<usize>) -> Option<String> {
    let mut parts: Vec<String> = path.split('.').map(str::to_string).collect();
    let inner = parts.len().saturating_sub(1);
    let number = parts[..inner]
        .iter_mut()
        .find_map(|part| Some((part.parse().ok()?, part)));
    if let Some((number, part)) = number {
        *part = other(number)?.to_string();
    }
    Some(parts.join("."))
}

/// The last name of a module's path; a trailing number stays with the name before it.
///
/// ```
/// use lora_subspace::adapter::projection_of;
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

/// Orders paths so that layer 2 comes before layer 10.
pub fn natural_order(first: &str, second: &str) -> Ordering {
    let (mut one, mut other) = (first.split('.'), second.split('.'));
    loop {
        let order = match (one.next(), other.next()) {
            (None, None) => return first.cmp(second),
            (x, y) if x.is_none() || y.is_none() => return x.cmp(&y),
            (Some(x), Some(y)) => match (x.parse::<usize>(), y.parse::<usize>()) {
                (Ok(x), Ok(y)) => x.cmp(&y),
                _ => x.cmp(y),
            },
            _ => Ordering::Equal,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_sort_by_number() {
        let mut paths = vec!["h.10.q", "h.2.q", "h.2.k", "h", "lm_head"];
        paths.sort_by(|a, b| natural_order(a, b));
        assert_eq!(paths, ["h", "h.2.k", "h.2.q", "h.10.q", "lm_head"]);
    }

    #[test]
    fn odd_paths_have_a_projection() {
        assert_eq!(projection_of("0"), "0");
        assert_eq!(projection_of("mlp.0"), "mlp.0");
        assert_eq!(layer_of("mlp.0"), None);
        assert_eq!(layer_of("down_blocks.1.attentions.0.to_q"), Some(1));
    }
}
