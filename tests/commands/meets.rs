//! Modules that are one under two names, and modules of one name that are not one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::commands_on_layouts::rows;
use crate::files::Tensors;
use crate::programs::{Outcome, run};

const D: usize = 8;

/// An adapter in PEFT's names, of a rank for each module.
fn peft(folder: &Path, modules: &[(&str, usize)], salt: u32) -> PathBuf {
    let mut tensors = Tensors::default();
    let mut ranks = serde_json::Map::new();
    for (number, (module, rank)) in modules.iter().enumerate() {
        let salt = salt + 10 * number as u32;
        tensors = tensors
            .with(
                &format!("base_model.model.{module}.lora_A.weight"),
                &[*rank, D],
                salt,
            )
            .with(
                &format!("base_model.model.{module}.lora_B.weight"),
                &[D, *rank],
                salt + 5,
            );
        ranks.insert(module.to_string(), (*rank).into());
    }
    tensors.save(&folder.join("adapter_model.safetensors"));
    let config = serde_json::json!({
        "peft_type": "LORA", "r": 1, "lora_alpha": 2, "rank_pattern": ranks,
    });
    fs::write(folder.join("adapter_config.json"), config.to_string()).unwrap();
    folder.into()
}

fn of_rank<'a>(modules: &[&'a str], rank: usize) -> Vec<(&'a str, usize)> {
    modules.iter().map(|module| (*module, rank)).collect()
}

/// A file of kohya's scripts.
fn kohya(path: &Path, tokens: &[&str], rank: usize, salt: u32) {
    let tokens = tokens.iter().enumerate();
    let tensors = tokens.fold(Tensors::default(), |tensors, (number, token)| {
        let salt = salt + 10 * number as u32;
        tensors
            .with(&format!("{token}.lora_down.weight"), &[rank, D], salt)
            .with(&format!("{token}.lora_up.weight"), &[D, rank], salt + 5)
    });
    tensors.save(path);
}

/// The distinct values of some columns of a table.
fn columns(file: &Path, names: &[&str]) -> BTreeSet<Vec<String>> {
    let of = |row: &BTreeMap<String, String>| names.iter().map(|name| row[*name].clone()).collect();
    rows(file).iter().map(of).collect()
}

fn overlap(folder: &Path, arguments: &[&str]) -> Outcome {
    let fixed = ["one", "two", "--out", "out", "--format", "svg"];
    run(
        "subspace-overlap",
        &[&fixed[..], arguments].concat(),
        folder,
    )
}

#[test]
fn a_pair_is_called_as_the_first_calls_it() {
    let folder = tempfile::tempdir().unwrap();
    let paths = |start: &str| {
        let names = ["layers.0.q_proj", "layers.0.v_proj", "layers.1.q_proj"];
        names.map(|name| format!("{start}{name}"))
    };
    for (name, start, rank) in [("one", "model.", 2), ("two", "model.language_model.", 3)] {
        let paths = paths(start);
        let modules: Vec<(&str, usize)> = paths.iter().map(|path| (path.as_str(), rank)).collect();
        peft(&folder.path().join(name), &modules, rank as u32);
    }
    let outcome = overlap(folder.path(), &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome
            .stderr
            .contains("3 modules are called as one calls them"),
        "{}",
        outcome.stderr
    );
    let tables = folder.path().join("out/notebooks-export/one-vs-two");
    let modules = columns(&tables.join("overlap.csv"), &["module", "component"]);
    let expected = paths("model.").map(|path| vec![path, String::new()]);
    assert_eq!(modules, expected.into_iter().collect());
}

#[test]
fn text_encoders_are_told_apart_and_meet_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let [te1, te2] =
        ["te1", "te2"].map(|te| format!("lora_{te}_text_model_encoder_layers_0_self_attn_q_proj"));
    let unet = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
    kohya(&at("both.safetensors"), &[&te1, &te2, unet], 2, 1);
    kohya(&at("first.safetensors"), &[&te1], 3, 2);
    kohya(&at("second.safetensors"), &[&te2], 3, 3);
    let of = |one: &str, other: &str| {
        let arguments = [one, other, "--out", "out", "--no-figures"];
        run("subspace-overlap", &arguments, folder.path())
    };
    let refused = of("first.safetensors", "second.safetensors");
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("no module in common"),
        "{}",
        refused.stderr
    );
    for (other, component) in [("first", "text_encoder"), ("second", "text_encoder_2")] {
        let outcome = of("both.safetensors", &format!("{other}.safetensors"));
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let study = format!("out/notebooks-export/both-vs-{other}/overlap.csv");
        let found = columns(&folder.path().join(study), &["component"]);
        assert_eq!(found, BTreeSet::from([vec![component.to_string()]]));
    }
}

const WHISPER: [&str; 6] = [
    "model.encoder.layers.0.self_attn.q_proj",
    "model.encoder.layers.0.self_attn.v_proj",
    "model.decoder.layers.0.self_attn.q_proj",
    "model.decoder.layers.0.self_attn.v_proj",
    "model.decoder.layers.0.encoder_attn.q_proj",
    "model.decoder.layers.0.encoder_attn.v_proj",
];

/// The text of a picture, without its marks.
fn words(svg: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in svg.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text
}

