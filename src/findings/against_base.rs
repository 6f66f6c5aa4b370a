//! What ΔW has to do with W: rows of `amplification.csv` and `placement.csv` beside chance.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::measure::amplification::{RandomProjection, amplification_factor};
use crate::measure::significance::{drawn_tail, typical_projection, upper_tail_bound};
use crate::paper::TENTH;
use crate::results::ModuleName;
use crate::table::{AmplificationRow, DrawRow, EvidenceRow, PlacementRow, together};

use super::claimed::{Claimed, Spoken};
use super::claims::{CORRELATES, Claim, FACTOR, NEW_DIRECTIONS};
use super::row::{adjusted, of_adapter};

/// The sides of `placement.csv`.
pub(super) const SIDES: [&str; 3] = ["out", "in", "both"];

/// The rows that claims about W take.
pub(super) struct AgainstBase<'a> {
    pub(super) amplification: &'a [AmplificationRow],
    pub(super) draws: Norms<'a>,
    pub(super) placement: &'a [PlacementRow],
    pub(super) claimed: &'a Claimed,
}

impl AgainstBase<'_> {
    /// ‖UᵀWV‖_F of the smallest rank's directions, beside the typical one of random directions.
    pub(super) fn correlates(&self) -> Vec<EvidenceRow> {
        let Some(spoken) = &self.claimed.smallest else {
            return Vec::new();
        };
        let row = |runs: Vec<&AmplificationRow>| {
            let first = runs[0];
            let drawn = self.draws.drawn(&first.module, first.rank);
            let value = typical_of(runs.iter().map(|row| row.projected_norm));
            Some(EvidenceRow {
                value,
                chance: Some(RandomProjection::of(drawn)?.geometric_mean),
                // Of several runs the mean has another law than one draw.
                p: value
                    .filter(|_| runs.len() == 1)
                    .map(|norm| drawn_tail(norm, drawn)),
                runs: runs.len(),
                ..of_amplification(&CORRELATES, (first, spoken), "‖UᵀWV‖_F")
            })
        };
        let modules = self.of(spoken).into_iter();
        modules.filter_map(row).collect()
    }

    /// The factors of the smallest and of the largest rank, beside the typical ones of random updates:
    /// by draws, else by the law of a W of independent numbers.
    pub(super) fn factors(&self) -> Vec<EvidenceRow> {
        let row = |(spoken, runs): (&Spoken, Vec<&AmplificationRow>)| {
            let first = runs[0];
            let drawn = RandomProjection::of(self.draws.drawn(&first.module, first.rank));
            let typical = drawn.map_or_else(
                || typical_projection(first.rank) * first.chance_projected_norm,
                |random| random.geometric_mean,
            );
            let norm = typical_of(runs.iter().map(|row| Some(row.delta_norm)));
            EvidenceRow {
                value: typical_of(runs.iter().map(|row| row.amplification)),
                chance: norm.and_then(|norm| amplification_factor(norm, typical)),
                runs: runs.len(),
                ..of_amplification(&FACTOR, (first, spoken), "factor")
            }
        };
        let both = self.claimed.low_and_high.iter().flatten();
        both.flat_map(|spoken| self.of(spoken).into_iter().map(move |runs| (spoken, runs)))
            .map(row)
            .collect()
    }

    /// How much of ΔW lies in a tenth of W's directions: the mean over the runs of the smallest rank.
    pub(super) fn new_directions(&self) -> Vec<EvidenceRow> {
        let Some(spoken) = &self.claimed.placed else {
            return self.nowhere();
        };
        let is_first = |row: &&PlacementRow| spoken.runs.contains(&row.adapter);
        let all = together(self.placement, |row| row.module.as_str());
        let all: HashMap<&str, Vec<&PlacementRow>> = all.into_iter().collect();
        let first = self.placement.iter().filter(is_first);
        let modules = together(first, |row| row.module.as_str()).into_iter();
        let rows = modules.flat_map(|(module, of_runs)| {
            let k = tenth(all.get(module)?)?;
            let placed = move |side| placed(spoken, &of_runs, k, side);
            Some(SIDES.into_iter().filter_map(placed))
        });
        adjusted(rows.flatten().collect())
    }

    /// That there is a W, and no placement in it: rows without a value.
    fn nowhere(&self) -> Vec<EvidenceRow> {
        let Some(spoken) = &self.claimed.smallest else {
            return Vec::new();
        };
        let modules = self.of(spoken).into_iter();
        modules
            .map(|runs| EvidenceRow {
                runs: runs.len(),
                statistic: "out, in and both".into(),
                ..of_amplification(&NEW_DIRECTIONS, (runs[0], spoken), "")
            })
            .collect()
    }

    /// The rows about ΔW's directions of runs, those of one module and rank together.
    fn of(&self, spoken: &Spoken) -> Vec<Vec<&AmplificationRow>> {
        let runs: BTreeSet<&String> = spoken.runs.iter().collect();
        let is_of = |row: &&AmplificationRow| {
            row.directions == "delta" && row.projected_norm.is_some() && runs.contains(&row.adapter)
        };
        let rows = self.amplification.iter().filter(is_of);
        let groups = together(rows, |row| (&row.module, row.rank)).into_iter();
        groups.map(|(_, rows)| rows).collect()
    }
}

