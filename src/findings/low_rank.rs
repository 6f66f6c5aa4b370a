//! `low-rank`: whether a few directions hold most of ΔW, fewer than those of random factors.
//!
//! # Decisions
//!
//! - One finding a study, of the runs with the largest rank. Where few directions were given, few
//!   hold most of ΔW whatever was learned; the largest rank left most room.

use std::collections::HashMap;
use std::collections::btree_map::{BTreeMap, Entry};

use crate::adapter::AdaptedModule;
use crate::error::Result;
use crate::measure::random_ranks::{DRAWN, RandomEnergy};
use crate::results::ModuleName;
use crate::study::{Measured, Plan};
use crate::table::{EvidenceRow, FindingRow, RanksRow};

use super::claimed::Spoken;
use super::claims::{LEVEL, LOW_RANK, draws_for};
use super::judged::{Judged, median_of};
use super::majority::{by_most, in_how_many, most};
use super::row::{adjusted, blank};
use super::words::{common, count, equals, shown};

/// The words before r in the statistic.
const STATISTIC: &str = "energy rank at 90 %, of ";
/// A few are at most this part of r.
const FEW: f64 = 0.5;

/// Energy ranks of the runs that the claim speaks of.
pub(super) struct LowRank {
    pub(super) spoken: Spoken,
    /// (d_out, d_in) of each module whose factors are ΔW's own.
    pub(super) shapes: HashMap<String, (usize, usize)>,
    pub(super) rows: Vec<RanksRow>,
}

impl LowRank {
    /// Of a plan's largest rank; `None` where none is above 1.
    pub(super) fn of_plan(
        plan: &Plan,
        measured: &Measured,
        spoken: Option<Spoken>,
    ) -> Option<Self> {
        let spoken = spoken.filter(|_| plan.makes.amplification)?;
        let runs = measured.adapters.iter();
        let runs = runs.filter(|named| spoken.runs.contains(&named.name));
        let modules = runs.flat_map(|run| {
            let modules = plan.modules.iter();
            modules.filter_map(|path| Some((path, run.adapter.module(path)?)))
        });
        let own = modules.filter(|(_, module)| !module.is_difference());
        let shape =
            |(path, module): (&String, &AdaptedModule)| (path.clone(), (module.d_out, module.d_in));
        Some(LowRank {
            shapes: own.map(shape).collect(),
            spoken,
            rows: Vec::new(),
        })
    }

    /// Keeps what is needed of a module's rows of `ranks.csv`.
    pub(super) fn take(&mut self, rows: &[RanksRow]) {
        let is_of = |row: &&RanksRow| {
            self.spoken.runs.contains(&row.matrix)
                && row.rank.is_some_and(|rank| rank > 1)
                && row.energy_rank_90.is_some()
                && self.shapes.contains_key(&row.module)
        };
        self.rows.extend(rows.iter().filter(is_of).cloned());
    }

    /// A row a module: of several runs that with the largest energy rank.
    pub(super) fn evidence(&self, seed: u64) -> Result<Vec<EvidenceRow>> {
        self.held_against(&mut Laws::new(seed))
    }

    fn held_against(&self, laws: &mut Laws) -> Result<Vec<EvidenceRow>> {
        let same = |one: &RanksRow, next: &RanksRow| one.module == next.module;
        let modules: Vec<&[RanksRow]> = self.rows.chunk_by(same).collect();
        let draws = draws_for(modules.len());
        let mut rows = Vec::new();
        for runs in modules {
            let largest = runs.iter().rev().max_by_key(|row| row.energy_rank_90);
            let sizes = |row: &RanksRow| Some((self.shapes.get(&row.module)?, row.rank?));
            let Some((row, k, (shape, r))) =
                largest.and_then(|row| Some((row, row.energy_rank_90?, sizes(row)?)))
            else {
                continue;
            };
            let name = ModuleName::new(&row.module, &row.component);
            rows.push(EvidenceRow {
                first: self.spoken.label.clone(),
                runs: runs.len(),
                value: Some(k as f64),
                chance: row.chance_energy_rank_90,
                sd: row.chance_energy_rank_90_sd,
                p: Some(laws.of(*shape, r, draws)?.tail(k)),
                // A product has no more directions than the smaller side of ΔW.
                ..blank(
                    &LOW_RANK,
                    &name,
                    format!("{STATISTIC}{}", r.min(shape.0).min(shape.1)),
                )
            });
        }
        Ok(adjusted(rows))
    }
}

