//! An adapter laid on its base: which weight is whose, whatever the prefixes are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::Tensors;
use lora_subspace_core::adapter::{Adapter, BaseIndex, ReadOptions, Rename};
use lora_subspace_core::base::Base;
use lora_subspace_core::tensors::Checkpoint;
use ndarray::{Array2, s};
use proptest::prelude::*;
use tempfile::TempDir;

/// All weights are of one size: no shape tells one from another.
const D: usize = 6;

/// An adapter of rank 1 on these paths.
fn adapter(folder: &Path, paths: &[String]) -> PathBuf {
    let tensors = paths.iter().fold(Tensors::default(), |tensors, path| {
        tensors
            .with(
                &format!("base_model.model.{path}.lora_A.weight"),
                &[1, D],
                1,
            )
            .with(
                &format!("base_model.model.{path}.lora_B.weight"),
                &[D, 1],
                2,
            )
    });
    let place = folder.join("adapter");
    tensors.save(&place.join("adapter_model.safetensors"));
    let config = r#"{"peft_type": "LORA", "r": 1, "lora_alpha": 2}"#;
    fs::write(place.join("adapter_config.json"), config).unwrap();
    place
}

/// A base with these tensors, no two alike.
fn base(folder: &Path, names: &[String], config: &str) -> PathBuf {
    let place = folder.join("base");
    let tensors = names.iter().enumerate();
    let tensors = tensors.fold(Tensors::default(), |tensors, (number, name)| {
        tensors.with(name, &[D, D], 1000 + 37 * number as u32)
    });
    tensors.save(&place.join("model.safetensors"));
    fs::write(place.join("config.json"), config).unwrap();
    place
}

struct Laid {
    _folder: TempDir,
    adapter: Adapter,
    base: Base,
    weights: Checkpoint,
}

fn lay(paths: &[String], names: &[String], config: &str, options: &ReadOptions) -> Laid {
    let folder = tempfile::tempdir().unwrap();
    let place = base(folder.path(), names, config);
    let base = Base::open(&place).unwrap();
    let index: &dyn BaseIndex = &base;
    let path = adapter(folder.path(), paths);
    let adapter = Adapter::open_on(&path, options, Some(index)).unwrap();
    let weights = Checkpoint::open(&place).unwrap();
    Laid {
        _folder: folder,
        adapter,
        base,
        weights,
    }
}

impl Laid {
    /// The numbers of the base's tensor that a module's W must be.
    fn holds(&self, path: &str, tensor: Option<&str>) {
        let module = self
            .adapter
            .module(path)
            .unwrap_or_else(|| panic!("no {path}"));
        let found = self.base.weight(module);
        match tensor {
            Some(tensor) => {
                let weight = found.unwrap_or_else(|error| panic!("{path}: {error}"));
                assert_eq!(
                    weight,
                    self.weights.matrix(tensor).unwrap(),
                    "{path} on {tensor}"
                );
            }
            None => assert!(
                found.is_err(),
                "{path} is measured against another's weight"
            ),
        }
    }
}

fn on<'a>(prefix: &'a str, layers: usize) -> impl Iterator<Item = String> + 'a {
    (0..layers).flat_map(move |layer| {
        ["q_proj", "v_proj"].map(|name| format!("{prefix}layers.{layer}.self_attn.{name}"))
    })
}

fn weights(paths: impl Iterator<Item = String>) -> Vec<String> {
    paths.map(|path| format!("{path}.weight")).collect()
}

/// Checks two modules of the adapter's prefix against a base's.
fn check(adapter: &str, bases: &[&str], expected: Option<&str>) {
    let paths: Vec<String> = on(adapter, 2).collect();
    let names: Vec<String> = bases.iter().flat_map(|base| weights(on(base, 2))).collect();
    let laid = lay(&paths, &names, "{}", &ReadOptions::new());
    for path in &paths {
        let rest = path.strip_prefix(adapter).unwrap();
        let tensor = expected.map(|base| format!("{base}{rest}.weight"));
        laid.holds(path, tensor.as_deref());
    }
}

const TOWER: &str = "vision_tower.vision_model.encoder.";

