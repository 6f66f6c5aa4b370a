//! An adapter laid on its base: which weight is whose, whatever the prefixes are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::Tensors;
use crate::in_parts::in_parts;
use lora_subspace_core::adapter::{Adapter, BaseIndex, ReadOptions, Rename};
use lora_subspace_core::base::Base;
use lora_subspace_core::tensors::Checkpoint;
use proptest::prelude::*;
use tempfile::TempDir;

/// All weights are of one size: no shape tells one from another.
pub(crate) const D: usize = 6;

/// An adapter of rank 1 on these paths.
pub(crate) fn adapter(folder: &Path, paths: &[String]) -> PathBuf {
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
pub(crate) fn base(folder: &Path, names: &[String], config: &str) -> PathBuf {
    let place = folder.join("base");
    let tensors = names.iter().enumerate();
    let tensors = tensors.fold(Tensors::default(), |tensors, (number, name)| {
        tensors.with(name, &[D, D], 1000 + 37 * number as u32)
    });
    tensors.save(&place.join("model.safetensors"));
    fs::write(place.join("config.json"), config).unwrap();
    place
}

pub(crate) struct Laid {
    pub(crate) _folder: TempDir,
    pub(crate) adapter: Adapter,
    pub(crate) base: Base,
    pub(crate) weights: Checkpoint,
}

pub(crate) fn lay(paths: &[String], names: &[String], config: &str, options: &ReadOptions) -> Laid {
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
    pub(crate) fn holds(&self, path: &str, tensor: Option<&str>) {
        let module = self
            .adapter
            .module(path)
            .unwrap_or_else(|| panic!("no {path}"));
        let found = self.base.weight(module);
        match tensor {
            Some(tensor) => {
                let weight = found.unwrap_or_else(|error| panic!("{path}: {error}"));
                assert_eq!(
                    &weight,
                    &self.weights.matrix(tensor).unwrap(),
                    "{path} on {tensor}"
                );
                assert_eq!(in_parts(&self.base, module), weight, "{path} in parts");
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
        // A stack with a name of its own is not the language model.
        ("perception.", &["model."]),
        // A bare stack is no tower either.
        ("", &[TOWER]),
        ("model.", &["audio_tower.", "mtp."]),
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
fn two_components_that_are_equally_close_have_no_weight() {
    let paths: Vec<String> = on("one.", 2).chain(on("two.", 2)).collect();
    let laid = lay(&paths, &weights(on("", 2)), "{}", &ReadOptions::new());
    for path in &paths {
        laid.holds(path, None);
    }
}

#[test]
fn copies_of_a_layer_share_its_weight_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<String> = on("model.", 2).collect();
    let place = base(folder.path(), &weights(on("model.", 1)), "{}");
    let base = Base::open(&place).unwrap();
    let path = adapter(folder.path(), &paths);
    let config =
        r#"{"peft_type": "LORA", "r": 1, "lora_alpha": 2, "layer_replication": [[0, 1], [0, 1]]}"#;
    fs::write(path.join("adapter_config.json"), config).unwrap();
    let adapter = Adapter::open_on(&path, &ReadOptions::new(), Some(&base)).unwrap();
    let weight = |path: &str| base.weight(adapter.module(path).unwrap()).unwrap();
    assert_eq!(weight(&paths[0]), weight(&paths[2]));
    let notes = adapter.notes.join("; ");
    assert!(
        notes.contains("4 modules have the weight of another too"),
        "{notes}"
    );
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
    for untied in [
        r#"{"tie_word_embeddings": false}"#,
        r#"{"text_config": {"tie_word_embeddings": false}}"#,
    ] {
        let names = names("model.embed_tokens.weight");
        let laid = lay(&paths, &names, untied, &ReadOptions::new());
        laid.holds("lm_head", None);
    }
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
    // Of both what was there before training counts.
    let both =
        ["modules_to_save.default", "original_module"].map(|end| format!("{path}.{end}.weight"));
    let laid = lay(&[path.into()], &both, "{}", &ReadOptions::new());
    laid.holds(path, Some(&both[1]));
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
