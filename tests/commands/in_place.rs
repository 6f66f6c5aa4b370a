//! `regenerate` writes a study in place, and checks what stands there.

use std::fs;
use std::path::Path;

use crate::made::{OF_EVERYTHING, done, figure_files};
use crate::programs::{files, run};
use crate::workshop::workshop;

/// A small study with a base, in a folder of its own, whose results belong beside that.
fn study(folder: &Path) {
    study_with(folder, "[output]\nfolder = \"..\"\n");
}

fn study_with(folder: &Path, more: &str) {
    let adapter = |name: &str| format!("[[adapter]]\nname = \"{name}\"\npath = \"../{name}\"\n");
    let text = format!(
        "name = \"tiny\"\nbase = \"../base\"\n{}{}{}[compare]\nbases = [\"a\", \"delta-left\"]\nranks = [\"one\", \"two\"]\n\
         seeds = [\"one\", \"three\"]\nbase = [\"one\", \"two\"]\n[figures]\nlayer = 0\n{more}",
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
    assert_eq!(names, figure_files(&OF_EVERYTHING));
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
    change(
        "notebooks-export/tiny/placement.csv",
        ",1,out,0",
        ",1,out,1",
    );
    change("notebooks-export/tiny/table7.md", "", "\n\n");
    change("figures/tiny/placement.svg", "", "\n\n");
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

/// Wherever one stands, the same files are made in the same place.
#[test]
fn results_belong_to_the_study_and_not_to_the_folder_one_stands_in() {
    let folder = workshop();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("elsewhere/deep")).unwrap();
    let places = [
        (".", "study/study.toml"),
        ("study", "study.toml"),
        ("elsewhere/deep", "../../study/study.toml"),
    ];
    for (more, place) in [
        ("", "study"),
        ("[output]\nfolder = \".\"\n", "study"),
        ("[output]\nfolder = \"../results\"\n", "results"),
        (
            "[output]\nfolder = \"../elsewhere/../results\"\n",
            "results",
        ),
    ] {
        study_with(folder.path(), more);
        let mut first: Option<Vec<(String, Vec<u8>)>> = None;
        for (here, study) in places {
            let outcome = run("regenerate", &[study, "--check"], &at(here));
            let is_made = "nothing has been made yet";
            assert_eq!(first.is_none(), outcome.stderr.contains(is_made), "{here}");
            done("regenerate", &[study, "--format", "svg"], &at(here));
            let read = |name: String| (name.clone(), fs::read(at(place).join(name)).unwrap());
            let names = files(&at(place)).into_iter();
            let made = names.filter(|name| !name.contains("run-") && *name != "study.toml");
            let made: Vec<(String, Vec<u8>)> = made.map(read).collect();
            assert!(made.len() > 20, "{more} in {here}: {}", made.len());
            assert!(
                first.get_or_insert(made.clone()) == &made,
                "{more} in {here}"
            );
        }
        for other in ["figures", "notebooks-export", "elsewhere/deep/figures"] {
            assert!(!at(other).exists(), "{more}: {other}");
        }
        for made in ["figures", "notebooks-export"] {
            fs::remove_dir_all(at(place).join(made)).unwrap();
        }
    }
}

#[test]
fn a_folder_on_the_command_line_wins_over_the_study() {
    let folder = workshop();
    study_with(folder.path(), "[output]\nfolder = \"../results\"\n");
    let arguments = ["study/study.toml", "--no-figures", "--out", "mine"];
    let outcome = done("regenerate", &arguments, folder.path());
    assert!(outcome.stdout.starts_with("mine/"), "{}", outcome.stdout);
    assert!(folder.path().join("mine/notebooks-export/tiny").is_dir());
    assert!(!folder.path().join("results").exists());
    // The paths that are printed lead there from where one stands.
    let outcome = done(
        "regenerate",
        &["study.toml", "--no-figures"],
        &folder.path().join("study"),
    );
    let first = outcome.stdout.lines().next().unwrap();
    assert!(
        first.starts_with("../results/notebooks-export/tiny/"),
        "{first}"
    );
    assert!(folder.path().join("study").join(first).is_file());
}
