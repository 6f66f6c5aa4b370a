//! Many adapters side by side: what a study and a command write, that it is right, and that nothing but the inputs
//! changes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lora_subspace::figure::{Canvas, Drawing, LabelStrip, Options, Venue, many_maps};
use lora_subspace::linalg::{Stream, svd};
use lora_subspace::table::{
    EvidenceRow, FindingRow, GroupRow, InterferenceRow, PairRow, SharedRow, from_csv,
};
use ndarray::{Array2, s};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::files::Tensors;
use crate::made::{done, figure_files};
use crate::pictures::check_texts;
use crate::programs::{files, run};
use crate::workshop::workshop;

const LAYERS: usize = 6;
const D_OUT: usize = 40;
const D_IN: usize = 36;
const RANK: usize = 4;

fn random(rows: usize, columns: usize, key: &str) -> Array2<f64> {
    let mut stream = Stream::new(key);
    Array2::from_shape_simple_fn((rows, columns), || stream.normal())
}

/// Runs of three tasks and three seeds as training leaves them: A stays near the start that its seed gave it, and B is
/// of the task.
pub(crate) fn runs(folder: &Path) {
    for task in ["one", "two", "three"] {
        for seed in 0..3 {
            save(&folder.join(format!("{task}-{seed}")), task, seed, 1.0);
        }
    }
}

fn save(folder: &Path, task: &str, seed: usize, of_task: f64) {
    let mut tensors = Tensors::default();
    for layer in 0..LAYERS {
        for projection in ["q_proj", "v_proj"] {
            let module = format!("m.layers.{layer}.{projection}");
            let own = format!("{module}/{task}/{seed}");
            let a = random(RANK, D_IN, &format!("{module}/start{seed}"))
                + random(RANK, D_IN, &format!("{own}/a")) * 0.7;
            let b = random(D_OUT, RANK, &format!("{module}/{task}")) * of_task
                + random(D_OUT, RANK, &format!("{own}/b")) * 0.7;
            let name = |factor: char| format!("base_model.model.{module}.lora_{factor}.weight");
            tensors = tensors.values(&name('A'), &[RANK, D_IN], &a);
            tensors = tensors.values(&name('B'), &[D_OUT, RANK], &b);
        }
    }
    tensors.save(&folder.join("adapter_model.safetensors"));
    let config =
        json!({"peft_type": "LORA", "r": RANK, "lora_alpha": 8, "base_model_name_or_path": "tiny"});
    fs::write(folder.join("adapter_config.json"), config.to_string()).unwrap();
}

fn study(more: &str) -> String {
    let mut text = "name = \"s\"\n".to_string();
    for task in ["one", "two", "three"] {
        for seed in 0..3 {
            text += &format!(
                "[[adapter]]\nname = \"{task}-{seed}\"\npath = \"{task}-{seed}\"\ntask = \"{task}\"\nseed = {seed}\n"
            );
        }
    }
    text + more
}

fn rows<Row: DeserializeOwned>(folder: &Path, name: &str) -> Vec<Row> {
    let path = folder.join("notebooks-export/s").join(name);
    from_csv(name, &fs::read(path).unwrap()).unwrap()
}

pub(crate) fn with_study(more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    runs(folder.path());
    fs::write(folder.path().join("study.toml"), study(more)).unwrap();
    folder
}

fn near(found: f64, there: f64, what: &str) {
    assert!(
        (found - there).abs() < 1e-6,
        "{what}: {found}, dense {there}"
    );
}

/// ΔW of each run in a module, dense, as the files have it.
fn dense(folder: &Path, module: &str) -> BTreeMap<String, Array2<f64>> {
    let adapters = fs::read_dir(folder).unwrap().flatten();
    let mut all = BTreeMap::new();
    for entry in adapters.filter(|entry| entry.path().join("adapter_config.json").is_file()) {
        let adapter = lora_subspace::adapter::Adapter::open(&entry.path(), &Default::default());
        let delta = adapter.unwrap().delta(module).unwrap().dense();
        all.insert(entry.file_name().into_string().unwrap(), delta);
    }
    all
}

