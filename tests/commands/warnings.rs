//! Adapters with something odd: what is said of it, and which cells stay empty.

use crate::files::Tensors;
use crate::made::{done, table};
use crate::workshop::{AdapterFolder, D_IN, D_OUT, MODULES, factor, workshop};

#[test]
fn an_untrained_module_is_a_warning_and_empty_cells() {
    let folder = workshop();
    let name = factor(MODULES[0], 'B');
    AdapterFolder::new(2, 1)
        .tensors(|tensors| tensors.constant(&name, &[D_OUT, 2], 0.0))
        .save(&folder.path().join("half"));
    let outcome = done("subspace-overlap", &["half", "two"], folder.path());
    assert!(
        outcome
            .stderr
            .contains("warning: half: module `m.layers.0.q_proj` is untrained"),
        "{}",
        outcome.stderr
    );
    for row in table(folder.path(), "half-vs-two", "overlap.csv") {
        let empty = &row[0] == "m.layers.0.q_proj" && &row[4] == "half";
        assert_eq!(
            (row[8].is_empty(), row[10].is_empty()),
            (empty, empty),
            "{row:?}"
        );
    }
    done("amplification", &["half", "--base", "base"], folder.path());
    let rows = table(folder.path(), "half", "amplification.csv");
    assert_eq!((&rows[0][6], &rows[0][10], &rows[0][11]), ("", "0.0", ""));
    assert!(!rows[1][6].is_empty() && !rows[2][6].is_empty());
}

#[test]
fn modules_in_one_adapter_only_are_named() {
    let folder = workshop();
    let (a, b) = (factor(MODULES[3], 'A'), factor(MODULES[3], 'B'));
    AdapterFolder::new(2, 1)
        .tensors(|tensors| tensors.without(&a).without(&b))
        .save(&folder.path().join("less"));
    let outcome = done("subspace-overlap", &["less", "two"], folder.path());
    assert!(
        outcome
            .stderr
            .contains("warning: less and two: 1 modules are in one of them only")
    );
    assert!(outcome.stderr.contains("m.layers.1.v_proj"));
}

#[test]
fn modules_that_only_their_prefix_tells_apart_are_named() {
    let folder = workshop();
    let mut tensors = Tensors::default();
    for side in ["encoder", "decoder"] {
        let name = |factor| format!("base_model.model.{side}.0.q.lora_{factor}.weight");
        tensors = tensors
            .with(&name('A'), &[2, D_IN], 1)
            .with(&name('B'), &[D_OUT, 2], 2);
    }
    let mut adapter = AdapterFolder::new(2, 1);
    adapter.tensors = tensors.clone();
    adapter.save(&folder.path().join("both"));
    let base = ["encoder", "decoder"]
        .iter()
        .fold(tensors, |tensors, side| {
            tensors.with(&format!("{side}.0.q.weight"), &[D_OUT, D_IN], 3)
        });
    base.save(&folder.path().join("pair/model.safetensors"));
    let outcome = done("amplification", &["both", "--base", "pair"], folder.path());
    assert!(outcome.stderr.contains(
        "figures and table 7 show decoder, where several modules have one layer and name"
    ));
    assert_eq!(
        table(folder.path(), "both", "amplification.csv").len(),
        2 * 3
    );
    assert_eq!(table(folder.path(), "both", "table7.csv").len(), 1);
}

#[test]
fn a_rank_beyond_the_width_leaves_cells_empty() {
    // r = 6 on modules of 6 × 5: A has 5 directions at most, B 6, ΔW 5.
    let folder = workshop();
    AdapterFolder::new(6, 4).save(&folder.path().join("wide"));
    let arguments = [
        "wide",
        "two",
        "--no-figures",
        "--basis",
        "a",
        "--basis",
        "b",
        "--basis",
        "delta-left",
    ];
    let outcome = done("subspace-overlap", &arguments, folder.path());
    assert!(
        outcome.stderr.contains("numerical rank 5 of 6"),
        "{}",
        outcome.stderr
    );
    let rows = table(folder.path(), "wide-vs-two", "overlap.csv");
    let last = |basis: &str| {
        let of = |row: &&csv::StringRecord| {
            &row[0] == "m.layers.0.q_proj" && &row[3] == basis && &row[4] == "wide"
        };
        let row = rows.iter().rfind(of).unwrap();
        (row[6].to_string(), row[8].is_empty())
    };
    assert_eq!(last("a"), ("5".to_string(), false)); // A has no sixth direction in R^5
    assert_eq!(last("b"), ("6".to_string(), false));
    assert_eq!(last("delta-left"), ("6".to_string(), true));
    done("amplification", &["wide", "--base", "base"], folder.path());
    assert_eq!(
        &table(folder.path(), "wide", "amplification.csv")[0][4],
        "5"
    );
}

#[test]
fn full_tensors_beside_the_factors_are_listed() {
    let folder = workshop();
    AdapterFolder::new(2, 1)
        .tensors(|tensors| tensors.with("base_model.model.classifier.weight", &[3, 6], 1))
        .save(&folder.path().join("headed"));
    let outcome = done(
        "subspace-overlap",
        &["headed", "two", "--no-figures"],
        folder.path(),
    );
    assert!(
        outcome
            .stderr
            .contains("no part of any ΔW: base_model.model.classifier.weight")
    );
}
