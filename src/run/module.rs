//! All measures of one module: read its factors and its W once, decompose each once.

use std::path::Path;
use std::time::{Duration, Instant};

use ndarray::Array2;

use crate::adapter::{AdaptedModule, Delta, NORMS};
use crate::asked::Asked;
use crate::error::{CoreError, Error, Result};
use crate::findings::Wanted;
use crate::linalg::{Rows, SMALL_SIDE};
use crate::measure::Basis;
use crate::paper::TENTH;
use crate::results::{ModuleName, Results};
use crate::study::{AdapterId, Measured, Operand, Plan};

use super::chances::RankChances;
use super::known::Known;
use super::many_chances::ManyChances;
use super::placed::{placed, searches};

/// An adapter's ΔW of this module.
pub(super) struct Update<'a> {
    pub(super) adapter: AdapterId,
    pub(super) name: &'a str,
    pub(super) delta: Delta,
    /// ‖ΔW‖_F.
    pub(super) norm: f64,
    /// Directions used.
    pub(super) rank: usize,
    /// How many directions stand above rounding; none of a ΔW that is zero.
    pub(super) defined: usize,
}

/// What all modules have in common.
pub(super) struct Beside {
    pub(super) wanted: Wanted,
    pub(super) chances: RankChances,
    pub(super) many: ManyChances,
}

pub(super) struct ModuleRun<'a> {
    pub(super) plan: &'a Plan,
    pub(super) measured: &'a Measured,
    /// What findings need.
    pub(super) wanted: &'a Wanted,
    pub(super) chances: &'a RankChances,
    pub(super) many_chances: &'a ManyChances,
    pub(super) module: ModuleName,
    pub(super) shape: (usize, usize),
    pub(super) updates: Vec<Update<'a>>,
}

/// Measures one module of a plan.
pub(super) fn measure(
    (plan, measured): (&Plan, &Measured),
    beside: &Beside,
    path: &str,
) -> Result<Results> {
    let Some(module) = measured.module(path) else {
        return Ok(Results::default());
    };
    let results = measured_module((plan, measured), beside, module);
    results.map_err(|error| named(error, &module.path))
}

/// An error of a routine, which knows numbers alone, with the module that it was given.
fn named(error: Error, path: &str) -> Error {
    match error {
        Error::Core(CoreError::Numerical {
            routine,
            problem,
            remedy,
        }) => CoreError::Numerical {
            routine: format!("module `{path}`: {routine}"),
            problem,
            remedy,
        }
        .into(),
        other => other,
    }
}

/// That a matrix is zero, or has a norm that can be measured.
fn check_norm(norm: f64, path: &str, of: impl FnOnce() -> String) -> Result<()> {
    if norm == 0.0 || NORMS.contains(&norm) {
        return Ok(());
    }
    Err(Error::request(
        of(),
        format!(
            "its ‖·‖_F is {norm:.3e}, and norms from {:e} to {:e} are measured",
            NORMS.start(),
            NORMS.end()
        ),
        format!(
            "no trained weight is as large or small: look at it, or leave it out with {} '!{path}'",
            Asked::Modules
        ),
    ))
}

fn measured_module(
    (plan, measured): (&Plan, &Measured),
    beside: &Beside,
    module: &AdaptedModule,
) -> Result<Results> {
    let path = module.path.as_str();
    let mut reading = Duration::ZERO;
    let whole = timed(&mut reading, || whole(measured, module))?;
    let run = ModuleRun {
        plan,
        measured,
        wanted: &beside.wanted,
        chances: &beside.chances,
        many_chances: &beside.many,
        module: plan.module_name(path),
        shape: (module.d_out, module.d_in),
        updates: updates(measured, path, whole.as_ref(), &mut reading)?,
    };
    let mut results = Results {
        warnings: run.warnings(),
        ..Results::default()
    };
    run.spectra(&mut results)?;
    run.many(&mut results)?;
    let w = whole.as_ref().map(|whole| whole.view());
    run.trajectories(w, (&mut reading, &mut results))?;
    match (&measured.base, whole) {
        (None, _) => run.overlaps(None, &mut results)?,
        (Some(base), whole) if searches(plan, measured) => {
            let w = timed(&mut reading, || match whole {
                Some(whole) => Ok(module.rows_of(whole)),
                None => base.weight(module),
            })?;
            run.against_base(w, &mut results)?;
        }
        (Some(_), Some(whole)) => {
            let w = module.rows_of(whole);
            run.between_directions(&w.view(), &mut results)?;
        }
        (Some(base), None) => {
            let rows = base.rows(module)?;
            run.between_directions(&rows, &mut results)?;
            reading += rows.reading();
        }
    }
    results.reading = reading;
    Ok(results)
}

/// Adds the time that a step takes.
pub(super) fn timed<T>(sum: &mut Duration, step: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let value = step();
    *sum += started.elapsed();
    value
}

