//! Broken files of layouts other than PEFT's: one clear line each, with the file, the tensor and
//! the remedy.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::Tensors;
use lora_subspace::adapter::{Adapter, BaseIndex, ReadOptions};
use lora_subspace::base::Base;
use serde_json::{Value, json};

/// Opens it, with the base in the folder where there is one.
pub(crate) fn open(
    path: &Path,
    options: &ReadOptions,
) -> Result<Adapter, lora_subspace::CoreError> {
    let base = path.ancestors().nth(1).unwrap().join("base");
    let base = base.exists().then(|| Base::open(&base).unwrap());
    let index = base.as_ref().map(|base| base as &dyn BaseIndex);
    Adapter::open_on(path, options, index)
}

pub(crate) fn refused(path: &Path, words: &[&str]) {
    refused_with(path, &ReadOptions::default(), words);
}

fn refused_with(path: &Path, options: &ReadOptions, words: &[&str]) {
    let error = match open(path, options) {
        Ok(adapter) => panic!("read as {}", adapter.layout),
        Err(error) => error.to_string(),
    };
    assert!(!error.contains('\n'), "{error}");
    assert!(
        error.contains(&*path.file_name().unwrap().to_string_lossy()),
        "{error}"
    );
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
}

/// A weight file in a folder of its own.
fn saved(tensors: Tensors, name: &str) -> (tempfile::TempDir, PathBuf) {
    saved_with(tensors, name, &[])
}

fn saved_with(
    tensors: Tensors,
    name: &str,
    metadata: &[(&str, &str)],
) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    tensors.save_with(&path, metadata);
    (folder, path)
}

fn pair(a: &str, shape_a: [usize; 2], b: &str, shape_b: [usize; 2]) -> Tensors {
    Tensors::default().with(a, &shape_a, 1).with(b, &shape_b, 2)
}

fn with_alpha() -> ReadOptions {
    ReadOptions::new().alpha(4.0)
}

// ---- diffusers

const DIFFUSERS: &str = "pytorch_lora_weights.safetensors";
const TO_Q: &str = "unet.down_blocks.0.attentions.0.to_q";

fn diffusers() -> Tensors {
    let [a, b] = ["A", "B"].map(|factor| format!("{TO_Q}.lora_{factor}.weight"));
    pair(&a, [2, 5], &b, [6, 2])
}

#[test]
fn diffusers_with_half_a_pair() {
    let lone = diffusers().without(&format!("{TO_Q}.lora_B.weight"));
    let (_folder, path) = saved(lone, DIFFUSERS);
    refused(
        &path,
        &[&format!("{TO_Q}.lora_A.weight"), "has no factor B", "save"],
    );
}

#[test]
fn diffusers_whose_metadata_is_broken() {
    let (_folder, path) = saved_with(diffusers(), DIFFUSERS, &[("lora_adapter_metadata", "{")]);
    refused(
        &path,
        &["lora_adapter_metadata is not a JSON object", "save"],
    );
    let other = json!({"unet.r": 4, "unet.lora_alpha": 4}).to_string();
    let (_folder, path) = saved_with(diffusers(), DIFFUSERS, &[("lora_adapter_metadata", &other)]);
    refused(
        &path,
        &[
            "rank 2, where lora_adapter_metadata gives this module rank 4",
            "correct r",
        ],
    );
    let other = json!({"unet.r": 2}).to_string();
    let (_folder, path) = saved_with(diffusers(), DIFFUSERS, &[("lora_adapter_metadata", &other)]);
    let words = [
        "`unet.lora_alpha` of the file's lora_adapter_metadata is missing",
        "ReadOptions::alpha",
    ];
    refused(&path, &words);
}

#[test]
fn diffusers_with_a_tensor_of_another_kind() {
    let odd = diffusers().with(&format!("{TO_Q}.lora_C.weight"), &[2], 3);
    let (_folder, path) = saved(odd, DIFFUSERS);
    refused(&path, &["lora_C", "ReadOptions::allow_unmapped"]);
}

#[test]
fn diffusers_twice_the_same_factor() {
    let twice = diffusers().with(&format!("{TO_Q}.lora.down.weight"), &[2, 5], 3);
    let (_folder, path) = saved(twice, DIFFUSERS);
    refused(&path, &["the same factor as", "save one adapter"]);
}