/// What random products do, drawn once for modules of one shape and rank.
struct Laws {
    seed: u64,
    drawn: BTreeMap<(usize, usize, usize), RandomEnergy>,
}

impl Laws {
    fn new(seed: u64) -> Self {
        Laws {
            seed,
            drawn: BTreeMap::new(),
        }
    }

    fn of(&mut self, shape: (usize, usize), r: usize, draws: usize) -> Result<&RandomEnergy> {
        Ok(match self.drawn.entry((shape.0, shape.1, r)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(RandomEnergy::drawn(shape, r, draws, self.seed)?),
        })
    }
}

/// How many directions ΔW can have, as the statistic has it: min(r, d_out, d_in).
fn rank(row: &EvidenceRow) -> Option<usize> {
    row.statistic.strip_prefix(STATISTIC)?.parse().ok()
}

/// `Some(true)`: at most half of r, and below chance; `Some(false)`: more than half.
fn stance(row: &EvidenceRow) -> Option<bool> {
    let few = FEW * rank(row)? as f64;
    match (row.value? <= few, row.p_adjusted) {
        (false, _) => Some(false),
        (true, Some(p)) if p <= LEVEL => Some(true),
        _ => None,
    }
}

/// What the modules were held against, and the least p that it can give.
fn test_of(rows: &[&EvidenceRow]) -> (String, Option<f64>) {
    let (modules, draws) = (rows.len(), draws_for(rows.len()));
    let is_drawn = |row: &&&EvidenceRow| rank(row).is_some_and(|rank| rank <= DRAWN);
    let drawn = rows.iter().filter(is_drawn).count();
    let against = match (drawn, modules - drawn) {
        (_, 0) => format!("{draws} products of random factors"),
        (0, _) => "products of random factors by Cantelli's bound".into(),
        _ => format!("{draws} products of random factors, or such by Cantelli's bound"),
    };
    let modules_tested = count(modules, "module");
    let test = format!("against {against}, Holm over {modules_tested} at {LEVEL}");
    // By Holm's correction the smallest p counts as often as there are modules.
    let least = modules as f64 / (1 + draws) as f64;
    (test, (drawn == modules).then_some(least))
}

