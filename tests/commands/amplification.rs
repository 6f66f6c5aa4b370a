//! `amplification` on good input: its rows and table 7.

use std::fs;

use crate::files::Tensors;
use crate::made::{done, header, table};
use crate::programs::files;
use crate::workshop::{MODULES, base_tensors, workshop};
use serde_json::{Value, json};

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