#[test]
fn every_table_is_what_dense_matrices_say() {
    let folder = with_study("[many]\nk = 3\ndraws = 99\n");
    done("regenerate", &["study.toml", "--no-figures"], folder.path());
    let (pairs, shared): (Vec<PairRow>, Vec<SharedRow>) = (
        rows(folder.path(), "pairs.csv"),
        rows(folder.path(), "shared.csv"),
    );
    let modules = 2 * LAYERS;
    assert_eq!(pairs.len(), 36 * 2 * (modules + 1 + 2));
    assert_eq!(shared.len(), modules * 2 * (27 + 9));
    let module = "m.layers.4.v_proj";
    let all = dense(folder.path(), module);
    let frame = |name: &str, basis: &str| {
        let found = svd(all[name].view()).unwrap();
        let vectors = if basis == "delta-left" {
            found.u
        } else {
            found.v
        };
        vectors.slice(s![.., ..3]).to_owned()
    };
    let norm = |matrix: &Array2<f64>| matrix.iter().map(|x| x * x).sum::<f64>().sqrt();
    for row in pairs.iter().filter(|row| row.module == module) {
        let (one, other) = (
            frame(&row.first, &row.basis),
            frame(&row.second, &row.basis),
        );
        near(
            row.overlap,
            norm(&one.t().dot(&other)).powi(2) / 3.0,
            "overlap",
        );
        let d = one.nrows() as f64;
        near(row.chance, 3.0 / d, "chance");
        near(
            row.excess.unwrap(),
            (row.overlap - row.chance) / (1.0 - row.chance),
            "excess",
        );
        let (x, y) = (&all[&row.first], &all[&row.second]);
        near(
            row.cosine.unwrap(),
            (x * y).sum() / norm(x) / norm(y),
            "cosine",
        );
        near(
            row.cosine_sd.unwrap(),
            1.0 / ((D_OUT * D_IN) as f64).sqrt(),
            "cosine sd",
        );
        assert_eq!(
            (row.k, row.layer, row.projection.as_str()),
            (Some(3), Some(4), "v_proj")
        );
    }
    // The mean projector, and what a run's others cover.
    for basis in ["delta-left", "delta-right"] {
        let of = |row: &&SharedRow| row.module == module && row.basis == basis;
        let d = if basis == "delta-left" { D_OUT } else { D_IN };
        let mean = |left_out: &str| {
            let others = all.keys().filter(|name| *name != left_out);
            let projector = |name: &String| frame(name, basis).dot(&frame(name, basis).t());
            others
                .map(projector)
                .fold(Array2::zeros((d, d)), |sum, one| sum + one)
        };
        let whole = svd((mean("") / 9.0).view()).unwrap();
        for row in shared.iter().filter(of) {
            assert_eq!((row.k, row.adapters), (3, 9));
            if let Some(index) = row.index {
                near(
                    row.eigenvalue.unwrap(),
                    whole.sigma.get(index - 1).copied().unwrap_or(0.0),
                    "eigenvalue",
                );
                assert!(
                    row.adapter.is_empty() && row.edge.unwrap() < 0.5 && row.p.unwrap() >= 0.01
                );
                continue;
            }
            let others = svd(mean(&row.adapter).view()).unwrap().u;
            let covered = norm(
                &others
                    .slice(s![.., ..3])
                    .t()
                    .dot(&frame(&row.adapter, basis)),
            );
            near(row.coverage.unwrap(), covered.powi(2) / 3.0, "coverage");
            near(row.chance.unwrap(), 3.0 / d as f64, "chance");
            assert!(row.coverage_by_mean.is_some());
        }
    }
    let merged: Vec<InterferenceRow> = rows(folder.path(), "interference.csv");
    assert_eq!(merged.len(), modules * (1 + 9));
    let row = merged
        .iter()
        .find(|row| row.module == module && row.adapter.is_empty())
        .unwrap();
    let sum = all
        .values()
        .fold(Array2::zeros((D_OUT, D_IN)), |sum, one| sum + one);
    let energy: f64 = all.values().map(|one| norm(one).powi(2)).sum();
    near(
        row.energy_ratio.unwrap(),
        norm(&sum).powi(2) / energy,
        "energy",
    );
    assert!(row.sti.unwrap() > row.chance.unwrap() && row.p.unwrap() < 0.01);
    assert_eq!((row.draws, row.set.as_str()), (Some(200), "all"));
    let each = merged
        .iter()
        .filter(|row| row.module == module && !row.adapter.is_empty());
    assert!(
        each.clone()
            .all(|row| (0.0..=1.0).contains(&row.sar.unwrap()) && row.chance.is_some())
    );
    assert_eq!(each.count(), 9);
    // Means are of the modules' rows.
    let of =
        |row: &&PairRow| row.first == "one-0" && row.second == "two-2" && row.basis == "delta-left";
    for projection in ["", "q_proj"] {
        let is_in = |row: &&PairRow| projection.is_empty() || row.projection == projection;
        let modules = pairs
            .iter()
            .filter(of)
            .filter(|row| row.module != "mean")
            .filter(is_in);
        let values: Vec<f64> = modules.map(|row| row.overlap).collect();
        let mut means = pairs.iter().filter(of).filter(|row| row.module == "mean");
        let mean = means.find(|row| row.projection == projection).unwrap();
        near(
            mean.overlap,
            values.iter().sum::<f64>() / values.len() as f64,
            "mean",
        );
        assert_eq!((mean.layer, mean.k), (None, Some(3)));
    }
}

