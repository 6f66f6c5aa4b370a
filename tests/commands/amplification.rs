//! `amplification` on good input: its rows and table 7.

use std::fs;

use crate::files::Tensors;
use crate::made::{done, figure_files, header, table};
use crate::programs::files;
use crate::workshop::{MODULES, base_tensors, workshop};
use lora_subspace::paper::Venue;
use lora_subspace::table::{AmplificationRow, Table7};
use serde_json::{Value, json};

#[test]
fn amplification_writes_table_7() {
    let folder = workshop();
    done(
        "amplification",
        &["one", "two", "--base", "base", "--draws", "7"],
        folder.path(),
    );
    let (figures, tables) = ("figures/one-vs-two", "notebooks-export/one-vs-two");
    assert_eq!(
        files(&folder.path().join("out").join(figures)),
        figure_files(&["amplification", "sizes", "spectrum"])
    );
    assert_eq!(
        files(&folder.path().join("out").join(tables)),
        [
            "amplification.csv",
            "files.json",
            "ranks.csv",
            "run-amplification.json",
            "spectrum.csv",
            "table7.csv",
            "table7.md",
            "table7.tex"
        ]
    );
    // Every layer, where the printed table has one.
    assert_eq!(
        table(folder.path(), "one-vs-two", "table7.csv").len(),
        4 * 2
    );
    assert_eq!(
        header(folder.path(), "one-vs-two", "amplification.csv"),
        "module,component,layer,projection,adapter,rank,directions,projected_norm,projected_norm_sd,draws,base_norm,delta_norm,amplification,chance_projected_norm"
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
        "module,component,layer,projection,matrix,numerical_rank,stable_rank,effective_rank,energy_rank_90,frobenius_norm,spectral_norm,rank,rank_share,relative_norm,relative_spectral_norm,top1_share,participation,chance_stable_rank,chance_stable_rank_sd,chance_effective_rank,chance_effective_rank_sd,chance_energy_rank_90,chance_energy_rank_90_sd"
    );
    assert_eq!(
        header(folder.path(), "one-vs-two", "spectrum.csv"),
        "module,component,layer,projection,matrix,index,sigma,residual,gap,sin_theta_bound"
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
fn a_sharded_base_gives_the_same_bytes() {
    let folder = workshop();
    let shards = folder.path().join("sharded");
    let whole = base_tensors();
    let drop = |from: Tensors, names: &[&str]| {
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

/// The rows of a run in one layer: ‖UᵀWV‖_F of ΔW's directions, ‖ΔW‖_F and the number of directions.
fn run(
    adapter: &str,
    layer: usize,
    norm: Option<f64>,
    delta: f64,
    rank: usize,
) -> Vec<AmplificationRow> {
    let chance = rank as f64 / 10.0;
    let row = |directions: &str, projected_norm, amplification| AmplificationRow {
        module: format!("h.{layer}.q"),
        component: String::new(),
        layer: Some(layer),
        projection: "q".into(),
        adapter: adapter.into(),
        rank,
        directions: directions.into(),
        projected_norm,
        projected_norm_sd: (directions == "random").then_some(0.25),
        draws: (directions == "random").then_some(20),
        base_norm: 8.0,
        delta_norm: delta,
        amplification,
        chance_projected_norm: chance,
    };
    vec![
        row("delta", norm, norm.map(|norm| delta / norm)),
        row("base", Some(5.0), None),
        row("random", Some(2.0 * chance), norm.map(|_| delta / chance)),
    ]
}

#[test]
fn a_group_of_runs_has_one_row_with_its_mean_and_spread() {
    let rows = [
        run("single", 0, Some(4.0), 2.0, 4),
        run("r8-0", 0, Some(1.0), 2.0, 8),
        run("r8-1", 0, Some(2.0), 3.0, 8),
        run("r8-2", 0, Some(6.0), 4.0, 8),
        run("r8-0", 1, Some(1.0), 2.0, 8),
        run("r8-1", 1, Some(3.0), 2.0, 6),
        run("r8-2", 1, None, 0.0, 8),
    ]
    .concat();
    let names = ["r8-0", "r8-1", "r8-2"].map(String::from).to_vec();
    let group = [("r8".to_string(), names)];
    let of_layer = |layer| Table7::new(&rows, Some(layer), &["q".into()], &group).unwrap();
    let csv = String::from_utf8(of_layer(0).csv().unwrap()).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    // Of 1, 2, 6: mean 3, sd √7; of 2, 1.5, 2/3: mean 25/18, sd √(0.453704).
    assert_eq!(
        lines[1..],
        [
            "0,q,single,1,4,4.0,,5.0,0.8,0.25,20,0.4,8.0,2.0,0.5,,5.0",
            "0,q,r8,3,8,3.0,2.64575131,5.0,1.6,0.25,20,0.8,8.0,3.0,1.38888889,0.673575314,3.75",
            "1,q,r8,2,6,2.0,1.41421356,5.0,1.4,0.25,20,0.7,8.0,2.0,1.33333333,0.942809042,2.91666667",
        ]
    );
    let markdown = of_layer(0).markdown();
    for words in [
        "ΔW, r = 4 |",
        "ΔW, r = 8 (3 runs)",
        "| 3.00 ± 2.65 |",
        "| 1.39 ± 0.67 |",
        "mean ± sample standard deviation.",
    ] {
        assert!(markdown.contains(words), "{words} is not in {markdown}");
    }
    let latex = of_layer(0).latex(Venue::Plain.into());
    let spread = latex.matches("$\\pm$ sd over runs").count();
    assert_eq!(spread, 2, "{latex}");
    assert!(
        latex.contains("& 2.65") && latex.contains("& 0.67"),
        "{latex}"
    );
    assert!(of_layer(0).html().contains("3.00\u{a0}±\u{a0}2.65"));
    // Of the second layer one run has fewer directions, and one none at all.
    let markdown = of_layer(1).markdown();
    assert!(markdown.contains("r = 6 (2 runs)") && markdown.contains("r is the smallest"));
    // Without groups each run has its own, and nothing speaks of runs.
    let alone = Table7::new(&rows, Some(0), &["q".into()], &[]).unwrap();
    assert!(alone.markdown().contains("r = 8 (r8-1)") && !alone.markdown().contains("runs"));
    assert_eq!(
        String::from_utf8(alone.csv().unwrap())
            .unwrap()
            .lines()
            .count(),
        1 + 7
    );
}
