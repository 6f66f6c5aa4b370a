//! Every command on good input: what it writes, where, and what it says.

mod common;

use std::fs;
use std::path::Path;

use common::{
    AdapterFolder, D_IN, D_OUT, MODULES, Outcome, base_tensors, factor, files, run, workshop,
};
use serde_json::{Value, json};

fn done(command: &str, arguments: &[&str], folder: &Path) -> Outcome {
    let outcome = run(command, arguments, folder);
    assert_eq!(
        outcome.code, 0,
        "{command} {arguments:?}: {}",
        outcome.stderr
    );
    outcome
}

fn table(folder: &Path, study: &str, name: &str) -> Vec<csv::StringRecord> {
    let path = folder.join("out/notebooks-export").join(study).join(name);
    csv::Reader::from_path(path)
        .unwrap()
        .records()
        .map(Result::unwrap)
        .collect()
}

fn header(folder: &Path, study: &str, name: &str) -> String {
    let path = folder.join("out/notebooks-export").join(study).join(name);
    fs::read_to_string(path)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_string()
}

fn pictures(figures: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = figures
        .iter()
        .flat_map(|figure| ["pdf", "png", "svg"].map(|format| format!("{figure}.{format}")))
        .collect();
    names.sort();
    names
}

#[test]
fn two_ranks_give_figures_3_and_6_and_every_cell() {
    let folder = workshop();
    let outcome = done("subspace-overlap", &["one", "two"], folder.path());
    let out = folder.path().join("out");
    assert_eq!(
        files(&out.join("figures/one-vs-two")),
        pictures(&["figure3", "figure6"])
    );
    assert_eq!(
        files(&out.join("notebooks-export/one-vs-two")),
        [
            "overlap.csv",
            "overlap.npz",
            "run-subspace-overlap.json",
            "spectrum.csv"
        ]
    );
    assert_eq!(
        header(folder.path(), "one-vs-two", "overlap.csv"),
        "module,layer,projection,basis,first,second,i,j,overlap,chance,z"
    );
    // Four modules; 2 × 3 cells between the adapters. No figure of two ranks shows random directions.
    assert_eq!(
        table(folder.path(), "one-vs-two", "overlap.csv").len(),
        4 * 6
    );
    // stdout is data: the files made. stderr says what was assumed.
    assert!(
        outcome
            .stdout
            .lines()
            .all(|line| folder.path().join(line).is_file())
    );
    assert!(
        outcome
            .stderr
            .contains("one: PEFT LoRA, rank 2, 4 modules, s = α/r, α = 4")
    );
    assert!(outcome.stderr.contains("figures 4 and 7 are not drawn"));
}

#[test]
fn one_rank_gives_figures_4_and_7() {
    let folder = workshop();
    done(
        "subspace-overlap",
        &["one", "three", "--format", "svg"],
        folder.path(),
    );
    let names = files(&folder.path().join("out/figures/one-vs-three"));
    assert_eq!(names, ["figure4.svg", "figure7.svg"]);
    // 2 × 2 cells between the adapters, and between random directions and the second.
    let rows = table(folder.path(), "one-vs-three", "overlap.csv");
    assert_eq!(rows.len(), 4 * (4 + 4));
}

#[test]
fn one_adapter_is_held_against_random_directions() {
    let folder = workshop();
    done("subspace-overlap", &["two"], folder.path());
    let rows = table(folder.path(), "two", "overlap.csv");
    assert_eq!(rows.len(), 4 * 9);
    assert!(rows.iter().all(|row| &row[4] == "random"));
}

#[test]
fn a_base_adds_figure_8() {
    let folder = workshop();
    done(
        "subspace-overlap",
        &["one", "two", "--base", "base"],
        folder.path(),
    );
    let names = files(&folder.path().join("out/figures/one-vs-two"));
    assert_eq!(names, pictures(&["figure3", "figure6", "figure8"]));
    let rows = table(folder.path(), "one-vs-two", "overlap.csv");
    let of = |first: &str, second: &str| {
        rows.iter()
            .filter(|row| &row[4] == first && &row[5] == second)
            .count()
    };
    // d = 5: ⌈5/10⌉ = 1 direction of W.
    assert_eq!(
        (of("base", "one"), of("base", "two"), of("base", "random")),
        (8, 12, 16)
    );
}

