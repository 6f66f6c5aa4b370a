//! Scores of training runs: which of them a table shows, and whether they can stand in one cell.
//!
//! # Decisions
//!
//! - A study chooses the runs of each table by name patterns.
//! - Runs of one cell must be seeds of one setting. A mean over two α, with a standard deviation
//!   beside it, would be taken for one over seeds.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use globset::GlobMatcher;

use crate::error::Result;
use crate::files::InputFile;
use crate::paper::{Figure, Table};
use crate::table::{AnswersRow, RunTable, RunsRow, has_two_ranks, scores};

use super::changed;
use super::file::Definition;
use super::file::pattern::matcher;
use super::file::runs_file::RunsFile;
use super::file::{answers_file, shares};
use super::named::NamedAdapter;
use super::run_cells::check_cells;

/// The runs of a study, with its choice of them for each table.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    /// Rows of `runs.csv`, in the file's order.
    pub rows: Vec<RunsRow>,
    /// Rows of `answers.csv`, in the file's order.
    pub answers: Vec<AnswersRow>,
    /// What identifies the files, each with what messages call it.
    pub(super) files: Vec<(&'static str, InputFile)>,
    /// Names that may be an adapter's, misspelt: a sentence each.
    pub(super) warnings: Vec<String>,
    /// Table, names of the runs that it shows.
    chosen: Vec<(Table, Vec<GlobMatcher>)>,
}

impl Runs {
    /// The rows that a table shows: 5, 6 or 18.
    pub fn of_table(&self, table: Table, rows: &[RunsRow]) -> Vec<RunsRow> {
        let is_shown = |row: &&RunsRow| self.shows(table, row);
        rows.iter().filter(is_shown).cloned().collect()
    }

    /// The rows that the rank curve shows: those of table 6 or table 18.
    pub fn of_curve(&self, rows: &[RunsRow]) -> Vec<RunsRow> {
        let is_shown = |row: &&RunsRow| self.shows_in_curve(row);
        rows.iter().filter(is_shown).cloned().collect()
    }

    fn shows_in_curve(&self, row: &RunsRow) -> bool {
        self.shows(Table::Six, row) || self.shows(Table::Eighteen, row)
    }

    fn shows(&self, table: Table, row: &RunsRow) -> bool {
        let chosen = self.chosen.iter().find(|(chosen, _)| *chosen == table);
        let is_named = |globs: &[GlobMatcher]| globs.iter().any(|glob| glob.is_match(&row.adapter));
        chosen.is_none_or(|(_, globs)| is_named(globs))
    }

    /// Whether the rows give a table.
    fn give(&self, table: Table) -> bool {
        RunTable::new(table, &self.of_table(table, &self.rows)).is_some()
    }

    /// Whether the rows give the rank curve.
    pub(super) fn give_curve(&self) -> bool {
        has_two_ranks(&scores(&self.of_curve(&self.rows)))
    }
}

/// Reads a study's runs; none where it has no such file.
///
/// # Errors
///
/// Whatever is wrong in the file, and what contradicts an adapter or cannot stand in one cell of a
/// table, with its line.
pub(super) fn read(
    definition: &Definition,
    (file, folder): (Option<&Path>, &Path),
    adapters: &[NamedAdapter],
) -> Result<Runs> {
    let lines = &definition.lines;
    let Some(path) = file else {
        return match definition.answers {
            None => Ok(Runs::default()),
            Some(_) => {
                let remedy = "add runs = \"runs.csv\", or leave answers out";
                let problem = "answers belong to runs, and the study has no runs";
                Err(lines.error("answers", problem, remedy))
            }
        };
    };
    let located = |error| match definition.runs {
        // What is wrong inside of the file has its own line.
        Some(_) if !path.is_file() => lines.locate("runs", "runs", error),
        _ => error,
    };
    let (mut file, input) = RunsFile::read(path).map_err(located)?;
    shares::check(&file)?;
    let mut files = vec![("runs", input)];
    let answers = answers(definition, folder, &file)?;
    files.extend(answers.iter().map(|(_, input)| ("answers", input.clone())));
    let of_runs = of_runs(&file, adapters);
    agree(&file, &of_runs)?;
    count_parameters(&mut file, &of_runs)?;
    let mut runs = Runs {
        rows: Vec::new(),
        warnings: misspelt(&file, &of_runs, adapters),
        chosen: choices(definition, &file)?,
        answers: answers.map(|(rows, _)| rows).unwrap_or_default(),
        files,
    };
    for table in RunTable::TABLES {
        let which = definition.tables.which.as_ref();
        if which.is_none_or(|which| which.contains(&table)) {
            check_cells(&file, table, &|row| runs.shows(table, row))?;
        }
    }
    let which = definition.figures.which.as_ref();
    if which.is_none_or(|which| which.contains(&Figure::RankCurve)) {
        check_cells(&file, Table::Six, &|row| runs.shows_in_curve(row))?;
    }
    runs.rows = file.rows.into_iter().map(|(_, row)| row).collect();
    Ok(runs)
}

