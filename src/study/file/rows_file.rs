//! Tables in this toolkit's own formats that people or their scripts wrote: every mistake with its
//! line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ndarray::Array2;
use serde::de::DeserializeOwned;

use crate::adapter::{layer_of, projection_of};
use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::measure::Basis;
use crate::results::{Grid, ModuleName};
use crate::table::{AmplificationRow, Limit, OverlapRow, SpectrumRow, column_names};

use super::header;
use super::table_file::{TableFile, unreadable};

/// How far a chance level may be off max(i,j)/d, relatively: tables have a few digits.
const CHANCE_TOLERANCE: f64 = 1e-4;

/// Columns that may be missing: that of tables of models with several parts, and that of tables with
/// values of which only a bound is known.
const OPTIONAL: [&str; 2] = ["component", "limit"];

/// What was read of a table, and what identifies its bytes where it is there.
pub(in crate::study) type Read<Row> = (Vec<Row>, Option<InputFile>);

/// A table that people or their scripts wrote, line by line.
struct Table<'a> {
    path: &'a Path,
}

impl Table<'_> {
    /// Rows with their lines; none where the file is not there. A column that may be empty must
    /// have its header too: under another name all of it would be missing without a word.
    fn rows<Row: DeserializeOwned>(&self) -> Result<Read<(u64, Row)>> {
        let Some(file) = TableFile::if_there(self.path)? else {
            return Ok((Vec::new(), None));
        };
        let mut reader = csv::Reader::from_reader(file.bytes());
        let header = reader.headers().map_err(|error| self.wrong(&error, None))?;
        let header = header.clone();
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let columns = column_names(&name);
        let columns = columns.iter().map(String::as_str);
        let needed: Vec<&str> = columns
            .clone()
            .filter(|name| !OPTIONAL.contains(name))
            .collect();
        let mut optional = columns.filter(|name| OPTIONAL.contains(name));
        header::places(&header, &needed)
            .and_then(|_| optional.try_for_each(|name| header::optional(&header, name).map(|_| ())))
            .map_err(|(problem, remedy)| self.error(1, &problem, &remedy))?;
        let wrong = |error: csv::Error| self.wrong(&error, Some(&header));
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(wrong)?;
            let line = record.position().map_or(1, csv::Position::line);
            rows.push((line, record.deserialize(Some(&header)).map_err(wrong)?));
        }
        Ok((rows, Some(file.input()?)))
    }

    /// What the reader of CSV says, with the column that it speaks of.
    fn wrong(&self, error: &csv::Error, header: Option<&csv::StringRecord>) -> Error {
        if let Some(failed) = unreadable(self.path, error) {
            return failed;
        }
        let line = error.position().map_or(1, csv::Position::line);
        let problem = match (error.kind(), header) {
            (csv::ErrorKind::Deserialize { err, .. }, Some(header)) => {
                let column = err.field().and_then(|field| header.get(field as usize));
                let column = column.map_or(String::new(), |column| format!("{column}: "));
                format!("{column}{}", err.kind())
            }
            _ => error.to_string().replace('\n', " "),
        };
        let remedy = "compare with the same table of any study";
        self.error(line, &problem, remedy)
    }

    fn error(&self, line: u64, problem: &str, remedy: &str) -> Error {
        Error::config(self.path, format!("line {line}: {problem}"), remedy)
    }

    /// Layer and projection are what the module's path says.
    fn check_module(
        &self,
        line: u64,
        module: &str,
        layer: Option<usize>,
        projection: &str,
    ) -> Result<()> {
        if layer_of(module) == layer && projection_of(module) == projection && !module.is_empty() {
            return Ok(());
        }
        let problem =
            format!("module `{module}` is not of layer {layer:?} and projection `{projection}`");
        Err(self.error(line, &problem, "name it like `h.LAYER.PROJECTION`"))
    }
}

/// `overlap.csv` as grids, each of neighbouring rows.
pub(in crate::study) fn grids(path: &Path) -> Result<Read<Grid>> {
    let table = Table { path };
    let (rows, input): (Vec<(u64, OverlapRow)>, _) = table.rows()?;
    let names = |row: &OverlapRow| {
        (
            row.module.clone(),
            row.basis.clone(),
            row.first.clone(),
            row.second.clone(),
        )
    };
    let mut grids: Vec<Grid> = Vec::new();
    let mut begun = BTreeSet::new();
    for rows in rows.chunk_by(|(_, one), (_, next)| {
        (&one.module, &one.basis, &one.first, &one.second)
            == (&next.module, &next.basis, &next.first, &next.second)
    }) {
        let grid = grid(&table, rows)?;
        let (line, row) = &rows[0];
        if !begun.insert(grid.key()) {
            let problem = format!("the grid of {:?} begins a second time", names(row));
            return Err(table.error(
                *line,
                &problem,
                "write the rows of a grid one below the other",
            ));
        }
        grids.push(grid);
    }
    Ok((grids, input))
}

