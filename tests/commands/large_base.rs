//! A W that is searched and not decomposed in full: the same bytes whatever the number of threads.

use std::fs;
use std::path::Path;

use crate::programs::{files, run};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

/// Beyond what is decomposed in full, and of no round number; 128 is a tenth of its sides.
const SHAPE: [usize; 2] = [1277, 1271];
const RANK: usize = 4;

/// Irregular numbers whose columns grow, so that W has directions worth finding.
fn numbers([rows, columns]: [usize; 2], seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / 16_777_216.0 - 0.5
    };
    (0..rows * columns)
        .flat_map(|n| (next() * (1.0 + (n % columns) as f32 / 200.0)).to_le_bytes())
        .collect()
}

/// Tensors of these shapes, with numbers of the seeds from `first` on.
fn save(path: &Path, first: u64, tensors: &[(&str, [usize; 2])]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let bytes: Vec<Vec<u8>> = (first..)
        .zip(tensors)
        .map(|(seed, (_, shape))| numbers(*shape, seed))
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape), bytes)| {
        let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap();
        (name.to_string(), view)
    });
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let folder = one_on_base();
    let path = |name: &str| folder.path().join(name);
    for threads in ["1", "3"] {
        for command in ["subspace-overlap", "amplification"] {
            let arguments = [
                "one",
                "--base",
                "base",
                "--threads",
                threads,
                "--out",
                threads,
            ];
            let outcome = run(command, &arguments, folder.path());
            assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        }
    }
    // W is searched for a tenth of its directions, and ΔW is placed in all that were found.
    let mut placement =
        csv::Reader::from_path(path("1/notebooks-export/one/placement.csv")).unwrap();
    let rows = placement.records().map(|row| row.unwrap()).step_by(3);
    let ks: Vec<String> = rows.map(|row| row[5].to_string()).collect();
    assert_eq!(ks, ["1", "2", "4", "8", "13", "16", "32", "64", "128"]);
    let record = fs::read(path("1/notebooks-export/one/run-subspace-overlap.json")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    let certificate = &record["run"]["certificates"][0];
    assert_eq!(certificate["proof"], "certified", "{certificate}");
    let method = certificate["method"].as_str().unwrap();
    assert!(method.contains("Lanczos"), "{method}");
    let names = files(&path("1"));
    assert_eq!(names, files(&path("3")));
    for name in names.iter().filter(|name| !name.contains("run-")) {
        let read = |threads| fs::read(path(threads).join(name)).unwrap();
        assert!(read("1") == read("3"), "{name} differs");
    }
}

/// An adapter of `h.0.q` in `one`, and its W in `base`, in a new folder.
pub(crate) fn one_on_base() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let [d_out, d_in] = SHAPE;
    let name = |factor: char| format!("base_model.model.h.0.q.lora_{factor}.weight");
    save(
        &path("one/adapter_model.safetensors"),
        1,
        &[(&name('A'), [RANK, d_in]), (&name('B'), [d_out, RANK])],
    );
    let config = json!({"peft_type": "LORA", "r": RANK, "lora_alpha": RANK});
    fs::write(path("one/adapter_config.json"), config.to_string()).unwrap();
    save(
        &path("base/model.safetensors"),
        1,
        &[("h.0.q.weight", SHAPE)],
    );
    folder
}

fn rows(path: &Path) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.records().map(|row| row.unwrap()).collect()
}

