//! Which runs a claim compares.

use std::collections::BTreeSet;

use crate::study::{Pairs, Plan, Seeds};

/// Runs that a claim compares, by their names in tables.
#[derive(Debug, Clone)]
pub struct Compared {
    /// What tables call the two sides: adapters, or labels of groups.
    pub labels: [String; 2],
    /// The pairs of runs, the first label's run first.
    pub pairs: Vec<[String; 2]>,
    /// What is known of the runs' seeds.
    pub seeds: Seeds,
    /// The ranks of the two sides; without them the directions that are compared tell.
    pub ranks: Option<[usize; 2]>,
}

impl Compared {
    /// Two runs whose seeds are known and differ.
    pub fn two(one: &str, other: &str) -> Self {
        let pair = [one, other].map(String::from);
        Compared {
            labels: pair.clone(),
            pairs: vec![pair],
            seeds: Seeds::Differ,
            ranks: None,
        }
    }

    pub(super) fn of_plan(plan: &Plan, pairs: &Pairs) -> Self {
        let names = |pair: &[_; 2]| pair.map(|id| plan.adapter_name(id).to_string());
        Compared {
            labels: pairs.labels.clone(),
            pairs: pairs.pairs.iter().map(names).collect(),
            seeds: pairs.seeds,
            ranks: Some(pairs.first().map(|id| plan.adapter_rank(id))),
        }
    }

    /// The runs of each side, each once, in the order of the pairs.
    pub(super) fn sides(&self) -> [Vec<&str>; 2] {
        [0, 1].map(|side| {
            let mut met = BTreeSet::new();
            let runs = self.pairs.iter().map(|pair| pair[side].as_str());
            runs.filter(|run| met.insert(*run)).collect()
        })
    }
}

/// The word for `seeds` in evidence.csv.
pub(super) fn seeds_word(seeds: Seeds) -> &'static str {
    match seeds {
        Seeds::Differ => "differ",
        Seeds::Same => "same",
        Seeds::Unknown => "unknown",
        Seeds::OneStart => "one start",
        Seeds::OneRun => "one run",
        Seeds::Alike => "alike",
    }
}
