//! All measures of one module: read its factors and its W once, decompose each once.

use ndarray::{Array2, s};

use crate::adapter::{AdaptedModule, Delta};
use crate::error::Result;
use crate::linalg::{Svd, frobenius_norm, haar, numerical_rank, svd};
use crate::measure::amplification::{
    RandomProjection, amplification_factor, projected_norm, random_projections,
};
use crate::measure::chance::projected_norm_chance;
use crate::measure::overlap::overlap_grid;
use crate::measure::spectrum::{Certified, certify, ranks};
use crate::measure::{Basis, Directions};
use crate::table::{AmplificationRow, RanksRow, SpectrumRow};

use super::plan::{Comparison, Operand, Plan};
use super::results::{Grid, ModuleName, Results};

/// Figure 8 holds this many directions of ΔW against W's.
const DIRECTIONS_AGAINST_BASE: usize = 4;

/// An adapter's ΔW of this module.
struct Update<'a> {
    adapter: usize,
    name: &'a str,
    delta: Delta,
    svd: Svd,
    /// Directions used.
    rank: usize,
}

/// W of this module.
struct Weight {
    matrix: Array2<f64>,
    svd: Svd,
}

struct ModuleRun<'a> {
    plan: &'a Plan,
    module: ModuleName,
    shape: (usize, usize),
    updates: Vec<Update<'a>>,
    weight: Option<Weight>,
}

/// Measures one module of a plan.
pub(super) fn measure(plan: &Plan, path: &str) -> Result<Results> {
    let mut updates = Vec::new();
    let mut described: Option<(&AdaptedModule, bool)> = None;
    for (adapter, named) in plan.adapters.iter().enumerate() {
        let Some(module) = named.adapter.module(path) else {
            continue;
        };
        described.get_or_insert((module, named.adapter.fan_in_fan_out));
        let delta = named.adapter.delta(path)?;
        let rank = plan.rank.unwrap_or(module.rank);
        updates.push(Update {
            adapter,
            name: &named.name,
            svd: delta.svd()?,
            delta,
            rank,
        });
    }
    let Some((module, fan_in_fan_out)) = described else {
        return Ok(Results::default());
    };
    let weight = match &plan.base {
        None => None,
        Some(base) => {
            let matrix = base.weight(module, fan_in_fan_out)?;
            Some(Weight {
                svd: svd(matrix.view())?,
                matrix,
            })
        }
    };
    let shape = (module.d_out, module.d_in);
    let run = ModuleRun {
        plan,
        module: ModuleName::new(path),
        shape,
        updates,
        weight,
    };
    let mut results = Results {
        warnings: run.warnings(),
        ..Results::default()
    };
    run.spectra(&mut results);
    if plan.overlap {
        run.overlaps(&mut results)?;
    }
    if plan.amplification {
        run.amplification(&mut results)?;
    }
    Ok(results)
}

