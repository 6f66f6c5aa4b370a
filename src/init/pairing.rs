//! Which adapters a first study compares.

use crate::study::other_scale;

use super::candidate::Candidate;

/// A panel for each in figure 8, and one for random directions.
const AGAINST_BASE: usize = 3;

/// How much two runs share before training, from best to worst.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Seeds {
    Same,
    Unknown,
    Different,
}

fn seeds_of(one: &Candidate, other: &Candidate) -> Seeds {
    match (&one.seed, &other.seed) {
        (Some(one), Some(other)) if one.value == other.value => Seeds::Same,
        (Some(_), Some(_)) => Seeds::Different,
        _ => Seeds::Unknown,
    }
}

/// The pair for figures 3 and 6, smaller rank first, and why: of different seeds if they are known,
/// the ranks as far apart as can be. A pair that began as one is none; `said` then has it.
pub(super) fn ranks(found: &[Candidate], said: &mut Vec<String>) -> Option<([usize; 2], String)> {
    let rank = |place: usize| found[place].adapter.rank();
    let apart = pairs(found).filter(|&[one, other]| rank(one) != rank(other));
    let best = best_of(found, apart, said, |&[one, other]| {
        let span = rank(other).abs_diff(rank(one));
        (
            seeds_of(&found[one], &found[other]),
            span,
            first([one, other]),
        )
    })?;
    let remark = match seeds_of(&found[best[0]], &found[best[1]]) {
        Seeds::Different => "the smallest and the largest rank of different seeds",
        Seeds::Unknown => {
            "the smallest and the largest rank; if they have one seed, they share their random stream"
        }
        Seeds::Same => {
            "the smallest and the largest rank, but of one seed: they share their random stream and \
             overlap more than two seeds do"
        }
    };
    let remark = match other_scale(&found[best[0]].adapter, &found[best[1]].adapter, false) {
        None => remark.into(),
        Some(differs) => format!("{remark}; they {differs}"),
    };
    Some((best, remark))
}

/// The pair for figures 4 and 7, and why: of one scale, if there are such, and of the largest rank
/// that two seeds have. A pair that began as one is none; `said` then has it.
pub(super) fn seeds(found: &[Candidate], said: &mut Vec<String>) -> Option<([usize; 2], String)> {
    let rank = |place: usize| found[place].adapter.rank();
    let of_one_rank = pairs(found).filter(|&[one, other]| {
        rank(one) == rank(other) && seeds_of(&found[one], &found[other]) != Seeds::Same
    });
    let best = best_of(found, of_one_rank, said, |&[one, other]| {
        let known = seeds_of(&found[one], &found[other]);
        let alike = other_scale(&found[one].adapter, &found[other].adapter, true).is_none();
        (alike, known, rank(one), first([one, other]))
    })?;
    let [one, other] = best.map(|place| &found[place]);
    let remark = match seeds_of(one, other) {
        Seeds::Different => "two seeds of the largest rank that has two",
        _ => "two runs of one rank, taken for two seeds, as their seeds are not known",
    };
    let remark = match other_scale(&one.adapter, &other.adapter, true) {
        None => remark.into(),
        Some(differs) => format!("{remark}; they {differs}, so that more than the seed differs"),
    };
    Some((best, remark))
}

/// The pair of the largest key that did not begin as one.
fn best_of<Key: Ord>(
    found: &[Candidate],
    pairs: impl Iterator<Item = [usize; 2]>,
    said: &mut Vec<String>,
    key: impl Fn(&[usize; 2]) -> Key,
) -> Option<[usize; 2]> {
    let mut pairs: Vec<[usize; 2]> = pairs.collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(key(pair)));
    pairs.into_iter().find(|&[one, other]| {
        let began = found[one].began_with(&found[other]);
        let are_apart = began.is_none();
        said.extend(began);
        are_apart
    })
}

/// Adapters for figure 8 and table 7: one of each rank, of one seed if it is known; the smallest,
/// the largest and one between.
pub(super) fn against_base(found: &[Candidate]) -> Vec<usize> {
    let seed = |place: usize| found[place].seed.as_ref().map(|seed| seed.value);
    let ranks = |of: Option<u64>| -> Vec<usize> {
        let mut chosen: Vec<usize> = Vec::new();
        for place in (0..found.len()).filter(|&place| of.is_none() || seed(place) == of) {
            let rank = |place: usize| found[place].adapter.rank();
            if chosen.iter().all(|&other| rank(other) != rank(place)) {
                chosen.push(place);
            }
        }
        chosen
    };
    // The seed that most ranks have; the smallest of several.
    let mut seeds: Vec<Option<u64>> = (0..found.len()).map(seed).collect();
    seeds.sort();
    seeds.dedup();
    let of_seeds = seeds.into_iter().map(ranks).rev();
    let mut chosen = of_seeds.max_by_key(Vec::len).unwrap_or_default();
    while chosen.len() > AGAINST_BASE {
        chosen.remove(chosen.len() / 2);
    }
    chosen
}

/// All pairs that have a module in common, in order.
fn pairs(found: &[Candidate]) -> impl Iterator<Item = [usize; 2]> {
    (0..found.len())
        .flat_map(move |one| (one + 1..found.len()).map(move |other| [one, other]))
        .filter(|&[one, other]| found[one].shares_with(&found[other]))
}

/// Of equals `max_by_key` takes the last; this makes it the first.
fn first(pair: [usize; 2]) -> std::cmp::Reverse<[usize; 2]> {
    std::cmp::Reverse(pair)
}
