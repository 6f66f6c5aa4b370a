//! What is said of the built-in study.

use lora_subspace::table::standard_error;

use super::cells::{
    cell, cells, count, count_of_cells, least, mean, median, most, squared_cosines,
};
use super::{Said, findings, said};

const FILE: &str = "experiments/minilm-sst2/README.md";
const FACTORS: &str = "minilm-sst2/amplification.csv";
const WEIGHTS: &str = "minilm-sst2/table5.csv";
const RANKS: &str = "minilm-sst2/table6.csv";

/// A smaller and a larger rank, of two seeds.
const FAIR: [&str; 2] = ["r8-seed0", "r64-seed1"];
/// The same of one seed.
const SAME: [&str; 2] = ["r8-seed0", "r64-seed0"];
const SEEDS: [&str; 2] = ["r64-seed0", "r64-seed1"];

/// φ(i,j) of each module, modules in order.
fn phi(basis: &str, pair: [&str; 2], cell: [usize; 2]) -> Vec<f64> {
    phi_at("", basis, pair, cell)
}

fn phi_at(module: &str, basis: &str, pair: [&str; 2], cell: [usize; 2]) -> Vec<f64> {
    super::cells::phi("minilm-sst2", module, basis, pair, cell)
}

pub(super) fn sentences() -> Vec<Said> {
    let mut all = elsewhere();
    all.extend(findings::sentences());
    all.extend(ranks());
    all.extend(seeds());
    all.extend(amplification());
    all.extend(training());
    all.extend(scores());
    all
}

/// In other files.
fn elsewhere() -> Vec<Said> {
    vec![
        said(
            "README.md",
            "({472,320} cells, random directions included)",
            || vec![count_of_cells("minilm-sst2")],
        ),
        said(
            "README.md",
            "At d = 384 two random 64-dimensional subspaces have φ = {0.167}",
            || {
                let filter = [("i", "64"), ("j", "64"), ("second", "r64-seed1")];
                vec![mean(&cells("minilm-sst2/overlap.csv", &filter, "chance"))]
            },
        ),
    ]
}

fn ranks() -> Vec<Said> {
    vec![
        said(
            FILE,
            "averages {0.30} over the {twelve} modules, from {0.001} (layers 0 and 4, query) to {0.67} \
             (layer 5, value). Chance is {0.003}",
            || {
                let first = phi("a", FAIR, [1, 1]);
                let count = first.len() as f64;
                let filter = [("i", "1"), ("j", "1"), ("second", "r64-seed1")];
                let chance = mean(&cells("minilm-sst2/overlap.csv", &filter, "chance"));
                vec![mean(&first), count, least(&first), most(&first), chance]
            },
        ),
        said(
            FILE,
            "φ(8,64), reach {0.23} on average ({0.20} to {0.28}), against a chance of 64/384 = {0.167}",
            || {
                let all = phi("a", FAIR, [8, 64]);
                let filter = [("i", "8"), ("j", "64"), ("second", "r64-seed1")];
                let chance = mean(&cells("minilm-sst2/overlap.csv", &filter, "chance"));
                vec![mean(&all), least(&all), most(&all), chance]
            },
        ),
        said(
            FILE,
            "has φ(8,64) = {0.245} and φ(1,1) = {0.39} on average, above the {0.232} and {0.30} of the \
             fair pair. (For seed 1 it is {0.267} against {0.234}.)",
            || {
                let of = |pair, cell| mean(&phi("a", pair, cell));
                // Of r8-seed1, which the study does not compare: φ(8,64) is the mean of eight cos².
                let of_seed_1 = |other| {
                    let cosines = squared_cosines(["r8-seed1", other], [8, 64]);
                    mean(&cosines.iter().map(|one| mean(one)).collect::<Vec<_>>())
                };
                vec![
                    of(SAME, [8, 64]),
                    of(SAME, [1, 1]),
                    of(FAIR, [8, 64]),
                    of(FAIR, [1, 1]),
                    of_seed_1("r64-seed1"),
                    of_seed_1("r64-seed0"),
                ]
            },
        ),
        said(
            FILE,
            "φ(1,1) is lower ({0.13} on average), but φ(8,64) is {0.40}, far above chance",
            || {
                [[1, 1], [8, 64]]
                    .map(|cell| mean(&phi("b", FAIR, cell)))
                    .into()
            },
        ),
    ]
}