/// The verdict, by most modules.
pub(super) fn low_rank(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    rows.first()?;
    let stances: Vec<Option<bool>> = rows.iter().map(|row| stance(row)).collect();
    let (verdict, pro, _) = by_most(&stances);
    let (test, least_p) = test_of(rows);
    let statistic = common(rows.iter().map(|row| row.statistic.as_str()));
    let judged = Judged {
        verdict,
        count: rows.len(),
        holding: pro,
        median: median_of(rows, |row| row.value),
        chance: median_of(rows, |row| row.chance),
        p: most(rows),
        least_p,
        margin: Some(FEW),
        ..Judged::open(&test)
    };
    let numbers = format!(
        "median {statistic}: {}, chance {}; {test}{}",
        shown(judged.median),
        shown(judged.chance),
        judged.p.map_or(String::new(), |p| format!(
            "; more than half of the modules lie below chance with p {}",
            equals(p)
        ))
    );
    let words = [
        "half of the directions or fewer hold 90 % of ΔW's energy, below chance,".to_string(),
        "more than half are needed".to_string(),
    ];
    let counts = in_how_many(&words, &stances);
    let judged = Judged {
        statistic,
        ..judged
    };
    Some(judged.said(&LOW_RANK, rows, &[], (&counts, &numbers)))
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;
    use crate::linalg::random_product;
    use crate::measure::random_ranks::random_ranks;
    use crate::measure::spectrum::ranks;

    const MODULES: usize = 8;
    const STUDIES: usize = 20;

    /// What is found of modules of one shape and r with the σ that a function gives.
    fn found(
        (shape, r): ((usize, usize), usize),
        laws: &mut Laws,
        sigma: impl Fn(usize) -> Array1<f64>,
    ) -> FindingRow {
        let module = |number: usize| format!("h.{number}.query");
        let chance = random_ranks(shape, r, 0).unwrap().energy_90;
        let row = |number: usize| {
            let ranks = ranks(&sigma(number), shape);
            RanksRow {
                module: module(number),
                component: String::new(),
                layer: Some(number),
                projection: "query".into(),
                matrix: "one".into(),
                numerical_rank: ranks.numerical,
                stable_rank: ranks.stable,
                effective_rank: ranks.effective,
                energy_rank_90: ranks.energy_90,
                frobenius_norm: ranks.frobenius_norm,
                spectral_norm: ranks.spectral_norm,
                rank: Some(r),
                rank_share: Some(1.0),
                relative_norm: None,
                relative_spectral_norm: None,
                top1_share: ranks.top1,
                participation: ranks.participation,
                chance_stable_rank: None,
                chance_stable_rank_sd: None,
                chance_effective_rank: None,
                chance_effective_rank_sd: None,
                chance_energy_rank_90: Some(chance.mean),
                chance_energy_rank_90_sd: Some(chance.sd),
            }
        };
        let mut low = LowRank {
            spoken: Spoken {
                label: "one".into(),
                runs: vec!["one".into()],
                rank: r,
            },
            shapes: (0..MODULES).map(|number| (module(number), shape)).collect(),
            rows: Vec::new(),
        };
        for number in 0..MODULES {
            low.take(&[row(number)]);
        }
        let rows = low.held_against(laws).unwrap();
        low_rank(&rows.iter().collect::<Vec<_>>()).unwrap()
    }

    /// Verdicts over seeds: how often it holds and how often not.
    fn verdicts(
        case: ((usize, usize), usize),
        sigma: impl Fn(usize, usize) -> Array1<f64>,
    ) -> [usize; 2] {
        let mut laws = Laws::new(0);
        let of = |study| found(case, &mut laws, |module| sigma(study, module)).verdict;
        let all: Vec<String> = (0..STUDIES).map(of).collect();
        ["holds", "does not hold"].map(|wanted| all.iter().filter(|one| *one == wanted).count())
    }

    fn product((shape, r): ((usize, usize), usize), study: usize, module: usize) -> Array1<f64> {
        random_product(shape, r, &format!("study{study}/module{module}")).unwrap()
    }

    #[test]
    fn random_products_never_hold() {
        // Much larger than r: more than half of the directions are needed.
        for case in [((96, 96), 4), ((96, 64), 8), ((384, 384), 40)] {
            let told = verdicts(case, |study, module| product(case, study, module));
            assert_eq!(told, [0, STUDIES], "{case:?}");
        }
        // Hardly larger than r: a few hold most by chance, and that is no finding.
        for case in [((6, 5), 4), ((48, 44), 40)] {
            let told = verdicts(case, |study, module| product(case, study, module));
            assert_eq!(told, [0, 0], "{case:?}");
        }
    }

    #[test]
    fn few_strong_directions_are_found() {
        // The first direction is five times as strong as chance has it, the second three times.
        for case in [((96, 96), 4), ((96, 64), 8), ((384, 384), 40)] {
            let told = verdicts(case, |study, module| {
                let mut sigma = product(case, study, module);
                sigma[0] *= if case.1 > 8 { 12.0 } else { 5.0 };
                sigma[1] *= 3.0;
                sigma
            });
            assert_eq!(told, [STUDIES, 0], "{case:?}");
        }
    }

    #[test]
    fn its_numbers_and_words() {
        let case = ((384, 384), 4);
        let row = found(case, &mut Laws::new(0), |module| {
            let few = [3.0, 0.1, 0.1, 0.1];
            if module < 6 {
                few.into_iter().collect()
            } else {
                Array1::ones(4)
            }
        });
        assert_eq!(
            (row.verdict.as_str(), row.count, row.holding),
            ("holds", 8, 6)
        );
        assert_eq!(
            (row.median, row.chance, row.margin),
            (Some(1.0), Some(4.0), Some(0.5))
        );
        // None of 9,999 draws has one direction, of eight modules.
        assert_eq!((row.p, row.least_p), (Some(8e-4), Some(8e-4)));
        assert_eq!(
            row.sentence,
            "A few directions hold most of ΔW of one: half of the directions or fewer hold 90 % of \
             ΔW's energy, below chance, in 6 of 8 modules, more than half are needed in 2 (median \
             energy rank at 90 %, of 4: 1.00, chance 4.00; against 9999 products of random factors, \
             Holm over 8 modules at 0.05; more than half of the modules lie below chance with p = \
             0.000800)."
        );
    }
}