impl ModuleRun<'_> {
    fn warnings(&self) -> Vec<String> {
        let describe = |update: &Update| {
            let (name, module) = (update.name, &self.module.path);
            let rank = numerical_rank(&update.svd.sigma, self.shape);
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

    fn overlaps(&self, results: &mut Results) -> Result<()> {
        for &basis in &self.plan.bases {
            let directions = self
                .updates
                .iter()
                .map(|update| Directions::of_delta(&update.delta, &update.svd, basis, update.rank))
                .collect::<Result<Vec<_>>>()?;
            for &comparison in &self.plan.comparisons {
                let sides = self.sides(comparison, basis, &directions)?;
                let Some((first, second)) = sides else {
                    continue;
                };
                results.grids.push(Grid {
                    module: self.module.clone(),
                    basis,
                    first: self.plan.operand_name(comparison.first).into(),
                    second: self.plan.operand_name(comparison.second).into(),
                    dimension: basis.side().dimension(self.shape),
                    cells: overlap_grid(&first, &second)?,
                });
            }
        }
        Ok(())
    }

    /// The directions on both sides of a comparison; `None` when an adapter lacks this module.
    fn sides(
        &self,
        comparison: Comparison,
        basis: Basis,
        directions: &[Directions],
    ) -> Result<Option<(Directions, Directions)>> {
        let of_adapter = |place: usize| {
            self.updates
                .iter()
                .position(|update| update.adapter == place)
                .map(|position| &directions[position])
        };
        let against_base = DIRECTIONS_AGAINST_BASE.min(self.plan.rank.unwrap_or(usize::MAX));
        let d = basis.side().dimension(self.shape);
        Ok(match (comparison.first, comparison.second) {
            (Operand::Adapter(one), Operand::Adapter(other)) => {
                of_adapter(one).cloned().zip(of_adapter(other).cloned())
            }
            (Operand::Base, Operand::Adapter(adapter)) => {
                let second = of_adapter(adapter).map(|directions| directions.leading(against_base));
                self.base_directions(basis)?.zip(second.transpose()?)
            }
            (Operand::Base, _) => match self.base_directions(basis)? {
                Some(first) => Some((first, self.random(basis, "second", against_base.min(d))?)),
                None => None,
            },
            (_, Operand::Adapter(adapter)) => match of_adapter(adapter) {
                Some(second) => {
                    Some((self.random(basis, "first", second.asked())?, second.clone()))
                }
                None => None,
            },
            _ => None,
        })
    }

    /// W's top ⌈d/10⌉ singular vectors of the basis's side.
    fn base_directions(&self, basis: Basis) -> Result<Option<Directions>> {
        let Some(weight) = &self.weight else {
            return Ok(None);
        };
        let side = basis.side();
        let vectors = match side {
            crate::measure::Side::Left => &weight.svd.u,
            crate::measure::Side::Right => &weight.svd.v,
        };
        let asked = side.dimension(self.shape).div_ceil(10);
        Directions::of_singular_vectors(vectors, &weight.svd.sigma, self.shape, asked).map(Some)
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

    fn amplification(&self, results: &mut Results) -> Result<()> {
        let Some(weight) = &self.weight else {
            return Ok(());
        };
        let is_asked = |update: &&Update| self.plan.amplified.contains(&update.adapter);
        let amplified: Vec<&Update> = self.updates.iter().filter(is_asked).collect();
        // Directions beyond ΔW's numerical rank are arbitrary, so all three rows use fewer.
        let used: Vec<usize> = amplified
            .iter()
            .map(
                |update| match numerical_rank(&update.svd.sigma, self.shape) {
                    // The rows of W and of random directions stand, as far as W has directions.
                    0 => update.rank.min(self.shape.0).min(self.shape.1),
                    rank => rank.min(update.rank),
                },
            )
            .collect();
        let key = format!("{}/{}", self.plan.seed, self.module.path);
        let random = random_projections(weight.matrix.view(), &used, self.plan.draws, &key)?;
        for ((update, &rank), random) in amplified.iter().zip(&used).zip(random) {
            results
                .amplification
                .extend(self.three_rows(weight, update, rank, random));
        }
        Ok(())
    }

    /// One adapter's rows: directions of ΔW, of W and random.
    fn three_rows(
        &self,
        weight: &Weight,
        update: &Update,
        rank: usize,
        random: Option<RandomProjection>,
    ) -> [AmplificationRow; 3] {
        let w = weight.matrix.view();
        let base_norm = frobenius_norm(w);
        let delta_norm = norm(update.svd.sigma.iter());
        let chance = projected_norm_chance(base_norm, rank, self.shape);
        let (u, v) = (
            update.svd.u.slice(s![.., ..rank]),
            update.svd.v.slice(s![.., ..rank]),
        );
        let learned = (!update.delta.is_zero()).then(|| projected_norm(w, u, v));
        let own = norm(weight.svd.sigma.iter().take(rank));
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
            row("base", Some(own), None),
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

    /// Singular values of each ΔW and of W, with certificates, and their ranks.
    fn spectra(&self, results: &mut Results) {
        for update in &self.updates {
            let Svd { u, sigma, v } = &update.svd;
            let right = update.delta.apply(v.view()) - u * sigma;
            let left = update.delta.apply_transposed(u.view()) - v * sigma;
            self.push_spectrum(results, update.name, certify(sigma, &right, &left));
            self.push_ranks(results, update.name, &update.svd);
        }
        let Some(weight) = &self.weight else { return };
        // As many of W's as any row of the other tables uses.
        let tenth = self.shape.0.max(self.shape.1).div_ceil(10);
        let widest = self
            .updates
            .iter()
            .map(|update| update.rank)
            .max()
            .unwrap_or(0);
        let count = tenth.max(widest).min(weight.svd.sigma.len());
        let sigma = weight.svd.sigma.slice(s![..count]);
        let (u, v) = (
            weight.svd.u.slice(s![.., ..count]),
            weight.svd.v.slice(s![.., ..count]),
        );
        let right = weight.matrix.dot(&v) - &u * &sigma;
        let left = weight.matrix.t().dot(&u) - &v * &sigma;
        self.push_spectrum(results, "base", certify(&weight.svd.sigma, &right, &left));
        self.push_ranks(results, "base", &weight.svd);
    }

    fn push_spectrum(&self, results: &mut Results, matrix: &str, spectrum: Vec<Certified>) {
        results
            .spectrum
            .extend(
                spectrum
                    .into_iter()
                    .enumerate()
                    .map(|(place, certified)| SpectrumRow {
                        module: self.module.path.clone(),
                        layer: self.module.layer,
                        projection: self.module.projection.clone(),
                        matrix: matrix.into(),
                        index: place + 1,
                        sigma: certified.sigma,
                        residual: certified.residual,
                        gap: certified.gap,
                        sin_theta_bound: certified.sin_theta_bound,
                    }),
            );
    }

    fn push_ranks(&self, results: &mut Results, matrix: &str, svd: &Svd) {
        let ranks = ranks(&svd.sigma, self.shape);
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

/// √Σσ².
fn norm<'a>(sigma: impl Iterator<Item = &'a f64>) -> f64 {
    sigma.map(|x| x * x).sum::<f64>().sqrt()
}
