//! What is said of the decoder's study: r = 64 with other scales, and what other studies say.

use super::cells::{cells, finding, holding, least, mean, median, told};
use super::{Said, said};

const FILE: &str = "experiments/smollm2-sst2/README.md";
const STUDY: &str = "smollm2-sst2";
/// What its runs are.
const FOLDER: &str = "experiments/smollm2-sst2";
/// The tables of all thirty layers.
const ALL: &str = "experiments/smollm2-sst2/all-layers";
/// Controls, likewise.
const ALPHA8: &str = "experiments/smollm2-sst2/all-layers/alpha8";
const RSLORA: &str = "experiments/smollm2-sst2/all-layers/rslora";
const MINILM: &str = "minilm-sst2";
const PAPER: &str = "lora-paper";

pub(super) fn sentences() -> Vec<Said> {
    let mut all = scales();
    all.extend(beside());
    all
}

/// The mean accuracy of runs of one name but for the seed.
pub(super) fn accuracy(name: &str, seeds: usize) -> f64 {
    let of = |seed| {
        let run = format!("{name}-seed{seed}");
        cells(&format!("{FOLDER}/runs.csv"), &[("adapter", &run)], "value")[0]
    };
    mean(&(0..seeds).map(of).collect::<Vec<_>>())
}

/// A line of the table of scales: r = 64 with another one. `folder` has the tables of its runs, `ranks`
/// the findings beside r = 8.
fn of_scale(
    runs: (&'static str, usize),
    scale: f64,
    folder: &'static str,
    ranks: &'static str,
) -> impl Fn() -> Vec<f64> {
    move || {
        let of_adapter = |column| {
            let table = format!("{folder}/ranks.csv");
            median(&cells(&table, &[("matrix", "r64-seed0")], column))
        };
        vec![
            scale,
            accuracy(runs.0, runs.1),
            of_adapter("relative_norm"),
            of_adapter("energy_rank_90"),
            finding(folder, "seeds", "median"),
            finding(folder, "seeds", "holding"),
            finding(ranks, "ranks", "median"),
            finding(ranks, "ranks-others", "median"),
        ]
    }
}

fn scales() -> Vec<Said> {
    vec![
        said(
            FILE,
            "| α = 2r, as in the study | {2} | {0.923} | {0.045} | {2} | {0.093} | {23} | {0.394} | {0.092} |",
            of_scale(("qv-r64", 3), 2.0, ALL, STUDY),
        ),
        said(
            FILE,
            "| rsLoRA, α = 4 | {0.5} | {0.913} | {0.017} | {1} | {0.275} | {60} | {0.660} | {0.188} |",
            of_scale(
                ("rslora-alpha4-qv-r64", 2),
                4.0 / 64f64.sqrt(),
                RSLORA,
                RSLORA,
            ),
        ),
        said(
            FILE,
            "| α = 8 at every rank | {0.125} | {0.913} | {0.008} | {1} | {0.440} | {60} | {0.720} | {0.223} |",
            of_scale(("alpha8-qv-r64", 2), 8.0 / 64.0, ALPHA8, ALPHA8),
        ),
        said(
            FILE,
            "chance is {0.007} for φ(4,4) and {0.014} for the others",
            || {
                vec![
                    finding(ALPHA8, "seeds", "chance"),
                    finding(ALPHA8, "ranks", "chance"),
                ]
            },
        ),
        said(
            FILE,
            "directions in {60} of {60} modules instead of {23} (median φ(4,4) {0.440} instead of {0.093})",
            || {
                let of = |study, column| finding(study, "seeds", column);
                let before = vec![of(ALL, "holding"), of(ALPHA8, "median"), of(ALL, "median")];
                [holding(ALPHA8, "seeds"), before].concat()
            },
        ),
        said(
            FILE,
            "falls to {0.050} at r = 64, and relative to random updates it rises as before, by a ratio of \
             {0.896}. With rsLoRA the ratio is {0.898}",
            || {
                let filter = [("adapter", "r64-seed0"), ("directions", "delta")];
                let factors = cells(
                    &format!("{ALPHA8}/amplification.csv"),
                    &filter,
                    "amplification",
                );
                let ratio = |folder| told(folder, "factor", "on average ");
                vec![median(&factors), ratio(ALPHA8), ratio(RSLORA)]
            },
        ),
        said(
            FILE,
            "same accuracy ({0.9116}), and φ(k,k) of the two is {0.9990} or more",
            || {
                let phi = cells(&format!("{ALL}/repeat.csv"), &[], "overlap");
                vec![accuracy("qv-r4", 1), least(&phi)]
            },
        ),
    ]
}

/// Lines of the table of studies: in how many modules or layers a claim holds, of how many.
fn beside() -> Vec<Said> {
    let line = |words, claim: &'static str, studies: &'static [&'static str]| {
        said(FILE, words, move || {
            studies
                .iter()
                .flat_map(|study| holding(study, claim))
                .collect()
        })
    };
    let all: &[&str] = &[ALL, ALPHA8, MINILM, PAPER];
    vec![
        line(
            "| holds, {59} of {60} modules | holds, {16} of {16} | holds, {12} of {12} | holds, {10} of {10} |",
            "ranks",
            all,
        ),
        line(
            "| holds, {48} of {60} | does not hold, {2} of {16} | holds, {12} of {12} | does not hold, {2} of \
             {10} |",
            "ranks-others",
            all,
        ),
        line(
            "| does not hold, {23} of {60} | holds, {60} of {60} | holds, {11} of {12} | holds, {10} of {10} |",
            "seeds",
            all,
        ),
        line(
            "| does not hold, {11} of {60} | holds, {60} of {60} | holds, {9} of {12} | not judged |",
            "seeds-layers",
            &[ALL, ALPHA8, MINILM],
        ),
        line(
            "query is ahead in {6} of {30} layers | cannot be told | cannot be told | cannot be told: query \
             is ahead in {4} of {5} |",
            "query-value",
            &[ALL, PAPER],
        ),
        line(
            "| holds, {26} of {30} layers | the same run | holds, {6} of {6} | not judged |",
            "correlates",
            &[ALL, MINILM],
        ),
        line(
            "| holds, {59} of {60} | the same run | holds, {12} of {12} | cannot be told |",
            "new-directions",
            &[ALL, MINILM],
        ),
        line(
            "| holds, {60} of {60} | holds, {60} of {60} | holds, {12} of {12} | not judged |",
            "low-rank",
            &[ALL, ALPHA8, MINILM],
        ),
        said(
            FILE,
            "hold {15.9} times the norm of W that chance gives at r = 4. Here it is {1.17} times, in \
             MiniLM {1.24} times",
            || {
                let filter = [("adapter", "r4"), ("directions", "delta")];
                let column = "projected_norm/chance_projected_norm";
                let norms = cells(&format!("{PAPER}/amplification.csv"), &filter, column);
                let times = |study| told(study, "correlates", "on average ");
                vec![norms[0], times(ALL), times(MINILM)]
            },
        ),
    ]
}
