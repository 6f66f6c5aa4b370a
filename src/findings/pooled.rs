//! Claims about ‖UᵀWV‖ over its typical random value, pooled over layers by one test.

use crate::adapter::block_of;
use crate::measure::significance::{median, pooled_sums};
use crate::table::{DrawRow, EvidenceRow, FindingRow};

use super::claims::{CORRELATES, ERRORS, EXCESS, FACTOR, LEVEL};
use super::judged::{Judged, Verdict, median_of};
use super::words::{common, count, equals, shown};

/// Sums of random draws that the measured one is held against.
const SUMS: usize = 9_999;

/// A row's logarithm in the pooled sum, with those of random draws in its place.
struct Term<'a> {
    row: &'a EvidenceRow,
    /// ln of value over chance.
    value: f64,
    weight: f64,
    /// The same of each random draw.
    random: Vec<f64>,
}

/// ‖UᵀWV‖ of ΔW's directions is a tenth above that of random ones, or more.
pub(super) fn correlates(rows: &[&EvidenceRow], draws: &[DrawRow]) -> Option<FindingRow> {
    let terms = terms(rows, draws, |_| 1.0);
    let pooled = Pooled::of(&terms, CORRELATES.name)?;
    let least = 1.0 + EXCESS;
    let margin = least.ln();
    let judge = |mean: f64, p: f64| match (mean < margin, p <= LEVEL) {
        (true, _) => Verdict::Fails,
        (false, true) => Verdict::Holds,
        _ => Verdict::Open,
    };
    let p = pooled.upper(pooled.mean);
    let verdict = pooled.steady(|shift| {
        let p = pooled.upper(pooled.mean + shift);
        judge(pooled.mean + shift, p)
    });
    let layers = pooled.layers(&terms);
    let holding = layers.iter().filter(|mean| **mean > 0.0).count();
    let ratio = pooled.mean.exp();
    let norm = common(rows.iter().map(|row| row.statistic.as_str()));
    let statistic = norm.replace("‖_F,", "‖_F over its typical random value,");
    let test = pooled.test(rows, layers.len(), p);
    let counts = format!(
        "on average {} times the typical random value, above it in {holding} of {}",
        shown(Some(ratio)),
        count(layers.len(), "layer")
    );
    let numbers = format!(
        "median {norm}: {}, of random directions {}; {test}, margin {least} times",
        shown(median_of(rows, |row| row.value)),
        shown(median_of(rows, |row| row.chance)),
    );
    let judged = Judged {
        verdict,
        statistic,
        test,
        count: layers.len(),
        holding,
        median: median(&layers.iter().map(|mean| mean.exp()).collect::<Vec<_>>()),
        chance: Some(1.0),
        p: Some(p),
        least_p: Some(pooled.least()),
        margin: Some(least),
    };
    Some(judged.said(&CORRELATES, rows, &[], (&counts, &numbers)))
}

