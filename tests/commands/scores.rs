//! Scores of runs: the tables and the curve that a study makes of them.

use std::fs;

use crate::files::repository;
use crate::init::{PLACE, runs};
use crate::made::in_svg;
use crate::programs::{files, run};
use crate::study::{done, study};
use crate::workshop::workshop;

/// Runs of two weight types and ranks, two seeds of one of them.
const RUNS: &str = "\
adapter,weight_types,rank,alpha,seed,task,metric,value,trainable_parameters
q2,q,2,4,0,sst2,accuracy,0.5,44
one,q+v,2,4,0,sst2,accuracy,0.75,
one,q+v,2,4,0,sst2,val_loss,1.5,
again,q+v,2,4,1,sst2,accuracy,0.25,88
q4,q,4,4,0,sst2,accuracy,0.9,88
";

#[test]
fn runs_become_tables_and_a_curve() {
    let folder = workshop();
    fs::write(folder.path().join("runs.csv"), RUNS).unwrap();
    study(folder.path(), "");
    let with_runs = |more: &str| {
        let path = folder.path().join("study.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(
            &path,
            text.replacen("base =", "runs = \"runs.csv\"\nbase =", 1) + more,
        )
        .unwrap();
    };
    with_runs("");
    done(&["study.toml"], folder.path());
    let tables = folder.path().join("notebooks-export/tiny");
    let read = |name: &str| fs::read_to_string(tables.join(name)).unwrap();
    // `one` has four modules of rank 2 · (5 + 6) entries.
    assert!(read("runs.csv").contains("one,q+v,2,4.0,0,sst2,accuracy,0.75,88\n"));
    // At 88 parameters: q with r = 4, q+v with r = 2 and a mean of (0.75 + 0.25)/2, sd 0.5/√2.
    assert_eq!(
        read("table5.csv"),
        "task,metric,weight_types,rank,trainable_parameters,mean,sd,runs,best\n\
         sst2,accuracy,q,4,88,0.9,,1,false\n\
         sst2,accuracy,q+v,2,88,0.5,0.353553391,2,false\n\
         sst2,val_loss,q+v,2,88,1.5,,1,false\n"
    );
    let markdown = read("table5.md");
    assert!(markdown.contains("88 trainable parameters"), "{markdown}");
    assert!(markdown.contains("| rank r | 4 | 2 |"), "{markdown}");
    assert!(
        markdown.contains("| sst2, accuracy ↑ | 0.90 | 0.50 ± 0.35 (2) |"),
        "{markdown}"
    );
    let markdown = read("table6.md");
    assert!(markdown.contains("| W_q | 0.50 | 0.90 |"), "{markdown}");
    assert!(
        markdown.contains("| W_q, W_v | 0.50 ± 0.35 (2) | – |"),
        "{markdown}"
    );
    let latex = read("table5.tex");
    for line in [
        "% needs \\usepackage{booktabs} and \\usepackage{siunitx}",
        " & \\multicolumn{2}{c}{88 trainable parameters} \\\\",
        "weight type & {$W_q$} & {$W_q, W_v$} \\\\",
        "sst2, accuracy $\\uparrow$ & 0.90 & 0.50 \\\\",
        "\\quad $\\pm$ sd, $n = 2$ &  & 0.35 \\\\",
        "sst2, val\\_loss $\\downarrow$ & {--} & 1.5 \\\\",
    ] {
        assert!(latex.lines().any(|found| found == line), "{line}\n{latex}");
    }
    // One rank has two metrics: no table 18.
    assert!(!tables.join("table18.csv").exists());
    assert!(folder.path().join("figures/tiny/rank-curve.pdf").exists());
    done(&["study.toml", "--check"], folder.path());
    for name in [
        "notebooks-export/tiny/table6.tex",
        "figures/tiny/rank-curve.svg",
    ] {
        let path = folder.path().join(name);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, "").unwrap();
        let outcome = run("regenerate", &["study.toml", "--check"], folder.path());
        assert!(outcome.code == 1 && outcome.stderr.contains(name), "{name}");
        fs::write(&path, bytes).unwrap();
    }
    let path = tables.join("runs.csv");
    fs::write(&path, read("runs.csv").replace("0.9,88", "0.8,88")).unwrap();
    let outcome = run("regenerate", &["study.toml", "--check"], folder.path());
    for name in ["runs.csv", "table5.csv", "table6.md", "rank-curve.png"] {
        assert!(outcome.stderr.contains(name), "{name}: {}", outcome.stderr);
    }
}

