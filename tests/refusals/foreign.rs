//! Files that are recognised and not read: each by its own name, and no advice that is another
//! format's.

use std::fs;
use std::path::Path;

use crate::files::Tensors;
use crate::formats::refused;
use lora_subspace::adapter::{Adapter, ReadOptions};
use safetensors::tensor::{Dtype, TensorView};

/// Refused with these words, with a way out, and with no word of PEFT's config.
fn named(tensors: &Tensors, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.safetensors");
    tensors.save(&path);
    refused(&path, words);
    refused(&path, &["Adapter::open_on", "give "]);
    no_config_is_asked_for(&path);
}

fn no_config_is_asked_for(path: &Path) {
    for options in [
        ReadOptions::new(),
        ReadOptions::new().alpha(4.0),
        ReadOptions::new().looking(),
    ] {
        let error = Adapter::open(path, &options).err().unwrap().to_string();
        for word in ["adapter_config.json", "PEFT"] {
            assert!(!error.contains(word), "{word}: {error}");
        }
    }
}

#[test]
fn nemo() {
    for (a, b) in [
        (
            "module.decoder.layers.0.self_attention.linear_qkv.adapter.linear_in.weight",
            "module.decoder.layers.0.self_attention.linear_qkv.adapter.linear_out.weight",
        ),
        (
            "model.language_model.encoder.layers.0.self_attention.adapter_layer.lora_kqv_adapter.linear_in.weight",
            "model.language_model.encoder.layers.0.self_attention.adapter_layer.lora_kqv_adapter.linear_out.weight",
        ),
    ] {
        let tensors = Tensors::default().with(a, &[2, 6], 1).with(b, &[18, 2], 2);
        named(
            &tensors,
            &["a NeMo or Megatron adapter", a, "merge_lora", "export_ckpt"],
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tuned.nemo");
    fs::write(&path, [0; 600]).unwrap();
    refused(&path, &["a NeMo archive", "merge_lora"]);
}

#[test]
fn what_is_no_update_of_the_base() {
    let control = Tensors::default()
        .with("input_blocks.1.1.proj_in.up", &[6, 2], 1)
        .with("input_blocks.1.1.proj_in.down", &[2, 6], 2)
        .with("input_hint_block.0.weight", &[4, 3, 3, 3], 3);
    named(
        &control,
        &["a ControlLoRA", "input_hint_block", "no ΔW of the base"],
    );
    let marked = Tensors::default().with("lora_controlnet", &[1], 1).with(
        "input_blocks.1.1.proj_in.up",
        &[6, 2],
        1,
    );
    named(&marked, &["a ControlLoRA", "lora_controlnet"]);
    let lllite = Tensors::default()
        .with(
            "lllite_unet_input_blocks_4_1_attn1_to_q.down.0.weight",
            &[2, 6],
            1,
        )
        .with(
            "lllite_unet_input_blocks_4_1_attn1_to_q.up.0.weight",
            &[6, 2],
            2,
        );
    named(
        &lllite,
        &["a ControlNet-LLLite", "lllite_unet", "has no ΔW"],
    );
}

#[test]
fn packed_and_numbered() {
    let nunchaku = Tensors::default()
        .with(
            "single_transformer_blocks.0.out_proj.lora_down",
            &[12, 2],
            1,
        )
        .with("single_transformer_blocks.0.out_proj.lora_up", &[12, 2], 2);
    named(
        &nunchaku,
        &["packed or quantised factors", "lora_down", "converted from"],
    );
    let vit = Tensors::default()
        .with("w_a_000", &[2, 6], 1)
        .with("w_b_000", &[6, 2], 2);
    named(
        &vit,
        &[
            "a LoRA-ViT adapter",
            "w_a_000",
            "neither α nor the layers' names",
        ],
    );
}

#[test]
fn factors_of_whole_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapter_model.safetensors");
    let numbers = [7_u8; 12];
    let view = |shape: [usize; 2]| TensorView::new(Dtype::U8, shape.into(), &numbers).unwrap();
    let tensors = [
        ("base_model.model.q.lora_A.weight", view([2, 6])),
        ("base_model.model.q.lora_B.weight", view([6, 2])),
    ];
    fs::write(&path, safetensors::serialize(tensors, None).unwrap()).unwrap();
    refused(&path, &["packed or quantised factors", "q.lora_A.weight"]);
}

#[test]
fn paddle_s_own_pickle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lora_model_state.pdparams");
    fs::write(&path, b"\x80\x04}.").unwrap();
    fs::write(folder.path().join("lora_config.json"), "{}").unwrap();
    refused(
        &path,
        &["a PaddlePaddle file", "safetensors.paddle.save_file"],
    );
    let error = Adapter::open(folder.path(), &ReadOptions::new())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("lora_model_state.pdparams"), "{error}");
}

/// What nobody knows is no reason to speak of a config.
#[test]
fn names_of_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.safetensors");
    for (name, word) in [
        ("block.0.lora_weird_thing", "factors under other names"),
        ("block.0.thing", "a whole model"),
    ] {
        Tensors::default().with(name, &[2, 6], 1).save(&path);
        refused(&path, &["named as no adapter's", word, "Adapter::open_on"]);
        no_config_is_asked_for(&path);
    }
    // Factors in three axes under loralib's names.
    let stack = Tensors::default()
        .with("experts.lora_A", &[1, 2, 6], 1)
        .with("experts.lora_B", &[3, 5, 2], 2);
    named(
        &stack,
        &["experts.lora_A", "three axes, a stack of experts"],
    );
}
