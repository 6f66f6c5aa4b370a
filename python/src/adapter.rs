//! Adapters and their modules.

use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Array2;
use numpy::{IntoPyArray, PyArray2, PyReadonlyArray2};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;

use lora_subspace::adapter::{
    Adapter as Opened, BaseIndex, Delta, Factors, ReadOptions, Rename, layer_of, projection_of,
};
use lora_subspace::base::{Base, fused};
use lora_subspace::study::Given;
use lora_subspace::tensors::find_adapter;
use lora_subspace::{CoreError, Result};

use crate::work::{brief, core};

/// What an adapter is, and how it was opened.
pub(crate) struct Held {
    pub(crate) given: Given,
    pub(crate) options: ReadOptions,
    pub(crate) base: Option<PathBuf>,
    opened: Opened,
    w: Option<Base>,
}

/// An adapter that was opened: `adapter[path]` is one of its modules.
///
/// `lora_subspace.open`, `adapter` and `from_peft` make them.
#[pyclass(frozen, module = "lora_subspace")]
pub(crate) struct Adapter {
    pub(crate) held: Arc<Held>,
}

/// One module of an adapter: ΔW = scale·B·A.
#[pyclass(frozen, module = "lora_subspace")]
pub(crate) struct Module {
    held: Arc<Held>,
    /// The full path, without PEFT's wrappers.
    #[pyo3(get)]
    path: String,
    /// r; None where ΔW has no factors.
    #[pyo3(get)]
    rank: Option<usize>,
    /// s of ΔW = s·B·A.
    #[pyo3(get)]
    scale: f64,
    /// (d_out, d_in)
    #[pyo3(get)]
    shape: (usize, usize),
}

type Matrix<'py> = Bound<'py, PyArray2<f64>>;

/// A module's path, B, A and the scale.
type Taken<'py> = (
    String,
    PyReadonlyArray2<'py, f64>,
    PyReadonlyArray2<'py, f64>,
    f64,
);

impl Held {
    fn open(
        path: PathBuf,
        options: ReadOptions,
        base: Option<PathBuf>,
        whole: bool,
    ) -> Result<Self> {
        let found = core(find_adapter(&path))?;
        let w = base.as_deref().map(|base| core(Base::open(base)));
        let w = w.transpose()?;
        let index = w.as_ref().map(|w| w as &dyn BaseIndex);
        let mut opened = core(Opened::open_on(&found, &options, index))?;
        if !whole {
            opened.split(&|module| fused::slices(module, w.as_ref()));
        }
        Ok(Held {
            given: Given::Path(path),
            options,
            base,
            opened,
            w,
        })
    }

    fn of_factors(name: String, factors: Vec<Factors>) -> Result<Self> {
        Ok(Held {
            opened: core(Opened::of_factors(&name, &factors, None))?,
            given: Given::Factors { name, factors },
            options: ReadOptions::new(),
            base: None,
            w: None,
        })
    }

    fn delta(&self, path: &str) -> std::result::Result<Delta, CoreError> {
        let module = self.opened.module(path);
        let w = match (module, &self.w) {
            (Some(module), Some(w)) if module.needs_base() => Some(w.whole(module)?),
            _ => None,
        };
        // Only the matrix is asked for, and no direction of it.
        self.opened
            .delta_with(path, w.as_ref().map(|w| w.view()), 1)
    }
}

#[pymethods]
impl Adapter {
    /// Opens a folder or weight file, or an id in the local Hugging Face cache.
    #[staticmethod]
    #[pyo3(signature = (path, base, alpha, scaled, allow_unmapped, initial, rename, whole))]
    #[allow(clippy::too_many_arguments)]
    fn open(
        py: Python<'_>,
        path: PathBuf,
        base: Option<PathBuf>,
        alpha: Option<f64>,
        scaled: bool,
        allow_unmapped: bool,
        initial: Option<PathBuf>,
        rename: Vec<String>,
        whole: bool,
    ) -> PyResult<Self> {
        let held = brief(py, || {
            let mut options = ReadOptions::new();
            options.alpha = alpha;
            options.scaled = scaled;
            options.allow_unmapped = allow_unmapped;
            options.initial = initial;
            let renames = rename.iter().map(|text| core(text.parse::<Rename>()));
            options.renames = renames.collect::<Result<_>>()?;
            Held::open(path, options, base, whole)
        })?;
        Ok(Adapter { held: held.into() })
    }

