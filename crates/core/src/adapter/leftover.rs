//! Tensors that no layout accounts for: what cannot be part of a ΔW whatever it is called, and what
//! might be.

use std::collections::BTreeSet;

use super::found::{Content, Found};

/// What stands in the names of vectors that are part of a ΔW: magnitudes, and factors of a method
/// that is not read.
const PARTS: [&str; 8] = [
    "lora_",
    "hada_",
    "lokr_",
    "oft_",
    "vera_",
    "lambda",
    "dora_scale",
    "magnitude",
];
/// Where Stable Diffusion's tools keep trained tokens.
const BUNDLED: &str = "bundle_emb.";

/// Adds to the content what cannot be part of a ΔW, and says so; gives what was not understood.
pub(super) fn sort(found: &Found, content: &mut Content) -> Vec<String> {
    let mut used: BTreeSet<&str> = content.replaced.iter().map(String::as_str).collect();
    used.extend(content.known.iter().map(String::as_str));
    for module in content.modules.iter().chain(&content.replacements) {
        used.extend(module.update.tensors());
    }
    let all = content.of_models.as_deref().unwrap_or(found.names());
    let rest = all.iter().filter(|name| !used.contains(name.as_str()));
    let rest: Vec<String> = rest.cloned().collect();
    let (tokens, rest): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|name| name.starts_with(BUNDLED));
    let (vectors, unmapped): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|name| is_vector(found, name));
    let said = [
        (
            &vectors,
            "vectors change too (biases, norms)",
            "they have no directions",
        ),
        (
            &tokens,
            "trained tokens are bundled with it",
            "they are no part of a ΔW",
        ),
    ];
    for (names, what, so) in said {
        if let Some(first) = names.first() {
            let count = names.len();
            content
                .notes
                .push(format!("{count} {what}, such as `{first}`: {so}"));
        }
    }
    content.replaced.extend(vectors.into_iter().chain(tokens));
    unmapped
}

/// Whether a tensor has one axis, and a name that says nothing of a ΔW.
fn is_vector(found: &Found, name: &str) -> bool {
    let [count] = found.shape(name) else {
        return false;
    };
    // One number may be a scale.
    let is_bias = ["bias", ".diff_b", "_norm", ".diff"]
        .iter()
        .any(|end| name.ends_with(end));
    is_bias || *count > 1 && !PARTS.iter().any(|part| name.contains(part))
}