#[test]
fn the_text_stack_is_found_beside_towers_of_other_prefixes() {
    for (adapter, bases, expected) in [
        (
            "model.language_model.",
            &["language_model.model.", TOWER][..],
            "language_model.model.",
        ),
        (
            "model.",
            &["language_model.model.", TOWER],
            "language_model.model.",
        ),
        (
            "model.language_model.",
            &["language_model.model."],
            "language_model.model.",
        ),
        (
            "model.",
            &["model.language_model.", "mtp."],
            "model.language_model.",
        ),
        (
            "model.language_model.",
            &["model.", "audio_tower."],
            "model.",
        ),
        (
            "model.language_model.",
            &["thinker.model.", "talker.model.", "thinker.audio_tower."],
            "thinker.model.",
        ),
        (
            "model.",
            &["model.text_model.", "model.vision_model.encoder."],
            "model.text_model.",
        ),
        (
            "language_model.model.",
            &["model.language_model.", "model.vision_tower.encoder."],
            "model.language_model.",
        ),
        (
            "model.vision_tower.vision_model.encoder.",
            &["model.", TOWER],
            TOWER,
        ),
        ("encoder.", &["encoder.", "decoder."], "encoder."),
        ("model.decoder.", &["decoder.", "encoder."], "decoder."),
        ("0.auto_model.", &["", "pooler."], ""),
        ("bert.", &[""], ""),
        ("model.visual.", &["visual.", "model."], "visual."),
        ("", &["bert."], "bert."),
        ("", &["decoder."], "decoder."),
    ] {
        check(adapter, bases, Some(expected));
    }
}

#[test]
fn a_tower_without_a_weight_has_none() {
    for (adapter, bases) in [
        (TOWER, &["model."][..]),
        ("audio_tower.", &["model.", "model.language_model."]),
        ("model.vision_model.", &["model.text_model."]),
        ("encoder.", &["decoder."]),
        ("mtp.", &["model."]),
        ("text_encoder.", &["text_encoder_2."]),
        // What a base calls by another name is not the same model's.
        ("one.", &["other."]),
    ] {
        check(adapter, bases, None);
    }
}

#[test]
fn text_and_tower_of_one_adapter_on_a_text_base() {
    let paths: Vec<String> = on("model.language_model.", 2).chain(on(TOWER, 2)).collect();
    let names = weights(on("model.", 2));
    let laid = lay(&paths, &names, "{}", &ReadOptions::new());
    laid.holds(&paths[0], Some("model.layers.0.self_attn.q_proj.weight"));
    laid.holds(&paths[4], None);
    // A name that no list knows as a part of a model: both have the same modules, and one is closer.
    let paths: Vec<String> = on("model.", 2).chain(on("perception.", 2)).collect();
    let laid = lay(&paths, &names, "{}", &ReadOptions::new());
    laid.holds(&paths[0], Some("model.layers.0.self_attn.q_proj.weight"));
    laid.holds(&paths[4], None);
}

#[test]
fn what_stays_open_names_its_readings_and_a_rename_decides() {
    let paths: Vec<String> = on("", 1).collect();
    let names: Vec<String> = weights(on("one.", 1))
        .into_iter()
        .chain(weights(on("two.", 1)))
        .collect();
    let laid = lay(&paths, &names, "{}", &ReadOptions::new());
    let module = laid.adapter.module(&paths[0]).unwrap();
    let error = laid.base.weight(module).unwrap_err().to_string();
    for word in [
        "one.layers.0.self_attn.q_proj",
        "two.layers.0.self_attn.q_proj",
        "rename",
    ] {
        assert!(error.contains(word), "{word} is not in: {error}");
    }
    for start in ["one", "two"] {
        let rename: Rename = format!("={start}").parse().unwrap();
        let laid = lay(
            &paths,
            &names,
            "{}",
            &ReadOptions::new().rename(rename.clone()),
        );
        let path = format!("{start}.{}", paths[0]);
        laid.holds(&path, Some(&format!("{path}.weight")));
        assert_eq!(laid.adapter.renames, [rename]);
    }
    let unused: Rename = "model=x".parse().unwrap();
    let laid = lay(&paths, &names, "{}", &ReadOptions::new().rename(unused));
    assert!(laid.adapter.renames.is_empty());
}

#[test]
fn one_module_that_only_one_start_has_decides_for_all() {
    let mut paths: Vec<String> = on("", 2).collect();
    paths.push("condition_embedder".into());
    let mut names = weights(on("decoder.", 2));
    names.extend(weights(on("encoder.lyric_encoder.", 2)));
    names.push("decoder.condition_embedder.weight".into());
    let laid = lay(&paths, &names, "{}", &ReadOptions::new());
    laid.holds(
        "condition_embedder",
        Some("decoder.condition_embedder.weight"),
    );
    laid.holds(&paths[0], Some("decoder.layers.0.self_attn.q_proj.weight"));
}

