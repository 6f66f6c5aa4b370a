//! What a run gives: rows and grids, in the plan's order.

use ndarray::Array2;

use crate::adapter::{layer_of, projection_of};
use crate::measure::Basis;
use crate::measure::chance::{overlap_chance, overlap_z};
use crate::table::{AmplificationRow, OverlapRow, RanksRow, SpectrumRow};

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
    /// The grid as tidy rows, j running fastest.
    pub fn rows(&self) -> impl Iterator<Item = OverlapRow> + '_ {
        self.cells.indexed_iter().map(|((i, j), &overlap)| {
            let (i, j) = (i + 1, j + 1);
            OverlapRow {
                module: self.module.path.clone(),
                layer: self.module.layer,
                projection: self.module.projection.clone(),
                basis: self.basis.name().into(),
                first: self.first.clone(),
                second: self.second.clone(),
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

/// Everything that a run measured.
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
    /// Valid but suspicious: modules that were not trained, ranks that are not full.
    pub warnings: Vec<String>,
}

impl Results {
    pub(super) fn append(&mut self, mut other: Results) {
        self.grids.append(&mut other.grids);
        self.amplification.append(&mut other.amplification);
        self.spectrum.append(&mut other.spectrum);
        self.ranks.append(&mut other.ranks);
        self.warnings.append(&mut other.warnings);
    }
}
