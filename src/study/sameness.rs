//! Adapters that are one adapter: the same files, or files of the same bytes.

use std::path::{Path, PathBuf};

use crate::adapter::Adapter;
use crate::error::Result;
use crate::tensors::same_bytes;

use super::definition::{Compare, Definition};
use super::figures::FigurePlan;
use super::plan::NamedAdapter;

/// Refuses a study whose ranks or seeds are one adapter under two names, which shares all of its
/// directions with itself; elsewhere it may be meant, and is a sentence.
///
/// # Errors
///
/// [`crate::Error::Config`] at the second name.
pub(super) fn check(
    definition: &Definition,
    adapters: &[NamedAdapter],
    pairs: &[[usize; 2]],
) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    for &[one, other] in pairs {
        let (first, second) = (&adapters[one], &adapters[other]);
        let Some(how) = is_same(&first.adapter, &second.adapter)? else {
            continue;
        };
        let problem = format!("{} {how} {}", second.name, first.name);
        if let Some(key) = named_in(&definition.compare, [&first.name, &second.name]) {
            let remedy = "all directions of one adapter are shared: give the path of another";
            let place = match one == other {
                true => format!("compare.{key}[1]"),
                false => format!("adapter[{other}].path"),
            };
            return Err(definition.lines.error(&place, &problem, remedy));
        }
        warnings.push(format!(
            "{problem}: all of their directions are shared, which says nothing of training"
        ));
    }
    Ok(warnings)
}

/// The key of a study that compares two adapters as two ranks or two seeds.
fn named_in(compare: &Compare, names: [&String; 2]) -> Option<&'static str> {
    let is =
        |pair: &Option<[String; 2]>| pair.as_ref().is_some_and(|pair| pair.each_ref() == names);
    match (is(&compare.ranks), is(&compare.seeds)) {
        (true, _) => Some("ranks"),
        (_, true) => Some("seeds"),
        _ => None,
    }
}

/// How the second adapter is the first: `is the same file as`.
///
/// # Errors
///
/// When a file cannot be read.
pub(super) fn is_same(first: &Adapter, second: &Adapter) -> Result<Option<&'static str>> {
    let (one, other) = (weights(first), weights(second));
    if one.len() != other.len() {
        return Ok(None);
    }
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.into());
    let pairs = || one.iter().zip(&other);
    if pairs().all(|(one, other)| real(one) == real(other)) {
        return Ok(Some("is the same file as"));
    }
    for (one, other) in pairs() {
        if !same_bytes(one, other)? {
            return Ok(None);
        }
    }
    Ok(Some("has the same bytes in its weight file as"))
}

/// The files of an adapter that are weights.
fn weights(adapter: &Adapter) -> Vec<PathBuf> {
    let is_config = |path: &Path| path.extension().is_some_and(|ending| ending == "json");
    let files = adapter.files().iter().filter(|path| !is_config(path));
    let mut files: Vec<PathBuf> = files.cloned().collect();
    if !files.iter().any(|path| path == adapter.weights()) && adapter.weights().is_file() {
        files.push(adapter.weights().into());
    }
    files
}

/// Sentences about pairs of figures whose scales follow other rules, or whose α differ where only
/// the seed should.
pub(super) fn other_scales(figures: &FigurePlan, adapters: &[NamedAdapter]) -> Vec<String> {
    let find = |name: &String| adapters.iter().find(|named| &named.name == name);
    let both = |pair: &Option<[String; 2]>| {
        let [one, other] = pair.as_ref()?;
        Some([find(one)?, find(other)?])
    };
    let mut warnings = Vec::new();
    for (pair, what, of_seeds) in [
        (&figures.ranks, "figures 3 and 6 compare two ranks", false),
        (
            &figures.seeds,
            "figures 4 and 7 compare two seeds of one setting",
            true,
        ),
    ] {
        let Some([one, other]) = both(pair) else {
            continue;
        };
        if let Some(differs) = other_scale(&one.adapter, &other.adapter, of_seeds) {
            warnings.push(format!(
                "{what}, and {} and {} {differs}",
                one.name, other.name
            ));
        }
    }
    warnings
}

/// How the scales of two adapters differ in more than rank: `have α = 8 and α = 16`.
pub(super) fn other_scale(one: &Adapter, other: &Adapter, with_alpha: bool) -> Option<String> {
    let rules = [one, other].map(rule);
    if rules[0] != rules[1] {
        return Some(format!("are scaled by {} and by {}", rules[0], rules[1]));
    }
    match [one, other].map(told_alpha) {
        [Some(one), Some(other)] if with_alpha && one != other => {
            Some(format!("have α = {one} and α = {other}"))
        }
        _ => None,
    }
}

/// `s = α/r`, from the scale rule's words.
fn rule(adapter: &Adapter) -> &str {
    let rule = adapter.scale_rule.as_str();
    rule.split_once([',', ':']).map_or(rule, |(rule, _)| rule)
}

/// α, where an adapter's files tell one number for all of its modules.
pub(super) fn told_alpha(adapter: &Adapter) -> Option<f64> {
    adapter.stated_alpha
}
