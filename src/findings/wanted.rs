//! What findings need of a module while it is measured.

use std::collections::BTreeSet;

use crate::study::{AdapterId, Measured, Plan};

use super::claimed::Claimed;
use super::claims::LEADING;

/// Draws of which the mean logarithm is known well enough at rank 80 and above.
const FEWEST: usize = 20;
/// More draws than these take long and tell little.
const MOST: usize = 1_600;
/// Draws times r²: a logarithm's spread falls as 1/r.
const SPREAD: usize = 6_400;
const F64: u64 = 8;
/// Bytes of a row of `draws.csv`, in memory and as it is written.
const DRAW: u64 = 300;

/// What is kept of each module for the claims of a plan.
pub(crate) struct Wanted {
    claimed: Option<Claimed>,
    /// Runs whose leading directions are kept for `seeds-layers`.
    framed: Vec<AdapterId>,
    draws: usize,
}

impl Wanted {
    pub(crate) fn of(plan: &Plan, measured: &Measured) -> Self {
        let made = plan.makes.findings;
        let seeds = plan
            .figures
            .seeds
            .as_ref()
            .filter(|_| made && plan.makes.overlap);
        Wanted {
            claimed: made.then(|| Claimed::of_plan(plan, measured)),
            framed: seeds.map(|pairs| pairs.runs()).unwrap_or_default(),
            draws: measured.draws,
        }
    }

    /// Whether a run's [`LEADING`] directions are kept.
    pub(crate) fn keeps_frame(&self, run: AdapterId) -> bool {
        self.framed.contains(&run)
    }

    /// How many random draws an adapter's rank takes: max(draws, 20, min(1600, ⌈6400/r²⌉)) where a
    /// claim speaks of it, else as many as table 7 shows.
    pub(crate) fn draws(&self, adapter: &str, rank: usize) -> usize {
        if self.keeps_draws(adapter) {
            let enough = SPREAD.div_ceil((rank * rank).max(1)).min(MOST);
            self.draws.max(FEWEST).max(enough)
        } else {
            self.draws
        }
    }

    /// Whether the norms of an adapter's draws are kept.
    pub(crate) fn keeps_draws(&self, adapter: &str) -> bool {
        let claimed = self.claimed.as_ref();
        claimed.is_some_and(|claimed| claimed.draws(adapter))
    }
}

/// Bytes that are kept of all modules until the findings are made: frames of the runs of `seeds`, and
/// random draws, as far as somebody asks for more than findings take in any case.
pub(crate) fn kept_bytes(plan: &Plan, measured: &Measured) -> u64 {
    let wanted = Wanted::of(plan, measured);
    frames(plan, measured, &wanted) + draws(plan, measured, &wanted)
}

/// Rows of `draws.csv`: of each module and rank that claims speak of.
fn draws(plan: &Plan, measured: &Measured, wanted: &Wanted) -> u64 {
    if measured.base.is_none() || !plan.makes.amplification {
        return 0;
    }
    let runs = measured.with_ids();
    let kept = runs.filter(|(_, named)| wanted.keeps_draws(&named.name));
    let ranks: BTreeSet<usize> = kept.map(|(id, _)| measured.used_rank(id)).collect();
    let more = measured.draws.saturating_sub(MOST);
    (more * ranks.len() * plan.modules.len()) as u64 * DRAW
}

fn frames(plan: &Plan, measured: &Measured, wanted: &Wanted) -> u64 {
    let Some(basis) = plan.bases.first() else {
        return 0;
    };
    let runs = wanted.framed.iter();
    let of_run = |run: &AdapterId| {
        let modules = plan.modules.iter();
        let found = modules.filter_map(|path| measured.adapter(*run).adapter.module(path));
        found
            .map(|module| {
                let d = basis.side().dimension((module.d_out, module.d_in));
                F64 * (d * LEADING) as u64
            })
            .sum::<u64>()
    };
    runs.map(of_run).sum()
}
