//! Files of other layouts than PEFT's LoRA that are broken or ambiguous: one clear error each, and
//! what has to be said about those that are read.

use std::fs;
use std::path::PathBuf;

use crate::files::{Tensors, golden};
use lora_subspace::adapter::{Adapter, BaseIndex, ReadOptions};
use lora_subspace::base::Base;
use serde_json::json;

const DOWN: &str = "lora_unet_mid_block_attentions_0_to_q.lora_down.weight";
const UP: &str = "lora_unet_mid_block_attentions_0_to_q.lora_up.weight";
const TOKEN: &str = "lora_unet_mid_block_attentions_0_to_q";

fn plain() -> Tensors {
    Tensors::default()
        .with(DOWN, &[2, 5], 1)
        .with(UP, &[6, 2], 2)
}

fn open_with(
    tensors: &Tensors,
    options: &ReadOptions,
    base: Option<&Tensors>,
) -> Result<Adapter, lora_subspace::CoreError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.safetensors");
    tensors.save(&path);
    let base = base.map(|tensors| {
        let path = folder.path().join("base.safetensors");
        tensors.save(&path);
        Base::open(&path).unwrap()
    });
    let index = base.as_ref().map(|base| base as &dyn BaseIndex);
    Adapter::open_on(&path, options, index)
}

fn open(tensors: &Tensors) -> Adapter {
    open_with(tensors, &ReadOptions::default(), None).unwrap_or_else(|error| panic!("{error}"))
}

