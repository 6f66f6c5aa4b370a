//! Findings of the built-in study against NumPy (tests/golden/findings.py), and their files.

use std::fs;
use std::path::Path;

use crate::files::repository;
use crate::golden_values::{FINDINGS, close, number, numbers};
use crate::programs::{files, run};
use crate::workshop::workshop;
use lora_subspace::findings::{Evidence, findings};
use lora_subspace::study::{Plan, Request};
use lora_subspace::table::{EvidenceRow, FindingRow, from_csv, to_csv};

fn study() -> (Vec<EvidenceRow>, Vec<FindingRow>) {
    let request = Request::everything();
    let path = repository().join("experiments/minilm-sst2/study.toml");
    let plan = Plan::from_file(&path, &request).unwrap();
    let results = plan.run(&|| {}).unwrap();
    let mut evidence = Evidence::of_plan(&plan);
    evidence.take(&results.grids, &results.evidence);
    let rows = evidence.rows(&results.amplification).unwrap();
    let found = findings(&rows);
    (rows, found)
}

#[test]
fn the_built_in_study_as_numpy_has_it() {
    let (rows, found) = study();
    let golden = &FINDINGS["minilm-sst2"];
    let mut compared = 0;
    for row in &rows {
        let of_module = &golden["modules"][&row.module];
        let both = |name: &str| {
            (
                number(&of_module[name][0]),
                Some(number(&of_module[name][1])),
            )
        };
        let (value, p) = match (row.claim.as_str(), row.basis.as_str()) {
            ("ranks", "a") => both("ranks"),
            ("seeds", "a") => both("seeds"),
            ("correlates", "") => both("correlates"),
            ("new-directions", "") => (number(&of_module["new_directions"]), None),
            ("b-as-a", "b") => (number(&of_module["b"]), None),
            _ => continue,
        };
        close(row.value.unwrap(), value, 1e-9);
        assert_eq!(row.p.is_some(), p.is_some(), "{row:?}");
        if let Some(p) = p {
            close(row.p.unwrap(), p, 1e-8);
        }
        compared += 1;
    }
    assert_eq!(compared, 5 * 12);
    let of = |claim: &str| found.iter().find(|row| row.claim == claim).unwrap();
    for (claim, name) in [
        ("query-value", "query_value"),
        ("factor", "factor"),
        ("b-as-a", "b_as_a"),
    ] {
        close(of(claim).median.unwrap(), number(&golden[name][0]), 1e-8);
    }
    assert_eq!(of("query-value").p, Some(number(&golden["query_value"][1])));
    assert_eq!(of("factor").p, Some(number(&golden["factor"][1])));
    let within = numbers(&golden["b_as_a"])[1..]
        .iter()
        .all(|end| end.abs() < 0.1);
    assert_eq!(of("b-as-a").verdict == "holds", within);
    assert_eq!(found.len(), 7);
}

#[test]
fn findings_come_from_evidence_as_written() {
    let (rows, found) = study();
    let written = to_csv("evidence.csv", &rows).unwrap();
    let read: Vec<EvidenceRow> = from_csv("evidence.csv", &written).unwrap();
    let again = findings(&read);
    for (one, other) in found.iter().zip(&again) {
        assert_eq!(
            (&one.verdict, &one.sentence),
            (&other.verdict, &other.sentence)
        );
    }
    // Nor do they depend on the order of the modules.
    let turned: Vec<EvidenceRow> = read.iter().rev().cloned().collect();
    let verdicts = |found: &[FindingRow]| -> Vec<(String, usize)> {
        found
            .iter()
            .map(|row| (row.verdict.clone(), row.holding))
            .collect()
    };
    let kept = |claims: &[&str], found: &[FindingRow]| -> Vec<(String, usize)> {
        let found: Vec<FindingRow> = found
            .iter()
            .filter(|row| claims.contains(&row.claim.as_str()))
            .cloned()
            .collect();
        verdicts(&found)
    };
    let majority = [
        "ranks",
        "seeds",
        "query-value",
        "correlates",
        "new-directions",
        "b-as-a",
    ];
    assert_eq!(kept(&majority, &findings(&turned)), kept(&majority, &again));
}

