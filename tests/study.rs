//! Study files that ask for something: figures, tables, sizes; and the first one, by `--init`.

mod common;

use std::fs;
use std::path::Path;

use common::{AdapterFolder, MODULES, Outcome, base_tensors, factor, files, run, workshop};
use serde_json::json;

fn done(arguments: &[&str], folder: &Path) -> Outcome {
    let outcome = run("regenerate", arguments, folder);
    assert_eq!(outcome.code, 0, "{arguments:?}: {}", outcome.stderr);
    outcome
}

/// The study of the workshop's three adapters, with more below.
fn study(folder: &Path, more: &str) {
    let adapter = |name: &str| format!("[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\n");
    let adapters = ["one", "two", "three"].map(adapter).concat();
    let text = format!(
        "name = \"tiny\"\nbase = \"base\"\n{adapters}[compare]\nranks = [\"one\", \"two\"]\n\
         seeds = [\"one\", \"three\"]\nbase = [\"one\", \"two\"]\n{more}"
    );
    fs::write(folder.join("study.toml"), text).unwrap();
}

#[test]
fn a_study_asks_for_figures_and_tables() {
    let folder = workshop();
    study(
        folder.path(),
        "[figures]\nwhich = [\"8\", \"3\"]\nlayer = 0\n[tables]\nwhich = []\n",
    );
    done(&["study.toml", "--format", "svg"], folder.path());
    let figures = files(&folder.path().join("figures/tiny"));
    assert_eq!(figures, ["figure3.svg", "figure8.svg"]);
    let tables = files(&folder.path().join("notebooks-export/tiny"));
    assert!(!tables.iter().any(|name| name.starts_with("table7")));
    assert!(tables.contains(&"amplification.csv".to_string()));
    // Only what is drawn is in overlap.csv: no seeds, and one layer.
    let path = folder.path().join("notebooks-export/tiny/overlap.csv");
    let overlap = fs::read_to_string(path).unwrap();
    assert!(overlap.contains(",a,one,two,") && overlap.contains(",a,base,two,"));
    assert!(!overlap.contains(",one,three,") && !overlap.contains(",random,three,"));
    assert!(!overlap.contains("layers.1."));
}

#[test]
fn what_a_study_asked_for_is_checked() {
    let folder = workshop();
    study(
        folder.path(),
        "[figures]\nwhich = [\"4\"]\n[tables]\nwhich = []\n[print]\nvenue = \"acl\"\n",
    );
    done(&["study.toml"], folder.path());
    done(&["study.toml", "--check"], folder.path());
    fs::write(folder.path().join("figures/tiny/figure3.svg"), "").unwrap();
    let outcome = run("regenerate", &["study.toml", "--check"], folder.path());
    assert_eq!(outcome.code, 1, "figure 3 is not asked for");
}