#[test]
fn bases_ranks_modules_and_layers_are_chosen_by_flags() {
    let folder = workshop();
    let arguments = [
        "one",
        "two",
        "--basis",
        "b",
        "--basis",
        "delta-right",
        "--rank",
        "1",
        "--modules",
        "*q_proj",
        "--layers",
        "1",
        "--format",
        "svg",
    ];
    done("subspace-overlap", &arguments, folder.path());
    let rows = table(folder.path(), "one-vs-two", "overlap.csv");
    assert_eq!(rows.len(), 2); // two bases, one cell each
    assert!(
        rows.iter()
            .all(|row| &row[0] == "m.layers.1.q_proj" && &row[1] == "1" && &row[2] == "q_proj")
    );
    // d is d_out for b and d_in for delta-right.
    assert_eq!((&rows[0][3], &rows[0][9]), ("b", "0.166666667"));
    assert_eq!((&rows[1][3], &rows[1][9]), ("delta-right", "0.2"));
    let names = files(&folder.path().join("out/figures/one-vs-two"));
    assert_eq!(
        names,
        [
            "figure3-b.svg",
            "figure3-delta-right.svg",
            "figure6-b.svg",
            "figure6-delta-right.svg"
        ]
    );
}

#[test]
fn amplification_writes_table_7() {
    let folder = workshop();
    done(
        "amplification",
        &["one", "two", "--base", "base", "--draws", "7"],
        folder.path(),
    );
    assert_eq!(
        files(&folder.path().join("out")),
        [
            "amplification.csv",
            "ranks.csv",
            "run-amplification.json",
            "spectrum.csv",
            "table7.csv",
            "table7.md",
            "table7.tex"
        ]
        .map(|name| format!("notebooks-export/one-vs-two/{name}"))
    );
    assert_eq!(
        header(folder.path(), "one-vs-two", "amplification.csv"),
        "module,layer,projection,adapter,rank,directions,projected_norm,projected_norm_sd,draws,base_norm,delta_norm,amplification,chance_projected_norm"
    );
    let rows = table(folder.path(), "one-vs-two", "amplification.csv");
    assert_eq!(rows.len(), 4 * 2 * 3);
    let number = |row: &csv::StringRecord, column: usize| row[column].parse::<f64>().unwrap();
    for three in rows.chunks(3) {
        let [delta, base, random] = three else {
            panic!()
        };
        assert_eq!(
            [&delta[5], &base[5], &random[5]],
            ["delta", "base", "random"]
        );
        assert_eq!([&delta[4], &base[4]], [&random[4], &random[4]]);
        assert!((number(delta, 11) - number(delta, 10) / number(delta, 6)).abs() < 1e-6);
        assert!((number(random, 11) - number(random, 10) / number(random, 12)).abs() < 1e-6);
        assert_eq!((&base[11], &delta[8], &random[8]), ("", "", "7"));
        assert!(number(base, 6) >= number(delta, 6));
    }
    assert_eq!(
        header(folder.path(), "one-vs-two", "ranks.csv"),
        "module,layer,projection,matrix,numerical_rank,stable_rank,effective_rank,energy_rank_90,frobenius_norm,spectral_norm"
    );
    assert_eq!(
        header(folder.path(), "one-vs-two", "spectrum.csv"),
        "module,layer,projection,matrix,index,sigma,residual,gap,sin_theta_bound"
    );
    let latex = fs::read_to_string(
        folder
            .path()
            .join("out/notebooks-export/one-vs-two/table7.tex"),
    )
    .unwrap();
    for word in [
        "\\toprule",
        "\\multicolumn{3}{c}{$r$ = 2}",
        "\\Delta W_q",
        "\\end{table}",
    ] {
        assert!(latex.contains(word), "{word} is not in {latex}");
    }
}

#[test]
fn the_scale_changes_norms_and_not_overlaps() {
    let folder = workshop();
    let norm = |arguments: &[&str]| -> f64 {
        let mut all = vec!["one", "--base", "base"];
        all.extend(arguments);
        done("amplification", &all, folder.path());
        table(folder.path(), "one", "amplification.csv")[0][10]
            .parse()
            .unwrap()
    };
    let trained = norm(&[]);
    assert!((trained / norm(&["--no-scale"]) - 2.0).abs() < 1e-6); // α/r = 4/2
    assert!((norm(&["--alpha", "12"]) / trained - 3.0).abs() < 1e-6);
    let overlaps = |arguments: &[&str]| {
        let mut all = vec!["one", "two", "--no-figures", "--basis", "delta-left"];
        all.extend(arguments);
        done("subspace-overlap", &all, folder.path());
        table(folder.path(), "one-vs-two", "overlap.csv")
    };
    assert_eq!(overlaps(&[]), overlaps(&["--no-scale"]));
}

