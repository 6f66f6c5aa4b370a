//! Runs that are one, or that began as one: nothing is judged of their seeds.
//!
//! # Decisions
//!
//! - A few modules tell: of each start all were drawn. They are spread over the layers, and read while
//!   a study is planned, as the factors are small.
//! - A module that cannot be read tells nothing here. It is an error where it is measured.

use ndarray::Array2;

use crate::adapter::{Adapter, Delta};
use crate::measure::one_start::{RowMatches, Spaces, is_one_space, row_matches, same_rows};
use crate::measure::{Basis, Directions, overlap};

use super::groups::Compared;
use super::named::{AdapterId, NamedAdapter};
use super::one_run::one_run;
use super::pairs::{Pairs, Seeds};

/// Modules that are read, at least; of small ranks so many that there are …
const MODULES: usize = 8;
/// … so many rows.
const ROWS: usize = 64;

/// What is compared, with what is known of runs that are one or began as one, and a sentence for each
/// comparison of such.
pub(super) fn judged(
    compared: Compared,
    adapters: &[NamedAdapter],
    modules: &[String],
) -> (Compared, Vec<String>) {
    let mut said = Vec::new();
    let mut mark = |pairs: Pairs, what: &str| {
        let Some((seeds, sentence)) = told(&pairs, adapters, modules) else {
            return pairs;
        };
        said.push(format!(
            "{what}: no claim about seeds is judged, as {sentence}"
        ));
        Pairs { seeds, ..pairs }
    };
    let ranks = compared.ranks.map(|pairs| mark(pairs, "ranks"));
    let seeds = compared.seeds.map(|pairs| mark(pairs, "seeds"));
    let others = compared.other_seeds.into_iter();
    let other_seeds = others.map(|pairs| mark(pairs, "seeds")).collect();
    let compared = Compared {
        ranks,
        seeds,
        other_seeds,
        ..compared
    };
    (compared, said)
}

/// What takes a verdict away from some pairs, and the sentence about the first that does.
fn told(pairs: &Pairs, adapters: &[NamedAdapter], modules: &[String]) -> Option<(Seeds, String)> {
    let by = |tell: &dyn Fn(&NamedAdapter, &NamedAdapter) -> Option<String>| {
        let tell = |&[one, other]: &[AdapterId; 2]| {
            let [one, other] = [one, other].map(|id| &adapters[id.0]);
            let how = tell(one, other)?;
            Some(format!("{} and {} {how}", one.name, other.name))
        };
        let mut found = pairs.pairs.iter().filter_map(tell);
        let first = found.next()?;
        Some(match found.count() {
            0 => first,
            more => format!(
                "{first}; {more} more of the {} pairs are so",
                pairs.pairs.len()
            ),
        })
    };
    if let Some(sentence) = by(&|one, other| one_run(one.course(), other.course())) {
        return Some((Seeds::OneRun, sentence));
    }
    // There is none to take away.
    if matches!(pairs.seeds, Seeds::Same | Seeds::OneStart) {
        return None;
    }
    let sentence = by(&|one, other| one_start(&one.adapter, &other.adapter, modules))?;
    Some((Seeds::Alike, sentence))
}

/// That two adapters began as one, by the numbers of A in some of these modules: `began as one: …`.
pub(crate) fn one_start(one: &Adapter, other: &Adapter, modules: &[String]) -> Option<String> {
    let chosen = chosen(one, other, modules);
    let both = |path: &&str| Some([one.delta(path).ok()?, other.delta(path).ok()?]);
    let deltas: Vec<[Delta; 2]> = chosen.iter().filter_map(both).collect();
    rows(&deltas).or_else(|| spaces(&deltas))
}

/// The modules that are read: those that both have factors of, spread evenly over all.
fn chosen<'a>(one: &Adapter, other: &Adapter, modules: &'a [String]) -> Vec<&'a str> {
    let mut parents: Vec<&str> = Vec::new();
    let mut shared: Vec<(&str, usize)> = Vec::new();
    for path in modules {
        let Some((first, second)) = one.module(path).zip(other.module(path)) else {
            continue;
        };
        let (Some(rank), Some(_)) = (first.rank, second.rank) else {
            continue;
        };
        // Slices of a fused projection have one A.
        if first.slice.is_some() {
            let parent = path
                .rsplit_once('.')
                .map_or(path.as_str(), |(parent, _)| parent);
            if parents.contains(&parent) {
                continue;
            }
            parents.push(parent);
        }
        shared.push((path, rank));
    }
    let rank = shared
        .iter()
        .map(|(_, rank)| *rank)
        .min()
        .unwrap_or(1)
        .max(1);
    let wanted = MODULES.max(ROWS.div_ceil(rank)).min(shared.len());
    let place = |number: usize| number * (shared.len() - 1) / wanted.saturating_sub(1).max(1);
    (0..wanted).map(|number| shared[place(number)].0).collect()
}

/// By rows of A that are most like the same row of the other.
fn rows(deltas: &[[Delta; 2]]) -> Option<String> {
    let mut seen: Vec<Array2<f64>> = Vec::new();
    let mut found: Vec<RowMatches> = Vec::new();
    for [one, other] in deltas {
        let (Some((_, a)), Some((_, other))) = (one.factors(), other.factors()) else {
            continue;
        };
        // Modules with one A, as VeRA has them, began together.
        if seen.iter().any(|earlier| earlier == a) {
            continue;
        }
        found.extend(row_matches(a, other));
        seen.push(a.to_owned());
    }
    let same = same_rows(&found)?;
    // Of each module half a row matches by chance: one of r, and one of two signs.
    let chance = found.len() as f64 / 2.0;
    Some(format!(
        "began as one: of {} rows of A {} are most like the same row of the other, by chance {chance}; their \
         mean cosine is {:.3}, of other rows {:.3}",
        same.rows, same.matched, same.same, same.other
    ))
}

/// By A that spans one space where B does not.
fn spaces(deltas: &[[Delta; 2]]) -> Option<String> {
    // The first that is not shared answers for all.
    let found: Option<Vec<Spaces>> = deltas.iter().map(space).collect();
    let found = found.filter(|found| is_one_space(found))?;
    let mean = |of: fn(&Spaces) -> f64| found.iter().map(of).sum::<f64>() / found.len() as f64;
    Some(format!(
        "began as one: A spans one space in both, and B does not; mean φ(r,r) of A is {:.3}, of B {:.3}",
        mean(|module| module.of_a),
        mean(|module| module.of_b)
    ))
}

/// What both factors share in a module; `None` where A is not shared, where ranks differ, and where a
/// direction is missing.
fn space([one, other]: &[Delta; 2]) -> Option<Spaces> {
    let rank = one.rank();
    let last = rank.checked_sub(1).filter(|_| rank == other.rank())?;
    let of = |basis: Basis| {
        let of_run = |delta| Directions::of_delta(delta, basis, rank).ok();
        let (first, second) = of_run(one).zip(of_run(other))?;
        let grid = overlap(first.subspace(), second.subspace()).ok()?;
        grid.get((last, last)).copied()
    };
    let of_a = Spaces {
        rank,
        width: one.shape().1,
        of_a: of(Basis::A)?,
        of_b: 0.0,
    };
    let of_b = of_a.is_shared().then(|| of(Basis::B))??;
    Some(Spaces { of_b, ..of_a })
}
