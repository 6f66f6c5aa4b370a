//! `new-directions`: whether ΔW is mostly contained in W's top singular directions.

use crate::measure::significance::median;
use crate::table::{EvidenceRow, FindingRow};

use super::against_base::SIDES;
use super::claims::{LEVEL, MOSTLY, NEW_DIRECTIONS, TOO_MANY};
use super::judged::{Judged, median_of};
use super::majority::{by_most, in_how_many};
use super::words::{count, shown};

/// Of each module its three rows: out, in and both.
pub(super) fn new_directions(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let first = rows.first()?;
    let mut modules: Vec<Vec<&EvidenceRow>> = Vec::new();
    for row in rows.iter().filter(|row| row.value.is_some()) {
        match modules
            .iter_mut()
            .find(|sides| sides[0].module == row.module)
        {
            Some(sides) => sides.push(row),
            None => modules.push(vec![row]),
        }
    }
    let statistic = "share of ΔW's energy in W's leading tenth, the largest of out, in and both";
    let test = format!(
        "½ or more at p ≤ {LEVEL} by Cantelli's bound, Holm over {} and three sides; or below ½",
        count(modules.len(), "module")
    );
    if modules.is_empty() {
        let judged = Judged {
            statistic: statistic.into(),
            ..Judged::open(&test)
        };
        let counts = "it takes W's weights, and adapters that are held against them";
        let numbers = "`base` in [compare]; published rows have no directions";
        return Some(judged.said(&NEW_DIRECTIONS, &[first], &[], (counts, numbers)));
    }
    let stances: Vec<Option<bool>> = modules.iter().map(|sides| stance(sides)).collect();
    let (verdict, pro, _) = by_most(&stances);
    let largest = |field: fn(&EvidenceRow) -> Option<f64>| {
        let of =
            |sides: &Vec<&EvidenceRow>| sides.iter().filter_map(|row| field(row)).reduce(f64::max);
        median(&modules.iter().filter_map(of).collect::<Vec<_>>())
    };
    let words = [
        "below ½ on all sides, as random updates are too,".to_string(),
        "½ or more on one".to_string(),
    ];
    let numbers = format!(
        "median shares of ΔW's energy in a tenth of W's directions: {}; {test}",
        SIDES.map(|side| medians(rows, side)).join("; ")
    );
    let judged = Judged {
        verdict,
        count: modules.len(),
        holding: pro,
        median: largest(|row| row.value),
        chance: largest(|row| row.chance),
        margin: Some(MOSTLY),
        statistic: statistic.into(),
        ..Judged::open(&test)
    };
    let counts = in_how_many(&words, &stances);
    Some(judged.said(&NEW_DIRECTIONS, rows, &[], (&counts, &numbers)))
}

/// `out 0.135, chance 0.102`
fn medians(rows: &[&EvidenceRow], side: &str) -> String {
    let is_of = |row: &&EvidenceRow| row.statistic.starts_with(&format!("{side},"));
    let of: Vec<&EvidenceRow> = rows.iter().copied().filter(is_of).collect();
    let value = shown(median_of(&of, |row| row.value));
    let chance = shown(median_of(&of, |row| row.chance));
    format!("{side} {value}, chance {chance}")
}

/// `Some(true)` where no side holds half of ΔW, bounds allowed for, `Some(false)` where one does.
fn stance(sides: &[&EvidenceRow]) -> Option<bool> {
    let is_told = |row: &&&EvidenceRow| {
        let is_few = row.chance.is_some_and(|chance| chance < TOO_MANY);
        is_few && row.bound.is_some()
    };
    if sides.iter().filter(is_told).count() < sides.len() {
        return None;
    }
    let of = |row: &EvidenceRow| Some((row.value?, row.bound?));
    let is_half = |row: &&&EvidenceRow| {
        let is_sure = row.p_adjusted.is_some_and(|p| p <= LEVEL);
        is_sure && of(row).is_some_and(|(value, bound)| value - bound >= MOSTLY)
    };
    let is_less = |row: &&EvidenceRow| of(row).is_some_and(|(value, bound)| value + bound < MOSTLY);
    if sides.iter().any(|row| is_half(&row)) {
        Some(false)
    } else {
        sides.iter().all(is_less).then_some(true)
    }
}
