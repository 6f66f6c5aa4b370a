//! The notebooks are run, and what they rebuild is held to the report's figures and to table7.csv.

mod common;

use std::path::Path;

use common::{python, run, strange_study};

#[test]
fn the_built_in_notebook_rebuilds_every_figure_and_table() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let outcome = run("regenerate", &["-q", "--format", "svg", "--out", out], root);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let tables = folder.path().join("notebooks-export/minilm-sst2");
    let said = python("notebook/run.py", &[&tables]);
    assert_eq!(said, "5 figures, 51479 cells, table 7: True\n");
}

#[test]
fn strange_names_and_turned_pairs_are_rebuilt_too() {
    let folder = strange_study(&["--format", "svg"]);
    let tables = folder.path().join("notebooks-export").join(common::STRANGE);
    let said = python("notebook/run.py", &[&tables]);
    assert!(
        said.starts_with("10 figures, ") && said.ends_with("table 7: True\n"),
        "{said}"
    );
}
