//! Claims that each module speaks for or against; more than half of the modules decide.

use crate::table::{EvidenceRow, FindingRow};

use super::claims::{CORRELATES, Claim, EXCESS, LEVEL, NEW_DIRECTIONS, REPEATS};
use super::judged::{Judged, Verdict, excess, median_of};
use super::words::{common, count, equals, of_basis, shown};

/// Two adapters share directions: beyond chance, and by a tenth or more of what chance leaves.
pub(super) fn shared(claim: &Claim, rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let law = if rows.iter().all(|row| row.statistic.starts_with("φ(1,")) {
        "exact Beta law"
    } else {
        "against random subspaces"
    };
    let test = format!(
        "{law}, Holm over {} at {LEVEL}",
        count(rows.len(), "module")
    );
    let words = [
        format!("significant with an excess of {EXCESS} or more"),
        format!("an excess below {EXCESS}"),
    ];
    let stance = |row: &EvidenceRow| beyond_chance(row, excess(row));
    majority(claim, rows, stance, (words, test, EXCESS))
}

/// ‖UᵀWV‖ of ΔW's directions: beyond chance, and by a tenth of chance or more.
pub(super) fn correlates(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let least = 1.0 + EXCESS;
    let test = format!(
        "rank among random frames, Holm over {} at {LEVEL}, {least} times chance or more",
        count(rows.len(), "module"),
    );
    let stance = |row: &EvidenceRow| {
        let chance = row.chance.filter(|chance| *chance > 0.0)?;
        beyond_chance(row, Some(row.value? / chance - 1.0))
    };
    let words = [
        format!("significant and at least {least} times chance"),
        format!("below {least} times chance"),
    ];
    majority(&CORRELATES, rows, stance, (words, test, EXCESS))
}

/// ‖UᵀWV‖ of ΔW's directions is less than a quarter of what W's own reach.
pub(super) fn new_directions(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let stance = |row: &EvidenceRow| {
        let (value, chance) = (row.value?, row.chance?);
        // A quarter beside what chance gives: of energies, as those of orthogonal parts add up.
        let repeats = chance.powi(2) + REPEATS.powi(2) * (1.0 - chance.powi(2)).max(0.0);
        match value {
            _ if chance >= REPEATS => None,
            value if value < REPEATS => Some(true),
            value => (value.powi(2) >= repeats).then_some(false),
        }
    };
    let test = format!("margin {REPEATS}, which random updates of this rank meet too");
    let words = [
        "below the margin".to_string(),
        "above it, chance allowed for".to_string(),
    ];
    majority(&NEW_DIRECTIONS, rows, stance, (words, test, REPEATS))
}

/// `Some(true)` speaks for a claim, `Some(false)` against it: large and significant, or not large.
fn beyond_chance(row: &EvidenceRow, excess: Option<f64>) -> Option<bool> {
    match (excess? >= EXCESS, row.p_adjusted) {
        (false, _) => Some(false),
        (true, Some(p)) if p <= LEVEL => Some(true),
        _ => None,
    }
}

/// A finding by what most modules say; `words` are for those that speak for it and against it.
fn majority(
    claim: &Claim,
    rows: &[&EvidenceRow],
    stance: impl Fn(&EvidenceRow) -> Option<bool>,
    (words, test, margin): ([String; 2], String, f64),
) -> Option<FindingRow> {
    let first = rows.first()?;
    let speak = |wanted| {
        let speaks = rows.iter().filter(|row| stance(row) == Some(wanted));
        speaks.count()
    };
    let (pro, contra, all) = (speak(true), speak(false), rows.len());
    let [for_it, against] = words;
    let mut counts = format!(
        "{for_it} in {pro} of {}, {against} in {contra}",
        count(all, "module")
    );
    if pro + contra < all {
        counts += &format!(", neither in {}", all - pro - contra);
    }
    let statistic = common(rows.iter().map(|row| row.statistic.as_str()));
    let (median, chance) = (
        median_of(rows, |row| row.value),
        median_of(rows, |row| row.chance),
    );
    let p = most(rows);
    let numbers = format!(
        "median {statistic}{}: {}, chance {}; {test}{}",
        of_basis(&first.basis),
        shown(median),
        shown(chance),
        p.map_or(String::new(), |p| format!(
            "; p {} for more than half of the modules",
            equals(p)
        ))
    );
    let judged = Judged {
        verdict: match (2 * pro > all, 2 * contra > all) {
            (true, _) => Verdict::Holds,
            (_, true) => Verdict::Fails,
            _ => Verdict::Open,
        },
        statistic,
        test,
        count: all,
        holding: pro,
        median,
        chance,
        p,
        margin: Some(margin),
    };
    let names = [("{one}", first.first.as_str()), ("{other}", &first.second)];
    Some(judged.said(claim, &names, (&counts, &numbers)))
}

/// p of the null that at most half of the modules are beyond chance: the adjusted p that just more
/// than half of them reach (Holm's, which is a partial conjunction's of Benjamini & Heller 2008 and
/// valid however the modules depend on each other).
fn most(rows: &[&EvidenceRow]) -> Option<f64> {
    let mut adjusted: Vec<f64> = rows.iter().filter_map(|row| row.p_adjusted).collect();
    adjusted.sort_by(f64::total_cmp);
    if adjusted.is_empty() {
        None
    } else {
        // A module without a p is not beyond chance.
        Some(adjusted.get(rows.len() / 2).copied().unwrap_or(1.0))
    }
}
