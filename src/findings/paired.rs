//! Claims about differences between two modules or two factors, a difference a layer.
//!
//! What is in one layer of the model is trained on the same input and by the
//! same gradient, hence counted once: the mean of its differences.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::adapter::block_of;
use crate::measure::significance::{least_flip, mean_interval, median, sign_flip};
use crate::paper::Projection;
use crate::table::{EvidenceRow, FindingRow, together};

use super::claims::{B_AS_A, CONFIDENCE, EXCESS, LEVEL, QUERY_VALUE, SAME};
use super::judged::{Judged, Verdict, excess, mean};
use super::runs::AMONG;
use super::words::{common, count, equals, of_basis, shown, signed};

/// Fewer differences cannot reach [`LEVEL`] by flipping signs: 2/2⁵ exceeds it.
const FEWEST: usize = 6;

/// Query shares more directions than value: among r, among 1 and among min(4, r) alike.
pub(super) fn query_and_value(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let of = |wanted| {
        let is = move |row: &&&EvidenceRow| Projection::of(&row.projection) == Some(wanted);
        rows.iter().filter(is).copied()
    };
    let (query, value) = (of(Projection::Query).next()?, of(Projection::Value).next()?);
    let tests = AMONG.map(|words| Flipped::of(rows, words));
    let [among_all, ..] = &tests;
    let (q, v) = (query.projection.as_str(), value.projection.as_str());
    let layers = tests.iter().map(|test| test.differences.len()).max()?;
    let few = if layers < FEWEST {
        ", too few to tell"
    } else {
        ""
    };
    let judged = Judged {
        verdict: agreed(&tests),
        statistic: format!("shared directions beyond chance among r, {q} less {v}, in sd"),
        test: format!(
            "sign flips over {}{few}, among r, 1 and min(4, r) alike",
            count(layers, "layer")
        ),
        count: among_all.differences.len(),
        holding: among_all.ahead(),
        median: median(&among_all.differences),
        chance: Some(0.0),
        p: tests
            .iter()
            .map(|test| test.p)
            .collect::<Option<Vec<f64>>>()
            .and_then(|p| p.into_iter().reduce(f64::max)),
        least_p: (layers > 0).then(|| least_flip(layers)),
        margin: None,
    };
    let counts = format!(
        "{q} is ahead among r in {} of {}",
        among_all.ahead(),
        count(among_all.differences.len(), "layer")
    );
    let each = tests
        .iter()
        .map(Flipped::words)
        .collect::<Vec<_>>()
        .join("; ");
    let numbers = format!(
        "mean difference of the shared directions{} beyond chance, in standard deviations: {each}; {}",
        of_basis(&query.basis),
        judged.test
    );
    let names = [("{query}", q), ("{value}", v)];
    Some(judged.said(&QUERY_VALUE, rows, &names, (&counts, &numbers)))
}

/// What all three ways of counting say.
fn agreed(tests: &[Flipped; 3]) -> Verdict {
    match tests.each_ref().map(Flipped::sign) {
        [Some(one), Some(other), Some(third)] if one == other && one == third => match one {
            Ordering::Greater => Verdict::Holds,
            _ => Verdict::Fails,
        },
        _ => Verdict::Open,
    }
}

/// Query less value of each layer, among so many directions.
struct Flipped {
    words: &'static str,
    differences: Vec<f64>,
    p: Option<f64>,
}

impl Flipped {
    fn of(rows: &[&EvidenceRow], words: &'static str) -> Self {
        let start = format!("shared directions {words} =");
        let here: Vec<&EvidenceRow> = rows
            .iter()
            .copied()
            .filter(|row| row.statistic.starts_with(&start))
            .collect();
        let blocks = together(here, |row| block_of(&row.module));
        let difference = |(_, here): &(&str, Vec<&EvidenceRow>)| {
            let of = |wanted| {
                let is = |row: &&&EvidenceRow| Projection::of(&row.projection) == Some(wanted);
                beyond(here.iter().filter(is).copied())
            };
            let ((query, one), (value, other)) = (of(Projection::Query)?, of(Projection::Value)?);
            let sd = (one + other).sqrt();
            (sd > 0.0).then(|| (query - value) / sd)
        };
        let differences: Vec<f64> = blocks.iter().filter_map(difference).collect();
        Flipped {
            p: sign_flip(&differences, &format!("findings/{}", QUERY_VALUE.name)),
            differences,
            words,
        }
    }

    /// Which side is ahead, where flipped signs say so.
    fn sign(&self) -> Option<Ordering> {
        let sum: f64 = self.differences.iter().sum();
        let is_told = self.p.is_some_and(|p| p <= LEVEL);
        is_told.then(|| sum.total_cmp(&0.0))
    }

    fn ahead(&self) -> usize {
        self.differences.iter().filter(|x| **x > 0.0).count()
    }

