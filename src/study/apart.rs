//! Why two runs are no pair of a group, and sentences about many such pairs.

use crate::adapter::{AdaptedModule, Adapter};
use crate::error::Result;

use super::duplicates::{is_same, other_scale};
use super::named::{AdapterId, NamedAdapter};
use super::one_run::one_run;

/// What keeps two runs from being a pair, beginning with `they`; and whether it is that a seed is not
/// known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Apart {
    /// A seed is not known.
    Unknown,
    /// They are checkpoints of one run; by what that is known.
    OneRun(String),
    /// Anything else: `have α = 8 and α = 16`.
    Other(String),
}

impl Apart {
    fn other(reason: impl Into<String>) -> Option<Self> {
        Some(Apart::Other(reason.into()))
    }
}

/// Why two runs of one rank differ in more than the seed, or in nothing. Of runs that are both
/// `named`, a seed that is not known is no reason.
///
/// # Errors
///
/// When a weight file cannot be read.
fn of_seeds(one: &NamedAdapter, other: &NamedAdapter, named: bool) -> Result<Option<Apart>> {
    if let Some(reason) = other_task(one, other) {
        return Ok(Some(reason));
    }
    if let Some(reason) = other_setting(&one.adapter, &other.adapter) {
        return Ok(Apart::other(reason));
    }
    if let Some(reason) = copies(&one.adapter, &other.adapter)? {
        return Ok(Some(reason));
    }
    if let Some(how) = one_run(one.course(), other.course()) {
        return Ok(Some(Apart::OneRun(how)));
    }
    Ok(one_seed(one, other, named))
}

/// That two runs are one.
///
/// # Errors
///
/// When a weight file cannot be read.
pub(super) fn copies(one: &Adapter, other: &Adapter) -> Result<Option<Apart>> {
    Ok(is_same(one, other)?.and_then(|how| {
        Apart::other(match how {
            how if how.contains("bytes") => "have the same bytes in their weight files",
            _ => "are the same file",
        })
    }))
}

/// Why two runs are not a smaller and a larger rank of different seeds.
pub(super) fn of_ranks(one: &NamedAdapter, other: &NamedAdapter) -> Option<Apart> {
    let (first, second) = (&one.adapter, &other.adapter);
    if first.has_ranks_of(second) {
        return Apart::other(format!("have rank {}", first.rank_in_words()));
    }
    if !first.shares_with(second) {
        return Apart::other("have no module in common");
    }
    other_task(one, other).or_else(|| one_seed(one, other, false))
}

fn other_task(one: &NamedAdapter, other: &NamedAdapter) -> Option<Apart> {
    match (&one.task, &other.task) {
        (Some(one), Some(other)) if one != other => {
            Apart::other(format!("were trained on {one} and on {other}"))
        }
        _ => None,
    }
}

fn one_seed(one: &NamedAdapter, other: &NamedAdapter, named: bool) -> Option<Apart> {
    match (one.seed, other.seed) {
        (Some(one), Some(other)) if one == other => Apart::other("were trained with one seed"),
        (Some(_), Some(_)) => None,
        _ => (!named).then_some(Apart::Unknown),
    }
}

/// How modules, ranks and scales of two runs differ.
fn other_setting(one: &Adapter, other: &Adapter) -> Option<String> {
    let paths = |adapter: &Adapter| -> Vec<String> {
        let modules = adapter.modules.iter();
        modules.map(|module| module.path.clone()).collect()
    };
    if paths(one) != paths(other) {
        return Some("have other modules".into());
    }
    if let Some(differs) = other_scale(one, other, true) {
        return Some(differs);
    }
    let differ = |get: fn(&AdaptedModule) -> f64| {
        let mut modules = one.modules.iter().zip(&other.modules);
        modules.any(|(one, other)| get(one) != get(other))
    };
    if differ(|module| module.rank.unwrap_or(0) as f64) {
        return Some("have other ranks in some modules".into());
    }
    differ(|module| module.scale).then(|| "have other scales s in some modules".into())
}