fn seeds() -> Vec<Said> {
    vec![
        said(
            FILE,
            "φ(1,1) is {0.75} at layer 5 value, {0.65} at layer 3 value, {0.49} at layer 5 query, and \
             practically {0} at layer 0 query. φ(64,64) stays at {0.17} to {0.19}, chance {0.167}",
            || {
                let at = |module: &str| phi_at(&format!("layer.{module}"), "a", SEEDS, [1, 1])[0];
                let all = phi("a", SEEDS, [64, 64]);
                let filter = [("i", "64"), ("j", "64"), ("second", "r64-seed1")];
                let chance = mean(&cells("minilm-sst2/overlap.csv", &filter, "chance"));
                vec![
                    at("5.attention.self.value"),
                    at("3.attention.self.value"),
                    at("5.attention.self.query"),
                    at("0.attention.self.query"),
                    least(&all),
                    most(&all),
                    chance,
                ]
            },
        ),
        said(
            FILE,
            "the largest cos² of a principal angle is {0.20} to {0.76} and the second {0.12} to {0.45} in \
             {ten} of {twelve} modules",
            || {
                let all = squared_cosines(SEEDS, [4, 4]);
                let count = all.len() as f64;
                let column = |place: usize| all.iter().map(|one| one[place]).collect::<Vec<_>>();
                // Of the second the ten largest.
                let (first, mut second) = (column(0), column(1));
                second.sort_by(|one, other| other.total_cmp(one));
                second.truncate(10);
                let shown = second.len() as f64;
                vec![
                    least(&first),
                    most(&first),
                    least(&second),
                    most(&second),
                    shown,
                    count,
                ]
            },
        ),
        said(FILE, "(layer 0 query: φ(1,1) = {0.000})", || {
            phi_at("layer.0.attention.self.query", "a", SEEDS, [1, 1])
        }),
    ]
}

/// A line of the table of factors: of an adapter, then of random updates, then the norm over chance.
fn factors(adapter: &'static str) -> Vec<f64> {
    let of = |directions: &str, column: &str| {
        cells(
            FACTORS,
            &[("adapter", adapter), ("directions", directions)],
            column,
        )
    };
    let columns = [
        of("delta", "amplification"),
        of("random", "amplification"),
        of("delta", "projected_norm/chance_projected_norm"),
    ];
    columns
        .iter()
        .flat_map(|values| [least(values), most(values)])
        .collect()
}

fn amplification() -> Vec<Said> {
    vec![
        said(
            FILE,
            "W's leading 39 directions hold {0.16} to {0.21} of ΔW's first direction. Chance is \
             39/384 = {0.10}, and one draw of random directions gives {0.10}",
            || {
                let filter = |second: &'static str| {
                    let module = ("module", "bert.encoder.layer.5.attention.self.query");
                    [
                        module,
                        ("first", "base"),
                        ("second", second),
                        ("i", "39"),
                        ("j", "1"),
                    ]
                };
                let of = |second, column| cell("minilm-sst2/overlap.csv", &filter(second), column);
                let adapters = ["r4-seed0", "r8-seed0", "r64-seed0"];
                let held = adapters.map(|adapter| of(adapter, "overlap"));
                vec![
                    least(&held),
                    most(&held),
                    of("random", "chance"),
                    of("random", "overlap"),
                ]
            },
        ),
        said(
            FILE,
            "| 4 | {11.0}–{27.4} | {15.2}–{35.0} | {0.81}–{1.68} |",
            || factors("r4-seed0"),
        ),
        said(
            FILE,
            "| 8 | {4.5}–{15.8} | {6.1}–{16.3} | {0.93}–{1.36} |",
            || factors("r8-seed0"),
        ),
        said(
            FILE,
            "| 64 | {0.43}–{1.78} | {0.51}–{1.96} | {0.96}–{1.19} |",
            || factors("r64-seed0"),
        ),
        said(
            FILE,
            "‖ΔW‖ is larger at r = 8 than at r = 64 in {11} of {12} modules",
            || {
                let of = |adapter| {
                    cells(
                        FACTORS,
                        &[("adapter", adapter), ("directions", "delta")],
                        "delta_norm",
                    )
                };
                let (eight, many) = (of("r8-seed0"), of("r64-seed0"));
                let larger = eight.iter().zip(&many).map(|(eight, many)| eight > many);
                vec![count(larger), many.len() as f64]
            },
        ),
    ]
}

