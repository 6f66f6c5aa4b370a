//! Studies whose adapters or base contradict each other: refused, or warned of.

use std::fs;
use std::path::Path;

use crate::files::Tensors;
use crate::study::{GOOD, refused, regenerate, with};
use crate::workshop::{AdapterFolder, MODULES, factor, workshop};
use serde_json::json;

/// An adapter of another width, trained on another model by its config.
fn other_model(folder: &Path) {
    let mut wide = AdapterFolder::new(3, 2).field("base_model_name_or_path", json!("org/huge"));
    for module in MODULES {
        wide = wide.tensors(|tensors| tensors.with(&factor(module, 'A'), &[3, 9], 1));
    }
    wide.save(&folder.join("two"));
}

#[test]
fn an_adapter_of_another_base_by_its_shapes() {
    let folder = workshop();
    other_model(folder.path());
    let words = [
        "adapter `two`",
        "config names the base `org/huge`",
        "[6, 5]",
        "[6, 9]",
    ];
    refused(folder.path(), GOOD, 11, &words);
    let text = GOOD.replace("base = \"base\"", "");
    let words = [
        "adapter `two` is of another base, `org/huge` and not `tiny`",
        "ΔW of 6 × 9",
        "6 × 5 as in one",
    ];
    refused(folder.path(), &text, 11, &words);
}

#[test]
fn what_is_only_odd_is_a_warning() {
    let folder = workshop();
    let two = AdapterFolder::new(3, 2).field("base_model_name_or_path", json!("org/huge"));
    two.save(&folder.path().join("two"));
    let text = with("[compare]\nranks = [\"one\", \"two\"]\nseeds = [\"one\", \"two\"]\n")
        .replace("rank = 2", "seed = 0");
    let outcome = regenerate(folder.path(), &text);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    for sentence in [
        "two was trained on `org/huge` and one on `tiny`",
        "one and two were trained with one seed, 0",
        "figures 4 and 7 compare two seeds of one rank, and one and two have ranks 2 and 3",
    ] {
        let warning = format!("warning: {sentence}");
        assert!(outcome.stderr.contains(&warning), "{}", outcome.stderr);
    }
}

#[test]
fn a_base_in_the_cache_has_a_name() {
    let folder = workshop();
    let cached = folder.path().join("hub/models--org--other/snapshots/0e9");
    fs::create_dir_all(&cached).unwrap();
    fs::copy(
        folder.path().join("base/model.safetensors"),
        cached.join("model.safetensors"),
    )
    .unwrap();
    let text = GOOD.replace("\"base\"", "\"hub/models--org--other/snapshots/0e9\"");
    let outcome = regenerate(folder.path(), &text);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let warning = "warning: the base is `org/other`, and one was trained on `tiny`";
    assert!(outcome.stderr.contains(warning), "{}", outcome.stderr);
}

#[test]
fn one_adapter_under_two_names() {
    let folder = workshop();
    AdapterFolder::new(2, 1).save(&folder.path().join("copy"));
    let seeds = "[compare]\nseeds = [\"one\", \"two\"]\n";
    let text = |path: &str| with(seeds).replace("path = \"two\"", &format!("path = \"{path}\""));
    let words = ["two is the same file as one", "give the path of another"];
    refused(folder.path(), &text("one"), 11, &words);
    let words = [
        "two has the same bytes in its weight file as one",
        "another",
    ];
    refused(folder.path(), &text("copy"), 11, &words);
    // Measured and not drawn, it may be meant.
    let also = text("copy").replace("seeds = [\"one\", \"two\"]", "also = [[\"one\", \"two\"]]");
    let outcome = regenerate(folder.path(), &also);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("two has the same bytes"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn seeds_of_another_scale_are_warned_of() {
    let folder = workshop();
    let warning = |field: &str, value: serde_json::Value| {
        AdapterFolder::new(2, 3)
            .field(field, value)
            .save(&folder.path().join("two"));
        let text = with("[compare]\nseeds = [\"one\", \"two\"]\n");
        let outcome = regenerate(folder.path(), &text);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        outcome.stderr
    };
    let said = warning("lora_alpha", json!(8));
    assert!(said.contains("one and two have α = 4 and α = 8"), "{said}");
    let said = warning("use_rslora", json!(true));
    assert!(
        said.contains("are scaled by s = α/r and by s = α/√r"),
        "{said}"
    );
    let said = warning("lora_alpha", json!(4));
    assert!(!said.contains("have α"), "{said}");
    // One rule, told in another place.
    let header = folder.path().join("header.safetensors");
    let stated = [("lora_alpha", "4"), ("r", "2")];
    AdapterFolder::new(2, 3).tensors.save_with(&header, &stated);
    let text = with("[compare]\nseeds = [\"one\", \"two\"]\n");
    let text = text.replace("path = \"two\"", "path = \"header.safetensors\"");
    let outcome = regenerate(folder.path(), &text);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let said = outcome.stderr;
    assert!(said.contains("of the file's metadata"), "{said}");
    assert!(
        !said.contains("are scaled by") && !said.contains("have α"),
        "{said}"
    );
}

#[test]
fn a_base_that_fits_no_adapter_is_what_is_wrong() {
    let folder = workshop();
    let mut other = Tensors::default();
    for module in MODULES {
        other = other.with(&format!("{module}.weight"), &[9, 9], 1);
    }
    other.save(&folder.path().join("base/model.safetensors"));
    let words = ["base, which fits no adapter", "shape [9, 9]"];
    refused(folder.path(), GOOD, 2, &words);
}

/// One stack of experts, read by its stored rows before PEFT 0.19 and by its inputs since.
#[test]
fn experts_of_two_versions_are_compared_on_their_base_alone() {
    let folder = workshop();
    let container = "base_model.model.layers.0.mlp.experts";
    let stack = |name: &str, version: &str, rank: usize| {
        AdapterFolder {
            config: json!({
                "peft_type": "LORA", "r": rank, "lora_alpha": 2, "peft_version": version,
                "target_parameters": ["experts.down_proj"]
            }),
            tensors: Tensors::default()
                .with(&format!("{container}.lora_A.weight"), &[2 * rank, 5], 1)
                .with(&format!("{container}.lora_B.weight"), &[5, 2 * rank], 2),
        }
        .save(&folder.path().join(name));
    };
    stack("one", "0.18.0", 2);
    stack("two", "0.19.0", 1);
    let text = GOOD.replace("base = \"base\"", "");
    let words = [
        "adapter `one`",
        "module `layers.0.mlp.experts.down_proj.0`",
        "A of two reads inputs, while A of one may read outputs",
        "--base",
    ];
    refused(folder.path(), &text, 6, &words);
    let base = folder.path().join("base");
    Tensors::default()
        .with("layers.0.mlp.experts.down_proj", &[2, 5, 5], 3)
        .save(&base.join("model.safetensors"));
    let outcome = regenerate(folder.path(), GOOD);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}