#[test]
fn groups_tell_tasks_on_one_side_and_seeds_on_the_other() {
    let folder = with_study("[many]\n");
    done("regenerate", &["study.toml", "--no-figures"], folder.path());
    let groups: Vec<GroupRow> = rows(folder.path(), "groups.csv");
    let of = |label: &str, basis: &str| {
        let mut rows = groups.iter();
        let is_it = |row: &&GroupRow| row.label == label && row.basis == basis;
        rows.find(is_it)
            .unwrap_or_else(|| panic!("{label} {basis} in {groups:?}"))
    };
    assert_eq!(groups.len(), 2 * 4, "the rank is one");
    for (label, seen, not) in [
        ("task", "delta-left", "delta-right"),
        ("seed", "delta-right", "delta-left"),
    ] {
        let (seen, not) = (of(label, seen), of(label, not));
        assert!(
            seen.difference > 0.2 && not.difference < 0.1,
            "{seen:?} {not:?}"
        );
        // Nine in three groups of three have 280 splits.
        assert_eq!((seen.permutations, seen.p), (280, round9(1.0 / 280.0)));
        assert!(not.p > 0.01);
    }
    for (label, side) in [
        ("task, other seed", "delta-left"),
        ("seed, other task", "delta-right"),
    ] {
        let row = of(label, side);
        assert_eq!(row.permutations, 216);
        assert!(row.difference > 0.2 && row.p < 0.05, "{row:?}");
    }
    let found: Vec<FindingRow> = rows(folder.path(), "findings.csv");
    let found = found
        .iter()
        .find(|row| row.claim == "b-follows-task")
        .unwrap();
    assert_eq!(
        (found.verdict.as_str(), found.count, found.runs),
        ("holds", 6, 9)
    );
    let evidence: Vec<EvidenceRow> = rows(folder.path(), "evidence.csv");
    let evidence = evidence.iter().filter(|row| row.claim == "b-follows-task");
    assert_eq!(evidence.count(), 2 * LAYERS * 2);
}

fn round9(value: f64) -> f64 {
    lora_subspace::table::rows::round9(value)
}

