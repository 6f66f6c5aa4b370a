//! What is said of the decoder's study in answer to the paper's questions.

use lora_subspace::measure::chance::overlap_chance;

use super::cells::{cell, cells, count, counted, finding, holding, least, median, most, phi, told};
use super::smollm2::shared;
use super::smollm2_beside::accuracy;
use super::{Said, said};

const README: &str = "README.md";
const FILE: &str = "experiments/smollm2-sst2/README.md";
const STUDY: &str = "smollm2-sst2";
/// The tables of all thirty layers.
const ALL: &str = "experiments/smollm2-sst2/all-layers";
/// A control, likewise.
const ALPHA8: &str = "experiments/smollm2-sst2/all-layers/alpha8";
const GROUPS: [&str; 2] = ["r8", "r64"];

pub(super) fn sentences() -> Vec<Said> {
    let mut all = front_page();
    all.extend(weights());
    all.extend(accuracies());
    all.extend(ranks());
    all.extend(seeds());
    all.extend(against_w());
    all.extend(full_fine_tune());
    all
}

/// Median of a column of a table of all layers, of an adapter.
fn of_adapter(table: &str, filter: &[(&str, &str)], column: &str) -> f64 {
    median(&cells(&format!("{ALL}/{table}.csv"), filter, column))
}

/// Median number of directions that hold nine tenths of ΔW's energy.
fn energy_rank(adapter: &str) -> f64 {
    of_adapter("ranks", &[("matrix", adapter)], "energy_rank_90")
}

/// Median ‖ΔW‖/‖W‖.
fn size(adapter: &str) -> f64 {
    of_adapter("ranks", &[("matrix", adapter)], "relative_norm")
}

/// Median φ(i,j) of query and of value of the eight layers.
fn medians(basis: &str, pair: [&str; 2], cell: [usize; 2]) -> Vec<f64> {
    let of = |projection| median(&phi(STUDY, projection, basis, pair, cell));
    ["q_proj", "v_proj"].map(of).into()
}

fn front_page() -> Vec<Said> {
    vec![
        said(
            README,
            "φ(1,8) = {0.26} for query and {0.40} for value. Chance is {0.014}",
            || {
                let layer = |projection| format!("layers.17.self_attn.{projection}");
                let of = |projection| phi(STUDY, &layer(projection), "a", GROUPS, [1, 8])[0];
                let chance = finding(STUDY, "ranks", "chance");
                vec![of("q_proj"), of("v_proj"), chance]
            },
        ),
        said(README, "chance allows, in {59} of {60} modules", || {
            holding(ALL, "ranks")
        }),
        said(
            README,
            "α = 2r they do in {23} of {60} modules, and with α = 8 in all {60}",
            || {
                let of_all = finding(ALPHA8, "seeds", "holding");
                [holding(ALL, "seeds"), vec![of_all]].concat()
            },
        ),
        said(
            README,
            "At r = 64 {two} directions hold nine tenths of ΔW; the full fine-tune takes {59}",
            || ["r64-seed0", "full-seed0"].map(energy_rank).into(),
        ),
    ]
}

/// A column of table 5, of all choices of weights but the best where it has none.
fn of_weights(column: &str, unit: f64) -> Vec<f64> {
    let values = cells(&format!("{STUDY}/table5.csv"), &[], column);
    values.into_iter().map(|value| unit * value).collect()
}

fn weights() -> Vec<Said> {
    vec![
        said(
            FILE,
            "Seven choices of weights have {345,600} trainable parameters",
            || {
                let mut budgets = of_weights("trainable_parameters", 1.0);
                budgets.dedup();
                budgets
            },
        ),
        said(
            FILE,
            "| accuracy | {0.904} | {0.900} | {0.907} | {0.907} | {0.905} | {0.909} | {0.911} |",
            || of_weights("mean", 1.0),
        ),
        said(
            FILE,
            "| points behind the best | {0.6} | {1.1} | {0.3} | {0.4} | {0.5} | {0.1} | – |",
            || of_weights("behind", 100.0),
        ),
        said(
            FILE,
            "interval | {−1.0} | {−0.6} | {−1.3} | {−1.3} | {−1.2} | {−1.5} | – |",
            || of_weights("behind_low", 100.0),
        ),
        said(
            FILE,
            "do best ({0.911}), and key alone does worst, {1.1} points behind (95 % interval {−0.6} to {2.8})",
            || {
                let best = of_weights("mean", 1.0).last().copied();
                // The second line is key's; the interval is symmetric.
                let [behind, low] =
                    ["behind", "behind_low"].map(|column| of_weights(column, 100.0)[1]);
                vec![best.unwrap(), behind, low, 2.0 * behind - low]
            },
        ),
        said(
            FILE,
            "Each score is a share of {2,693} sentences, so its standard error is {0.6} points",
            || {
                let errors = of_weights("standard_error", 100.0);
                vec![of_weights("items", 1.0)[0], errors[0]]
            },
        ),
    ]
}

