//! `runs.csv` that is wrong: one error each, with file and line, before any work.

use std::fs;
use std::path::Path;

use crate::programs::run;
use crate::workshop::{AdapterFolder, D_IN, D_OUT, MODULES, factor, workshop};

pub(crate) const HEADER: &str =
    "adapter,weight_types,rank,alpha,seed,task,metric,value,trainable_parameters\n";
/// Good runs, lines 2 to 4.
pub(crate) const GOOD: &str = "\
one,q+v,2,4,0,sst2,accuracy,0.75,88
two,q+v,3,4,0,sst2,accuracy,0.80,
k,k,2,4,0,sst2,accuracy,0.60,44
";

pub(crate) fn study(folder: &Path, more: &str) {
    let text = format!(
        "name = \"s\"\nbase = \"base\"\nruns = \"runs.csv\"\n[[adapter]]\nname = \"one\"\npath = \"one\"\n\
         [[adapter]]\nname = \"two\"\npath = \"two\"\n{more}"
    );
    fs::write(folder.join("study.toml"), text).unwrap();
}

/// Refused at a line of a file, with some words; nothing is written.
pub(crate) fn refused(folder: &Path, file: &str, line: usize, words: &[&str]) {
    let outcome = run("regenerate", &["study.toml", "--out", "out"], folder);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    let error = outcome.error();
    let place = format!("error: {file}: line {line}: ");
    assert!(error.starts_with(&place), "not {place}: {error}");
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    assert!(error.contains("; "), "no remedy in: {error}");
    assert!(!folder.join("out").exists());
}

