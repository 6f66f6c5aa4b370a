//! The error of scores against SciPy and NumPy, and what a study makes of items and answers.

use std::collections::HashMap;
use std::fs;

use lora_subspace::paper::Table;
use lora_subspace::table::{Answers, AnswersRow, RunTable, RunsRow};
use serde_json::Value;

use crate::files::golden;
use crate::golden_values::{close, number};
use crate::study::{done, study};
use crate::workshop::workshop;

/// Runs and their answers, as `scores.py` drew them.
fn drawn(golden: &Value) -> (Vec<RunsRow>, Vec<AnswersRow>) {
    let (mut runs, mut answers) = (Vec::new(), Vec::new());
    for run in golden["runs"].as_array().unwrap() {
        let name = run["name"].as_str().unwrap();
        let bits = run["answers"].as_str().unwrap();
        let right = bits.bytes().filter(|bit| *bit == b'1').count();
        runs.push(RunsRow {
            adapter: name.into(),
            weight_types: "q+v".into(),
            rank: run["rank"].as_u64().map(|rank| rank as usize),
            alpha: Some(16.0),
            seed: run["seed"].as_u64(),
            task: "t".into(),
            metric: "accuracy".into(),
            value: right as f64 / bits.len() as f64,
            trainable_parameters: None,
            items: Some(bits.len() as u64),
        });
        answers.extend(bits.bytes().enumerate().map(|(item, bit)| AnswersRow {
            adapter: name.into(),
            item: item.to_string(),
            right: bit - b'0',
        }));
    }
    (runs, answers)
}

/// The rows of a table's CSV by their columns.
fn rows(table: &RunTable) -> Vec<HashMap<String, String>> {
    let bytes = table.csv().unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    reader.deserialize().map(Result::unwrap).collect()
}

/// Holds table 6 against what `scores.py` says of one of its cases.
fn agrees(rows: &[HashMap<String, String>], case: &Value, whole: f64) {
    for (row, expected) in rows.iter().zip(case["rows"].as_array().unwrap()) {
        let expected = expected.as_object().unwrap();
        for (column, value) in expected.iter().filter(|(column, _)| *column != "rank") {
            close(row[column].parse().unwrap(), whole * number(value), 1e-8);
        }
        let is_best = case["best"] == expected["rank"];
        assert_eq!(row["best"], is_best.to_string(), "{row:?}");
        assert_eq!(row["behind"].is_empty(), !expected.contains_key("behind"));
    }
}

#[test]
fn errors_are_those_of_scipy_and_numpy() {
    let golden: Value = serde_json::from_slice(&fs::read(golden("scores.json")).unwrap()).unwrap();
    let (runs, rows_of_answers) = drawn(&golden);
    let answers = Answers::new(&rows_of_answers);
    // Only in pairs is the best ahead: what both miss says nothing of their difference.
    assert!(golden["unpaired"]["best"].is_null() && golden["paired"]["best"] == 16);
    let unpaired = RunTable::new(Table::Six, &runs).unwrap();
    agrees(&rows(&unpaired), &golden["unpaired"], 1.0);
    assert!(!unpaired.markdown().contains("**"));
    let paired = RunTable::with_answers(Table::Six, &runs, &answers).unwrap();
    agrees(&rows(&paired), &golden["paired"], 1.0);
    assert_eq!(paired.markdown().matches("**").count(), 2);

    // In percent everything is a hundred times as much.
    let percent = |run: &RunsRow| RunsRow {
        value: 100.0 * run.value,
        ..run.clone()
    };
    let in_percent: Vec<RunsRow> = runs.iter().map(percent).collect();
    let table = RunTable::with_answers(Table::Six, &in_percent, &answers).unwrap();
    agrees(&rows(&table), &golden["paired"], 100.0);
    // Of an error less is better, and the differences are the same.
    let error = |run: &RunsRow| RunsRow {
        value: 1.0 - run.value,
        metric: "error rate".into(),
        ..run.clone()
    };
    let errors: Vec<RunsRow> = runs.iter().map(error).collect();
    for (answers, case) in [(&Answers::default(), "unpaired"), (&answers, "paired")] {
        let table = RunTable::with_answers(Table::Six, &errors, answers).unwrap();
        for (row, expected) in rows(&table)
            .iter()
            .zip(golden[case]["rows"].as_array().unwrap())
        {
            if let Some(low) = expected.get("behind_low") {
                close(row["behind_low"].parse().unwrap(), number(low), 1e-8);
            }
        }
    }
}

#[test]
fn where_items_are_not_known_of_all_the_best_as_printed_is_bold() {
    let golden: Value = serde_json::from_slice(&fs::read(golden("scores.json")).unwrap()).unwrap();
    let (mut runs, _) = drawn(&golden);
    runs[0].items = None;
    let table = RunTable::new(Table::Six, &runs).unwrap();
    assert_eq!(table.markdown().matches("**").count(), 2);
    assert!(rows(&table).iter().all(|row| !row.contains_key("behind")));
    runs.iter_mut().for_each(|run| run.items = None);
    let table = RunTable::new(Table::Six, &runs).unwrap();
    let columns = String::from_utf8(table.csv().unwrap()).unwrap();
    assert!(
        columns
            .starts_with("task,metric,weight_types,rank,trainable_parameters,mean,sd,runs,best\n")
    );
}

#[test]
fn a_study_says_the_error_and_judges_in_pairs() {
    let folder = workshop();
    let header =
        "adapter,weight_types,rank,alpha,seed,task,metric,value,trainable_parameters,items\n";
    let runs = "one,q+v,2,4,0,sst2,accuracy,0.5,,40\nlast,q+v,8,4,0,sst2,accuracy,0.7,,40\n";
    fs::write(folder.path().join("runs.csv"), format!("{header}{runs}")).unwrap();
    // `last` knows eight more, and all that `one` knows.
    let answer = |item: usize| {
        let right = [usize::from(item < 20), usize::from(item < 28)];
        format!("one,{item},{}\nlast,{item},{}\n", right[0], right[1])
    };
    let answers: String = (0..40).map(answer).collect();
    let answers = format!("adapter,item,right\n{answers}");
    fs::write(folder.path().join("answers.csv"), &answers).unwrap();
    let tables = folder.path().join("notebooks-export/tiny");
    let table = |keys: &str| {
        study(folder.path(), "");
        let path = folder.path().join("study.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen("base =", &format!("{keys}base ="), 1)).unwrap();
        done(&["study.toml"], folder.path());
        done(&["study.toml", "--check"], folder.path());
        fs::read_to_string(tables.join("table6.md")).unwrap()
    };
    let alone = table("runs = \"runs.csv\"\n");
    assert!(
        alone.contains("40 items each, with a standard error of 7.2 to 7.9 points"),
        "{alone}"
    );
    assert!(
        alone.contains(": none is.") && !alone.contains("**"),
        "{alone}"
    );
    assert!(!tables.join("answers.csv").exists());
    let paired = table("runs = \"runs.csv\"\nanswers = \"answers.csv\"\n");
    assert!(paired.contains("| W_q, W_v | 0.5 | **0.7** |"), "{paired}");
    assert!(
        paired.contains("where it is ahead of all others"),
        "{paired}"
    );
    assert_eq!(
        fs::read_to_string(tables.join("answers.csv")).unwrap(),
        answers
    );
    let report = fs::read_to_string(tables.join("report.html")).unwrap();
    assert!(report.contains("answers.csv"));
}
