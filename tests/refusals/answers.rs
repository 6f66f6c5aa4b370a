//! Items and answers that contradict the scores: one error each, with file and line.

use std::fs;

use crate::programs::run;
use crate::runs::{GOOD, HEADER, refused, study};
use crate::workshop::workshop;

#[test]
fn scores_that_no_number_of_items_gives() {
    let folder = workshop();
    study(folder.path(), "");
    let path = folder.path().join("runs.csv");
    let header = HEADER.replace('\n', ",items\n");
    let good: String = GOOD.lines().map(|line| format!("{line},20\n")).collect();
    for (row, words) in [
        (
            "x,q,8,16,0,sst2,accuracy,0.5,,0",
            ["items is `0`", "from 1"],
        ),
        (
            "x,q,8,16,0,sst2,accuracy,0.5,,x",
            ["items is `x`", "leave it empty"],
        ),
        (
            "x,q,8,16,0,sst2,accuracy,0.53,,10",
            ["no number of 10 items gives that", "5 of 10 are 0.500000"],
        ),
        (
            "x,q,8,16,0,sst2,f1,0.5,,10",
            ["f1 is no share", "leave items empty"],
        ),
        (
            "x,q,8,16,0,sst2,accuracy,-0.5,,10",
            ["lies between 0 and 1", "leave items empty"],
        ),
    ] {
        fs::write(&path, format!("{header}{good}{row}\n")).unwrap();
        refused(folder.path(), "runs.csv", 5, &words);
    }
    // Percent beside shares of 1: the first of these are said to be wrong.
    let row = "x,q,8,16,0,sst2,accuracy,50,,10";
    fs::write(&path, format!("{header}{good}{row}\n")).unwrap();
    let words = ["value is 0.75, and others of accuracy on sst2 are percent"];
    refused(folder.path(), "runs.csv", 2, &words);
    fs::write(&path, format!("{}{good}", header.replace("items", "item"))).unwrap();
    let words = ["`item` is none of the columns", "did you mean `items`?"];
    refused(folder.path(), "runs.csv", 1, &words);
}

#[test]
fn answers_that_are_wrong() {
    let folder = workshop();
    study(folder.path(), "");
    let path = folder.path().join("study.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replacen("base =", "answers = \"answers.csv\"\nbase =", 1);
    fs::write(&path, &text).unwrap();
    let header = HEADER.replace('\n', ",items\n");
    let good: String = GOOD
        .lines()
        .zip(["4", "5", ""])
        .map(|(line, items)| format!("{line},{items}\n"))
        .collect();
    let runs = folder.path().join("runs.csv");
    fs::write(&runs, format!("{header}{good}")).unwrap();
    refused(
        folder.path(),
        "study.toml",
        2,
        &["answers: answers.csv: no such file"],
    );
    let answers = |name: &str, right: &str| -> String {
        let line = |(item, right): (usize, char)| format!("{name},{item},{right}\n");
        right.chars().enumerate().map(line).collect()
    };
    let one = answers("one", "1101");
    for (text, line, words) in [
        (
            "adapter,item\n".into(),
            1,
            ["no column `right`", "the columns are"],
        ),
        (
            "adapter,item,right\n".into(),
            1,
            ["no answer below", "add a line"],
        ),
        (
            format!("adapter,item,right\n{one}k,0,1\n"),
            6,
            ["named `k` and has items", "names"],
        ),
        (
            format!("adapter,item,right\n{one}one,2,1\n"),
            6,
            ["item `2` already, in line 4", "leave one out"],
        ),
        (
            format!("adapter,item,right\n{one}two,0,yes\n"),
            6,
            ["right is `yes`", "0 or 1"],
        ),
        (
            format!("adapter,item,right\n{one}two,,1\n"),
            6,
            ["item is empty", "the same for every run"],
        ),
        (
            format!("adapter,item,right\n{}", answers("one", "110")),
            4,
            ["has 3 answers, and 4 items", "correct"],
        ),
        (
            format!("adapter,item,right\n{}", answers("one", "1100")),
            5,
            ["has 2 right answers of 4", "accuracy in runs.csv is 0.75"],
        ),
        (
            format!("adapter,item,right\n{one}{}", answers("two", "11110")),
            10,
            ["`one` has no answer to item `4`", "the same items"],
        ),
    ] {
        fs::write(folder.path().join("answers.csv"), text).unwrap();
        refused(folder.path(), "answers.csv", line, &words);
    }
    fs::write(&runs, format!("{HEADER}{GOOD}")).unwrap();
    let outcome = run("regenerate", &["study.toml"], folder.path());
    let words = "answers.csv: answers are of one task and metric, and runs.csv has items for 0";
    assert!(
        outcome.code == 1 && outcome.error().contains(words),
        "{}",
        outcome.stderr
    );
    fs::write(&path, text.replace("runs = \"runs.csv\"\n", "")).unwrap();
    refused(
        folder.path(),
        "study.toml",
        2,
        &["the study has no runs", "leave answers out"],
    );
}
