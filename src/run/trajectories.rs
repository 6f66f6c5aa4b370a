//! The course of each run over its checkpoints, in one module.

use std::time::Duration;

use ndarray::ArrayView2;

use crate::error::Result;
use crate::measure::Basis;
use crate::measure::chance::overlap_chance;
use crate::measure::trajectory::{BASES, Checkpoint, MOST, Similarities, Trajectory};
use crate::results::Results;
use crate::table::TrajectoryRow;

use super::module::{ModuleRun, Update, timed};

/// A checkpoint on its way to rows: what it says of itself alone.
struct At<'a> {
    adapter: &'a str,
    step: u64,
    norm: f64,
    stable_rank: Option<f64>,
    /// In the order of [`BASES`].
    k: [usize; BASES.len()],
}

impl ModuleRun<'_> {
    /// Rows of every run whose checkpoints are known. Each checkpoint's factors are read here, and
    /// forgotten before the next one's; `w` is all of W, where ΔW takes it.
    pub(super) fn trajectories(
        &self,
        w: Option<ArrayView2<f64>>,
        (reading, results): (&mut Duration, &mut Results),
    ) -> Result<()> {
        if !self.plan.makes.overlap {
            return Ok(());
        }
        for update in &self.updates {
            let Some(steps) = &self.measured.adapter(update.adapter).steps else {
                continue;
            };
            let k = update.rank.min(MOST);
            let last = Checkpoint::of_delta(&update.delta, k)?;
            let mut run = Trajectory::to(last.clone(), steps.begins_at_start);
            for step in &steps.earlier {
                let path = &self.module.path;
                let delta = timed(reading, || step.adapter.delta_with(path, w, update.rank))?;
                let checkpoint = Checkpoint::of_delta(&delta, k)?;
                self.next(&mut run, (update, step.number), checkpoint, results)?;
            }
            self.next(&mut run, (update, steps.last), last, results)?;
        }
        Ok(())
    }

    /// The rows of the next checkpoint.
    fn next(
        &self,
        run: &mut Trajectory,
        (update, step): (&Update, u64),
        checkpoint: Checkpoint,
        results: &mut Results,
    ) -> Result<()> {
        let at = At {
            adapter: update.name,
            step,
            norm: checkpoint.norm,
            stable_rank: checkpoint.stable_rank,
            k: BASES.map(|basis| checkpoint.k(basis)),
        };
        let found = run.next(checkpoint)?;
        let rows = self.course_rows(&at, &found, run.has_start());
        results.trajectory.extend(rows);
        Ok(())
    }

    fn course_rows(&self, at: &At, found: &Similarities, has_start: bool) -> Vec<TrajectoryRow> {
        let bases = BASES.into_iter().zip(at.k);
        // Without its start A says no more than ΔW's right side.
        let told = bases.filter(|(basis, _)| *basis != Basis::A || has_start);
        let row = |(basis, k): (Basis, usize)| {
            let near = found.of(basis);
            TrajectoryRow {
                module: self.module.path.clone(),
                component: self.module.component.clone(),
                layer: self.module.layer,
                projection: self.module.projection.clone(),
                adapter: at.adapter.into(),
                step: at.step,
                basis: basis.name().into(),
                k,
                norm: at.norm,
                stable_rank: at.stable_rank,
                similarity_to_last: near.to_last,
                similarity_to_previous: near.to_previous,
                similarity_to_start: near.to_start,
                chance: overlap_chance(k, k, basis.side().dimension(self.shape)),
            }
        };
        told.map(row).collect()
    }
}
