//! What is said of the paper's own values.

use super::cells::{cell, cells, counted, finding, least, most};
use super::{Said, said};

const FILE: &str = "experiments/lora-paper/README.md";
const METHODS: &str = "METHODS.md";
const STUDY: &str = "lora-paper";
const FACTORS: &str = "lora-paper/amplification.csv";
const EVIDENCE: &str = "lora-paper/evidence.csv";
const OVERLAP: &str = "lora-paper/overlap.csv";
const RUNS: &str = "lora-paper/runs.csv";

/// The factors of r = 4 and r = 64: of ΔW's directions, or of random ones.
fn factors(directions: &str) -> Vec<f64> {
    cells(FACTORS, &[("directions", directions)], "amplification")
}

/// ‖UᵀWV‖ in ΔW's directions.
fn of_delta(column: &str) -> Vec<f64> {
    cells(FACTORS, &[("directions", "delta")], column)
}

/// φ of figure 3 at layer 48.
fn figure3(projection: &str) -> Vec<f64> {
    let filter = [
        ("layer", "48"),
        ("projection", projection),
        ("first", "r8"),
        ("second", "r64"),
        ("i", "1"),
    ];
    cells(OVERLAP, &filter, "overlap")
}

/// W_q, r = 8 on MultiNLI, of tables 5 and 6.
fn twice_printed() -> Vec<f64> {
    let value = |adapter: &str| {
        let filter = [("adapter", adapter), ("task", "MultiNLI")];
        cell(RUNS, &filter, "value")
    };
    ["table5-q-r8", "table6-q-r8"].map(value).into()
}

pub(super) fn sentences() -> Vec<Said> {
    let mut all = of_the_paper();
    all.extend(of_its_readme());
    all
}

fn of_the_paper() -> Vec<Said> {
    vec![
        said("README.md", "at GPT-3's d = 12288, {0.005}", || {
            vec![cell(
                OVERLAP,
                &[
                    ("module", "h.1.q"),
                    ("second", "r64-again"),
                    ("i", "64"),
                    ("j", "64"),
                ],
                "chance",
            )]
        }),
        said(
            FILE,
            "in {10} of {10} modules; median φ(1,8) {0.500}, chance {0.0007}",
            || counted(STUDY, "ranks"),
        ),
        said(
            FILE,
            "a tenth or more in {8} of {10} modules; median {0.144}, chance {0.0007}",
            || {
                let [holding, all, median, chance] = ["holding", "count", "median", "chance"]
                    .map(|name| finding(STUDY, "ranks-others", name));
                // None speaks for neither side.
                vec![all - holding, all, median, chance]
            },
        ),
        said(
            FILE,
            "in {10} of {10} modules; median φ(4,4) {0.317}, chance {0.0003}",
            || counted(STUDY, "seeds"),
        ),
        said(FILE, "among 64 directions in {4} of {5} layers", || {
            ["holding", "count"]
                .map(|name| finding(STUDY, "query-value", name))
                .into()
        }),
        said(
            FILE,
            "raw it falls from {21.6} to {1.88} in one module",
            || factors("delta"),
        ),
        said(
            METHODS,
            "lie in the leading 8 of r = 64 with φ of {0.03} to {0.31}, where chance is {0.0007}",
            || {
                let others = |column| cells(EVIDENCE, &[("claim", "ranks-others")], column);
                let shares = others("value");
                vec![least(&shares), most(&shares), others("chance")[0]]
            },
        ),
        said(
            METHODS,
            "would \"amplify\" {343}× at r = 4 and {11}× at r = 64. The learned ones do {21.6}× and \
             {1.88}×",
            || [factors("random"), factors("delta")].concat(),
        ),
        said(
            METHODS,
            "raw factor falls ({21.6} to {1.88}) and its corrected one **rises** ({21.6}/{343} = {0.06} to \
             {1.88}/{11} = {0.17})",
            || {
                let (own, chance) = (factors("delta"), factors("random"));
                let line = |place: usize| [own[place], chance[place], own[place] / chance[place]];
                [own.clone(), line(0).into(), line(1).into()].concat()
            },
        ),
        said(METHODS, "reach {0.436} (W_q) and {0.463} (W_v)", || {
            ["q", "v"]
                .map(|projection| most(&figure3(projection)))
                .into()
        }),
        said(METHODS, "chance is i/d and reaches {0.0999}. It", || {
            vec![most(&cells(OVERLAP, &[("first", "base")], "chance"))]
        }),
        said(
            METHODS,
            "r = 8 on MultiNLI table 5 has {91.0}, and table 6 has {90.7}",
            twice_printed,
        ),
        said(
            "experiments/minilm-sst2/README.md",
            "has ‖UᵀWV‖ at {15.9} times chance for r = 4 and {5.9} times for r = 64",
            || of_delta("projected_norm/chance_projected_norm"),
        ),
    ]
}

fn of_its_readme() -> Vec<Said> {
    vec![
        said(
            FILE,
            "{4308} of figure 8's {13,248} cells have the darkest colour: of these only φ ≤ 0.0905 is \
             known. They stand here with {0.09046} and the limit `below`",
            || {
                let all = cells(OVERLAP, &[("first", "base")], "overlap");
                let darkest = least(&all);
                let clipped = all.iter().filter(|phi| **phi == darkest).count();
                vec![clipped as f64, all.len() as f64, darkest]
            },
        ),
        said(
            FILE,
            "although chance, i/d, runs from {0.033} to {0.0999} there",
            || {
                let all = cells(OVERLAP, &[("first", "base")], "chance");
                vec![least(&all), most(&all)]
            },
        ),
        said(FILE, "Σ r·(d_in + d_out) = {18,874,368}", || {
            vec![least(&cells(
                "lora-paper/table5.csv",
                &[],
                "trainable_parameters",
            ))]
        }),
        said(
            FILE,
            "Table 5 has {91.0} for W_q, r = 8 on MultiNLI, and table 6 has {90.7}",
            twice_printed,
        ),
    ]
}
