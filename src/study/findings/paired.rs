//! Claims about differences: two modules, two ranks or two factors, a difference a block.
//!
//! A block is a layer of the model. What is in one block is trained on the same input and by the
//! same gradient, hence counted once: the mean of its differences.

use std::cmp::Ordering;

use crate::measure::significance::{mean_interval, median, sign_flip};
use crate::table::{EvidenceRow, FindingRow, letter};

use super::claims::{B_AS_A, CONFIDENCE, Claim, FACTOR, LEVEL, QUERY_VALUE, SAME};
use super::verdict::{Judged, Verdict, excess, mean, median_of};
use super::words::{common, count, digits, equals, of_basis, shown};

/// Fewer differences cannot reach [`LEVEL`] by flipping signs: 2/2⁵ exceeds it.
const FEWEST: usize = 6;

/// Query shares more than value.
pub(super) fn query_and_value(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let of = |wanted| {
        let is = move |row: &&&EvidenceRow| letter(&row.projection) == Some(wanted);
        rows.iter().filter(is).copied()
    };
    let (query, value) = (of("q").next()?, of("v").next()?);
    let by_block = |wanted| {
        let values = of(wanted).filter_map(|row| Some((block_of(row), excess(row)?)));
        block_means(values.collect())
    };
    let of_value = by_block("v");
    let difference = |(block, query): (&str, f64)| {
        let (_, value) = of_value.iter().find(|(other, _)| *other == block)?;
        Some(query - value)
    };
    let differences: Vec<f64> = by_block("q").into_iter().filter_map(difference).collect();
    let phi = common(rows.iter().map(|row| row.statistic.as_str()));
    let (q, v) = (query.projection.as_str(), value.projection.as_str());
    let statistic = format!("excess of {phi} over chance, {q} less {v}");
    let judged = flipped(&QUERY_VALUE, &differences, statistic)?;
    let counts = format!(
        "{q} is ahead in {} of {}",
        judged.holding,
        count(judged.count, "block")
    );
    let numbers = format!(
        "median difference of the excess of {phi}{} over chance {}; {}",
        of_basis(&query.basis),
        shown(judged.median),
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
        "the factor falls in {} of {}, divided by that of a random update in {} of {}",
        pairs
            .iter()
            .filter(|(low, high)| low.value > high.value)
            .count(),
        count(pairs.len(), "module"),
        judged.holding,
        count(judged.count, "block")
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
    let blocks = count(differences.len(), "block");
    let interval = mean_interval(&differences, CONFIDENCE);
    let spread = match interval {
        Some((low, high)) => format!("90 % interval {} to {}", digits(low), digits(high)),
        None => "no interval of 1 block".into(),
    };
    let phi = common(rows.iter().map(|row| row.statistic.as_str()));
    let judged = Judged {
        verdict: match interval {
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
    let counts = format!("within the margin in {} of {blocks}", judged.holding);
    let numbers = format!(
        "mean difference of the excess of {phi} over chance, B less A: {}, {spread}, margin {SAME}",
        shown(mean(&differences))
    );
    let names = [("{one}", first.first.as_str()), ("{other}", &first.second)];
    Some(judged.said(&B_AS_A, &names, (&counts, &numbers)))
}

/// The test of differences being 0 on average; `None` without any.
fn flipped(claim: &Claim, differences: &[f64], statistic: String) -> Option<Judged> {
    let p = sign_flip(differences, &format!("findings/{}", claim.name))?;
    let sum: f64 = differences.iter().sum();
    let few = match differences.len() < FEWEST {
        true => ", too few to tell",
        false => "",
    };
    Some(Judged {
        verdict: match (p <= LEVEL, sum.total_cmp(&0.0)) {
            (true, Ordering::Greater) => Verdict::Holds,
            (true, Ordering::Less) => Verdict::Fails,
            _ => Verdict::Open,
        },
        statistic,
        test: format!(
            "sign flips over {}{few}, p {}",
            count(differences.len(), "block"),
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
        values.extend(of(one, other).map(|value| (block_of(one), value)));
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

/// A module's path up to its block's number; all of it where there is none.
fn block_of(row: &EvidenceRow) -> &str {
    let module = row.module.as_str();
    let mut end = 0;
    for part in module
        .rsplit_once('.')
        .map_or("", |(parents, _)| parents)
        .split('.')
    {
        end += part.len() + 1;
        if part.parse::<usize>().is_ok() {
            return &module[..end - 1];
        }
    }
    module
}
