//! Adapters whose start was taken out of the base: what was learned is measured, and not the start.

use std::fs;
use std::path::Path;

use ndarray::{Array1, Array2, Axis, s};
use serde_json::{Value, json};

use lora_subspace::linalg::{Stream, haar, svd};
use lora_subspace::table::{
    AmplificationRow, EvidenceRow, FindingRow, OverlapRow, RanksRow, from_csv,
};

use crate::files::Tensors;
use crate::made::done;
use crate::programs::{Outcome, run};

const D: usize = 48;
const R: usize = 4;

/// B and A of a module, as f32 has them.
type Factors = (Array2<f64>, Array2<f64>);

fn paths() -> Vec<String> {
    let of_layer = |layer| ["q_proj", "v_proj"].map(|name| format!("h.{layer}.{name}"));
    (0..4).flat_map(of_layer).collect()
}

fn numbers(shape: (usize, usize), size: f64, key: &str) -> Array2<f64> {
    let mut stream = Stream::new(key);
    Array2::from_shape_simple_fn(shape, || (stream.normal() * size) as f32 as f64)
}

fn weight(path: &str) -> Array2<f64> {
    let sigma = Array1::from_shape_fn(D, |l| (l as f64 + 1.0).powf(-0.5));
    let (u, v) = (
        haar(D, D, &format!("{path}/u")).unwrap(),
        haar(D, D, &format!("{path}/v")).unwrap(),
    );
    let w = (&u.basis() * &sigma).dot(&v.basis().t());
    w.mapv(|x| x as f32 as f64)
}

/// W's leading triplets, as PiSSA begins.
fn start(path: &str) -> Factors {
    let all = svd(weight(path).view()).unwrap();
    let roots = all.sigma.slice(s![..R]).mapv(f64::sqrt);
    let b = &all.u.slice(s![.., ..R]) * &roots;
    let a = (&all.v.slice(s![.., ..R]) * &roots).reversed_axes();
    [b, a].map(|m| m.mapv(|x| x as f32 as f64)).into()
}

/// Each factor moved by noise of its own.
fn trained(path: &str, seed: u64) -> Factors {
    let (b, a) = start(path);
    let size = 0.3 / (D as f64).sqrt();
    let key = |factor| format!("{seed}/{path}/{factor}");
    (
        b + numbers((D, R), size, &key("b")),
        a + numbers((R, D), size, &key("a")),
    )
}

/// A PEFT folder of such factors.
fn save(folder: &Path, factors: &dyn Fn(&str) -> Factors) {
    let tensor = |tensors: Tensors, path: &String| {
        let (b, a) = factors(path);
        let name = |factor| format!("base_model.model.{path}.lora_{factor}.weight");
        let tensors = tensors.values(&name('B'), &[D, R], &b);
        tensors.values(&name('A'), &[R, D], &a)
    };
    let tensors = paths().iter().fold(Tensors::default(), tensor);
    tensors.save(&folder.join("adapter_model.safetensors"));
    let config =
        json!({"peft_type": "LORA", "r": R, "lora_alpha": R, "init_lora_weights": "pissa"});
    fs::write(folder.join("adapter_config.json"), config.to_string()).unwrap();
}

/// The base, `init`, and `one` and `two` of it, with a study of them.
fn workshop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let add = |tensors: Tensors, path: &String| {
        tensors.values(&format!("{path}.weight"), &[D, D], &weight(path))
    };
    let base = paths().iter().fold(Tensors::default(), add);
    base.save(&at("base/model.safetensors"));
    save(&at("init"), &start);
    save(&at("one"), &|path| trained(path, 1));
    save(&at("two"), &|path| trained(path, 2));
    let adapter = |(name, seed)| {
        format!("[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\nseed = {seed}\n")
    };
    let adapters = [("one", 1), ("two", 2)].map(adapter).concat();
    let compared = "bases = [\"a\", \"b\"]\nseeds = [\"one\", \"two\"]\nbase = [\"one\"]\n";
    let study = format!("name = \"start\"\nbase = \"base\"\n{adapters}[compare]\n{compared}");
    fs::write(at("study.toml"), study).unwrap();
    folder
}

fn regenerate(folder: &Path, more: &[&str]) -> Outcome {
    let arguments = ["study.toml", "--init-adapter", "init", "--no-figures"];
    done("regenerate", &[&arguments, more].concat(), folder)
}

fn text(folder: &Path, name: &str) -> String {
    let path = folder.join("out/notebooks-export/start").join(name);
    fs::read_to_string(path).unwrap()
}

fn rows<Row: serde::de::DeserializeOwned>(folder: &Path, name: &str) -> Vec<Row> {
    from_csv(name, text(folder, name).as_bytes()).unwrap()
}