/// ⌈n/10⌉ for the smaller side n of a module's W, of which these are the rows.
fn tenth(rows: &[&PlacementRow]) -> Option<usize> {
    let of = |side: &str| {
        let row = rows.iter().find(|row| row.side == side)?;
        Some((row.k as f64 / row.chance).round() as usize)
    };
    Some(of("out")?.min(of("in")?).div_ceil(TENTH))
}

/// What the rows of runs in one module say of k directions of a side.
fn placed(spoken: &Spoken, rows: &[&PlacementRow], k: usize, side: &str) -> Option<EvidenceRow> {
    let is_it = |row: &&&PlacementRow| row.k == k && row.side == side;
    let rows: Vec<&&PlacementRow> = rows.iter().filter(is_it).collect();
    let first = rows.first()?;
    let count = rows.len() as f64;
    let all = |field: &dyn Fn(&PlacementRow) -> Option<f64>| {
        rows.iter()
            .map(|row| field(row))
            .collect::<Option<Vec<f64>>>()
    };
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / count;
    let value = all(&|row| row.share).map(mean);
    // Runs are independent by chance, so that variances add up.
    let variance = all(&|row| row.sd.map(|sd| sd * sd));
    let sd = variance.map(|squares| squares.iter().sum::<f64>().sqrt() / count);
    let bounds = all(&|row| row.sin_theta_bound);
    let module = ModuleName::new(&first.module, &first.component);
    Some(EvidenceRow {
        runs: rows.len(),
        value,
        chance: Some(first.chance),
        sd,
        bound: bounds.and_then(|bounds| bounds.into_iter().reduce(f64::max)),
        p: value
            .zip(sd)
            .map(|(value, sd)| upper_tail_bound(value, first.chance, sd)),
        ..of_adapter(
            &NEW_DIRECTIONS,
            &module,
            &spoken.label,
            format!("{side}, k = {k}"),
        )
    })
}

/// The norms of draws.csv by module and rank.
pub(super) struct Norms<'a>(HashMap<&'a str, BTreeMap<usize, Vec<f64>>>);

impl<'a> Norms<'a> {
    pub(super) fn of(draws: &'a [DrawRow]) -> Self {
        let mut norms: HashMap<&str, BTreeMap<usize, Vec<f64>>> = HashMap::new();
        for draw in draws {
            let of_module = norms.entry(&draw.module).or_default();
            let of_rank = of_module.entry(draw.rank).or_default();
            of_rank.push(draw.projected_norm);
        }
        Norms(norms)
    }

    /// Those of a module and rank, in the order of the draws.
    pub(super) fn drawn(&self, module: &str, rank: usize) -> &[f64] {
        let of_rank = self.0.get(module).and_then(|ranks| ranks.get(&rank));
        of_rank.map_or(&[], Vec::as_slice)
    }
}

/// A row of runs of one module and rank, of which `row` is the first.
fn of_amplification(
    claim: &Claim,
    (row, spoken): (&AmplificationRow, &Spoken),
    statistic: &str,
) -> EvidenceRow {
    let module = ModuleName::new(&row.module, &row.component);
    let statistic = format!("{statistic}, r = {}", row.rank);
    of_adapter(claim, &module, &spoken.label, statistic)
}

/// The geometric mean; `None` where a value is missing, or is not above 0.
fn typical_of(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    let logs: f64 = values.iter().map(|value| value.ln()).sum();
    let mean = (logs / values.len() as f64).exp();
    (mean.is_finite() && mean > 0.0).then_some(match values.as_slice() {
        // Its logarithm's exponential would lose a digit.
        [one] => *one,
        _ => mean,
    })
}
