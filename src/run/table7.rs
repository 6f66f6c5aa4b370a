//! ‖UᵀWV‖ between directions of ΔW, of W and random ones.

use crate::error::Result;
use crate::linalg::{Leading, Rows, norm};
use crate::measure::amplification::{RandomProjection, amplification_factor, projected};
use crate::measure::chance::projected_norm_chance;
use crate::measure::{Basis, Directions};
use crate::results::Results;
use crate::table::{AmplificationRow, DrawRow};

use super::known::Known;
use super::module::{ModuleRun, Update};

/// What table 7 takes from W itself for one ΔW, whose own directions are not among it.
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

/// What W is between directions.
pub(super) struct Between<'a> {
    /// Of each ΔW of table 7.
    pub(super) projected: Vec<Projected<'a>>,
    /// ‖W‖_F.
    pub(super) base_norm: f64,
}

impl ModuleRun<'_> {
    /// W between the directions of each ΔW of table 7, and between random ones; `None` where no table 7
    /// is made. What is known of this W is not drawn again.
    pub(super) fn between(
        &self,
        w: &dyn Rows,
        known: Option<&Known>,
    ) -> Result<Option<Between<'_>>> {
        if !self.plan.makes.amplification {
            return Ok(None);
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
        let key = format!("{}/{}", self.measured.seed, self.module.path);
        let wanted: Vec<(usize, usize)> = amplified
            .iter()
            .zip(&ranks)
            .map(|(update, &rank)| (rank, self.wanted.draws(update.name, rank)))
            .collect();
        let drawn = known.and_then(|known| known.norms(&wanted, &key));
        let asked = if drawn.is_some() { &[][..] } else { &wanted };
        let seen = projected(w, &pairs, asked, &key)?;
        let random = drawn.unwrap_or_else(|| {
            if let Some(known) = known {
                known.keep_norms(&wanted, &key, &seen.random);
            }
            seen.random
        });
        let mut norms = seen.norms.into_iter();
        let rows = amplified.into_iter().zip(ranks).zip(&frames);
        let projected = rows
            .zip(random)
            .map(|(((update, rank), frame), drawn)| Projected {
                update,
                rank,
                learned: frame.as_ref().and_then(|_| norms.next()),
                random: RandomProjection::of(&drawn[..self.measured.draws.min(drawn.len())]),
                norms: drawn,
            })
            .collect();
        Ok(Some(Between {
            projected,
            base_norm: seen.base_norm,
        }))
    }

    /// Rows of table 7 and draws for findings.
    pub(super) fn table_7(
        &self,
        between: Option<Between>,
        base_norm: f64,
        own: Option<&Leading>,
        results: &mut Results,
    ) {
        let projected = between.map_or(Vec::new(), |between| between.projected);
        results.draws.extend(self.draws(&projected));
        for projected in &projected {
            let rows = self.rows_of(base_norm, own, projected);
            results.amplification.extend(rows);
        }
    }

    /// The draws that findings take: of each rank once, under the first adapter that has it.
    fn draws(&self, projected: &[Projected]) -> Vec<DrawRow> {
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

    /// One adapter's rows: directions of ΔW, of W where they are asked for, and random.
    fn rows_of(
        &self,
        base_norm: f64,
        own: Option<&Leading>,
        projected: &Projected,
    ) -> impl Iterator<Item = AmplificationRow> {
        let &Projected {
            update,
            rank,
            learned,
            random,
            ..
        } = projected;
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
        let of_own = |own: &Leading| row("base", Some(norm(own.sigma.iter().take(rank))), None);
        let of_random = AmplificationRow {
            projected_norm_sd: random.and_then(|random| random.standard_deviation),
            draws: Some(self.measured.draws),
            ..row(
                "random",
                random.map(|random| random.root_mean_square),
                factor(chance),
            )
        };
        let of_delta = row("delta", learned, learned.and_then(factor));
        let own = own.map(of_own).into_iter();
        [of_delta].into_iter().chain(own).chain([of_random])
    }
}
