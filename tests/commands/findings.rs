//! Findings come from their tables as written; their files.

use std::fs;
use std::path::Path;

use crate::files::repository;
use crate::programs::{files, run};
use crate::workshop::workshop;
use lora_subspace::findings::{Evidence, EvidenceTables, findings};
use lora_subspace::study::{Plan, Request};
use lora_subspace::table::{FindingRow, RanksRow, from_csv, to_csv};

/// Evidence and findings of the built-in study.
pub(crate) fn study() -> (EvidenceTables, Vec<FindingRow>) {
    let request = Request::everything();
    let path = repository().join("experiments/minilm-sst2/study.toml");
    let plan = Plan::from_file(&path, &request).unwrap();
    let results = plan.run(&|| {}).unwrap();
    let mut evidence = Evidence::of_plan(&plan);
    evidence.take(&results);
    let tables = evidence.finish(&results.amplification).unwrap();
    let found = findings(&tables);
    (tables, found)
}

#[test]
fn findings_come_from_tables_as_written() {
    let (tables, found) = study();
    let read = as_written(&tables);
    for (one, other) in found.iter().zip(&findings(&read)) {
        assert_eq!(
            (&one.verdict, &one.sentence),
            (&other.verdict, &other.sentence)
        );
    }
    assert_eq!(found.len(), 10);
    // But for the directions of `factor`, they do not depend on the order of the modules.
    let mut turned = read.clone();
    turned.evidence.reverse();
    turned.draws.reverse();
    turned.layers.reverse();
    let verdicts = |found: &[FindingRow]| -> Vec<(String, String, usize)> {
        let kept = found.iter().filter(|row| row.claim != "factor");
        kept.map(|row| (row.claim.clone(), row.verdict.clone(), row.holding))
            .collect()
    };
    assert_eq!(verdicts(&findings(&turned)), verdicts(&found));
}

/// The tables written and read.
pub(crate) fn as_written(tables: &EvidenceTables) -> EvidenceTables {
    EvidenceTables::new(
        again("evidence.csv", &tables.evidence),
        again("draws.csv", &tables.draws),
        again("layers.csv", &tables.layers),
    )
}

/// Rows written and read.
fn again<Row: serde::Serialize + serde::de::DeserializeOwned>(
    name: &str,
    rows: &[Row],
) -> Vec<Row> {
    from_csv(name, &to_csv(name, rows).unwrap()).unwrap()
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
    let pairs = "bases = [\"a\", \"b\"]\nranks = [\"one\", \"two\"]\nseeds = [\"one\", \"three\"]\nbase = [\"one\"]\n";
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
    assert_eq!(found.len(), 10);
    for row in &found {
        // Two layers are too few for `seeds-layers`.
        let is_judged = row.claim != "seeds-layers";
        assert!(
            first[2].contains(&row.sentence)
                && first[2].contains(&format!(
                    "`{}`: {}.** {}\n",
                    row.claim, row.verdict, row.says
                ))
                && (row.count > 0) == is_judged,
            "{row:?}"
        );
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
    // Ranks and their chance need no base; how large ΔW is beside W does.
    assert!(judged.contains("| `low-rank` |"), "{page}");
    let file = fs::read(folder.path().join("notebooks-export/tiny/ranks.csv")).unwrap();
    let ranks: Vec<RanksRow> = from_csv("ranks.csv", &file).unwrap();
    assert!(!ranks.is_empty());
    for row in &ranks {
        assert!(
            row.chance_energy_rank_90.is_some() && row.rank_share.is_some(),
            "{row:?}"
        );
        assert_eq!(
            (row.relative_norm, row.relative_spectral_norm),
            (None, None)
        );
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