/// The runs whose weights no earlier one has: a copy would count as one more run.
///
/// # Errors
///
/// When a weight file cannot be read.
pub(super) fn without_copies(
    runs: &[AdapterId],
    adapters: &[NamedAdapter],
    left_out: &mut LeftOut,
) -> Result<Vec<AdapterId>> {
    let mut kept: Vec<AdapterId> = Vec::new();
    for &run in runs {
        let mut copy_of = None;
        for &earlier in &kept {
            let [first, second] = [earlier, run].map(|id| &adapters[id.0].adapter);
            if let Some(how) = copies(first, second)? {
                copy_of = Some((earlier, how));
            }
        }
        match copy_of {
            Some((earlier, how)) => left_out.add([earlier, run], how),
            None => kept.push(run),
        }
    }
    Ok(kept)
}

/// The pairs of runs of one rank that differ in the seed alone, and those that do not. Of runs that
/// are both `named`, a seed that is not known is no reason.
///
/// # Errors
///
/// When a weight file cannot be read.
pub(super) fn pairs_of_seeds(
    runs: &[AdapterId],
    adapters: &[NamedAdapter],
    named: &dyn Fn(AdapterId) -> bool,
) -> Result<(Vec<[AdapterId; 2]>, LeftOut)> {
    let (mut pairs, mut left_out) = (Vec::new(), LeftOut::default());
    for (number, &one) in runs.iter().enumerate() {
        for &other in &runs[number + 1..] {
            let [first, second] = [one, other].map(|id| &adapters[id.0]);
            match of_seeds(first, second, named(one) && named(other))? {
                None => pairs.push([one, other]),
                Some(reason) => left_out.add([one, other], reason),
            }
        }
    }
    Ok((pairs, left_out))
}

/// Pairs that are left out of a group, by their reason.
#[derive(Default)]
pub(super) struct LeftOut(Vec<(Apart, Vec<[AdapterId; 2]>)>);

impl LeftOut {
    /// Notes a pair and why.
    pub(super) fn add(&mut self, pair: [AdapterId; 2], reason: Apart) {
        match self.0.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, pairs)) => pairs.push(pair),
            None => self.0.push((reason, vec![pair])),
        }
    }

    /// Takes out the pairs that are checkpoints of one run.
    pub(super) fn take_runs(&mut self) -> Vec<[AdapterId; 2]> {
        let is_run = |(reason, _): &mut (Apart, Vec<_>)| matches!(reason, Apart::OneRun(_));
        let taken = self.0.extract_if(.., is_run);
        taken.flat_map(|(_, pairs)| pairs).collect()
    }

    /// A sentence for each reason, with all pairs that it keeps apart; `what` names the group.
    pub(super) fn sentences(&self, what: &str, adapters: &[NamedAdapter]) -> Vec<String> {
        let sentence = |(reason, pairs): &(Apart, Vec<[AdapterId; 2]>)| {
            let these = listed(pairs, adapters);
            let (pairs_are, both) = match pairs.len() {
                1 => ("a pair is".into(), "the two"),
                many => (format!("{many} pairs are"), "both"),
            };
            match reason {
                Apart::Other(reason) | Apart::OneRun(reason) => {
                    format!("{what}: {pairs_are} not compared, as {both} {reason}: {these}")
                }
                Apart::Unknown => format!(
                    "{what}: {pairs_are} not compared, as no seed is known of {}: give `seed =` to each",
                    unknown(pairs, adapters)
                ),
            }
        };
        self.0.iter().map(sentence).collect()
    }
}

/// `a with c and d, b with c`.
fn listed(pairs: &[[AdapterId; 2]], adapters: &[NamedAdapter]) -> String {
    let name = |id: AdapterId| adapters[id.0].name.as_str();
    let by_first = pairs.chunk_by(|one, next| one[0] == next[0]);
    let listed = by_first.map(|pairs| {
        let others: Vec<&str> = pairs.iter().map(|pair| name(pair[1])).collect();
        format!("{} with {}", name(pairs[0][0]), others.join(" and "))
    });
    listed.collect::<Vec<_>>().join(", ")
}

/// The runs of some pairs whose seeds are not known.
fn unknown(pairs: &[[AdapterId; 2]], adapters: &[NamedAdapter]) -> String {
    let mut runs: Vec<AdapterId> = pairs.iter().flatten().copied().collect();
    runs.retain(|id| adapters[id.0].seed.is_none());
    runs.sort();
    runs.dedup();
    let names: Vec<&str> = runs.iter().map(|id| adapters[id.0].name.as_str()).collect();
    names.join(", ")
}
