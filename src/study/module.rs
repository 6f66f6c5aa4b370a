//! All measures of one module: read its factors and its W once, decompose each once.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use ndarray::{Array1, ArrayView2};

use crate::adapter::Delta;
use crate::error::Result;
use crate::linalg::{Leading, SMALL_SIDE, haar, leading, numerical_rank};
use crate::measure::amplification::{
    RandomProjection, amplification_factor, projected_norms, random_projections,
};
use crate::measure::chance::projected_norm_chance;
use crate::measure::overlap::overlap_grid;
use crate::measure::spectrum::{
    Certified, Ranks, certify_delta, certify_leading, ranks_of_delta, ranks_of_leading,
};
use crate::measure::{Basis, Directions, Side};
use crate::table::{AmplificationRow, EvidenceRow, RanksRow, SpectrumRow};

use super::findings::{correlates, correlating};
use super::plan::{Comparison, NamedAdapter, Operand, Plan};
use super::results::{Certificate, Grid, ModuleName, Results};

/// Figure 8 holds this many directions of ΔW against W's.
pub(super) const DIRECTIONS_AGAINST_BASE: usize = 4;
/// And one in so many of W's.
pub(super) const TENTH: usize = 10;

/// An adapter's ΔW of this module.
struct Update<'a> {
    adapter: usize,
    name: &'a str,
    delta: Delta,
    /// Singular values of ΔW that are known.
    sigma: Array1<f64>,
    /// ‖ΔW‖_F.
    norm: f64,
    /// Directions used.
    rank: usize,
}

/// What table 7 takes from W itself, whose own directions are not among it.
struct Projected<'a> {
    update: &'a Update<'a>,
    /// Directions used in all three rows.
    rank: usize,
    /// ‖UᵀWV‖ for ΔW's directions; `None` where ΔW is zero.
    learned: Option<f64>,
    random: Option<RandomProjection>,
}

struct ModuleRun<'a> {
    plan: &'a Plan,
    module: ModuleName,
    shape: (usize, usize),
    updates: Vec<Update<'a>>,
}