#[test]
fn runs_of_one_start_are_compared_by_what_they_learned_and_no_claim_is_told() {
    let folder = workshop();
    let outcome = regenerate(folder.path(), &[]);
    let words = [
        "one, two: ΔW is what was learned since a start",
        "delta-right is in place of a, delta-left is in place of b",
        "still share a part",
    ];
    for words in words {
        assert_eq!(
            outcome.stderr.matches(words).count(),
            1,
            "{words}: {}",
            outcome.stderr
        );
    }
    let evidence: Vec<EvidenceRow> = rows(folder.path(), "evidence.csv");
    let between = || evidence.iter().filter(|row| row.claim == "seeds");
    assert_eq!(between().count(), paths().len());
    for row in between() {
        assert_eq!(
            (row.basis.as_str(), row.seeds.as_str()),
            ("delta-right", "one start")
        );
        // The start alone shares more than half of A's directions.
        assert!(row.value.unwrap() < 0.5, "{row:?}");
    }
    let findings: Vec<FindingRow> = rows(folder.path(), "findings.csv");
    let of_pairs = ["seeds", "seeds-layers", "query-value"];
    for claim in of_pairs {
        let found = findings.iter().find(|row| row.claim == claim).unwrap();
        assert_eq!(found.verdict, "cannot be told");
        assert!(found.sentence.contains("a part of their common start"));
    }
    let page = text(folder.path(), "findings.md");
    let (_, missing) = page.split_once("Not judged").unwrap();
    assert!(missing.contains("`b-as-a`") && page.contains("delta-right is in place of a"));
    // Directions of ΔW against W are what they say.
    assert!(
        findings
            .iter()
            .any(|row| row.claim == "correlates" && row.verdict == "holds")
    );
    let record: Value = serde_json::from_str(&text(folder.path(), "run-regenerate.json")).unwrap();
    assert_eq!(
        record["run"]["settings"]["bases"],
        json!(["delta-right", "delta-left"])
    );
    let warnings = record["run"]["warnings"].to_string();
    assert!(warnings.contains("learned since a start"), "{warnings}");
}

#[test]
fn an_entry_names_its_own_start() {
    let folder = workshop();
    regenerate(folder.path(), &[]);
    let tables = ["overlap.csv", "ranks.csv", "spectrum.csv"];
    let by_flag = tables.map(|name| text(folder.path(), name));
    let path = folder.path().join("study.toml");
    let study = fs::read_to_string(&path).unwrap();
    let with_start = study.replace("seed = ", "initial = \"init\"\nseed = ");
    fs::write(&path, &with_start).unwrap();
    let here = ["study.toml", "--no-figures", "--out", "out"];
    done("regenerate", &here, folder.path());
    assert_eq!(by_flag, tables.map(|name| text(folder.path(), name)));
    // One entry's own goes before the flag, of that entry alone: `two` minus itself is nothing.
    fs::write(&path, with_start.replacen("\"init\"", "\"one\"", 1)).unwrap();
    let outcome = run(
        "regenerate",
        &[&here[..], &["--init-adapter", "init"]].concat(),
        folder.path(),
    );
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(
        outcome.error().contains("adapter `one`")
            && outcome.error().contains("as it was before training")
    );
}

#[test]
fn bases_that_are_asked_for_are_empty_and_said_to_be() {
    let folder = workshop();
    let outcome = regenerate(folder.path(), &["--basis", "a"]);
    let words = "cells on a are empty, those on delta-right not";
    assert_eq!(
        outcome.stderr.matches(words).count(),
        1,
        "{}",
        outcome.stderr
    );
    let arguments = [
        "one",
        "two",
        "--init-adapter",
        "init",
        "--basis",
        "a",
        "--no-figures",
    ];
    done("subspace-overlap", &arguments, folder.path());
    let path = folder
        .path()
        .join("out/notebooks-export/one-vs-two/overlap.csv");
    let cells: Vec<OverlapRow> = from_csv("overlap.csv", &fs::read(path).unwrap()).unwrap();
    assert!(!cells.is_empty());
    for cell in cells.iter().filter(|cell| cell.first == "one") {
        assert_eq!(
            (cell.basis.as_str(), cell.overlap, cell.z),
            ("a", None, None)
        );
    }
    let page = text(folder.path(), "findings.md");
    let (_, missing) = page.split_once("Not judged").unwrap();
    assert!(
        missing.contains("`seeds`") && missing.contains("`b-as-a`"),
        "{page}"
    );
}

