//! Weights that a base keeps under other names, in other files, or as a part of something.

use std::fs;
use std::path::Path;

use crate::files::Tensors;
use crate::laid::{self, D, Laid};
use lora_subspace_core::adapter::{Adapter, ReadOptions};
use lora_subspace_core::base::Base;
use lora_subspace_core::tensors::Checkpoint;
use ndarray::{Array2, s};

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
    let weights = laid::base(folder.path(), &names, "{}");
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
    let path = laid::adapter(folder.path(), &["img_in".into()]);
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
    let path = laid::adapter(folder.path(), &paths);
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
        let path = laid::adapter(folder.path(), &paths);
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
    let place = laid::adapter(folder.path(), &[]);
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
        let path = laid::adapter(folder.path(), &paths);
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
