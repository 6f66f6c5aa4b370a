//! Whole models without the one before, and what tells their ΔW.

use std::fs;
use std::path::Path;

use crate::files::Tensors;
use crate::formats::{open, refused};
use lora_subspace::adapter::ReadOptions;
use lora_subspace::base::Base;
use serde_json::json;

fn model() -> Tensors {
    let names = ["l.0.q", "l.0.v", "l.1.q", "l.1.v"];
    names.iter().fold(Tensors::default(), |tensors, name| {
        tensors.with(&format!("{name}.weight"), &[6, 5], 1)
    })
}

#[test]
fn a_model_without_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trained");
    model().save(&path.join("model.safetensors"));
    let error = open(&path, &ReadOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("named as no adapter's") && error.contains("Adapter::open_on"),
        "{error}"
    );
    fs::write(
        path.join("config.json"),
        json!({"model_type": "llama"}).to_string(),
    )
    .unwrap();
    refused(&path, &["a whole model", "Adapter::open_on"]);
    // Of another model only few names are there.
    let base = folder.path().join("base/model.safetensors");
    Tensors::default()
        .with("l.0.q.weight", &[6, 5], 2)
        .save(&base);
    refused(
        &path,
        &["only 1 of its 4 tensors are the base's", "Adapter::open_on"],
    );
    model().save(&base);
    let adapter = open(&path, &ReadOptions::default()).unwrap();
    assert_eq!(
        (adapter.layout, adapter.modules.len()),
        ("full fine-tune", 4)
    );
    // One more tensor than the base has is not understood.
    model()
        .with("head.weight", &[3, 5], 1)
        .save(&path.join("model.safetensors"));
    let error = open(&path, &ReadOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`head.weight`") && error.contains("ReadOptions::allow_unmapped"),
        "{error}"
    );
}

/// A Conv1D is stored (in, out), which a square one does not show, and an embedding by tokens.
#[test]
fn a_model_of_turned_layers() {
    let folder = tempfile::tempdir().unwrap();
    let (trained, base) = (folder.path().join("trained"), folder.path().join("base"));
    for (path, salt) in [(&trained, 1), (&base, 2)] {
        let square = Tensors::default().with("h.0.attn.c_proj.weight", &[4, 4], salt);
        let all =
            square
                .with("h.0.attn.c_attn.weight", &[4, 12], salt)
                .with("wte.weight", &[7, 4], salt);
        all.save(&path.join("model.safetensors"));
        fs::write(
            path.join("config.json"),
            json!({"model_type": "gpt2"}).to_string(),
        )
        .unwrap();
    }
    let adapter = open(&trained, &ReadOptions::default()).unwrap();
    let base = Base::open(&base).unwrap();
    let file = |path: &Path| {
        lora_subspace::tensors::TensorFile::open(&path.join("model.safetensors")).unwrap()
    };
    let (after, before) = (file(&trained), file(base.path()));
    for (path, shape) in [
        ("h.0.attn.c_proj", (4, 4)),
        ("h.0.attn.c_attn", (12, 4)),
        ("wte", (4, 7)),
    ] {
        let module = adapter.module(path).unwrap();
        let w = base.whole(module).unwrap();
        let delta = adapter.delta_with(path, Some(w.view()), 1).unwrap().dense();
        assert_eq!(delta.dim(), shape, "{path}");
        let name = format!("{path}.weight");
        let expected = after.matrix(&name).unwrap() - before.matrix(&name).unwrap();
        assert_eq!(delta, expected.t(), "{path}");
    }
}
