//! An adapter laid on a base as a whole: one change of prefix for each of its components, found from
//! all its modules together. Every module is judged by it.
//!
//! # Decisions
//!
//! - A component is all modules whose paths begin alike, up to the first number. How many of them the
//!   base has under another start decides first, then how closely both starts are related
//!   (`prefixes.rs`), then how many modules of other components the same change serves.
//! - Two components never share a start of the base. The closer one has it, the other has none; where
//!   both are equally close, neither has it.
//! - A tower of the adapter is never a stack that the base calls by no such name: widths of towers and
//!   of language models are often equal, so that shapes would not tell.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::Catalogue;
use super::kept::{Kept, path_of};
use super::prefixes::{Relation, after, change, halves, joined};

/// How an adapter's prefix is one of a base's; `None` where they are of different parts.
pub(super) type Related<'r> = &'r (dyn Fn(&str, &str) -> Option<Relation> + Sync);

/// How an adapter's paths become those of a base.
pub(super) struct Laid<'r> {
    /// By the start of the adapter's paths.
    starts: BTreeMap<String, Fate>,
    related: Related<'r>,
}

/// What an adapter's start is in the base.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    To(String, Relation),
    Several(Vec<String>),
    /// A closer component has it.
    Taken,
    None,
}

/// Why a path has no weight in a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Miss {
    Nothing,
    /// It could be any of these tensors.
    Several(Vec<String>),
}

/// A start of the base that an adapter's start may be.
struct Candidate<'a> {
    start: &'a str,
    relation: Relation,
    /// How many of the component's modules are there.
    service: usize,
    /// How many modules of the adapter are there by the same change.
    support: usize,
}

impl Candidate<'_> {
    /// The greatest is the best.
    fn rank(&self) -> (usize, Reverse<Relation>, usize) {
        (self.service, Reverse(self.relation), self.support)
    }
}

impl<'r> Laid<'r> {
    /// Lays an adapter with these tensors on a base.
    pub(super) fn new(
        tensors: &BTreeSet<String>,
        catalogue: &Catalogue,
        related: Related<'r>,
    ) -> Self {
        let paths: Vec<&str> = tensors.iter().map(|tensor| path_of(tensor)).collect();
        let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for path in &paths {
            let (start, rest) = halves(path);
            groups.entry(start).or_default().push(rest);
        }
        let of = |(start, rests): (&&str, &Vec<&str>)| {
            let fate = fate((start, rests), &paths, catalogue, related);
            (start.to_string(), fate)
        };
        let mut laid = Laid {
            starts: groups.iter().map(of).collect(),
            related,
        };
        laid.share_nothing(&groups);
        laid
    }

    /// Leaves a start of the base to the component that is closest to it, where several have the same
    /// modules there; to none of them where two are equally close.
    fn share_nothing(&mut self, groups: &BTreeMap<&str, Vec<&str>>) {
        let starts = self.starts.clone();
        for (own, fate) in &mut self.starts {
            let Fate::To(place, relation) = &*fate else {
                continue;
            };
            let overlaps = |other: &str| {
                let rests = &groups[own.as_str()];
                groups[other].iter().any(|rest| rests.contains(rest))
            };
            let is_closer = |(other, theirs): (&String, &Fate)| match theirs {
                Fate::To(there, closer) => {
                    other != own && there == place && closer <= relation && overlaps(other)
                }
                _ => false,
            };
            if starts.iter().any(is_closer) {
                *fate = Fate::Taken;
            }
        }
    }

    /// The weight of a path.
    pub(super) fn get(&self, tensor: &str, catalogue: &Catalogue) -> Result<Kept, Miss> {
        let path = path_of(tensor);
        let (start, rest) = halves(path);
        match self.starts.get(start) {
            Some(Fate::None) => {
                let alone = fate((start, &[rest]), &[path], catalogue, self.related);
                found(&alone, rest, catalogue)
            }
            Some(fate) => found(fate, rest, catalogue),
            None => self.elsewhere(path, catalogue).ok_or(Miss::Nothing),
        }
    }

