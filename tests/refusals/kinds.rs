//! Values of another kind than they must be, in configs and in a file's own metadata: each is refused
//! by its name.

use std::fs;

use crate::files::Tensors;
use lora_subspace::adapter::{Adapter, ReadOptions};

const A: &str = "base_model.model.layers.0.q_proj.lora_A.weight";
const B: &str = "base_model.model.layers.0.q_proj.lora_B.weight";

fn factors() -> Tensors {
    Tensors::default().with(A, &[2, 6], 1).with(B, &[5, 2], 2)
}

/// Opens a folder whose config has these fields beside what a sound one has.
fn with_fields(fields: &str) -> Result<Adapter, lora_subspace::CoreError> {
    let folder = tempfile::tempdir().unwrap();
    factors().save(&folder.path().join("adapter_model.safetensors"));
    let config = format!("{{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, {fields}}}");
    fs::write(folder.path().join("adapter_config.json"), config).unwrap();
    Adapter::open(folder.path(), &ReadOptions::new().looking())
}

fn with_metadata(
    tensors: &Tensors,
    metadata: &[(&str, &str)],
) -> Result<Adapter, lora_subspace::CoreError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.safetensors");
    tensors.save_with(&path, metadata);
    Adapter::open(&path, &ReadOptions::new().looking())
}