/// A column of table 6 at some rank; the full fine-tune has none.
fn of_rank(rank: &str, column: &str) -> f64 {
    cell(&format!("{STUDY}/table6.csv"), &[("rank", rank)], column)
}

fn accuracies() -> Vec<Said> {
    const RANKS: [&str; 5] = ["1", "4", "8", "64", ""];
    vec![
        said(
            FILE,
            "is {0.903} at r = 1, {0.911} at r = 4, {0.915} at r = 8 and {0.923} at r = 64. The full \
             fine-tune has {0.915}. The standard error of each is {0.5} to {0.6} points",
            || {
                let errors = RANKS.map(|rank| 100.0 * of_rank(rank, "standard_error"));
                let means = RANKS.map(|rank| of_rank(rank, "mean"));
                [means.to_vec(), vec![least(&errors), most(&errors)]].concat()
            },
        ),
        said(
            FILE,
            "r = 64 is ahead of r = 1 by {1.9} points (95 % interval from {0.3}), and of {none} of the others \
             beyond its error",
            || {
                let behind = |rank, column| 100.0 * of_rank(rank, column);
                let beyond = ["4", "8", ""].map(|rank| of_rank(rank, "behind_low") > 0.0);
                vec![
                    behind("1", "behind"),
                    behind("1", "behind_low"),
                    count(beyond),
                ]
            },
        ),
        said(FILE, "With α = 8 or rsLoRA r = 64 has {0.913}, so", || {
            vec![accuracy("alpha8-qv-r64", 2)]
        }),
    ]
}

fn ranks() -> Vec<Said> {
    vec![
        said(
            FILE,
            "leading eight of r = 64 in {59} of {60} modules (median φ(1,8) {0.296}, chance {0.014})",
            || counted(ALL, "ranks"),
        ),
        said(
            FILE,
            "the median is {0.090}, and in {48} of {60} modules the excess",
            || {
                let median = finding(ALL, "ranks-others", "median");
                [vec![median], holding(ALL, "ranks-others")].concat()
            },
        ),
        said(
            FILE,
            "a median of {0.12} for query and {0.14} for value in the {eight} layers",
            || {
                let of_query = phi(STUDY, "q_proj", "a", GROUPS, [1, 1]).len() as f64;
                [medians("a", GROUPS, [1, 1]), vec![of_query]].concat()
            },
        ),
        said(
            FILE,
            "energy lie in {1} direction at r = 8 and in {2} at r = 64. Random factors of r = 64 would \
             need {47.6}",
            || {
                let chance = finding(ALL, "low-rank", "chance");
                vec![energy_rank("r8-seed0"), energy_rank("r64-seed0"), chance]
            },
        ),
    ]
}

fn seeds() -> Vec<Said> {
    vec![
        said(
            FILE,
            "a tenth or more in {23} of {60} modules (median φ(4,4) {0.093}, chance {0.007})",
            || counted(ALL, "seeds"),
        ),
        said(
            FILE,
            "a median of {0.316} in query and {0.304} in value",
            || {
                let of = |projection| shared("1297 steps, decay 3", "1297", "a", projection);
                ["q_proj", "v_proj"].map(of).into()
            },
        ),
        said(
            FILE,
            "share {0.101} on average, and {0.020} between layers",
            || {
                ["directions ", "same layer, "]
                    .map(|words| told(ALL, "seeds-layers", words))
                    .into()
            },
        ),
        said(
            FILE,
            "query is ahead in {6} of {30} layers. The paper",
            || holding(ALL, "query-value"),
        ),
    ]
}

/// A line of the table of factors.
fn factors(adapter: &'static str) -> Vec<f64> {
    let of = |directions, column| {
        let filter = [("adapter", adapter), ("directions", directions)];
        of_adapter("amplification", &filter, column)
    };
    vec![
        of("delta", "amplification"),
        of("random", "amplification"),
        of("delta", "projected_norm/chance_projected_norm"),
        size(adapter),
    ]
}

