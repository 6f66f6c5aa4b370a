//! What is said of the built-in study's findings.

use super::cells::{cell, cells, count, mean, median};
use super::{Said, said};

const FILE: &str = "experiments/minilm-sst2/README.md";
const FINDINGS: &str = "minilm-sst2/findings.csv";
const EVIDENCE: &str = "minilm-sst2/evidence.csv";

/// A number of a finding.
fn finding(claim: &str, column: &str) -> f64 {
    cell(FINDINGS, &[("claim", claim)], column)
}

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
            || {
                ["holding", "count", "median", "chance"]
                    .map(|name| finding("ranks", name))
                    .into()
            },
        ),
        said(
            FILE,
            "in {11} of {12} by a tenth or more; median φ(4,4) {0.198}, chance {0.010}",
            || {
                ["holding", "count", "median", "chance"]
                    .map(|name| finding("seeds", name))
                    .into()
            },
        ),
        said(FILE, "in {6} of {6} layers, p = {0.031}", || {
            let count = finding("query-value", "count");
            vec![
                count - finding("query-value", "holding"),
                count,
                finding("query-value", "p"),
            ]
        }),
        said(
            FILE,
            "significant and at least 1.1 times chance in {3} of {12}, below that in {4}, neither in {5}",
            || {
                let over = evidence("correlates", "value/chance");
                let below = count(over.iter().map(|over| *over < 1.1));
                let [holding, all] = ["holding", "count"].map(|name| finding("correlates", name));
                vec![holding, all, below, all - holding - below]
            },
        ),
        said(
            FILE,
            "{12} of {12} modules; median ratio {0.045}, random directions have {0.036}, margin {0.25}",
            || {
                let names = ["holding", "count", "median", "chance", "margin"];
                names.map(|name| finding("new-directions", name)).into()
            },
        ),
        said(
            FILE,
            "raw it falls in {12} of {12} modules (medians {15.8} to {0.86}); relative to random updates \
             ({18.0} to {0.87}) in {0} of {6} layers, p = {0.031}",
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
                    finding("factor", "holding"),
                    finding("factor", "count"),
                    finding("factor", "p"),
                ]
            },
        ),
        said(
            FILE,
            "mean difference of the excess {−0.013}, 90 % interval {−0.066} to {0.041}, margin {0.1}",
            || {
                let differences = excess_of_b_over_a();
                let [low, high] = interval(&differences);
                vec![mean(&differences), low, high, finding("b-as-a", "margin")]
            },
        ),
    ]
}