#[test]
fn fields_of_a_config() {
    for (fields, words) in [
        (
            r#""use_rslora": "yes""#,
            r#"use_rslora is "yes"; it must be true or false"#,
        ),
        (
            r#""use_dora": 1"#,
            "use_dora is 1; it must be true or false",
        ),
        (
            r#""lora_alpha": "16""#,
            r#"lora_alpha is "16"; it must be a positive number"#,
        ),
        (r#""lora_alpha": NaN"#, r#"lora_alpha is "NaN""#),
        (r#""r": 2.5"#, "r is 2.5; it must be a whole number"),
        (
            r#""fan_in_fan_out": "true""#,
            r#"fan_in_fan_out is "true"; it must be true or false"#,
        ),
        (
            r#""enable_lora": [1, 0]"#,
            "enable_lora is [1,0]; it must be a list of true and false",
        ),
        (r#""layer_replication": {"0": 4}"#, "layer_replication is {"),
        (r#""layer_replication": [[0, 1, 2]]"#, "two layer numbers"),
        (
            r#""target_parameters": "x""#,
            r#"target_parameters is "x"; it must be a list of strings"#,
        ),
        (r#""rank_pattern": []"#, "rank_pattern is []"),
        (
            r#""alpha_pattern": {"q_proj": "8"}"#,
            "gives `q_proj` the value",
        ),
        (
            r#""alpha_pattern": {"q_proj(": 8}"#,
            "key `q_proj(` of alpha_pattern is not",
        ),
        (
            r#""init_lora_weights": 3"#,
            "init_lora_weights is 3; it must be true, false or a name",
        ),
        (
            r#""base_model_name_or_path": 3"#,
            "base_model_name_or_path is 3; it must be a string",
        ),
        (r#""peft_type": 3"#, "peft_type is 3; it must be a string"),
        (
            r#""fine_tune_type": 3"#,
            "fine_tune_type is 3; it must be a string",
        ),
        (
            r#""fine_tune_type": "lora", "lora_parameters": []"#,
            "lora_parameters is []",
        ),
        (
            r#""fine_tune_type": "lora", "lora_parameters": {"scale": "2"}"#,
            "scale of lora_parameters is",
        ),
    ] {
        let error = with_fields(fields)
            .err()
            .unwrap_or_else(|| panic!("{fields}"));
        let text = error.to_string();
        assert!(
            text.contains(words) && text.contains("adapter_config.json"),
            "{fields}: {text}"
        );
    }
    // A field that nobody asks for may be as long as it likes; one that is asked for may not.
    let long = format!("[{}1]", "1,".repeat(1_000_000));
    assert!(with_fields(&format!("\"x\": {long}")).is_ok());
    let error = with_fields(&format!("\"enable_lora\": {long}")).unwrap_err();
    let words = r#"enable_lora is "too many values to be read"; it must be a list"#;
    assert!(error.to_string().contains(words), "{error}");
    let null = r#""use_rslora": null, "enable_lora": null, "rank_pattern": null, "init_lora_weights": null"#;
    assert_eq!(with_fields(null).unwrap().modules[0].scale, 2.0);
}

#[test]
fn values_in_metadata() {
    let comfy = Tensors::default()
        .with("diffusion_model.a.to_q.lora_A.weight", &[2, 6], 1)
        .with("diffusion_model.a.to_q.lora_B.weight", &[5, 2], 2);
    for tensors in [&comfy, &factors()] {
        for (key, value, words) in [
            ("alpha", "yes", r#"alpha of the file's metadata is "yes""#),
            ("lora_alpha", "nan", "lora_alpha of the file's metadata"),
            (
                "network_alpha",
                "-2",
                "network_alpha of the file's metadata",
            ),
            (
                "use_rslora",
                "yes",
                r#"use_rslora of the file's metadata is "yes""#,
            ),
            (
                "lora_adapter_metadata",
                "{",
                "lora_adapter_metadata is not a JSON object",
            ),
            (
                "lora_adapter_metadata",
                r#"{"transformer.lora_alpha": "8"}"#,
                "lora_alpha of transformer in the file's metadata",
            ),
        ] {
            let error = with_metadata(tensors, &[(key, value)])
                .unwrap_err()
                .to_string();
            assert!(error.contains(words), "{key} {value}: {error}");
        }
        for metadata in [
            [("alpha", "2"), ("rank", "16")],
            [("ss_network_alpha", "2"), ("ss_network_dim", "16")],
        ] {
            let error = with_metadata(tensors, &metadata).unwrap_err().to_string();
            let words = [
                "rank 2, where the file's metadata gives this module rank 16",
                "ReadOptions::alpha",
            ];
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }
    let init = [("lora_alpha", "2"), ("init_lora_weights", "pissa")];
    let notes = with_metadata(&comfy, &init).unwrap().notes;
    assert!(
        notes
            .iter()
            .any(|note| note.contains("pissa moved a part of the base")),
        "{notes:?}"
    );
}

/// Looking passes over an α that nobody states, and over nothing else.
#[test]
fn an_alpha_that_cannot_be_read() {
    let token = "lora_unet_mid_block_attentions_0_to_q";
    let plain = Tensors::default()
        .with(&format!("{token}.lora_down.weight"), &[2, 6], 1)
        .with(&format!("{token}.lora_up.weight"), &[5, 2], 2);
    let alpha = format!("{token}.alpha");
    let four = plain.clone().constant(&alpha, &[4], 2.0);
    let error = with_metadata(&four, &[]).unwrap_err().to_string();
    assert!(error.contains("4 numbers, where α is one"), "{error}");
    // No number is the end of its module alone.
    for value in [f32::NAN, f32::INFINITY] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.safetensors");
        plain.clone().constant(&alpha, &[], value).save(&path);
        let adapter = Adapter::open(&path, &ReadOptions::new()).unwrap();
        let found = adapter.unmeasurable(|_| true).unwrap();
        let text = found[0].1.to_string();
        for word in [
            "file.safetensors",
            token,
            "its α is no finite number",
            "ReadOptions::alpha",
        ] {
            assert!(text.contains(word), "`{word}` is not in: {text}");
        }
    }
    let unknown = with_metadata(&factors(), &[]).unwrap();
    assert!(!unknown.scale_is_known && unknown.scale_rule.starts_with("unknown"));
    let folder = tempfile::tempdir().unwrap();
    factors().save(&folder.path().join("adapter_model.safetensors"));
    let config = r#"{"peft_type": "LORA", "r": 2, "alpha_pattern": {"v_proj": 4}}"#;
    fs::write(folder.path().join("adapter_config.json"), config).unwrap();
    let part = Adapter::open(folder.path(), &ReadOptions::new().looking()).unwrap();
    assert!(!part.scale_is_known, "{}", part.scale_rule);
}