#[test]
fn diffusers_of_other_trainers() {
    let flux = "double_blocks.3.processor.qkv_lora2";
    let [a, b] = ["down", "up"].map(|side| format!("{flux}.{side}.weight"));
    let (_folder, path) = saved(pair(&a, [2, 5], &b, [15, 2]), "flux.safetensors");
    let adapter = open(&path, &ReadOptions::default()).unwrap();
    assert_eq!(adapter.modules[0].path, "double_blocks.3.txt_attn.qkv");
    assert!(
        adapter.scale_rule.starts_with("s = 1: no α"),
        "{}",
        adapter.scale_rule
    );
    let mochi = "transformer_blocks.0.attn1.to_q";
    let [a, b] = ["A", "B"].map(|factor| format!("{mochi}.lora_{factor}"));
    let (_folder, path) = saved(pair(&a, [2, 5], &b, [6, 2]), "mochi.safetensors");
    let adapter = open(&path, &ReadOptions::default()).unwrap();
    assert_eq!(
        (adapter.layout, adapter.modules[0].scale),
        ("diffusers", 1.0)
    );
}

/// In FLUX's single blocks the adapter has q, k and v of a layer that has more.
#[test]
fn the_first_rows_of_a_longer_layer() {
    let single = "single_blocks.0.processor.qkv_lora";
    let [a, b] = ["down", "up"].map(|side| format!("{single}.{side}.weight"));
    let (folder, path) = saved(pair(&a, [2, 5], &b, [15, 2]), "flux.safetensors");
    let base = Tensors::default().with("single_blocks.0.linear1.weight", &[35, 5], 1);
    base.save(&folder.path().join("base/model.safetensors"));
    let adapter = open(&path, &ReadOptions::default()).unwrap();
    let delta = adapter.delta("single_blocks.0.linear1").unwrap().dense();
    assert_eq!(delta.dim(), (35, 5));
    assert!(
        delta
            .rows()
            .into_iter()
            .skip(15)
            .all(|row| row.iter().all(|&x| x == 0.0))
    );
}

// ---- loralib

fn loralib(module: &str, shape_a: [usize; 2], shape_b: [usize; 2]) -> Tensors {
    pair(
        &format!("{module}.lora_A"),
        shape_a,
        &format!("{module}.lora_B"),
        shape_b,
    )
}

#[test]
fn loralib_without_alpha() {
    let (_folder, path) = saved(loralib("h.0.query", [2, 5], [6, 2]), "lora.safetensors");
    refused(
        &path,
        &[
            "loralib stores no α",
            "ReadOptions::alpha",
            "ReadOptions::unscaled",
        ],
    );
    let looking = ReadOptions::new().looking();
    assert!(!open(&path, &looking).unwrap().scale_is_known);
}

#[test]
fn loralib_factors_of_no_layer() {
    let (_folder, path) = saved(loralib("h.0.query", [5, 5], [6, 2]), "lora.safetensors");
    refused_with(
        &path,
        &with_alpha(),
        &["h.0.query.lora_A", "5 × 5", "Adapter::open_on"],
    );
    let (_folder, path) = saved(loralib("h.0.conv1", [6, 12], [18, 6]), "lora.safetensors");
    refused_with(
        &path,
        &with_alpha(),
        &["h.0.conv1", "a convolution's", "Adapter::open_on"],
    );
    // Beside a layer that is read it is left out.
    let both = loralib("h.0.conv1", [6, 12], [18, 6])
        .with("h.0.query.lora_A", &[2, 5], 1)
        .with("h.0.query.lora_B", &[6, 2], 2);
    let (_folder, path) = saved(both, "lora.safetensors");
    let adapter = open(&path, &with_alpha()).unwrap();
    assert_eq!(adapter.modules.len(), 1);
    assert!(
        adapter.left_out[0].cause.contains("a convolution's"),
        "{:?}",
        adapter.left_out
    );
}

#[test]
fn loralib_kernels_that_do_not_fit() {
    let (folder, path) = saved(loralib("h.0.conv1", [6, 12], [18, 6]), "lora.safetensors");
    let base = Tensors::default().with("h.0.conv1.conv.weight", &[6, 4, 4, 4], 1);
    base.save(&folder.path().join("base/model.safetensors"));
    refused_with(
        &path,
        &with_alpha(),
        &["h.0.conv1.lora_A", "4 × 4 kernel", "Adapter::open_on"],
    );
}