#[test]
fn runs_of_one_start_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for run in 0..3 {
        let (path, mut tensors) = (folder.path().join(format!("run{run}")), Tensors::default());
        for layer in 0..2 {
            let module = format!("m.layers.{layer}.q_proj");
            let name = |factor: char| format!("base_model.model.{module}.lora_{factor}.weight");
            let a = random(RANK, D_IN, &format!("{module}/start"));
            let b = random(D_OUT, RANK, &format!("{module}/{run}"));
            tensors = tensors.values(&name('A'), &[RANK, D_IN], &a);
            tensors = tensors.values(&name('B'), &[D_OUT, RANK], &b);
        }
        tensors.save(&path.join("adapter_model.safetensors"));
        let config = json!({"peft_type": "LORA", "r": RANK, "lora_alpha": 8});
        fs::write(path.join("adapter_config.json"), config.to_string()).unwrap();
    }
    let entry = |run: usize, more: &str| {
        format!("[[adapter]]\nname = \"run{run}\"\npath = \"run{run}\"\n{more}")
    };
    let with = |more: &str| {
        let adapters: Vec<String> = (0..3).map(|run| entry(run, more)).collect();
        fs::write(
            folder.path().join("study.toml"),
            format!("name = \"s\"\n{}[many]\n", adapters.concat()),
        )
        .unwrap();
        done("regenerate", &["study.toml", "--no-figures"], folder.path()).stderr
    };
    let said = with("");
    assert!(said.contains("run0 and run1 have one input side"), "{said}");
    assert!(said.contains("and 2 more pairs are so"), "{said}");
    assert!(
        !with("seed = 3\n").contains("one input side"),
        "they are said to be of one seed"
    );
}

#[test]
fn figures_are_drawn_and_everything_is_checked() {
    let folder = with_study("[many]\n[figures]\nwhich = [\"many\"]\n");
    done("regenerate", &["study.toml"], folder.path());
    assert_eq!(
        files(&folder.path().join("figures/s")),
        figure_files(&["many"])
    );
    let caption = fs::read_to_string(folder.path().join("figures/s/many.caption.md")).unwrap();
    assert!(
        caption.contains("Below the diagonal: right directions of ΔW"),
        "{caption}"
    );
    let report = fs::read_to_string(folder.path().join("notebooks-export/s/report.html")).unwrap();
    for words in [
        "pairs.csv",
        "groups.csv",
        "id=\"groups\"",
        "task, other seed",
    ] {
        assert!(report.contains(words), "{words}");
    }
    done("regenerate", &["study.toml", "--check"], folder.path());
    let tables = folder.path().join("notebooks-export/s");
    for (name, from, to) in [
        ("pairs.csv", ",4,0.", ",4,0.9"),
        ("groups.csv", ",280,", ",281,"),
        ("interference.csv", ",all,4,", ",all,4,9"),
        ("shared.csv", ",4,9,1,0.", ",4,9,1,0.9"),
    ] {
        let path = tables.join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let outcome = run("regenerate", &["study.toml", "--check"], folder.path());
        assert_eq!(outcome.code, 1);
        assert!(outcome.stderr.contains(name), "{}", outcome.stderr);
        fs::write(&path, text).unwrap();
    }
    // Without [many] the files are none of the study's.
    fs::write(
        folder.path().join("study.toml"),
        study("[compare]\nseeds = [\"one-*\"]\n"),
    )
    .unwrap();
    let outcome = run("regenerate", &["study.toml", "--no-figures"], folder.path());
    for name in ["pairs.csv", "shared.csv", "groups.csv", "interference.csv"] {
        assert!(
            outcome.stderr.contains(name),
            "{name} in {}",
            outcome.stderr
        );
    }
}