    fn words(&self) -> String {
        match self.p {
            Some(p) => format!(
                "{} {}, p {}",
                self.words,
                shown(mean(&self.differences)),
                equals(p)
            ),
            None => format!("{} not told", self.words),
        }
    }
}

/// The mean of value less chance of a layer's modules, and its variance by chance.
fn beyond<'a>(rows: impl Iterator<Item = &'a EvidenceRow>) -> Option<(f64, f64)> {
    let parts = rows.map(|row| Some((row.value? - row.chance?, row.sd?.powi(2))));
    let parts: Vec<(f64, f64)> = parts.collect::<Option<_>>()?;
    let count = parts.len() as f64;
    let sum = |part: fn(&(f64, f64)) -> f64| parts.iter().map(part).sum::<f64>();
    (!parts.is_empty()).then(|| {
        (
            sum(|(value, _)| *value) / count,
            sum(|(_, variance)| *variance) / count.powi(2),
        )
    })
}

/// The excess over chance is the same under B as under A, to a margin.
pub(super) fn both_factors(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let pairs = partners(rows, |row| row.basis == "b", |row| row.basis == "a");
    pairs.first()?;
    let differences = differences(&pairs, |b, a| Some(excess(b)? - excess(a)?));
    if differences.is_empty() {
        return None;
    }
    let mean_excess = |side: usize| {
        let rows = pairs.iter().map(|&(b, a)| [b, a][side]);
        mean(&rows.filter_map(excess).collect::<Vec<_>>())
    };
    let [of_b, of_a] = [mean_excess(0), mean_excess(1)];
    // What is next to nothing on both sides agrees, and tells no story.
    let is_empty = [of_a, of_b]
        .iter()
        .all(|mean| mean.is_none_or(|mean| mean.abs() < EXCESS));
    let blocks = count(differences.len(), "layer");
    let interval = mean_interval(&differences, CONFIDENCE);
    let spread = match interval {
        Some((low, high)) => format!(
            "90 % interval {} to {}",
            signed(Some(low)),
            signed(Some(high))
        ),
        None => "no interval of 1 layer".into(),
    };
    let phi = common(rows.iter().map(|row| row.statistic.as_str()));
    let judged = Judged {
        verdict: match interval {
            _ if is_empty => Verdict::Open,
            Some((low, high)) if -SAME < low && high < SAME => Verdict::Holds,
            Some((low, high)) if low > SAME || high < -SAME => Verdict::Fails,
            _ => Verdict::Open,
        },
        statistic: format!("excess of {phi} over chance, B less A"),
        test: format!("90 % interval of the mean over {blocks} within ±{SAME}"),
        count: differences.len(),
        holding: differences.iter().filter(|x| x.abs() < SAME).count(),
        median: median(&differences),
        chance: Some(0.0),
        p: None,
        least_p: None,
        margin: Some(SAME),
    };
    let counts = if is_empty {
        "neither shares enough to be compared".into()
    } else {
        format!("within the margin in {} of {blocks}", judged.holding)
    };
    let numbers = format!(
        "mean excess of {phi} over chance {} of A and {} of B, mean difference {}, {spread}, margin {SAME}",
        signed(of_a),
        signed(of_b),
        signed(mean(&differences))
    );
    Some(judged.said(&B_AS_A, rows, &[], (&counts, &numbers)))
}

type Two<'a> = (&'a EvidenceRow, &'a EvidenceRow);

/// Rows of one kind with the same module's of another kind.
fn partners<'a>(
    rows: &[&'a EvidenceRow],
    one: impl Fn(&EvidenceRow) -> bool,
    other: impl Fn(&EvidenceRow) -> bool,
) -> Vec<Two<'a>> {
    let others = rows.iter().copied().filter(|row| other(row));
    let others = together(others, |row| &row.module).into_iter();
    let others: HashMap<&String, Vec<&EvidenceRow>> = others.collect();
    let partner = |row: &&'a EvidenceRow| Some((*row, others.get(&row.module)?[0]));
    let ones = rows.iter().filter(|row| one(row));
    ones.filter_map(partner).collect()
}

/// The mean of each block's differences.
fn differences(pairs: &[Two], of: impl Fn(&EvidenceRow, &EvidenceRow) -> Option<f64>) -> Vec<f64> {
    let mut values = Vec::new();
    for (one, other) in pairs {
        values.extend(of(one, other).map(|value| (block_of(&one.module), value)));
    }
    block_means(values)
        .into_iter()
        .map(|(_, mean)| mean)
        .collect()
}

/// The mean of each block's values, in the order of their first.
fn block_means(values: Vec<(&str, f64)>) -> Vec<(&str, f64)> {
    let blocks = together(values, |(block, _)| *block).into_iter();
    let mean_of = |(block, values): (_, Vec<(&str, f64)>)| {
        let values: Vec<f64> = values.into_iter().map(|(_, value)| value).collect();
        Some((block, mean(&values)?))
    };
    blocks.filter_map(mean_of).collect()
}
