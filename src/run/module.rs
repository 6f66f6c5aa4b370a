//! All measures of one module: read its factors and its W once, decompose each once.

use std::time::{Duration, Instant};

use ndarray::{Array1, ArrayView2};

use crate::adapter::Delta;
use crate::error::Result;
use crate::findings::{correlates, correlating};
use crate::linalg::{SMALL_SIDE, leading, numerical_rank};
use crate::measure::Basis;
use crate::paper::TENTH;
use crate::results::{ModuleName, Results};
use crate::study::{AdapterId, Measured, NamedAdapter, Operand, Plan};
use crate::table::EvidenceRow;

/// An adapter's ΔW of this module.
pub(super) struct Update<'a> {
    pub(super) adapter: AdapterId,
    pub(super) name: &'a str,
    pub(super) delta: Delta,
    /// Singular values of ΔW that are known.
    pub(super) sigma: Array1<f64>,
    /// ‖ΔW‖_F.
    pub(super) norm: f64,
    /// Directions used.
    pub(super) rank: usize,
}

pub(super) struct ModuleRun<'a> {
    pub(super) plan: &'a Plan,
    pub(super) measured: &'a Measured,
    pub(super) module: ModuleName,
    pub(super) shape: (usize, usize),
    pub(super) updates: Vec<Update<'a>>,
}

/// Measures one module of a plan.
pub(super) fn measure(plan: &Plan, measured: &Measured, path: &str) -> Result<Results> {
    let mut updates = Vec::new();
    let mut reading = Duration::ZERO;
    let Some(module) = measured.module(path) else {
        return Ok(Results::default());
    };
    // A ΔW that is a difference from W is formed with it; others do not wait for it.
    let needs_base = |named: &NamedAdapter| {
        let module = named.adapter.module(path);
        module.is_some_and(|module| module.needs_base())
    };
    let whole = match &measured.base {
        Some(base) if measured.adapters.iter().any(needs_base) => {
            let started = Instant::now();
            let whole = base.whole(module)?;
            reading += started.elapsed();
            Some(whole)
        }
        _ => None,
    };
    for (adapter, named) in measured.with_ids() {
        let Some(module) = named.adapter.module(path) else {
            continue;
        };
        let started = Instant::now();
        let rank = measured.directions(module);
        let w = whole.as_ref().map(|whole| whole.view());
        let delta = named.adapter.delta_with(path, w, rank)?;
        reading += started.elapsed();
        updates.push(Update {
            adapter,
            name: &named.name,
            sigma: delta.sigma()?,
            norm: delta.frobenius_norm()?,
            delta,
            rank,
        });
    }
    let run = ModuleRun {
        plan,
        measured,
        module: ModuleName::new(path),
        shape: (module.d_out, module.d_in),
        updates,
    };
    let mut results = Results {
        warnings: run.warnings(),
        reading,
        ..Results::default()
    };
    run.spectra(&mut results)?;
    let Some(base) = &measured.base else {
        run.overlaps(None, &mut results)?;
        return Ok(results);
    };
    let started = Instant::now();
    let w = match whole {
        Some(whole) => module.rows_of(whole),
        None => base.weight(module)?,
    };
    results.reading += started.elapsed();
    // What needs no direction of W does not wait for them.
    let (own, (projected, evidence)) = rayon::join(
        || leading(w.view(), run.directions_of_base()),
        || (run.projected(w.view()), run.evidence(w.view())),
    );
    drop(w);
    let (own, projected) = (own?, projected?);
    results.evidence.extend(evidence?);
    if plan.makes.findings {
        let factors = projected.iter().map(|one| one.evidence(&run.module));
        results.evidence.extend(factors);
    }
    run.base_spectrum(&own, &mut results);
    run.overlaps(Some(&own), &mut results)?;
    for projected in &projected {
        let rows = run.three_rows(&own, projected);
        results.amplification.extend(rows);
    }
    Ok(results)
}

impl ModuleRun<'_> {
    fn warnings(&self) -> Vec<String> {
        let describe = |update: &Update| {
            let (name, module) = (update.name, &self.module.path);
            let rank = numerical_rank(&update.sigma, self.shape);
            if update.delta.is_zero() {
                Some(format!(
                    "{name}: module `{module}` is untrained (ΔW = 0): its cells are empty"
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

    /// How ΔW of the smallest rank correlates with W, where findings ask for it.
    fn evidence(&self, w: ArrayView2<f64>) -> Result<Option<EvidenceRow>> {
        let wanted = correlating(self.plan, self.measured);
        let update = |update: &&Update| Some(update.adapter) == wanted;
        let update = self.updates.iter().find(update);
        let row = |update: &Update| {
            correlates(
                (self.plan, self.measured),
                (&self.module, update.name),
                &update.delta,
                w,
            )
        };
        update.map(row).transpose()
    }
}
