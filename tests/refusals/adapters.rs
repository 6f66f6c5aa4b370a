//! PEFT folders that are missing, damaged or of no use.

use std::fs;

use crate::files::Tensors;
use crate::programs::run;
use crate::refused::{refused, refused_with, with_bad};
use crate::workshop::{D_IN, D_OUT, MODULES, base_tensors, factor, workshop};
use serde_json::json;

#[test]
fn a_path_that_does_not_exist() {
    let folder = workshop();
    refused(
        folder.path(),
        &[
            "bad: no such file or folder",
            "an adapter of the Hugging Face cache is ORG/NAME",
        ],
    );
    refused_with(
        folder.path(),
        &["one", "two", "--base", "nowhere"],
        &["nowhere: no such file"],
    );
}

#[test]
fn a_folder_without_a_config() {
    let folder = with_bad(|adapter| adapter);
    fs::remove_file(folder.path().join("bad/adapter_config.json")).unwrap();
    refused(
        folder.path(),
        &[
            "bad: no adapter_config.json",
            "copy it from where",
            "--alpha",
        ],
    );
}

#[test]
fn a_folder_without_weights() {
    let folder = with_bad(|adapter| adapter);
    fs::remove_file(folder.path().join("bad/adapter_model.safetensors")).unwrap();
    refused(folder.path(), &["bad: no adapter_model.safetensors"]);
    fs::write(folder.path().join("bad/adapter_model.bin"), "pickle").unwrap();
    refused(folder.path(), &["bad/adapter_model.bin", "not a valid"]);
}

#[test]
fn a_config_that_is_not_json() {
    let folder = with_bad(|adapter| adapter);
    fs::write(folder.path().join("bad/adapter_config.json"), "{\"r\": 2,").unwrap();
    refused(folder.path(), &["adapter_config.json: not a JSON object"]);
}

