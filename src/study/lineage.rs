//! Where adapters come from: ranks, seeds and bases as a study and the adapters' configs tell them.
//!
//! # Decisions
//!
//! - A base's name is known from the Hugging Face cache only. `_name_or_path` in a `config.json`
//!   names what a model was made from as often as the model. A warning that rests on it would
//!   speak against the built-in study.

use std::path::{Path, PathBuf};

use crate::base::Base;
use crate::error::Result;
use crate::tensors::find_model;

use super::file::Definition;
use super::file::lines::Lines;
use super::named::{AdapterId, NamedAdapter};
use super::resolved::Resolved;

/// Holds what a study says of its adapters against their files. What is odd and possible is a
/// sentence; shapes are checked elsewhere.
///
/// # Errors
///
/// [`CoreError::Config`](crate::CoreError::Config) for a rank that an adapter has not.
pub(super) fn check(
    definition: &Definition,
    resolved: &Resolved,
    adapters: &[NamedAdapter],
    base: Option<&Base>,
) -> Result<Vec<String>> {
    check_ranks(definition, adapters, &definition.lines)?;
    let mut warnings = other_names(adapters, base);
    warnings.extend(odd_pairs(resolved, adapters));
    Ok(warnings)
}

fn check_ranks(definition: &Definition, adapters: &[NamedAdapter], lines: &Lines) -> Result<()> {
    for (number, (entry, named)) in definition.adapters.iter().zip(adapters).enumerate() {
        let Some(wanted) = entry.rank.filter(|_| named.directions.is_none()) else {
            continue;
        };
        let ranks = || {
            named
                .adapter
                .modules
                .iter()
                .filter_map(|module| module.rank)
        };
        if ranks().any(|rank| rank == wanted) {
            continue;
        }
        let mut found: Vec<usize> = ranks().collect();
        found.sort_unstable();
        found.dedup();
        let found: Vec<String> = found.iter().map(usize::to_string).collect();
        let found = found.join(" and ");
        let problem = format!("adapter `{}` has rank {found}, not {wanted}", entry.name);
        let place = format!("adapter[{number}].rank");
        let remedy = "correct the rank, or give the path of another adapter";
        return Err(lines.error(&place, &problem, remedy));
    }
    Ok(())
}

/// Sentences about adapters whose configs name another base than the others', or than the model
/// that is given, where that has a name.
fn other_names(adapters: &[NamedAdapter], base: Option<&Base>) -> Vec<String> {
    let mut warnings = Vec::new();
    let named = adapters
        .iter()
        .filter_map(|adapter| Some((adapter, adapter.adapter.base_name.as_deref()?)));
    let Some((first, model)) = named.clone().next() else {
        return warnings;
    };
    let other = named.clone().find(|(_, name)| !is_same_model(name, model));
    if let Some((other, name)) = other {
        warnings.push(format!(
            "{} was trained on `{name}` and {} on `{model}`, as their configs say: what they share \
             can be compared with chance only if both are one model",
            other.name, first.name
        ));
    }
    let given = base.and_then(|base| cached_name(base.path()));
    if let Some(given) = given
        && let Some((adapter, name)) = named.clone().find(|(_, name)| !is_same_model(name, &given))
    {
        warnings.push(format!(
            "the base is `{given}`, and {} was trained on `{name}`, as its config says",
            adapter.name
        ));
    }
    warnings
}

