//! Bases that do not fit the adapters.

use std::fs;

use crate::files::Tensors;
use crate::refused::refused_with;
use crate::workshop::{D_IN, D_OUT, MODULES, base_tensors, workshop};
use serde_json::json;

#[test]
fn a_base_of_different_width() {
    let folder = workshop();
    base_tensors()
        .with("layers.0.q_proj.weight", &[12, 10], 1)
        .save(&folder.path().join("base/model.safetensors"));
    let words = [
        "base/model.safetensors",
        "layers.0.q_proj.weight",
        "[12, 10]",
        "[6, 5]",
        "widths",
    ];
    refused_with(
        folder.path(),
        &["one", "two", "--base", "base", "--strict"],
        &words,
    );
}

#[test]
fn a_base_stored_the_other_way_round() {
    let folder = workshop();
    base_tensors()
        .with("layers.0.q_proj.weight", &[D_IN, D_OUT], 1)
        .save(&folder.path().join("base/model.safetensors"));
    let words = ["layers.0.q_proj.weight", "[5, 6]", "fan_in_fan_out"];
    refused_with(
        folder.path(),
        &["one", "two", "--base", "base", "--strict"],
        &words,
    );
}

#[test]
fn a_base_without_the_module() {
    let folder = workshop();
    base_tensors()
        .without("layers.1.q_proj.weight")
        .save(&folder.path().join("base/model.safetensors"));
    let words = [
        "no weight for module `m.layers.1.q_proj`",
        "nearest names",
        "layers.0.q_proj.weight",
    ];
    refused_with(
        folder.path(),
        &["one", "two", "--base", "base", "--strict"],
        &words,
    );
}

#[test]
fn a_base_with_two_candidates() {
    let folder = workshop();
    let tensors = MODULES.iter().fold(Tensors::default(), |tensors, module| {
        tensors
            .with(&format!("enc.m.{module}.weight"), &[D_OUT, D_IN], 1)
            .with(&format!("dec.m.{module}.weight"), &[D_OUT, D_IN], 2)
    });
    tensors.save(&folder.path().join("base/model.safetensors"));
    let words = [
        "could be any of",
        "dec.m.layers.0.q_proj.weight",
        "enc.m.layers.0.q_proj.weight",
    ];
    refused_with(folder.path(), &["one", "two", "--base", "base"], &words);
}

#[test]
fn an_index_that_lies() {
    let folder = workshop();
    let base = folder.path().join("sharded");
    base_tensors().save(&base.join("model-1.safetensors"));
    let index = |map: serde_json::Value| {
        let text = json!({ "weight_map": map }).to_string();
        fs::write(base.join("model.safetensors.index.json"), text).unwrap();
    };
    let arguments = ["one", "two", "--base", "sharded"];
    index(json!({"layers.9.q.weight": "model-1.safetensors"}));
    refused_with(
        folder.path(),
        &arguments,
        &["index.json", "layers.9.q.weight", "is not in"],
    );
    index(json!({"layers.0.q_proj.weight": "model-2.safetensors"}));
    refused_with(
        folder.path(),
        &arguments,
        &["model-2.safetensors: no such file"],
    );
    index(json!({"layers.0.q_proj.weight": "../base/model.safetensors"}));
    refused_with(folder.path(), &arguments, &["is not a file name"]);
}