/// The mean score of a setting in a table.
fn score(table: &str, types: &str, rank: &str) -> f64 {
    cell(table, &[("weight_types", types), ("rank", rank)], "mean")
}

/// Sentences that every score is a share of.
const ITEMS: u64 = 872;

/// The standard error of a score, in points.
fn points(share: f64) -> f64 {
    100.0 * standard_error(share, ITEMS)
}

/// ‖ΔW‖/‖W‖ of an adapter: least, most and median over modules.
fn sizes(adapter: &str) -> Vec<f64> {
    let filter = [("adapter", adapter), ("directions", "delta")];
    let sizes = cells(FACTORS, &filter, "delta_norm/base_norm");
    vec![least(&sizes), most(&sizes), median(&sizes)]
}

/// The same of the paper's two ranks.
fn of_the_paper() -> Vec<f64> {
    cells(
        "lora-paper/amplification.csv",
        &[("directions", "delta")],
        "delta_norm/base_norm",
    )
}

fn training() -> Vec<Said> {
    vec![
        said(
            FILE,
            "r = 4 | {0.158} to {0.365}, median {0.185} | {0.112} |",
            || [sizes("r4-seed0"), vec![of_the_paper()[0]]].concat(),
        ),
        said(FILE, "r = 8 | {0.128} to {0.339}, median {0.179} |", || {
            sizes("r8-seed0")
        }),
        said(
            FILE,
            "r = 64 | {0.085} to {0.327}, median {0.145} | {0.058} |",
            || [sizes("r64-seed0"), vec![of_the_paper()[1]]].concat(),
        ),
        said(
            FILE,
            "the medians are {1.7} times the paper's value at r = 4, and {2.5} times at r = 64",
            || {
                let paper = of_the_paper();
                let medians = ["r4-seed0", "r64-seed0"].map(|adapter| sizes(adapter)[2]);
                vec![medians[0] / paper[0], medians[1] / paper[1]]
            },
        ),
    ]
}

fn scores() -> Vec<Said> {
    vec![
        said(
            FILE,
            "At one number of trainable parameters ({36,864}) all four projections with r = 2 do best \
             ({0.872}), then query and value with r = 4 ({0.866}) and value alone ({0.861})",
            || {
                let parameters = cells(WEIGHTS, &[], "trainable_parameters");
                vec![
                    mean(&parameters),
                    score(WEIGHTS, "q+k+v+o", "2"),
                    score(WEIGHTS, "q+v", "4"),
                    score(WEIGHTS, "v", "8"),
                ]
            },
        ),
        said(
            FILE,
            "is a share of {872} sentences, so its standard error is {1.1} to {1.3} points",
            || {
                let errors: Vec<f64> = cells(WEIGHTS, &[], "mean")
                    .into_iter()
                    .map(points)
                    .collect();
                vec![ITEMS as f64, least(&errors), most(&errors)]
            },
        ),
        said(
            FILE,
            "Query and value have {0.866} at r = 4, 8 and 64",
            || {
                vec![mean(
                    &["4", "8", "64"].map(|rank| score(RANKS, "q+v", rank)),
                )]
            },
        ),
        said(
            FILE,
            "less at r = 1 ({0.853}) and r = 2 ({0.852}), of {one} run each. They are {1.3} and \
             {1.4} points below that at r = 64, where each score has a standard error of {1.2} points",
            || {
                let of = |rank| score(RANKS, "q+v", rank);
                let runs = cell(RANKS, &[("weight_types", "q+v"), ("rank", "1")], "runs");
                let below = |rank| 100.0 * (of("64") - of(rank));
                let error = mean(&["1", "2", "64"].map(|rank| points(of(rank))));
                vec![of("1"), of("2"), runs, below("1"), below("2"), error]
            },
        ),
        said(
            FILE,
            "Two seeds of query and value have standard deviations of {0.002} to {0.006}",
            || {
                let sds = cells(RANKS, &[("weight_types", "q+v")], "sd");
                vec![least(&sds), most(&sds)]
            },
        ),
        said(FILE, "where `runs.csv` has {0.8670}", || {
            vec![cell(
                "minilm-sst2/runs.csv",
                &[("adapter", "r4-seed0")],
                "value",
            )]
        }),
    ]
}
