//! The commands on adapters that need more than their own file: W, a number of directions, a start.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::{Tensors, golden};
use crate::made::table;
use crate::programs::{Outcome, run};
use crate::workshop::{AdapterFolder, D_IN, D_OUT, MODULES, workshop};
use lora_subspace::tensors::TensorFile;
use serde_json::{Value, json};

fn layouts() -> PathBuf {
    golden("layouts")
}

fn path(relative: &str) -> String {
    layouts().join(relative).display().to_string()
}

/// Rows of a table as maps from column to field.
pub(crate) fn rows(file: &Path) -> Vec<std::collections::BTreeMap<String, String>> {
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
        look.stdout.contains("s·B·A is shown here, and not ΔW"),
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

/// The same adapter whole: by the flag, by the study's key, and as `inspect` tells before.
#[test]
fn a_fused_projection_is_left_whole_where_somebody_says_so() {
    let out = tempfile::tempdir().unwrap();
    let (adapter, base) = (path("slices-phi3/adapter"), path("bases/phi3"));
    let modules = |folder: &str, command: &str| -> Vec<String> {
        let name = format!("{folder}/run-{command}.json");
        let record = fs::read_to_string(out.path().join(name)).unwrap();
        let record: Value = serde_json::from_str(&record).unwrap();
        let told = record["run"]["settings"]["selected"].to_string();
        assert!(told.contains("left whole"), "{told}");
        serde_json::from_value(record["run"]["modules"].clone()).unwrap()
    };
    let whole = [
        "model.layers.0.mlp.gate_up_proj",
        "model.layers.0.self_attn.qkv_proj",
    ];
    let arguments = [
        &adapter,
        "--base",
        &base,
        "--whole",
        "--no-figures",
        "--out",
        "o",
    ];
    for command in ["subspace-overlap", "amplification"] {
        let outcome = run(command, &arguments, out.path());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("cut"), "{}", outcome.stderr);
        assert_eq!(modules("o/notebooks-export/adapter", command), whole);
    }
    let study = format!(
        "name = \"s\"\nbase = {base:?}\nwhole = true\n[[adapter]]\nname = \"one\"\npath = {adapter:?}\n"
    );
    fs::write(out.path().join("study.toml"), study).unwrap();
    let arguments = ["study.toml", "--no-figures", "--out", "s"];
    let outcome = run("regenerate", &arguments, out.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(modules("s/notebooks-export/s", "regenerate"), whole);
}

#[test]
fn inspect_says_what_will_be_cut_and_by_which_rule() {
    let (adapter, base) = (path("slices-phi3/adapter"), path("bases/phi3"));
    let look = |more: &[&str]| {
        let arguments = [&[adapter.as_str()][..], more].concat();
        let outcome = run("inspect", &arguments, Path::new("."));
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        outcome.stdout
    };
    let page = look(&["--base", &base]);
    for line in [
        "  cut       1 fused module, `model.layers.0.self_attn.qkv_proj`, into q, k, v: rows by heads of config.json (model_type phi3); --whole",
        "  cut       1 fused module, `model.layers.0.mlp.gate_up_proj`, into gate, up: halves, by the name `mlp.gate_up_proj`; --whole",
    ] {
        assert!(page.contains(line), "{line} is not in {page}");
    }
    // Without the config nothing tells the heads of q, k and v.
    assert!(!look(&[]).contains("qkv_proj`, into"));
    assert!(!look(&["--base", &base, "--whole"]).contains("  cut"));
    let told: Value = serde_json::from_str(&look(&["--base", &base, "--json"])).unwrap();
    let cut = &told["cut"][1];
    assert_eq!(
        (&cut["modules"], &cut["slices"]),
        (&json!(1), &json!(["q", "k", "v"]))
    );
    assert_eq!(cut["first"], "model.layers.0.self_attn.qkv_proj");
    assert!(cut["rule"].as_str().unwrap().contains("model_type phi3"));
}

/// A feed-forward layer that is called like FLUX's attention, four times as high as it is wide.
#[test]
fn a_feed_forward_layer_stays_one_module() {
    let folder = tempfile::tempdir().unwrap();
    let (module, base) = ("encoder.layers.0.linear1", folder.path().join("base"));
    AdapterFolder {
        config: json!({"peft_type": "LORA", "r": 2, "lora_alpha": 2}),
        tensors: Tensors::default()
            .with(
                &format!("base_model.model.{module}.lora_A.weight"),
                &[2, 4],
                1,
            )
            .with(
                &format!("base_model.model.{module}.lora_B.weight"),
                &[16, 2],
                2,
            ),
    }
    .save(&folder.path().join("one"));
    Tensors::default()
        .with(&format!("{module}.weight"), &[16, 4], 3)
        .save(&base.join("model.safetensors"));
    let arguments = ["one", "--base", "base", "--no-figures", "--out", "o"];
    let outcome = run("amplification", &arguments, folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let table = rows(
        &folder
            .path()
            .join("o/notebooks-export/one/amplification.csv"),
    );
    assert!(table.iter().all(|row| row["module"] == module));
}

/// A full fine-tune of the base beside an adapter, with what its entry says of its rank.
fn beside_a_fine_tune(folder: &Path, rank: &str) -> Outcome {
    let model = MODULES.iter().enumerate();
    let model = model.fold(Tensors::default(), |tensors, (number, module)| {
        let salt = 200 + number as u32;
        tensors.with(&format!("{module}.weight"), &[D_OUT, D_IN], salt)
    });
    model.save(&folder.join("full/model.safetensors"));
    let study = format!(
        "name = \"s\"\nbase = \"base\"\n[[adapter]]\nname = \"one\"\npath = \"one\"\n\
         [[adapter]]\nname = \"full\"\npath = \"full\"\n{rank}\
         [compare]\nbases = [\"a\", \"delta-left\"]\nalso = [[\"one\", \"full\"]]\ncells = \"all\"\n"
    );
    fs::write(folder.join("study.toml"), study).unwrap();
    run("regenerate", &["study.toml", "--out", "out"], folder)
}

#[test]
fn a_study_says_how_many_directions_of_a_fine_tune_are_used() {
    let folder = workshop();
    let outcome = beside_a_fine_tune(folder.path(), "rank = 3\n");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    for said in [
        "full: full fine-tune, no factors, 3 directions used, 4 modules",
        "warning: full: its ΔW has no factors, so its cells on a are empty",
    ] {
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    }
    let rows = table(folder.path(), "s", "overlap.csv");
    for (basis, is_empty) in [("a", true), ("delta-left", false)] {
        let of = |row: &&csv::StringRecord| &row[3] == basis && &row[5] == "full";
        let cells: Vec<_> = rows.iter().filter(of).collect();
        assert_eq!(cells.len(), MODULES.len() * 2 * 3, "{basis}");
        assert!(cells.iter().all(|row| row[8].is_empty() == is_empty));
    }
    let ranks = table(folder.path(), "s", "amplification.csv");
    let of_full: Vec<&str> = ranks
        .iter()
        .filter(|row| &row[3] == "full")
        .map(|row| row.get(4).unwrap())
        .collect();
    assert_eq!(of_full, ["3"; 12]);
    let outcome = beside_a_fine_tune(folder.path(), "rank = 6\n");
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    let said = "study.toml: line 9: rank is 6, and adapter `full` has 5 directions in module";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    let outcome = beside_a_fine_tune(folder.path(), "");
    let said = "its ΔW has no factors, so no rank of its own";
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains(said) && outcome.stderr.contains("as its `rank`"),
        "{}",
        outcome.stderr
    );
}