/// The answers of the runs with what identifies their file, where the study names one in its folder.
fn answers(
    definition: &Definition,
    folder: &Path,
    file: &RunsFile,
) -> Result<Option<(Vec<AnswersRow>, InputFile)>> {
    let Some(path) = definition.answers.as_ref().map(|path| folder.join(path)) else {
        return Ok(None);
    };
    let located = |error| match path.is_file() {
        true => error,
        false => definition.lines.locate("answers", "answers", error),
    };
    answers_file::read(&path, file).map(Some).map_err(located)
}

/// The adapter of each row's run, where the study has it.
type OfRuns<'a> = Vec<Option<&'a NamedAdapter>>;

fn of_runs<'a>(file: &RunsFile, adapters: &'a [NamedAdapter]) -> OfRuns<'a> {
    let by_name: HashMap<&str, &NamedAdapter> = adapters
        .iter()
        .map(|named| (named.name.as_str(), named))
        .collect();
    let of_run = |name: &str| by_name.get(name).copied();
    let rows = file.rows.iter();
    rows.map(|(_, row)| of_run(&row.adapter)).collect()
}

/// Holds what the file says of a run against the adapter of its name.
fn agree(file: &RunsFile, of_runs: &OfRuns) -> Result<()> {
    for ((line, row), named) in file.rows.iter().zip(of_runs) {
        let Some(differs) = named.and_then(|named| contradiction(row, named)) else {
            continue;
        };
        let remedy = "correct it, or name another run";
        return Err(file.error(*line, &differs, remedy));
    }
    Ok(())
}

