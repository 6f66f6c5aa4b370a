//! Scores that are shares of so many items, held against that number.

use crate::error::Result;
use crate::table::{RunsRow, higher_is_better, is_share, whole, wholes};

use super::runs_file::RunsFile;

/// Holds every score against its number of items, where it has one.
///
/// # Errors
///
/// With the line, of a metric that is no share of items, and of a value that no number of right
/// answers gives.
pub(in crate::study) fn check(file: &RunsFile) -> Result<()> {
    let wholes = wholes(file.rows.iter().map(|(_, row)| row));
    for (line, row) in &file.rows {
        let Some(items) = row.items else { continue };
        let whole = whole(&wholes, (&row.task, &row.metric));
        if let Some((problem, remedy)) = complaint(row, items, whole) {
            return Err(file.error(*line, &problem, remedy));
        }
    }
    Ok(())
}

/// What is wrong with a score of so many items, and what to do; `whole` is what all items are.
fn complaint(row: &RunsRow, items: u64, whole: f64) -> Option<(String, String)> {
    let (metric, value) = (&row.metric, row.value);
    if !is_share(metric) {
        return Some((
            format!("items is {items}, and {metric} is no share of right answers"),
            "leave items empty: it tells the error only for accuracy, exact match, an error rate \
             and the like"
                .into(),
        ));
    }
    if !(0.0..=whole).contains(&value) {
        return Some((
            format!("value is {value}, and {metric} of {items} items lies between 0 and {whole}"),
            "correct it, or leave items empty".into(),
        ));
    }
    if whole > 1.0 && value > 0.0 && value <= 1.0 {
        return Some((
            format!(
                "value is {value}, and others of {metric} on {} are percent",
                row.task
            ),
            "write all as percent, or all as shares of 1".into(),
        ));
    }
    let right = value / whole * items as f64;
    let nearest = right.round();
    if (right - nearest).abs() <= step(value) / whole * items as f64 {
        return None;
    }
    let share = nearest / items as f64 * whole;
    Some((
        format!("value is {value}, and no number of {items} items gives that"),
        format!(
            "{nearest} of {items} are {share:.6}: correct value or items, or leave items empty"
        ),
    ))
}

/// Half of a value's last digit, and a little for rounding.
fn step(value: f64) -> f64 {
    let text = value.to_string();
    let decimals = text.split_once('.').map_or(0, |(_, digits)| digits.len());
    0.501 * 10f64.powi(-(decimals as i32))
}

/// Whether a score is that of so many right answers; of an error rate it is that of the wrong ones.
pub(in crate::study) fn agrees(row: &RunsRow, right: u64, items: u64, whole: f64) -> bool {
    let share = right as f64 / items as f64;
    let is_error = higher_is_better(&row.metric) == Some(false);
    let share = if is_error { 1.0 - share } else { share };
    (share * whole - row.value).abs() <= step(row.value)
}
