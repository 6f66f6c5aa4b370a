//! Every bad input gets one clear error that names the file, the place and the remedy; exit code 1;
//! and nothing is written.

mod common;

use std::fs;
use std::path::Path;

use common::{
    AdapterFolder, D_IN, D_OUT, MODULES, Tensors, base_tensors, factor, files, run, workshop,
};
use serde_json::json;

/// Runs `subspace-overlap bad two` and checks the error for all of `words`.
fn refused(folder: &Path, words: &[&str]) {
    refused_with(folder, &["bad", "two"], words);
}

fn refused_with(folder: &Path, arguments: &[&str], words: &[&str]) {
    let outcome = run("subspace-overlap", arguments, folder);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
    let error = outcome.error();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    assert!(!error.contains("a bug in this program"), "{error}");
    assert!(!folder.join("out").exists(), "something was written");
}

/// A workshop with a changed copy of adapter `one` under the name `bad`.
fn with_bad(change: impl FnOnce(AdapterFolder) -> AdapterFolder) -> tempfile::TempDir {
    let folder = workshop();
    change(AdapterFolder::new(2, 1)).save(&folder.path().join("bad"));
    folder
}

#[test]
fn a_path_that_does_not_exist() {
    let folder = workshop();
    refused(
        folder.path(),
        &[
            "bad: no such file or folder",
            "give the folder of a PEFT adapter",
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
        refused(
            folder.path(),
            &["bad/adapter_model.safetensors", &name, word, "entry [0, 0]"],
        );
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
    refused(
        folder.path(),
        &["m.layers.0.q_proj", "6 × 5", "6 × 9", "one base model"],
    );
}

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
    refused_with(folder.path(), &["one", "two", "--base", "base"], &words);
}

#[test]
fn a_base_stored_the_other_way_round() {
    let folder = workshop();
    base_tensors()
        .with("layers.0.q_proj.weight", &[D_IN, D_OUT], 1)
        .save(&folder.path().join("base/model.safetensors"));
    let words = ["layers.0.q_proj.weight", "[5, 6]", "fan_in_fan_out"];
    refused_with(folder.path(), &["one", "two", "--base", "base"], &words);
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
    refused_with(folder.path(), &["one", "two", "--base", "base"], &words);
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
    refused(
        folder.path(),
        &["m.layers.0.q_proj", "difference from W", "--base"],
    );
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

#[test]
fn an_output_folder_that_cannot_be_written() {
    let folder = workshop();
    fs::write(folder.path().join("file"), "in the way").unwrap();
    // The adapters are damaged in their numbers: had the work begun, that error would come first.
    let name = factor(MODULES[2], 'B');
    let bad =
        AdapterFolder::new(2, 1).tensors(|tensors| tensors.constant(&name, &[D_OUT, 2], f32::NAN));
    bad.save(&folder.path().join("bad"));
    for out in ["file", "file/deeper", "/proc/nowhere"] {
        let words = ["cannot create files there", "--out"];
        refused_with(folder.path(), &["bad", "two", "--out", out], &words);
    }
}

#[test]
fn a_failure_half_way_leaves_nothing_behind() {
    let folder = workshop();
    let bad = |value| {
        let change =
            |tensors: Tensors| tensors.constant(&factor(MODULES[1], 'A'), &[2, D_IN], value);
        let adapter = AdapterFolder::new(2, 1).tensors(change);
        adapter.save(&folder.path().join("bad"));
    };
    let out = folder.path().join("out");
    let arguments = ["bad", "two", "--base", "base", "--memory", "4kB"];
    // The first module's rows are written by then.
    bad(f32::NAN);
    refused_with(folder.path(), &arguments, &["lora_A", "is NaN"]);
    // Earlier results stay as they were.
    bad(1.0);
    for command in ["subspace-overlap", "amplification"] {
        let outcome = run(command, &arguments, folder.path());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    let content = || -> Vec<(String, Vec<u8>)> {
        let read = |name: String| (name.clone(), fs::read(out.join(name)).unwrap());
        files(&out).into_iter().map(read).collect()
    };
    let before = content();
    bad(f32::NAN);
    for command in ["subspace-overlap", "amplification"] {
        assert_eq!(run(command, &arguments, folder.path()).code, 1);
        assert!(content() == before, "{command} left {:?}", files(&out));
    }
}

#[test]
fn too_little_memory_for_one_module() {
    let folder = workshop();
    // Damaged in its numbers: had the work begun, that error would come first.
    let name = factor(MODULES[0], 'B');
    let bad =
        AdapterFolder::new(2, 1).tensors(|tensors| tensors.constant(&name, &[D_OUT, 2], f32::NAN));
    bad.save(&folder.path().join("bad"));
    let arguments = ["one", "bad", "--base", "base", "--memory", "1.5K"];
    let words = [
        "--memory of 1.5 KB",
        "module `m.layers.0.q_proj` takes about",
        "--modules",
    ];
    refused_with(folder.path(), &arguments, &words);
}

#[test]
fn a_rank_or_a_module_that_is_not_there() {
    let folder = workshop();
    refused_with(
        folder.path(),
        &["one", "two", "--rank", "3"],
        &["--rank 3", "one has rank 2"],
    );
    refused_with(folder.path(), &["one", "two", "--rank", "0"], &["--rank 0"]);
    let words = ["none of the 4 modules is left", "m.layers.0.q_proj"];
    refused_with(
        folder.path(),
        &["one", "two", "--modules", "*k_proj"],
        &words,
    );
    refused_with(folder.path(), &["one", "two", "--layers", "7"], &words);
    refused_with(
        folder.path(),
        &["one", "two", "--modules", "[a"],
        &["--modules [a"],
    );
}

#[test]
fn a_study_file_that_does_not_exist() {
    let folder = workshop();
    let outcome = run("regenerate", &["nowhere.toml"], folder.path());
    assert_eq!(outcome.code, 1);
    assert!(outcome.error().contains("nowhere.toml: no such study file"));
}

#[test]
fn wrong_usage_exits_with_2() {
    let folder = workshop();
    for (command, arguments) in [
        ("subspace-overlap", vec!["--nonsense"]),
        ("subspace-overlap", vec!["one", "two", "--basis", "c"]),
        ("subspace-overlap", vec!["one", "two", "--layers", "3-1"]),
        ("subspace-overlap", vec!["one", "two", "--alpha", "-1"]),
        ("subspace-overlap", vec!["one", "two", "--palette", "jet"]),
        ("subspace-overlap", vec!["one", "two", "--format", "gif"]),
        ("subspace-overlap", vec!["--base", "base"]),
        ("subspace-overlap", vec!["one", "two", "--memory", "much"]),
        ("amplification", vec!["one", "--memory", "4X"]),
        ("regenerate", vec!["--memory", "0"]),
        ("amplification", vec!["one"]),
        ("regenerate", vec!["--check", "--rank", "2"]),
        ("inspect", vec![]),
    ] {
        let outcome = run(command, &arguments, folder.path());
        assert_eq!(
            outcome.code, 2,
            "{command} {arguments:?}: {}",
            outcome.stderr
        );
        assert!(!outcome.error().is_empty());
    }
}