/// Share of ΔW_q's energy in W's leading tenth of 576 directions, of one side.
fn placed(adapter: &str, side: &str, column: &str) -> f64 {
    let filter = [
        ("adapter", adapter),
        ("side", side),
        ("projection", "q_proj"),
        ("k", "58"),
    ];
    of_adapter("placement", &filter, column)
}

fn against_w() -> Vec<Said> {
    let line = |words, adapter| said(FILE, words, move || factors(adapter));
    vec![
        said(
            FILE,
            "the ratio at r = 4 is {0.900} times that at r = 64",
            || vec![told(ALL, "factor", "on average ")],
        ),
        line("| 4 | {0.752} | {0.850} | {1.10} | {0.0070} |", "r4-seed0"),
        line("| 8 | {0.532} | {0.587} | {1.09} | {0.0112} |", "r8-seed0"),
        line(
            "| 64 | {0.300} | {0.319} | {1.04} | {0.0445} |",
            "r64-seed0",
        ),
        line(
            "| full, 64 directions | {0.076} | {0.092} | {1.10} | {0.0122} |",
            "full-seed0",
        ),
        said(
            FILE,
            "The paper's factor of {21.6} at r = 4 is not seen here. There ‖ΔW‖ is a ninth of ‖W‖ \
             ({0.112}), here it is {0.007}",
            || {
                let of_paper = |column| {
                    let filter = [("adapter", "r4"), ("directions", "delta")];
                    cells("lora-paper/amplification.csv", &filter, column)[0]
                };
                vec![
                    of_paper("amplification"),
                    of_paper("delta_norm/base_norm"),
                    size("r4-seed0"),
                ]
            },
        ),
        said(
            FILE,
            "‖UᵀWV‖ {1.17} times as large as a random update, on average. It is above it in {26} of {30} \
             layers",
            || {
                let times = told(ALL, "correlates", "on average ");
                [vec![times], holding(ALL, "correlates")].concat()
            },
        ),
        said(
            FILE,
            "input directions holds {0.144} of the energy of ΔW_q, and chance is {0.101}. On the output \
             side it holds {0.108}. In {59} of {60} modules less than half",
            || {
                let shares = vec![
                    placed("r4-seed0", "in", "share"),
                    placed("r4-seed0", "in", "chance"),
                    placed("r4-seed0", "out", "share"),
                ];
                [shares, holding(ALL, "new-directions")].concat()
            },
        ),
    ]
}

fn full_fine_tune() -> Vec<Said> {
    vec![
        said(
            FILE,
            "as accurate as r = 8 ({0.915} and {0.915}), moves W about as far as r = 8 does (a median of {1.2} % \
             of ‖W‖, and {1.1} %), and needs {59} directions for nine tenths of its \
             ΔW, where r = 8 needs {one}",
            || {
                vec![
                    accuracy("full-qv", 1),
                    accuracy("qv-r8", 3),
                    100.0 * size("full-seed0"),
                    100.0 * size("r8-seed0"),
                    energy_rank("full-seed0"),
                    energy_rank("r8-seed0"),
                ]
            },
        ),
        said(
            FILE,
            "is {0.012} in the full fine-tune, {0.007} at r = 4, {0.011} at r = 8 and {0.045} at r = 64",
            || {
                ["full-seed0", "r4-seed0", "r8-seed0", "r64-seed0"]
                    .map(size)
                    .into()
            },
        ),
        said(
            FILE,
            "holds {0.136} of the energy of ΔW_q in the full fine-tune, and {0.144} at r = 4. Chance is \
             {0.101}. On the output side it is {0.112} and {0.108}",
            || {
                vec![
                    placed("full-seed0", "in", "share"),
                    placed("r4-seed0", "in", "share"),
                    placed("r4-seed0", "in", "chance"),
                    placed("full-seed0", "out", "share"),
                    placed("r4-seed0", "out", "share"),
                ]
            },
        ),
        said(
            FILE,
            "a median φ(1,8) of {0.58} for query and {0.64} for value. In the leading eight of r = 64 of \
             another seed it is {0.26} and {0.45}. Chance is {0.014} and {0.042}",
            || {
                let pair = ["r8-seed1", "full-seed0"];
                [
                    medians("delta-left", pair, [1, 8]),
                    medians("delta-left", GROUPS, [1, 8]),
                    [576, 192].map(|d_out| overlap_chance(1, 8, d_out)).into(),
                ]
                .concat()
            },
        ),
    ]
}
