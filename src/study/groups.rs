//! What a study compares: pairs of runs, and groups of such pairs.
//!
//! # Decisions
//!
//! - Two plain names are compared whatever they are, as a pair. A pattern, or a list of more than
//!   two names, is a group: its pairs differ in the seed alone, and every other is named.
//! - A seed counts where the study or the run's own files say it. A folder's name is no witness.
//! - A list over several ranks is a group for each. Figures show the largest rank that leaves a pair.

use std::collections::BTreeSet;

use crate::error::{Error, Result};

use super::apart::{self, LeftOut};
use super::file::Definition;
use super::file::pattern::{common_beginning, label};
use super::named::{AdapterId, NamedAdapter};
use super::pairs::{Pairs, Seeds};
use super::resolved::{Entry, Resolved};

/// What a study compares.
#[derive(Default)]
pub(super) struct Compared {
    /// Of figures 3 and 6.
    pub(super) ranks: Option<Pairs>,
    /// Of figures 4 and 7.
    pub(super) seeds: Option<Pairs>,
    /// Groups of other ranks than that of `seeds`, by rank.
    pub(super) other_seeds: Vec<Pairs>,
    /// The pair that is drawn in place of a mean.
    pub(super) pair: Option<[AdapterId; 2]>,
    /// All pairs, each once, in the order of the tables.
    pub(super) pairs: Vec<[AdapterId; 2]>,
    /// Groups of table 7 by their labels.
    pub(super) table7: Vec<(String, Vec<AdapterId>)>,
    /// Pairs that are left out, and why.
    pub(super) warnings: Vec<String>,
}

/// A study whose groups are sought.
struct Study<'a> {
    definition: &'a Definition,
    adapters: &'a [NamedAdapter],
    /// Labels and the runs that they stand for.
    labels: Vec<(String, Vec<AdapterId>)>,
    warnings: Vec<String>,
}

impl Compared {
    /// What a study of adapters compares. Without a word from it, ranks and seeds are told apart
    /// among its further pairs by the adapters' ranks.
    ///
    /// # Errors
    ///
    /// [`CoreError::Config`](crate::CoreError::Config) for a group without a pair, a label that is
    /// taken, and a pair to draw that is not compared.
    pub(super) fn of(
        definition: &Definition,
        resolved: &Resolved,
        adapters: &[NamedAdapter],
    ) -> Result<Self> {
        let mut study = Study {
            definition,
            adapters,
            labels: Vec::new(),
            warnings: Vec::new(),
        };
        let ranks = resolved.ranks.as_ref();
        let ranks = ranks.map(|sides| study.ranks(sides)).transpose()?;
        let seeds = match &resolved.seeds {
            Some(entries) => study.seeds(entries)?,
            None => Vec::new(),
        };
        let table7 = study.table7(&resolved.amplified)?;
        let mut compared = Compared {
            ranks,
            table7,
            warnings: study.warnings,
            ..Compared::default()
        };
        let named = compared.ranks.iter().chain(&seeds);
        let named = named.flat_map(|pairs| &pairs.pairs).chain(&resolved.also);
        let mut met = BTreeSet::new();
        compared.pairs = named.filter(|pair| met.insert(**pair)).copied().collect();
        compared.other_seeds = seeds;
        compared.seeds = compared.other_seeds.pop();
        if definition.compare.ranks.is_none() && definition.compare.seeds.is_none() {
            compared.tell_apart(adapters);
        }
        compared.pair = compared.drawn(definition, resolved, |id| &adapters[id.0].name)?;
        Ok(compared)
    }

    /// Without a word from the study: the first pair of two ranks, and the first of one.
    fn tell_apart(&mut self, adapters: &[NamedAdapter]) {
        let find = |same_rank: bool| {
            let mut pairs = self.pairs.iter().copied();
            let found = pairs.find(|pair| {
                let [one, other] = pair.map(|id| &adapters[id.0].adapter);
                one.has_ranks_of(other) == same_rank
            })?;
            Some(of_two(found, adapters))
        };
        [self.ranks, self.seeds] = [find(false), find(true)];
    }

