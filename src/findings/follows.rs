//! `b-follows-task`: whether the output sides of many runs are alike by their task and not by their seed.

use std::collections::BTreeMap;

use crate::adapter::block_of;
use crate::measure::Basis;
use crate::measure::significance::{least_flip, median, sign_flip};
use crate::results::ManyModule;
use crate::study::Plan;
use crate::table::{EvidenceRow, FindingRow, together};

use super::claims::{B_FOLLOWS_TASK, EXCESS, LEVEL};
use super::judged::{Judged, Verdict, mean};
use super::row::blank;
use super::words::{count, equals, shown, signed};

/// Fewer differences cannot reach [`LEVEL`] by flipping signs: 2/2⁵ exceeds it.
const FEWEST: usize = 6;
const STATISTIC: &str = "excess of one task less one seed";

/// Runs whose task and seed are known.
pub(super) struct Labelled {
    runs: BTreeMap<String, (String, u64)>,
}

impl Labelled {
    /// Of a plan's many adapters; `None` where there are none, or none with both labels.
    pub(super) fn of_plan(plan: &Plan) -> Option<Self> {
        let ids = &plan.many()?.adapters;
        let runs = ids.iter().filter_map(|id| {
            let named = plan.adapters().get(id.place())?;
            Some((named.name.clone(), (named.task.clone()?, named.seed?)))
        });
        let runs: BTreeMap<String, (String, u64)> = runs.collect();
        (!runs.is_empty()).then_some(Labelled { runs })
    }

    /// A row a side of a module, where there are pairs of one task and pairs of one seed.
    pub(super) fn evidence(&self, module: &ManyModule) -> Vec<EvidenceRow> {
        let bases = [Basis::DeltaRight, Basis::DeltaLeft].into_iter();
        bases
            .filter_map(|basis| self.of_basis(module, basis))
            .collect()
    }

    fn of_basis(&self, module: &ManyModule, basis: Basis) -> Option<EvidenceRow> {
        let excess = module.excess(basis)?;
        let (mut of_task, mut of_seed) = (Vec::new(), Vec::new());
        let mut used = vec![false; module.adapters.len()];
        for a in 0..module.adapters.len() {
            for b in a + 1..module.adapters.len() {
                let known = [a, b].map(|one| self.runs.get(&module.adapters[one]));
                let ([Some(one), Some(other)], Some(excess)) = (known, excess[(a, b)]) else {
                    continue;
                };
                match (one.0 == other.0, one.1 == other.1) {
                    (true, false) => of_task.push(excess),
                    (false, true) => of_seed.push(excess),
                    _ => continue,
                }
                (used[a], used[b]) = (true, true);
            }
        }
        Some(EvidenceRow {
            basis: basis.name().into(),
            first: "task".into(),
            second: "seed".into(),
            runs: used.iter().filter(|used| **used).count(),
            pairs: Some(of_task.len() + of_seed.len()),
            seeds: "differ".into(),
            value: Some(mean(&of_task)? - mean(&of_seed)?),
            chance: Some(0.0),
            ..blank(&B_FOLLOWS_TASK, &module.module, STATISTIC.into())
        })
    }
}

/// The verdict, of the output side; the input side is said beside it.
pub(super) fn b_follows_task(rows: &[&EvidenceRow]) -> Option<FindingRow> {
    let of = |basis: Basis| -> Vec<&EvidenceRow> {
        let own = rows.iter().filter(|row| row.basis == basis.name());
        own.copied().collect()
    };
    let (out, into) = (of(Basis::DeltaLeft), of(Basis::DeltaRight));
    let differences = by_layer(&out);
    if differences.is_empty() {
        return None;
    }
    let layers = differences.len();
    let p = sign_flip(&differences, &format!("findings/{}", B_FOLLOWS_TASK.name));
    let found = mean(&differences);
    let few = if layers < FEWEST {
        ", too few to tell"
    } else {
        ""
    };
    let test = format!("sign flips over {}{few}", count(layers, "layer"));
    let judged = Judged {
        verdict: match (found, p) {
            _ if layers < FEWEST => Verdict::Open,
            (Some(found), _) if found < EXCESS => Verdict::Fails,
            (Some(_), Some(p)) if p <= LEVEL => Verdict::Holds,
            _ => Verdict::Open,
        },
        statistic: STATISTIC.into(),
        count: layers,
        holding: differences.iter().filter(|x| **x >= EXCESS).count(),
        median: median(&differences),
        chance: Some(0.0),
        p,
        least_p: Some(least_flip(layers)),
        margin: Some(EXCESS),
        ..Judged::open(&test)
    };
    let counts = format!(
        "by {EXCESS} or more in {} of {}",
        judged.holding,
        count(layers, "layer")
    );
    let of_input = match mean(&by_layer(&into)) {
        Some(into) => format!(", of ΔW's right directions {}", signed(Some(into))),
        None => String::new(),
    };
    let numbers = format!(
        "mean difference of ΔW's left directions {}{of_input}; {test}, p {}, margin {EXCESS}",
        shown(found),
        p.map_or("–".into(), equals),
    );
    Some(judged.said(&B_FOLLOWS_TASK, &out, &[], (&counts, &numbers)))
}

