//! Claims about ‖UᵀWV‖ over its typical random value, pooled over layers by one test.

use std::collections::BTreeSet;

use crate::adapter::block_of;
use crate::measure::significance::{median, pooled_sums};
use crate::table::{DrawRow, EvidenceRow, FindingRow};

use super::against_base::Norms;
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
    let test = pooled.test(layers.len(), p);
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
    let ranks = TwoRanks::of(rows)?;
    // The factor falls where ‖UᵀWV‖ over its typical value rises.
    let sign = |row: &EvidenceRow| {
        if row.first == ranks.names[0] {
            -1.0
        } else {
            1.0
        }
    };
    let terms = terms(&ranks.rows, draws, sign);
    let (judged, relative) = match Pooled::of(&terms, FACTOR.name) {
        None => (ranks.untold(), String::new()),
        Some(pooled) => {
            let judged = ranks.judged(&pooled, &terms);
            let relative = format!(
                ", relative to random updates in {} of {}, on average {} times",
                judged.holding,
                count(judged.count, "layer"),
                shown(Some(pooled.mean.exp()))
            );
            (judged, relative)
        }
    };
    let counts = ranks.raw() + &relative;
    let numbers = format!("{}; {}", ranks.medians(), judged.test);
    let [one, other] = ranks.names;
    let names = [("{one}", one), ("{other}", other)];
    Some(judged.said(&FACTOR, &ranks.rows, &names, (&counts, &numbers)))
}

/// The rows of `factor`: of the smaller and of the larger rank, in modules that have both.
struct TwoRanks<'a> {
    names: [&'a str; 2],
    rows: Vec<&'a EvidenceRow>,
}

impl<'a> TwoRanks<'a> {
    fn of(rows: &[&'a EvidenceRow]) -> Option<Self> {
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
        (!rows.is_empty()).then_some(TwoRanks {
            names: [one, other],
            rows,
        })
    }

    fn side(&self, side: usize) -> Vec<&'a EvidenceRow> {
        let of = |row: &&&EvidenceRow| row.first == self.names[side];
        self.rows.iter().filter(of).copied().collect()
    }

    /// In how many modules the factor itself falls: of several runs its geometric mean.
    fn raw(&self) -> String {
        let modules = self.modules();
        let factor = |side: usize, module: &str| {
            let rows = self.side(side).into_iter();
            let rows = rows.filter(|row| row.module == module);
            let parts = rows.map(|row| Some((row.runs as f64, row.value?.ln())));
            let parts: Vec<(f64, f64)> = parts.collect::<Option<_>>()?;
            let runs: f64 = parts.iter().map(|(runs, _)| runs).sum();
            let logs: f64 = parts.iter().map(|(runs, log)| runs * log).sum();
            Some(logs / runs)
        };
        let falls = |module: &&&str| factor(0, module) > factor(1, module);
        let fallen = modules.iter().filter(falls).count();
        let modules = count(modules.len(), "module");
        format!("the factor falls in {fallen} of {modules}")
    }

    fn modules(&self) -> BTreeSet<&'a str> {
        self.rows.iter().map(|row| row.module.as_str()).collect()
    }

    fn medians(&self) -> String {
        let [low, high] = [0, 1].map(|side| {
            let rows = self.side(side);
            [
                shown(median_of(&rows, |row| row.value)),
                shown(median_of(&rows, |row| row.chance)),
            ]
        });
        format!(
            "median factors {} and {}, of random updates {} and {}",
            low[0], high[0], low[1], high[1]
        )
    }

    fn statistic(&self) -> String {
        let [one, other] = self.names;
        format!("log of factor over chance, {one} less {other}")
    }

    /// Without draws there is nothing to hold the factors against.
    fn untold(&self) -> Judged {
        Judged {
            statistic: self.statistic(),
            count: self.modules().len(),
            chance: Some(0.0),
            ..Judged::open("random draws, which take W's weights")
        }
    }

    fn judged(&self, pooled: &Pooled, terms: &[Term]) -> Judged {
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
        let layers = pooled.layers(terms);
        Judged {
            verdict,
            statistic: self.statistic(),
            test: pooled.test(layers.len(), p),
            count: layers.len(),
            holding: layers.iter().filter(|mean| **mean > 0.0).count(),
            median: median(&layers),
            chance: Some(0.0),
            p: Some(p),
            least_p: Some(2.0 * pooled.least()),
            margin: None,
        }
    }
}

/// The rows that have draws, each weighted so that their sum is the mean over layers of the mean over
/// modules of the mean over runs.
fn terms<'a>(
    rows: &[&'a EvidenceRow],
    draws: &[DrawRow],
    sign: impl Fn(&EvidenceRow) -> f64,
) -> Vec<Term<'a>> {
    let norms = Norms::of(draws);
    let term = |row: &&'a EvidenceRow| {
        let rank = row.statistic.rsplit("r = ").next()?.parse::<usize>().ok()?;
        let norms = norms.drawn(&row.module, rank);
        let logs: Vec<f64> = norms.iter().map(|norm| norm.ln()).collect();
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
    let weights: Vec<f64> = terms
        .iter()
        .map(|term| sign(term.row) * share(term, &terms))
        .collect();
    for (term, weight) in terms.iter_mut().zip(weights) {
        term.weight = weight;
    }
    terms
}

/// A term's share of the mean over layers of the mean over modules of the mean over runs.
fn share(term: &Term, terms: &[Term]) -> f64 {
    let block = |term: &Term| block_of(&term.row.module).to_string();
    let blocks: BTreeSet<String> = terms.iter().map(block).collect();
    let here = terms.iter().filter(|other| block(other) == block(term));
    let modules: BTreeSet<&str> = here.map(|other| other.row.module.as_str()).collect();
    let like = |other: &&Term| {
        (&other.row.module, &other.row.first) == (&term.row.module, &term.row.first)
    };
    let runs: usize = terms.iter().filter(like).map(|term| term.row.runs).sum();
    term.row.runs as f64 / (runs * modules.len() * blocks.len()) as f64
}

/// The measured sum among those of random draws.
struct Pooled {
    mean: f64,
    random: Vec<f64>,
    /// Standard error of the sum, as the draws' centres are known from so many of them.
    error: f64,
    fewest: usize,
    /// How many draws a sum takes.
    parts: usize,
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
            parts: parts.len(),
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

    fn test(&self, layers: usize, p: f64) -> String {
        format!(
            "{SUMS} sums of one random draw for each of {} over {}, {} draws or more, p {}",
            count(self.parts, "number"),
            count(layers, "layer"),
            self.fewest,
            equals(p)
        )
    }
}