/// Measures one module of a plan.
pub(super) fn measure(plan: &Plan, path: &str) -> Result<Results> {
    let mut updates = Vec::new();
    let mut reading = Duration::ZERO;
    let has = |named: &'_ NamedAdapter| named.adapter.module(path).cloned();
    let Some(module) = plan.adapters.iter().find_map(has) else {
        return Ok(Results::default());
    };
    // A ΔW that is a difference from W is formed with it; others do not wait for it.
    let needs_base = |named: &NamedAdapter| has(named).is_some_and(|one| one.needs_base());
    let whole = match &plan.base {
        Some(base) if plan.adapters.iter().any(needs_base) => {
            let started = Instant::now();
            let whole = base.whole(&module)?;
            reading += started.elapsed();
            Some(whole)
        }
        _ => None,
    };
    for (adapter, named) in plan.adapters.iter().enumerate() {
        let Some(module) = named.adapter.module(path) else {
            continue;
        };
        let started = Instant::now();
        let rank = plan.directions(module);
        let w = whole.as_ref().map(|whole| whole.view());
        let delta = named.adapter.delta(path, w, rank)?;
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
    let Some(base) = &plan.base else {
        run.overlaps(None, &mut results)?;
        return Ok(results);
    };
    let started = Instant::now();
    let w = match whole {
        Some(whole) => module.rows_of(whole),
        None => base.weight(&module)?,
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
    fn directions_of_base(&self) -> usize {
        let (d_out, d_in) = self.shape;
        let side = |basis: &Basis| basis.side().dimension(self.shape);
        let (small, compared) = (
            d_out.min(d_in) <= SMALL_SIDE,
            self.plan
                .comparisons
                .iter()
                .any(|c| c.first == Operand::Base),
        );
        let widest = match (small, self.plan.overlap && compared) {
            (true, _) => d_out.max(d_in),
            (false, true) => self.plan.bases.iter().map(side).max().unwrap_or(0),
            (false, false) => 0,
        };
        let ranks = self.updates.iter().map(|update| update.rank);
        let used = ranks.max().unwrap_or(1);
        widest.div_ceil(TENTH).max(used).min(d_out).min(d_in)
    }

    fn overlaps(&self, own: Option<&Leading>, results: &mut Results) -> Result<()> {
        if !self.plan.overlap {
            return Ok(());
        }
        for &basis in &self.plan.bases {
            let directions = self
                .updates
                .iter()
                .map(|update| Directions::of_delta(&update.delta, basis, update.rank))
                .collect::<Result<Vec<_>>>()?;
            for &comparison in &self.plan.comparisons {
                let sides = self.sides(comparison, basis, &directions, own)?;
                let Some((first, second)) = sides else {
                    continue;
                };
                results.grids.push(Grid {
                    module: self.module.clone(),
                    basis,
                    first: self.plan.operand_name(comparison.first).into(),
                    second: self.plan.operand_name(comparison.second).into(),
                    dimension: basis.side().dimension(self.shape),
                    first_i: 1,
                    is_measured: true,
                    cells: overlap_grid(&first, &second)?,
                });
            }
        }
        Ok(())
    }

    /// The directions on both sides of a comparison; `None` when an adapter lacks this module.
    fn sides<'d>(
        &self,
        comparison: Comparison,
        basis: Basis,
        directions: &'d [Directions],
        own: Option<&Leading>,
    ) -> Result<Option<(Cow<'d, Directions>, Cow<'d, Directions>)>> {
        let of_adapter = |place: usize| {
            self.updates
                .iter()
                .position(|update| update.adapter == place)
                .map(|position| Cow::Borrowed(&directions[position]))
        };
        let random = |role, count| self.random(basis, role, count).map(Cow::Owned);
        let against_base = DIRECTIONS_AGAINST_BASE.min(self.plan.rank.unwrap_or(usize::MAX));
        let d = basis.side().dimension(self.shape);
        Ok(match (comparison.first, comparison.second) {
            (Operand::Adapter(one), Operand::Adapter(other)) => {
                of_adapter(one).zip(of_adapter(other))
            }
            (Operand::Base, Operand::Adapter(adapter)) => {
                let leading = |directions: Cow<Directions>| directions.leading(against_base);
                let second = of_adapter(adapter).map(leading).transpose()?;
                let first = self.base_directions(basis, own)?;
                first.map(Cow::Owned).zip(second.map(Cow::Owned))
            }
            (Operand::Base, _) => match self.base_directions(basis, own)? {
                Some(first) => Some((Cow::Owned(first), random("second", against_base.min(d))?)),
                None => None,
            },
            (_, Operand::Adapter(adapter)) => match of_adapter(adapter) {
                Some(second) => Some((random("first", second.asked())?, second)),
                None => None,
            },
            _ => None,
        })
    }

    /// W's top ⌈d/10⌉ singular vectors of the basis's side.
    fn base_directions(&self, basis: Basis, own: Option<&Leading>) -> Result<Option<Directions>> {
        let Some(own) = own else {
            return Ok(None);
        };
        let side = basis.side();
        let vectors = match side {
            Side::Left => &own.u,
            Side::Right => &own.v,
        };
        let asked = side.dimension(self.shape).div_ceil(TENTH);
        Directions::of_singular_vectors(vectors.clone(), &own.sigma, self.shape, asked).map(Some)
    }

    /// Haar-random directions from (seed, module, place in the pair, side).
    fn random(&self, basis: Basis, role: &str, count: usize) -> Result<Directions> {
        let side = basis.side();
        let key = format!(
            "{}/{}/{role}/{}",
            self.plan.seed,
            self.module.path,
            side.name()
        );
        Ok(Directions::defined(haar(
            side.dimension(self.shape),
            count,
            &key,
        )?))
    }

    /// W between the directions of each ΔW of table 7, and between random ones.
    fn projected(&self, w: ArrayView2<f64>) -> Result<Vec<Projected<'_>>> {
        if !self.plan.amplification {
            return Ok(Vec::new());
        }
        let is_asked = |update: &&Update| self.plan.amplified.contains(&update.adapter);
        let amplified: Vec<&Update> = self.updates.iter().filter(is_asked).collect();
        // Directions beyond ΔW's numerical rank are arbitrary, so all three rows use fewer.
        let used = |update: &&Update| match numerical_rank(&update.sigma, self.shape) {
            // The rows of W and of random directions stand, as far as W has directions.
            0 => update.rank.min(self.shape.0).min(self.shape.1),
            rank => rank.min(update.rank),
        };
        let ranks: Vec<usize> = amplified.iter().map(used).collect();
        let directions = |update: &Update, basis, rank| match update.delta.is_zero() {
            true => Ok(None),
            false => Directions::of_delta(&update.delta, basis, rank).map(Some),
        };
        let mut frames = Vec::new();
        for (update, &rank) in amplified.iter().zip(&ranks) {
            let left = directions(update, Basis::DeltaLeft, rank)?;
            frames.push(left.zip(directions(update, Basis::DeltaRight, rank)?));
        }
        let pairs: Vec<_> = frames
            .iter()
            .flatten()
            .map(|(u, v)| (u.subspace().basis(), v.subspace().basis()))
            .collect();
        let mut norms = projected_norms(w, &pairs).into_iter();
        let key = format!("{}/{}", self.plan.seed, self.module.path);
        let random = random_projections(w, &ranks, self.plan.draws, &key)?;
        let rows = amplified.into_iter().zip(ranks).zip(&frames).zip(random);
        Ok(rows
            .map(|(((update, rank), frame), random)| Projected {
                update,
                rank,
                learned: frame.as_ref().and_then(|_| norms.next()),
                random,
            })
            .collect())
    }

    /// How ΔW of the smallest rank correlates with W, where findings ask for it.
    fn evidence(&self, w: ArrayView2<f64>) -> Result<Option<EvidenceRow>> {
        let wanted = correlating(self.plan);
        let update = |update: &&Update| Some(update.adapter) == wanted;
        let update = self.updates.iter().find(update);
        let row =
            |update: &Update| correlates(self.plan, (&self.module, update.name), &update.delta, w);
        update.map(row).transpose()
    }

    /// One adapter's rows: directions of ΔW, of W and random.
    fn three_rows(&self, own: &Leading, projected: &Projected) -> [AmplificationRow; 3] {
        let &Projected {
            update,
            rank,
            learned,
            random,
        } = projected;
        let base_norm = own.frobenius_norm;
        let delta_norm = update.norm;
        let chance = projected_norm_chance(base_norm, rank, self.shape);
        let row = |directions: &str, projected_norm, amplification| AmplificationRow {
            module: self.module.path.clone(),
            layer: self.module.layer,
            projection: self.module.projection.clone(),
            adapter: update.name.into(),
            rank,
            directions: directions.into(),
            projected_norm,
            projected_norm_sd: None,
            draws: None,
            base_norm,
            delta_norm,
            amplification,
            chance_projected_norm: chance,
        };
        // A ΔW of zero amplifies nothing, learned or by chance.
        let factor = |over: f64| learned.and_then(|_| amplification_factor(delta_norm, over));
        [
            row("delta", learned, learned.and_then(factor)),
            row("base", Some(norm(own.sigma.iter().take(rank))), None),
            AmplificationRow {
                projected_norm_sd: random.and_then(|random| random.standard_deviation),
                draws: Some(self.plan.draws),
                ..row(
                    "random",
                    random.map(|random| random.root_mean_square),
                    factor(chance),
                )
            },
        ]
    }

    /// Singular values of each ΔW, with certificates, and its ranks.
    fn spectra(&self, results: &mut Results) -> Result<()> {
        for update in &self.updates {
            self.push_spectrum(results, update.name, certify_delta(&update.delta)?);
            self.push_ranks(results, update.name, ranks_of_delta(&update.delta)?);
        }
        Ok(())
    }

    /// As many of W's singular values as any row of the other tables uses.
    fn base_spectrum(&self, own: &Leading, results: &mut Results) {
        let mut spectrum = certify_leading(own);
        spectrum.truncate(self.directions_of_base());
        results.certificates.push(Certificate {
            module: self.module.path.clone(),
            directions: spectrum.len(),
            sin_theta_bound: worst(&spectrum),
            proof: own.proof.name(),
            method: own.method.to_string(),
        });
        self.push_spectrum(results, "base", spectrum);
        self.push_ranks(results, "base", ranks_of_leading(own));
    }

    fn push_spectrum(&self, results: &mut Results, matrix: &str, spectrum: Vec<Certified>) {
        let rows = (1..).zip(spectrum).map(|(index, certified)| SpectrumRow {
            module: self.module.path.clone(),
            layer: self.module.layer,
            projection: self.module.projection.clone(),
            matrix: matrix.into(),
            index,
            sigma: certified.sigma,
            residual: certified.residual,
            gap: certified.gap,
            sin_theta_bound: certified.sin_theta_bound,
        });
        results.spectrum.extend(rows);
    }

    fn push_ranks(&self, results: &mut Results, matrix: &str, ranks: Ranks) {
        results.ranks.push(RanksRow {
            module: self.module.path.clone(),
            layer: self.module.layer,
            projection: self.module.projection.clone(),
            matrix: matrix.into(),
            numerical_rank: ranks.numerical,
            stable_rank: ranks.stable,
            effective_rank: ranks.effective,
            energy_rank_90: ranks.energy_90,
            frobenius_norm: ranks.frobenius_norm,
            spectral_norm: ranks.spectral_norm,
        });
    }
}

/// The largest bound of the leading subspaces up to here; `None` where one is not determined.
fn worst(spectrum: &[Certified]) -> Option<f64> {
    let open = |certified: &&Certified| certified.gap.is_some();
    spectrum
        .iter()
        .filter(open)
        .try_fold(0.0f64, |worst, certified| {
            Some(worst.max(certified.sin_theta_bound?))
        })
}

/// √Σσ².
fn norm<'a>(sigma: impl Iterator<Item = &'a f64>) -> f64 {
    sigma.map(|x| x * x).sum::<f64>().sqrt()
}