#[test]
fn an_adapter_against_itself_overlaps_wholly() {
    let folder = workshop();
    let outcome = done(
        "subspace-overlap",
        &["one", "one", "--no-figures", "--basis", "delta-left"],
        folder.path(),
    );
    let said = "is the same file as";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    let name = files(&folder.path().join("out"))
        .iter()
        .find(|name| name.ends_with("overlap.csv"))
        .unwrap()
        .clone();
    let mut cells = 0;
    for row in csv::Reader::from_path(folder.path().join("out").join(name))
        .unwrap()
        .records()
    {
        let row = row.unwrap();
        if &row[4] != "random" {
            cells += 1;
            assert!((row[8].parse::<f64>().unwrap() - 1.0).abs() < 1e-9);
        }
    }
    assert_eq!(cells, 4 * 4);
}

#[test]
fn an_untrained_module_is_a_warning_and_empty_cells() {
    let folder = workshop();
    let name = factor(MODULES[0], 'B');
    AdapterFolder::new(2, 1)
        .tensors(|tensors| tensors.constant(&name, &[D_OUT, 2], 0.0))
        .save(&folder.path().join("half"));
    let outcome = done("subspace-overlap", &["half", "two"], folder.path());
    assert!(
        outcome
            .stderr
            .contains("warning: half: module `m.layers.0.q_proj` is untrained"),
        "{}",
        outcome.stderr
    );
    for row in table(folder.path(), "half-vs-two", "overlap.csv") {
        let empty = &row[0] == "m.layers.0.q_proj" && &row[4] == "half";
        assert_eq!(
            (row[8].is_empty(), row[10].is_empty()),
            (empty, empty),
            "{row:?}"
        );
    }
    done("amplification", &["half", "--base", "base"], folder.path());
    let rows = table(folder.path(), "half", "amplification.csv");
    assert_eq!((&rows[0][6], &rows[0][10], &rows[0][11]), ("", "0.0", ""));
    assert!(!rows[1][6].is_empty() && !rows[2][6].is_empty());
}

#[test]
fn modules_in_one_adapter_only_are_named() {
    let folder = workshop();
    let (a, b) = (factor(MODULES[3], 'A'), factor(MODULES[3], 'B'));
    AdapterFolder::new(2, 1)
        .tensors(|tensors| tensors.without(&a).without(&b))
        .save(&folder.path().join("less"));
    let outcome = done("subspace-overlap", &["less", "two"], folder.path());
    assert!(
        outcome
            .stderr
            .contains("warning: less and two: 1 modules are in one of them only")
    );
    assert!(outcome.stderr.contains("m.layers.1.v_proj"));
}

#[test]
fn modules_that_only_their_prefix_tells_apart_are_named() {
    let folder = workshop();
    let mut tensors = common::Tensors::default();
    for side in ["encoder", "decoder"] {
        let name = |factor| format!("base_model.model.{side}.0.q.lora_{factor}.weight");
        tensors = tensors
            .with(&name('A'), &[2, D_IN], 1)
            .with(&name('B'), &[D_OUT, 2], 2);
    }
    let mut adapter = AdapterFolder::new(2, 1);
    adapter.tensors = tensors.clone();
    adapter.save(&folder.path().join("both"));
    let base = ["encoder", "decoder"]
        .iter()
        .fold(tensors, |tensors, side| {
            tensors.with(&format!("{side}.0.q.weight"), &[D_OUT, D_IN], 3)
        });
    base.save(&folder.path().join("pair/model.safetensors"));
    let outcome = done("amplification", &["both", "--base", "pair"], folder.path());
    assert!(
        outcome
            .stderr
            .contains("warning: `decoder.0.q` and `encoder.0.q` have one layer number")
    );
    assert_eq!(
        table(folder.path(), "both", "amplification.csv").len(),
        2 * 3
    );
    assert_eq!(table(folder.path(), "both", "table7.csv").len(), 1);
}