#[test]
fn a_missing_alpha() {
    let folder = with_bad(|adapter| adapter.field("lora_alpha", json!(null)));
    refused(
        folder.path(),
        &["adapter_config.json: lora_alpha is missing", "--alpha"],
    );
    let outcome = run(
        "subspace-overlap",
        &["bad", "two", "--alpha", "4", "--no-figures"],
        folder.path(),
    );
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("α = 4 from --alpha"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn an_alpha_that_is_no_number() {
    let folder = with_bad(|adapter| adapter.field("lora_alpha", json!("sixteen")));
    refused(
        folder.path(),
        &["lora_alpha is \"sixteen\"", "positive number"],
    );
}

#[test]
fn a_without_b() {
    let name = factor(MODULES[1], 'B');
    let folder = with_bad(|adapter| adapter.tensors(|tensors| tensors.without(&name)));
    refused(
        folder.path(),
        &[
            "adapter_model.safetensors",
            "m.layers.0.v_proj",
            "no factor B",
        ],
    );
}

#[test]
fn shapes_that_do_not_multiply() {
    let name = factor(MODULES[0], 'A');
    let folder = with_bad(|adapter| adapter.tensors(|tensors| tensors.with(&name, &[3, D_IN], 1)));
    refused(folder.path(), &[&name, "3 × 5", "6 × 2", "do not multiply"]);
}

#[test]
fn ranks_that_contradict() {
    let folder = with_bad(|adapter| adapter.field("r", json!(8)));
    refused(
        folder.path(),
        &[
            &factor(MODULES[0], 'A'),
            "rank 2",
            "gives this module rank 8",
            "rank_pattern",
        ],
    );
    let folder = with_bad(|adapter| adapter.field("rank_pattern", json!({"v_proj": 7})));
    refused(
        folder.path(),
        &[&factor(MODULES[1], 'A'), "gives this module rank 7"],
    );
}

#[test]
fn nan_and_infinity() {
    for (value, word) in [(f32::NAN, "is NaN"), (f32::NEG_INFINITY, "is -inf")] {
        let name = factor(MODULES[2], 'B');
        let folder = with_bad(|adapter| {
            adapter.tensors(|tensors| tensors.constant(&name, &[D_OUT, 2], value))
        });
        let words = ["bad/adapter_model.safetensors", &name, word, "entry [0, 0]"];
        refused_with(folder.path(), &["bad", "two", "--strict"], &words);
        // Where it is all that is left, too.
        let only = ["bad", "two", "--modules", "*.1.q_proj"];
        refused_with(folder.path(), &only, &words);
    }
    let folder = workshop();
    base_tensors()
        .constant("layers.1.v_proj.weight", &[D_OUT, D_IN], f32::INFINITY)
        .save(&folder.path().join("base/model.safetensors"));
    let words = ["base/model.safetensors", "layers.1.v_proj.weight", "is inf"];
    refused_with(folder.path(), &["one", "two", "--base", "base"], &words);
}

#[test]
fn an_untrained_adapter() {
    let folder = with_bad(|adapter| {
        adapter.tensors(|tensors| {
            MODULES.iter().fold(tensors, |tensors, module| {
                tensors.constant(&factor(module, 'B'), &[D_OUT, 2], 0.0)
            })
        })
    });
    refused(
        folder.path(),
        &[
            "bad/adapter_model.safetensors",
            "untrained",
            "all of its 4 modules",
        ],
    );
}

#[test]
fn adapters_with_no_module_in_common() {
    let folder = with_bad(|mut adapter| {
        adapter.tensors = Tensors::default()
            .with(
                "base_model.model.m.layers.0.k_proj.lora_A.weight",
                &[2, D_IN],
                1,
            )
            .with(
                "base_model.model.m.layers.0.k_proj.lora_B.weight",
                &[D_OUT, 2],
                2,
            );
        adapter
    });
    let words = [
        "no module in common",
        "m.layers.0.k_proj",
        "m.layers.0.q_proj",
        "m.layers.1.v_proj",
    ];
    refused(folder.path(), &words);
}

#[test]
fn adapters_of_different_width() {
    let name = factor(MODULES[0], 'A');
    let folder = with_bad(|adapter| adapter.tensors(|tensors| tensors.with(&name, &[2, 9], 1)));
    let words = ["m.layers.0.q_proj", "6 × 5", "6 × 9", "one base model"];
    refused_with(folder.path(), &["bad", "two", "--strict"], &words);
}

#[test]
fn another_peft_type() {
    let folder = with_bad(|adapter| adapter.field("peft_type", json!("BOFT")));
    refused(
        folder.path(),
        &[
            "adapter_config.json",
            "peft_type \"BOFT\" is not supported",
            "merge_and_unload",
        ],
    );
    let folder = with_bad(|adapter| adapter.field("peft_type", json!(null)));
    refused(folder.path(), &["peft_type is missing"]);
}

#[test]
fn fields_that_change_the_update() {
    for (field, value) in [
        ("init_lora_weights", json!("pissa_niter_16")),
        ("init_lora_weights", json!("olora")),
        ("init_lora_weights", json!("loftq")),
        ("init_lora_weights", json!("never_heard_of")),
        ("use_qalora", json!(true)),
        ("use_bdlora", json!({"nblocks": 2})),
        ("kasa_config", json!({"beta": 1})),
    ] {
        let folder = with_bad(|adapter| adapter.field(field, value.clone()));
        refused(
            folder.path(),
            &["adapter_config.json", field, "is not supported"],
        );
    }
    for (field, value, words) in [
        ("use_dora", json!(true), "lora_magnitude_vector"),
        ("enable_lora", json!([true, false, true]), "2 enabled slots"),
        ("layer_replication", json!([[3, 4]]), "layer_replication"),
        ("layer_replication", json!([[3]]), "two layer numbers"),
    ] {
        let folder = with_bad(|adapter| adapter.field(field, value.clone()));
        refused(folder.path(), &[words]);
    }
    for value in [json!(true), json!(false), json!("gaussian"), json!("eva")] {
        let folder = with_bad(|adapter| adapter.field("init_lora_weights", value.clone()));
        let outcome = run(
            "subspace-overlap",
            &["bad", "two", "--no-figures"],
            folder.path(),
        );
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
}

#[test]
fn a_magnitude_vector_is_dora_whatever_the_config_says() {
    let name = "base_model.model.m.layers.0.q_proj.lora_magnitude_vector";
    let folder = with_bad(|adapter| adapter.tensors(|tensors| tensors.with(name, &[D_OUT], 1)));
    let words = ["m.layers.0.q_proj", "difference from W", "--base"];
    refused_with(folder.path(), &["bad", "two", "--strict"], &words);
}

#[test]
fn tensors_that_are_not_understood() {
    let name = "base_model.model.m.embed.lora_sideways";
    let folder = with_bad(|adapter| adapter.tensors(|tensors| tensors.with(name, &[2, 30], 1)));
    refused(folder.path(), &[name, "--allow-unmapped"]);
    let arguments = ["bad", "two", "--allow-unmapped", "--no-figures"];
    let outcome = run("subspace-overlap", &arguments, folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains(name),
        "left out in silence: {}",
        outcome.stderr
    );
}

#[test]
fn several_adapters_in_one_file() {
    let folder = with_bad(|adapter| {
        let name = "base_model.model.m.layers.0.q_proj.lora_A.other.weight";
        adapter.tensors(|tensors| tensors.with(name, &[2, D_IN], 1))
    });
    refused(folder.path(), &["lora_A", "several adapters"]);
}

#[test]
fn damaged_safetensors_files() {
    let folder = with_bad(|adapter| adapter);
    let path = folder.path().join("bad/adapter_model.safetensors");
    let whole = fs::read(&path).unwrap();
    let header_length = u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;

    let mut lying = whole.clone();
    lying[..8].copy_from_slice(&(1u64 << 40).to_le_bytes());
    let header = String::from_utf8(whole[8..8 + header_length].to_vec()).unwrap();
    let offsets = header.replacen("\"data_offsets\":[0,", "\"data_offsets\":[4,", 1);
    assert_ne!(header, offsets);
    let shape = header.replacen("\"shape\":[2,5]", "\"shape\":[2,6]", 1);
    assert_ne!(header, shape);
    let huge = header.replacen(
        "\"shape\":[2,5]",
        "\"shape\":[9999999999999,9999999999999]",
        1,
    );
    let rebuilt = |header: &str| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(&whole[8 + header_length..]);
        bytes
    };
    for (bytes, word) in [
        (Vec::new(), "empty"),
        (whole[..5].to_vec(), "too few for a header"),
        (whole[..40].to_vec(), "longer than the file"),
        (
            whole[..whole.len() - 7].to_vec(),
            "do not end where the file",
        ),
        (lying, "longer than the file"),
        (rebuilt(&offsets), "offsets"),
        (rebuilt(&shape), "shape and type do not fit"),
        (rebuilt(&huge), "not a valid safetensors file"),
        (rebuilt("{\"a\": nonsense}"), "not JSON"),
    ] {
        fs::write(&path, bytes).unwrap();
        refused(
            folder.path(),
            &[
                "bad/adapter_model.safetensors",
                word,
                "fetch the file again",
            ],
        );
    }
}

#[test]
fn weights_in_a_type_that_is_not_read() {
    use safetensors::tensor::{Dtype, TensorView};
    let folder = with_bad(|adapter| adapter);
    let bytes = vec![1u8; 2 * D_IN.max(D_OUT) * 4];
    let (a, b) = (factor(MODULES[0], 'A'), factor(MODULES[0], 'B'));
    let views = [
        (
            a.clone(),
            TensorView::new(Dtype::U32, vec![2, D_IN], &bytes[..2 * D_IN * 4]).unwrap(),
        ),
        (
            b,
            TensorView::new(Dtype::U32, vec![D_OUT, 2], &bytes[..2 * D_OUT * 4]).unwrap(),
        ),
    ];
    let file = safetensors::serialize(views, None).unwrap();
    fs::write(folder.path().join("bad/adapter_model.safetensors"), file).unwrap();
    refused(folder.path(), &["stored as U32", "f64, f32, f16, bf16"]);
}