#[test]
fn without_directions_of_w_the_other_rows_stay_and_w_is_not_decomposed() {
    let folder = one_on_base();
    for (out, more) in [("all", &[][..]), ("two", &["--directions", "delta,random"])] {
        let arguments = ["one", "--base", "base", "--no-figures", "--out", out];
        let arguments: Vec<&str> = arguments.iter().chain(more).copied().collect();
        let outcome = run("amplification", &arguments, folder.path());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    let table = |out: &str, name: &str| {
        rows(
            &folder
                .path()
                .join(out)
                .join("notebooks-export/one")
                .join(name),
        )
    };
    let (all, two) = (
        table("all", "amplification.csv"),
        table("two", "amplification.csv"),
    );
    let kinds = |rows: &[csv::StringRecord]| rows.iter().map(|row| row[6].to_string()).collect();
    let kinds: [Vec<String>; 2] = [kinds(&all), kinds(&two)];
    assert_eq!(
        kinds,
        [vec!["delta", "base", "random"], vec!["delta", "random"]]
    );
    for (one, other) in [(&all[0], &two[0]), (&all[2], &two[1])] {
        for (column, (one, other)) in one.iter().zip(other).enumerate() {
            // Norms of W are summed up in another order.
            let numbers = one.parse::<f64>().ok().zip(other.parse::<f64>().ok());
            match numbers {
                Some((one, other)) => {
                    let error = (one - other).abs();
                    assert!(error <= 1e-12 * one.abs(), "{column}: {one} {other}");
                }
                None => assert_eq!(one, other, "{column}"),
            }
        }
    }
    // Nothing that takes singular values of W is there; how large ΔW is beside W is.
    let of_base = |row: &csv::StringRecord| &row[4] == "base";
    assert!(table("all", "spectrum.csv").iter().any(of_base));
    assert!(!table("two", "spectrum.csv").iter().any(of_base));
    let (all, two) = (table("all", "ranks.csv"), table("two", "ranks.csv"));
    assert_eq!((all.len(), two.len()), (2, 1));
    let relative = |rows: &[csv::StringRecord]| rows[0][13].parse::<f64>().unwrap();
    assert!((relative(&all) / relative(&two) - 1.0).abs() < 1e-12);
    assert!(!all[0][14].is_empty() && two[0][14].is_empty());
    let record = folder
        .path()
        .join("two/notebooks-export/one/run-amplification.json");
    let record: serde_json::Value = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
    assert_eq!(record["run"]["settings"]["with_own_directions"], false);
    assert_eq!(record["run"]["certificates"], json!([]));
}

#[test]
fn a_study_says_which_rows_table_7_has_and_figure_8_has_its_directions_all_the_same() {
    let folder = one_on_base();
    let study = "name = \"s\"\nbase = \"base\"\n[[adapter]]\nname = \"one\"\npath = \"one\"\n\
                 [compare]\nbase = [\"one\"]\n[amplification]\ndirections = [\"random\", \"delta\"]\n";
    fs::write(folder.path().join("study.toml"), study).unwrap();
    let outcome = run("regenerate", &["study.toml"], folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let tables = folder.path().join("notebooks-export/s");
    assert_eq!(rows(&tables.join("amplification.csv")).len(), 2);
    let of_base = |row: &csv::StringRecord| &row[4] == "base";
    assert!(rows(&tables.join("spectrum.csv")).iter().any(of_base));
    assert!(folder.path().join("figures/s/figure8.svg").is_file());
    let outcome = run("regenerate", &["study.toml", "--check"], folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn a_whole_update_is_certified_as_w_is_and_has_the_directions_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let weight = [("h.0.q.weight", SHAPE)];
    save(&path("base/model.safetensors"), 1, &weight);
    save(&path("tuned/model.safetensors"), 2, &weight);
    let arguments = ["tuned", "--base", "base", "--rank", "5", "--no-figures"];
    let outcome = run("subspace-overlap", &arguments, folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let written = path("out/notebooks-export/tuned");
    let record = fs::read(written.join("run-subspace-overlap.json")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    let certificates = record["run"]["certificates"].as_array().unwrap();
    let of = |matrix: &str| {
        let mut found = certificates.iter().filter(|one| one["matrix"] == matrix);
        let one = found.next().unwrap();
        assert!(found.next().is_none());
        one
    };
    let (update, base) = (of("tuned"), of("base"));
    assert_eq!(
        (&update["module"], &update["directions"]),
        (&json!("h.0.q"), &json!(5))
    );
    for one in [update, base] {
        assert_eq!(one["proof"], "certified", "{one}");
        assert!(one["method"].as_str().unwrap().contains("Lanczos"), "{one}");
        assert!(one["sin_theta_bound"].as_f64().unwrap() < 1e-4, "{one}");
    }
    let mut spectrum = csv::Reader::from_path(written.join("spectrum.csv")).unwrap();
    let rows = spectrum.records().map(|row| row.unwrap());
    let of_update: Vec<String> = rows
        .filter(|row| &row[4] == "tuned")
        .map(|row| row[5].to_string())
        .collect();
    assert_eq!(of_update, ["1", "2", "3", "4", "5"]);
}
