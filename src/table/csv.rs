//! Rows as CSV: a header line, `\n` line ends, empty for missing.

use std::io::Read;

use ::csv::{Reader, Writer};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// So much of a row's beginning stands in a message.
const BEGINNING: usize = 200;

/// Writes rows, header first. No rows give no header: a table without rows is not written at all.
///
/// # Errors
///
/// [`Error::Table`] for a number that is infinite or NaN, with the row and the column.
pub fn to_csv<Row: Serialize>(name: &str, rows: &[Row]) -> Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    for row in rows {
        let written = writer.serialize(row);
        written.map_err(|error| unwritten(name, row, &error))?;
    }
    writer
        .into_inner()
        .map_err(|error| failed(name, error.to_string()))
}

/// As [`to_csv`], without those of some columns that are empty in every row.
///
/// # Errors
///
/// Those of [`to_csv`].
pub fn to_csv_without<Row: Serialize>(
    name: &str,
    rows: &[Row],
    optional: &[&str],
) -> Result<Vec<u8>> {
    let bytes = to_csv(name, rows)?;
    let failed = |error: ::csv::Error| failed(name, error.to_string());
    let mut reader = Reader::from_reader(bytes.as_slice());
    let header = reader.headers().map_err(failed)?.clone();
    let records = reader.records().collect::<std::result::Result<Vec<_>, _>>();
    let records = records.map_err(failed)?;
    let is_kept = |place: usize| {
        !optional.contains(&&header[place]) || records.iter().any(|one| !one[place].is_empty())
    };
    let kept: Vec<usize> = (0..header.len()).filter(|&place| is_kept(place)).collect();
    if kept.len() == header.len() {
        return Ok(bytes);
    }
    let mut writer = Writer::from_writer(Vec::new());
    for record in std::iter::once(&header).chain(&records) {
        let fields = kept.iter().map(|&place| &record[place]);
        writer.write_record(fields).map_err(failed)?;
    }
    writer
        .into_inner()
        .map_err(|error| self::failed(name, error.to_string()))
}

/// Reads rows back.
///
/// # Errors
///
/// [`Error::Table`] with the line that does not fit.
pub fn from_csv<Row: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<Vec<Row>> {
    Reader::from_reader(bytes)
        .deserialize()
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| failed(name, error.to_string()))
}

/// Reads those rows back that are wanted, one after the other: a file may be far larger than they are.
///
/// # Errors
///
/// [`Error::Table`] with the line that does not fit.
pub fn rows_where<Row: DeserializeOwned>(
    name: &str,
    file: impl Read,
    is_wanted: impl Fn(&Row) -> bool,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for row in Reader::from_reader(file).into_deserialize() {
        let row: Row = row.map_err(|error| failed(name, error.to_string()))?;
        if is_wanted(&row) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Why a row could not be written: it names the table, the row by what it begins with, and the column.
pub fn unwritten<Row: Serialize>(name: &str, row: &Row, error: &::csv::Error) -> Error {
    // The same error, behind the name of its column.
    let mut written = Vec::new();
    let told = serde_json::to_writer(&mut written, row);
    let text = String::from_utf8_lossy(&written);
    let column = text.trim_end_matches("\":").rsplit('"').next();
    let begins: String = text.chars().take(BEGINNING).collect();
    match (told, column) {
        (Err(no_number), Some(column)) => not_a_number(name, &begins, column, no_number),
        _ => failed(name, error.to_string()),
    }
}

/// A number of a table that is none, an infinity or NaN: the table, the row by what it begins with, and
/// the column.
pub fn not_a_number(name: &str, row: &str, column: &str, value: impl std::fmt::Display) -> Error {
    Error::Table {
        what: name.into(),
        problem: format!("{column} of the row {row} is {value}"),
        remedy: "leave the module out, and report this with its weights: no such value should get into a table",
    }
}

pub(super) fn failed(name: &str, problem: String) -> Error {
    Error::Table {
        what: name.into(),
        problem,
        remedy: "make it again with `cargo run --release`; generated tables are not edited by hand",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::RanksRow;

    #[test]
    fn what_is_no_number_is_refused_by_its_table_row_and_column() {
        let row = |sd: f64| crate::table::DrawRow {
            module: "m.0.q".into(),
            component: String::new(),
            adapter: "one".into(),
            rank: 4,
            draw: 7,
            projected_norm: sd,
        };
        for value in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let error = to_csv("draws.csv", &[row(1.0), row(value)]).unwrap_err();
            let text = error.to_string();
            let begins = r#"{"module":"m.0.q","component":"","adapter":"one","rank":4,"draw":7,"#;
            let expected = format!("draws.csv: projected_norm of the row {begins}");
            assert!(text.starts_with(&expected), "{text}");
            assert!(
                text.contains(&format!("is {value}; leave the module out")),
                "{text}"
            );
        }
    }

    #[test]
    fn names_with_line_breaks_and_quotes_read_back_as_they_are() {
        let name = "a\r\nb\"c,d\n".to_string();
        let row = crate::table::DrawRow {
            module: name.clone(),
            component: String::new(),
            adapter: "=1".into(),
            rank: 1,
            draw: 0,
            projected_norm: 0.5,
        };
        let bytes = to_csv("draws.csv", std::slice::from_ref(&row)).unwrap();
        let back: Vec<crate::table::DrawRow> = from_csv("draws.csv", &bytes).unwrap();
        assert_eq!((&back[0].module, &back[0].adapter), (&name, &row.adapter));
    }

    #[test]
    fn missing_is_empty_and_floats_have_nine_digits() {
        let row = RanksRow {
            module: "m.0.q".into(),
            component: String::new(),
            layer: None,
            projection: "q".into(),
            matrix: "base".into(),
            numerical_rank: Some(0),
            stable_rank: None,
            effective_rank: Some(1.0 / 3.0),
            energy_rank_90: None,
            frobenius_norm: 0.0,
            spectral_norm: 2.5e-17,
            rank: None,
            rank_share: None,
            relative_norm: None,
            relative_spectral_norm: None,
            top1_share: None,
            participation: None,
            chance_stable_rank: Some(96.0),
            chance_stable_rank_sd: None,
            chance_effective_rank: None,
            chance_effective_rank_sd: None,
            chance_energy_rank_90: None,
            chance_energy_rank_90_sd: None,
        };
        let bytes = to_csv("ranks.csv", std::slice::from_ref(&row)).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let line = text.lines().nth(1).unwrap();
        assert_eq!(
            line,
            "m.0.q,,,q,base,0,,0.333333333,,0.0,2.5e-17,,,,,,,96.0,,,,,"
        );
        let back: Vec<RanksRow> = from_csv("ranks.csv", &bytes).unwrap();
        assert_eq!(back[0].stable_rank, None);
        assert_eq!(back[0].effective_rank, Some(0.333333333));
    }
}
