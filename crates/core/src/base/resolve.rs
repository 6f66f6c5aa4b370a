//! Which tensor of the base is a module's weight, although prefixes differ.

use std::path::Path;

use crate::error::{Error, Result};

/// Wrappers that one side may have and the other lacks, or has under another name.
const WRAPPERS: [&str; 6] = [
    "base_model",
    "model",
    "transformer",
    "module",
    "language_model",
    "_orig_mod",
];
/// How many names an error lists.
const NEAREST: usize = 3;

/// Finds a module's tensor among `names`; errors speak of `module`.
///
/// An exact name wins. Otherwise a name matches when one path ends with the other and
/// the rest has no number (so that a block never loses its index): `bert.encoder.layer.0.…` and
/// `encoder.layer.0.…`. Wrappers such as `model.` and `transformer.` are taken off both.
pub(super) fn resolve(module: &str, tensor: &str, names: &[&str], base: &Path) -> Result<String> {
    if names.contains(&tensor) {
        return Ok(tensor.into());
    }
    let (path, suffix) = match tensor.strip_suffix(".weight") {
        Some(path) => (path, ".weight"),
        None => (tensor, ""),
    };
    let same = |name: &&&str| {
        name.strip_suffix(suffix)
            .is_some_and(|other| same_module(path, other))
    };
    let candidates: Vec<String> = names
        .iter()
        .filter(same)
        .map(|name| name.to_string())
        .collect();
    match candidates.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Error::Unresolved {
            path: base.into(),
            module: module.into(),
            nearest: nearest(tensor, names),
        }),
        _ => Err(Error::Ambiguous {
            path: base.into(),
            module: module.into(),
            candidates,
        }),
    }
}

fn same_module(one: &str, other: &str) -> bool {
    let (one, other) = (unwrap(one), unwrap(other));
    let (long, short) = if one.len() >= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    match long.strip_suffix(short) {
        Some("") => true,
        Some(rest) => {
            let numberless = rest.split('.').all(|part| part.parse::<usize>().is_err());
            rest.ends_with('.') && numberless && short.contains('.')
        }
        None => false,
    }
}

fn unwrap(mut path: &str) -> &str {
    while let Some((first, rest)) = path.split_once('.') {
        if !WRAPPERS.contains(&first) {
            break;
        }
        path = rest;
    }
    path
}

fn nearest(wanted: &str, names: &[&str]) -> Vec<String> {
    let mut scored: Vec<(f64, &str)> = names
        .iter()
        .map(|name| {
            (
                strsim::jaro_winkler(&reversed(wanted), &reversed(name)),
                *name,
            )
        })
        .collect();
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    scored
        .into_iter()
        .take(NEAREST)
        .map(|(_, name)| name.to_string())
        .collect()
}

/// Jaro–Winkler favours common beginnings; module paths agree at their ends.
fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(module: &str, names: &[&str]) -> Result<String> {
        resolve(
            module,
            &format!("{module}.weight"),
            names,
            Path::new("base"),
        )
    }

    #[test]
    fn prefixes_may_differ_on_either_side() {
        let q = "encoder.layer.0.attention.self.query";
        assert_eq!(
            find(&format!("bert.{q}"), &[&format!("{q}.weight")]).unwrap(),
            format!("{q}.weight")
        );
        assert_eq!(
            find(q, &[&format!("bert.{q}.weight")]).unwrap(),
            format!("bert.{q}.weight")
        );
        assert_eq!(
            find("transformer.h.0.attn.c_attn", &["h.0.attn.c_attn.weight"]).unwrap(),
            "h.0.attn.c_attn.weight"
        );
        assert_eq!(
            find(
                "model.layers.1.q",
                &["language_model.model.layers.1.q.weight"]
            )
            .unwrap(),
            "language_model.model.layers.1.q.weight"
        );
    }

    #[test]
    fn a_block_number_is_never_dropped() {
        assert!(matches!(
            find("h.10.q", &["h.0.q.weight", "0.q.weight", "q.weight"]),
            Err(Error::Unresolved { .. })
        ));
        assert!(matches!(
            find("model.layers.1.q", &["layers.11.q.weight"]),
            Err(Error::Unresolved { .. })
        ));
    }

    #[test]
    fn two_candidates_are_both_named() {
        let error = find(
            "layers.0.q",
            &["encoder.layers.0.q.weight", "decoder.layers.0.q.weight"],
        )
        .unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("`encoder.layers.0.q.weight`, `decoder.layers.0.q.weight`"),
            "{text}"
        );
    }

    #[test]
    fn the_nearest_names_are_listed() {
        let error = find(
            "h.0.q_proj",
            &["h.0.q_prj.weight", "lm_head.weight", "h.0.k_proj.weight"],
        )
        .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("`h.0.q_prj.weight`"), "{text}");
    }

    #[test]
    fn an_exact_name_wins_over_a_suffix() {
        assert_eq!(
            find("layers.0.q", &["x.layers.0.q.weight", "layers.0.q.weight"]).unwrap(),
            "layers.0.q.weight"
        );
    }
}
