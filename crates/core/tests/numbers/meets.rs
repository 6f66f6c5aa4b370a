//! Which modules of two adapters are one, whatever their files call them.

use std::fs;
use std::path::Path;

use crate::files::Tensors;
use lora_subspace_core::adapter::{Adapter, ReadOptions};
use lora_subspace_core::base::meet;
use proptest::prelude::*;

const D: usize = 6;

/// A file as a library names it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Library {
    /// With PEFT's names and config.
    Peft,
    /// With underscores, or dots where the names have some.
    Kohya,
    /// PEFT's names in one file of diffusers.
    Diffusers,
}
use Library::{Diffusers, Kohya, Peft};

fn open(folder: &Path, library: Library, modules: &[String], width: usize) -> Adapter {
    let (place, file, kinds) = match library {
        Peft => (
            "peft",
            "adapter_model.safetensors",
            ["lora_A.weight", "lora_B.weight"],
        ),
        Kohya => (
            "kohya",
            "style.safetensors",
            ["lora_down.weight", "lora_up.weight"],
        ),
        Diffusers => (
            "diffusers",
            "pytorch_lora_weights.safetensors",
            ["lora_A.weight", "lora_B.weight"],
        ),
    };
    let place = folder.join(place);
    let start = if library == Peft {
        "base_model.model."
    } else {
        ""
    };
    let tensors = modules.iter().fold(Tensors::default(), |tensors, module| {
        tensors
            .with(&format!("{start}{module}.{}", kinds[0]), &[1, width], 1)
            .with(&format!("{start}{module}.{}", kinds[1]), &[width, 1], 2)
    });
    tensors.save(&place.join(file));
    if library == Peft {
        let config = r#"{"peft_type": "LORA", "r": 1, "lora_alpha": 2}"#;
        fs::write(place.join("adapter_config.json"), config).unwrap();
    }
    let path = if library == Peft {
        place
    } else {
        place.join(file)
    };
    Adapter::open(&path, &ReadOptions::new()).unwrap()
}