    /// The groups and pairs that figures 3, 4, 6 and 7 are about.
    fn all(&self) -> impl Iterator<Item = &Pairs> {
        let seeds = self.other_seeds.iter().chain(&self.seeds);
        self.ranks.iter().chain(seeds)
    }

    /// The pair that `[figures]` draws, as it is compared.
    ///
    /// # Errors
    ///
    /// [`CoreError::Config`](crate::CoreError::Config) for one that is none of the pairs.
    pub(super) fn drawn<'n>(
        &self,
        definition: &Definition,
        resolved: &Resolved,
        name: impl Fn(AdapterId) -> &'n str,
    ) -> Result<Option<[AdapterId; 2]>> {
        let Some([one, other]) = resolved.pair else {
            return Ok(None);
        };
        let pairs = || self.all().flat_map(|pairs| &pairs.pairs);
        let found = pairs().find(|pair| **pair == [one, other] || **pair == [other, one]);
        if let Some(found) = found {
            return Ok(Some(*found));
        }
        let problem = format!(
            "[figures] draws {} against {}, which [compare] does not compare as ranks or seeds",
            name(one),
            name(other)
        );
        let known = pairs().map(|pair| format!("[\"{}\", \"{}\"]", name(pair[0]), name(pair[1])));
        let known: Vec<String> = known.collect();
        let remedy = if known.is_empty() {
            "name them in [compare], as ranks or seeds".into()
        } else {
            format!("the pairs are {}", known.join(", "))
        };
        Err(definition.lines.error("figures.pair", &problem, remedy))
    }
}

fn of_two(pair: [AdapterId; 2], adapters: &[NamedAdapter]) -> Pairs {
    let [one, other] = pair.map(|id| &adapters[id.0]);
    Pairs::of_two(
        pair,
        [&one.name, &other.name],
        Seeds::of(one.seed, other.seed),
    )
}

