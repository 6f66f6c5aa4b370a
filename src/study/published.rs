//! A study of rows: tables in this toolkit's own formats, read off a publication, in place of
//! adapters. Nothing is measured; the rows are checked, and written and drawn as measured ones are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::adapter::natural_order;
use crate::error::{Error, Result};
use crate::results::{Grid, Results};
use crate::table::{AmplificationRow, SpectrumRow};

use super::file::rows_file::{amplifications, grids, spectra};

/// Rows of a study that measures nothing.
#[derive(Debug, Clone, Default)]
pub struct Published {
    folder: PathBuf,
    /// The adapters that the rows name, in their order.
    adapters: Vec<String>,
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
        if !has_runs && !overlap.exists() && !amplification.exists() {
            return Err(Error::not_found(
                folder,
                "neither overlap.csv nor amplification.csv nor runs.csv is there",
                "give the folder of tables in the toolkit's own formats",
            ));
        }
        let grids = grids(&overlap)?;
        let amplification = amplifications(&amplification)?;
        Ok(Published {
            folder: folder.into(),
            adapters: adapters(&grids, &amplification),
            grids,
            amplification,
            spectrum: spectra(&folder.join("spectrum.csv"))?,
        })
    }

    /// The folder of the tables.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The tables that were read.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        let names = ["overlap.csv", "amplification.csv", "spectrum.csv"];
        let files = names.map(|name| self.folder.join(name));
        files.into_iter().filter(|file| file.is_file())
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
        let sides = self.grids.iter().flat_map(|grid| {
            let (rows, columns) = grid.cells.dim();
            [
                (&grid.first, grid.first_i + rows - 1),
                (&grid.second, columns),
            ]
        });
        let rows = self
            .amplification
            .iter()
            .map(|row| (&row.adapter, row.rank));
        let of_it = sides.chain(rows).filter(|(name, _)| *name == adapter);
        of_it.map(|(_, rank)| rank).max().unwrap_or(0)
    }

    /// Whether there are overlaps of two names.
    pub(super) fn compares(&self, first: &str, second: &str) -> bool {
        let is = |grid: &Grid| grid.first == first && grid.second == second;
        self.grids.iter().any(is)
    }

    /// The rows of one module.
    pub(crate) fn of_module(&self, module: &str) -> Results {
        let of = |path: &str| path == module;
        Results {
            grids: self
                .grids
                .iter()
                .filter(|grid| of(&grid.module.path))
                .cloned()
                .collect(),
            amplification: self
                .amplification
                .iter()
                .filter(|row| of(&row.module))
                .cloned()
                .collect(),
            spectrum: self
                .spectrum
                .iter()
                .filter(|row| of(&row.module))
                .cloned()
                .collect(),
            ..Results::default()
        }
    }
}

/// The adapters that rows name, each once, in the order in which they are met.
fn adapters(grids: &[Grid], amplification: &[AmplificationRow]) -> Vec<String> {
    let sides = grids.iter().flat_map(|grid| [&grid.first, &grid.second]);
    let rows = amplification.iter().map(|row| &row.adapter);
    let mut names: Vec<String> = Vec::new();
    for name in sides.chain(rows) {
        if !["base", "random"].contains(&name.as_str()) && !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}
