//! Weights and scales that f64 can hardly hold: what is measured has numbers in every cell, and the
//! rest is left out and named.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::programs::{Outcome, files, run};
use crate::workshop::{AdapterFolder, workshop};

/// A workshop whose adapter `one` has other fields in its config.
fn with_fields(fields: &[(&str, Value)]) -> tempfile::TempDir {
    let folder = workshop();
    let adapter = AdapterFolder::new(2, 1);
    let change =
        |adapter: AdapterFolder, (name, value): &(&str, Value)| adapter.field(name, value.clone());
    let adapter = fields.iter().fold(adapter, change);
    adapter.save(&folder.path().join("one"));
    folder
}

fn amplification(folder: &Path) -> Outcome {
    let arguments = ["one", "two", "--base", "base", "--out", "out", "-q"];
    run("amplification", &arguments, folder)
}

/// That no table has an infinity or NaN in a cell, where a missing number is empty.
fn check_cells(out: &Path) {
    let ends = [".csv", ".md", ".tex"];
    let mut tables = 0;
    for name in files(out) {
        if !ends.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        tables += 1;
        let text = fs::read_to_string(out.join(&name)).unwrap();
        let between = |c: char| c.is_whitespace() || [',', '|', '&', '$'].contains(&c);
        for cell in text.split(between) {
            let is_none = ["inf", "-inf", "nan"].contains(&cell.to_lowercase().as_str());
            assert!(!is_none, "{name} has {cell}");
        }
    }
    assert!(tables > 4, "{:?}", files(out));
}

#[test]
fn a_scale_of_every_size_gives_numbers() {
    for alpha in [1e299, 1e160, 1e-160, 1e-299] {
        let folder = with_fields(&[("lora_alpha", json!(alpha))]);
        let outcome = amplification(folder.path());
        assert_eq!(
            (outcome.code, outcome.stderr.as_str()),
            (0, ""),
            "{alpha:e}"
        );
        check_cells(&folder.path().join("out"));
    }
}

#[test]
fn a_module_beyond_the_range_is_left_out_and_named() {
    let pattern = json!({"layers.0.q_proj": 1.7e308, "layers.1.v_proj": 1e-320});
    let folder = with_fields(&[("alpha_pattern", pattern)]);
    let outcome = amplification(folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", outcome.stderr);
    for (line, words) in lines.iter().zip([
        [
            "left out: `m.layers.0.q_proj`: one/adapter_model.safetensors",
            "above 1.8e308",
            "s is 8.500e307",
        ],
        [
            "left out: `m.layers.1.v_proj`: one/adapter_model.safetensors",
            "from 1e-300 to 1e300",
            "e-321",
        ],
    ]) {
        for word in words {
            assert!(line.contains(word), "`{word}` is not in: {line}");
        }
    }
    check_cells(&folder.path().join("out"));
    let text = fs::read_to_string(
        folder
            .path()
            .join("out/notebooks-export/one-vs-two/ranks.csv"),
    );
    let text = text.unwrap();
    assert!(text.contains("m.layers.0.v_proj") && !text.contains("m.layers.0.q_proj"));
    // Who looks sees all four, two of them without a norm.
    let outcome = run("inspect", &["one", "--json"], folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let told: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let norms: Vec<bool> = told["modules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["delta_norm"].is_f64())
        .collect();
    assert_eq!(norms, [false, true, true, false]);
    assert_eq!(told["left_out"].as_array().unwrap().len(), 2);
    let page = run("inspect", &["one"], folder.path()).stdout;
    assert!(page.lines().all(|line| line.len() < 400), "{page}");
}

#[test]
fn where_nothing_is_left_nothing_is_written() {
    let folder = with_fields(&[("lora_alpha", json!(1.7e308))]);
    let outcome = amplification(folder.path());
    assert_eq!(outcome.code, 1);
    for word in [
        "one/adapter_model.safetensors",
        "m.layers.0.q_proj.lora_B",
        "s is 8.500e307",
    ] {
        assert!(outcome.error().contains(word), "{}", outcome.error());
    }
    assert!(!folder.path().join("out").exists());
    // An α that is no number is the config's fault.
    let config = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": Infinity}"#;
    fs::write(folder.path().join("one/adapter_config.json"), config).unwrap();
    let outcome = amplification(folder.path());
    assert_eq!(outcome.code, 1);
    assert!(
        outcome
            .error()
            .contains("one/adapter_config.json: lora_alpha is"),
        "{}",
        outcome.error()
    );
}