#[test]
fn a_module_as_it_began_is_untrained() {
    let folder = workshop();
    let untouched = "h.1.q_proj";
    for (name, seed) in [("one", 1), ("two", 2)] {
        save(&folder.path().join(name), &|path| match path == untouched {
            true => start(path),
            false => trained(path, seed),
        });
    }
    let outcome = regenerate(folder.path(), &[]);
    for name in ["one", "two"] {
        let words = format!(
            "warning: {name}: module `{untouched}` is untrained (ΔW = 0 within rounding): its cells are empty"
        );
        assert_eq!(
            outcome.stderr.matches(&words).count(),
            1,
            "{}",
            outcome.stderr
        );
    }
    let ranks: Vec<RanksRow> = rows(folder.path(), "ranks.csv");
    let here = ranks
        .iter()
        .filter(|row| row.module == untouched && row.matrix != "base");
    for row in here {
        assert_eq!((row.numerical_rank, row.stable_rank), (Some(0), None));
        assert_eq!((row.frobenius_norm, row.spectral_norm), (0.0, 0.0));
    }
    let amplified: Vec<AmplificationRow> = rows(folder.path(), "amplification.csv");
    for row in amplified.iter().filter(|row| row.module == untouched) {
        let is_learned = row.directions == "delta";
        assert_eq!((row.amplification, row.delta_norm), (None, 0.0));
        assert_eq!(row.projected_norm.is_none(), is_learned, "{row:?}");
    }
    let evidence: Vec<EvidenceRow> = rows(folder.path(), "evidence.csv");
    assert!(
        evidence
            .iter()
            .all(|row| row.module != untouched || row.value.is_none())
    );
    assert!(!text(folder.path(), "spectrum.csv").contains(&format!("{untouched},1,q_proj,one")));
}

#[test]
fn an_adapter_as_it_began_is_refused() {
    let folder = workshop();
    save(&folder.path().join("two"), &start);
    let arguments = ["one", "two", "--init-adapter", "init"];
    let outcome = run("subspace-overlap", &arguments, folder.path());
    assert_eq!(outcome.code, 1);
    let words =
        "this adapter is untrained: B·A is as it was before training in all of its 8 modules";
    assert!(outcome.error().contains(words), "{}", outcome.error());
    let looked = done(
        "inspect",
        &["two", "--init-adapter", "init", "--json"],
        folder.path(),
    );
    let looked: Value = serde_json::from_str(&looked.stdout).unwrap();
    for module in looked["modules"].as_array().unwrap() {
        assert_eq!(
            (&module["numerical_rank"], &module["delta_norm"]),
            (&json!(0), &json!(0.0))
        );
    }
}

#[test]
fn one_column_that_was_trained_is_one_direction() {
    let folder = workshop();
    let place = "h.2.v_proj";
    let learned = numbers((D, 1), 0.1, "learned");
    let changed = |path: &str| {
        let (mut b, a) = start(path);
        let column = (&b.column(1) + &learned.column(0)).mapv(|x| x as f32 as f64);
        b.column_mut(1).assign(&column);
        (b, a)
    };
    save(&folder.path().join("one"), &|path| match path == place {
        true => changed(path),
        false => trained(path, 1),
    });
    regenerate(folder.path(), &[]);
    // ΔW = (b − b₀)·aᵀ.
    let ((b, a), (b0, _)) = (changed(place), start(place));
    let (left, right) = (&b.column(1) - &b0.column(1), a.row(1).to_owned());
    let length = |x: &Array1<f64>| x.dot(x).sqrt();
    let between = left.dot(&weight(place).dot(&right)).abs() / length(&left) / length(&right);
    let amplified: Vec<AmplificationRow> = rows(folder.path(), "amplification.csv");
    let is_it = |row: &&AmplificationRow| {
        row.module == place && row.adapter == "one" && row.directions == "delta"
    };
    let row = amplified.iter().find(is_it).unwrap();
    assert_eq!(row.rank, 1);
    let close = |one: f64, other: f64| (one - other).abs() < 1e-8 * other;
    assert!(
        close(row.projected_norm.unwrap(), between),
        "{row:?}: {between}"
    );
    assert!(
        close(row.delta_norm, length(&left) * length(&right)),
        "{row:?}"
    );
}

#[test]
fn a_start_that_took_nothing_out_leaves_the_factors_their_own() {
    let folder = workshop();
    let nothing = |path: &str| (Array2::zeros((D, R)), start(path).1);
    save(&folder.path().join("init"), &nothing);
    let outcome = regenerate(folder.path(), &[]);
    assert!(
        !outcome.stderr.contains("learned since"),
        "{}",
        outcome.stderr
    );
    let evidence: Vec<EvidenceRow> = rows(folder.path(), "evidence.csv");
    let seeds: Vec<&EvidenceRow> = evidence.iter().filter(|row| row.claim == "seeds").collect();
    assert_eq!(seeds.len(), paths().len());
    // Both A began as one, whatever B began as.
    for row in &seeds {
        assert_eq!((row.basis.as_str(), row.seeds.as_str()), ("a", "alike"));
    }
    let (b, _) = trained("h.0.q_proj", 1);
    let ranks: Vec<RanksRow> = rows(folder.path(), "ranks.csv");
    let ours = ranks.iter().find(|row| row.matrix == "one").unwrap();
    assert_eq!(ours.numerical_rank, Some(b.len_of(Axis(1))));
}
