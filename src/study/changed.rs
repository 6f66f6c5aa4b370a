//! Which weights an adapter changes, held against what `runs.csv` says that it changes.
//!
//! # Decisions
//!
//! - A projection of attention has its letter, whatever a library calls it. Any other is written by its
//!   own name, with or without `_proj`.
//! - `attention`, `mlp` and `all-linear` stand for what the adapter has of these: no file tells what else
//!   there would be to change. `all-linear` is no adapter of attention alone.

use std::collections::BTreeSet;

use crate::adapter::{AdaptedModule, projection_of};
use crate::paper::Projection;
use crate::table::weight_types;

/// Words for several projections: those of attention, all others, and both.
const ATTENTION: [&str; 2] = ["attention", "attn"];
const OTHERS: [&str; 3] = ["mlp", "ffn", "feed-forward"];
const ALL: [&str; 2] = ["all-linear", "all"];
/// Names of one projection that holds q, k and v, beside those with `qkv` in them.
const JOINED: [&str; 4] = ["c_attn", "query_key_value", "w_pack", "in_proj"];
const IN_JOINED: [&str; 3] = ["q", "k", "v"];

/// What an adapter with these modules changes, in the words of `weight_types`, where `written` says
/// something else; `None` where they agree, and of an adapter without modules.
pub(super) fn contradicts(written: &str, modules: &[AdaptedModule]) -> Option<String> {
    let names = |of: fn(&AdaptedModule) -> &str| -> BTreeSet<String> {
        modules.iter().map(|module| short(of(module))).collect()
    };
    // A slice of a fused projection may be meant by the name of the whole.
    let [own, whole] = [names(|module| projection_of(&module.path)), names(whole)];
    let written: BTreeSet<String> = written.split('+').map(|name| short(name.trim())).collect();
    let agrees = modules.is_empty() || are_one(&written, &own) || are_one(&written, &whole);
    (!agrees).then(|| {
        let names: BTreeSet<&str> = modules
            .iter()
            .map(|one| name(projection_of(&one.path)))
            .collect();
        weight_types(&names.into_iter().collect::<Vec<_>>().join("+"))
    })
}

/// The name of the projection that a module is of, or is a slice of.
fn whole(module: &AdaptedModule) -> &str {
    match module.path.rsplit_once('.') {
        Some((parent, _)) if module.slice.is_some() => projection_of(parent),
        _ => projection_of(&module.path),
    }
}

fn are_one(written: &BTreeSet<String>, own: &BTreeSet<String>) -> bool {
    let Some(written) = spelt_out(written, own) else {
        return false;
    };
    // What is joined may be said by the letters of its parts.
    let has_joined = own.iter().any(|name| is_joined(name));
    let is_part = |name: &String| has_joined && IN_JOINED.contains(&name.as_str());
    let is_there = |name: &String| own.contains(name) || is_part(name);
    let is_said =
        |name: &String| written.contains(name) || is_joined(name) && written.iter().any(is_part);
    written.iter().all(is_there) && own.iter().all(is_said)
}

/// Words for several projections as those that an adapter has; `None` where it has none of them.
fn spelt_out(written: &BTreeSet<String>, own: &BTreeSet<String>) -> Option<BTreeSet<String>> {
    let of_attention = |name: &&String| {
        let is_letter = |one: &Projection| one.letter() == name.as_str();
        is_joined(name) || Projection::ALL.iter().any(is_letter)
    };
    let (attention, others): (Vec<&String>, Vec<&String>) = own.iter().partition(of_attention);
    let mut all = BTreeSet::new();
    for name in written {
        let names: Vec<&String> = match name.to_lowercase().as_str() {
            word if ATTENTION.contains(&word) => attention.clone(),
            word if OTHERS.contains(&word) => others.clone(),
            word if ALL.contains(&word) && !others.is_empty() => own.iter().collect(),
            word if ALL.contains(&word) => Vec::new(),
            _ => vec![name],
        };
        if names.is_empty() {
            return None;
        }
        all.extend(names.into_iter().cloned());
    }
    Some(all)
}

fn is_joined(name: &str) -> bool {
    let name = name.to_lowercase();
    name.contains("qkv") || JOINED.contains(&name.as_str())
}

/// A projection's letter, else its name without an expert's number and `_proj`.
fn short(written: &str) -> String {
    match Projection::of(written) {
        Some(projection) => projection.letter().into(),
        None => {
            let name = name(written);
            name.strip_suffix("_proj").unwrap_or(name).into()
        }
    }
}

/// The name of a projection without the number of an expert.
fn name(written: &str) -> &str {
    match written.rsplit_once('.') {
        Some((name, number))
            if Projection::of(written).is_none() && number.parse::<usize>().is_ok() =>
        {
            name
        }
        _ => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &str) -> BTreeSet<String> {
        names.split('+').map(short).collect()
    }

    #[test]
    fn words_for_weights() {
        let all = "q_proj+k_proj+v_proj+o_proj+gate_proj+up_proj+down_proj";
        for (written, own, expected) in [
            ("q+v", "q_proj+v_proj", true),
            ("q", "q_proj+v_proj", false),
            ("q", all, false),
            ("foo", all, false),
            ("q+k+v+o", all, false),
            ("q+k+v+o+gate+up+down", all, true),
            (
                "q_proj+k_proj+v_proj+o_proj+gate_proj+up_proj+down_proj",
                all,
                true,
            ),
            ("all-linear", all, true),
            ("all-linear", "q_proj+v_proj", false),
            ("attention", "q_proj+v_proj", true),
            ("attention", all, false),
            ("attention+mlp", all, true),
            ("mlp", "q_proj+v_proj", false),
            ("attention+fc1", "qkv_proj+fc1", true),
            ("c_attn", "c_attn", true),
            ("q+k+v", "c_attn", true),
            ("q+o", "c_attn", false),
            ("q+c_fc", "c_attn+c_fc", true),
            ("q", "c_attn+c_fc", false),
            ("o", "to_out.0", true),
            ("gate_up_proj", "gate_up_proj.0+gate_up_proj.1", true),
            ("fc1+fc2", "fc1+fc2", true),
            ("fc1", "fc1+fc2", false),
        ] {
            assert_eq!(
                are_one(&set(written), &set(own)),
                expected,
                "{written} of {own}"
            );
        }
    }
}
