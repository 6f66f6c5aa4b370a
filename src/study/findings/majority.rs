//! Claims that each module speaks for or against; more than half of the modules decide.

use crate::table::{EvidenceRow, FindingRow};

use super::claims::{CORRELATES, Claim, EXCESS, LEVEL, NEW_DIRECTIONS, REPEATS};
use super::verdict::{Judged, Verdict, excess, median_of};
use super::words::{common, count, of_basis, shown};

/// Two adapters share directions: beyond chance, and by a tenth or more of what chance leaves.
pub(super) fn shared(claim: &Claim, rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let law = match rows.iter().all(|row| row.statistic.starts_with("φ(1,")) {
        true => "exact Beta law",
        false => "against random subspaces",
    };
    let test = format!(
        "{law}, Holm over {} at {LEVEL}, excess over chance {EXCESS} or more",
        count(rows.len(), "module")
    );
    majority(
        claim,
        rows,
        |row| beyond_chance(row, excess(row)),
        test,
        EXCESS,
    )
}

/// ‖UᵀWV‖ of ΔW's directions: beyond chance, and by a tenth of chance or more.
pub(super) fn correlates(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let test = format!(
        "permutations of random directions, Holm over {} at {LEVEL}, {} times chance or more",
        count(rows.len(), "module"),
        1.0 + EXCESS
    );
    let stance = |row: &EvidenceRow| {
        let chance = row.chance.filter(|chance| *chance > 0.0)?;
        beyond_chance(row, Some(row.value? / chance - 1.0))
    };
    majority(&CORRELATES, rows, stance, test, EXCESS)
}

/// ‖UᵀWV‖ of ΔW's directions is less than a quarter of what W's own reach.
pub(super) fn new_directions(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let stance = |row: &EvidenceRow| {
        // Where random directions reach the margin, a value above it says nothing of learning.
        let is_telling = row.chance? < REPEATS;
        is_telling.then_some(row.value? < REPEATS)
    };
    let test = format!("margin {REPEATS}");
    majority(&NEW_DIRECTIONS, rows, stance, test, REPEATS)
}

/// `Some(true)` speaks for a claim, `Some(false)` against it: large and significant, or not large.
fn beyond_chance(row: &EvidenceRow, excess: Option<f64>) -> Option<bool> {
    match (excess? >= EXCESS, row.p_adjusted) {
        (false, _) => Some(false),
        (true, Some(p)) if p <= LEVEL => Some(true),
        _ => None,
    }
}

fn majority(
    claim: &Claim,
    rows: &[&EvidenceRow],
    stance: impl Fn(&EvidenceRow) -> Option<bool>,
    test: String,
    margin: f64,
) -> Option<FindingRow> {
    let first = rows.first()?;
    let speak = |wanted| {
        rows.iter()
            .filter(|row| stance(row) == Some(wanted))
            .count()
    };
    let (pro, contra, all) = (speak(true), speak(false), rows.len());
    let modules = count(all, "module");
    let counts = match claim.name == NEW_DIRECTIONS.name {
        true => format!("below the margin in {pro} of {modules}, not below it in {contra}"),
        false => {
            format!("beyond chance in {pro} of {modules}, less than a tenth above it in {contra}")
        }
    };
    let statistic = common(rows.iter().map(|row| row.statistic.as_str()));
    let (median, chance) = (
        median_of(rows, |row| row.value),
        median_of(rows, |row| row.chance),
    );
    let numbers = format!(
        "median {statistic}{}: {}, chance {}; {test}",
        of_basis(&first.basis),
        shown(median),
        shown(chance)
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
        p: median_of(rows, |row| row.p_adjusted),
        margin: Some(margin),
    };
    let names = [("{one}", first.first.as_str()), ("{other}", &first.second)];
    Some(judged.said(claim, &names, (&counts, &numbers)))
}