type File<'a> = (Library, &'a [&'a str]);

/// The pairs of modules of two files that meet, by the files' own names.
fn pairs((one, first): File, (other, second): File) -> Vec<(String, String)> {
    pairs_of_widths((one, first, D), (other, second, D))
}

fn pairs_of_widths(
    (one, first, width): (Library, &[&str], usize),
    (other, second, another): (Library, &[&str], usize),
) -> Vec<(String, String)> {
    let [folder, beside] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let owned = |names: &[&str]| {
        names
            .iter()
            .map(|name| name.to_string())
            .collect::<Vec<_>>()
    };
    let known = open(folder.path(), one, &owned(first), width);
    let own = open(beside.path(), other, &owned(second), another);
    let (known, own) = (known.modules, own.modules);
    let met = meet(
        &known.iter().collect::<Vec<_>>(),
        &own.iter().collect::<Vec<_>>(),
    );
    let pairs = own
        .iter()
        .zip(met)
        .filter_map(|(module, place)| Some((known[place?].path.clone(), module.path.clone())));
    pairs.collect()
}

const BLOCK: &str = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q";

#[test]
fn three_libraries_name_one_unet() {
    let files: [File; 5] = [
        (
            Kohya,
            &["lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q"],
        ),
        (
            Kohya,
            &["lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q"],
        ),
        (
            Diffusers,
            &["unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"],
        ),
        (Diffusers, &[BLOCK]),
        (
            Kohya,
            &[
                "lora_te_text_model_encoder_layers_0_self_attn_q_proj",
                "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q",
            ],
        ),
    ];
    for one in files {
        for other in files {
            let both = one.1.len() == 2 && other.1.len() == 2;
            let met = pairs(one, other);
            assert_eq!(
                met.len(),
                if both { 2 } else { 1 },
                "{one:?} and {other:?}: {met:?}"
            );
        }
    }
}

#[test]
fn prefixes_of_wrappers_and_names_make_no_difference() {
    for (one, other) in [
        (
            "model.layers.0.self_attn.q_proj",
            "model.language_model.layers.0.self_attn.q_proj",
        ),
        (
            "language_model.model.layers.3.q_proj",
            "model.layers.3.q_proj",
        ),
        (
            "bert.encoder.layer.0.attention.self.query",
            "encoder.layer.0.attention.self.query",
        ),
        ("my.own.prefix.blocks.0.attn.q", "blocks.0.attn.q"),
        ("my_prefix.blocks.0.attn.q", "transformer.blocks.0.attn.q"),
        ("double_blocks.0.img_attn_q", "double_blocks.0.img_attn.q"),
        ("lm_head", "lm_head"),
    ] {
        for (one, other) in [(one, other), (other, one)] {
            let met = pairs((Peft, &[one]), (Peft, &[other]));
            assert_eq!(
                met,
                [(one.to_string(), other.to_string())],
                "{one} and {other}"
            );
        }
    }
    let met = pairs(
        (Kohya, &["lora_unet__blocks_0_cross_attn_k"]),
        (Kohya, &["lora_unet_blocks_0_cross_attn_k"]),
    );
    assert_eq!(met.len(), 1);
    let met = pairs(
        (Kohya, &["My_video_lora_double_blocks_0_img_attn_proj"]),
        (Peft, &["double_blocks.0.img_attn.proj"]),
    );
    assert_eq!(met.len(), 1);
    // A part that no list has, flattened by one trainer and not by the other.
    let met = pairs(
        (
            Kohya,
            &[
                "lora_unet_layers_0_strange_part_w1",
                "lora_unet_layers_0_attention_to_q",
            ],
        ),
        (
            Diffusers,
            &[
                "transformer.layers.0.strange_part.w1",
                "transformer.layers.0.attention.to_q",
            ],
        ),
    );
    assert_eq!(met.len(), 2, "{met:?}");
}

#[test]
fn a_transformer_is_an_image_model_s_where_something_says_so() {
    for (library, module, component) in [
        (Peft, "transformer.h.0.attn.c_attn", ""),
        (Peft, "transformer.blocks.0.attn.Wqkv", ""),
        (Peft, "transformer.transformer_blocks.0.attn.to_q", "unet"),
        (Diffusers, "transformer.layers.0.attention.to_q", "unet"),
        (Kohya, "lora_transformer_blocks_0_attn_q", "unet"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let adapter = open(folder.path(), library, &[module.to_string()], D);
        assert_eq!(adapter.modules[0].component, component, "{module}");
    }
}

#[test]
fn other_parts_of_a_model_never_meet() {
    let text = "text_model_encoder_layers_0_self_attn_q_proj";
    let [te1, te2] = ["te1", "te2"].map(|te| format!("lora_{te}_{text}"));
    let unet = "lora_unet_down_blocks_0_attentions_0_proj_in";
    let prior = "lora_prior_unet_down_blocks_0_attentions_0_proj_in";
    for (one, other) in [
        ((Kohya, te1.as_str()), (Kohya, te2.as_str())),
        (
            (Kohya, &te1),
            (
                Diffusers,
                "text_encoder_2.text_model.encoder.layers.0.self_attn.q_proj",
            ),
        ),
        ((Kohya, unet), (Kohya, prior)),
        (
            (Peft, "model.encoder.layers.0.q_proj"),
            (Peft, "model.decoder.layers.0.q_proj"),
        ),
        (
            (
                Peft,
                "model.vision_tower.vision_model.encoder.layers.0.self_attn.q_proj",
            ),
            (Peft, "model.layers.0.self_attn.q_proj"),
        ),
        (
            (Peft, "model.visual.blocks.0.attn.qkv"),
            (Peft, "model.language_model.blocks.0.attn.qkv"),
        ),
        (
            (Peft, "mtp.layers.0.q_proj"),
            (Peft, "model.layers.0.q_proj"),
        ),
        (
            (Peft, "perception.layers.0.q_proj"),
            (Peft, "model.layers.0.q_proj"),
        ),
        (
            (Peft, "bert.encoder.layer.0.query"),
            (Peft, "roberta.encoder.layer.0.query"),
        ),
        (
            (Peft, "model.layers.0.q_proj"),
            (Peft, "model.layers.1.q_proj"),
        ),
        (
            (Peft, "model.layers.0.q_proj"),
            (Peft, "model.layers.0.k_proj"),
        ),
    ] {
        for (one, other) in [(one, other), (other, one)] {
            let met = pairs((one.0, &[one.1]), (other.0, &[other.1]));
            assert!(met.is_empty(), "{met:?}");
        }
    }
}

#[test]
fn a_file_that_names_no_component_meets_one_alone() {
    let text = "text_model.encoder.layers.0.self_attn.q_proj";
    let [first, second] = ["text_encoder", "text_encoder_2"].map(|te| format!("{te}.{text}"));
    let one = pairs((Diffusers, &[&first]), (Peft, &[text]));
    assert_eq!(one.len(), 1);
    let both = pairs((Diffusers, &[&first, &second]), (Peft, &[text]));
    assert!(both.is_empty(), "{both:?}");
    let towers = [
        "model.layers.0.self_attn.q_proj",
        "model.vision_tower.layers.0.self_attn.q_proj",
    ];
    let others = [
        "model.language_model.layers.0.self_attn.q_proj",
        "vision_tower.layers.0.self_attn.q_proj",
    ];
    let met = pairs((Peft, &towers), (Peft, &others));
    let expected = [0, 1].map(|place| (towers[place].to_string(), others[place].to_string()));
    assert_eq!(met, expected);
}

#[test]
fn the_third_text_encoder_is_fluxs_second() {
    let met = pairs(
        (Kohya, &["lora_te2_encoder_block_0_layer_0_SelfAttention_q"]),
        (
            Kohya,
            &["text_encoders.t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q"],
        ),
    );
    assert_eq!(met.len(), 1);
}

#[test]
fn other_widths_under_another_prefix_are_another_model() {
    let (one, other) = (
        ["model.layers.0.q_proj"],
        ["model.language_model.layers.0.q_proj"],
    );
    assert!(pairs_of_widths((Peft, &one, D), (Peft, &other, D + 1)).is_empty());
    // Under one name it is an error later, and not another module.
    assert_eq!(
        pairs_of_widths((Peft, &one, D), (Peft, &one, D + 1)).len(),
        1
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever wrappers and prefixes two files have, a stack meets itself and no tower.
    #[test]
    fn a_stack_meets_itself(
        prefixes in prop::sample::subsequence(
            vec!["", "model.", "model.language_model.", "language_model.model.", "transformer."], 2),
        layers in 1..4_usize,
        has_tower in any::<bool>(),
        flattened in any::<bool>(),
    ) {
        let stack = |prefix: &str| -> Vec<String> {
            (0..layers).map(|layer| format!("{prefix}layers.{layer}.self_attn.q_proj")).collect()
        };
        let mut first = stack(prefixes[0]);
        let second = stack(prefixes[1]);
        if has_tower {
            first.extend(stack("vision_tower.vision_model.encoder."));
        }
        let [one, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let known = open(one.path(), Peft, &first, D);
        let own = if flattened {
            let tokens: Vec<String> = second.iter().map(|path| {
                format!("lycoris_{}", path.replace('.', "_"))
            }).collect();
            open(other.path(), Kohya, &tokens, D)
        } else {
            open(other.path(), Peft, &second, D)
        };
        let known: Vec<_> = known.modules.iter().collect();
        let met = meet(&known, &own.modules.iter().collect::<Vec<_>>());
        prop_assert_eq!(met.len(), layers);
        for (layer, place) in met.into_iter().enumerate() {
            let path = &known[place.expect("met")].path;
            prop_assert!(path.starts_with(&first[layer]), "{} is {}", path, layer);
        }
    }
}