    /// An adapter of factors: the module, B, A and the scale of each.
    #[staticmethod]
    fn of_factors(py: Python<'_>, name: String, factors: Vec<Taken<'_>>) -> PyResult<Self> {
        let taken = |(module, b, a, scale): Taken<'_>| Factors {
            module,
            b: b.as_array().to_shared(),
            a: a.as_array().to_shared(),
            scale,
        };
        let factors: Vec<Factors> = factors.into_iter().map(taken).collect();
        let held = brief(py, || Held::of_factors(name, factors))?;
        Ok(Adapter { held: held.into() })
    }

    /// The folder or file as it was found; of factors in memory their name.
    #[getter]
    fn path(&self) -> PathBuf {
        self.held.opened.path().to_path_buf()
    }

    /// What it is, in a few words: `PEFT LoRA`.
    #[getter]
    fn layout(&self) -> &'static str {
        self.held.opened.layout
    }

    /// The model that its config names.
    #[getter]
    fn base(&self) -> Option<&str> {
        self.held.opened.base_name.as_deref()
    }

    /// How the scale s was found, in words.
    #[getter]
    fn scale_rule(&self) -> &str {
        &self.held.opened.scale_rule
    }

    /// What a reader of results must know.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.held.opened.notes.clone()
    }

    /// The largest rank of its modules.
    #[getter]
    fn rank(&self) -> usize {
        self.held.opened.rank()
    }

    /// Full paths of its modules, in natural order.
    #[getter]
    fn modules(&self) -> Vec<&str> {
        let modules = self.held.opened.modules.iter();
        modules.map(|module| module.path.as_str()).collect()
    }

    fn __len__(&self) -> usize {
        self.held.opened.modules.len()
    }

    fn __contains__(&self, path: &str) -> bool {
        self.held.opened.module(path).is_some()
    }

    fn __iter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Ok(slf.getattr("modules")?.try_iter()?.into_any())
    }

    fn __getitem__(&self, path: String) -> PyResult<Module> {
        let found = self.held.opened.module(&path);
        let module = found.ok_or_else(|| PyKeyError::new_err(path.clone()))?;
        Ok(Module {
            rank: module.rank,
            scale: module.scale,
            shape: (module.d_out, module.d_in),
            held: self.held.clone(),
            path,
        })
    }

    fn __repr__(&self) -> String {
        let opened = &self.held.opened;
        let (path, modules) = (opened.path().display(), opened.modules.len());
        let (layout, rank) = (opened.layout, opened.rank_in_words());
        format!("<lora_subspace.Adapter {path}: {layout}, {modules} modules, rank {rank}>")
    }
}

#[pymethods]
impl Module {
    /// Block number, from 0; None where the path has none.
    #[getter]
    fn layer(&self) -> Option<usize> {
        layer_of(&self.path)
    }

    /// Last name of the path.
    #[getter]
    fn projection(&self) -> &str {
        projection_of(&self.path)
    }

    /// B (d_out × r) and A (r × d_in), float64, read anew; None where ΔW has no factors.
    #[getter]
    fn factors<'py>(&self, py: Python<'py>) -> PyResult<Option<(Matrix<'py>, Matrix<'py>)>> {
        let factors = brief(py, || {
            let delta = core(self.held.delta(&self.path))?;
            let owned = |(b, a): (ndarray::ArrayView2<f64>, ndarray::ArrayView2<f64>)| {
                (standard(b.to_owned()), standard(a.to_owned()))
            };
            Ok(delta.factors().map(owned))
        })?;
        Ok(factors.map(|(b, a)| (b.into_pyarray(py), a.into_pyarray(py))))
    }

    /// ΔW = scale·B·A as d_out × d_in, float64. Nothing that is measured needs it.
    fn delta<'py>(&self, py: Python<'py>) -> PyResult<Matrix<'py>> {
        let delta = brief(py, || Ok(core(self.held.delta(&self.path))?.dense()))?;
        Ok(standard(delta).into_pyarray(py))
    }

    fn __repr__(&self) -> String {
        let (d_out, d_in) = self.shape;
        let rank = self
            .rank
            .map_or(String::new(), |rank| format!(", rank {rank}"));
        format!(
            "<lora_subspace.Module {}: {d_out} × {d_in}{rank}, scale {}>",
            self.path, self.scale
        )
    }
}

/// Row by row, as NumPy's users expect it.
fn standard(matrix: Array2<f64>) -> Array2<f64> {
    match matrix.is_standard_layout() {
        true => matrix,
        false => matrix.as_standard_layout().into_owned(),
    }
}