#[test]
fn litgpt_and_others_are_refused_by_name() {
    let (folder, _) = saved(
        loralib("h.0.attn.qkv", [2, 5], [6, 2]),
        "lit_model.pth.lora",
    );
    let path = folder.path().join("lit_model.pth.lora");
    refused(
        &path,
        &[
            "a LitGPT adapter is not supported",
            "merge_lora",
            "Adapter::open_on",
        ],
    );
    let candle = pair("l.a0.weight", [2, 5], "l.b0.weight", [6, 2]);
    let (_folder, path) = saved(candle, "lora.safetensors");
    refused(&path, &["candle-lora", "l.a0.weight", "Adapter::open_on"]);
    let path = folder.path().join("lora.gguf");
    fs::write(&path, b"GGUF\x03\0\0\0").unwrap();
    refused(&path, &["GGUF is not supported", "Adapter::open_on"]);
}

// ---- cloneofsimo

#[test]
fn cloneofsimo_contradictions() {
    let factors = pair("unet:0:down", [2, 5], "unet:0:up", [6, 2]);
    let (_folder, path) = saved_with(factors.clone(), "lora.safetensors", &[("unet:0:rank", "4")]);
    refused(
        &path,
        &["unet:0:down", "rank 2", "gives this module rank 4"],
    );
    let (_folder, path) = saved(factors.without("unet:0:up"), "lora.safetensors");
    refused(&path, &["unet:0:down", "`unet.0` has no factor B"]);
}

// ---- MLX

fn mlx(config: Value, tensors: Tensors) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapter");
    tensors.save(&path.join("adapters.safetensors"));
    fs::write(path.join("adapter_config.json"), config.to_string()).unwrap();
    (folder, path)
}

/// The error names a file in the folder.
fn mlx_refused(config: Value, tensors: Tensors, words: &[&str]) {
    let (_folder, path) = mlx(config, tensors);
    refused(&path, words);
}

#[test]
fn mlx_contradictions() {
    let factors = || pair("l.0.q.lora_a", [5, 2], "l.0.q.lora_b", [2, 6]);
    let config = |kind: &str, rank: Value, scale: Value| json!({"fine_tune_type": kind, "lora_parameters": {"rank": rank, "scale": scale}});
    mlx_refused(
        config("lora", json!(4), json!(10)),
        factors(),
        &[
            "l.0.q.lora_a",
            "rank 2, where lora_parameters gives this module rank 4",
        ],
    );
    mlx_refused(
        config("lora", json!(2), json!("ten")),
        factors(),
        &[
            "adapter_config.json",
            "scale of lora_parameters is \"ten\"",
            "a number",
        ],
    );
    mlx_refused(
        config("dora", json!(2), json!(10)),
        factors(),
        &["l.0.q.lora_a", "has no `.m`", "save"],
    );
    mlx_refused(
        config("prefix", json!(2), json!(10)),
        factors(),
        &["fine_tune_type is \"prefix\"", "Adapter::open_on"],
    );
    let odd = Tensors::default()
        .with("e.lora_a", &[3, 2, 5], 1)
        .with("e.lora_b", &[2, 6, 2], 2);
    mlx_refused(
        config("lora", json!(2), json!(10)),
        odd,
        &["e.lora_a", "[3, 2, 5]", "(experts, out, r)"],
    );
    let (_folder, path) = mlx(json!({"fine_tune_type": "lora"}), factors());
    let adapter = open(&path, &ReadOptions::default()).unwrap();
    assert_eq!(adapter.modules[0].scale, 20.0);
    assert!(
        adapter.scale_rule.contains("MLX-LM's own"),
        "{}",
        adapter.scale_rule
    );
}

// ---- torchtune

#[test]
fn torchtune_without_alpha() {
    let module = "layers.0.attn.q_proj";
    let [a, b] = ["a", "b"].map(|factor| format!("{module}.lora_{factor}.weight"));
    let factors = pair(&a, [2, 5], &b, [6, 2]);
    let (_folder, path) = saved(factors.clone(), "adapter_0.safetensors");
    let error = open(&path, &ReadOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("lora_alpha is missing") && error.contains("ReadOptions::alpha"),
        "{error}"
    );
    assert_eq!(open(&path, &with_alpha()).unwrap().modules[0].scale, 2.0);
    let config = json!({"peft_type": "LORA", "r": 4, "lora_alpha": 4}).to_string();
    fs::write(path.with_file_name("adapter_config.json"), config).unwrap();
    refused(&path, &[&a, "rank 2", "rank 4"]);
}
