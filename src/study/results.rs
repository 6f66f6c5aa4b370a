//! What a run gives: rows and grids, in the plan's order.

use std::time::Duration;

use ndarray::Array2;
use serde::Serialize;

use crate::adapter::{layer_of, projection_of};
use crate::error::{Error, Result};
use crate::measure::Basis;
use crate::measure::chance::{overlap_chance, overlap_z};
use crate::table::{
    AmplificationRow, EvidenceRow, OverlapCell, OverlapNames, OverlapRow, RanksRow, SpectrumRow,
};

/// A module with what its path says.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleName {
    /// Full path.
    pub path: String,
    /// Block number.
    pub layer: Option<usize>,
    /// Last name.
    pub projection: String,
}

impl ModuleName {
    /// Reads layer and projection off a path.
    pub fn new(path: &str) -> Self {
        ModuleName {
            path: path.into(),
            layer: layer_of(path),
            projection: projection_of(path).into(),
        }
    }
}

/// φ(i,j) of one module, basis and comparison.
#[derive(Debug, Clone)]
pub struct Grid {
    /// The module.
    pub module: ModuleName,
    /// Whose directions.
    pub basis: Basis,
    /// Name of the first adapter, `base` or `random`.
    pub first: String,
    /// Name of the second.
    pub second: String,
    /// Dimension of the space around.
    pub dimension: usize,
    /// Cell [i−1, j−1]; `None` beyond a numerical rank.
    pub cells: Array2<Option<f64>>,
}

impl Grid {
    /// Grids of rows as written, in the order of their first rows; cells without a row are `None`.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] for a basis that there is not, and for a chance that no dimension gives.
    pub fn from_rows(rows: &[OverlapRow]) -> Result<Vec<Self>> {
        let mut grids: Vec<Vec<&OverlapRow>> = Vec::new();
        for row in rows {
            let is_of = |grid: &&mut Vec<&OverlapRow>| {
                let one = grid[0];
                (&one.module, &one.basis) == (&row.module, &row.basis)
                    && (&one.first, &one.second) == (&row.first, &row.second)
            };
            // Rows of one grid follow each other, so that it is the last one as a rule.
            match grids.iter_mut().rev().find(is_of) {
                Some(grid) => grid.push(row),
                None => grids.push(vec![row]),
            }
        }
        grids.iter().map(|rows| Grid::of(rows)).collect()
    }

    fn of(rows: &[&OverlapRow]) -> Result<Self> {
        let (one, largest) = (rows[0], |of: fn(&OverlapRow) -> usize| {
            rows.iter().map(|row| of(row)).max().unwrap_or(0)
        });
        let dimension = (one.i.max(one.j) as f64 / one.chance).round();
        let is_sound =
            (1.0..1e12).contains(&dimension) && rows.iter().all(|row| row.i.min(row.j) > 0);
        let failed = |problem: String| Error::Table {
            what: format!("overlap rows of `{}`", one.module),
            problem,
            remedy: "write them with this program, or as METHODS.md has them",
        };
        if !is_sound {
            let problem = format!("φ({},{}) with chance {}", one.i, one.j, one.chance);
            return Err(failed(problem));
        }
        let mut cells = Array2::from_elem((largest(|row| row.i), largest(|row| row.j)), None);
        for row in rows {
            cells[(row.i - 1, row.j - 1)] = row.overlap;
        }
        Ok(Grid {
            module: ModuleName {
                path: one.module.clone(),
                layer: one.layer,
                projection: one.projection.clone(),
            },
            basis: one
                .basis
                .parse()
                .map_err(|_| failed(format!("basis `{}`", one.basis)))?,
            first: one.first.clone(),
            second: one.second.clone(),
            dimension: dimension as usize,
            cells,
        })
    }

    /// The grid as tidy rows, j running fastest.
    pub fn rows(&self) -> impl Iterator<Item = OverlapRow> + '_ {
        self.tidy_cells().map(|cell| OverlapRow {
            module: self.module.path.clone(),
            layer: self.module.layer,
            projection: self.module.projection.clone(),
            basis: self.basis.name().into(),
            first: self.first.clone(),
            second: self.second.clone(),
            i: cell.i,
            j: cell.j,
            overlap: cell.overlap,
            chance: cell.chance,
            z: cell.z,
        })
    }

    /// What all of its rows say.
    pub fn names(&self) -> OverlapNames<'_> {
        OverlapNames {
            module: &self.module.path,
            layer: self.module.layer,
            projection: &self.module.projection,
            basis: self.basis.name(),
            first: &self.first,
            second: &self.second,
        }
    }

    /// What each of its rows says beside the names, j running fastest.
    pub fn tidy_cells(&self) -> impl Iterator<Item = OverlapCell> + '_ {
        self.cells.indexed_iter().map(|((i, j), &overlap)| {
            let (i, j) = (i + 1, j + 1);
            OverlapCell {
                i,
                j,
                overlap,
                chance: overlap_chance(i, j, self.dimension),
                z: overlap.and_then(|phi| overlap_z(phi, i, j, self.dimension)),
            }
        })
    }

    /// `MODULE__BASIS__FIRST__SECOND`, its name in `overlap.npz`.
    pub fn key(&self) -> String {
        format!(
            "{}__{}__{}__{}",
            self.module.path, self.basis, self.first, self.second
        )
    }
}

/// How sure W's leading directions of a module are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Certificate {
    /// Full path of the module.
    pub module: String,
    /// How many leading directions this speaks of.
    pub directions: usize,
    /// Bound on sin θ between them and the true ones; `None` where no gap bounds it.
    pub sin_theta_bound: Option<f64>,
    /// `certified`: no singular value can have been missed; or `estimated`.
    pub proof: &'static str,
    /// How they were found.
    pub method: String,
}

/// What a run, or one module of it, measured.
#[derive(Debug, Clone, Default)]
pub struct Results {
    /// Overlap grids.
    pub grids: Vec<Grid>,
    /// Rows of `amplification.csv`.
    pub amplification: Vec<AmplificationRow>,
    /// Rows of `spectrum.csv`.
    pub spectrum: Vec<SpectrumRow>,
    /// Rows of `ranks.csv`.
    pub ranks: Vec<RanksRow>,
    /// Rows of `evidence.csv` that need W, not adjusted for how many they are.
    pub evidence: Vec<EvidenceRow>,
    /// Valid but suspicious: modules that were not trained, ranks that are not full.
    pub warnings: Vec<String>,
    /// How sure W's directions are.
    pub certificates: Vec<Certificate>,
    /// Time spent reading and converting weights, summed over threads.
    pub reading: Duration,
}

impl Results {
    /// Adds what was measured next.
    pub fn append(&mut self, mut other: Results) {
        self.grids.append(&mut other.grids);
        self.amplification.append(&mut other.amplification);
        self.spectrum.append(&mut other.spectrum);
        self.ranks.append(&mut other.ranks);
        self.evidence.append(&mut other.evidence);
        self.warnings.append(&mut other.warnings);
        self.certificates.append(&mut other.certificates);
        self.reading += other.reading;
    }
}
