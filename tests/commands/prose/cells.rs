//! What a sentence's numbers are made of: cells of the committed tables, and adapters where the
//! tables have no such cell.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::sync::{LazyLock, Mutex};

use lora_subspace::adapter::{Adapter, ReadOptions};
use lora_subspace::linalg::principal_angles;
use lora_subspace::measure::{Basis, Directions};
use lora_subspace::table::from_npz;
use ndarray::Array2;
use regex::Regex;

use crate::files::repository;

/// A row by its columns.
type Row = BTreeMap<String, String>;

/// Grids by name.
type Grids = Vec<(String, Array2<f64>)>;

/// The grids of studies that were read.
static GRIDS: LazyLock<Mutex<HashMap<String, &'static Grids>>> = LazyLock::new(Mutex::default);

fn grids(study: &str) -> &'static Grids {
    let mut all = GRIDS.lock().unwrap();
    all.entry(study.into()).or_insert_with(|| {
        let path = repository().join("notebooks-export").join(study);
        let bytes = fs::read(path.join("overlap.npz")).unwrap();
        Box::leak(Box::new(from_npz("overlap.npz", &bytes).unwrap()))
    })
}

/// Tables that were read.
static TABLES: LazyLock<Mutex<HashMap<String, &'static [Row]>>> = LazyLock::new(Mutex::default);

/// All rows of a table: `minilm-sst2/findings.csv`, or one beside a study's file, from
/// `experiments/` on.
fn table(name: &str) -> &'static [Row] {
    let mut tables = TABLES.lock().unwrap();
    tables.entry(name.into()).or_insert_with(|| {
        let folder = match name.starts_with("experiments/") {
            true => repository().to_path_buf(),
            false => repository().join("notebooks-export"),
        };
        let path = folder.join(name);
        let mut reader = csv::Reader::from_path(path).unwrap();
        let rows: Vec<Row> = reader.deserialize().map(Result::unwrap).collect();
        rows.leak()
    })
}

/// A column of the rows of a table that have some values elsewhere: `("adapter", "r4-seed0")`. A
/// column may be a quotient, `projected_norm/chance_projected_norm`. Rows where it is empty are left
/// out.
pub(super) fn cells(name: &str, filter: &[(&str, &str)], column: &str) -> Vec<f64> {
    let (above, below) = column.split_once('/').unzip();
    let number = |row: &Row, column: &str| row[column].parse::<f64>().ok();
    let value = |row: &Row| {
        let over = below.map_or(Some(1.0), |below| number(row, below))?;
        Some(number(row, above.unwrap_or(column))? / over)
    };
    let is_meant = |row: &&Row| {
        filter
            .iter()
            .all(|(column, wanted)| row[*column] == *wanted)
    };
    let rows = table(name).iter().filter(is_meant);
    let values: Vec<f64> = rows.filter_map(value).collect();
    assert!(
        !values.is_empty(),
        "{name} has no {column} where {filter:?}"
    );
    values
}

/// The one cell that there is.
pub(super) fn cell(name: &str, filter: &[(&str, &str)], column: &str) -> f64 {
    let values = cells(name, filter, column);
    assert_eq!(values.len(), 1, "{name}, {column} where {filter:?}");
    values[0]
}

/// A number of a study's finding.
pub(super) fn finding(study: &str, claim: &str, column: &str) -> f64 {
    cell(
        &format!("{study}/findings.csv"),
        &[("claim", claim)],
        column,
    )
}

/// A number in the sentence of a study's finding: the first after some words.
pub(super) fn told(study: &str, claim: &str, words: &str) -> f64 {
    let rows = table(&format!("{study}/findings.csv"));
    let sentence = &rows.iter().find(|row| row["claim"] == claim).unwrap()["sentence"];
    let (_, rest) = sentence.split_once(words).expect(words);
    let number = Regex::new(r"\d+(\.\d+)?").unwrap();
    number.find(rest).expect(words).as_str().parse().unwrap()
}

/// In how many of how many a finding holds.
pub(super) fn holding(study: &str, claim: &str) -> Vec<f64> {
    ["holding", "count"]
        .map(|column| finding(study, claim, column))
        .into()
}

/// The same, its median, and that of its chance.
pub(super) fn counted(study: &str, claim: &str) -> Vec<f64> {
    ["holding", "count", "median", "chance"]
        .map(|column| finding(study, claim, column))
        .into()
}

/// φ(i,j) of a study's modules whose path ends in some words, such as `5.attention.self.value`;
/// modules in order.
pub(super) fn phi(
    study: &str,
    module: &str,
    basis: &str,
    [one, other]: [&str; 2],
    [i, j]: [usize; 2],
) -> Vec<f64> {
    let end = format!("{module}__{basis}__{one}__{other}");
    let grids = grids(study).iter().filter(|(name, _)| name.ends_with(&end));
    let values: Vec<f64> = grids.map(|(_, grid)| grid[(i - 1, j - 1)]).collect();
    assert!(!values.is_empty(), "{study} has no grid …{end}");
    values
}

/// How many cells `overlap.npz` of a study has.
pub(super) fn count_of_cells(study: &str) -> f64 {
    let cells = grids(study).iter().map(|(_, grid)| grid.len());
    cells.sum::<usize>() as f64
}

/// cos² of the principal angles between the leading k directions of A of two adapters, largest first:
/// a row a module.
pub(super) fn squared_cosines([one, other]: [&str; 2], [i, j]: [usize; 2]) -> Vec<Vec<f64>> {
    let open = |name: &str| {
        let path = repository()
            .join("experiments/minilm-sst2/adapters")
            .join(name);
        Adapter::open(&path, &ReadOptions::new()).unwrap()
    };
    let (one, other) = (open(one), open(other));
    let of_module = |path: &String| {
        let leading = |adapter: &Adapter, count: usize| {
            let delta = adapter.delta(path).unwrap();
            let directions = Directions::of_delta(&delta, Basis::A, delta.rank()).unwrap();
            directions.subspace().prefix(count)
        };
        let angles = principal_angles(&leading(&one, i), &leading(&other, j)).unwrap();
        angles.iter().map(|angle| angle.cos().powi(2)).collect()
    };
    one.modules
        .iter()
        .map(|module| of_module(&module.path))
        .collect()
}

/// The mean.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The least.
pub(super) fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The largest.
pub(super) fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// The median.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    (sorted[(sorted.len() - 1) / 2] + sorted[middle]) / 2.0
}

/// How many are so.
pub(super) fn count(values: impl IntoIterator<Item = bool>) -> f64 {
    values.into_iter().filter(|is_so| *is_so).count() as f64
}