/// The factor over that of a random update falls from the smaller to the larger rank.
pub(super) fn factor(rows: &[&EvidenceRow], draws: &[DrawRow]) -> Option<FindingRow> {
    let one = rows.first()?.first.as_str();
    let other = rows.iter().find(|row| row.first != one)?.first.as_str();
    let in_both = |row: &&&EvidenceRow| {
        let has = |name: &str| {
            rows.iter()
                .any(|other| other.first == name && other.module == row.module)
        };
        has(one) && has(other)
    };
    let rows: Vec<&EvidenceRow> = rows.iter().filter(in_both).copied().collect();
    // The factor falls where ‖UᵀWV‖ over its typical value rises.
    let sign = |row: &EvidenceRow| if row.first == one { -1.0 } else { 1.0 };
    let terms = terms(&rows, draws, sign);
    let of = |name: &str| {
        let rows: Vec<&EvidenceRow> = rows
            .iter()
            .copied()
            .filter(|row| row.first == name)
            .collect();
        let sizes = [
            shown(median_of(&rows, |row| row.value)),
            shown(median_of(&rows, |row| row.chance)),
        ];
        (rows, sizes)
    };
    let ((low, [low_factor, low_chance]), (high, [high_factor, high_chance])) =
        (of(one), of(other));
    let value = |rows: &[&EvidenceRow], module: &str| {
        rows.iter()
            .find(|row| row.module == module)
            .and_then(|row| row.value)
    };
    let falls = low
        .iter()
        .filter(|row| row.value > value(&high, &row.module))
        .count();
    let raw = format!(
        "the factor falls in {falls} of {}",
        count(low.len(), "module")
    );
    let medians = format!(
        "median factors {low_factor} and {high_factor}, of random updates {low_chance} and {high_chance}"
    );
    let statistic = format!("log of factor over chance, {one} less {other}");
    let names = [("{one}", one), ("{other}", other)];
    let Some(pooled) = Pooled::of(&terms, FACTOR.name) else {
        let judged = Judged {
            verdict: Verdict::Open,
            statistic,
            test: "random draws, which take W's weights".into(),
            count: low.len(),
            holding: 0,
            median: None,
            chance: Some(0.0),
            p: None,
            least_p: None,
            margin: None,
        };
        let numbers = format!("{medians}; {}", judged.test);
        return Some(judged.said(&FACTOR, &rows, &names, (&raw, &numbers)));
    };
    let two_sided = |mean: f64| 2.0 * pooled.upper(mean).min(pooled.lower(mean));
    let p = two_sided(pooled.mean).min(1.0);
    let verdict = pooled.steady(|shift| {
        let mean = pooled.mean + shift;
        match (two_sided(mean) <= LEVEL, mean > 0.0) {
            (true, true) => Verdict::Holds,
            (true, false) => Verdict::Fails,
            _ => Verdict::Open,
        }
    });
    let layers = pooled.layers(&terms);
    let holding = layers.iter().filter(|mean| **mean > 0.0).count();
    let test = pooled.test(&rows, layers.len(), p);
    let judged = Judged {
        verdict,
        statistic,
        test,
        count: layers.len(),
        holding,
        median: median(&layers),
        chance: Some(0.0),
        p: Some(p),
        least_p: Some(2.0 * pooled.least()),
        margin: None,
    };
    let counts = format!(
        "{raw}, relative to random updates in {holding} of {}, on average {} times",
        count(layers.len(), "layer"),
        shown(Some(pooled.mean.exp()))
    );
    let numbers = format!("{medians}; {}", judged.test);
    Some(judged.said(&FACTOR, &rows, &names, (&counts, &numbers)))
}

/// The rows that have draws, each weighted so that their sum is the mean over layers of the mean over
/// modules of the mean over runs.
fn terms<'a>(
    rows: &[&'a EvidenceRow],
    draws: &[DrawRow],
    sign: impl Fn(&EvidenceRow) -> f64,
) -> Vec<Term<'a>> {
    let term = |row: &&'a EvidenceRow| {
        let rank = row.statistic.rsplit("r = ").next()?.parse::<usize>().ok()?;
        let is_it = |draw: &&DrawRow| draw.rank == rank && draw.module == row.module;
        let logs = draws
            .iter()
            .filter(is_it)
            .map(|draw| draw.projected_norm.ln());
        let logs: Vec<f64> = logs.collect();
        let centre = logs.iter().sum::<f64>() / logs.len() as f64;
        let value = (row.value? / row.chance?).ln();
        // A factor is large where the norm is small.
        let value = if row.claim == FACTOR.name {
            -value
        } else {
            value
        };
        (value.is_finite() && centre.is_finite()).then(|| Term {
            row,
            value,
            weight: 0.0,
            random: logs.into_iter().map(|log| log - centre).collect(),
        })
    };
    let mut terms: Vec<Term> = rows.iter().filter_map(term).collect();
    let mut blocks: Vec<&str> = terms
        .iter()
        .map(|term| block_of(&term.row.module))
        .collect();
    blocks.sort_unstable();
    blocks.dedup();
    let weights: Vec<f64> = terms
        .iter()
        .map(|term| {
            let here = |other: &&Term| block_of(&other.row.module) == block_of(&term.row.module);
            let mut modules: Vec<&str> = terms
                .iter()
                .filter(here)
                .map(|t| t.row.module.as_str())
                .collect();
            modules.sort_unstable();
            modules.dedup();
            let like = |other: &&Term| {
                (&other.row.module, &other.row.first) == (&term.row.module, &term.row.first)
            };
            let runs: usize = terms.iter().filter(like).map(|term| term.row.runs).sum();
            let share = term.row.runs as f64 / runs as f64;
            sign(term.row) * share / (modules.len() * blocks.len()) as f64
        })
        .collect();
    for (term, weight) in terms.iter_mut().zip(weights) {
        term.weight = weight;
    }
    terms
}