#[test]
fn a_rank_beyond_the_width_leaves_cells_empty() {
    // r = 6 on modules of 6 × 5: A has 5 directions at most, B 6, ΔW 5.
    let folder = workshop();
    AdapterFolder::new(6, 4).save(&folder.path().join("wide"));
    let arguments = [
        "wide",
        "two",
        "--no-figures",
        "--basis",
        "a",
        "--basis",
        "b",
        "--basis",
        "delta-left",
    ];
    let outcome = done("subspace-overlap", &arguments, folder.path());
    assert!(
        outcome.stderr.contains("numerical rank 5 of 6"),
        "{}",
        outcome.stderr
    );
    let rows = table(folder.path(), "wide-vs-two", "overlap.csv");
    let last = |basis: &str| {
        let of = |row: &&csv::StringRecord| {
            &row[0] == "m.layers.0.q_proj" && &row[3] == basis && &row[4] == "wide"
        };
        let row = rows.iter().rfind(of).unwrap();
        (row[6].to_string(), row[8].is_empty())
    };
    assert_eq!(last("a"), ("5".to_string(), false)); // A has no sixth direction in R^5
    assert_eq!(last("b"), ("6".to_string(), false));
    assert_eq!(last("delta-left"), ("6".to_string(), true));
    done("amplification", &["wide", "--base", "base"], folder.path());
    assert_eq!(
        &table(folder.path(), "wide", "amplification.csv")[0][4],
        "5"
    );
}

#[test]
fn full_tensors_beside_the_factors_are_listed() {
    let folder = workshop();
    AdapterFolder::new(2, 1)
        .tensors(|tensors| tensors.with("base_model.model.classifier.weight", &[3, 6], 1))
        .save(&folder.path().join("headed"));
    let outcome = done(
        "subspace-overlap",
        &["headed", "two", "--no-figures"],
        folder.path(),
    );
    assert!(
        outcome
            .stderr
            .contains("no part of any ΔW: base_model.model.classifier.weight")
    );
}

#[test]
fn a_sharded_base_gives_the_same_bytes() {
    let folder = workshop();
    let shards = folder.path().join("sharded");
    let whole = base_tensors();
    let drop = |from: common::Tensors, names: &[&str]| {
        names.iter().fold(from, |tensors, name| {
            tensors.without(&format!("{name}.weight"))
        })
    };
    drop(whole.clone(), &MODULES[..2]).save(&shards.join("b.safetensors"));
    drop(whole, &MODULES[2..]).save(&shards.join("a.safetensors"));
    let place = |module: &&str| {
        if MODULES[..2].contains(module) {
            "a"
        } else {
            "b"
        }
    };
    let map: serde_json::Map<String, Value> = MODULES
        .iter()
        .map(|module| {
            (
                format!("{module}.weight"),
                json!(format!("{}.safetensors", place(module))),
            )
        })
        .collect();
    fs::write(
        shards.join("model.safetensors.index.json"),
        json!({ "weight_map": map }).to_string(),
    )
    .unwrap();
    for (base, out) in [
        ("base", "x"),
        ("sharded", "y"),
        ("base/model.safetensors", "z"),
    ] {
        done(
            "amplification",
            &["one", "--base", base, "--out", out],
            folder.path(),
        );
    }
    let read = |out: &str| {
        fs::read(
            folder
                .path()
                .join(out)
                .join("notebooks-export/one/amplification.csv"),
        )
        .unwrap()
    };
    assert_eq!(read("x"), read("y"));
    assert_eq!(read("x"), read("z"));
}

#[test]
fn the_same_bytes_for_any_number_of_threads_and_any_memory() {
    let folder = workshop();
    // 4 kB hold one module of 6 × 5 and no second.
    let runs = [("1", "1GB"), ("3", "1GB"), ("1", "4kB"), ("3", "4kB")];
    let out = |(threads, memory): (&str, &str)| format!("{threads}-{memory}");
    for (threads, memory) in runs {
        let out = out((threads, memory));
        let arguments = [
            "one",
            "three",
            "--base",
            "base",
            "--threads",
            threads,
            "--memory",
            memory,
            "--out",
            &out,
        ];
        done("subspace-overlap", &arguments, folder.path());
        done("amplification", &arguments, folder.path());
    }
    let names = files(&folder.path().join(out(runs[0])));
    assert!(names.len() > 10);
    for run in &runs[1..] {
        assert_eq!(names, files(&folder.path().join(out(*run))));
        for name in names.iter().filter(|name| !name.contains("run-")) {
            let read = |run| fs::read(folder.path().join(out(run)).join(name)).unwrap();
            assert!(read(runs[0]) == read(*run), "{name} of {run:?} differs");
        }
    }
}

