//! Adapters that are one adapter: the same files, or files of the same bytes.

use std::path::Path;

use crate::adapter::{Adapter, ScaleKind};
use crate::error::{Error, Result};
use crate::files::InputFile;

use super::figure_plan::FigurePlan;
use super::file::lines::Lines;
use super::named::{AdapterId, NamedAdapter};
use super::resolved::Resolved;
use super::run_names::real;

/// Refuses a study whose ranks or seeds are one adapter under two names, which shares all of its
/// directions with itself; elsewhere it may be meant, and is a sentence.
///
/// # Errors
///
/// [`CoreError::Config`](crate::CoreError::Config) at the second name.
pub(super) fn check(
    lines: &Lines,
    resolved: &Resolved,
    pairs: &[[AdapterId; 2]],
    adapters: &[NamedAdapter],
) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    for &[one, other] in pairs {
        let (first, second) = (&adapters[one.0], &adapters[other.0]);
        let Some(how) = is_same(&first.adapter, &second.adapter)? else {
            continue;
        };
        let problem = format!("{} {how} {}", second.name, first.name);
        if let Some(key) = named_in(resolved, [one, other]) {
            let remedy = "all directions of one adapter are shared: give the path of another";
            let place = if one == other {
                format!("compare.{key}[1]")
            } else {
                format!("adapter[{}].path", other.0)
            };
            return Err(lines.error(&place, &problem, remedy));
        }
        warnings.push(format!(
            "{problem}: all of their directions are shared, which says nothing of training"
        ));
    }
    Ok(warnings)
}

/// Refuses adapters without a study file of which one is there twice: nobody says that it is meant.
///
/// # Errors
///
/// [`CoreError::Request`](crate::CoreError::Request) with both.
pub(super) fn refuse(adapters: &[NamedAdapter]) -> Result<()> {
    for (place, other) in adapters.iter().enumerate() {
        for first in &adapters[..place] {
            let Some(how) = is_same(&first.adapter, &other.adapter)? else {
                continue;
            };
            let [one, other] = [first, other].map(|named| named.adapter.path().display());
            return Err(Error::request(
                format!("adapter {other}"),
                format!("it {how} {one}: all of their directions are shared"),
                "leave one out, or give the path of another",
            ));
        }
    }
    Ok(())
}

/// The key of a study that compares two adapters as two ranks or two seeds.
fn named_in(resolved: &Resolved, pair: [AdapterId; 2]) -> Option<&'static str> {
    let keys = [
        ("ranks", resolved.two_ranks()),
        ("seeds", resolved.two_seeds()),
    ];
    let (key, _) = keys.into_iter().find(|(_, named)| *named == Some(pair))?;
    Some(key)
}

/// How the second adapter is the first: `is the same file as`.
///
/// # Errors
///
/// When a file cannot be read.
pub(crate) fn is_same(first: &Adapter, second: &Adapter) -> Result<Option<&'static str>> {
    let (one, other) = (weights(first), weights(second));
    // Factors in memory have no file.
    if one.len() != other.len() || one.is_empty() {
        return Ok(None);
    }
    let real = |file: &InputFile| real(file.path());
    let pairs = || one.iter().zip(&other);
    if pairs().all(|(one, other)| real(one) == real(other)) {
        return Ok(Some("is the same file as"));
    }
    for (one, other) in pairs() {
        if !one.has_bytes_of(other)? {
            return Ok(None);
        }
    }
    Ok(Some("has the same bytes in its weight file as"))
}

/// The files of an adapter that are its own weights; an index has none.
fn weights(adapter: &Adapter) -> Vec<&InputFile> {
    let is_index = |path: &Path| path.extension().is_some_and(|ending| ending == "json");
    let files = adapter.weight_files().iter();
    files.filter(|file| !is_index(file.path())).collect()
}

/// Sentences about pairs of figures whose scales follow other rules, or whose α differ where only
/// the seed should.
pub(super) fn other_scales(figures: &FigurePlan, adapters: &[NamedAdapter]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (pairs, what, of_seeds) in [
        (&figures.ranks, "figures 3 and 6 compare two ranks", false),
        (
            &figures.seeds,
            "figures 4 and 7 compare two seeds of one setting",
            true,
        ),
    ] {
        // Of a group, the first that do: its other runs follow the same rules.
        let differs = |pair: &[AdapterId; 2]| {
            let [one, other] = pair.map(|id| &adapters[id.0]);
            let differs = other_scale(&one.adapter, &other.adapter, of_seeds)?;
            Some(format!(
                "{what}, and {} and {} {differs}",
                one.name, other.name
            ))
        };
        let mut pairs = pairs.iter().flat_map(|pairs| &pairs.pairs);
        warnings.extend(pairs.find_map(differs));
    }
    warnings
}

/// How the scales of two adapters differ in more than rank: `have α = 8 and α = 16`.
pub(crate) fn other_scale(one: &Adapter, other: &Adapter, with_alpha: bool) -> Option<String> {
    let rules = [one, other].map(rule);
    if rules[0] != rules[1] {
        return Some(format!("are scaled by {} and by {}", rules[0], rules[1]));
    }
    match [one, other].map(|adapter| adapter.stated_alpha) {
        [Some(one), Some(other)] if with_alpha && one != other => {
            Some(format!("have α = {one} and α = {other}"))
        }
        _ => None,
    }
}

/// `s = α/r`, whatever a library calls the rank and wherever α is from; an s that is stated is its
/// own rule.
fn rule(adapter: &Adapter) -> String {
    match adapter.scale_kind {
        ScaleKind::Stated => {
            let words = adapter.scale_rule.as_str();
            words.split([',', ':']).next().unwrap_or(words).to_string()
        }
        kind => kind.to_string(),
    }
}
