//! A study of rows: tables in this toolkit's own formats, read off a publication, in place of
//! adapters. Nothing is measured; the rows are checked, and written and drawn as measured ones are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::adapter::natural_order;
use crate::error::{Error, Result};
use crate::files::{InputFile, is_there};
use crate::results::{Grid, Results};
use crate::table::{AmplificationRow, SpectrumRow};

use super::file::rows_file::{amplifications, grids, spectra};

/// Rows of a study that measures nothing.
#[derive(Debug, Clone, Default)]
pub struct Published {
    folder: PathBuf,
    /// The tables that were read.
    pub(super) files: Vec<InputFile>,
    /// The adapters that the rows name, in their order.
    adapters: Vec<String>,
    /// The most directions of each adapter that a row speaks of.
    ranks: BTreeMap<String, usize>,
    /// The pairs of names that grids have.
    compared: BTreeSet<[String; 2]>,
    /// Where the rows of each module stand.
    places: BTreeMap<String, Places>,
    pub(super) grids: Vec<Grid>,
    pub(super) amplification: Vec<AmplificationRow>,
    spectrum: Vec<SpectrumRow>,
}

impl Published {
    /// Reads `overlap.csv`, `amplification.csv` and `spectrum.csv` of a folder, as far as they are
    /// there; one of the first two must be where the study has no runs either.
    ///
    /// # Errors
    ///
    /// What is wrong in a table, with its line.
    pub(super) fn read(folder: &Path, has_runs: bool) -> Result<Self> {
        let overlap = folder.join("overlap.csv");
        let amplification = folder.join("amplification.csv");
        if !has_runs && !is_there(&overlap) && !is_there(&amplification) {
            return Err(Error::not_found(
                folder,
                "neither overlap.csv nor amplification.csv nor runs.csv is there",
                "give the folder of tables in the toolkit's own formats",
            ));
        }
        let (grids, one) = grids(&overlap)?;
        let (amplification, other) = amplifications(&amplification)?;
        let (spectrum, third) = spectra(&folder.join("spectrum.csv"))?;
        let adapters = adapters(&grids, &amplification);
        Ok(Published {
            folder: folder.into(),
            files: [one, other, third].into_iter().flatten().collect(),
            ranks: ranks(&grids, &amplification),
            places: places(&grids, &amplification, &spectrum),
            compared: grids.iter().map(sides).collect(),
            adapters,
            grids,
            amplification,
            spectrum,
        })
    }

    /// The folder of the tables.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All modules, in natural order.
    pub(super) fn modules(&self) -> Vec<String> {
        let grids = self.grids.iter().map(|grid| grid.module.path.clone());
        let rows = self.amplification.iter().map(|row| row.module.clone());
        let mut modules: Vec<String> = grids.chain(rows).collect();
        modules.sort_by(|one, other| natural_order(one, other));
        modules.dedup();
        modules
    }

    /// The part of the model that each module is of, where the rows say it.
    pub(super) fn components(&self) -> BTreeMap<String, String> {
        let grids = self.grids.iter().map(|grid| &grid.module);
        let grids = grids.map(|module| (&module.path, &module.component));
        let rows = self.amplification.iter();
        let rows = rows.map(|row| (&row.module, &row.component));
        let named = grids.chain(rows).filter(|(_, part)| !part.is_empty());
        named
            .map(|(path, part)| (path.clone(), part.clone()))
            .collect()
    }

    /// The adapters that the rows name, in their order.
    pub fn adapters(&self) -> &[String] {
        &self.adapters
    }

    /// An adapter's rank: the most directions of it that a row speaks of.
    pub(super) fn rank(&self, adapter: &str) -> usize {
        self.ranks.get(adapter).copied().unwrap_or(0)
    }

    /// Whether there are overlaps of two names.
    pub(super) fn compares(&self, first: &str, second: &str) -> bool {
        let sides = [first.to_string(), second.to_string()];
        self.compared.contains(&sides)
    }

    /// The rows of one module.
    pub(crate) fn of_module(&self, module: &str) -> Results {
        let Some(places) = self.places.get(module) else {
            return Results::default();
        };
        Results {
            grids: at(&self.grids, &places.grids),
            amplification: at(&self.amplification, &places.amplification),
            spectrum: at(&self.spectrum, &places.spectrum),
            ..Results::default()
        }
    }
}

/// The numbers of a module's rows, in their order.
#[derive(Debug, Clone, Default)]
struct Places {
    grids: Vec<usize>,
    amplification: Vec<usize>,
    spectrum: Vec<usize>,
}

fn places(
    grids: &[Grid],
    amplification: &[AmplificationRow],
    spectrum: &[SpectrumRow],
) -> BTreeMap<String, Places> {
    let mut places: BTreeMap<String, Places> = BTreeMap::new();
    let mut of = |module: &String, add: &dyn Fn(&mut Places)| match places.get_mut(module) {
        Some(known) => add(known),
        None => add(places.entry(module.clone()).or_default()),
    };
    for (number, grid) in grids.iter().enumerate() {
        of(&grid.module.path, &|places| places.grids.push(number));
    }
    for (number, row) in amplification.iter().enumerate() {
        of(&row.module, &|places| places.amplification.push(number));
    }
    for (number, row) in spectrum.iter().enumerate() {
        of(&row.module, &|places| places.spectrum.push(number));
    }
    places
}

fn at<Row: Clone>(rows: &[Row], numbers: &[usize]) -> Vec<Row> {
    numbers.iter().map(|&number| rows[number].clone()).collect()
}

fn sides(grid: &Grid) -> [String; 2] {
    [grid.first.clone(), grid.second.clone()]
}

fn ranks(grids: &[Grid], amplification: &[AmplificationRow]) -> BTreeMap<String, usize> {
    let sides = grids.iter().flat_map(|grid| {
        let (rows, columns) = grid.cells.dim();
        [
            (&grid.first, grid.first_i + rows - 1),
            (&grid.second, columns),
        ]
    });
    let rows = amplification.iter().map(|row| (&row.adapter, row.rank));
    let mut ranks: BTreeMap<String, usize> = BTreeMap::new();
    for (name, rank) in sides.chain(rows) {
        let most = ranks.entry(name.clone()).or_default();
        *most = rank.max(*most);
    }
    ranks
}

/// The adapters that rows name, each once, in the order in which they are met.
fn adapters(grids: &[Grid], amplification: &[AmplificationRow]) -> Vec<String> {
    let sides = grids.iter().flat_map(|grid| [&grid.first, &grid.second]);
    let rows = amplification.iter().map(|row| &row.adapter);
    let mut met: BTreeSet<&str> = BTreeSet::from(["base", "random"]);
    let new = sides.chain(rows).filter(|name| met.insert(name));
    new.cloned().collect()
}
