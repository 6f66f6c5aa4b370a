//! What is said of the built-in study's findings.

use super::cells::{cells, count, counted, finding, least, mean, median, most};
use super::{Said, said};

const FILE: &str = "experiments/minilm-sst2/README.md";
const STUDY: &str = "minilm-sst2";
const EVIDENCE: &str = "minilm-sst2/evidence.csv";
const LAYERS: &str = "minilm-sst2/layers.csv";

/// A column of the evidence of a claim.
fn evidence(claim: &str, column: &str) -> Vec<f64> {
    cells(EVIDENCE, &[("claim", claim)], column)
}

/// Excesses of `b-as-a`, B less A, mean a layer.
fn excess_of_b_over_a() -> Vec<f64> {
    let excess = |basis: &str, layer: usize| {
        let filter = [
            ("claim", "b-as-a"),
            ("basis", basis),
            ("layer", &layer.to_string()),
        ];
        let [values, chances] = ["value", "chance"].map(|column| cells(EVIDENCE, &filter, column));
        let excess = values
            .iter()
            .zip(&chances)
            .map(|(phi, chance)| (phi - chance) / (1.0 - chance));
        mean(&excess.collect::<Vec<_>>())
    };
    (0..6)
        .map(|layer| excess("b", layer) - excess("a", layer))
        .collect()
}

/// Mean φ(4,4) of the two seeds in the same layer, and between layers.
fn layers() -> [f64; 2] {
    let overlap = cells(LAYERS, &[], "overlap");
    // Tables of six layers a projection, row by row.
    let of = |same: bool| {
        let cells = overlap.iter().enumerate();
        let cells = cells.filter(|(place, _)| (place % 36 % 7 == 0) == same);
        mean(&cells.map(|(_, phi)| *phi).collect::<Vec<_>>())
    };
    [of(true), of(false)]
}

/// A 90 % interval of a mean of six, by Student's t with five degrees of freedom.
fn interval(values: &[f64]) -> [f64; 2] {
    /// Its 95 % quantile.
    const T: f64 = 2.015_048_372_669_157;
    let middle = mean(values);
    let squares: f64 = values.iter().map(|one| (one - middle).powi(2)).sum();
    let half = T * (squares / 5.0 / 6.0).sqrt();
    [middle - half, middle + half]
}

pub(super) fn sentences() -> Vec<Said> {
    vec![
        said(
            FILE,
            "in {12} of {12} modules; median φ(1,8) {0.325}, chance {0.021}",
            || counted(STUDY, "ranks"),
        ),
        said(
            FILE,
            "in {11} of {12} by a tenth or more; median φ(4,4) {0.198}, chance {0.010}",
            || counted(STUDY, "seeds"),
        ),
        said(
            FILE,
            "an excess below a tenth in {12} of {12} modules; median {0.043}, chance {0.021}",
            || counted(STUDY, "ranks-others"),
        ),
        said(
            FILE,
            "mean φ(4,4) {0.190} in the same layer, {0.061} between layers; what remains of it is {0.123} on average; the test has the largest value of {720} permutations, p = {0.0014}",
            || {
                let [same, other] = layers();
                let rest = mean(&evidence("seeds-layers", "value"));
                let p = finding(STUDY, "seeds-layers", "p");
                // 6! permutations, of which the study alone reaches its rest.
                vec![same, other, rest, 720.0, p]
            },
        ),
        said(
            FILE,
            "among 1 and among 4 directions (p = {0.031}), and neither among all 64 (p = {0.94})",
            || {
                vec![
                    finding(STUDY, "query-value", "least_p"),
                    finding(STUDY, "query-value", "p"),
                ]
            },
        ),
        said(
            FILE,
            "on average {1.24} times the typical random value, above it in {6} of {6} layers, p = {0.0001}",
            || {
                let over = evidence("correlates", "value/chance");
                let logs: Vec<f64> = over.iter().map(|over| over.ln()).collect();
                let [holding, all, p] =
                    ["holding", "count", "p"].map(|name| finding(STUDY, "correlates", name));
                vec![mean(&logs).exp(), holding, all, p]
            },
        ),
        said(
            FILE,
            "holds {0.135} of ΔW's energy on the output side and {0.124} on the input side (medians), \
             where chance is {0.102}; in {12} of {12} modules less than half",
            || {
                let of = |side: &str| {
                    let filter = [("claim", "new-directions"), ("statistic", side)];
                    median(&cells(EVIDENCE, &filter, "value"))
                };
                let [chance, holding, all] = ["chance", "holding", "count"]
                    .map(|name| finding(STUDY, "new-directions", name));
                vec![of("out, k = 39"), of("in, k = 39"), chance, holding, all]
            },
        ),
        said(FILE, "here it is {0.8} to {1.7}", || {
            let filter = [("directions", "delta")];
            let over = cells(
                "minilm-sst2/amplification.csv",
                &filter,
                "projected_norm/chance_projected_norm",
            );
            vec![least(&over), most(&over)]
        }),
        said(
            FILE,
            "other layers share {0.061} where random directions share {0.010}",
            || vec![layers()[1], finding(STUDY, "seeds", "chance")],
        ),
        said(FILE, "no p of sign flips can fall below {0.031}", || {
            vec![finding(STUDY, "query-value", "least_p")]
        }),
        said(
            FILE,
            "it falls in {12} of {12} modules (medians {15.8} to {0.86}), that of random updates from \
             {18.4} to {0.87}; relative to them it falls in {0} of {6} layers, p = {0.0002}",
            || {
                let of = |adapter: &str, column: &str| {
                    cells(EVIDENCE, &[("claim", "factor"), ("first", adapter)], column)
                };
                let (small, large) = (of("r4-seed0", "value"), of("r64-seed0", "value"));
                let falls = count(small.iter().zip(&large).map(|(small, large)| large < small));
                let chance = |adapter: &str| median(&of(adapter, "chance"));
                vec![
                    falls,
                    small.len() as f64,
                    median(&small),
                    median(&large),
                    chance("r4-seed0"),
                    chance("r64-seed0"),
                    finding(STUDY, "factor", "holding"),
                    finding(STUDY, "factor", "count"),
                    finding(STUDY, "factor", "p"),
                ]
            },
        ),
        said(
            FILE,
            "mean difference of the excess {−0.013}, 90 % interval {−0.066} to {0.041}, margin {0.1}",
            || {
                let differences = excess_of_b_over_a();
                let [low, high] = interval(&differences);
                vec![
                    mean(&differences),
                    low,
                    high,
                    finding(STUDY, "b-as-a", "margin"),
                ]
            },
        ),
    ]
}