/// The mean of each layer's modules.
fn by_layer(rows: &[&EvidenceRow]) -> Vec<f64> {
    let blocks = together(rows.to_vec(), |row| block_of(&row.module)).into_iter();
    let of_block = |(_, rows): (&str, Vec<&EvidenceRow>)| {
        let values: Vec<f64> = rows.iter().filter_map(|row| row.value).collect();
        mean(&values)
    };
    blocks.filter_map(of_block).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::linalg::Stream;
    use crate::results::{ModuleName, OnBasis};

    /// The verdict of runs of three tasks and three seeds, over layers: φ by chance 0.1, and more for one task on the
    /// output side, and for one seed on both.
    fn verdict(study: usize, layers: usize, of_task: f64, of_seed: f64) -> FindingRow {
        let names: Vec<String> = (0..9).map(|run| format!("run{run}")).collect();
        let labels = |run: usize| (run / 3, run % 3);
        let runs = names.iter().enumerate().map(|(run, name)| {
            let (task, seed) = labels(run);
            (name.clone(), (format!("task{task}"), seed as u64))
        });
        let labelled = Labelled {
            runs: runs.collect(),
        };
        let mut stream = Stream::new(&format!("{study}/follows"));
        let mut rows = Vec::new();
        for layer in 0..layers {
            let mut of = |of_task: f64| {
                let mut all = Array2::from_elem((9, 9), Some(1.0));
                for a in 0..9 {
                    for b in a + 1..9 {
                        let ((task, seed), (other_task, other_seed)) = (labels(a), labels(b));
                        let own = if task == other_task { of_task } else { 0.0 };
                        let start = if seed == other_seed { of_seed } else { 0.0 };
                        let phi = 0.1 + own + start + 0.02 * stream.normal();
                        (all[(a, b)], all[(b, a)]) = (Some(phi), Some(phi));
                    }
                }
                all
            };
            let bases = [(Basis::DeltaRight, 0.0), (Basis::DeltaLeft, of_task)];
            let bases = bases.map(|(basis, of_task)| OnBasis {
                basis,
                overlaps: of(of_task),
            });
            rows.extend(labelled.evidence(&ManyModule {
                module: ModuleName::new(&format!("h.{layer}.query"), ""),
                shape: (80, 80),
                k: 8,
                adapters: names.clone(),
                cosines: Array2::from_elem((9, 9), None),
                bases: bases.into(),
            }));
        }
        b_follows_task(&rows.iter().collect::<Vec<_>>()).unwrap()
    }

    fn told(layers: usize, of_task: f64, of_seed: f64) -> [usize; 3] {
        let words = ["holds", "does not hold", "cannot be told"];
        let all = (0..40).map(|study| verdict(study, layers, of_task, of_seed).verdict);
        let all: Vec<String> = all.collect();
        words.map(|word| all.iter().filter(|one| *one == word).count())
    }

    #[test]
    fn tasks_are_told_from_seeds_and_from_chance() {
        assert_eq!(told(8, 0.0, 0.0), [0, 40, 0], "by chance");
        assert_eq!(told(8, 0.3, 0.0), [40, 0, 0], "by the task");
        assert_eq!(told(8, 0.3, 0.3), [0, 40, 0], "by both alike");
        assert_eq!(told(8, 0.0, 0.3), [0, 40, 0], "by the seed");
        assert_eq!(told(5, 0.3, 0.0), [0, 0, 40], "of too few layers");
    }

    #[test]
    fn its_numbers_and_words() {
        let row = verdict(0, 8, 0.3, 0.0);
        assert_eq!((row.count, row.holding, row.runs), (8, 8, 9));
        assert_eq!((row.p, row.least_p), (Some(2.0 / 256.0), Some(2.0 / 256.0)));
        assert!(
            row.sentence.starts_with("What runs write follows their task rather than their seed: by 0.1 or more in 8 of 8 layers (mean"),
            "{}", row.sentence
        );
    }
}
