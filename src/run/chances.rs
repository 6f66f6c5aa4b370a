//! What ranks are by chance, drawn once for all modules and adapters of one shape and rank.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::Delta;
use crate::error::Result;
use crate::measure::chance::stable_rank_chance;
use crate::measure::random_ranks::{RandomRanks, Spread, random_ranks};
use crate::study::{Measured, Plan};

/// d_out, d_in and r.
type Sizes = (usize, usize, usize);

/// Chance values of ranks by shape and r.
pub(super) struct RankChances {
    products: BTreeMap<Sizes, RandomRanks>,
}

/// Chance values of one ΔW's ranks, as far as there are any.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RankChance {
    pub(super) stable: Option<f64>,
    pub(super) stable_sd: Option<f64>,
    pub(super) effective: Option<Spread>,
    pub(super) energy_90: Option<Spread>,
}

impl RankChances {
    /// Draws for every product of some modules; none where a plan makes no ranks.
    pub(super) fn of(plan: &Plan, measured: &Measured, modules: &[String]) -> Result<Self> {
        let mut sizes: BTreeSet<Sizes> = BTreeSet::new();
        let paths = modules.iter().filter(|_| plan.makes.amplification);
        for path in paths {
            let modules = measured.adapters.iter();
            let modules = modules.filter_map(|named| named.adapter.module(path));
            let of_products = modules.filter_map(|one| Some((one.d_out, one.d_in, one.rank?)));
            sizes.extend(of_products);
        }
        let drawn = sizes.into_iter().map(|(d_out, d_in, r)| {
            let random = random_ranks((d_out, d_in), r, measured.seed)?;
            Ok(((d_out, d_in, r), random))
        });
        Ok(RankChances {
            products: drawn.collect::<Result<_>>()?,
        })
    }

    /// Chance values of a ΔW: those of B·A with normal factors where it has factors, else those of a
    /// normal matrix.
    pub(super) fn of_delta(&self, delta: &Delta) -> RankChance {
        let shape = delta.shape();
        if delta.factors().is_none() {
            return of_matrix(shape);
        }
        match self.products.get(&(shape.0, shape.1, delta.rank())) {
            Some(random) => RankChance {
                stable: Some(random.stable.mean),
                stable_sd: Some(random.stable.sd),
                effective: Some(random.effective),
                energy_90: Some(random.energy_90),
            },
            None => RankChance::default(),
        }
    }
}

/// Chance values of a matrix without factors.
pub(super) fn of_matrix(shape: (usize, usize)) -> RankChance {
    RankChance {
        stable: Some(stable_rank_chance(shape)),
        ..RankChance::default()
    }
}