/// The measured sum among those of random draws.
struct Pooled {
    mean: f64,
    random: Vec<f64>,
    /// Standard error of the sum, as the draws' centres are known from so many of them.
    error: f64,
    fewest: usize,
}

impl Pooled {
    fn of(terms: &[Term], claim: &str) -> Option<Self> {
        if terms.is_empty() {
            return None;
        }
        // Each run is one draw of its own.
        let one_draw = |term: &'_ Term<'_>| (term.weight / term.row.runs as f64, term.row.runs);
        let parts: Vec<(f64, &[f64])> = terms
            .iter()
            .flat_map(|term| {
                let (weight, runs) = one_draw(term);
                std::iter::repeat_n((weight, term.random.as_slice()), runs)
            })
            .collect();
        let variance = |term: &Term| {
            let n = term.random.len() as f64;
            let squares: f64 = term.random.iter().map(|x| x * x).sum();
            term.weight.powi(2) * squares / (n - 1.0).max(1.0) / n
        };
        Some(Pooled {
            mean: terms.iter().map(|term| term.weight * term.value).sum(),
            random: pooled_sums(&parts, SUMS, &format!("findings/{claim}")),
            error: terms.iter().map(variance).sum::<f64>().sqrt(),
            fewest: terms.iter().map(|term| term.random.len()).min()?,
        })
    }

    fn upper(&self, mean: f64) -> f64 {
        let reached = self.random.iter().filter(|&&sum| sum >= mean).count();
        (1 + reached) as f64 / (1 + self.random.len()) as f64
    }

    fn lower(&self, mean: f64) -> f64 {
        let reached = self.random.iter().filter(|&&sum| sum <= mean).count();
        (1 + reached) as f64 / (1 + self.random.len()) as f64
    }

    fn least(&self) -> f64 {
        1.0 / (1 + self.random.len()) as f64
    }

    /// A verdict that the error of the draws does not turn; else it is open.
    fn steady(&self, judge: impl Fn(f64) -> Verdict) -> Verdict {
        let reach = ERRORS * self.error;
        let [low, here, high] = [-reach, 0.0, reach].map(judge);
        if low == here && here == high {
            here
        } else {
            Verdict::Open
        }
    }

    /// The mean of each layer, in the terms' order.
    fn layers(&self, terms: &[Term]) -> Vec<f64> {
        let mut layers: Vec<(&str, f64)> = Vec::new();
        for term in terms {
            let (block, part) = (block_of(&term.row.module), term.weight * term.value);
            match layers.iter_mut().find(|(known, _)| *known == block) {
                Some((_, sum)) => *sum += part,
                None => layers.push((block, part)),
            }
        }
        let count = layers.len() as f64;
        layers.into_iter().map(|(_, sum)| sum * count).collect()
    }

    fn test(&self, rows: &[&EvidenceRow], layers: usize, p: f64) -> String {
        format!(
            "{SUMS} sums of one random draw for each of {} over {}, {} draws or more, p {}",
            count(rows.len(), "number"),
            count(layers, "layer"),
            self.fewest,
            equals(p)
        )
    }
}
