//! What a run gives: rows and grids, in the plan's order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::measure::Basis;
use crate::measure::chance::{overlap_chance, overlap_z};
use crate::table::{
    AmplificationRow, DrawRow, InterferenceRow, Limit, OverlapCell, OverlapNames, OverlapRow,
    PlacementRow, RanksRow, SharedRow, SpectrumRow, TrajectoryRow,
};

mod many;
mod matrix;
mod module_name;

pub use many::{ManyModule, OnBasis};
pub use module_name::ModuleName;

/// φ(i,j) of one module, basis and comparison.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// The i of the first row: 1 but of published grids that begin later.
    pub first_i: usize,
    /// Whether it was measured. Published cells are known to a few digits, which may be many standard
    /// deviations of random subspaces: these have no z.
    pub is_measured: bool,
    /// How many pairs of runs it is the mean of; 1 for a pair.
    pub pairs: usize,
    /// Whether it is of a group, as one of its pairs or as their mean.
    pub is_of_group: bool,
    /// Cell [i−first_i, j−1]; `None` beyond a numerical rank.
    #[serde(with = "matrix")]
    pub cells: Array2<Option<f64>>,
    /// The places [i−first_i, j−1] of published cells that are bounds, and on which side their values
    /// are.
    pub limits: BTreeMap<[usize; 2], Limit>,
}

impl Grid {
    /// The mean over the pairs of a group, of one module and basis, under the group's labels; `None`
    /// of no grid. A cell has a value where every pair has one.
    pub fn mean_of(grids: &[&Grid], [first, second]: [&str; 2]) -> Option<Grid> {
        let model = *grids.first()?;
        let sizes = grids.iter().map(|grid| grid.cells.dim());
        let size = sizes.fold((0, 0), |most, (i, j)| (most.0.max(i), most.1.max(j)));
        let mean = |place: (usize, usize)| {
            let cells = grids.iter().map(|grid| {
                grid.cells.get(place)?;
                grid.value(place.into())
            });
            let cells: Option<Vec<f64>> = cells.collect();
            cells.map(|cells| cells.iter().sum::<f64>() / cells.len() as f64)
        };
        Some(Grid {
            first: first.into(),
            second: second.into(),
            pairs: grids.len(),
            is_of_group: true,
            cells: Array2::from_shape_fn(size, mean),
            limits: BTreeMap::new(),
            ..model.clone()
        })
    }

    /// A cell's value, where it is known and no bound.
    pub fn value(&self, place: [usize; 2]) -> Option<f64> {
        self.cells[place].filter(|_| !self.limits.contains_key(&place))
    }

    /// The grid as tidy rows, j running fastest.
    pub fn rows(&self) -> impl Iterator<Item = OverlapRow> + '_ {
        self.tidy_cells().map(|cell| OverlapRow {
            module: self.module.path.clone(),
            component: self.module.component.clone(),
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
            limit: cell.limit.map_or("", Limit::name).into(),
        })
    }

    /// What all of its rows say.
    pub fn names(&self) -> OverlapNames<'_> {
        OverlapNames {
            module: &self.module.path,
            component: &self.module.component,
            layer: self.module.layer,
            projection: &self.module.projection,
            basis: self.basis.name(),
            first: &self.first,
            second: &self.second,
        }
    }

    /// What each of its rows says beside the names, j running fastest.
    ///
    /// z of a mean over n pairs is that of one φ times √n. Var(Σφ) needs no more than that pairs are
    /// uncorrelated, and pairs of independent Haar frames are independent two by two, also where they
    /// share a frame: given A, φ(A,B) has one distribution whatever A is, so that φ(A,B) and φ(A,C)
    /// depend on nothing in common.
    pub fn tidy_cells(&self) -> impl Iterator<Item = OverlapCell> + '_ {
        let of_mean = (self.pairs as f64).sqrt();
        self.cells.indexed_iter().map(move |((i, j), &overlap)| {
            let limit = self.limits.get(&[i, j]).copied();
            let (i, j) = (i + self.first_i, j + 1);
            let measured = overlap.filter(|_| self.is_measured);
            OverlapCell {
                i,
                j,
                overlap,
                chance: overlap_chance(i, j, self.dimension),
                z: measured
                    .and_then(|phi| overlap_z(phi, i, j, self.dimension))
                    .map(|z| z * of_mean),
                limit,
            }
        })
    }

    /// The rows of φ(k,k) alone.
    pub fn diagonal_cells(&self) -> impl Iterator<Item = OverlapCell> + '_ {
        self.tidy_cells().filter(|cell| cell.i == cell.j)
    }

    /// The values from (1, 1) on, as `overlap.npz` has them: none for a bound.
    pub fn whole(&self) -> Cow<'_, Array2<Option<f64>>> {
        if self.first_i <= 1 && self.limits.is_empty() {
            return Cow::Borrowed(&self.cells);
        }
        let (rows, columns) = self.cells.dim();
        let before = self.first_i.saturating_sub(1);
        let cell = |(i, j): (usize, usize)| self.value([i.checked_sub(before)?, j]);
        Cow::Owned(Array2::from_shape_fn((before + rows, columns), cell))
    }

    /// `MODULE__BASIS__FIRST__SECOND`, its name in `overlap.npz`.
    pub fn key(&self) -> String {
        grid_key(&self.module.path, self.basis, &self.first, &self.second)
    }
}

