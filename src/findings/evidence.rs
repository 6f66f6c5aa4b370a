//! What each module says of each claim, beside what chance says.

use crate::error::Result;
use crate::results::{Frame, Results};
use crate::study::Plan;
use crate::table::{AmplificationRow, DrawRow, EvidenceRow, LayerRow, PlacementRow};

use super::against_base::{AgainstBase, Norms};
use super::claimed::Claimed;
use super::compared::Compared;
use super::follows::Labelled;
use super::layers;
use super::low_rank::LowRank;
use super::runs::SharedByRuns;
use super::steps;

/// Evidence on its way: a few cells of each grid, and what else claims need, kept while modules are
/// measured.
pub struct Evidence {
    ranks: Option<SharedByRuns>,
    seeds: Option<SharedByRuns>,
    seed: u64,
    claimed: Option<Claimed>,
    frames: Vec<Frame>,
    draws: Vec<DrawRow>,
    placement: Vec<PlacementRow>,
    low_rank: Option<LowRank>,
    /// Of the courses of runs, and the runs whose step numbers are not known.
    courses: Vec<EvidenceRow>,
    unknown: Vec<String>,
    /// Runs with tasks and seeds, and what was found of them.
    labelled: Option<Labelled>,
    followed: Vec<EvidenceRow>,
}

/// The tables that verdicts come from.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct EvidenceTables {
    /// `evidence.csv`
    pub evidence: Vec<EvidenceRow>,
    /// `draws.csv`
    pub draws: Vec<DrawRow>,
    /// `layers.csv`
    pub layers: Vec<LayerRow>,
}

impl EvidenceTables {
    /// Of rows as they were read.
    pub fn new(evidence: Vec<EvidenceRow>, draws: Vec<DrawRow>, layers: Vec<LayerRow>) -> Self {
        EvidenceTables {
            evidence,
            draws,
            layers,
        }
    }
}

impl Evidence {
    /// No evidence yet, for runs of two ranks and runs of one rank that differ in the seed. `seed` is
    /// that of random draws.
    pub fn new(ranks: Option<Compared>, seeds: Option<Compared>, seed: u64) -> Self {
        Evidence {
            ranks: ranks.map(SharedByRuns::new),
            seeds: seeds.map(SharedByRuns::new),
            seed,
            claimed: None,
            frames: Vec::new(),
            draws: Vec::new(),
            placement: Vec::new(),
            low_rank: None,
            courses: Vec::new(),
            unknown: Vec::new(),
            labelled: None,
            followed: Vec::new(),
        }
    }

    /// For the runs of a plan.
    pub fn of_plan(plan: &Plan) -> Self {
        let figures = &plan.figures;
        let of = |pairs: &Option<_>| {
            let pairs = pairs.as_ref();
            pairs.map(|pairs| Compared::of_plan(plan, pairs))
        };
        // Rows draw as seed 0 does.
        let seed = plan.measured().map_or(0, |measured| measured.seed);
        let claimed = plan
            .measured()
            .map(|measured| Claimed::of_plan(plan, measured));
        let largest = claimed.as_ref().and_then(|claimed| claimed.largest.clone());
        Evidence {
            unknown: plan.counted(),
            labelled: Labelled::of_plan(plan),
            low_rank: plan
                .measured()
                .and_then(|measured| LowRank::of_plan(plan, measured, largest)),
            claimed,
            ..Evidence::new(of(&figures.ranks), of(&figures.seeds), seed)
        }
    }

    /// Notes what is needed of a module's results.
    pub fn take(&mut self, results: &Results) {
        for grid in &results.grids {
            for runs in self.ranks.iter_mut().chain(&mut self.seeds) {
                runs.take(grid);
            }
        }
        self.frames.extend_from_slice(&results.frames);
        self.draws.extend_from_slice(&results.draws);
        self.placement.extend_from_slice(&results.placement);
        if let Some(low_rank) = &mut self.low_rank {
            low_rank.take(&results.ranks);
        }
        if let Some(labelled) = &self.labelled {
            let modules = results.many.iter();
            self.followed
                .extend(modules.flat_map(|module| labelled.evidence(module)));
        }
        let courses = steps::evidence(&results.trajectory, &self.unknown);
        self.courses.extend(courses);
    }

    /// All rows of `evidence.csv`, claim by claim, with those of `amplification.csv`; and the rows that
    /// verdicts take beside them.
    ///
    /// # Errors
    ///
    /// None that evidence of this crate's results can cause.
    pub fn finish(self, amplification: &[AmplificationRow]) -> Result<EvidenceTables> {
        let mut rows = Vec::new();
        let mut between = Vec::new();
        if let Some(ranks) = &self.ranks {
            rows.extend(ranks.of_ranks(self.seed)?);
            rows.extend(ranks.of_others(self.seed)?);
        }
        if let Some(seeds) = &self.seeds {
            rows.extend(seeds.of_seeds(self.seed)?);
            between = layers::between(seeds.compared(), &self.frames)?;
            rows.extend(layers::evidence(seeds.compared(), &between));
            rows.extend(seeds.of_query_and_value());
        }
        let claimed = self
            .claimed
            .unwrap_or_else(|| Claimed::of_rows(amplification));
        let against_base = AgainstBase {
            amplification,
            draws: Norms::of(&self.draws),
            placement: &self.placement,
            claimed: &claimed,
        };
        rows.extend(against_base.correlates());
        rows.extend(against_base.new_directions());
        rows.extend(against_base.factors());
        let of_seeds = self.seeds.as_ref().map(SharedByRuns::of_both_factors);
        let of_ranks = || self.ranks.as_ref().map(SharedByRuns::of_both_factors);
        let both = of_seeds.filter(|rows| !rows.is_empty()).or_else(of_ranks);
        rows.extend(both.unwrap_or_default());
        rows.extend(self.courses);
        if let Some(low_rank) = &self.low_rank {
            rows.extend(low_rank.evidence(self.seed)?);
        }
        rows.extend(self.followed);
        Ok(EvidenceTables {
            evidence: rows,
            draws: self.draws,
            layers: between,
        })
    }
}
