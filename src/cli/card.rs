//! `inspect --card`: an adapter in Markdown, for its page on a hub.

use std::fmt::Display;

use crate::adapter::{Adapter, projection_of};
use crate::error::CoreError;
use crate::table::together;

use super::program::TOOL;
use super::row::{Row, shapes};
use super::said::shown;

const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// What stands where nothing is known.
const UNKNOWN: &str = "–";

/// The card of an adapter.
///
/// # Errors
///
/// [`CoreError::Io`] and [`CoreError::Changed`] when its files cannot be read again for their digests.
pub(super) fn text(adapter: &Adapter, rows: &[Row]) -> Result<String, CoreError> {
    let base = adapter.base_name.as_deref();
    let of_adapter = [
        ("layout", shown(adapter.layout)),
        ("base", base.map_or("not named".into(), code)),
        ("modules", shapes(rows)),
        ("scale", shown(&adapter.scale_rule)),
    ];
    let mut text = String::from("## What this adapter changes\n\n| | |\n|---|---|\n");
    for (name, value) in of_adapter {
        text += &format!("| {name} | {} |\n", cell(&value));
    }
    text += "\n| module | number | rank | ‖ΔW‖_F | directions with 90 % of ‖ΔW‖²_F |\n";
    text += "|---|--:|--:|--:|--:|\n";
    for (projection, rows) in together(rows, |row| projection_of(&row.module.path)) {
        text += &format!(
            "| {} | {} | {} | {} | {} |\n",
            cell(code(projection)),
            rows.len(),
            range(rows.iter().map(|row| row.module.rank), |rank| rank
                .to_string()),
            range(rows.iter().map(|row| row.delta_norm), |norm| format!(
                "{norm:.3}"
            )),
            range(rows.iter().map(|row| row.energy_90), |count| count
                .to_string()),
        );
    }
    text += "\nΔW is what training added to a weight W. ‖ΔW‖_F is its size, the Frobenius norm. The last \
             column counts the leading singular directions of ΔW that hold 90 % of ‖ΔW‖²_F. Ranges are \
             over modules.\n\n";
    let mut files = Vec::new();
    for file in adapter.files() {
        let name = file.path().file_name().unwrap_or_default();
        files.push(format!(
            "{}, SHA-256 `{}`",
            code(name.to_string_lossy()),
            file.sha256()?
        ));
    }
    let version = env!("CARGO_PKG_VERSION");
    text += &format!(
        "Made by [`{TOOL} inspect --card`]({HOME}), version {version}, from {}.\n",
        files.join("; ")
    );
    Ok(text)
}

/// The smallest and the largest of what is known of some modules, one number where they are one.
fn range<T: PartialOrd + Copy>(
    values: impl Iterator<Item = Option<T>>,
    word: impl Fn(T) -> String,
) -> String {
    let known: Vec<T> = values.flatten().collect();
    let smaller = |one: T, other: T| if other < one { other } else { one };
    let larger = |one: T, other: T| if other > one { other } else { one };
    let ends = |pick: fn(T, T) -> T| known.iter().copied().reduce(pick).map(&word);
    match (ends(smaller), ends(larger)) {
        (Some(least), Some(most)) if least == most => least,
        (Some(least), Some(most)) => format!("{least} to {most}"),
        _ => UNKNOWN.into(),
    }
}

/// A name of somebody's as code.
fn code(name: impl AsRef<str>) -> String {
    format!("`{}`", shown(name.as_ref()).replace('`', "'"))
}

/// A text as a cell of a table.
fn cell(text: impl Display) -> String {
    text.to_string().replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_where_all_are_one() {
        let word = |number: usize| number.to_string();
        assert_eq!(range([Some(3), None, Some(3)].into_iter(), word), "3");
        assert_eq!(range([Some(3), Some(1)].into_iter(), word), "1 to 3");
        assert_eq!(range([None::<usize>].into_iter(), word), UNKNOWN);
    }

    #[test]
    fn names_cannot_leave_their_cell() {
        assert_eq!(cell(code("a|b`c\n")), "`a\\|b'c\\n`");
    }
}
