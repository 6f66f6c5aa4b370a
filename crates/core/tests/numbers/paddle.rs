//! PaddleNLP's adapters: A is in × r, s by every version's rule, and W the way round that the base
//! stores it.

use lora_subspace_core::adapter::{Adapter, ReadOptions, ScaleKind};
use serde_json::{Value, json};

use crate::trainers::{Folder, Stored, refused};

const LLAMA: &str = "llama.layers.0";

fn paddle(fields: Value) -> (Folder, Stored) {
    let q = format!("{LLAMA}.self_attn.q_proj");
    let up = format!("{LLAMA}.mlp.up_proj");
    let stored = Stored::default()
        .with(&format!("{q}.lora_A"), 12, 2)
        .with(&format!("{q}.lora_B"), 2, 12)
        .with(&format!("{up}.lora_A"), 12, 2)
        .with(&format!("{up}.lora_B"), 2, 20);
    let mut config =
        json!({"r": 2, "lora_alpha": 6, "target_modules": [".*"], "lora_plus_scale": 4.0});
    for (name, value) in fields.as_object().unwrap() {
        config[name] = value.clone();
    }
    let config = Some(("lora_config.json", config));
    (
        Folder::new("peft_model.safetensors", &stored, config),
        stored,
    )
}

#[test]
fn paddle_s_factors_are_in_by_r() {
    let (folder, stored) = paddle(json!({}));
    let adapter = folder.open();
    assert_eq!(adapter.layout, "PaddleNLP LoRA");
    assert!(
        adapter.evidence.contains("lora_config.json"),
        "{}",
        adapter.evidence
    );
    assert!(
        adapter.scale_rule.starts_with("s = α/r, α = 6"),
        "{}",
        adapter.scale_rule
    );
    for layer in ["self_attn.q_proj", "mlp.up_proj"] {
        let path = format!("{LLAMA}.{layer}");
        let product = stored.turned(&format!("{path}.lora_A"), &format!("{path}.lora_B"));
        assert_eq!(
            adapter.delta(&path).unwrap().dense(),
            product * 3.0,
            "{path}"
        );
    }
    // A file by its own name, and α by hand.
    let file = folder.path().join("peft_model.safetensors");
    let adapter = Adapter::open(&file, &ReadOptions::new().alpha(2.0)).unwrap();
    assert_eq!(adapter.modules[0].scale, 1.0);
}

#[test]
fn paddle_s_scales() {
    for (fields, scale, kind) in [
        (json!({"scaling": 3.0}), 3.0, ScaleKind::AlphaOverRank),
        (
            json!({"rslora": true}),
            6.0 / 2.0_f64.sqrt(),
            ScaleKind::AlphaOverRoot,
        ),
        // What version 2.7 took: 4/√r, whatever α is.
        (
            json!({"rslora": true, "scaling": 4.0 / 2.0_f64.sqrt()}),
            4.0 / 2.0_f64.sqrt(),
            ScaleKind::Stated,
        ),
    ] {
        let adapter = paddle(fields.clone()).0.open();
        assert_eq!(
            (adapter.modules[0].scale, adapter.scale_kind),
            (scale, kind),
            "{fields}"
        );
    }
}

#[test]
fn what_changes_an_update_of_paddle_s_is_refused() {
    for (fields, words) in [
        (
            json!({"scaling": 1.0}),
            ["scaling is 1", "lora_alpha/r is 3"],
        ),
        (
            json!({"r": 4}),
            [
                "lora_config.json gives this module rank 4",
                "correct the rank in lora_config.json, or give the weights that it belongs to",
            ],
        ),
        (
            json!({"rslora": "yes"}),
            ["lora_config.json: rslora is", "true or false"],
        ),
        (json!({"use_mora": true}), ["use_mora", "merge_lora_params"]),
        (
            json!({"lora_use_mixer": true}),
            ["lora_use_mixer", "third matrix"],
        ),
        (
            json!({"enable_lora_list": [[true, false, true]]}),
            ["enable_lora_list", "by heads"],
        ),
        (
            json!({"tensor_parallel_degree": 2}),
            ["tensor_parallel_degree = 2", "shards"],
        ),
        (json!({"pissa": true}), ["pissa", "part of the base"]),
    ] {
        refused(&paddle(fields).0, &words);
    }
    let plain = json!({"use_mora": false, "enable_lora_list": null, "tensor_parallel_degree": -1});
    assert_eq!(paddle(plain).0.open().modules.len(), 2);
}

