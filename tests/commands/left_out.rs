//! One module that cannot be measured stops nobody: it is left out, and named with its cause.

use std::fs;
use std::path::Path;

use crate::programs::{Outcome, run};
use crate::workshop::{AdapterFolder, D_IN, MODULES, base_tensors, workshop};
use serde_json::Value;

/// A workshop whose base lacks `layers.1.q_proj` and has another width for `layers.0.v_proj`.
fn lacking() -> tempfile::TempDir {
    let folder = workshop();
    base_tensors()
        .without("layers.1.q_proj.weight")
        .with("layers.0.v_proj.weight", &[12, 10], 1)
        .save(&folder.path().join("base/model.safetensors"));
    folder
}

fn amplification(folder: &Path, arguments: &[&str]) -> Outcome {
    let fixed = [
        "one",
        "two",
        "--base",
        "base",
        "--out",
        "out",
        "--no-figures",
    ];
    run("amplification", &[&fixed, arguments].concat(), folder)
}

/// The modules of amplification.csv, each once.
fn measured(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("out/notebooks-export/one-vs-two/amplification.csv"));
    let text = text.unwrap();
    let mut modules: Vec<String> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap().to_string())
        .collect();
    modules.dedup();
    modules
}

#[test]
fn the_rest_is_measured_and_what_is_left_out_is_named_with_q_too() {
    let folder = lacking();
    let outcome = amplification(folder.path(), &["-q"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(
        measured(folder.path()),
        ["m.layers.0.q_proj", "m.layers.1.v_proj"]
    );
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", outcome.stderr);
    assert!(
        lines[0].starts_with("left out: `m.layers.0.v_proj`: "),
        "{}",
        lines[0]
    );
    assert!(lines[0].contains("[12, 10]"), "{}", lines[0]);
    assert_eq!(
        lines[1],
        "left out: `m.layers.1.q_proj`: no weight in the base"
    );
    let outcome = amplification(folder.path(), &["--json", "-q"]);
    let summary: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let record = folder
        .path()
        .join("out/notebooks-export/one-vs-two/run-amplification.json");
    let record: Value = serde_json::from_str(&fs::read_to_string(record).unwrap()).unwrap();
    for left_out in [&summary["left_out"], &record["run"]["left_out"]] {
        assert_eq!(left_out[1]["module"], "m.layers.1.q_proj");
        assert_eq!(left_out[1]["cause"], "no weight in the base");
    }
}

#[test]
fn many_modules_of_one_cause_are_one_line() {
    let folder = workshop();
    let modules: Vec<String> = (0..12)
        .map(|layer| format!("vision_tower.layers.{layer}.q_proj"))
        .collect();
    let tensors = |tensors| {
        modules
            .iter()
            .fold(tensors, |tensors: crate::files::Tensors, module| {
                tensors
                    .with(
                        &format!("base_model.model.{module}.lora_A.weight"),
                        &[2, D_IN],
                        3,
                    )
                    .with(
                        &format!("base_model.model.{module}.lora_B.weight"),
                        &[6, 2],
                        4,
                    )
            })
    };
    AdapterFolder::new(2, 1)
        .tensors(tensors)
        .save(&folder.path().join("one"));
    let outcome = amplification(folder.path(), &["-q"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert!(
        outcome
            .stderr
            .contains("`vision_tower.layers.5.q_proj` and 6 more: no weight in the base")
    );
    assert_eq!(measured(folder.path()).len(), MODULES.len());
}

#[test]
fn strict_and_a_name_without_a_wildcard_make_it_an_error() {
    let folder = lacking();
    for (arguments, word) in [
        (&["--strict"][..], "layers.0.v_proj.weight"),
        (
            &["--modules", "m.layers.1.q_proj"],
            "no weight for module `m.layers.1.q_proj`",
        ),
        (
            &["--modules", "m.layers.1.q_proj", "--modules", "*v_proj"],
            "no weight for module `m.layers.1.q_proj`",
        ),
        // Nothing else is selected: nothing would be left.
        (
            &["--modules", "*.1.q_proj"],
            "no weight for module `m.layers.1.q_proj`",
        ),
    ] {
        let outcome = amplification(folder.path(), arguments);
        assert_eq!(outcome.code, 1, "{arguments:?}: {}", outcome.stderr);
        assert!(
            outcome.error().contains(word),
            "{arguments:?}: {}",
            outcome.error()
        );
        assert!(!folder.path().join("out").exists());
    }
    let outcome = amplification(folder.path(), &["--modules", "*q_proj", "-q"]);
    assert_eq!(
        (outcome.code, measured(folder.path()).len()),
        (0, 1),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_pattern_with_an_exclamation_mark_leaves_modules_out() {
    let folder = lacking();
    let out = ["!*.1.q_proj", "!*.0.v_proj"]
        .map(|glob| ["--modules", glob])
        .concat();
    let outcome = amplification(folder.path(), &[&out[..], &["--strict", "-q"]].concat());
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    assert_eq!(
        measured(folder.path()),
        ["m.layers.0.q_proj", "m.layers.1.v_proj"]
    );
    let outcome = amplification(
        folder.path(),
        &["--modules", "*q_proj", "--modules", "!q_proj"],
    );
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.error().contains("none of the 4 modules is left"),
        "{}",
        outcome.error()
    );
}

#[test]
fn a_base_that_fits_nothing_is_an_error() {
    let folder = workshop();
    let other = crate::files::Tensors::default().with("x.y.weight", &[6, 5], 1);
    other.save(&folder.path().join("base/model.safetensors"));
    let outcome = amplification(folder.path(), &[]);
    assert_eq!(outcome.code, 1);
    for word in ["no weight for module `m.layers.0.q_proj`", "--rename"] {
        assert!(outcome.error().contains(word), "{}", outcome.error());
    }
}

#[test]
fn a_module_of_two_shapes_is_left_out() {
    let folder = workshop();
    let name = "base_model.model.m.layers.0.q_proj.lora_A.weight";
    let wide = |tensors: crate::files::Tensors| tensors.with(name, &[3, D_IN + 2], 1);
    AdapterFolder::new(3, 2)
        .tensors(wide)
        .save(&folder.path().join("two"));
    let arguments = ["one", "two", "--out", "out", "--no-figures", "-q"];
    let outcome = run("subspace-overlap", &arguments, folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("left out: `m.layers.0.q_proj`: "),
        "{}",
        outcome.stderr
    );
    let strict = [&arguments[..], &["--strict"]].concat();
    assert_eq!(run("subspace-overlap", &strict, folder.path()).code, 1);
}

#[test]
fn a_study_says_it_in_its_report_and_renames_by_its_keys() {
    let folder = lacking();
    let adapters =
        ["one", "two"].map(|name| format!("[[adapter]]\nname = {name:?}\npath = {name:?}\n"));
    let study = format!("name = \"s\"\nbase = \"base\"\n{}", adapters.concat());
    fs::write(folder.path().join("study.toml"), &study).unwrap();
    let outcome = run(
        "regenerate",
        &["study.toml", "--out", "out", "-q"],
        folder.path(),
    );
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let report =
        fs::read_to_string(folder.path().join("out/notebooks-export/s/report.html")).unwrap();
    for word in [
        "Modules that are left out",
        "m.layers.1.q_proj",
        "no weight in the base",
    ] {
        assert!(report.contains(word), "{word}");
    }
    // The base under a name that no rule would take for `m`.
    let renamed = MODULES.iter().enumerate().fold(
        crate::files::Tensors::default(),
        |tensors, (salt, module)| {
            tensors.with(
                &format!("a.b.{module}.weight"),
                &[6, D_IN],
                100 + salt as u32,
            )
        },
    );
    renamed.save(&folder.path().join("base/model.safetensors"));
    let arguments = ["study.toml", "--out", "other", "--no-figures", "-q"];
    assert_eq!(run("regenerate", &arguments, folder.path()).code, 1);
    for study in [
        study.replace("base =", "rename = [\"m=a.b\"]\nbase ="),
        study.replace("path = ", "rename = [\"m=a.b\"]\npath = "),
    ] {
        fs::write(folder.path().join("study.toml"), &study).unwrap();
        let outcome = run("regenerate", &arguments, folder.path());
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{study}");
        let csv = fs::read_to_string(
            folder
                .path()
                .join("other/notebooks-export/s/amplification.csv"),
        );
        assert!(csv.unwrap().contains("a.b.layers.0.q_proj"));
    }
    for (study, words) in [
        (
            study.replace("base =", "rename = [\"x=y\"]\nbase ="),
            ["line 2", "no module's path begins"],
        ),
        (
            study.replace("base =", "rename = [\"x\"]\nbase ="),
            ["line 2", "OLD=NEW"],
        ),
    ] {
        fs::write(folder.path().join("study.toml"), &study).unwrap();
        let outcome = run("regenerate", &arguments, folder.path());
        assert_eq!(outcome.code, 1);
        for word in words {
            assert!(
                outcome.error().contains(word),
                "{word}: {}",
                outcome.error()
            );
        }
    }
}

#[test]
fn inspect_shows_what_it_can() {
    let folder = lacking();
    let outcome = run("inspect", &["one", "--base", "base"], folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome
            .stdout
            .contains("no weight for module `m.layers.1.q_proj`"),
        "{}",
        outcome.stdout
    );
    let outcome = run(
        "inspect",
        &["one", "--base", "base", "--json"],
        folder.path(),
    );
    let told: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(told["modules"].as_array().unwrap().len(), 4);
    assert!(
        told["modules"]
            .as_array()
            .unwrap()
            .iter()
            .all(|module| module["delta_norm"].is_f64())
    );
    assert_eq!(told["left_out"].as_array().unwrap().len(), 2);
}