#[test]
fn threads_memory_and_parts_change_no_byte() {
    let folder = with_study("[many]\n[figures]\nwhich = [\"many\"]\n");
    let make = |arguments: &[&str]| {
        let arguments: Vec<&str> = ["study.toml", "--format", "svg"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        done("regenerate", &arguments, folder.path());
    };
    make(&["--out", "a", "--threads", "1"]);
    make(&["--out", "b", "--threads", "3", "--memory", "1MB"]);
    for number in ["1/3", "2/3", "3/3"] {
        done(
            "regenerate",
            &["study.toml", "--shard", number, "--out", "parts"],
            folder.path(),
        );
    }
    make(&["--out", "c", "--merge", "parts"]);
    let names = files(&folder.path().join("a"));
    assert!(names.iter().any(|name| name.ends_with("pairs.csv")));
    for other in ["b", "c"] {
        for name in names.iter().filter(|name| !name.contains("/run-")) {
            let [one, other] =
                ["a", other].map(|out| fs::read(folder.path().join(out).join(name)).unwrap());
            assert!(one == other, "{name} differs in {names:?}");
        }
    }
}

#[test]
fn the_command_puts_more_than_four_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    runs(folder.path());
    let names = ["one-0", "one-1", "two-0", "two-1", "three-0"];
    let with = |count: usize, more: &[&str]| {
        let arguments: Vec<&str> = names[..count].iter().chain(more).copied().collect();
        done("subspace-overlap", &arguments, folder.path());
        let made = files(&folder.path().join("out"));
        fs::remove_dir_all(folder.path().join("out")).unwrap();
        made
    };
    let has = |made: &[String], name: &str| made.iter().any(|file| file.ends_with(name));
    let many = with(5, &[]);
    for name in [
        "pairs.csv",
        "shared.csv",
        "interference.csv",
        "spectrum.csv",
        "many.svg",
    ] {
        assert!(has(&many, name), "{name} in {many:?}");
    }
    assert!(!has(&many, "overlap.csv") && !has(&many, "overlap.npz"));
    // Nothing tells which are of one task.
    assert!(!has(&many, "groups.csv"));
    for made in [with(5, &["--pairs"]), with(4, &[])] {
        assert!(
            has(&made, "overlap.csv") && !has(&made, "pairs.csv"),
            "{made:?}"
        );
    }
    let outcome = run("subspace-overlap", &["--pairs"], folder.path());
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    let outcome = run(
        "amplification",
        &["one-0", "--base", "x", "--pairs"],
        folder.path(),
    );
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("does not use --pairs"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn bases_of_factors_other_ranks_and_untrained_modules() {
    let folder = workshop();
    let untrained = crate::workshop::AdapterFolder::new(2, 9).tensors(|tensors| {
        let name = crate::workshop::factor("layers.0.q_proj", 'B');
        tensors.without(&name).constant(&name, &[6, 2], 0.0)
    });
    untrained.save(&folder.path().join("four"));
    let adapters = ["one", "two", "three", "four"]
        .map(|name| format!("[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\n"));
    let text = format!(
        "name = \"s\"\n{}[many]\nbases = [\"a\", \"b\", \"delta-left\"]\nlabels = [\"rank\"]\n",
        adapters.concat()
    );
    fs::write(folder.path().join("study.toml"), text).unwrap();
    done("regenerate", &["study.toml"], folder.path());
    done("regenerate", &["study.toml", "--check"], folder.path());
    let pairs: Vec<PairRow> = rows(folder.path(), "pairs.csv");
    let of = |module: &str| pairs.iter().filter(|row| row.module == module).count();
    assert_eq!(
        (of("m.layers.0.q_proj"), of("m.layers.0.v_proj")),
        (3 * 3, 6 * 3)
    );
    assert!(pairs.iter().all(|row| row.k == Some(2)));
    let shared: Vec<SharedRow> = rows(folder.path(), "shared.csv");
    let covered = shared.iter().filter(|row| !row.adapter.is_empty());
    for row in covered {
        assert_eq!(
            row.coverage_by_mean.is_some(),
            row.basis == "delta-left",
            "{row:?}"
        );
    }
    let groups: Vec<GroupRow> = rows(folder.path(), "groups.csv");
    assert_eq!(groups.len(), 3);
    // Three of rank 2 and one of rank 3: the one is any of four.
    assert!(
        groups
            .iter()
            .all(|row| row.label == "rank" && row.permutations == 4)
    );
}

#[test]
fn of_very_many_pairs_the_means_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "name = \"s\"\n".to_string();
    for run in 0..230 {
        let path = folder.path().join(format!("run{run}"));
        let mut tensors = Tensors::default();
        for layer in 0..4 {
            let name = |factor: char| {
                format!("base_model.model.m.layers.{layer}.q_proj.lora_{factor}.weight")
            };
            let key = format!("{run}/{layer}");
            tensors = tensors.values(&name('A'), &[1, 6], &random(1, 6, &format!("{key}/a")));
            tensors = tensors.values(&name('B'), &[5, 1], &random(5, 1, &format!("{key}/b")));
        }
        tensors.save(&path.join("adapter_model.safetensors"));
        fs::write(
            path.join("adapter_config.json"),
            json!({"peft_type": "LORA", "r": 1, "lora_alpha": 1}).to_string(),
        )
        .unwrap();
        text += &format!("[[adapter]]\nname = \"run{run}\"\npath = \"run{run}\"\n");
    }
    fs::write(
        folder.path().join("study.toml"),
        format!("{text}[many]\ndraws = 9\n"),
    )
    .unwrap();
    let said = done("regenerate", &["study.toml", "--no-figures"], folder.path()).stderr;
    assert!(
        said.contains("pairs.csv has means over modules alone"),
        "{said}"
    );
    let pairs: Vec<PairRow> = rows(folder.path(), "pairs.csv");
    assert_eq!(pairs.len(), 230 * 229 / 2 * 2 * 2);
    assert!(pairs.iter().all(|row| row.module == "mean"));
}

/// Means of pairs of made-up adapters: near in groups of five.
fn made_up(count: usize, projections: &[&str]) -> Vec<PairRow> {
    let name = |one: usize| format!("llama-task{}-seed{}", one / 5, one % 5);
    let mut rows = Vec::new();
    for projection in std::iter::once(&"").chain(projections) {
        for a in 0..count {
            for b in a + 1..count {
                for (basis, more) in [("delta-right", 0.1), ("delta-left", 0.3)] {
                    let near = if a / 5 == b / 5 { more } else { 0.0 };
                    let excess = near + 0.02 * ((a * 31 + b * 17) % 13) as f64 / 13.0;
                    rows.push(PairRow {
                        module: "mean".into(),
                        component: String::new(),
                        layer: None,
                        projection: projection.to_string(),
                        first: name(a),
                        second: name(b),
                        basis: basis.into(),
                        k: Some(8),
                        overlap: excess,
                        chance: 0.002,
                        z: None,
                        excess: Some(excess),
                        cosine: None,
                        cosine_sd: None,
                    });
                }
            }
        }
    }
    rows
}

#[test]
fn maps_of_any_number_read_in_every_venue() {
    let seven = [
        "q_proj",
        "k_proj",
        "v_proj",
        "o_proj",
        "gate_proj",
        "up_proj",
        "down_proj",
    ];
    let mut drawn = Vec::new();
    for (count, projections) in [(2, 1), (5, 2), (20, 4), (21, 1), (50, 1), (51, 4), (200, 2)] {
        let projections = &seven[..projections];
        let rows = made_up(count, projections);
        let shown: Vec<[String; 2]> = projections
            .iter()
            .map(|one| [String::new(), one.to_string()])
            .collect();
        let mut adapters: Vec<&String> = rows
            .iter()
            .flat_map(|row| [&row.first, &row.second])
            .collect();
        adapters.sort();
        adapters.dedup();
        let label = |title: &str, of: &dyn Fn(usize) -> String| LabelStrip {
            title: title.into(),
            values: adapters
                .iter()
                .enumerate()
                .map(|(place, name)| (name.to_string(), of(place)))
                .collect(),
        };
        let labels = [
            label("task", &|place| format!("task{}", place / 5)),
            label("seed", &|place| (place % 5).to_string()),
            label("rank", &|place| {
                if place % 2 == 0 {
                    "8".into()
                } else {
                    "64".into()
                }
            }),
        ];
        for labels in [&labels[..], &labels[..1], &[]] {
            let maps = many_maps(&rows, &shown, labels, &Options::default()).unwrap();
            for venue in Venue::ALL {
                let drawing = Drawing::on(Canvas::of(venue), &maps).unwrap();
                let printed = drawing
                    .texts()
                    .iter()
                    .filter(|text| text.text.starts_with("llama"))
                    .count();
                // Each name stands once a row of maps, up to fifty adapters.
                let is_named = printed >= count;
                assert_eq!(
                    is_named,
                    count <= 50,
                    "{count} adapters, {venue}: {printed} names"
                );
                drawn.push((
                    format!("{count} adapters, {} labels, {venue}", labels.len()),
                    drawing,
                ));
            }
        }
    }
    check_texts(&drawn);
}