#[test]
fn figures_and_table_7_name_the_attention_that_they_show() {
    let folder = tempfile::tempdir().unwrap();
    peft(&folder.path().join("one"), &of_rank(&WHISPER, 2), 1);
    peft(&folder.path().join("two"), &of_rank(&WHISPER, 3), 2);
    let base = WHISPER.iter().zip(100..);
    let base = base.fold(Tensors::default(), |base, (module, salt)| {
        base.with(&format!("{module}.weight"), &[D, D], salt)
    });
    base.save(&folder.path().join("base/model.safetensors"));
    let study = |component: &str| {
        format!(
            r#"name = "whisper"
base = "base"
[[adapter]]
name = "one"
path = "one"
[[adapter]]
name = "two"
path = "two"
[compare]
ranks = ["one", "two"]
base = ["one"]
{component}"#
        )
    };
    for (component, expected) in [
        ("", "decoder self-attention"),
        ("[figures]\ncomponent = \"encoder\"", "encoder"),
        (
            "[figures]\ncomponent = \"encoder_attn\"",
            "decoder cross-attention",
        ),
    ] {
        fs::write(folder.path().join("study.toml"), study(component)).unwrap();
        let arguments = ["study.toml", "--out", "out", "--format", "svg"];
        let outcome = run("regenerate", &arguments, folder.path());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let figures = folder.path().join("out/figures/whisper");
        for figure in ["figure3", "figure6", "figure8", "amplification"] {
            let svg = fs::read_to_string(figures.join(format!("{figure}.svg"))).unwrap();
            let words = words(&svg).replace('\n', " ");
            assert!(
                words.contains(expected),
                "{figure} lacks {expected}: {words}"
            );
        }
        let tables = folder.path().join("out/notebooks-export/whisper");
        let table = fs::read_to_string(tables.join("table7.md")).unwrap();
        assert!(
            table.contains(&format!("Table 7, {expected}, layer 0")),
            "{table}"
        );
        let parts = columns(&tables.join("amplification.csv"), &["component"]);
        assert_eq!(
            parts,
            [["decoder"], ["encoder"]]
                .map(|one| one.map(String::from).to_vec())
                .into()
        );
    }
    fs::write(
        folder.path().join("study.toml"),
        study("[figures]\ncomponent = \"decodr\""),
    )
    .unwrap();
    let outcome = run("regenerate", &["study.toml", "--out", "out"], folder.path());
    assert_eq!(outcome.code, 1);
    for word in ["line", "`decodr`", "decoder"] {
        assert!(outcome.stderr.contains(word), "{word}: {}", outcome.stderr);
    }
}

#[test]
fn ranks_that_differ_by_module_are_a_range() {
    let folder = tempfile::tempdir().unwrap();
    let modules =
        |ranks: [usize; 2]| [("layers.0.q_proj", ranks[0]), ("layers.0.v_proj", ranks[1])];
    peft(&folder.path().join("one"), &modules([1, 3]), 1);
    peft(&folder.path().join("two"), &modules([4, 4]), 2);
    let outcome = overlap(folder.path(), &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("rank 1–3"), "{}", outcome.stderr);
    let svg = folder.path().join("out/figures/one-vs-two/figure3.svg");
    let words = words(&fs::read_to_string(svg).unwrap());
    assert!(words.contains("= 1–3"), "{words}");
}

#[test]
fn table_7_has_layers_that_one_adapter_alone_has() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["layers.0.q_proj", "layers.1.q_proj"];
    peft(&folder.path().join("one"), &of_rank(&paths, 2), 1);
    peft(&folder.path().join("two"), &of_rank(&paths[..1], 3), 2);
    let base = paths.iter().zip(100..);
    let base = base.fold(Tensors::default(), |base, (module, salt)| {
        base.with(&format!("{module}.weight"), &[D, D], salt)
    });
    base.save(&folder.path().join("base/model.safetensors"));
    let arguments = [
        "one",
        "two",
        "--base",
        "base",
        "--out",
        "out",
        "--no-figures",
    ];
    let outcome = run("amplification", &arguments, folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let table = folder
        .path()
        .join("out/notebooks-export/one-vs-two/table7.csv");
    let found = columns(&table, &["layer", "adapter"]);
    let expected = [["0", "one"], ["0", "two"], ["1", "one"]];
    let expected = expected.map(|row| row.map(String::from).to_vec());
    assert_eq!(found, expected.into());
}

#[test]
fn checkpoints_are_called_as_their_run_is() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    peft(&at("one"), &[("model.layers.0.q_proj", 2)], 1);
    let other = [("model.language_model.layers.0.q_proj", 3)];
    for (number, place) in ["run/checkpoint-1", "run/checkpoint-2"].iter().enumerate() {
        peft(&at(place), &other, 2 + number as u32);
    }
    let study = r#"name = "s"
[[adapter]]
name = "one"
path = "one"
[[adapter]]
name = "two"
path = "run/checkpoint-2"
steps = "run/checkpoint-*"
[compare]
ranks = ["one", "two"]
"#;
    fs::write(at("study.toml"), study).unwrap();
    let arguments = ["study.toml", "--out", "out", "--no-figures", "-q"];
    let outcome = run("regenerate", &arguments, folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let table = at("out/notebooks-export/s/trajectory.csv");
    let found = columns(&table, &["module", "step"]);
    let expected = ["1", "2"].map(|step| vec!["model.layers.0.q_proj".into(), step.into()]);
    assert_eq!(found, expected.into());
}
