//! What is measured on adapters.

use pyo3::prelude::*;

use lora_subspace::Result;
use lora_subspace::findings::{Evidence, findings as verdicts};
use lora_subspace::measure::Basis;
use lora_subspace::results::Results;
use lora_subspace::study::{Makes, Plan, Stop};

use crate::adapter::Adapter;
use crate::listener::Kept;
use crate::overlaps::Grids;
use crate::plan::{Measuring, held, measure, plan};
use crate::table::Columns;
use crate::work::long;

/// φ of two adapters on one basis.
#[pyfunction]
pub(crate) fn overlap(
    py: Python<'_>,
    first: PyRef<'_, Adapter>,
    second: PyRef<'_, Adapter>,
    measuring: Measuring,
) -> PyResult<Grids> {
    let makes = Makes {
        overlap: true,
        ..Makes::default()
    };
    measured(py, vec![first, second], &measuring, makes, grids)
}

/// Table 7 of adapters, one row for each module and kind of directions.
#[pyfunction]
pub(crate) fn amplification(
    py: Python<'_>,
    adapters: Vec<PyRef<'_, Adapter>>,
    measuring: Measuring,
) -> PyResult<Columns> {
    measured(py, adapters, &measuring, AMPLIFIED, |_, results| {
        Columns::of("amplification.csv", &results.amplification)
    })
}

/// Singular values of each ΔW, and of W where a base is given.
#[pyfunction]
pub(crate) fn spectrum(
    py: Python<'_>,
    adapters: Vec<PyRef<'_, Adapter>>,
    measuring: Measuring,
) -> PyResult<Columns> {
    measured(py, adapters, &measuring, AMPLIFIED, |_, results| {
        Columns::of("spectrum.csv", &results.spectrum)
    })
}

/// Norms and ranks of each ΔW, and of W where a base is given.
#[pyfunction]
pub(crate) fn ranks(
    py: Python<'_>,
    adapters: Vec<PyRef<'_, Adapter>>,
    measuring: Measuring,
) -> PyResult<Columns> {
    measured(py, adapters, &measuring, AMPLIFIED, |_, results| {
        Columns::of("ranks.csv", &results.ranks)
    })
}

/// Verdicts on the paper's claims.
#[pyfunction]
pub(crate) fn findings(
    py: Python<'_>,
    adapters: Vec<PyRef<'_, Adapter>>,
    measuring: Measuring,
) -> PyResult<Columns> {
    measured(py, adapters, &measuring, Makes::ALL, |plan, results| {
        let mut evidence = Evidence::of_plan(plan);
        evidence.take(&results);
        let tables = evidence.finish(&results.amplification)?;
        Columns::of("findings.csv", &verdicts(&tables))
    })
}

/// What `amplification` makes.
const AMPLIFIED: Makes = Makes {
    overlap: false,
    amplification: true,
    findings: false,
};

/// Plans, measures, and makes what is wanted of the results.
fn measured<T: Send>(
    py: Python<'_>,
    adapters: Vec<PyRef<'_, Adapter>>,
    measuring: &Measuring,
    makes: Makes,
    make: impl FnOnce(&Plan, Results) -> Result<T> + Send,
) -> PyResult<T> {
    let (stop, kept, held) = (Stop::default(), Kept::default(), held(&adapters));
    let made = long(py, &stop, || {
        let plan = plan(&held, measuring, makes, &stop)?;
        let results = measure(&plan, &kept)?;
        make(&plan, results)
    })?;
    kept.warn(py)?;
    Ok(made)
}

/// The pair's grids, and what figures of them need.
fn grids(plan: &Plan, results: Results) -> Result<Grids> {
    let name = |place: usize| {
        plan.adapters()
            .get(place)
            .map_or("", |one| one.name.as_str())
    };
    let figures = &plan.figures;
    Ok(Grids {
        grids: results.grids,
        first: name(0).into(),
        second: name(1).into(),
        basis: plan.bases.first().copied().unwrap_or(Basis::A),
        layer: figures.layer,
        layers: figures.layers.clone(),
        projections: figures.projections.clone(),
        within: figures.within.clone(),
    })
}
