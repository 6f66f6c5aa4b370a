//! Claims that each module speaks for or against; more than half of the modules decide.

use crate::table::{EvidenceRow, FindingRow};

use super::claims::{Claim, EXCESS, LEVEL, RANKS_OTHERS, draws_for};
use super::judged::{Judged, Verdict, excess, median_of};
use super::words::{common, count, equals, of_basis, shown};

/// Runs share directions: beyond chance, and by a tenth or more of what chance leaves.
pub(super) fn shared(claim: &Claim, rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let words = [
        format!("significant with an excess of {EXCESS} or more"),
        format!("an excess below {EXCESS}"),
    ];
    let stances = rows.iter().map(|row| beyond_chance(row));
    majority(claim, rows, stances.collect(), words)
}

/// The directions after the first are not shared: their excess is small.
pub(super) fn others(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let words = [
        format!("an excess below {EXCESS}"),
        format!("significant with an excess of {EXCESS} or more"),
    ];
    let stances = rows.iter().map(|row| Some(!beyond_chance(row)?));
    majority(&RANKS_OTHERS, rows, stances.collect(), words)
}

/// `Some(true)`: large and significant; `Some(false)`: not large.
fn beyond_chance(row: &EvidenceRow) -> Option<bool> {
    match (excess(row)? >= EXCESS, row.p_adjusted) {
        (false, _) => Some(false),
        (true, Some(p)) if p <= LEVEL => Some(true),
        _ => None,
    }
}

/// What most modules say: `Some(true)` speaks for a claim, `Some(false)` against it.
pub(super) fn by_most(stances: &[Option<bool>]) -> (Verdict, usize, usize) {
    let speak = |wanted| {
        stances
            .iter()
            .filter(|stance| **stance == Some(wanted))
            .count()
    };
    let (pro, contra, all) = (speak(true), speak(false), stances.len());
    let verdict = match (2 * pro > all, 2 * contra > all) {
        (true, _) => Verdict::Holds,
        (_, true) => Verdict::Fails,
        _ => Verdict::Open,
    };
    (verdict, pro, contra)
}

/// `… in 9 of 12 modules, … in 2, neither in 1`
pub(super) fn in_how_many(words: &[String; 2], stances: &[Option<bool>]) -> String {
    let (_, pro, contra) = by_most(stances);
    let [for_it, against] = words;
    let all = stances.len();
    let mut counts = format!(
        "{for_it} in {pro} of {}, {against} in {contra}",
        count(all, "module")
    );
    if pro + contra < all {
        counts += &format!(", neither in {}", all - pro - contra);
    }
    counts
}

/// A finding by what most modules say; `words` are for those that speak for it and against it.
fn majority(
    claim: &Claim,
    rows: &[&EvidenceRow],
    stances: Vec<Option<bool>>,
    words: [String; 2],
) -> Option<FindingRow> {
    let first = rows.first()?;
    // One direction of one pair has an exact law; so has the second of two.
    let is_exact = |row: &&EvidenceRow| {
        let mut starts = ["φ(1,", "φ(2…2,"].iter();
        row.pairs == Some(1) && starts.any(|start| row.statistic.starts_with(start))
    };
    // By Holm's correction the smallest p counts as often as there are modules.
    let of_draws = rows.len() as f64 / (1 + draws_for(rows.len())) as f64;
    let (law, least_p) = if rows.iter().all(is_exact) {
        ("exact Beta law", None)
    } else if rows.iter().any(is_exact) {
        ("exact Beta law or against random subspaces", None)
    } else {
        ("against random subspaces", Some(of_draws))
    };
    let test = format!(
        "{law}, Holm over {} at {LEVEL}",
        count(rows.len(), "module")
    );
    let (verdict, pro, _) = by_most(&stances);
    let statistic = common(rows.iter().map(|row| row.statistic.as_str()));
    let (median, chance) = (
        median_of(rows, |row| row.value),
        median_of(rows, |row| row.chance),
    );
    let p = most(rows);
    let pairs = match rows.iter().filter_map(|row| row.pairs).max() {
        Some(pairs) if pairs > 1 => format!(", mean of {pairs} pairs"),
        _ => String::new(),
    };
    let numbers = format!(
        "median {statistic}{}{pairs}: {}, chance {}; {test}{}",
        of_basis(&first.basis),
        shown(median),
        shown(chance),
        p.map_or(String::new(), |p| format!(
            "; more than half of the modules lie above chance with p {}",
            equals(p)
        ))
    );
    let judged = Judged {
        verdict,
        statistic,
        test,
        count: rows.len(),
        holding: pro,
        median,
        chance,
        p,
        least_p,
        margin: Some(EXCESS),
    };
    let counts = in_how_many(&words, &stances);
    Some(judged.said(claim, rows, &[], (&counts, &numbers)))
}

/// p of the null that at most half of the modules are beyond chance: the adjusted p that just more
/// than half of them reach (Holm's, which is a partial conjunction's of Benjamini & Heller 2008 and
/// valid however the modules depend on each other).
pub(super) fn most(rows: &[&EvidenceRow]) -> Option<f64> {
    let mut adjusted: Vec<f64> = rows.iter().filter_map(|row| row.p_adjusted).collect();
    adjusted.sort_by(f64::total_cmp);
    if adjusted.is_empty() {
        None
    } else {
        // A module without a p is not beyond chance.
        Some(adjusted.get(rows.len() / 2).copied().unwrap_or(1.0))
    }
}
