//! Whether the best of some scores is ahead of the others by more than their error.
//!
//! # Decisions
//!
//! - The error of a difference has two parts, which add as variances. One is that of the items: the
//!   same dev set was answered by all. The other is that of the seeds: one spread for all settings
//!   that are compared, as two runs of one of them tell little.
//! - Without answers the items count as drawn anew for each setting. Scores on the same items rise
//!   and fall together, so that this error is rather too large.

use std::collections::BTreeMap;

use super::metric::higher_is_better;
use super::proportion::{Z, paired, unpaired};
use super::rows::{AnswersRow, round9};
use super::scores::{Score, is_alone, mark_best};

/// Which items each run answered rightly.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers(BTreeMap<String, Vec<f64>>);

impl Answers {
    /// Of the rows of `answers.csv`; every run must have answered the same items.
    pub fn new(rows: &[AnswersRow]) -> Self {
        let mut of_runs: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
        for row in rows {
            let of_run = of_runs.entry(&row.adapter).or_default();
            of_run.insert(&row.item, f64::from(row.right));
        }
        let in_order = |(name, items): (&str, BTreeMap<&str, f64>)| {
            (name.to_string(), items.into_values().collect())
        };
        Answers(of_runs.into_iter().map(in_order).collect())
    }

    /// Of each item, the share of a setting's runs that answered it rightly; `None` where a run has
    /// no answers.
    fn of(&self, score: &Score) -> Option<Vec<f64>> {
        let runs = score.adapters.iter().map(|name| self.0.get(name));
        let runs: Vec<&Vec<f64>> = runs.collect::<Option<_>>()?;
        let items = runs.first()?.len();
        if runs.iter().any(|run| run.len() != items) {
            return None;
        }
        let mean = |item: usize| {
            let right: f64 = runs.iter().map(|run| run[item]).sum();
            right / runs.len() as f64
        };
        Some((0..items).map(mean).collect())
    }
}

/// Marks the best of scores that are compared with each other, and says how far the others are
/// behind.
///
/// Where the items of all of them are known, only a score that is ahead of each other one is best:
/// the lower end of the 95 % interval of the difference is above 0. A single run is not best beside
/// means of several. Else the best as printed is, [`mark_best`].
pub(super) fn judge(scores: &mut [&mut Score], decimals: usize, answers: &Answers) {
    let higher = scores
        .first()
        .and_then(|score| higher_is_better(&score.metric));
    let known = scores.len() > 1 && scores.iter().all(|score| score.items.is_some());
    let (true, Some(higher)) = (known, higher) else {
        return mark_best(scores, decimals);
    };
    let sign = if higher { 1.0 } else { -1.0 };
    let better = |one: &&&mut Score, other: &&&mut Score| {
        (sign * one.exact()).total_cmp(&(sign * other.exact()))
    };
    // Of several the first.
    let Some(best) = scores.iter().rev().max_by(better) else {
        return;
    };
    let best = Score::clone(best);
    let spread = spread(scores);
    let mut is_ahead = !is_alone(&best, scores);
    for score in scores.iter_mut() {
        score.best = Some(false);
        if score.adapters == best.adapters {
            continue;
        }
        let seeds = spread * (1.0 / best.runs as f64 + 1.0 / score.runs as f64);
        let [behind, low] = behind([&best, score], sign, seeds, answers);
        score.behind = Some(round9(behind));
        score.behind_low = Some(round9(low));
        is_ahead &= low > 0.0;
    }
    for score in scores {
        if score.adapters == best.adapters {
            score.best = Some(is_ahead);
        }
    }
}

/// How far a score is behind the best, and the lower end of the 95 % interval of that, in the
/// metric's unit. `seeds` is the variance that the seeds give it.
fn behind([best, score]: [&Score; 2], sign: f64, seeds: f64, answers: &Answers) -> [f64; 2] {
    let behind = sign * (best.exact() - score.exact());
    let whole = score.whole;
    let (items, step) = match (answers.of(best), answers.of(score)) {
        (Some(one), Some(other)) if one.len() == other.len() => {
            let differences = one.iter().zip(&other).map(|(one, other)| one - other);
            // One item less, McNemar's correction for continuity.
            (paired(differences), 1.0 / one.len() as f64)
        }
        _ => {
            let of = |score: &Score| (score.share(), score.items.unwrap_or(1));
            let (one, other) = (of(best), of(score));
            let (larger, smaller) = if sign > 0.0 {
                (one, other)
            } else {
                (other, one)
            };
            (unpaired(larger, smaller), 0.0)
        }
    };
    let error = Z * (whole * whole * items + seeds).sqrt();
    [behind, behind - whole * step - error]
}

/// The variance between seeds: that of all settings with two runs or more together, each counted by
/// its runs less one; 0 where there is none.
fn spread(scores: &[&mut Score]) -> f64 {
    let several = scores
        .iter()
        .filter_map(|score| Some((score.runs - 1, score.sd?)));
    let (count, squares) = several.fold((0, 0.0), |(count, squares), (free, sd)| {
        (count + free, squares + free as f64 * sd * sd)
    });
    if count > 0 {
        squares / count as f64
    } else {
        0.0
    }
}