/// Whether rows are the cells φ(k,k) of a pair of a group, k from 1: all that a study writes of it.
fn is_diagonal(rows: &[(u64, OverlapRow)]) -> bool {
    let mut numbered = rows.iter().zip(1..);
    rows.len() > 1 && numbered.all(|((_, row), k)| (row.i, row.j) == (k, k))
}

/// One grid: every cell once, chance levels of one dimension.
fn grid(table: &Table, rows: &[(u64, OverlapRow)]) -> Result<Grid> {
    let (line, first) = &rows[0];
    let Ok(basis) = first.basis.parse::<Basis>() else {
        let problem = format!("there is no basis `{}`", first.basis);
        return Err(table.error(*line, &problem, "use a, b, delta-right or delta-left"));
    };
    if first.first.is_empty() || first.second.is_empty() {
        return Err(table.error(*line, "first or second is empty", "name both sides"));
    }
    let dimension = dimension(table, rows)?;
    let is_of_group = is_diagonal(rows);
    let (first_i, shape) = if is_of_group {
        (1, (rows.len(), rows.len()))
    } else {
        shape(table, rows)?
    };
    let (mut cells, mut limits) = (Array2::from_elem(shape, None), BTreeMap::new());
    let mut seen = Array2::from_elem(shape, false);
    for (line, row) in rows {
        check_cell(table, *line, row, dimension)?;
        let place = (row.i - first_i, row.j.wrapping_sub(1));
        if seen.get(place) != Some(&false) {
            let problem = format!("cell ({}, {}) is there twice, or j is 0", row.i, row.j);
            return Err(table.error(*line, &problem, "write every cell once"));
        }
        seen[place] = true;
        cells[place] = row.overlap;
        if let Some(limit) = limit(table, *line, row)? {
            limits.insert(place.into(), limit);
        }
    }
    Ok(Grid {
        module: ModuleName::new(&first.module, &first.component),
        basis,
        first: first.first.clone(),
        second: first.second.clone(),
        dimension: dimension as usize,
        first_i,
        is_measured: false,
        pairs: 1,
        is_of_group,
        cells,
        limits,
    })
}

/// On which side of a cell's number its value is, where that is a bound.
fn limit(table: &Table, line: u64, row: &OverlapRow) -> Result<Option<Limit>> {
    let problem = match (row.limit.as_str(), Limit::of(&row.limit), row.overlap) {
        ("", ..) => return Ok(None),
        (_, Some(limit), Some(_)) => return Ok(Some(limit)),
        (_, Some(limit), None) => format!("limit is `{limit}`, and overlap is empty"),
        (word, None, _) => format!("limit is `{word}`"),
    };
    let remedy = "write `below` or `above` beside a number that is a bound, else leave it empty";
    Err(table.error(line, &problem, remedy))
}

/// d, from the chance level of the cell that says it best.
fn dimension(table: &Table, rows: &[(u64, OverlapRow)]) -> Result<f64> {
    let most = rows.iter().max_by_key(|(_, row)| row.i.max(row.j));
    let (line, most) = most.unwrap_or(&rows[0]);
    let largest = most.i.max(most.j) as f64;
    let dimension = (largest / most.chance).round();
    if dimension >= largest && dimension < 1e9 {
        Ok(dimension)
    } else {
        let problem = format!("chance is {}", most.chance);
        Err(table.error(*line, &problem, "it is max(i,j)/d, at most 1"))
    }
}

/// The first i, and how many rows and columns there are.
fn shape(table: &Table, rows: &[(u64, OverlapRow)]) -> Result<(usize, (usize, usize))> {
    let first_i = rows.iter().map(|(_, row)| row.i).min().unwrap_or(0);
    let (last_i, last_j) = rows.iter().fold((0, 0), |most, (_, row)| {
        (most.0.max(row.i), most.1.max(row.j))
    });
    let height = (last_i - first_i).saturating_add(1);
    if first_i > 0 && height.saturating_mul(last_j) == rows.len() {
        return Ok((first_i, (height, last_j)));
    }
    let problem = format!(
        "the grid that begins here has {} cells, with i from {first_i} to {last_i} and j to {last_j}",
        rows.len()
    );
    let remedy = "write every cell once, i and j from 1";
    Err(table.error(rows[0].0, &problem, remedy))
}