#[test]
fn a_head_is_the_embedding_where_the_model_ties_them() {
    let paths = vec![
        "lm_head".to_string(),
        "model.layers.0.self_attn.q_proj".into(),
    ];
    let names = |words: &str| {
        vec![
            words.to_string(),
            "model.layers.0.self_attn.q_proj.weight".into(),
        ]
    };
    for (words, config) in [
        (
            "model.embed_tokens.weight",
            r#"{"tie_word_embeddings": true}"#,
        ),
        ("transformer.wte.weight", "{}"),
        ("shared.weight", "{}"),
    ] {
        let laid = lay(&paths, &names(words), config, &ReadOptions::new());
        laid.holds("lm_head", Some(words));
        let notes = laid.adapter.notes.join("; ");
        assert!(notes.contains(&format!("ties it to `{words}`")), "{notes}");
    }
    let untied = r#"{"tie_word_embeddings": false}"#;
    let laid = lay(
        &paths,
        &names("model.embed_tokens.weight"),
        untied,
        &ReadOptions::new(),
    );
    laid.holds("lm_head", None);
}

#[test]
fn wrappers_around_a_base_are_seen_through() {
    let path = "model.layers.0.self_attn.q_proj";
    for name in [
        "model.layers.0.self_attn.q_proj.base_layer.weight",
        "base_model.model.model.layers.0.self_attn.q_proj.base_layer.weight",
        "0.auto_model.layers.0.self_attn.q_proj.weight",
        "_orig_mod.model.layers.0._fsdp_wrapped_module.self_attn.q_proj.weight",
        "module.model.layers.0.self_attn.q_proj.weight",
        "model.layers.0.self_attn.q_proj.modules_to_save.default.weight",
        "model.layers.0.self_attn.q_proj.original_module.weight",
    ] {
        let laid = lay(&[path.into()], &[name.into()], "{}", &ReadOptions::new());
        laid.holds(path, Some(name));
    }
}

/// A file of kohya's or of diffusers' names of one layer each, and a base of these tensors.
fn tokens(file: &str, names: &[&str], ends: [&str; 2], base: &[&str]) -> Laid {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join(file);
    let tensors = names.iter().fold(Tensors::default(), |tensors, name| {
        tensors
            .with(&format!("{name}{}", ends[0]), &[1, D], 1)
            .with(&format!("{name}{}", ends[1]), &[D, 1], 2)
    });
    tensors.save(&place);
    let names: Vec<String> = base.iter().map(|name| format!("{name}.weight")).collect();
    let weights = self::base(folder.path(), &names, "{}");
    let base = Base::open(&weights).unwrap();
    let adapter = Adapter::open_on(&place, &ReadOptions::new(), Some(&base)).unwrap();
    Laid {
        _folder: folder,
        adapter,
        weights: Checkpoint::open(&weights).unwrap(),
        base,
    }
}

#[test]
fn starts_of_flattened_names_that_no_list_has() {
    let kohya = [".lora_down.weight", ".lora_up.weight"];
    for (tokens_, base) in [
        (
            [
                "Some_model_lora_double_blocks_0_img_attn_proj",
                "Some_model_lora_my_own_in",
            ],
            ["double_blocks.0.img_attn.proj", "my_own.in"],
        ),
        (
            [
                "lora_unet__blocks_0_cross_attn_k",
                "lora_unet__blocks_10_cross_attn_k",
            ],
            ["blocks.0.cross_attn.k", "blocks.10.cross_attn.k"],
        ),
        (
            [
                "lycoris_layers_0_self_attn_q_proj",
                "lycoris_condition_embedder",
            ],
            [
                "decoder.layers.0.self_attn.q_proj",
                "decoder.condition_embedder",
            ],
        ),
    ] {
        let all = [
            base[0],
            base[1],
            "encoder.lyric_encoder.layers.0.self_attn.q_proj",
        ];
        let laid = tokens("one.safetensors", &tokens_, kohya, &all);
        for path in base {
            laid.holds(path, Some(&format!("{path}.weight")));
        }
    }
}

