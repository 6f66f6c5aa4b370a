//! Every number of the built-in study's evidence and findings against NumPy and SciPy, which were given
//! its adapters, its base and the words of METHODS.md (tests/golden/verdicts.py).

use std::collections::BTreeMap;
use std::fs;

use crate::files::golden;
use crate::findings::{as_written, study};
use lora_subspace::findings::findings;
use lora_subspace::table::EvidenceRow;
use serde_json::Value;

/// A p that is counted in draws or permutations differs by far more where one of them counts otherwise.
const NEAR: f64 = 1e-8;

/// No value on either side, or two that agree.
fn same(what: &str, ours: Option<f64>, golden: &Value) {
    let golden = golden.as_f64();
    let agree = match (ours, golden) {
        (Some(ours), Some(golden)) => (ours - golden).abs() <= NEAR * golden.abs(),
        (ours, golden) => ours.is_none() && golden.is_none(),
    };
    assert!(agree, "{what}: {ours:?} here, {golden:?} there");
}

fn verdicts() -> Value {
    serde_json::from_slice(&fs::read(golden("verdicts.json")).unwrap()).unwrap()
}

#[test]
fn the_built_in_study_as_numpy_has_it() {
    let golden = verdicts();
    let (tables, _) = study();
    let mut ours: BTreeMap<String, Vec<&EvidenceRow>> = BTreeMap::new();
    for row in &tables.evidence {
        let key = format!("{}/{}/{}/{}", row.claim, row.basis, row.first, row.module);
        ours.entry(key).or_default().push(row);
    }
    let evidence = golden["evidence"].as_object().unwrap();
    assert_eq!(ours.len(), evidence.len());
    for (key, rows) in &ours {
        let there = evidence[key].as_array().unwrap();
        assert_eq!(rows.len(), there.len(), "{key}");
        for (row, there) in rows.iter().zip(there) {
            let what = |column: &str| format!("{column} of {key}, {}", row.statistic);
            same(&what("value"), row.value, &there[0]);
            same(&what("chance"), row.chance, &there[1]);
            same(&what("sd"), row.sd, &there[2]);
            same(&what("p"), row.p, &there[3]);
            same(&what("p_adjusted"), row.p_adjusted, &there[4]);
        }
    }
    // Findings are of the tables as they are committed, with nine digits.
    let found = findings(&as_written(&tables));
    assert_eq!(found.len(), golden["findings"].as_object().unwrap().len());
    for row in &found {
        let there = &golden["findings"][&row.claim];
        assert_eq!(there["verdict"], row.verdict, "{}", row.claim);
        assert_eq!(there["count"], row.count, "{}", row.claim);
        assert_eq!(there["holding"], row.holding, "{}", row.claim);
        assert_eq!(there["runs"], row.runs, "{}", row.claim);
        let what = |column: &str| format!("{column} of {}", row.claim);
        same(&what("median"), row.median, &there["median"]);
        same(&what("chance"), row.chance, &there["chance"]);
        same(&what("p"), row.p, &there["p"]);
        same(&what("least_p"), row.least_p, &there["least_p"]);
        same(&what("margin"), row.margin, &there["margin"]);
    }
}
