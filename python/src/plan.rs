//! What is asked of adapters, as a plan.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;

use lora_subspace::adapter::ReadOptions;
use lora_subspace::cache::{Cache, LIMIT};
use lora_subspace::measure::Basis;
use lora_subspace::paper::RowOf;
use lora_subspace::publish::describe;
use lora_subspace::results::Results;
use lora_subspace::study::{Given, Makes, Plan, Request, Selection, Stop};
use lora_subspace::{CoreError, Result};

use crate::adapter::{Adapter, Held};
use crate::listener::Kept;
use crate::work::core;

/// What the package's functions have in common, as a dictionary of theirs.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Measuring {
    base: Option<PathBuf>,
    basis: Vec<String>,
    modules: Vec<String>,
    layers: Vec<usize>,
    rank: Option<usize>,
    draws: Option<usize>,
    directions: Vec<String>,
    seed: Option<u64>,
    whole: bool,
    strict: bool,
    memory: Option<u64>,
    cache: Option<PathBuf>,
}

impl Measuring {
    /// The request for some makes, which ends when `stop` is asked.
    pub(crate) fn request(&self, makes: Makes, stop: &Stop) -> Result<Request> {
        let mut request = Request::everything();
        request.makes = makes;
        request.stop = stop.clone();
        request.selection = Selection::new(&self.modules, &self.layers)?;
        let bases = self.basis.iter().map(|name| core(name.parse::<Basis>()));
        request.bases = bases.collect::<Result<_>>()?;
        request.rank = self.rank;
        request.draws = self.draws;
        let row = |name: &String| {
            let row = name.parse::<RowOf>();
            row.map_err(|problem| {
                CoreError::request("`directions=`", problem, "see help(amplification)")
            })
        };
        request.directions = self
            .directions
            .iter()
            .map(row)
            .collect::<std::result::Result<_, _>>()?;
        request.seed = self.seed;
        request.whole = self.whole;
        request.strict = self.strict;
        request.memory = self.memory;
        let cache = self.cache.as_ref();
        request.cache = cache.map_or(Cache::none(), |folder| Cache::new(folder, LIMIT));
        Ok(request)
    }
}

/// What the adapters hold, as work on another thread may have it.
pub(crate) fn held(adapters: &[PyRef<'_, Adapter>]) -> Vec<Arc<Held>> {
    adapters
        .iter()
        .map(|adapter| adapter.held.clone())
        .collect()
}

/// A plan of adapters, each as it was opened.
pub(crate) fn plan(
    adapters: &[Arc<Held>],
    measuring: &Measuring,
    makes: Makes,
    stop: &Stop,
) -> Result<Plan> {
    let mut request = measuring.request(makes, stop)?;
    request.read = options(adapters)?;
    let mut bases = adapters.iter().filter_map(|one| one.base.as_ref());
    let base = measuring.base.as_ref().or_else(|| bases.next());
    let given: Vec<Given> = adapters.iter().map(|one| one.given.clone()).collect();
    Plan::from_given(&given, base.map(PathBuf::as_path), &request)
}

/// How the adapters that have files were opened; it must be one way.
fn options(adapters: &[Arc<Held>]) -> Result<ReadOptions> {
    let mut of_files = adapters
        .iter()
        .filter(|one| matches!(one.given, Given::Path(_)));
    let Some(first) = of_files.next() else {
        return Ok(ReadOptions::new());
    };
    match of_files.any(|other| other.options != first.options) {
        false => Ok(first.options.clone()),
        true => Err(CoreError::request(
            "these adapters",
            "they were opened with different options",
            "open them with one alpha, scaled, allow_unmapped, initial and rename",
        )
        .into()),
    }
}

/// Measures a plan, and keeps what must be said of it.
pub(crate) fn measure(plan: &Plan, kept: &Kept) -> Result<Results> {
    describe(plan, kept);
    for warning in plan.measured().iter().flat_map(|one| &one.warnings) {
        kept.keep(warning);
    }
    let results = plan.run(&|| ())?;
    results
        .warnings
        .iter()
        .for_each(|warning| kept.keep(warning));
    Ok(results)
}
