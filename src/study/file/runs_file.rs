//! `runs.csv`, which people write: every field checked, every mistake with its line.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use csv::StringRecord;

use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::table::{RunsRow, weight_types};

use super::bounds::repeated;
use super::header;
use super::table_file::{TableFile, unreadable};

/// The columns, in [`RunsRow`]'s order.
const COLUMNS: [&str; 9] = [
    "adapter",
    "weight_types",
    "rank",
    "alpha",
    "seed",
    "task",
    "metric",
    "value",
    "trainable_parameters",
];

/// No score is as large; sums of squares of larger ones would leave the range of numbers.
const MOST_SCORE: f64 = 1e15;

/// A column that may be missing.
const ITEMS: &str = "items";

/// Rows with the lines that they stand on.
#[derive(Debug, Clone, Default)]
pub(in crate::study) struct RunsFile {
    path: PathBuf,
    pub(in crate::study) rows: Vec<(u64, RunsRow)>,
}

impl RunsFile {
    /// Reads a file; also gives what identifies its bytes.
    ///
    /// # Errors
    ///
    /// [`CoreError::NotFound`](crate::CoreError::NotFound) or
    /// [`CoreError::Io`](crate::CoreError::Io), or [`CoreError::Config`](crate::CoreError::Config)
    /// with the line that is wrong.
    pub(in crate::study) fn read(path: &Path) -> Result<(Self, InputFile)> {
        let table = TableFile::named(path)?;
        let file = Self::parse(path, table.bytes())?;
        Ok((file, table.input()?))
    }

    fn parse(path: &Path, bytes: impl Read) -> Result<Self> {
        let mut file = RunsFile {
            path: path.into(),
            rows: Vec::new(),
        };
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(bytes);
        let header = reader.headers().map_err(|error| file.no_csv(&error))?;
        let wrong = |(problem, remedy): header::Complaint| file.error(1, &problem, remedy);
        let places = header::places(header, &COLUMNS).map_err(wrong)?;
        let items = header::optional(header, ITEMS).map_err(wrong)?;
        let mut seen = Seen::default();
        for record in reader.records() {
            let record = record.map_err(|error| file.no_csv(&error))?;
            let line = record.position().map_or(1, csv::Position::line);
            let row = Fields {
                file: &file,
                line,
                places: &places,
                items,
                record: &record,
            };
            let row = row.row()?;
            file.check_against_earlier(line, &row, &mut seen)?;
            file.rows.push((line, row));
        }
        if file.rows.is_empty() {
            Err(file.error(
                1,
                "there is no run below the header",
                "add a line for each run",
            ))
        } else {
            Ok(file)
        }
    }

    /// An error about a line.
    pub(in crate::study) fn error(
        &self,
        line: u64,
        problem: &str,
        remedy: impl Into<String>,
    ) -> Error {
        Error::config(self.path.clone(), format!("line {line}: {problem}"), remedy)
    }

    fn no_csv(&self, error: &csv::Error) -> Error {
        if let Some(failed) = unreadable(&self.path, error) {
            return failed;
        }
        let line = error.position().map_or(1, csv::Position::line);
        let problem = error.to_string().replace('\n', " ");
        self.error(line, &problem, "each line needs a field for each column")
    }

    /// One adapter is one run: its scores agree about it, and each is there once.
    fn check_against_earlier(&self, line: u64, row: &RunsRow, seen: &mut Seen) -> Result<()> {
        let name = &row.adapter;
        let (first, same) = seen.add(self.rows.len(), row);
        if first < self.rows.len() {
            let (earlier, other) = &self.rows[first];
            let differs = [
                (
                    weight_types(&row.weight_types) != weight_types(&other.weight_types),
                    "weight_types",
                ),
                (row.rank != other.rank, "rank"),
                (row.alpha != other.alpha, "alpha"),
                (row.seed != other.seed, "seed"),
                (
                    row.trainable_parameters != other.trainable_parameters,
                    "trainable_parameters",
                ),
            ];
            let differs = differs.iter().find(|(differs, _)| *differs);
            // What is there already may be said of the first row; all others agree with that.
            if let Some((_, column)) = differs.filter(|_| same != Some(first)) {
                let problem = format!("`{name}` has another {column} than in line {earlier}");
                return Err(self.error(line, &problem, "correct one, or name another run"));
            }
        }
        let Some(same) = same else { return Ok(()) };
        let problem = format!(
            "`{name}` has {} on {} already, in line {}",
            row.metric, row.task, self.rows[same].0
        );
        Err(self.error(line, &problem, "leave one out, or name another run"))
    }
}