#[test]
fn json_on_stdout_and_nothing_else() {
    let folder = workshop();
    let outcome = done(
        "subspace-overlap",
        &["one", "two", "--json", "-q"],
        folder.path(),
    );
    assert_eq!(outcome.stderr, "");
    let summary: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(summary["study"], "one-vs-two");
    assert_eq!(
        summary["adapters"][0]["scale_rule"],
        "s = α/r, α = 4 from lora_alpha"
    );
    assert_eq!(summary["overlap"][0]["modules"], 4);
    assert_eq!(summary["modules"].as_array().unwrap().len(), 4);
    assert!(summary["certificates"].is_array());
    // What changes by itself is in the record alone.
    assert_eq!(summary["seconds_reading"], Value::Null);
    let record = "out/notebooks-export/one-vs-two/run-subspace-overlap.json";
    let record: Value =
        serde_json::from_slice(&fs::read(folder.path().join(record)).unwrap()).unwrap();
    assert!(record["seconds_reading"].is_number());
    assert_eq!(record["run"], summary);
}

#[test]
fn inspect_says_what_a_file_is() {
    let folder = workshop();
    AdapterFolder::new(2, 1)
        .field("use_rslora", json!(true))
        .tensors(|tensors| {
            tensors
                .with("base_model.model.classifier.weight", &[3, 6], 1)
                .with("base_model.model.m.embed.lora_sideways", &[2, 30], 1)
        })
        .save(&folder.path().join("odd"));
    for path in ["odd", "odd/adapter_model.safetensors"] {
        let outcome = done("inspect", &[path, "--json"], folder.path());
        let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(object["layout"], "PEFT LoRA");
        assert_eq!(object["base"], "tiny");
        assert_eq!(
            object["scale_rule"],
            "s = α/√r (use_rslora), α = 4 from lora_alpha"
        );
        let module = &object["modules"][0];
        assert_eq!(
            (&module["module"], &module["rank"]),
            (&json!("m.layers.0.q_proj"), &json!(2))
        );
        assert_eq!(module["numerical_rank"], 2);
        assert!((module["scale"].as_f64().unwrap() - 8f64.sqrt()).abs() < 1e-12);
        assert!(module["delta_norm"].as_f64().unwrap() > 0.0);
        assert_eq!(
            object["replaced"],
            json!(["base_model.model.classifier.weight"])
        );
        assert_eq!(
            object["unmapped"],
            json!(["base_model.model.m.embed.lora_sideways"])
        );
        assert!(object["evidence"].is_string());
    }
    let page = done("inspect", &["odd"], folder.path()).stdout;
    for word in ["PEFT LoRA", "m.layers.1.v_proj", "6 × 5", "lora_sideways"] {
        assert!(page.contains(word), "{word} is not in {page}");
    }
    assert_eq!(run("inspect", &["base"], folder.path()).code, 1);

    // An untrained adapter can be looked at, though nothing can be computed from it.
    let zero = |tensors, module: &&str| {
        common::Tensors::constant(tensors, &factor(module, 'B'), &[D_OUT, 2], 0.0)
    };
    AdapterFolder::new(2, 1)
        .tensors(|tensors| MODULES.iter().fold(tensors, zero))
        .save(&folder.path().join("fresh"));
    let outcome = done("inspect", &["fresh", "--json"], folder.path());
    let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        (
            &object["modules"][0]["numerical_rank"],
            &object["modules"][0]["delta_norm"]
        ),
        (&json!(0), &json!(0.0))
    );
}

/// A small study with a base, in a folder of its own.
fn study(folder: &Path) {
    let adapter = |name: &str| format!("[[adapter]]\nname = \"{name}\"\npath = \"../{name}\"\n");
    let text = format!(
        "name = \"tiny\"\nbase = \"../base\"\n{}{}{}[compare]\nbases = [\"a\", \"delta-left\"]\nranks = [\"one\", \"two\"]\n\
         seeds = [\"one\", \"three\"]\nbase = [\"one\", \"two\"]\n[figures]\nlayer = 0\n",
        adapter("one"),
        adapter("two"),
        adapter("three")
    );
    fs::create_dir_all(folder.join("study")).unwrap();
    fs::write(folder.join("study/study.toml"), text).unwrap();
}