/// All of W, where some ΔW is a difference from it and is formed with it; others do not wait for it.
fn whole(measured: &Measured, module: &AdaptedModule) -> Result<Option<Array2<f64>>> {
    match &measured.base {
        Some(base) if measured.needs_base(&module.path) => Ok(Some(base.whole(module)?)),
        _ => Ok(None),
    }
}

/// Each adapter's ΔW of a module, decomposed.
fn updates<'a>(
    measured: &'a Measured,
    path: &str,
    whole: Option<&Array2<f64>>,
    reading: &mut Duration,
) -> Result<Vec<Update<'a>>> {
    let mut updates = Vec::new();
    for (adapter, named) in measured.with_ids() {
        let Some(module) = named.adapter.module(path) else {
            continue;
        };
        let rank = measured.directions(named, module);
        let w = whole.map(|whole| whole.view());
        let delta = timed(reading, || named.adapter.delta_with(path, w, rank))?;
        let norm = delta.frobenius_norm()?;
        check_norm(norm, path, || {
            let file = named.adapter.weights().display();
            format!("{file}: ΔW of module `{path}`")
        })?;
        updates.push(Update {
            adapter,
            name: &named.name,
            defined: delta.numerical_rank()?,
            norm,
            delta,
            rank,
        });
    }
    Ok(updates)
}

impl ModuleRun<'_> {
    /// All that takes W: its spectrum, overlaps with it, table 7 and evidence.
    fn against_base(&self, w: Array2<f64>, results: &mut Results) -> Result<()> {
        let known = Known::of(&self.plan.cache, w.view());
        // What needs no direction of W does not wait for them.
        let (own, between) = rayon::join(
            || known.leading(w.view(), self.directions_searched()),
            || self.between(&w.view(), Some(&known)),
        );
        drop(w);
        let (own, between) = (own?, between?);
        self.check_base_norm(own.frobenius_norm)?;
        self.base_spectrum(&own, results)?;
        self.overlaps(Some(&own), results)?;
        self.placements(&own, results)?;
        let asked = Some(&own).filter(|_| self.measured.with_own_directions);
        self.table_7(between, own.frobenius_norm, asked, results);
        Ok(())
    }

    /// All that takes W but none of its own directions: table 7 without their row.
    fn between_directions(&self, w: &dyn Rows, results: &mut Results) -> Result<()> {
        let between = self.between(w, None)?;
        let base_norm = between.as_ref().map_or(0.0, |between| between.base_norm);
        self.check_base_norm(base_norm)?;
        self.relative_norms(base_norm, results);
        self.overlaps(None, results)?;
        self.table_7(between, base_norm, None, results);
        Ok(())
    }

    fn check_base_norm(&self, norm: f64) -> Result<()> {
        let path = self.module.path.as_str();
        check_norm(norm, path, || {
            let base = self.measured.base.as_ref();
            let file = base.map_or(Path::new(""), |base| base.path());
            format!("{}: W of module `{path}`", file.display())
        })
    }

    fn warnings(&self) -> Vec<String> {
        let describe = |update: &Update| {
            let (name, module) = (update.name, &self.module.path);
            let rank = update.defined;
            if rank == 0 {
                let zero = match update.delta.is_exactly_zero() {
                    true => "ΔW = 0",
                    false => "ΔW = 0 within rounding",
                };
                Some(format!(
                    "{name}: module `{module}` is untrained ({zero}): its cells are empty"
                ))
            } else if rank < update.rank {
                Some(format!(
                    "{name}: module `{module}` has numerical rank {rank} of {}: cells beyond it are empty",
                    update.rank
                ))
            } else {
                None
            }
        };
        self.updates.iter().filter_map(describe).collect()
    }

    /// How many of W's own directions the rows need. A small W is decomposed in full, whatever is
    /// asked, and always shows as many; a large one is searched for no more than that.
    pub(super) fn directions_of_base(&self) -> usize {
        let (d_out, d_in) = self.shape;
        let side = |basis: &Basis| basis.side().dimension(self.shape);
        let (small, compared) = (
            d_out.min(d_in) <= SMALL_SIDE,
            self.measured
                .comparisons
                .iter()
                .any(|c| c.first == Operand::Base),
        );
        let widest = match (small, self.plan.makes.overlap && compared) {
            (true, _) => d_out.max(d_in),
            (false, true) => self.plan.bases.iter().map(side).max().unwrap_or(0),
            (false, false) => 0,
        };
        let ranks = self.updates.iter().map(|update| update.rank);
        let used = ranks.max().unwrap_or(1);
        widest.div_ceil(TENTH).max(used).min(d_out).min(d_in)
    }

    /// How many of W's directions are kept: all of a small W where ΔW is placed among them.
    pub(super) fn directions_searched(&self) -> usize {
        let smaller = self.shape.0.min(self.shape.1);
        if smaller <= SMALL_SIDE && !placed(self.plan, self.measured).is_empty() {
            smaller
        } else {
            self.directions_of_base()
        }
    }
}
