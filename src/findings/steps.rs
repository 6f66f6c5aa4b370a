//! `locks-early`: whether a run has its last directions by a fifth of its steps.

use crate::measure::Basis;
use crate::measure::trajectory::{LOCKED, excess, locks};
use crate::results::ModuleName;
use crate::table::{EvidenceRow, FindingRow, TrajectoryRow};

use super::claims::{EARLY, LOCKS_EARLY};
use super::judged::{Judged, median_of};
use super::majority::{by_most, in_how_many};
use super::row::blank;
use super::words::{count, shown};

/// Random directions are near the last ones at the last checkpoint alone.
const AT_THE_END: f64 = 1.0;
/// Nine digits in a table leave so much of a quotient open.
const ROUNDING: f64 = 1e-6;
/// What is said of a run whose step numbers are not known.
const UNKNOWN: &str = "t/T, steps not known";

/// One row a run of one module's rows of `trajectory.csv`; of a run whose step numbers are not known
/// without a value.
pub(super) fn evidence(rows: &[TrajectoryRow], unknown: &[String]) -> Vec<EvidenceRow> {
    let runs = rows.chunk_by(|one, next| one.adapter == next.adapter);
    let of_run = |rows: &[TrajectoryRow]| {
        let first = rows.first()?;
        let is_known = !unknown.contains(&first.adapter);
        let lock = locks(&excesses(rows)).filter(|_| is_known);
        let module = ModuleName::new(&first.module, &first.component);
        let statistic = if is_known { "t/T" } else { UNKNOWN };
        Some(EvidenceRow {
            first: first.adapter.clone(),
            value: lock.map(|lock| lock.at),
            chance: Some(AT_THE_END),
            bound: lock.map(|lock| lock.at - lock.after),
            ..blank(&LOCKS_EARLY, &module, statistic.into())
        })
    };
    runs.filter_map(of_run).collect()
}

/// Each checkpoint's step and its excess over chance on ΔW's two sides.
fn excesses(rows: &[TrajectoryRow]) -> Vec<(u64, [Option<f64>; 2])> {
    let steps = rows.chunk_by(|one, next| one.step == next.step);
    let of_step = |rows: &[TrajectoryRow]| {
        let of = |basis: Basis| {
            let row = rows.iter().find(|row| row.basis == basis.name())?;
            excess(row.similarity_to_last?, row.chance)
        };
        (rows[0].step, [Basis::DeltaRight, Basis::DeltaLeft].map(of))
    };
    steps.map(of_step).collect()
}

/// `Some(true)`: the first checkpoint that has the last directions comes by a fifth of the steps;
/// `Some(false)`: one from there on has them not. Between two checkpoints nothing is known.
fn stance(row: &EvidenceRow) -> Option<bool> {
    let at = row.value?;
    let after = at - row.bound.unwrap_or(0.0);
    if at <= EARLY + ROUNDING {
        Some(true)
    } else {
        (after >= EARLY - ROUNDING).then_some(false)
    }
}

/// The verdict; `rows` may have no value.
pub(super) fn locks_early(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let first = rows.first()?;
    let known = rows.iter().find(|row| row.statistic != UNKNOWN);
    let stances: Vec<Option<bool>> = rows.iter().map(|row| stance(row)).collect();
    let (verdict, pro, _) = by_most(&stances);
    let mut runs: Vec<&str> = rows.iter().map(|row| row.first.as_str()).collect();
    runs.sort_unstable();
    runs.dedup();
    let of = match runs.as_slice() {
        [one] => one.to_string(),
        several => format!("the {} runs", several.len()),
    };
    let median = median_of(rows, |row| row.value);
    let test = format!("first t/T with an excess of {LOCKED} or more on both sides");
    let unknown = rows.iter().filter(|row| row.statistic == UNKNOWN).count();
    let mut counts = in_how_many(
        &[format!("by {EARLY} of the steps"), "later".to_string()],
        &stances,
    );
    if unknown > 0 {
        let of = count(unknown, "module");
        counts += &format!("; in {of} the step numbers are not known");
    }
    let numbers = format!(
        "median of the {test}: {}, random directions at {AT_THE_END}; margin {EARLY}",
        shown(median)
    );
    let judged = Judged {
        verdict,
        statistic: known.unwrap_or(first).statistic.clone(),
        count: rows.len(),
        holding: pro,
        median,
        chance: Some(AT_THE_END),
        margin: Some(EARLY),
        ..Judged::open(&test)
    };
    Some(judged.said(&LOCKS_EARLY, rows, &[("{of}", &of)], (&counts, &numbers)))
}
