//! One adapter under the names that wrappers and tools give it, and what stands beside it.

use std::fs;
use std::path::Path;

use crate::files::Tensors;
use lora_subspace_core::adapter::{Adapter, ReadOptions};
use lora_subspace_core::base::Base;

fn factors(a: &str, b: &str) -> Tensors {
    Tensors::default().with(a, &[2, 6], 1).with(b, &[5, 2], 2)
}

fn open_as(file: &str, tensors: &Tensors) -> lora_subspace_core::Result<Adapter> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    tensors.save(&path);
    Adapter::open(&path, &ReadOptions::default())
}

fn open(tensors: &Tensors) -> Adapter {
    open_as("file.safetensors", tensors).unwrap_or_else(|error| panic!("{error}"))
}

/// What is under a wrapper decides, and an adapter's name is no part of a module's.
#[test]
fn wrappers_and_names_change_nothing() {
    let ends = [
        ("lora_A.weight", "lora_B.weight"),
        ("lora_A.default.weight", "lora_B.default.weight"),
        ("lora_A.my_run.weight", "lora_B.my_run.weight"),
        ("lora_A.default_0.weight", "lora_B.default_0.weight"),
        ("lora_down.weight", "lora_up.weight"),
    ];
    for (start, path) in [
        ("diffusion_model.", "blocks.0.attn.to_q"),
        ("base_model.model.diffusion_model.", "blocks.0.attn.to_q"),
        ("diffusion_model.base_model.model.", "blocks.0.attn.to_q"),
        ("", "double_blocks.0.img_attn.qkv"),
        ("base_model.model.", "double_blocks.0.img_attn.qkv"),
        ("module.base_model.model.", "double_blocks.0.img_attn.qkv"),
        ("pipe.dit.", "double_blocks.0.img_attn.qkv"),
        (
            "transformer.base_model.model.",
            "transformer.blocks.0.attn.to_q",
        ),
    ] {
        let inner = path.strip_prefix("transformer.").unwrap_or(path);
        // kohya's tools never name a component so.
        let count = if inner == path { 5 } else { 4 };
        for (a, b) in &ends[..count] {
            let adapter = open(&factors(
                &format!("{start}{inner}.{a}"),
                &format!("{start}{inner}.{b}"),
            ));
            let module = &adapter.modules[0];
            assert_eq!(
                (module.path.as_str(), module.scale),
                (path, 1.0),
                "{start} {a}"
            );
            assert!(
                adapter.scale_rule.starts_with("s = 1: no "),
                "{}",
                adapter.scale_rule
            );
            assert!(adapter.unmapped.is_empty() && adapter.replaced.is_empty());
        }
    }
    let old = factors(
        "unet.base_model.model.a.to_q.lora.down.weight",
        "unet.base_model.model.a.to_q.lora.up.weight",
    );
    assert_eq!(open(&old).modules[0].path, "unet.a.to_q");
}

#[test]
fn names_of_no_image_model_ask_for_alpha() {
    for start in ["", "base_model.model.", "pipe.dit."] {
        let [a, b] = ["A", "B"].map(|side| format!("{start}blocks.0.q.lora_{side}.x.weight"));
        let error = open_as("file.safetensors", &factors(&a, &b)).unwrap_err();
        assert!(error.to_string().contains("ReadOptions::alpha"), "{error}");
    }
    // PEFT's own file has a config that is missing, whatever model it is for.
    let [a, b] = ["A", "B"].map(|side| format!("base_model.model.a.to_q.lora_{side}.weight"));
    assert!(open_as("adapter_model.safetensors", &factors(&a, &b)).is_err());
    assert!(open_as("other.safetensors", &factors(&a, &b)).is_ok());
}

const DOWN: &str = "diffusion_model.blocks.0.attn.to_q.lora_down.weight";
const UP: &str = "diffusion_model.blocks.0.attn.to_q.lora_up.weight";