#[test]
fn a_study_is_written_in_place_and_checked() {
    let folder = workshop();
    study(folder.path());
    let check = || {
        run(
            "regenerate",
            &["study/study.toml", "--check"],
            folder.path(),
        )
    };
    assert_eq!(check().code, 1, "nothing is there yet");
    done("regenerate", &["study/study.toml"], folder.path());
    let names = files(&folder.path().join("figures/tiny"));
    assert_eq!(
        names,
        pictures(&["figure3", "figure4", "figure6", "figure7", "figure8"])
    );
    let outcome = check();
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    // What is drawn of the study is in overlap.csv; every grid is in overlap.npz.
    let path = folder.path().join("notebooks-export/tiny/overlap.csv");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(",a,one,two,") && !text.contains("delta-left"));

    // A changed number, a changed picture and a stray one are found and named.
    let change = |name: &str, from: &str, to: &str| {
        let path = folder.path().join(name);
        let old = fs::read(&path).unwrap();
        let text = String::from_utf8(old.clone()).unwrap();
        let line = text.lines().nth(1).unwrap();
        let changed = if from.is_empty() {
            text.replacen('\n', to, 1)
        } else {
            text.replacen(line, &line.replacen(from, to, 1), 1)
        };
        assert_ne!(text, changed);
        fs::write(&path, changed).unwrap();
        let outcome = check();
        fs::write(&path, old).unwrap();
        assert_eq!(outcome.code, 1, "{name}");
        assert!(outcome.stderr.contains(name), "{}", outcome.stderr);
        outcome.error().to_string()
    };
    change(
        "notebooks-export/tiny/overlap.csv",
        ",a,one,two,1,1,0",
        ",a,one,two,1,1,1",
    );
    change(
        "notebooks-export/tiny/amplification.csv",
        ",delta,",
        ",base,",
    );
    change("notebooks-export/tiny/table7.md", "", "\n\n");
    change("figures/tiny/figure3.svg", "", "\n\n");
    change("notebooks-export/tiny/report.html", "", "\n\n");
    change("notebooks-export/tiny/tiny.ipynb", "", "\n\n");
    fs::write(folder.path().join("figures/tiny/figure9.svg"), "").unwrap();
    assert!(check().stderr.contains("figure9.svg"));
    fs::remove_file(folder.path().join("figures/tiny/figure9.svg")).unwrap();
    assert_eq!(check().code, 0);
}

#[test]
fn flags_that_change_a_study_send_it_elsewhere() {
    let folder = workshop();
    study(folder.path());
    for flags in [
        ["--basis", "b"],
        ["--layers", "1"],
        ["--palette", "cividis"],
        ["--seed", "3"],
    ] {
        let arguments = [&["study/study.toml", "--format", "svg"][..], &flags].concat();
        done("regenerate", &arguments, folder.path());
        assert!(folder.path().join("out/figures/tiny").is_dir(), "{flags:?}");
        assert!(!folder.path().join("figures").exists(), "{flags:?}");
        fs::remove_dir_all(folder.path().join("out")).unwrap();
    }
}

#[test]
fn another_seed_draws_other_directions() {
    let folder = workshop();
    let random = |seed: &str| {
        done(
            "subspace-overlap",
            &["one", "three", "--no-figures", "--seed", seed],
            folder.path(),
        );
        let rows = table(folder.path(), "one-vs-three", "overlap.csv");
        rows.into_iter()
            .partition::<Vec<_>, _>(|row| &row[4] == "random")
    };
    let ((random0, learned0), (random1, learned1)) = (random("0"), random("1"));
    assert_eq!(learned0, learned1);
    assert_ne!(random0, random1);
}

#[test]
fn every_command_has_help_with_an_example_and_a_version() {
    for command in ["subspace-overlap", "amplification", "regenerate", "inspect"] {
        let help = done(command, &["--help"], Path::new(".")).stdout;
        assert!(
            help.contains("Examples:") && help.contains(&format!("  {command} ")),
            "{help}"
        );
        let version = done(command, &["--version"], Path::new(".")).stdout;
        assert_eq!(
            version.trim(),
            format!("{command} {}", env!("CARGO_PKG_VERSION"))
        );
    }
}

#[test]
fn the_shapes_used_here_are_not_square() {
    // Left and right would be mixed up unnoticed otherwise.
    assert_ne!(D_OUT, D_IN);
}
