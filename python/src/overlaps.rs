//! φ of two adapters, module by module.

use ndarray::Array2;
use numpy::{IntoPyArray, PyArray2};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;

use lora_subspace::figure::{Options, Palette};
use lora_subspace::measure::Basis;
use lora_subspace::paper::Venue;
use lora_subspace::results::Grid;
use lora_subspace::table::OverlapRow;

use crate::figure::{Asked, Figure};
use crate::work::brief;

/// What a pair of adapters shares in each module, and what figures of it need.
#[pyclass(frozen, module = "lora_subspace._native")]
pub(crate) struct Grids {
    /// Those of the pair, and of random directions beside it.
    pub(crate) grids: Vec<Grid>,
    #[pyo3(get)]
    pub(crate) first: String,
    #[pyo3(get)]
    pub(crate) second: String,
    pub(crate) basis: Basis,
    pub(crate) layer: Option<usize>,
    pub(crate) layers: Vec<Option<usize>>,
    pub(crate) projections: Vec<String>,
    pub(crate) within: String,
}

type Matrix<'py> = Bound<'py, PyArray2<f64>>;

impl Grids {
    fn of_pair(&self) -> impl Iterator<Item = &Grid> {
        let is_of_pair = |grid: &&Grid| grid.first == self.first && grid.second == self.second;
        self.grids.iter().filter(is_of_pair)
    }

    fn rows(&self) -> Vec<OverlapRow> {
        self.grids.iter().flat_map(Grid::rows).collect()
    }
}

#[pymethods]
impl Grids {
    #[getter]
    fn basis(&self) -> &'static str {
        self.basis.name()
    }

    /// The modules that both adapters have, in their order.
    #[getter]
    fn modules(&self) -> Vec<&str> {
        self.of_pair()
            .map(|grid| grid.module.path.as_str())
            .collect()
    }

    /// φ, its chance level and z of a module, each i × j, and d; NaN beyond a numerical rank.
    #[allow(clippy::type_complexity)]
    fn get<'py>(
        &self,
        py: Python<'py>,
        module: &str,
    ) -> PyResult<(Matrix<'py>, Matrix<'py>, Matrix<'py>, usize)> {
        let found = self.of_pair().find(|grid| grid.module.path == module);
        let grid = found.ok_or_else(|| PyKeyError::new_err(module.to_string()))?;
        let mut parts = [0; 3].map(|_| Array2::from_elem(grid.cells.dim(), f64::NAN));
        for cell in grid.tidy_cells() {
            let place = (cell.i - grid.first_i, cell.j - 1);
            let values = [cell.overlap, Some(cell.chance), cell.z];
            for (part, value) in parts.iter_mut().zip(values) {
                part[place] = value.unwrap_or(f64::NAN);
            }
        }
        let [values, chance, z] = parts.map(|part| part.into_pyarray(py));
        Ok((values, chance, z, grid.dimension))
    }

    /// One of figures 3, 4, 6 and 7 of the pair.
    #[allow(clippy::too_many_arguments)]
    fn figure(
        &self,
        py: Python<'_>,
        number: u8,
        layers: Option<Vec<usize>>,
        projections: Option<Vec<String>>,
        venue: &str,
        palette: &str,
        range: Option<(f64, f64)>,
    ) -> PyResult<Figure> {
        brief(py, || {
            let layers: Option<Vec<Option<usize>>> =
                layers.map(|layers| layers.into_iter().map(Some).collect());
            let first = layers.as_ref().and_then(|layers| layers.first().copied());
            let asked = Asked {
                number,
                layer: first.unwrap_or(self.layer),
                layers: layers.unwrap_or_else(|| self.layers.clone()),
                projections: projections.unwrap_or_else(|| self.projections.clone()),
                options: Options {
                    palette: palette.parse::<Palette>()?,
                    range,
                    ..Options::default()
                },
                venue: venue.parse::<Venue>()?,
            };
            let names = [self.first.as_str(), self.second.as_str()];
            Figure::of(&self.rows(), names, (self.basis, &self.within), asked)
        })
    }
}
