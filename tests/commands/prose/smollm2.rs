//! What is said of the decoder's study.

use super::cells::{cell, cells};
use super::{Said, said};

const FILE: &str = "experiments/smollm2-sst2/README.md";
const SHARING: &str = "experiments/smollm2-sst2/all-layers/sharing.csv";

pub(super) fn sentences() -> Vec<Said> {
    let mut all = recipes();
    all.push(said(
        FILE,
        "A in query is {0.282} at step {1,080} and {0.316} at the end",
        || {
            let at = |step| shared("1297 steps, decay 3", step, "a", "q_proj");
            vec![at("1080"), 1080.0, at("1297")]
        },
    ));
    all.push(said(
        FILE,
        "accuracies on {2,693} held-out sentences",
        || {
            let runs = "experiments/smollm2-sst2/runs.csv";
            let mut items = cells(runs, &[], "items");
            items.dedup();
            items
        },
    ));
    all
}

/// φ(4,4) of two runs of r = 8 at a step of a recipe, a median over layers.
pub(super) fn shared(recipe: &str, step: &str, basis: &str, projection: &str) -> f64 {
    let filter = [
        ("recipe", recipe),
        ("step", step),
        ("basis", basis),
        ("projection", projection),
        ("k", "4"),
    ];
    cell(SHARING, &filter, "median")
}

/// A line of the table of recipes: what two runs share at the end.
fn recipes() -> Vec<Said> {
    let line = |words, recipe: &'static str, steps: &'static str, before: Vec<f64>| {
        said(FILE, words, move || {
            let of = |basis, projection| shared(recipe, steps, basis, projection);
            let medians = [
                of("a", "q_proj"),
                of("a", "v_proj"),
                of("delta-left", "q_proj"),
                of("delta-left", "v_proj"),
            ];
            before.iter().copied().chain(medians).collect()
        })
    };
    vec![
        line(
            "| 200 steps, no weight decay | {0.027} | {0.028} | {0.096} | {0.174} |",
            "200 steps, decay 0",
            "200",
            Vec::new(),
        ),
        line(
            "| 432 steps (one epoch), no weight decay | {0.038} | {0.040} | {0.086} | {0.148} |",
            "432 steps, decay 0",
            "432",
            Vec::new(),
        ),
        line(
            "| 432 steps, weight decay 1 | {0.053} | {0.051} | {0.107} | {0.179} |",
            "432 steps, decay 1",
            "432",
            Vec::new(),
        ),
        line(
            "| {1,297} steps (three epochs), weight decay 1 | {0.168} | {0.174} | {0.176} | {0.219} |",
            "1297 steps, decay 1",
            "1297",
            vec![1297.0],
        ),
        line(
            "| {1,297} steps, weight decay 3 | {0.316} | {0.304} | {0.277} | {0.340} |",
            "1297 steps, decay 3",
            "1297",
            vec![1297.0],
        ),
    ]
}
