//! `regenerate` writes a study in place, and checks what stands there.

use std::fs;
use std::path::Path;

use crate::made::{OF_EVERYTHING, done, figure_files};
use crate::programs::{files, run};
use crate::workshop::workshop;

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