fn refused_on(tensors: &Tensors, base: Option<&Tensors>, words: &[&str]) {
    let error = open_with(tensors, &ReadOptions::default(), base).unwrap_err();
    let text = error.to_string();
    for word in words.iter().chain(&["file.safetensors"]) {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
    assert!(!text.contains('\n'), "{text}");
}

fn refused(tensors: &Tensors, words: &[&str]) {
    refused_on(tensors, None, words);
}

#[test]
fn a_factor_without_the_other() {
    refused(&plain().without(UP), &[DOWN, "has no factor B"]);
    let hada = ["hada_w1_a", "hada_w1_b", "hada_w2_a"]
        .iter()
        .fold(Tensors::default(), |tensors, kind| {
            tensors.with(&format!("{TOKEN}.{kind}"), &[2, 2], 1)
        });
    refused(&hada, &["hada_w1_a", "no hada_w2_b"]);
    let lokr = Tensors::default().with(&format!("{TOKEN}.lokr_w1"), &[2, 2], 1);
    refused(&lokr, &["lokr_w1", "no lokr_w2_a"]);
}

#[test]
fn shapes_that_do_not_fit() {
    let longer = plain().with(UP, &[6, 3], 1);
    refused(&longer, &[DOWN, "do not multiply"]);
    let mid = plain().with(&format!("{TOKEN}.lora_mid.weight"), &[2, 3, 3, 3], 1);
    refused(&mid, &["lora_mid", "does not multiply"]);
    let vector = plain().with(&format!("{TOKEN}.lora_mid.weight"), &[2], 1);
    refused(&vector, &["lora_mid", "where a kernel was expected"]);
    let norms = plain().with(&format!("{TOKEN}.dora_scale"), &[1, 4], 1);
    refused(&norms, &["dora_scale", "one for each input channel"]);
    let alphas = plain().with(&format!("{TOKEN}.alpha"), &[2], 1);
    refused(&alphas, &[".alpha", "2 numbers", "ReadOptions::alpha"]);
    let empty = plain().with(DOWN, &[0, 5], 1).with(UP, &[6, 0], 1);
    refused(&empty, &["cannot be empty"]);
}

#[test]
fn several_things_under_one_name() {
    let both = plain().with(&format!("{TOKEN}.diff"), &[6, 5], 1);
    refused(&both, &["several methods"]);
    let twice = plain().with(&format!("{TOKEN}.lora_A.weight"), &[2, 5], 1);
    refused(&twice, &["the file holds two adapters"]);
    let base = Tensors::default()
        .with("mid_block.attentions.0.to_q.weight", &[6, 5], 1)
        .with("mid.block.attentions.0.to_q.weight", &[6, 5], 1);
    refused_on(
        &plain(),
        Some(&base),
        &["could be any of", "mid.block.attentions.0.to_q.weight"],
    );
}

#[test]
fn what_is_not_known_is_not_passed_over() {
    refused(
        &plain().with(&format!("{TOKEN}.lora_side.weight"), &[2, 2], 1),
        &["lora_side"],
    );
    refused(
        &plain().with("lora_unet_x.dora_scale", &[6], 1),
        &["lora_unet_x.dora_scale"],
    );
    let multiplied = Tensors::default().with(&format!("{TOKEN}.on_input"), &[2], 1);
    refused(&multiplied, &["on_input", "Adapter::open_on"]);
}

#[test]
fn alpha_comes_from_the_file_or_from_whoever_asks() {
    let stored = plain().constant(&format!("{TOKEN}.alpha"), &[], 3.0);
    let adapter = open(&stored);
    assert_eq!(adapter.modules[0].scale, 1.5);
    assert!(
        adapter.scale_rule.contains("each module's .alpha"),
        "{}",
        adapter.scale_rule
    );
    assert_eq!(adapter.stated_alpha, None);
    let options = ReadOptions::new().alpha(8.0);
    let adapter = open_with(&stored, &options, None).unwrap();
    assert_eq!(adapter.modules[0].scale, 4.0);
    let adapter = open(&plain());
    assert_eq!(adapter.modules[0].scale, 1.0);
    assert!(
        adapter.scale_rule.contains("no .alpha"),
        "{}",
        adapter.scale_rule
    );
}

#[test]
fn alpha_may_be_a_whole_number() {
    use safetensors::tensor::{Dtype, SafeTensors, TensorView};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapter.safetensors");
    plain().save(&path);
    let bytes = fs::read(&path).unwrap();
    let (alpha, file) = (
        3i64.to_le_bytes(),
        SafeTensors::deserialize(&bytes).unwrap(),
    );
    let alpha = TensorView::new(Dtype::I64, vec![], &alpha).unwrap();
    let tensors = file.tensors().into_iter();
    let tensors = tensors.chain([(format!("{TOKEN}.alpha"), alpha)]);
    fs::write(&path, safetensors::serialize(tensors, None).unwrap()).unwrap();
    let adapter = Adapter::open(&path, &ReadOptions::default()).unwrap();
    assert_eq!(adapter.modules[0].scale, 1.5);
}

#[test]
fn components_are_named_where_there_are_several() {
    assert_eq!(
        open(&plain()).modules[0].path,
        "mid_block.attentions.0.to_q"
    );
    let text = "lora_te1_text_model_encoder_layers_3_mlp_fc1";
    let both = plain()
        .with(&format!("{text}.lora_down.weight"), &[2, 5], 1)
        .with(&format!("{text}.lora_up.weight"), &[6, 2], 1)
        .with(&format!("{text}.diff_b"), &[6], 1);
    let adapter = open(&both);
    let paths: Vec<&str> = adapter
        .modules
        .iter()
        .map(|module| module.path.as_str())
        .collect();
    let expected = [
        "te1.text_model.encoder.layers.3.mlp.fc1",
        "unet.mid_block.attentions.0.to_q",
    ];
    assert_eq!(paths, expected);
    assert_eq!(adapter.replaced, [format!("{text}.diff_b")]);
}

/// q, k and v of FLUX trained apart and saved as one.
#[test]
fn split_training_has_its_own_scale_where_the_file_tells() {
    let token = "lora_unet_double_blocks_0_img_attn_qkv";
    let b = ndarray::Array2::from_shape_fn((12, 6), |(row, column)| {
        let number = 1.0 + (6 * row + column) as f64;
        if row / 4 == column / 2 { number } else { 0.0 }
    });
    let tensors = Tensors::default()
        .with(&format!("{token}.lora_down.weight"), &[6, 4], 1)
        .values(&format!("{token}.lora_up.weight"), &[12, 6], &b);
    let with_alpha = tensors
        .clone()
        .constant(&format!("{token}.alpha"), &[1], 3.0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flux.safetensors");
    let trained_by = |name| [("ss_network_module", name)];
    for (tensors, metadata, scale) in [
        // sd-scripts leaves α as it was for each part of rank 2.
        (&with_alpha, &trained_by("networks.lora_flux")[..], 1.5),
        // Who joined these is not known: α may have been multiplied.
        (&with_alpha, &[], 0.5),
        (&with_alpha, &trained_by("lycoris.kohya"), 0.5),
        (&tensors, &trained_by("networks.lora_flux"), 1.0),
    ] {
        tensors.save_with(&path, metadata);
        let adapter = Adapter::open(&path, &ReadOptions::default()).unwrap();
        assert_eq!(adapter.modules[0].scale, scale);
        let note = adapter.notes.join("; ");
        assert_eq!(
            note.contains("training's α/2; loaders of this file take α/6"),
            scale == 1.5,
            "{note}"
        );
    }
    let bare = ReadOptions::new().unscaled();
    assert_eq!(Adapter::open(&path, &bare).unwrap().modules[0].scale, 1.0);
}

fn adapter_of(case: &str) -> PathBuf {
    golden("layouts").join(case).join("adapter")
}

/// A copy of a golden adapter with fields of its config changed.
fn changed(
    case: &str,
    fields: &[(&str, serde_json::Value)],
) -> Result<Adapter, lora_subspace::CoreError> {
    let folder = tempfile::tempdir().unwrap();
    for file in ["adapter_config.json", "adapter_model.safetensors"] {
        fs::copy(adapter_of(case).join(file), folder.path().join(file)).unwrap();
    }
    let path = folder.path().join("adapter_config.json");
    let mut config: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    for (name, value) in fields {
        config[*name] = value.clone();
    }
    fs::write(&path, config.to_string()).unwrap();
    Adapter::open(folder.path(), &ReadOptions::default())
}

#[test]
fn peft_s_other_methods_hold_their_config_to_the_tensors() {
    let text =
        |case, fields: &[(&str, serde_json::Value)]| changed(case, fields).unwrap_err().to_string();
    for case in ["peft-loha", "peft-lokr", "peft-vera"] {
        let error = text(case, &[("r", json!(5))]);
        assert!(error.contains("gives this module rank 5"), "{error}");
    }
    let error = text("peft-loha", &[("alpha", json!(null))]);
    assert!(
        error.contains("alpha is missing") && error.contains("ReadOptions::alpha"),
        "{error}"
    );
    let error = text("peft-adalora", &[("lora_alpha", json!(null))]);
    assert!(error.contains("lora_alpha is missing"), "{error}");
    let adapter = changed("peft-adalora", &[("lora_alpha", json!(-1))]).unwrap();
    assert!((adapter.modules[0].scale - 4.0 / (4.0 + 1e-5)).abs() < 1e-15);
    let emptied = adapter
        .notes
        .iter()
        .any(|note| note.contains("layers.1.self_attn.q_proj"));
    assert!(
        emptied && adapter.unmapped.is_empty(),
        "{:?}",
        adapter.notes
    );
    let error = text("peft-loha", &[("peft_type", json!("NEWLORA"))]);
    assert!(
        error.contains("NEWLORA") && error.contains("Adapter::open_on"),
        "{error}"
    );
}

#[test]
fn what_only_the_base_can_tell_is_asked_of_it() {
    let error = Adapter::open(&adapter_of("peft-tinylora"), &ReadOptions::default()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("q_proj, v_proj") && text.contains("Adapter::open_on"),
        "{text}"
    );
    let adapter = Adapter::open(&adapter_of("peft-vera"), &ReadOptions::default()).unwrap();
    assert!(
        adapter.notes[0].contains("widest input"),
        "{:?}",
        adapter.notes
    );
}