#[test]
fn diffusers_names_are_found_on_a_checkpoint_of_latent_diffusion() {
    let ends = [".lora_A.weight", ".lora_B.weight"];
    let (q, conv) = (
        "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q",
        "time_embedding.linear_1",
    );
    let base = [
        "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1.to_q",
        "model.diffusion_model.time_embed.0",
        "conditioner.embedders.0.transformer.text_model.encoder.layers.0.mlp.fc1",
    ];
    for start in ["unet.", ""] {
        let names = [q, conv].map(|name| format!("{start}{name}"));
        let names = [names[0].as_str(), names[1].as_str()];
        let laid = tokens("pytorch_lora_weights.safetensors", &names, ends, &base);
        for (name, tensor) in names.iter().zip(base) {
            laid.holds(name, Some(&format!("{tensor}.weight")));
        }
    }
    let text = "text_encoder.text_model.encoder.layers.0.mlp.fc1";
    let laid = tokens("pytorch_lora_weights.safetensors", &[text], ends, &base);
    laid.holds(text, Some(&format!("{}.weight", base[2])));
}

#[test]
fn an_adapter_that_reads_more_inputs_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = Tensors::default().with("img_in.weight", &[D, D / 2], 5);
    let (base, _) = parts_of(folder.path(), &tensors, "{}");
    let path = adapter(folder.path(), &["img_in".into()]);
    let adapter = Adapter::open_on(&path, &ReadOptions::new(), Some(&base)).unwrap();
    let error = base.check(&adapter.modules[0]).unwrap_err().to_string();
    assert!(error.contains("reads more inputs"), "{error}");
}

/// A base of a stack of experts and one of a fused projection, with their numbers.
fn parts_of(folder: &Path, tensors: &Tensors, config: &str) -> (Base, Checkpoint) {
    let place = folder.join("base");
    tensors.save(&place.join("model.safetensors"));
    fs::write(place.join("config.json"), config).unwrap();
    (
        Base::open(&place).unwrap(),
        Checkpoint::open(&place).unwrap(),
    )
}