#[test]
fn what_a_study_does_not_make_any_more_is_named_and_takes_no_part() {
    let folder = workshop();
    study(folder.path(), "");
    let before = run("regenerate", &["study.toml", "--check"], folder.path());
    assert_eq!(
        before.error(),
        "error: study tiny: nothing has been made yet; run `regenerate study.toml`"
    );
    done(&["study.toml"], folder.path());
    let tables = folder.path().join("notebooks-export/tiny");
    assert!(tables.join("table7.csv").is_file());
    // A reader's own.
    fs::write(tables.join("mine.ipynb"), "{}").unwrap();
    study(folder.path(), "[tables]\nwhich = []\n");
    let outcome = done(&["study.toml"], folder.path());
    let strays = ["table7.csv", "table7.md", "table7.tex"]
        .map(|name| format!("notebooks-export/tiny/{name}"));
    for stray in &strays {
        assert!(outcome.stderr.contains(stray), "{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("mine.ipynb"), "{}", outcome.stderr);
    // Quiet or not, what differs is said: these three, and nothing else.
    let outcome = run(
        "regenerate",
        &["study.toml", "--check", "-q"],
        folder.path(),
    );
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(lines.len(), 4, "{}", outcome.stderr);
    for (line, stray) in lines.iter().zip(&strays) {
        assert!(line.starts_with(stray.as_str()), "{line}");
    }
    assert!(
        lines[3].ends_with("run `regenerate study.toml` and look at the changes"),
        "{}",
        lines[3]
    );
    for stray in &strays {
        fs::remove_file(folder.path().join(stray)).unwrap();
    }
    done(&["study.toml", "--check"], folder.path());
}

#[test]
fn the_layers_that_are_picked_are_said() {
    let folder = workshop();
    study(folder.path(), "");
    let outcome = done(&["study.toml"], folder.path());
    let said = "figures 3, 4 and 8 and table 7 show layer 1, the middle one of 2";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    study(folder.path(), "[figures]\nlayer = 0\n");
    let outcome = done(&["study.toml"], folder.path());
    assert!(!outcome.stderr.contains("the middle one"));
}

/// Width of an SVG in inches.
fn width(path: &Path) -> f64 {
    let text = fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once("width=\"").unwrap();
    rest.split_once("in\"").unwrap().0.parse().unwrap()
}

#[test]
fn venues_give_figures_the_width_of_a_column_or_of_the_text() {
    let folder = workshop();
    // With one projection figures 3 and 7 have two panels in a row, figure 8 three and a strip.
    for (venue, column, text) in [
        ("icml", 3.25, 6.75),
        ("neurips", 5.5, 5.5),
        ("iclr", 5.5, 5.5),
        ("acl", 7.7 / 2.54, 16.0 / 2.54),
    ] {
        let print =
            format!("[figures]\nprojections = [\"q_proj\"]\n[print]\nvenue = \"{venue}\"\n");
        study(folder.path(), &print);
        done(&["study.toml", "--format", "svg"], folder.path());
        for (figure, wanted) in [
            (3, column),
            (4, column),
            (6, column),
            (7, column),
            (8, text),
        ] {
            let path = folder
                .path()
                .join(format!("figures/tiny/figure{figure}.svg"));
            assert!(
                (width(&path) - wanted).abs() < 1e-3,
                "{venue}, figure {figure}"
            );
        }
    }
    study(folder.path(), "[print]\nvenue = \"icml\"\n");
    done(&["study.toml", "--format", "svg"], folder.path());
    let path = folder.path().join("figures/tiny/figure3.svg");
    assert!(
        (width(&path) - 6.75).abs() < 1e-3,
        "four panels need both columns"
    );
}

#[test]
fn plain_is_what_stands_without_a_venue() {
    let folder = workshop();
    let path = folder.path().join("figures/tiny/figure3.svg");
    let drawn = |more: &str| {
        study(folder.path(), more);
        done(&["study.toml", "--format", "svg"], folder.path());
        fs::read(&path).unwrap()
    };
    assert_eq!(drawn(""), drawn("[print]\nvenue = \"plain\"\n"));
}

#[test]
fn the_schema_is_printed() {
    let outcome = done(&["--schema"], Path::new("."));
    let schema: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        schema["properties"]["print"]["properties"]["venue"]["enum"][1],
        "icml"
    );
    assert_eq!(schema["required"], json!(["name"]));
    assert_eq!(schema["oneOf"][1]["required"], json!(["rows"]));
    assert_eq!(schema["additionalProperties"], false);
}

/// Four runs of two ranks and two seeds, and the model beside them.
fn runs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, rank, salt) in [
        ("r2-seed0", 2, 1),
        ("r2-seed1", 2, 2),
        ("r4-seed0", 4, 3),
        ("r4-seed1", 4, 4),
    ] {
        AdapterFolder::new(rank, salt)
            .field("base_model_name_or_path", json!("models/tiny"))
            .save(&folder.path().join("runs").join(name));
    }
    base_tensors().save(&folder.path().join("models/tiny/model.safetensors"));
    folder
}

const PLACE: &str = "experiments/runs/study.toml";

