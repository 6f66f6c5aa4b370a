//! The commands on adapters that need more than their own file: W, a number of directions, a start.

use std::path::{Path, PathBuf};

use crate::files::golden;
use crate::programs::run;
use lora_subspace::tensors::TensorFile;

fn layouts() -> PathBuf {
    golden("layouts")
}

fn path(relative: &str) -> String {
    layouts().join(relative).display().to_string()
}

/// Rows of a table as maps from column to field.
fn rows(file: &Path) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

fn norm_of(case: &str, module: &str) -> f64 {
    let file = TensorFile::open(&layouts().join(case).join("delta.safetensors")).unwrap();
    let delta = file.matrix(module).unwrap();
    delta.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// ‖ΔW‖ of table 7, module by module, against the library's ΔW.
fn norms_agree(case: &str, base: &str, flags: &[&str], modules: &str) {
    let out = tempfile::tempdir().unwrap();
    let (adapter, base) = (path(&format!("{case}/adapter")), path(base));
    let mut arguments = vec![
        adapter.as_str(),
        "--base",
        &base,
        "--out",
        "o",
        "--no-figures",
    ];
    arguments.extend(flags);
    let outcome = run("amplification", &arguments, out.path());
    assert_eq!(outcome.code, 0, "{case}: {}", outcome.stderr);
    let table = out
        .path()
        .join("o/notebooks-export/adapter/amplification.csv");
    let delta: Vec<_> = rows(&table)
        .into_iter()
        .filter(|row| row["directions"] == "delta")
        .collect();
    let golden = TensorFile::open(&layouts().join(case).join("delta.safetensors")).unwrap();
    let expected = golden
        .names()
        .iter()
        .filter(|name| name.contains(modules))
        .count();
    assert_eq!(delta.len(), expected, "{case}");
    for row in delta {
        let ours: f64 = row["delta_norm"].parse().unwrap();
        let theirs = norm_of(case, &row["module"]);
        assert!(
            (ours / theirs - 1.0).abs() < 1e-6,
            "{case}: {ours} for {theirs}"
        );
    }
}

#[test]
fn a_whole_update_is_measured_with_w_and_a_number_of_directions() {
    norms_agree("peft-dora", "bases/llama", &["--rank", "3"], "");
    norms_agree("peft-dora-conv2d", "bases/convs", &["--rank", "2"], "");
    norms_agree("peft-loha", "bases/unet", &["--rank", "2"], "");
}

#[test]
fn experts_and_replicated_layers_are_measured() {
    norms_agree("peft-experts", "bases/qwen2-moe", &[], "");
    norms_agree("peft-layer-replication", "bases/llama", &[], "");
}

#[test]
fn a_head_that_was_saved_whole_is_measured_where_it_is_named() {
    norms_agree("peft-modules-to-save", "bases/llama", &[], "proj");
    let flags = ["--modules", "lm_head", "--rank", "2"];
    norms_agree("peft-modules-to-save", "bases/llama", &flags, "lm_head");
}

#[test]
fn an_initialisation_that_changed_the_base_takes_its_start() {
    let start = path("peft-pissa/init");
    norms_agree("peft-pissa", "bases/llama", &["--init-adapter", &start], "");
    let outcome = run(
        "subspace-overlap",
        &[&path("peft-pissa/adapter"), &path("peft-olora/adapter")],
        Path::new("."),
    );
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.error().contains("--init-adapter"),
        "{}",
        outcome.stderr
    );
    // A look needs no start, and says what it shows.
    let look = run("inspect", &[&path("peft-pissa/adapter")], Path::new("."));
    assert_eq!(look.code, 0, "{}", look.stderr);
    assert!(
        look.stdout.contains("is s·B·A and not ΔW"),
        "{}",
        look.stdout
    );
}

#[test]
fn what_a_whole_update_lacks_is_asked_for() {
    let (dora, base) = (path("peft-dora/adapter"), path("bases/llama"));
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (vec![dora.as_str()], "--base"),
        (vec![dora.as_str(), "--base", &base], "--rank K"),
        (
            vec![dora.as_str(), "--base", &base, "--rank", "9"],
            "use 1 to",
        ),
    ] {
        let outcome = run("subspace-overlap", &arguments, folder.path());
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        assert!(outcome.error().contains(words), "{}", outcome.stderr);
    }
}

#[test]
fn a_fused_projection_is_compared_slice_by_slice() {
    let out = tempfile::tempdir().unwrap();
    let (adapter, base) = (path("slices-phi3/adapter"), path("bases/phi3"));
    let arguments = [
        adapter.as_str(),
        "--base",
        &base,
        "--basis",
        "b",
        "--out",
        "o",
        "--no-figures",
    ];
    let outcome = run("subspace-overlap", &arguments, out.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("share one A"), "{}", outcome.stderr);
    let spectrum = rows(&out.path().join("o/notebooks-export/adapter/spectrum.csv"));
    for slice in [
        "qkv_proj.q",
        "qkv_proj.k",
        "qkv_proj.v",
        "gate_up_proj.gate",
        "gate_up_proj.up",
    ] {
        let module =
            |row: &&std::collections::BTreeMap<String, String>| row["module"].ends_with(slice);
        let own: Vec<_> = spectrum.iter().filter(module).collect();
        let energy = |matrix: &str| {
            let of = own.iter().filter(|row| row["matrix"] == matrix);
            of.map(|row| row["sigma"].parse::<f64>().unwrap().powi(2))
                .sum::<f64>()
        };
        let expected = norm_of("slices-phi3", &own[0]["module"]);
        assert!(
            (energy("adapter").sqrt() / expected - 1.0).abs() < 1e-6,
            "{slice}"
        );
        assert!(energy("base") > 0.0, "{slice}");
    }
}
