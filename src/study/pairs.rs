//! Runs that are compared as one: two of them, or all pairs of a group.

use super::named::{AdapterId, Comparison, Operand};

/// What figures 3 and 6, or 4 and 7, compare, and the claims about them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Pairs {
    /// What tables call the two sides: names of adapters, or labels of groups.
    pub labels: [String; 2],
    /// The pairs of runs, the first label's run first.
    pub pairs: Vec<[AdapterId; 2]>,
    /// Whether a side is a group: its mean grid then stands under the labels.
    pub is_group: bool,
    /// What is known of the pairs' seeds.
    pub seeds: Seeds,
}

/// What is known of the seeds that runs were trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeds {
    /// Those of every pair are known, and differ.
    Differ,
    /// Those of a pair are known, and are one: such runs share their random stream.
    Same,
    /// One at least is not known.
    Unknown,
    /// Whatever they are: both runs of a pair are held against the start that they have in common, and
    /// ΔW of both has a part of it.
    OneStart,
    /// Whatever they are: two runs of a pair are checkpoints of one run, as their files tell.
    OneRun,
    /// Whatever they are: two runs of a pair began as one, as the numbers of A tell.
    Alike,
}

impl Seeds {
    /// Of two runs.
    pub fn of(one: Option<u64>, other: Option<u64>) -> Self {
        match (one, other) {
            (Some(one), Some(other)) if one == other => Seeds::Same,
            (Some(_), Some(_)) => Seeds::Differ,
            _ => Seeds::Unknown,
        }
    }
}

impl Pairs {
    /// Two runs that are named.
    pub fn of_two(pair: [AdapterId; 2], names: [&str; 2], seeds: Seeds) -> Self {
        Pairs {
            labels: names.map(String::from),
            pairs: vec![pair],
            is_group: false,
            seeds,
        }
    }

    /// Whether a comparison is one of the pairs of a group.
    pub(crate) fn holds(&self, comparison: Comparison) -> bool {
        match (comparison.first, comparison.second) {
            (Operand::Adapter(one), Operand::Adapter(other)) => {
                self.is_group && self.pairs.contains(&[one, other])
            }
            _ => false,
        }
    }

    /// The same pairs, of which it is known that some runs are differences from one start.
    pub(super) fn against_one_start(self, differences: &[AdapterId]) -> Self {
        let is_of_start = |pair: &[AdapterId; 2]| pair.iter().all(|run| differences.contains(run));
        Pairs {
            seeds: match self.pairs.iter().any(is_of_start) {
                true => Seeds::OneStart,
                false => self.seeds,
            },
            ..self
        }
    }

    /// All runs, each once, in the order of the tables.
    pub fn runs(&self) -> Vec<AdapterId> {
        let mut runs: Vec<AdapterId> = self.pairs.iter().flatten().copied().collect();
        runs.sort();
        runs.dedup();
        runs
    }

    /// The first pair, which stands for the others where one adapter of each side is needed.
    pub fn first(&self) -> [AdapterId; 2] {
        self.pairs[0]
    }
}