#[test]
fn a_first_study_runs_without_edits() {
    let folder = runs();
    let outcome = done(&["--init", "runs"], folder.path());
    assert_eq!(outcome.stdout.trim(), PLACE);
    assert!(!outcome.stderr.contains("not known"), "{}", outcome.stderr);
    let text = fs::read_to_string(folder.path().join(PLACE)).unwrap();
    for line in [
        "name = \"runs\"",
        "base = \"../../models/tiny\"",
        "path = \"../../runs/r2-seed1\"",
        "seed = 1 # from the folder's name `r4-seed1`, as no config has it",
        "# PEFT LoRA; s = α/r, α = 4 from lora_alpha; q_proj, v_proj",
        "rank = 4",
        "ranks = [\"r2-seed0\", \"r4-seed1\"]",
        "seeds = [\"r4-seed0\", \"r4-seed1\"]",
        "base = [\"r2-seed0\", \"r4-seed0\"]",
        "adapters = [\"r2-seed0\", \"r4-seed0\"]",
        "# runs = \"runs.csv\"",
        "# which = [\"3\", \"8\"]",
        "[tables]",
        "[text]",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    done(&[PLACE, "--format", "svg"], folder.path());
    let figures = ["3", "4", "6", "7", "8"].map(|figure| format!("figure{figure}.svg"));
    assert_eq!(files(&folder.path().join("figures/runs")), figures);
    let tables = files(&folder.path().join("notebooks-export/runs"));
    assert!(tables.contains(&"table7.tex".to_string()));

    // Nothing is written over a study that is there.
    let outcome = run("regenerate", &["--init", "runs"], folder.path());
    assert_eq!(outcome.code, 1);
    assert!(outcome.error().contains("not overwritten"));
    assert_eq!(text, fs::read_to_string(folder.path().join(PLACE)).unwrap());
}

#[test]
fn a_copy_is_no_second_seed_and_another_scale_is_said() {
    let folder = runs();
    let runs = folder.path().join("runs");
    AdapterFolder::new(4, 3)
        .field("base_model_name_or_path", json!("models/tiny"))
        .save(&runs.join("r4-seed1"));
    let outcome = done(&["--init", "runs"], folder.path());
    let said = "r4-seed1 is left out: it has the same bytes in its weight file as r4-seed0";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    fs::remove_file(folder.path().join(PLACE)).unwrap();
    fs::remove_dir_all(runs.join("r2-seed0")).unwrap();
    let seed =
        |salt| AdapterFolder::new(4, salt).field("base_model_name_or_path", json!("models/tiny"));
    seed(4).save(&runs.join("r4-seed1"));
    seed(3)
        .field("use_rslora", json!(true))
        .save(&runs.join("r4-seed0"));
    let outcome = done(&["--init", "runs"], folder.path());
    let text = fs::read_to_string(folder.path().join(PLACE)).unwrap();
    for remark in [
        "they are scaled by s = α/√r (use_rslora) and by s = α/r, so that more than the seed differs",
        "different seeds; they are scaled by s = α/r and by s = α/√r (use_rslora).",
    ] {
        assert!(text.contains(remark), "{}\n{text}", outcome.stderr);
    }
}

#[test]
fn adapters_are_given_one_by_one_and_elsewhere() {
    let folder = runs();
    let arguments = ["--init", "runs/r2-seed0", "runs/r4-seed1", "--out", "there"];
    let outcome = done(&arguments, folder.path());
    assert_eq!(outcome.stdout.trim(), "there/experiments/runs/study.toml");
    let text = fs::read_to_string(folder.path().join("there").join(PLACE)).unwrap();
    assert!(text.contains("\n# Figures 4 and 7 take two seeds of one rank.\n# seeds = "));
    assert!(
        text.contains("path = \"/"),
        "outside of --out paths are absolute"
    );
    done(
        &["there/experiments/runs/study.toml", "--no-figures"],
        folder.path(),
    );
}

#[test]
fn what_a_first_study_cannot_know_is_said() {
    let folder = runs();
    let runs = folder.path().join("runs");
    fs::rename(runs.join("r4-seed1"), runs.join("large")).unwrap();
    fs::remove_dir_all(folder.path().join("models")).unwrap();
    fs::write(runs.join("log.txt"), "").unwrap();
    // One of another model, one that is damaged, one whose config has the seed.
    let mut wide = AdapterFolder::new(2, 5);
    for module in MODULES {
        wide = wide.tensors(|tensors| tensors.with(&factor(module, 'A'), &[2, 9], 1));
    }
    wide.save(&runs.join("wide-seed0"));
    fs::create_dir_all(runs.join("broken")).unwrap();
    fs::write(runs.join("broken/adapter_config.json"), "{").unwrap();
    AdapterFolder::new(2, 7)
        .field("seed", json!(7))
        .save(&runs.join("r2-x"));
    let arguments = ["--init", "runs", "runs/log.txt"];
    let outcome = done(&arguments, folder.path());
    let text = fs::read_to_string(folder.path().join(PLACE)).unwrap();
    for sentence in [
        "the seeds of large",
        "the base `models/tiny` is neither a local path nor in the Hugging Face cache",
        "wide-seed0 is left out: it is of another base than r2-seed0",
        "broken is left out",
        "runs/log.txt is left out",
    ] {
        assert!(
            outcome.stderr.contains(sentence),
            "{sentence}: {}",
            outcome.stderr
        );
        assert!(text.contains(sentence), "{sentence}: {text}");
    }
    assert!(
        text.contains("seed = 7 # from adapter_config.json"),
        "{text}"
    );
    assert!(text.contains("\n# seed = ?\n") && text.contains("\n# base = \"PATH\"\n"));
    done(&[PLACE, "--no-figures"], folder.path());
}

#[test]
fn the_base_is_found_in_the_hugging_face_cache() {
    let folder = runs();
    let model = folder.path().join("hub/models--models--tiny");
    fs::create_dir_all(model.join("refs")).unwrap();
    fs::create_dir_all(model.join("snapshots")).unwrap();
    fs::write(model.join("refs/main"), "0e9").unwrap();
    let local = folder.path().join("models/tiny");
    fs::rename(local, model.join("snapshots/0e9")).unwrap();
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_regenerate"))
        .args(["--init", "runs", "-q"])
        .env("HF_HUB_CACHE", folder.path().join("hub"))
        .current_dir(folder.path())
        .status();
    assert!(status.unwrap().success());
    let text = fs::read_to_string(folder.path().join(PLACE)).unwrap();
    assert!(
        text.contains("\nbase = \"../../hub/models--models--tiny/snapshots/0e9\"\n"),
        "{text}"
    );
    done(&[PLACE, "--no-figures"], folder.path());
}

#[test]
fn a_folder_without_adapters_gives_no_study() {
    let folder = workshop();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for path in ["empty", "base", "nowhere"] {
        let outcome = run("regenerate", &["--init", path], folder.path());
        assert_eq!(outcome.code, 1, "{path}");
        assert!(
            outcome.error().contains("no adapter"),
            "{}",
            outcome.error()
        );
    }
    assert!(!folder.path().join("experiments").exists());
    let outcome = run("regenerate", &["--init"], folder.path());
    assert_eq!(outcome.code, 2);
}

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
         sst2,accuracy,q,4,88,0.9,,1,true\n\
         sst2,accuracy,q+v,2,88,0.5,0.353553391,2,false\n\
         sst2,val_loss,q+v,2,88,1.5,,1,false\n"
    );
    let markdown = read("table5.md");
    assert!(markdown.contains("88 trainable parameters"), "{markdown}");
    assert!(markdown.contains("| rank r | 4 | 2 |"), "{markdown}");
    assert!(
        markdown.contains("| sst2, accuracy ↑ | **0.90** | 0.50 ± 0.35 (2) |"),
        "{markdown}"
    );
    let markdown = read("table6.md");
    assert!(markdown.contains("| W_q | 0.50 | **0.90** |"), "{markdown}");
    assert!(
        markdown.contains("| W_q, W_v | 0.50 ± 0.35 (2) | – |"),
        "{markdown}"
    );
    let latex = read("table5.tex");
    for line in [
        "% needs \\usepackage{booktabs} and \\usepackage{siunitx}",
        " & \\multicolumn{2}{c}{88 trainable parameters} \\\\",
        "weight type & {$W_q$} & {$W_q, W_v$} \\\\",
        "sst2, accuracy $\\uparrow$ & \\bfseries 0.90 & 0.50 \\\\",
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
    assert_eq!(figures, ["rank-curve.svg"]);
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
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
fn a_folder_is_no_study_but_may_hold_one() {
    let folder = workshop();
    study(folder.path(), "");
    let outcome = run("regenerate", &["."], folder.path());
    assert_eq!(outcome.code, 1);
    let error = outcome.error();
    assert!(
        error.contains("give the study in it: ./study.toml"),
        "{error}"
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
    let row = |rank: &u32| format!("q{rank},q+v,{rank},4,0,sst2,accuracy,0.123{rank},\n");
    let wide: String = ranks.iter().map(row).collect();
    for (rows, venue, wanted) in [
        (wide.as_str(), "icml", "\\begin{table*}"),
        (&wide, "acl", "\\begin{table*}"),
        (&wide, "neurips", "\\begin{table}"),
        (&wide, "plain", "\\begin{table}"),
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
        let seven = if ["icml", "acl"].contains(&venue) {
            "\\begin{table*}"
        } else {
            "\\begin{table}"
        };
        assert_eq!(environment("table7"), seven, "{venue}");
    }
}