fn check_cell(table: &Table, line: u64, row: &OverlapRow, dimension: f64) -> Result<()> {
    table.check_module(line, &row.module, row.layer, &row.projection)?;
    let chance = row.i.max(row.j) as f64 / dimension;
    let off = (row.chance - chance).abs() / chance;
    if off.is_nan() || off > CHANCE_TOLERANCE {
        let problem = format!("chance is {}, where max(i,j)/d = {chance}", row.chance);
        return Err(table.error(line, &problem, "write it with six digits"));
    }
    match row.overlap {
        Some(phi) if !(0.0..=1.0).contains(&phi) => {
            let remedy = "φ lies between 0 and 1; leave it empty where it is not known";
            Err(table.error(line, &format!("overlap is {phi}"), remedy))
        }
        _ => Ok(()),
    }
}

/// `amplification.csv`; the factors are computed from the norms beside them.
pub(in crate::study) fn amplifications(path: &Path) -> Result<Read<AmplificationRow>> {
    let table = Table { path };
    let mut rows = Vec::new();
    let (read, input): (Vec<(u64, AmplificationRow)>, _) = table.rows()?;
    for (line, mut row) in read.iter().cloned() {
        table.check_module(line, &row.module, row.layer, &row.projection)?;
        let norms = [
            Some(row.base_norm),
            Some(row.delta_norm),
            Some(row.chance_projected_norm),
        ];
        let norms = norms
            .into_iter()
            .chain([row.projected_norm, row.projected_norm_sd])
            .flatten();
        if row.adapter.is_empty()
            || row.rank == 0
            || norms.clone().any(|norm| !(norm.is_finite() && norm >= 0.0))
        {
            let problem = "an adapter, a rank from 1 and norms from 0 are needed";
            return Err(table.error(line, problem, "leave a norm empty where it is not known"));
        }
        row.amplification = match row.directions.as_str() {
            "delta" => row.projected_norm.map(|norm| row.delta_norm / norm),
            "random" => Some(row.delta_norm / row.chance_projected_norm),
            "base" => None,
            other => {
                let problem = format!("there are no directions `{other}`");
                return Err(table.error(line, &problem, "use delta, base or random"));
            }
        };
        row.amplification = row.amplification.filter(|factor| factor.is_finite());
        rows.push(row);
    }
    check_directions(&table, &read)?;
    Ok((rows, input))
}

/// Table 7 has a column where an adapter has a row of `delta`: without it, the others would be
/// dropped. Norms of W's directions and of random ones may be unknown, and are left out then.
fn check_directions(table: &Table, rows: &[(u64, AmplificationRow)]) -> Result<()> {
    let of = |row: &AmplificationRow| (row.module.clone(), row.adapter.clone(), row.rank);
    let mut first: BTreeMap<_, u64> = BTreeMap::new();
    let mut seen: BTreeMap<_, u64> = BTreeMap::new();
    for (line, row) in rows {
        first.entry(of(row)).or_insert(*line);
        let key = (of(row), row.directions.clone());
        if let Some(earlier) = seen.insert(key, *line) {
            let problem = format!(
                "{} of `{}` in module `{}` is there already, in line {earlier}",
                row.directions, row.adapter, row.module
            );
            return Err(table.error(*line, &problem, "leave one out"));
        }
    }
    let without = rows.iter().find(|(line, row)| {
        first[&of(row)] == *line && !seen.contains_key(&(of(row), "delta".to_string()))
    });
    match without {
        None => Ok(()),
        Some((line, row)) => {
            let problem = format!(
                "module `{}`, adapter `{}`, rank {} has no row for `delta`, and so no column in table 7",
                row.module, row.adapter, row.rank
            );
            Err(table.error(*line, &problem, "add it, or leave out its other rows"))
        }
    }
}

/// `spectrum.csv`.
pub(in crate::study) fn spectra(path: &Path) -> Result<Read<SpectrumRow>> {
    let table = Table { path };
    let mut rows = Vec::new();
    let (read, input) = table.rows::<SpectrumRow>()?;
    for (line, row) in read {
        table.check_module(line, &row.module, row.layer, &row.projection)?;
        let all = [
            Some(row.sigma),
            Some(row.residual),
            row.gap,
            row.sin_theta_bound,
        ];
        if let Some(number) = all.into_iter().flatten().find(|number| !number.is_finite()) {
            let problem = format!("{number} is no number");
            return Err(table.error(line, &problem, "leave the field empty, or the line out"));
        }
        rows.push(row);
    }
    Ok((rows, input))
}