#[test]
fn the_runs_that_the_others_are_made_of_are_good() {
    let folder = workshop();
    study(folder.path(), "");
    // Spreadsheets write a mark before the header, other line ends, and further columns.
    let header = HEADER.replace('\n', ",notes\n");
    let rows: String = GOOD.lines().map(|line| format!("{line},\n")).collect();
    let text = format!("\u{feff}{header}{rows}").replace('\n', "\r\n");
    fs::write(folder.path().join("runs.csv"), text).unwrap();
    let arguments = ["study.toml", "--no-figures"];
    let outcome = run("regenerate", &arguments, folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn rows_that_are_wrong() {
    let folder = workshop();
    study(folder.path(), "");
    let path = folder.path().join("runs.csv");
    for (header, row, line, words) in [
        (
            HEADER.replace("metric", "metrik"),
            "",
            1,
            [
                "no column `metric`, and `metrik` is none",
                "did you mean `metric`?",
            ],
        ),
        (
            HEADER.replace(',', ";"),
            "",
            1,
            ["separated by semicolons", "separate them by commas"],
        ),
        (
            HEADER.replace(",value", ""),
            "",
            1,
            ["no column `value`", "the columns are adapter"],
        ),
        (
            HEADER.replace("seed,", "seed,rank,"),
            "",
            1,
            ["two columns", "`rank`"],
        ),
        (
            HEADER.into(),
            "x,q,8,16,0,sst2,accuracy,high,",
            5,
            ["value is `high`", "a number"],
        ),
        (
            HEADER.into(),
            "x,q,8,16,0,sst2,accuracy,NaN,",
            5,
            ["value is `NaN`", "a number"],
        ),
        (
            HEADER.into(),
            "x,q,8,16,0,sst2,accuracy,1e16,",
            5,
            ["value is `1e16`", "a number from -1e15 to 1e15"],
        ),
        (
            HEADER.into(),
            "x,q,8,16,0,sst2,accuracy,,",
            5,
            ["value is ``", "leave the line out"],
        ),
        (
            HEADER.into(),
            "x,q,0,16,0,sst2,accuracy,0.5,",
            5,
            [
                "rank is `0`",
                "a whole number from 1, or nothing for a full fine-tune",
            ],
        ),
        (
            HEADER.into(),
            "x,q,,16,0,sst2,accuracy,0.5,",
            5,
            [
                "alpha is 16, and rank is empty: a full fine-tune has no α",
                "leave alpha empty too",
            ],
        ),
        (
            HEADER.into(),
            "two,q+v,,,0,sst2,val_loss,0.5,",
            5,
            ["`two` has another rank than in line 3", "correct one"],
        ),
        (
            HEADER.into(),
            "x,q,,,0,sst2,accuracy,0.5,\ny,q,,,0,sst2,accuracy,0.6,",
            6,
            ["`y` has the same seed as `x` in line 5", "table5 ="],
        ),
        (
            HEADER.into(),
            "x,q,8,16,-1,sst2,accuracy,0.5,",
            5,
            ["seed is `-1`", "or nothing"],
        ),
        (
            HEADER.into(),
            "x,q,8,16,0,sst2,accuracy,0.5,1e6",
            5,
            ["trainable_parameters is `1e6`", "whole"],
        ),
        (
            HEADER.into(),
            "x,q,8,16,0,,accuracy,0.5,",
            5,
            ["task is empty", "write a name"],
        ),
        (
            HEADER.into(),
            "x,q+,8,16,0,sst2,accuracy,0.5,",
            5,
            ["weight_types is `q+`", "q+v"],
        ),
        (
            HEADER.into(),
            "x,q+q_proj,8,16,0,sst2,accuracy,0.5,",
            5,
            ["weight_types", "once"],
        ),
        (
            HEADER.into(),
            "x,q,8",
            5,
            ["found record with 3 fields", "a field for each column"],
        ),
        (
            HEADER.into(),
            "k,k,2,4,0,sst2,accuracy,0.61,44",
            5,
            ["`k` has accuracy on sst2 already", "line 4"],
        ),
        (
            HEADER.into(),
            "k,k,4,4,0,sst2,val_loss,0.61,44",
            5,
            ["another rank than in line 4", "correct one"],
        ),
        (
            HEADER.into(),
            "x,v+q,2,8,1,sst2,accuracy,0.5,",
            5,
            ["another alpha than `one` in line 2", "table5 ="],
        ),
        (
            HEADER.into(),
            "x,v+q,2,4,0,sst2,accuracy,0.5,",
            5,
            ["the same seed as `one` in line 2", "table"],
        ),
        (
            HEADER.into(),
            "x,v+q,2,4,1,sst2,accuracy,0.5,90",
            5,
            ["another trainable_parameters", "line 2"],
        ),
    ] {
        fs::write(&path, format!("{header}{GOOD}{row}\n")).unwrap();
        refused(folder.path(), "runs.csv", line, &words);
    }
    fs::write(&path, "").unwrap();
    refused(
        folder.path(),
        "runs.csv",
        1,
        &["the file is empty", "the columns are adapter"],
    );
    fs::write(&path, HEADER).unwrap();
    refused(folder.path(), "runs.csv", 1, &["no run below the header"]);
    fs::write(
        &path,
        HEADER.to_string() + &GOOD.replace("0.75,88", "0.75,44"),
    )
    .unwrap();
    let words = [
        "trainable_parameters is 44",
        "the factors of adapter `one` have 88 entries",
    ];
    refused(folder.path(), "runs.csv", 2, &words);
    fs::remove_file(&path).unwrap();
    refused(
        folder.path(),
        "study.toml",
        3,
        &["runs: runs.csv: no such file"],
    );
}

#[test]
fn tables_that_the_runs_do_not_give() {
    let folder = workshop();
    fs::write(folder.path().join("runs.csv"), format!("{HEADER}{GOOD}")).unwrap();
    for (more, line, words) in [
        (
            "[tables]\nwhich = [\"7\", \"5\"]\n",
            11,
            [
                "table 5 needs runs of two weight types",
                "leave the table out",
            ],
        ),
        (
            "[tables]\nwhich = [\"18\"]\n",
            11,
            ["table 18 needs runs of two ranks", "two metrics"],
        ),
        (
            "[tables]\ntable5 = [\"x*\"]\n",
            11,
            ["no run of runs.csv is named \"x*\"", "`adapter`"],
        ),
        (
            "[tables]\ntable6 = [\"one\"]\nwhich = [\"6\"]\n",
            12,
            ["table 6 needs", "two ranks"],
        ),
        (
            "[figures]\nwhich = [\"rank-curve\"]\n[tables]\ntable6 = [\"one\"]\ntable18 = [\"one\"]\n",
            11,
            ["no runs that the rank curve shows", "two ranks"],
        ),
    ] {
        study(folder.path(), more);
        refused(folder.path(), "study.toml", line, &words);
    }
    let without = |more: &str| {
        study(folder.path(), more);
        let path = folder.path().join("study.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("runs = \"runs.csv\"\n", "")).unwrap();
    };
    without("[tables]\nwhich = [\"5\"]\n");
    refused(
        folder.path(),
        "study.toml",
        10,
        &["table 5 shows runs, and the study has none", "add runs ="],
    );
    without("[figures]\nwhich = [\"rank-curve\"]\n");
    refused(
        folder.path(),
        "study.toml",
        10,
        &["no runs that the rank curve shows", "add runs ="],
    );
}

#[test]
fn runs_that_contradict_their_adapter() {
    let folder = workshop();
    study(folder.path(), "");
    let path = folder.path().join("study.toml");
    let text = fs::read_to_string(&path).unwrap();
    let seeded = text.replacen("path = \"one\"\n", "path = \"one\"\nseed = 0\n", 1);
    fs::write(&path, seeded).unwrap();
    let one = "one,q+v,2,4,0,sst2";
    for (row, words) in [
        (
            "one,q+v,3,4,0,sst2",
            ["rank is 3", "adapter `one` has rank 2"],
        ),
        (
            "one,q+v,,,0,sst2",
            ["rank is empty, as of a full fine-tune,", "`one` has rank 2"],
        ),
        (
            "one,q+v,2,8,0,sst2",
            ["alpha is 8", "adapter `one` has α = 4"],
        ),
        (
            "one,q+v,2,4,1,sst2",
            ["seed is 1", "adapter `one` has seed 0"],
        ),
        (
            "one,q+k,2,4,0,sst2",
            ["weight_types is q+k", "adapter `one` changes q+v"],
        ),
        (
            "one,foo,2,4,0,sst2",
            ["weight_types is foo", "adapter `one` changes q+v"],
        ),
    ] {
        let runs = GOOD.replace(one, row);
        fs::write(folder.path().join("runs.csv"), format!("{HEADER}{runs}")).unwrap();
        refused(folder.path(), "runs.csv", 2, &words);
    }
    // What the file leaves open, and names that may stand for several, are no contradiction.
    for row in ["one,q+v,2,,,sst2", "one,attention,2,4,0,sst2"] {
        let runs = GOOD.replace(one, row);
        fs::write(folder.path().join("runs.csv"), format!("{HEADER}{runs}")).unwrap();
        let outcome = run("regenerate", &["study.toml", "--no-figures"], folder.path());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert!(
            !outcome.stderr.contains("did you mean"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn a_run_named_almost_as_an_adapter() {
    let folder = workshop();
    study(folder.path(), "");
    let warned = |from: &str, to: &str| {
        let runs = GOOD.replace(from, to);
        fs::write(folder.path().join("runs.csv"), format!("{HEADER}{runs}")).unwrap();
        let outcome = run("regenerate", &["study.toml", "--no-figures"], folder.path());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        outcome
            .stderr
            .contains("line 2: no adapter is named `onne`; did you mean `one`?")
    };
    assert!(warned("one,", "onne,"));
    // Of another rank it is another run.
    assert!(!warned(
        "one,q+v,2,4,0,sst2,accuracy,0.75,88",
        "onne,q+v,4,4,0,sst2,accuracy,0.75,"
    ));
}

#[test]
fn runs_whose_adapters_change_more_than_attention() {
    let folder = workshop();
    study(folder.path(), "");
    // v_proj is gate_proj now, which has no letter.
    let mut adapter = AdapterFolder::new(2, 1);
    for module in MODULES.iter().filter(|module| module.contains("v_proj")) {
        for letter in ['A', 'B'] {
            let name = factor(module, letter);
            let shape = if letter == 'A' { [2, D_IN] } else { [D_OUT, 2] };
            let other = name.replace("v_proj", "gate_proj");
            adapter = adapter.tensors(|tensors| tensors.without(&name).with(&other, &shape, 3));
        }
    }
    adapter.save(&folder.path().join("one"));
    let one = "one,q+v,2,4,0,sst2";
    for written in ["q", "q+v", "foo", "attention", "q+gate_proj+up_proj"] {
        let runs = GOOD.replace(one, &format!("one,{written},2,4,0,sst2"));
        fs::write(folder.path().join("runs.csv"), format!("{HEADER}{runs}")).unwrap();
        let said = format!("weight_types is {written}, and adapter `one` changes q+gate_proj");
        refused(folder.path(), "runs.csv", 2, &[&said]);
    }
    for written in ["q+gate_proj", "gate+q_proj", "all-linear", "attention+mlp"] {
        let runs = GOOD.replace(one, &format!("one,{written},2,4,0,sst2"));
        fs::write(folder.path().join("runs.csv"), format!("{HEADER}{runs}")).unwrap();
        let outcome = run("regenerate", &["study.toml", "--no-figures"], folder.path());
        assert_eq!(outcome.code, 0, "{written}: {}", outcome.stderr);
    }
}