#[test]
fn a_study_chooses_the_runs_of_a_table() {
    let folder = workshop();
    fs::write(folder.path().join("runs.csv"), RUNS).unwrap();
    study(
        folder.path(),
        "[figures]\nwhich = [\"rank-curve\"]\n[tables]\nwhich = [\"6\"]\ntable6 = [\"q*\"]\n",
    );
    let path = folder.path().join("study.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replacen("base =", "runs = \"runs.csv\"\nbase =", 1),
    )
    .unwrap();
    done(&["study.toml", "--format", "svg"], folder.path());
    let figures = files(&folder.path().join("figures/tiny"));
    assert_eq!(figures, in_svg(&["rank-curve"]));
    let tables = folder.path().join("notebooks-export/tiny");
    assert!(!tables.join("table5.csv").exists() && !tables.join("table7.csv").exists());
    let table = fs::read_to_string(tables.join("table6.csv")).unwrap();
    assert_eq!(table.lines().count(), 3, "{table}");
    // The other commands measure, and leave runs alone.
    let outcome = run("amplification", &["one", "--base", "base"], folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn the_readmes_study_runs_as_it_stands() {
    let root = repository();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let (_, from) = readme.split_once("```toml\n#:schema").unwrap();
    let (text, _) = from.split_once("```").unwrap();
    let folder = runs();
    let runs = folder.path().join("runs");
    for (from, to) in [
        ("r2-seed0", "r8-seed0"),
        ("r4-seed0", "r64-seed1"),
        ("r4-seed1", "r64-seed2"),
    ] {
        fs::rename(runs.join(from), runs.join(to)).unwrap();
    }
    let place = folder.path().join(PLACE);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    // The small adapters here have two layers, and the paper's study is elsewhere.
    let published = root.join("experiments/lora-paper/study.toml");
    let text = format!("#:schema{text}")
        .replace("layer = 5 ", "layer = 1 ")
        .replace("../lora-paper/study.toml", published.to_str().unwrap());
    fs::write(&place, text).unwrap();
    let scores = RUNS
        .replace("0.75,\n", "0.75,88\n")
        .replace("1.5,\n", "1.5,88\n");
    fs::write(place.with_file_name("runs.csv"), scores).unwrap();
    done(&[PLACE, "--format", "svg"], folder.path());
    assert!(
        folder
            .path()
            .join("notebooks-export/runs/table6.tex")
            .is_file()
    );
}

#[test]
fn tables_too_wide_for_a_column_stand_across_both() {
    let folder = workshop();
    let environment = |table: &str| {
        let path = folder
            .path()
            .join(format!("notebooks-export/tiny/{table}.tex"));
        let text = fs::read_to_string(path).unwrap();
        let first = text.lines().find(|line| line.starts_with("\\begin{table"));
        first.unwrap().to_string()
    };
    let header = RUNS.lines().next().unwrap();
    let ranks = [1, 2, 4, 8, 16, 32, 64, 128];
    let row = |types: &str| {
        let of =
            |rank: &u32| format!("{types}{rank},{types},{rank},4,0,sst2,accuracy,0.123{rank},\n");
        ranks.iter().map(of).collect::<String>()
    };
    let (one_row, wide) = (row("q"), row("q") + &row("q+v"));
    for (rows, venue, wanted) in [
        (one_row.as_str(), "icml", "\\begin{table}"),
        (&wide, "icml", "\\begin{table*}"),
        (&wide, "acl", "\\begin{table*}"),
        (&wide, "neurips", "\\begin{table}"),
        (&wide, "plain", "\\begin{table*}"),
        (&wide, "jmlr", "\\begin{table}"),
        (
            "q2,q,2,4,0,sst2,accuracy,0.5,\nq4,q,4,4,0,sst2,accuracy,0.6,\n",
            "icml",
            "\\begin{table}",
        ),
    ] {
        fs::write(folder.path().join("runs.csv"), format!("{header}\n{rows}")).unwrap();
        study(folder.path(), &format!("[print]\nvenue = \"{venue}\"\n"));
        let path = folder.path().join("study.toml");
        let text = fs::read_to_string(&path).unwrap();
        let text = text.replacen("base =", "runs = \"runs.csv\"\nbase =", 1);
        fs::write(&path, text).unwrap();
        done(&["study.toml", "--no-figures"], folder.path());
        assert_eq!(environment("table6"), wanted, "{venue}");
        // Three adapters are nine columns of numbers.
        let seven = if ["icml", "acl", "plain"].contains(&venue) {
            "\\begin{table*}"
        } else {
            "\\begin{table}"
        };
        assert_eq!(environment("table7"), seven, "{venue}");
    }
}