#[test]
fn what_cannot_be_part_of_an_update_stops_nothing_and_is_counted() {
    let beside = |tensors: Tensors| {
        tensors
            .with("double_blocks.0.norm.query_norm.scale", &[4], 1)
            .with("a.lora_B.bias", &[1], 1)
            .with("bundle_emb.a token.clip_l", &[2, 6], 1)
    };
    let comfy = beside(factors(DOWN, UP))
        .with("diffusion_model.blocks.0.norm3.diff", &[6], 1)
        .with("diffusion_model.blocks.0.diff_m", &[1, 6, 12], 1);
    let plain = beside(factors(
        "double_blocks.0.img_attn.qkv.lora_A.weight",
        "double_blocks.0.img_attn.qkv.lora_B.weight",
    ));
    for (tensors, vectors) in [(comfy, 3), (plain, 1)] {
        let adapter = open(&tensors);
        assert_eq!(adapter.modules.len(), 1);
        assert!(adapter.unmapped.is_empty(), "{:?}", adapter.unmapped);
        let says = |words: &str| {
            adapter
                .notes
                .iter()
                .filter(|note| note.contains(words))
                .count()
        };
        assert_eq!(
            says(&format!("{vectors} vectors change too")),
            1,
            "{:?}",
            adapter.notes
        );
        assert_eq!(
            says("1 trained tokens are bundled"),
            1,
            "{:?}",
            adapter.notes
        );
        assert!(
            adapter
                .replaced
                .iter()
                .any(|name| name.starts_with("bundle_emb."))
        );
    }
    // A vector that is part of an update is not passed over.
    let magnitude = factors(DOWN, UP).with("diffusion_model.other.dora_scale", &[5], 1);
    assert!(open_as("file.safetensors", &magnitude).is_err());
}

#[test]
fn a_module_that_is_not_read_is_left_out_and_the_others_are_read() {
    let with = factors(DOWN, UP)
        .with(
            "diffusion_model.blocks.1.attn.to_q.oft_blocks",
            &[2, 3, 3],
            1,
        )
        .with("diffusion_model.blocks.1.attn.to_q.rescale", &[5, 1], 1);
    let adapter = open(&with);
    assert_eq!(adapter.modules.len(), 1);
    assert_eq!(adapter.left_out.len(), 1);
    let left = &adapter.left_out[0];
    assert!(left.module.ends_with("blocks.1.attn.to_q"), "{left:?}");
    assert!(
        left.cause.contains("OFT") && left.cause.contains("multiplies W"),
        "{left:?}"
    );
    assert!(adapter.unmapped.is_empty(), "{:?}", adapter.unmapped);
    // Where nothing else is there the file is refused.
    let alone = with.without(DOWN).without(UP);
    let error = open_as("file.safetensors", &alone).unwrap_err().to_string();
    assert!(error.contains("OFT or BOFT"), "{error}");
}

#[test]
fn a_widened_weight_is_said_to_be_one() {
    let name = "diffusion_model.blocks.0.attn.to_q.reshape_weight";
    let adapter = open(&factors(DOWN, UP).constant(name, &[2], 6.0));
    assert_eq!(adapter.modules.len(), 1);
    assert!(
        adapter.notes[0].contains("the shape [6, 6] (reshape_weight)"),
        "{:?}",
        adapter.notes
    );
}

/// Python's JSON is read, and a config that is no JSON is named.
#[test]
fn configs_as_python_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let adapter = folder.path().join("adapter");
    factors("m.q_proj.lora_A.weight", "m.q_proj.lora_B.weight")
        .save(&adapter.join("adapter_model.safetensors"));
    let write = |folder: &Path, file: &str, text: &str| fs::write(folder.join(file), text).unwrap();
    let config = "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \"loss\": NaN}";
    write(
        &adapter,
        "adapter_config.json",
        &format!("\u{feff}{config}"),
    );
    let read = Adapter::open(&adapter, &ReadOptions::default()).unwrap();
    assert_eq!(read.modules[0].scale, 2.0);
    let nan = config.replace('4', "NaN");
    write(&adapter, "adapter_config.json", &nan);
    let error = Adapter::open(&adapter, &ReadOptions::default()).unwrap_err();
    assert!(
        error.to_string().contains("lora_alpha is \"NaN\""),
        "{error}"
    );
    let base = folder.path().join("base");
    Tensors::default()
        .with("m.q_proj.weight", &[5, 6], 1)
        .save(&base.join("model.safetensors"));
    write(
        &base,
        "config.json",
        "\u{feff}{\"model_type\": \"x\", \"limit\": [0.0, Infinity]}",
    );
    let config = Base::open(&base).unwrap();
    assert_eq!(config.config().unwrap()["model_type"], "x");
    write(&base, "config.json", "{\"model_type\": ");
    let error = Base::open(&base).err().unwrap().to_string();
    assert!(error.contains("config.json: not a JSON object"), "{error}");
}