/// The rows of each run until now.
#[derive(Default)]
struct Seen {
    /// Numbers of names: a file of a million lines has few different ones in a column.
    names: HashMap<String, u32>,
    /// The first row of each adapter.
    first: HashMap<u32, usize>,
    /// The row of each adapter, task and metric.
    places: HashMap<[u32; 3], usize>,
}

impl Seen {
    /// The first row of a row's adapter, which it may be itself, and an earlier one of its task and
    /// metric.
    fn add(&mut self, number: usize, row: &RunsRow) -> (usize, Option<usize>) {
        let place = [&row.adapter, &row.task, &row.metric].map(|name| self.number(name));
        let first = *self.first.entry(place[0]).or_insert(number);
        let earlier = *self.places.entry(place).or_insert(number);
        (first, (earlier < number).then_some(earlier))
    }

    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.insert(name.into(), number);
        number
    }
}

/// The fields of one line.
struct Fields<'a> {
    file: &'a RunsFile,
    line: u64,
    places: &'a [usize],
    items: Option<usize>,
    record: &'a StringRecord,
}

impl Fields<'_> {
    fn row(&self) -> Result<RunsRow> {
        let positive = |rank: &usize| *rank > 0;
        let row = RunsRow {
            adapter: self.text(0)?,
            weight_types: self.text(1)?,
            rank: self.optional(
                2,
                "a whole number from 1, or nothing for a full fine-tune",
                positive,
            )?,
            alpha: self.optional(3, "a number", |alpha: &f64| alpha.is_finite())?,
            seed: self.optional(4, "a whole number, or nothing", |_| true)?,
            task: self.text(5)?,
            metric: self.text(6)?,
            value: self.number(7, "a number from -1e15 to 1e15", |value: &f64| {
                value.abs() <= MOST_SCORE
            })?,
            trainable_parameters: self.optional(
                8,
                "a whole number from 1, or nothing",
                |count| *count > 0,
            )?,
            items: self.items()?,
        };
        let types: Vec<&str> = row.weight_types.split('+').map(str::trim).collect();
        let twice = repeated(types.iter().map(|name| weight_types(name)));
        if twice.is_some() || types.contains(&"") {
            let problem = format!("weight_types is `{}`", row.weight_types);
            return Err(self.error(&problem, "write each weight once, joined by +: q+v"));
        }
        if let (None, Some(alpha)) = (row.rank, row.alpha) {
            let problem = format!("alpha is {alpha}, and rank is empty: a full fine-tune has no α");
            return Err(self.error(&problem, "write the rank, or leave alpha empty too"));
        }
        Ok(row)
    }

    /// The column that may be missing.
    fn items(&self) -> Result<Option<u64>> {
        let Some(text) = self.items.map(|place| &self.record[place]) else {
            return Ok(None);
        };
        if text.is_empty() {
            return Ok(None);
        }
        let items = text.parse().ok().filter(|items| *items > 0);
        items.map(Some).ok_or_else(|| {
            let problem =
                format!("items is `{text}`, where a whole number from 1, or nothing, is expected");
            self.error(&problem, "correct it, or leave it empty")
        })
    }

    fn error(&self, problem: &str, remedy: &str) -> Error {
        self.file.error(self.line, problem, remedy)
    }

    fn text(&self, column: usize) -> Result<String> {
        let text = &self.record[self.places[column]];
        if text.is_empty() || text.contains(char::is_control) {
            let problem = if text.is_empty() {
                format!("{} is empty", COLUMNS[column])
            } else {
                format!("{} is {text:?}", COLUMNS[column])
            };
            return Err(self.error(&problem, "write a name, on one line"));
        }
        Ok(text.into())
    }

    fn number<T: FromStr>(
        &self,
        column: usize,
        wanted: &str,
        is_good: impl Fn(&T) -> bool,
    ) -> Result<T> {
        let text = &self.record[self.places[column]];
        text.parse().ok().filter(is_good).ok_or_else(|| {
            let problem = format!(
                "{} is `{text}`, where {wanted} is expected",
                COLUMNS[column]
            );
            self.error(&problem, "correct it, or leave the line out")
        })
    }

    fn optional<T: FromStr>(
        &self,
        column: usize,
        wanted: &str,
        is_good: impl Fn(&T) -> bool,
    ) -> Result<Option<T>> {
        if self.record[self.places[column]].is_empty() {
            Ok(None)
        } else {
            self.number(column, wanted, is_good).map(Some)
        }
    }
}