#[test]
fn one_expert_is_a_part_of_a_stack() {
    let folder = tempfile::tempdir().unwrap();
    let stack = "model.layers.0.mlp.experts";
    let tensors = Tensors::default()
        .with(&format!("{stack}.gate_up_proj"), &[3, 2 * D, D], 1)
        .with(&format!("{stack}.down_proj"), &[3, D, D], 2);
    let (base, weights) = parts_of(folder.path(), &tensors, r#"{"model_type": "qwen3_moe"}"#);
    let paths: Vec<String> = ["gate_proj", "up_proj", "down_proj"]
        .iter()
        .map(|layer| format!("{stack}.1.{layer}"))
        .collect();
    let path = adapter(folder.path(), &paths);
    let adapter = Adapter::open_on(&path, &ReadOptions::new(), Some(&base)).unwrap();
    let weight = |path: &str| base.weight(adapter.module(path).unwrap()).unwrap();
    let both = weights.expert(&format!("{stack}.gate_up_proj"), 1).unwrap();
    assert_eq!(weight(&paths[0]), both.slice(s![..D, ..]));
    assert_eq!(weight(&paths[1]), both.slice(s![D.., ..]));
    assert_eq!(
        weight(&paths[2]),
        weights.expert(&format!("{stack}.down_proj"), 1).unwrap()
    );
}

#[test]
fn q_k_and_v_are_parts_of_a_fused_projection() {
    for (fused, apart) in [
        (
            "linear_attn.in_proj_qkv.weight",
            [
                "linear_attn.in_proj_q",
                "linear_attn.in_proj_k",
                "linear_attn.in_proj_v",
            ],
        ),
        (
            "attn.qkv.weight",
            ["attn.q_proj", "attn.k_proj", "attn.v_proj"],
        ),
        (
            "self_attn.in_proj_weight",
            ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let fused = format!("model.layers.0.{fused}");
        let tensors = Tensors::default().with(&fused, &[3 * D, D], 5);
        let (base, weights) = parts_of(folder.path(), &tensors, "{}");
        let paths = apart.map(|name| format!("model.layers.0.{name}")).to_vec();
        let path = adapter(folder.path(), &paths);
        let adapter = Adapter::open_on(&path, &ReadOptions::new(), Some(&base)).unwrap();
        let all: Array2<f64> = weights.matrix(&fused).unwrap();
        for (place, path) in paths.iter().enumerate() {
            let weight = base.weight(adapter.module(path).unwrap()).unwrap();
            assert_eq!(
                weight,
                all.slice(s![place * D..(place + 1) * D, ..]),
                "{path}"
            );
        }
    }
}

#[test]
fn a_longer_vocabulary_is_in_the_adapter_or_said() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = Tensors::default().with("model.embed_tokens.weight", &[8, D], 5);
    let (base, _) = parts_of(folder.path(), &tensors, "{}");
    let path = "base_model.model.model.embed_tokens";
    let without = Tensors::default()
        .with(&format!("{path}.lora_embedding_A"), &[1, 10], 1)
        .with(&format!("{path}.lora_embedding_B"), &[D, 1], 2);
    let copy = format!("{path}.base_layer.weight");
    let with = without.clone().with(&copy, &[10, D], 3);
    let place = adapter(folder.path(), &[]);
    let file = place.join("adapter_model.safetensors");
    let open = |tensors: &Tensors| {
        tensors.save(&file);
        Adapter::open_on(&place, &ReadOptions::new(), Some(&base)).unwrap()
    };
    let opened = open(&without);
    let error = base.weight(&opened.modules[0]).unwrap_err().to_string();
    for word in ["[8, 6]", "[10, 6]", "vocabulary was made longer"] {
        assert!(error.contains(word), "{word} is not in: {error}");
    }
    let opened = open(&with);
    let kept = Checkpoint::open(&file).unwrap().matrix(&copy).unwrap();
    assert_eq!(base.weight(&opened.modules[0]).unwrap(), kept.t());
    assert!(
        opened
            .notes
            .join("; ")
            .contains("the copy in the adapter's file")
    );
}

#[test]
fn a_pipeline_is_all_its_models() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let (q, text) = (
        "down_blocks.0.attentions.0.to_q",
        "text_model.encoder.layers.0.self_attn.q_proj",
    );
    for (variant, names) in [
        (
            "",
            ["diffusion_pytorch_model.safetensors", "model.safetensors"],
        ),
        (
            "fp16",
            [
                "diffusion_pytorch_model.fp16.safetensors",
                "model.fp16.safetensors",
            ],
        ),
    ] {
        let pipe = pipe.join(variant);
        Tensors::default()
            .with(&format!("{q}.weight"), &[D, D], 7)
            .save(&pipe.join("unet").join(names[0]));
        Tensors::default()
            .with(&format!("{text}.weight"), &[D, D], 8)
            .save(&pipe.join("text_encoder").join(names[1]));
        fs::create_dir_all(pipe.join("scheduler")).unwrap();
        fs::write(pipe.join("model_index.json"), "{}").unwrap();
        let base = Base::open(&pipe).unwrap();
        let weights = Checkpoint::open(&pipe).unwrap();
        let paths = [format!("unet.{q}"), format!("text_encoder.{text}")];
        let path = adapter(folder.path(), &paths);
        let adapter = Adapter::open_on(&path, &ReadOptions::new(), Some(&base)).unwrap();
        for path in &paths {
            let weight = base.weight(adapter.module(path).unwrap()).unwrap();
            assert_eq!(weight, weights.matrix(&format!("{path}.weight")).unwrap());
        }
        assert_eq!(weights.files().count(), 2);
    }
    fs::create_dir_all(folder.path().join("empty")).unwrap();
    fs::write(folder.path().join("empty/model_index.json"), "{}").unwrap();
    let error = Checkpoint::open(&folder.path().join("empty"))
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("no folder beside it has weights"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Renaming a prefix on either side, adding a tower and the order of tensors change no W.
    #[test]
    fn prefixes_towers_and_order_change_nothing(
        own in prop::sample::select(vec!["", "model.", "model.language_model.", "language_model.model.", "base_model.model."]),
        theirs in prop::sample::select(vec!["", "model.", "model.language_model.", "language_model.model.", "module.model."]),
        towers in prop::sample::subsequence(vec![TOWER, "audio_tower.", "mtp.", "model.visual."], 0..=4),
        layers in 1usize..4,
        reversed in any::<bool>(),
    ) {
        let mut paths: Vec<String> = on(own, layers).collect();
        let mut names = weights(on(theirs, layers));
        for tower in towers {
            names.extend(weights(on(tower, layers + 1)));
        }
        if reversed {
            paths.reverse();
            names.reverse();
        }
        let laid = lay(&paths, &names, "{}", &ReadOptions::new());
        for module in &laid.adapter.modules {
            let (_, rest) = module.path.split_at(module.path.find("layers.").unwrap());
            laid.holds(&module.path, Some(&format!("{theirs}{rest}.weight")));
        }
    }
}
