//! Study files that ask for something: figures, tables, sizes.

use std::fs;
use std::path::Path;

use crate::made::in_svg;
use crate::programs::{Outcome, files, run};
use crate::workshop::workshop;
use serde_json::json;

pub(crate) fn done(arguments: &[&str], folder: &Path) -> Outcome {
    let outcome = run("regenerate", arguments, folder);
    assert_eq!(outcome.code, 0, "{arguments:?}: {}", outcome.stderr);
    outcome
}

/// The study of the workshop's three adapters, with more below.
pub(crate) fn study(folder: &Path, more: &str) {
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
    assert_eq!(figures, in_svg(&["figure3", "figure8"]));
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
    // The figure of its factors goes with the table.
    let strays = [
        "figures/tiny/amplification.caption.md",
        "figures/tiny/amplification.caption.tex",
        "figures/tiny/amplification.pdf",
        "figures/tiny/amplification.png",
        "figures/tiny/amplification.svg",
        "notebooks-export/tiny/table7.csv",
        "notebooks-export/tiny/table7.md",
        "notebooks-export/tiny/table7.tex",
    ];
    for stray in &strays {
        assert!(outcome.stderr.contains(stray), "{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("mine.ipynb"), "{}", outcome.stderr);
    // Quiet or not, what differs is said: these, and nothing else.
    let outcome = run(
        "regenerate",
        &["study.toml", "--check", "-q"],
        folder.path(),
    );
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(lines.len(), strays.len() + 1, "{}", outcome.stderr);
    for (line, stray) in lines.iter().zip(&strays) {
        assert!(line.starts_with(stray), "{line}");
    }
    assert!(
        lines[strays.len()].ends_with("run `regenerate study.toml` and look at the changes"),
        "{}",
        outcome.stderr
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
        ("cvpr", 3.28125, 6.875),
        ("colm", 5.5, 5.5),
        ("tmlr", 6.5, 6.5),
        ("aaai", 3.3125, 7.0),
        ("jmlr", 6.0, 6.0),
    ] {
        let print =
            format!("[figures]\nprojections = [\"q_proj\"]\n[print]\nvenue = \"{venue}\"\n");
        study(folder.path(), &print);
        done(&["study.toml", "--format", "svg"], folder.path());
        for (figure, wanted) in [
            (3, column),
            (4, column),
            // With labels of rows, and long numbers of chance, a narrow column is too small for it.
            (6, if venue == "acl" { text } else { column }),
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
    // The text of LaTeX's article, in inches.
    assert!(width(&path) <= 345.0 / 72.27 + 5e-5);
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
fn notes_cells_and_the_excess_are_a_studys_choice() {
    let folder = workshop();
    let made = |more: &str| {
        study(folder.path(), more);
        let outcome = done(&["study.toml", "--format", "svg"], folder.path());
        let file = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        let figure = file("figures/tiny/figure4.svg");
        let caption = file("figures/tiny/figure4.caption.md");
        (
            outcome.stderr,
            figure,
            caption,
            file("notebooks-export/tiny/overlap.csv"),
        )
    };
    let (said, both, caption, drawn) = made("");
    assert!(
        said.contains("grids that figures show, overlap.npz all"),
        "{said}"
    );
    assert!(caption.contains("chance, max(*i*,"), "{caption}");
    let height = |svg: &str| -> f64 {
        let (_, rest) = svg.split_once(" height=\"").unwrap();
        rest.split_once("in\"").unwrap().0.parse().unwrap()
    };
    let (_, without, _, _) = made("[figures]\nnotes = \"files\"\n");
    assert!(
        height(&without) < height(&both),
        "the notes stand in files alone"
    );
    fs::remove_dir_all(folder.path().join("figures")).unwrap();
    let (_, _, caption, _) = made("[figures]\nnotes = \"picture\"\n");
    assert_eq!(caption, "");
    let (_, excess, caption, rows) = made("[figures]\nshow = \"excess\"\n");
    assert!(excess.contains("excess of φ(") && caption.contains("(φ − chance)/(1 − chance)"));
    assert_eq!(rows, drawn, "the tables have φ in any case");
    done(&["study.toml"], folder.path());
    done(&["study.toml", "--check"], folder.path());
    let text = fs::read_to_string(folder.path().join("study.toml")).unwrap();
    let all = text.replace("[compare]", "[compare]\ncells = \"all\"");
    fs::write(folder.path().join("study.toml"), all).unwrap();
    let outcome = done(&["study.toml", "--format", "svg"], folder.path());
    assert!(
        outcome.stderr.contains("overlap.csv has all"),
        "{}",
        outcome.stderr
    );
    let path = folder.path().join("notebooks-export/tiny/overlap.csv");
    assert!(fs::read_to_string(path).unwrap().len() > drawn.len());
}