/// `MODULE__BASIS__FIRST__SECOND`, a grid's name in `overlap.npz`.
pub fn grid_key(module: &str, basis: Basis, first: &str, second: &str) -> String {
    format!("{module}__{basis}__{first}__{second}")
}

/// Leading directions of one run's update in one module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Frame {
    /// The module.
    pub module: ModuleName,
    /// The run.
    pub adapter: String,
    /// Whose directions.
    pub basis: Basis,
    /// Orthonormal, one a column.
    #[serde(with = "matrix")]
    pub directions: Array2<f64>,
}

/// How sure the leading directions of a matrix are that was searched for them: W of a module, or a ΔW
/// without factors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Full path of the module.
    pub module: String,
    /// The adapter whose ΔW it is, or `base`.
    pub matrix: String,
    /// How many leading directions this speaks of.
    pub directions: usize,
    /// Bound on sin θ between them and the true ones; `None` where no gap bounds it.
    pub sin_theta_bound: Option<f64>,
    /// `certified`: no singular value can have been missed; or `estimated`.
    pub proof: Cow<'static, str>,
    /// How they were found.
    pub method: String,
}

/// What a run, or one module of it, measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Results {
    /// Overlap grids.
    pub grids: Vec<Grid>,
    /// Rows of `amplification.csv`.
    pub amplification: Vec<AmplificationRow>,
    /// Rows of `spectrum.csv`.
    pub spectrum: Vec<SpectrumRow>,
    /// Rows of `ranks.csv`.
    pub ranks: Vec<RanksRow>,
    /// Rows of `placement.csv`.
    pub placement: Vec<PlacementRow>,
    /// Rows of `trajectory.csv`.
    pub trajectory: Vec<TrajectoryRow>,
    /// What each two of many adapters share.
    pub many: Vec<ManyModule>,
    /// Rows of `shared.csv`.
    pub shared: Vec<SharedRow>,
    /// Rows of `interference.csv`.
    pub interference: Vec<InterferenceRow>,
    /// Rows of `draws.csv`.
    pub draws: Vec<DrawRow>,
    /// Leading directions of runs that are compared, which findings hold between layers.
    pub frames: Vec<Frame>,
    /// Valid but suspicious: modules that were not trained, ranks that are not full.
    pub warnings: Vec<String>,
    /// How sure directions are that were searched for.
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
        self.placement.append(&mut other.placement);
        self.trajectory.append(&mut other.trajectory);
        self.many.append(&mut other.many);
        self.shared.append(&mut other.shared);
        self.interference.append(&mut other.interference);
        self.draws.append(&mut other.draws);
        self.frames.append(&mut other.frames);
        self.warnings.append(&mut other.warnings);
        self.certificates.append(&mut other.certificates);
        self.reading += other.reading;
    }
}
