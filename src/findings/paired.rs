//! Claims about differences: two modules, two ranks or two factors, a difference a layer.
//!
//! What is in one layer of the model is trained on the same input and by the
//! same gradient, hence counted once: the mean of its differences.

use std::cmp::Ordering;

use crate::adapter::block_of;
use crate::measure::significance::{mean_interval, median, sign_flip};
use crate::paper::Projection;
use crate::table::{EvidenceRow, FindingRow};

use super::claims::{B_AS_A, CONFIDENCE, Claim, EXCESS, FACTOR, LEVEL, QUERY_VALUE, SAME};
use super::judged::{Judged, Verdict, excess, mean, median_of};
use super::words::{common, count, equals, of_basis, shown, signed};

/// Fewer differences cannot reach [`LEVEL`] by flipping signs: 2/2⁵ exceeds it.
const FEWEST: usize = 6;

/// Query shares more than value.
pub(super) fn query_and_value(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let of = |wanted| {
        let is = move |row: &&&EvidenceRow| Projection::of(&row.projection) == Some(wanted);
        rows.iter().filter(is).copied()
    };
    let (query, value) = (of(Projection::Query).next()?, of(Projection::Value).next()?);
    let by_layer = |wanted| {
        let values = of(wanted).filter_map(|row| Some((block_of(&row.module), excess(row)?)));
        block_means(values.collect())
    };
    let of_value = by_layer(Projection::Value);
    let difference = |(block, query): (&str, f64)| {
        let (_, value) = of_value.iter().find(|(other, _)| *other == block)?;
        Some(query - value)
    };
    let differences: Vec<f64> = by_layer(Projection::Query)
        .into_iter()
        .filter_map(difference)
        .collect();
    let phi = common(rows.iter().map(|row| row.statistic.as_str()));
    let (q, v) = (query.projection.as_str(), value.projection.as_str());
    let statistic = format!("excess of {phi} over chance, {q} less {v}");
    let judged = flipped(&QUERY_VALUE, &differences, statistic)?;
    let counts = format!(
        "{q} is ahead in {} of {}",
        judged.holding,
        count(judged.count, "layer")
    );
    let numbers = format!(
        "median difference of the excess of {phi}{} over chance {}; {}",
        of_basis(&query.basis),
        signed(judged.median),
        judged.test
    );
    let names = [
        ("{one}", query.first.as_str()),
        ("{other}", query.second.as_str()),
        ("{query}", q),
        ("{value}", v),
    ];
    Some(judged.said(&QUERY_VALUE, &names, (&counts, &numbers)))
}

/// The factor over that of a random update falls from the smaller to the larger rank.
pub(super) fn factor(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let one = rows.first()?.first.as_str();
    let other = rows.iter().find(|row| row.first != one)?.first.as_str();
    let pairs = partners(rows, |row| row.first == one, |row| row.first == other);
    let over_chance = |row: &EvidenceRow| {
        let ratio = (row.value? / row.chance?).ln();
        ratio.is_finite().then_some(ratio)
    };
    let falls = differences(&pairs, |low, high| {
        Some(over_chance(low)? - over_chance(high)?)
    });
    let statistic = format!("log of factor over chance, {one} less {other}");
    let judged = flipped(&FACTOR, &falls, statistic)?;
    let counts = format!(
        "the factor falls in {} of {}, relative to random updates in {} of {}",
        pairs
            .iter()
            .filter(|(low, high)| low.value > high.value)
            .count(),
        count(pairs.len(), "module"),
        judged.holding,
        count(judged.count, "layer")
    );
    let of = |side: usize| {
        let rows = pairs.iter().map(|&(low, high)| [low, high][side]);
        let rows: Vec<&EvidenceRow> = rows.collect();
        [
            shown(median_of(&rows, |row| row.value)),
            shown(median_of(&rows, |row| row.chance)),
        ]
    };
    let ([low, low_chance], [high, high_chance]) = (of(0), of(1));
    let numbers = format!(
        "median factors {low} and {high}, of random updates {low_chance} and {high_chance}; {}",
        judged.test
    );
    let names = [("{one}", one), ("{other}", other)];
    Some(judged.said(&FACTOR, &names, (&counts, &numbers)))
}

/// The excess over chance is the same under B as under A, to a margin.
pub(super) fn both_factors(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let pairs = partners(rows, |row| row.basis == "b", |row| row.basis == "a");
    let (first, _) = pairs.first()?;
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
    let names = [("{one}", first.first.as_str()), ("{other}", &first.second)];
    Some(judged.said(&B_AS_A, &names, (&counts, &numbers)))
}

/// The test of differences being 0 on average; `None` without any.
fn flipped(claim: &Claim, differences: &[f64], statistic: String) -> Option<Judged> {
    let p = sign_flip(differences, &format!("findings/{}", claim.name))?;
    let sum: f64 = differences.iter().sum();
    let n = differences.len();
    let few = if n < FEWEST { ", too few to tell" } else { "" };
    let least = if (FEWEST..=16).contains(&n) && p == 2.0 / (1u32 << n) as f64 {
        ", the smallest that they allow"
    } else {
        ""
    };
    Some(Judged {
        verdict: match (p <= LEVEL, sum.total_cmp(&0.0)) {
            (true, Ordering::Greater) => Verdict::Holds,
            (true, Ordering::Less) => Verdict::Fails,
            _ => Verdict::Open,
        },
        statistic,
        test: format!(
            "sign flips over {}{few}, p {}{least}",
            count(n, "layer"),
            equals(p)
        ),
        count: differences.len(),
        holding: differences.iter().filter(|x| **x > 0.0).count(),
        median: median(differences),
        chance: Some(0.0),
        p: Some(p),
        margin: None,
    })
}

type Two<'a> = (&'a EvidenceRow, &'a EvidenceRow);

/// Rows of one kind with the same module's of another kind.
fn partners<'a>(
    rows: &[&'a EvidenceRow],
    one: impl Fn(&EvidenceRow) -> bool,
    other: impl Fn(&EvidenceRow) -> bool,
) -> Vec<Two<'a>> {
    let others: Vec<&EvidenceRow> = rows.iter().copied().filter(|row| other(row)).collect();
    let partner = |row: &&'a EvidenceRow| {
        let partner = others.iter().find(|other| other.module == row.module);
        partner.map(|partner| (*row, *partner))
    };
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
    let mut blocks: Vec<(&str, Vec<f64>)> = Vec::new();
    for (block, value) in values {
        match blocks.iter_mut().find(|(name, _)| *name == block) {
            Some((_, values)) => values.push(value),
            None => blocks.push((block, vec![value])),
        }
    }
    let means = blocks.into_iter();
    means
        .filter_map(|(block, values)| Some((block, mean(&values)?)))
        .collect()
}
