//! The study of a decoder against dense float64 NumPy (tests/golden/decoder.py): bf16, f16, grouped
//! queries, groups of seeds and a full fine-tune.

use std::collections::HashMap;
use std::fs::File;
use std::sync::LazyLock;

use crate::files::{golden, repository};
use crate::golden_values::{distance, report};
use lora_subspace::results::Results;
use lora_subspace::study::{Plan, Request};
use ndarray::{ArrayD, Dimension};
use ndarray_npy::NpzReader;

static GOLDEN: LazyLock<HashMap<String, ArrayD<f64>>> = LazyLock::new(|| {
    let path = golden("smollm2-sst2.npz");
    let mut archive = NpzReader::new(File::open(path).unwrap()).unwrap();
    let names = archive.names().unwrap().into_iter();
    let array = |name: String| (name.clone(), archive.by_name(&name).unwrap());
    names.map(array).collect()
});

static RESULTS: LazyLock<Results> = LazyLock::new(|| {
    let mut request = Request::everything();
    request.makes.findings = false;
    let path = repository().join("experiments/smollm2-sst2/study.toml");
    let plan = Plan::from_file(&path, &request).unwrap();
    plan.run(&|| {}).unwrap()
});

#[test]
fn overlaps_of_pairs_and_of_w() {
    let (mut worst, mut cells, mut met) = (0.0f64, 0, 0);
    for grid in &RESULTS.grids {
        let Some(expected) = GOLDEN.get(&grid.key()) else {
            // Random directions, means of groups, and A of what has no factors.
            let is_empty = grid.cells.iter().all(Option::is_none);
            let is_random = [&grid.first, &grid.second]
                .into_iter()
                .any(|one| one == "random");
            assert!(is_random || grid.pairs > 1 || is_empty, "{}", grid.key());
            continue;
        };
        met += 1;
        for (place, &expected) in expected.indexed_iter() {
            let cell = match (place.slice(), grid.first.as_str()) {
                (&[k], _) => [k, k],
                (&[i, j], "base") => [i, j],
                other => panic!("{other:?}"),
            };
            worst = worst.max(distance(grid.cells[cell], expected, 1.0));
            cells += 1;
        }
    }
    let keys = GOLDEN.keys().filter(|key| !key.starts_with("delta__"));
    assert_eq!(met, keys.count());
    // 16 modules: 12 pairs on two bases and two more on one; W against three and four adapters.
    assert_eq!(met, 16 * (12 * 2 + 2 + 3 + 4));
    report("φ", worst, cells);
}

#[test]
fn the_rows_of_table_7() {
    let (mut worst, mut rows) = (0.0f64, 0);
    for three in RESULTS.amplification.chunks(3) {
        let [delta, base, _] = three else {
            panic!("rows come in threes")
        };
        let expected = &GOLDEN[&format!("delta__{}__{}", delta.module, delta.adapter)];
        let ours = [
            delta.projected_norm,
            base.projected_norm,
            Some(delta.delta_norm),
            Some(delta.base_norm),
        ];
        for (ours, &expected) in ours.into_iter().zip(expected) {
            worst = worst.max(distance(ours, expected, expected));
        }
        rows += 1;
    }
    assert_eq!(rows, 16 * 8);
    report("table 7", worst, rows);
}
