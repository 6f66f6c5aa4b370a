//! Full fine-tunes among the runs of a study: tables, the curve, and runs that are adapters.

use std::fs;

use crate::programs::run;
use crate::study::{done, study};
use crate::workshop::{base_tensors, workshop};

/// Two ranks and two full fine-tunes of q and v by two metrics, one rank of q, and one of k that has
/// no line.
const RUNS: &str = "\
adapter,weight_types,rank,alpha,seed,task,metric,value,trainable_parameters
full-0,q+v,,,0,sst2,accuracy,0.9,120
full-0,q+v,,,0,sst2,val_loss,1.5,120
one,q+v,2,4,0,sst2,accuracy,0.75,
one,q+v,2,4,0,sst2,val_loss,1.25,
full-1,q+v,,,1,sst2,accuracy,0.8,120
full-1,q+v,,,1,sst2,val_loss,2.5,120
two,q+v,3,4,0,sst2,accuracy,0.5,
two,q+v,3,4,0,sst2,val_loss,1.75,
q4,q,4,4,0,sst2,accuracy,0.7,120
k,k,,,0,sst2,accuracy,0.25,60
";

/// The workshop's study with these runs, and its results.
pub(crate) fn full_study(flags: &[&str]) -> tempfile::TempDir {
    let folder = workshop();
    fs::write(folder.path().join("runs.csv"), RUNS).unwrap();
    study(folder.path(), "");
    with_runs(&folder);
    done(&[&["study.toml", "-q"], flags].concat(), folder.path());
    folder
}

fn with_runs(folder: &tempfile::TempDir) {
    let path = folder.path().join("study.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replacen("base =", "runs = \"runs.csv\"\nbase =", 1);
    fs::write(&path, text).unwrap();
}

#[test]
fn full_fine_tunes_stand_after_the_ranks() {
    let folder = full_study(&[]);
    let tables = folder.path().join("notebooks-export/tiny");
    let read = |name: &str| fs::read_to_string(tables.join(name)).unwrap();
    assert!(read("runs.csv").contains("full-0,q+v,,,0,sst2,accuracy,0.9,120\n"));
    // (0.9 + 0.8)/2, sd 0.1/√2; a single run is not bold beside it.
    assert_eq!(
        read("table6.csv"),
        "task,metric,weight_types,rank,trainable_parameters,mean,sd,runs,best\n\
         sst2,accuracy,q,4,120,0.7,,1,false\n\
         sst2,accuracy,k,,60,0.25,,1,false\n\
         sst2,accuracy,q+v,2,88,0.75,,1,false\n\
         sst2,accuracy,q+v,3,132,0.5,,1,false\n\
         sst2,accuracy,q+v,,120,0.85,0.0707106781,2,true\n\
         sst2,val_loss,q+v,2,88,1.25,,1,false\n\
         sst2,val_loss,q+v,3,132,1.75,,1,false\n\
         sst2,val_loss,q+v,,120,2.0,0.707106781,2,false\n"
    );
    let says = |name: &str, lines: &[&str]| {
        let text = read(name);
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "{line}\n{text}");
        }
        let words = "Full: the weights themselves were trained.";
        assert_eq!(text.matches(words).count(), 1, "{text}");
    };
    says(
        "table6.md",
        &[
            "| weight type | r = 2 | r = 3 | r = 4 | full |",
            "| W_q | – | – | 0.700 | – |",
            "| W_k | – | – | – | 0.250 |",
            "| W_q, W_v | 0.750 | 0.500 | – | **0.850** ± 0.071 (2) |",
        ],
    );
    says(
        "table6.tex",
        &[
            "weight type & {$r = 2$} & {$r = 3$} & {$r = 4$} & {full} \\\\",
            "$W_q, W_v$ & 0.750 & 0.500 & {--} & \\bfseries 0.850 \\\\",
        ],
    );
    // At 120 parameters: q with r = 4, and all weights of q and v.
    says(
        "table5.md",
        &[
            "| rank r | 4 | full |",
            "| sst2, accuracy ↑ | 0.700 | **0.850** ± 0.071 (2) |",
        ],
    );
    says("table5.tex", &["rank $r$ & {4} & {full} \\\\"]);
    says(
        "table18.md",
        &[
            "| 2 | 0.750 | 1.25 |",
            "| 3 | 0.500 | 1.75 |",
            "| full | **0.850** ± 0.071 (2) | 2.00 ± 0.71 (2) |",
        ],
    );
    assert!(read("report.html").contains("<th scope=\"col\" class=\"number\">full</th>"));
    done(&["study.toml", "--check"], folder.path());
}

#[test]
fn the_rank_curve_has_a_level_line() {
    let folder = full_study(&["--format", "svg"]);
    let path = folder.path().join("figures/tiny/rank-curve.svg");
    let svg = fs::read_to_string(path).unwrap();
    let (words_of_it, _) = svg.split_once("</desc>").unwrap();
    // What a screen reader says has the names and values of lines.
    for words in [
        "full: 0.85; W_q, W_v: 0.75 at rank 2, 0.5 at rank 3.",
        "full: 2; W_q, W_v: 1.25 at rank 2, 1.75 at rank 3.",
        "Horizontal dashed lines, named full: the weights themselves were trained, of q+v.",
        "Not shown, because their runs have one rank only: q.",
        "Full fine-tunes not shown, because no line has their weight types: k.",
    ] {
        assert!(words_of_it.contains(words), "{words}\n{words_of_it}");
    }
}

#[test]
fn a_run_may_be_an_adapter_without_factors() {
    let folder = workshop();
    let trained = base_tensors().with("layers.0.q_proj.weight", &[6, 5], 7);
    trained.save(&folder.path().join("full/model.safetensors"));
    study(
        folder.path(),
        "[[adapter]]\nname = \"full\"\npath = \"full\"\n",
    );
    with_runs(&folder);
    // The second says that it is a merged model: nothing tells of which rank.
    for row in [
        "full,q+v,,,0,sst2,accuracy,0.9,",
        "full,q+v,8,,0,sst2,accuracy,0.9,",
    ] {
        let header = RUNS.lines().next().unwrap();
        fs::write(folder.path().join("runs.csv"), format!("{header}\n{row}\n")).unwrap();
        let outcome = run(
            "regenerate",
            &["study.toml", "--no-figures", "--rank", "2"],
            folder.path(),
        );
        assert_eq!(outcome.code, 0, "{row}: {}", outcome.stderr);
    }
}