/// Sentences about pairs whose ranks or seeds are not what figures 3, 4, 6 and 7 are about.
fn odd_pairs(resolved: &Resolved, adapters: &[NamedAdapter]) -> Vec<String> {
    let mut warnings = Vec::new();
    let rank = |id: AdapterId| adapters[id.0].adapter.rank_in_words();
    let differ = |[one, other]: [AdapterId; 2]| {
        let [one, other] = [one, other].map(|id| &adapters[id.0].adapter);
        !one.has_ranks_of(other)
    };
    let seed = |id: AdapterId| adapters[id.0].seed;
    let names = |pair: [AdapterId; 2]| pair.map(|id| adapters[id.0].name.as_str()).join(" and ");
    if let Some(pair @ [one, other]) = resolved.two_ranks() {
        if !differ(pair) {
            let (names, rank) = (names(pair), rank(one));
            warnings.push(format!(
                "figures 3 and 6 compare a smaller with a larger rank, and {names} both have {rank}"
            ));
        } else if let (Some(seed), true) = (seed(one), seed(one) == seed(other)) {
            warnings.push(format!(
                "{} were trained with one seed, {seed}: they share their random stream, and overlap \
                 more than two seeds do",
                names(pair)
            ));
        }
    }
    if let Some(pair @ [one, other]) = resolved.two_seeds() {
        if differ(pair) {
            let names = names(pair);
            warnings.push(format!(
                "figures 4 and 7 compare two seeds of one rank, and {names} have ranks {} and {}",
                rank(one),
                rank(other)
            ));
        } else if let (Some(seed), true) = (seed(one), seed(one) == seed(other)) {
            warnings.push(format!(
                "figures 4 and 7 compare two seeds, and {} both have seed {seed}",
                names(pair)
            ));
        }
    }
    warnings
}

/// What an adapter is called when its shapes are not those of another, or of W.
pub(super) fn of_another_base(
    named: &NamedAdapter,
    first: Option<&NamedAdapter>,
    base: Option<&Base>,
) -> String {
    let name = &named.name;
    let given = base.and_then(|base| cached_name(base.path()));
    let other = first
        .and_then(|first| first.adapter.base_name.clone())
        .or(given);
    match (&named.adapter.base_name, other) {
        (Some(own), Some(other)) if !is_same_model(own, &other) => {
            format!("adapter `{name}` is of another base, `{own}` and not `{other}`")
        }
        (Some(own), _) => format!("adapter `{name}`, whose config names the base `{own}`"),
        (None, _) => format!("adapter `{name}`"),
    }
}

/// Whether two names may be one model: a path's last name counts, as nobody trains two models of one
/// name from two places.
fn is_same_model(one: &str, other: &str) -> bool {
    let last = |name: &str| {
        let name = name.trim_end_matches(['/', '\\']);
        let name = cached_name(Path::new(name)).unwrap_or_else(|| name.into());
        let name = name.rsplit(['/', '\\']).next().unwrap_or(&name);
        name.to_lowercase()
    };
    one == other || last(one) == last(other)
}

/// `ORG/NAME` of a model in a Hugging Face cache. A `config.json` is no witness: its
/// `_name_or_path` names what the model was made from as often as the model.
fn cached_name(path: &Path) -> Option<String> {
    let folder = path
        .iter()
        .filter_map(|part| part.to_str())
        .find_map(|part| part.strip_prefix("models--"))?;
    Some(folder.replacen("--", "/", 1))
}

/// A base that a config names.
pub(crate) enum FoundBase {
    /// At that path, from here or from the adapter.
    Here(PathBuf),
    /// The snapshot of that model in the Hugging Face cache.
    Cached(PathBuf),
}

/// Where a base is that a config names. Nothing is downloaded, and links stay as they are named.
pub(crate) fn find_base(name: &str, adapter: &Path) -> Option<FoundBase> {
    let near = adapter.parent().map(|folder| folder.join(name));
    let local = [Some(PathBuf::from(name)), Some(adapter.join(name)), near];
    let local = local.into_iter().flatten().find(|path| path.exists());
    let cached = || find_model(name).ok().map(FoundBase::Cached);
    local.map(FoundBase::Here).or_else(cached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_known_by_its_last_name() {
        let cached =
            "/home/x/.cache/huggingface/hub/models--meta-llama--Llama-3.1-8B/snapshots/0e9";
        assert_eq!(
            cached_name(Path::new(cached)).as_deref(),
            Some("meta-llama/Llama-3.1-8B")
        );
        assert!(is_same_model(cached, "meta-llama/Llama-3.1-8B"));
        assert!(is_same_model(
            "models/llama-3.1-8b/",
            "meta-llama/Llama-3.1-8B"
        ));
        assert!(!is_same_model("gpt2", "openai/gpt2-xl"));
        assert_eq!(cached_name(Path::new("models/gpt2")), None);
    }
}