    /// A path that is none of the adapter's own: as it stands, or by the change of a component around
    /// it.
    fn elsewhere(&self, path: &str, catalogue: &Catalogue) -> Option<Kept> {
        let changed = |(own, fate): (&String, &Fate)| match fate {
            Fate::To(place, _) => {
                let (from, to) = change(own, place);
                Some(joined(to, after(path, from)?))
            }
            _ => None,
        };
        let mut paths = self.starts.iter().filter_map(changed);
        let by_change = || paths.find_map(|path| catalogue.get(&path));
        catalogue.get(path).or_else(by_change)
    }

    /// The changes of prefix by more than wrappers: the adapter's start, and the base's.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.starts.iter().filter_map(|(own, fate)| match fate {
            Fate::To(place, relation) if *relation > Relation::Wrappers => {
                Some((own.as_str(), place.as_str()))
            }
            _ => None,
        })
    }
}

/// The weight at a component's place in the base.
fn found(fate: &Fate, rest: &str, catalogue: &Catalogue) -> Result<Kept, Miss> {
    let places = match fate {
        Fate::To(place, _) => std::slice::from_ref(place),
        Fate::Several(places) => places,
        Fate::Taken | Fate::None => &[],
    };
    let all = places.iter().map(|place| joined(place, rest));
    let mut there: Vec<Kept> = Vec::new();
    for kept in all.filter_map(|path| catalogue.get(&path)) {
        // One weight may have several names.
        if !there.contains(&kept) {
            there.push(kept);
        }
    }
    if there.len() > 1 {
        let tensors = there.into_iter().map(|kept| kept.tensor);
        return Err(Miss::Several(tensors.collect()));
    }
    there.pop().ok_or(Miss::Nothing)
}

/// What a component's start is in the base.
fn fate(
    (start, rests): (&str, &[&str]),
    paths: &[&str],
    catalogue: &Catalogue,
    related: Related,
) -> Fate {
    let is_there = |place: &str, rest: &str| catalogue.get(&joined(place, rest)).is_some();
    let candidate = |place| {
        let relation = related(start, place)?;
        let service = rests.iter().filter(|rest| is_there(place, rest)).count();
        let (from, to) = change(start, place);
        let behind = paths.iter().filter_map(|path| after(path, from));
        (service > 0).then(|| Candidate {
            start: place,
            relation,
            service,
            support: behind.filter(|rest| is_there(to, rest)).count(),
        })
    };
    let is_block = rests.iter().any(|rest| rest.contains('.'));
    let is_own = |place| related(start, place).is_some_and(|one| one < Relation::Part);
    let has_own = is_block && catalogue.starts().any(is_own);
    let fits = |one: &Candidate| match one.relation {
        Relation::Equal | Relation::Wrappers => true,
        // Where the base has the stack itself, a tower beside it is none, whatever it has.
        Relation::Part if has_own => false,
        // One name alone, such as `dense`, is anywhere: a change must serve others too.
        _ => is_block || one.support > one.service,
    };
    // What it is called itself may be no start there, and its weights in another form.
    let all = catalogue.starts().chain(std::iter::once(start));
    let candidates: Vec<Candidate> = all.filter_map(candidate).filter(fits).collect();
    let Some(best) = candidates.iter().map(Candidate::rank).max() else {
        return Fate::None;
    };
    let best = candidates.iter().filter(|one| one.rank() == best);
    let places: BTreeMap<&str, Relation> = best.map(|one| (one.start, one.relation)).collect();
    match (places.first_key_value(), places.len()) {
        (Some((only, relation)), 1) => Fate::To(only.to_string(), *relation),
        _ => Fate::Several(places.into_keys().map(str::to_string).collect()),
    }
}