/// One layer with two widths tells how the base stores the square ones.
#[test]
fn paddle_s_base_and_hugging_face_s() {
    let (folder, _) = paddle(json!({}));
    let q = format!("{LLAMA}.self_attn.q_proj");
    for (prefix, is_paddle) in [("llama", true), ("model", false)] {
        let sides = if is_paddle { (12, 20) } else { (20, 12) };
        let square = format!("{prefix}.layers.0.self_attn.q_proj.weight");
        let base = Stored::default().with(&square, 12, 12).with(
            &format!("{prefix}.layers.0.mlp.up_proj.weight"),
            sides.0,
            sides.1,
        );
        let (adapter, w) = folder.weight(&base, &q);
        let stored = base.get(&square).clone();
        let expected = if is_paddle {
            stored.reversed_axes()
        } else {
            stored
        };
        assert_eq!(w, expected, "{prefix}");
        assert!(
            adapter
                .notes
                .iter()
                .all(|note| !note.contains("two different widths"))
        );
    }
}

/// The rows of an embedding are tokens in both, so that it tells nothing of the square ones.
#[test]
fn paddle_s_embedding_does_not_decide() {
    let (q, tokens) = (
        format!("{LLAMA}.self_attn.q_proj"),
        "llama.embed_tokens".to_string(),
    );
    let stored = Stored::default()
        .with(&format!("{tokens}.lora_A"), 30, 2)
        .with(&format!("{tokens}.lora_B"), 2, 12)
        .with(&format!("{q}.lora_A"), 12, 2)
        .with(&format!("{q}.lora_B"), 2, 12);
    let config = Some(("lora_config.json", json!({"r": 2, "lora_alpha": 6})));
    let folder = Folder::new("peft_model.safetensors", &stored, config);
    for (prefix, is_paddle) in [("llama", true), ("model", false)] {
        let sides = if is_paddle { (12, 20) } else { (20, 12) };
        let name = |layer: &str| format!("{prefix}.{layer}.weight");
        let base = Stored::default()
            .with(&name("embed_tokens"), 30, 12)
            .with(&name("layers.0.self_attn.q_proj"), 12, 12)
            .with(&name("layers.0.mlp.up_proj"), sides.0, sides.1);
        let square = base.get(&name("layers.0.self_attn.q_proj")).clone();
        let expected = if is_paddle {
            square.reversed_axes()
        } else {
            square
        };
        assert_eq!(folder.weight(&base, &q).1, expected, "{prefix}");
        let table = base.get(&name("embed_tokens")).clone().reversed_axes();
        assert_eq!(folder.weight(&base, &tokens).1, table, "{prefix}");
    }
}

/// Without such a layer in the adapter, those of the base tell by their names.
#[test]
fn paddle_s_square_layers_alone() {
    let q = format!("{LLAMA}.self_attn.q_proj");
    let alone =
        Stored::default()
            .with(&format!("{q}.lora_A"), 12, 2)
            .with(&format!("{q}.lora_B"), 2, 12);
    let config = Some(("lora_config.json", json!({"r": 2, "lora_alpha": 6})));
    let folder = Folder::new("peft_model.safetensors", &alone, config);
    let square = Stored::default().with(&format!("{q}.weight"), 12, 12);
    for (name, sides, is_turned) in [
        ("down_proj", (20, 12), true),
        ("down_proj", (12, 20), false),
    ] {
        let base = square
            .clone()
            .with(&format!("{LLAMA}.mlp.{name}.weight"), sides.0, sides.1);
        let (_, w) = folder.weight(&base, &q);
        let stored = base.get(&format!("{q}.weight")).clone();
        assert_eq!(
            w,
            if is_turned {
                stored.reversed_axes()
            } else {
                stored
            }
        );
    }
    let (adapter, _) = folder.weight(&square, &q);
    assert!(
        adapter
            .notes
            .iter()
            .any(|note| note.contains("two different widths")),
        "{:?}",
        adapter.notes
    );
}
