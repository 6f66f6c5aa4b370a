//! ‖UᵀWV‖ between directions of ΔW, of W and random ones.

use ndarray::ArrayView2;

use crate::error::Result;
use crate::linalg::{Leading, norm};
use crate::measure::amplification::{
    RandomProjection, amplification_factor, projected_norms, random_norms,
};
use crate::measure::chance::projected_norm_chance;
use crate::measure::{Basis, Directions};
use crate::table::{AmplificationRow, DrawRow};

use super::module::{ModuleRun, Update};

/// What table 7 takes from W itself, whose own directions are not among it.
pub(super) struct Projected<'a> {
    update: &'a Update<'a>,
    /// Directions used in all three rows.
    rank: usize,
    /// ‖UᵀWV‖ for ΔW's directions; `None` where ΔW is zero.
    learned: Option<f64>,
    random: Option<RandomProjection>,
    /// ‖UᵀWV‖ of each draw.
    norms: Vec<f64>,
}

impl ModuleRun<'_> {
    /// W between the directions of each ΔW of table 7, and between random ones.
    pub(super) fn projected(&self, w: ArrayView2<f64>) -> Result<Vec<Projected<'_>>> {
        if !self.plan.makes.amplification {
            return Ok(Vec::new());
        }
        let is_asked = |update: &&Update| self.measured.amplified.contains(&update.adapter);
        let amplified: Vec<&Update> = self.updates.iter().filter(is_asked).collect();
        // Directions beyond ΔW's numerical rank are arbitrary, so all three rows use fewer.
        let used = |update: &&Update| match update.defined {
            // The rows of W and of random directions stand, as far as W has directions.
            0 => update.rank.min(self.shape.0).min(self.shape.1),
            rank => rank.min(update.rank),
        };
        let ranks: Vec<usize> = amplified.iter().map(used).collect();
        let directions = |update: &Update, basis, rank| {
            if update.defined == 0 {
                Ok(None)
            } else {
                Directions::of_delta(&update.delta, basis, rank).map(Some)
            }
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
        let key = format!("{}/{}", self.measured.seed, self.module.path);
        let wanted: Vec<(usize, usize)> = amplified
            .iter()
            .zip(&ranks)
            .map(|(update, &rank)| (rank, self.wanted.draws(update.name, rank)))
            .collect();
        let drawn = random_norms(w, &wanted, &key)?;
        let rows = amplified.into_iter().zip(ranks).zip(&frames).zip(drawn);
        Ok(rows
            .map(|(((update, rank), frame), drawn)| Projected {
                update,
                rank,
                learned: frame.as_ref().and_then(|_| norms.next()),
                random: RandomProjection::of(&drawn[..self.measured.draws.min(drawn.len())]),
                norms: drawn,
            })
            .collect())
    }

    /// The draws that findings take: of each rank once, under the first adapter that has it.
    pub(super) fn draws(&self, projected: &[Projected]) -> Vec<DrawRow> {
        let mut ranks = Vec::new();
        let mut rows = Vec::new();
        for one in projected {
            if !self.wanted.keeps_draws(one.update.name) || ranks.contains(&one.rank) {
                continue;
            }
            ranks.push(one.rank);
            let row = |(draw, &projected_norm)| DrawRow {
                module: self.module.path.clone(),
                component: self.module.component.clone(),
                adapter: one.update.name.into(),
                rank: one.rank,
                draw,
                projected_norm,
            };
            rows.extend(one.norms.iter().enumerate().map(row));
        }
        rows
    }

    /// One adapter's rows: directions of ΔW, of W and random.
    pub(super) fn three_rows(&self, own: &Leading, projected: &Projected) -> [AmplificationRow; 3] {
        let &Projected {
            update,
            rank,
            learned,
            random,
            ..
        } = projected;
        let base_norm = own.frobenius_norm;
        let delta_norm = update.norm;
        let chance = projected_norm_chance(base_norm, rank, self.shape);
        let row = |directions: &str, projected_norm, amplification| AmplificationRow {
            module: self.module.path.clone(),
            component: self.module.component.clone(),
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
                draws: Some(self.measured.draws),
                ..row(
                    "random",
                    random.map(|random| random.root_mean_square),
                    factor(chance),
                )
            },
        ]
    }
}
