//! Which adapters the claims about W speak of.

use crate::study::{AdapterId, Measured, Pairs, Plan};
use crate::table::AmplificationRow;

/// Runs that a claim about W speaks of: one adapter, or the runs of its group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spoken {
    /// The adapter, or the label of the group.
    pub(super) label: String,
    pub(super) runs: Vec<String>,
    pub(super) rank: usize,
}

/// The adapters of each claim about W.
#[derive(Debug, Clone, Default)]
pub(super) struct Claimed {
    /// The smallest rank of table 7.
    pub(super) smallest: Option<Spoken>,
    /// The smallest above 1 and the largest rank of table 7, where they differ.
    pub(super) low_and_high: Option<[Spoken; 2]>,
    /// The smallest rank of those held against W.
    pub(super) placed: Option<Spoken>,
    /// The largest rank above 1 of all adapters with factors.
    pub(super) largest: Option<Spoken>,
}

impl Claimed {
    pub(super) fn of_plan(plan: &Plan, measured: &Measured) -> Self {
        let name = |id: &AdapterId| measured.adapter(*id).name.clone();
        // A group is spoken of as one only where all of its runs are there.
        let spoken = |among: &[AdapterId]| -> Vec<Spoken> {
            let whole =
                |(_, runs): &&(String, Vec<AdapterId>)| runs.iter().all(|run| among.contains(run));
            let of_one = |id: &AdapterId| {
                let mut groups = measured.table7_groups.iter().filter(whole);
                let (label, runs) = match groups.find(|(_, runs)| runs.contains(id)) {
                    Some((label, runs)) => (label.clone(), runs.iter().map(name).collect()),
                    None => (name(id), vec![name(id)]),
                };
                Spoken {
                    label,
                    runs,
                    rank: measured.used_rank(*id),
                }
            };
            among.iter().map(of_one).collect()
        };
        let all: Vec<AdapterId> = measured.with_ids().map(|(id, _)| id).collect();
        let has_own = |id: &AdapterId| {
            let mut modules = measured.adapter(*id).adapter.modules.iter();
            modules.any(|module| !module.is_difference() && module.rank.is_some_and(|r| r > 0))
        };
        let own: Vec<AdapterId> = all.into_iter().filter(has_own).collect();
        let mut with_own_factors = spoken(&own);
        for (one, id) in with_own_factors.iter_mut().zip(&own) {
            // ranks.csv has all directions, however few are used.
            one.rank = measured.adapter(*id).adapter.rank();
            let mut groups = plan.figures.groups().into_iter();
            let is_of_seeds = |pairs: &&Pairs| {
                let [first, second] = &pairs.labels;
                first == second && pairs.runs().contains(id)
            };
            if let (Some(pairs), 1) = (groups.find(is_of_seeds), one.runs.len()) {
                one.label = pairs.labels[0].clone();
                one.runs = pairs.runs().iter().map(name).collect();
            }
        }
        Claimed {
            placed: smallest(&spoken(&plan.figures.base)),
            largest: largest(&with_own_factors),
            ..Claimed::among(spoken(&measured.amplified))
        }
    }

    /// Of rows alone: an adapter's rank is the largest that a row of it has.
    pub(super) fn of_rows(rows: &[AmplificationRow]) -> Self {
        let mut adapters: Vec<Spoken> = Vec::new();
        for row in rows {
            match adapters.iter_mut().find(|known| known.label == row.adapter) {
                Some(known) => known.rank = known.rank.max(row.rank),
                None => adapters.push(Spoken {
                    label: row.adapter.clone(),
                    runs: vec![row.adapter.clone()],
                    rank: row.rank,
                }),
            }
        }
        Claimed::among(adapters)
    }

    fn among(adapters: Vec<Spoken>) -> Self {
        // Of one direction the logarithm is too skewed for its mean to say much.
        let above_one: Vec<Spoken> = adapters
            .iter()
            .filter(|one| one.rank > 1)
            .cloned()
            .collect();
        let (low, high) = (smallest(&above_one), largest(&above_one));
        let low_and_high = low.zip(high).map(|(low, high)| [low, high]);
        Claimed {
            smallest: smallest(&adapters),
            low_and_high: low_and_high.filter(|[low, high]| low.rank < high.rank),
            placed: None,
            largest: None,
        }
    }

    /// Whether an adapter is one that draws are made for.
    pub(super) fn draws(&self, adapter: &str) -> bool {
        let both = self.low_and_high.iter().flatten();
        let mut spoken = self.smallest.iter().chain(both);
        spoken.any(|one| one.runs.iter().any(|run| run == adapter))
    }
}

/// The first of the largest rank, which is above 1.
fn largest(adapters: &[Spoken]) -> Option<Spoken> {
    let largest = adapters.iter().rev().max_by_key(|one| one.rank);
    largest.filter(|one| one.rank > 1).cloned()
}

/// The first of the smallest rank. A ΔW without factors has none, and comes last.
fn smallest(adapters: &[Spoken]) -> Option<Spoken> {
    let key = |one: &&Spoken| (one.rank == 0, one.rank);
    adapters.iter().min_by_key(key).cloned()
}