/// What a run and its adapter do not agree about.
fn contradiction(row: &RunsRow, named: &NamedAdapter) -> Option<String> {
    let (name, modules) = (&named.name, &named.adapter.modules);
    let mut ranks: Vec<usize> = modules.iter().filter_map(|module| module.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    // Without factors any rank may be right: a merged model keeps none of those that it was made of.
    if !ranks.is_empty() && row.rank.is_none_or(|rank| !ranks.contains(&rank)) {
        let ranks: Vec<String> = ranks.iter().map(usize::to_string).collect();
        let ranks = ranks.join(" and ");
        let written = match row.rank {
            Some(rank) => rank.to_string(),
            None => "empty, as of a full fine-tune".into(),
        };
        return Some(format!(
            "rank is {written}, and adapter `{name}` has rank {ranks}"
        ));
    }
    if let (Some(written), Some(told)) = (row.alpha, named.adapter.stated_alpha)
        && written != told
    {
        return Some(format!(
            "alpha is {written}, and adapter `{name}` has α = {told}"
        ));
    }
    if let (Some(written), Some(seed)) = (row.seed, named.seed)
        && written != seed
    {
        return Some(format!(
            "seed is {written}, and the study says that adapter `{name}` has seed {seed}"
        ));
    }
    changed::contradicts(&row.weight_types, modules).map(|own| {
        let written = &row.weight_types;
        format!("weight_types is {written}, and adapter `{name}` changes {own}")
    })
}

/// Runs named almost as an adapter that has no run, and agreeing with it. Another digit is another
/// run: `r8-seed0`, `r8-seed1`.
fn misspelt(file: &RunsFile, of_runs: &OfRuns, adapters: &[NamedAdapter]) -> Vec<String> {
    let digits = |name: &str| {
        name.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    let with_runs = of_runs.iter().flatten().map(|named| named.name.as_str());
    let with_runs: BTreeSet<&str> = with_runs.collect();
    let without = |named: &&NamedAdapter| !with_runs.contains(named.name.as_str());
    let without: Vec<&NamedAdapter> = adapters.iter().filter(without).collect();
    let mut met: BTreeSet<&str> = BTreeSet::new();
    let mut said: Vec<String> = Vec::new();
    // Of each name the first row.
    let firsts = file.rows.iter().filter(|(_, row)| met.insert(&row.adapter));
    for (line, row) in firsts {
        let name = &row.adapter;
        let near = without.iter().find(|named| {
            is_as_long(name, &named.name)
                && strsim::damerau_levenshtein(name, &named.name) == 1
                && digits(name) == digits(&named.name)
                && contradiction(row, named).is_none()
        });
        if let Some(near) = near {
            said.push(format!(
                "runs.csv, line {line}: no adapter is named `{name}`; did you mean `{}`?",
                near.name
            ));
        }
    }
    said
}

/// Whether two names may be one letter apart: to tell that of all pairs takes long.
fn is_as_long(one: &str, other: &str) -> bool {
    one.len().abs_diff(other.len()) <= char::MAX.len_utf8()
}

/// Holds trainable parameters against the adapters that the study has, and fills them in.
fn count_parameters(file: &mut RunsFile, of_runs: &OfRuns) -> Result<()> {
    let mut wrong = None;
    for ((line, row), named) in file.rows.iter_mut().zip(of_runs) {
        let Some((named, counted)) = named.and_then(|named| Some((named, named.factor_entries?)))
        else {
            continue;
        };
        // What was trained whole beside the factors may be counted too.
        let is_more = !named.adapter.replaced.is_empty();
        match row.trainable_parameters {
            Some(written) if written != counted && !(is_more && written > counted) => {
                wrong.get_or_insert((*line, row.adapter.clone(), written, counted));
            }
            None => row.trainable_parameters = Some(counted),
            Some(_) => {}
        }
    }
    match wrong {
        None => Ok(()),
        Some((line, name, written, counted)) => {
            let problem = format!(
                "trainable_parameters is {written}, and the factors of adapter `{name}` have {counted} entries"
            );
            Err(file.error(
                line,
                &problem,
                "correct it, or leave it empty to have it counted",
            ))
        }
    }
}

/// The runs that the study chooses for each table; every pattern must fit some.
fn choices(definition: &Definition, file: &RunsFile) -> Result<Vec<(Table, Vec<GlobMatcher>)>> {
    let entry = &definition.tables;
    let mut chosen = Vec::new();
    for (table, patterns) in [
        (Table::Five, &entry.table5),
        (Table::Six, &entry.table6),
        (Table::Eighteen, &entry.table18),
    ] {
        let Some(patterns) = patterns else { continue };
        let mut globs = Vec::new();
        for (number, pattern) in patterns.iter().enumerate() {
            let place = format!("tables.table{table}[{number}]");
            let glob = matcher(&definition.lines, &place, pattern)?;
            if !file.rows.iter().any(|(_, row)| glob.is_match(&row.adapter)) {
                let problem = format!("no run of runs.csv is named {pattern:?}");
                let remedy = "its column `adapter` has their names";
                return Err(definition.lines.error(&place, &problem, remedy));
            }
            globs.push(glob);
        }
        chosen.push((table, globs));
    }
    Ok(chosen)
}

/// The tables that a study asks for, else all.
///
/// # Errors
///
/// [`CoreError::Config`](crate::CoreError::Config) for one that the study does not give.
pub(super) fn tables(
    definition: &Definition,
    runs: &Runs,
    has_amplification: bool,
) -> Result<Vec<Table>> {
    let Some(named) = &definition.tables.which else {
        return Ok(Table::ALL.to_vec());
    };
    for (number, &table) in named.iter().enumerate() {
        let place = format!("tables.which[{number}]");
        let wrong = |problem: &str, remedy: &str| definition.lines.error(&place, problem, remedy);
        if table == Table::Seven && !has_amplification {
            return Err(wrong(
                "table 7 compares ΔW with W, and the study has no base",
                "add base = \"PATH\", or leave the table out",
            ));
        }
        if table != Table::Seven && !runs.give(table) {
            let needs = RunTable::needs(table);
            return Err(if runs.rows.is_empty() {
                wrong(
                    &format!("table {table} shows runs, and the study has none"),
                    "add runs = \"runs.csv\", or leave the table out",
                )
            } else {
                wrong(
                    &format!("table {table} needs {needs}, and runs.csv has none"),
                    "add them, or leave the table out",
                )
            });
        }
    }
    Ok(named.clone())
}