/// A study of the workshop's adapters; `more` is its [compare] and what follows.
fn write_study(folder: &Path, base: &str, more: &str) {
    let adapter = |name: &str| format!("[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\n");
    let adapters = ["one", "two", "three"].map(adapter).concat();
    let text = format!("name = \"tiny\"\n{base}{adapters}[compare]\n{more}");
    fs::write(folder.join("study.toml"), text).unwrap();
}

#[test]
fn findings_are_written_and_checked() {
    let folder = workshop();
    let at = |name: &str| folder.path().join("notebooks-export/tiny").join(name);
    let pairs =
        "bases = [\"a\", \"b\"]\nranks = [\"one\", \"two\"]\nseeds = [\"one\", \"three\"]\n";
    write_study(folder.path(), "base = \"base\"\n", pairs);
    let regenerate = |arguments: &[&str]| {
        let arguments = [&["study.toml", "--no-figures"], arguments].concat();
        run("regenerate", &arguments, folder.path())
    };
    let written = |threads: &str| {
        let outcome = regenerate(&["--threads", threads]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        ["evidence.csv", "findings.csv", "findings.md"]
            .map(|name| fs::read_to_string(at(name)).unwrap())
    };
    let first = written("1");
    assert_eq!(first, written("3"), "whatever the number of threads");
    let found: Vec<FindingRow> = from_csv("findings.csv", first[1].as_bytes()).unwrap();
    assert_eq!(found.len(), 7);
    for row in &found {
        assert!(first[2].contains(&row.sentence) && row.count > 0, "{row:?}");
    }
    assert!(!first[2].contains("Not judged"));
    let check = || run("regenerate", &["study.toml", "--check"], folder.path());
    // Pictures are missing, so that it fails anyhow; of these files it says nothing.
    let outcome = check();
    assert!(
        outcome.code == 1
            && !outcome.stderr.contains("findings.")
            && !outcome.stderr.contains("evidence.")
    );
    for (name, text) in ["evidence.csv", "findings.csv", "findings.md"]
        .into_iter()
        .zip(&first)
    {
        let line = text.lines().nth(2).unwrap();
        let changed = match name {
            "evidence.csv" => text.replacen(",0.", ",0.9", 1),
            _ => text.replacen(line, "", 1),
        };
        assert_ne!(&changed, text);
        fs::write(at(name), changed).unwrap();
        let outcome = run("regenerate", &["study.toml", "--check"], folder.path());
        assert!(
            outcome.code == 1 && outcome.stderr.contains(name),
            "{}",
            outcome.stderr
        );
        fs::write(at(name), text).unwrap();
    }
}

#[test]
fn what_cannot_be_judged_is_said() {
    let folder = workshop();
    write_study(folder.path(), "", "seeds = [\"one\", \"three\"]\n");
    let outcome = run("regenerate", &["study.toml", "--no-figures"], folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let page = fs::read_to_string(folder.path().join("notebooks-export/tiny/findings.md")).unwrap();
    let (judged, missing) = page.split_once("Not judged").unwrap();
    assert!(
        judged.contains("| `seeds` |") && judged.contains("| `query-value` |"),
        "{page}"
    );
    for claim in ["ranks", "correlates", "new-directions", "factor", "b-as-a"] {
        assert!(missing.contains(&format!("- `{claim}`: takes ")), "{page}");
    }
    // The other commands make none.
    let outcome = run(
        "subspace-overlap",
        &["one", "three", "--no-figures"],
        folder.path(),
    );
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let tables = files(&folder.path().join("out/notebooks-export/one-vs-three"));
    assert!(
        !tables.iter().any(|name| name.starts_with("findings")),
        "{tables:?}"
    );
}
