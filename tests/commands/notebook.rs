//! The notebooks are run, and what they rebuild is held to the report's figures and to the tables.

use std::fs;

use crate::files::repository;
use crate::full_runs::full_study;
use crate::made::done;
use crate::many::with_study;
use crate::programs::run;
use crate::python::python;
use crate::strange::{STRANGE, strange_study};

/// What the notebook of a study of this repository rebuilds; `None` where no Python can run it.
fn rebuilt(study: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let root = repository();
    let file = format!("experiments/{study}/study.toml");
    let arguments = [&file, "-q", "--format", "svg", "--out", out];
    let outcome = run("regenerate", &arguments, root);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let tables = folder.path().join("notebooks-export").join(study);
    python("notebook/run.py", &[&tables])
}

#[test]
fn the_built_in_notebook_rebuilds_every_figure_and_table() {
    let Some(said) = rebuilt("minilm-sst2") else {
        return;
    };
    assert_eq!(said, "11 figures, 51479 cells, table5, table6, table7\n");
}

#[test]
fn so_does_that_of_published_values() {
    let Some(said) = rebuilt("lora-paper") else {
        return;
    };
    assert!(
        said.starts_with("8 figures, ") && said.ends_with("table5, table6, table18, table7\n"),
        "{said}"
    );
}

#[test]
fn strange_names_and_turned_pairs_are_rebuilt_too() {
    let folder = strange_study(&["--format", "svg"]);
    let tables = folder.path().join("notebooks-export").join(STRANGE);
    let Some(said) = python("notebook/run.py", &[&tables]) else {
        return;
    };
    assert!(
        said.starts_with("16 figures, ") && said.ends_with(" cells, table7\n"),
        "{said}"
    );
}

#[test]
fn so_are_full_fine_tunes() {
    let folder = full_study(&["--format", "svg"]);
    let tables = folder.path().join("notebooks-export/tiny");
    let Some(said) = python("notebook/run.py", &[&tables]) else {
        return;
    };
    assert!(
        said.ends_with(" cells, table5, table6, table18, table7\n"),
        "{said}"
    );
}

#[test]
fn so_are_maps_of_many_adapters() {
    let folder = with_study("[many]\n");
    done(
        "regenerate",
        &["study.toml", "--format", "svg"],
        folder.path(),
    );
    let tables = folder.path().join("notebooks-export/s");
    let Some(said) = python("notebook/run.py", &[&tables]) else {
        return;
    };
    // Of spectra, sizes and many.
    assert!(said.starts_with("3 figures, "), "{said}");
}

#[test]
fn tables_that_are_no_set_are_named() {
    let folder = strange_study(&["--format", "svg"]);
    let tables = folder.path().join("notebooks-export").join(STRANGE);
    // The same rows, in a file that is another.
    let (changed, gone) = (tables.join("ranks.csv"), tables.join("layers.csv"));
    let text = fs::read_to_string(&changed).unwrap();
    fs::write(&changed, text + "\n").unwrap();
    fs::remove_file(gone).unwrap();
    let Some(said) = python("notebook/run.py", &[&tables]) else {
        return;
    };
    let expected = "layers.csv is gone, but files.json lists it\nranks.csv is not the file that files.json lists\n16 figures, ";
    assert!(said.starts_with(expected), "{said}");
    fs::remove_file(tables.join("files.json")).unwrap();
    let said = python("notebook/run.py", &[&tables]).unwrap();
    assert!(said.starts_with("there is no files.json: "), "{said}");
}