impl Study<'_> {
    fn rank(&self, id: AdapterId) -> usize {
        self.adapters[id.0].adapter.rank()
    }

    fn name(&self, id: AdapterId) -> &str {
        &self.adapters[id.0].name
    }

    fn error(&self, place: &str, problem: &str, remedy: &str) -> Error {
        self.definition.lines.error(place, problem, remedy)
    }

    /// The runs of some entries, each once, in the order of the tables.
    fn runs(entries: &[Entry]) -> Vec<AdapterId> {
        let runs = entries.iter().flat_map(Entry::runs).copied();
        let mut runs: Vec<AdapterId> = runs.collect();
        runs.sort();
        runs.dedup();
        runs
    }

    /// The ranks of some runs, each once.
    fn ranks_of(&self, runs: &[AdapterId]) -> Vec<usize> {
        let mut ranks: Vec<usize> = runs.iter().map(|&run| self.rank(run)).collect();
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    }

    /// All pairs of a smaller and a larger rank that differ in the seed; of two names, the two.
    fn ranks(&mut self, sides: &[Entry; 2]) -> Result<Pairs> {
        if let [Entry::Name(one), Entry::Name(other)] = *sides {
            return Ok(of_two([one, other], self.adapters));
        }
        let mut labels = Vec::new();
        for (number, side) in sides.iter().enumerate() {
            labels.push(self.side(&format!("compare.ranks[{number}]"), side)?);
        }
        let [one, other] = sides.each_ref().map(Entry::runs);
        let (mut pairs, mut left_out) = (Vec::new(), LeftOut::default());
        let one = &apart::without_copies(one, self.adapters, &mut left_out)?;
        let other = &apart::without_copies(other, self.adapters, &mut left_out)?;
        for pair in one
            .iter()
            .flat_map(|&one| other.iter().map(move |&other| [one, other]))
        {
            let [first, second] = pair.map(|id| &self.adapters[id.0]);
            match apart::of_ranks(first, second) {
                None => pairs.push(pair),
                Some(reason) => left_out.add(pair, reason),
            }
        }
        let sentences = left_out.sentences("ranks", self.adapters);
        if pairs.is_empty() {
            let problem = format!(
                "no pair of `ranks` differs in rank and seed: {}",
                sentences.join("; ")
            );
            let remedy = "give a smaller and a larger rank, each with a `seed`";
            return Err(self.error("compare.ranks", &problem, remedy));
        }
        self.warnings.extend(sentences);
        let [first, second] = labels.try_into().unwrap_or_default();
        Ok(Pairs {
            labels: [first, second],
            pairs,
            is_group: true,
            seeds: Seeds::Differ,
        })
    }

    /// What a side of `ranks` is called: all of its runs have one rank.
    fn side(&mut self, place: &str, side: &Entry) -> Result<String> {
        let (pattern, runs) = match side {
            Entry::Name(id) => return Ok(self.name(*id).into()),
            Entry::Pattern(pattern, runs) => (pattern, runs),
        };
        match self.ranks_of(runs).as_slice() {
            [rank] => {
                let label = label(pattern).unwrap_or_else(|| format!("r{rank}"));
                self.take_label(place, label, runs)
            }
            ranks => {
                let ranks: Vec<String> = ranks.iter().map(usize::to_string).collect();
                let problem = format!(
                    "`{pattern}` matches runs of ranks {}, and each side of `ranks` takes one rank",
                    ranks.join(" and ")
                );
                Err(self.error(place, &problem, "give a pattern for each of two ranks"))
            }
        }
    }

    /// Groups of runs that differ in the seed alone, by rank, the largest last; of two names, the two.
    fn seeds(&mut self, entries: &[Entry]) -> Result<Vec<Pairs>> {
        if let [Entry::Name(one), Entry::Name(other)] = *entries {
            return Ok(vec![of_two([one, other], self.adapters)]);
        }
        let runs = Self::runs(entries);
        if runs.len() < 2 {
            let these: Vec<&str> = runs.iter().map(|&run| self.name(run)).collect();
            let these = if these.is_empty() {
                "none".into()
            } else {
                these.join(", ")
            };
            let problem = format!("`seeds` takes two runs or more, and has {these}");
            let names = self.adapters.iter().map(|named| named.name.as_str());
            let names: Vec<&str> = names.collect();
            let remedy = format!("the adapters are {}", names.join(", "));
            return Err(self.error("compare.seeds", &problem, &remedy));
        }
        let (mut groups, mut reasons) = (Vec::new(), Vec::new());
        for rank in self.ranks_of(&runs) {
            let of_rank = |run: &AdapterId| self.rank(*run) == rank;
            let of_rank: Vec<AdapterId> = runs.iter().copied().filter(of_rank).collect();
            groups.extend(self.seeds_of(entries, rank, &of_rank, &mut reasons)?);
        }
        if groups.is_empty() {
            let problem = format!(
                "no two runs of `seeds` differ in the seed alone: {}",
                reasons.join("; ")
            );
            let remedy = "give runs of one setting, each with its `seed`";
            return Err(self.error("compare.seeds", &problem, remedy));
        }
        self.warnings.append(&mut reasons);
        Ok(groups)
    }

    /// The group of one rank, if it leaves a pair; why others are none goes to `reasons`.
    fn seeds_of(
        &mut self,
        entries: &[Entry],
        rank: usize,
        runs: &[AdapterId],
        reasons: &mut Vec<String>,
    ) -> Result<Option<Pairs>> {
        if let [run] = *runs {
            let name = self.name(run);
            reasons.push(format!(
                "{name} is the only run of rank {rank} in `seeds`, and in no pair"
            ));
            return Ok(None);
        }
        let is_named = |run: AdapterId| entries.iter().any(|entry| entry.names(run));
        let (mut pairs, mut left_out) = apart::pairs_of_seeds(runs, self.adapters, &is_named)?;
        if pairs.is_empty() {
            // They are measured, and nothing is judged of them.
            pairs = left_out.take_runs();
        }
        let what = format!("seeds of rank {rank}");
        reasons.extend(left_out.sentences(&what, self.adapters));
        if pairs.is_empty() {
            return Ok(None);
        }
        let label = self.label_of(entries, rank, runs);
        let label = self.take_label("compare.seeds", label, runs)?;
        let seed = |id: AdapterId| self.adapters[id.0].seed;
        let are_known = pairs.iter().flatten().all(|&run| seed(run).is_some());
        Ok(Some(Pairs {
            labels: [label.clone(), label],
            pairs,
            is_group: true,
            seeds: if are_known {
                Seeds::Differ
            } else {
                Seeds::Unknown
            },
        }))
    }

    /// What runs of one rank are called that some entries name.
    fn label_of(&self, entries: &[Entry], rank: usize, runs: &[AdapterId]) -> String {
        let is_here = |entry: &&Entry| entry.runs().iter().any(|run| runs.contains(run));
        let here: Vec<&Entry> = entries.iter().filter(is_here).collect();
        let is_wider = |entry: &&&Entry| matches!(entry, Entry::Pattern(_, all) if self.ranks_of(all).len() > 1);
        let found = match here.as_slice() {
            here if here.iter().any(|entry| is_wider(&entry)) => None,
            [Entry::Pattern(pattern, _)] => label(pattern),
            _ => {
                let names: Vec<&str> = runs.iter().map(|&run| self.name(run)).collect();
                common_beginning(&names)
            }
        };
        found.unwrap_or_else(|| format!("r{rank}"))
    }

    /// A label, where nothing else has it.
    fn take_label(&mut self, place: &str, label: String, runs: &[AdapterId]) -> Result<String> {
        let remedy = "rename the adapters, or write another pattern";
        let is_reserved = label == "base" || label == "random";
        if is_reserved || self.adapters.iter().any(|named| named.name == label) {
            let whose = if is_reserved {
                "is reserved"
            } else {
                "an adapter has as its name"
            };
            let problem = format!("these runs would be called `{label}`, which {whose}");
            return Err(self.error(place, &problem, remedy));
        }
        let earlier = self.labels.iter().find(|(other, _)| *other == label);
        if earlier.is_some_and(|(_, others)| others != runs) {
            let problem =
                format!("these runs would be called `{label}`, as other runs of this study are");
            return Err(self.error(place, &problem, remedy));
        }
        self.labels.push((label.clone(), runs.to_vec()));
        Ok(label)
    }

    /// Groups of table 7: what each pattern matches, by rank. One run is no group.
    fn table7(&mut self, entries: &[Entry]) -> Result<Vec<(String, Vec<AdapterId>)>> {
        let mut groups: Vec<(String, Vec<AdapterId>)> = Vec::new();
        for (number, entry) in entries.iter().enumerate() {
            let Entry::Pattern(_, runs) = entry else {
                continue;
            };
            for rank in self.ranks_of(runs) {
                let of_rank = |run: &AdapterId| self.rank(*run) == rank;
                let of_rank: Vec<AdapterId> = runs.iter().copied().filter(of_rank).collect();
                if of_rank.len() < 2 {
                    continue;
                }
                // A mean would mix settings, or count a run twice; a seed may be unknown.
                let (_, apart) = apart::pairs_of_seeds(&of_rank, self.adapters, &|_| true)?;
                let reasons = apart.sentences("a mean of table 7", self.adapters);
                if !reasons.is_empty() {
                    // Each then has its own columns.
                    self.warnings.extend(reasons);
                    continue;
                }
                let label = self.label_of(std::slice::from_ref(entry), rank, &of_rank);
                let place = format!("amplification.adapters[{number}]");
                let group = (self.take_label(&place, label, &of_rank)?, of_rank);
                if !groups.contains(&group) {
                    groups.push(group);
                }
            }
        }
        Ok(groups)
    }
}
