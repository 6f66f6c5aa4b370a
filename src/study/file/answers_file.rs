//! `answers.csv`: what runs answered item by item, which people write: every mistake with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use csv::StringRecord;

use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::table::{AnswersRow, RunsRow, Wholes, whole, wholes};

use super::header;
use super::runs_file::RunsFile;
use super::shares;
use super::table_file::{TableFile, unreadable};

/// The columns, in [`AnswersRow`]'s order.
const COLUMNS: [&str; 3] = ["adapter", "item", "right"];

/// A run's items, each with its line and whether the answer is right.
type Items<'a> = BTreeMap<&'a str, (u64, bool)>;

/// Reads the answers of the runs of a file.
///
/// # Errors
///
/// [`CoreError::NotFound`](crate::CoreError::NotFound), [`CoreError::Io`](crate::CoreError::Io), or
/// [`CoreError::Config`](crate::CoreError::Config) with the line that is wrong: a run without a
/// score of so many items, an item twice, another item than other runs have, and right answers that
/// contradict the score.
pub(in crate::study) fn read(path: &Path, runs: &RunsFile) -> Result<(Vec<AnswersRow>, InputFile)> {
    let table = TableFile::named(path)?;
    let scores = scores(path, runs)?;
    let file = AnswersFile {
        path,
        names: scores.iter().map(|row| row.adapter.as_str()).collect(),
        scores: &scores,
        wholes: wholes(runs.rows.iter().map(|(_, row)| row)),
    };
    let rows = file.rows(table.bytes())?;
    file.check(&rows)?;
    let rows = rows.into_iter().map(|(_, row)| row).collect();
    Ok((rows, table.input()?))
}

/// The rows of `runs.csv` that have items, of the one task and metric that has some.
fn scores(path: &Path, runs: &RunsFile) -> Result<Vec<RunsRow>> {
    let with_items = runs.rows.iter().filter(|(_, row)| row.items.is_some());
    let scores: Vec<RunsRow> = with_items.map(|(_, row)| row.clone()).collect();
    let places: BTreeSet<_> = scores.iter().map(|row| (&row.task, &row.metric)).collect();
    if places.len() == 1 {
        return Ok(scores);
    }
    let problem = format!(
        "answers are of one task and metric, and runs.csv has items for {}",
        places.len()
    );
    let remedy =
        "fill in items in runs.csv for the task and metric that was answered, and no other";
    Err(Error::config(path.to_path_buf(), problem, remedy))
}

struct AnswersFile<'a> {
    path: &'a Path,
    scores: &'a [RunsRow],
    /// The runs that have scores.
    names: BTreeSet<&'a str>,
    /// What stands for all items, by task and metric.
    wholes: Wholes<'a>,
}

impl AnswersFile<'_> {
    fn error(&self, line: u64, problem: &str, remedy: &str) -> Error {
        let problem = format!("line {line}: {problem}");
        Error::config(self.path.to_path_buf(), problem, remedy)
    }

    fn no_csv(&self, error: &csv::Error) -> Error {
        if let Some(failed) = unreadable(self.path, error) {
            return failed;
        }
        let line = error.position().map_or(1, csv::Position::line);
        let problem = error.to_string().replace('\n', " ");
        self.error(line, &problem, "each line needs a field for each column")
    }

    /// The rows with their lines.
    fn rows(&self, bytes: impl Read) -> Result<Vec<(u64, AnswersRow)>> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(bytes);
        let header = reader.headers().map_err(|error| self.no_csv(&error))?;
        let places = header::places(header, &COLUMNS)
            .map_err(|(problem, remedy)| self.error(1, &problem, &remedy))?;
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| self.no_csv(&error))?;
            let line = record.position().map_or(1, csv::Position::line);
            rows.push((line, self.row(line, &record, &places)?));
        }
        if rows.is_empty() {
            let remedy = "add a line for each run and item";
            return Err(self.error(1, "there is no answer below the header", remedy));
        }
        Ok(rows)
    }

    fn row(&self, line: u64, record: &StringRecord, places: &[usize]) -> Result<AnswersRow> {
        let text = |column: usize| &record[places[column]];
        let adapter = text(0).to_string();
        if !self.names.contains(adapter.as_str()) {
            let problem = format!("no run of runs.csv is named `{adapter}` and has items");
            return Err(self.error(line, &problem, "its column `adapter` has their names"));
        }
        if text(1).is_empty() {
            let remedy = "write a number or an id, the same for every run";
            return Err(self.error(line, "item is empty", remedy));
        }
        let right = match text(2) {
            "0" => 0,
            "1" => 1,
            other => {
                let problem = format!("right is `{other}`, where 0 or 1 is expected");
                return Err(self.error(line, &problem, "write 1 for a right answer, else 0"));
            }
        };
        Ok(AnswersRow {
            adapter,
            item: text(1).into(),
            right,
        })
    }

    /// Holds the answers of each run against those of the first, and against its score.
    fn check(&self, rows: &[(u64, AnswersRow)]) -> Result<()> {
        let of_runs = self.of_runs(rows)?;
        let mut first: Option<(&str, &Items)> = None;
        for score in self.scores {
            let Some(items) = of_runs.get(score.adapter.as_str()) else {
                continue;
            };
            self.check_score(score, items)?;
            let (name, others) = *first.get_or_insert((&score.adapter, items));
            let lacks = |one: &Items, other: &Items| -> Option<(String, u64)> {
                let (item, (line, _)) = one.iter().find(|(item, _)| !other.contains_key(*item))?;
                Some((item.to_string(), *line))
            };
            let adapter = score.adapter.as_str();
            let missing = lacks(items, others).map(|found| (found, name));
            let missing = missing.or_else(|| lacks(others, items).map(|found| (found, adapter)));
            if let Some(((item, line), without)) = missing {
                let problem = format!("`{without}` has no answer to item `{item}`");
                return Err(self.error(line, &problem, "every run answers the same items"));
            }
        }
        Ok(())
    }

    /// The items of each run, each of them once.
    fn of_runs<'a>(&self, rows: &'a [(u64, AnswersRow)]) -> Result<BTreeMap<&'a str, Items<'a>>> {
        let mut of_runs: BTreeMap<&str, Items> = BTreeMap::new();
        for (line, row) in rows {
            let items = of_runs.entry(&row.adapter).or_default();
            if let Some((earlier, _)) = items.insert(&row.item, (*line, row.right == 1)) {
                let problem = format!(
                    "`{}` has an answer to item `{}` already, in line {earlier}",
                    row.adapter, row.item
                );
                return Err(self.error(*line, &problem, "leave one out"));
            }
        }
        Ok(of_runs)
    }

    /// Holds the answers of a run against its score, at their last line.
    fn check_score(&self, score: &RunsRow, items: &Items) -> Result<()> {
        let (name, count) = (&score.adapter, items.len() as u64);
        let last = items.values().map(|(line, _)| *line).max().unwrap_or(1);
        if score.items != Some(count) {
            let wanted = score.items.unwrap_or_default();
            let problem = format!("`{name}` has {count} answers, and {wanted} items in runs.csv");
            return Err(self.error(last, &problem, "correct one of the two"));
        }
        let right = items.values().filter(|(_, right)| *right).count() as u64;
        let whole = whole(&self.wholes, (&score.task, &score.metric));
        if shares::agrees(score, right, count, whole) {
            return Ok(());
        }
        let problem = format!(
            "`{name}` has {right} right answers of {count}, and its {} in runs.csv is {}",
            score.metric, score.value
        );
        Err(self.error(last, &problem, "correct one of the two"))
    }
}
