//! The built-in study against dense float64 NumPy and SciPy (tests/golden/study.py).

use std::fs;
use std::sync::LazyLock;

use crate::files::{golden, repository};
use crate::golden_values::{STUDY, distance, report};
use lora_subspace::measure::placement::blocks;
use lora_subspace::results::Results;
use lora_subspace::study::{Plan, Request};
use serde_json::Value;

static RESULTS: LazyLock<Results> = LazyLock::new(|| {
    let mut request = Request::everything();
    request.makes.findings = false;
    let path = repository().join("experiments/minilm-sst2/study.toml");
    Plan::from_file(&path, &request)
        .unwrap()
        .run(&|| {})
        .unwrap()
});

#[test]
fn every_overlap_and_its_z() {
    let (mut worst, mut cells) = (0.0f64, 0);
    let (mut worst_z, mut z_cells) = (0.0f64, 0);
    for grid in &RESULTS.grids {
        let golden = &STUDY[&grid.key()];
        assert_eq!(
            golden.shape(),
            [grid.cells.nrows(), grid.cells.ncols()],
            "{}",
            grid.key()
        );
        let golden_z = STUDY.get(&format!("z__{}", grid.key()));
        for row in grid.rows() {
            let cell = [row.i - 1, row.j - 1];
            worst = worst.max(distance(row.overlap, golden[cell], 1.0));
            if let Some(golden_z) = golden_z {
                let z = golden_z[cell];
                z_cells += 1;
                worst_z = worst_z.max(distance(row.z, z, z.abs().max(1.0)));
            }
            assert_eq!(row.chance, row.i.max(row.j) as f64 / 384.0);
            cells += 1;
        }
    }
    // 12 modules, 4 bases; the pairs, random directions, and W against three adapters and random ones.
    let each = 8 * 64 + 64 * 64 + 8 * 64 + 64 * 64 + 4 * 39 * 4;
    assert_eq!((cells, z_cells), (12 * 4 * each, 12 * (8 * 64 + 64 * 64)));
    report("φ", worst, cells);
    report("z", worst_z, z_cells);
    let grids = STUDY.keys().filter(|key| key.starts_with("bert")).count();
    assert_eq!(RESULTS.grids.len(), grids);
}

#[test]
fn every_amplification_row() {
    let (mut worst, mut count) = (0.0f64, 0);
    for three in RESULTS.amplification.chunks(3) {
        let [delta, base, random] = three else {
            panic!("rows come in threes")
        };
        let key = format!("amplification__{}__{}", delta.module, delta.adapter);
        let golden = |column: &str| {
            STUDY[&key][[STUDY[&format!("columns__amplification__{column}")][[0]] as usize]]
        };
        let mut check = |ours: Option<f64>, column: &str| {
            worst = worst.max(distance(ours, golden(column), golden(column)));
            count += 1;
        };
        check(delta.projected_norm, "projected_norm_delta");
        check(base.projected_norm, "projected_norm_base");
        check(random.projected_norm, "projected_norm_random");
        check(random.projected_norm_sd, "projected_norm_sd_random");
        check(delta.amplification, "amplification_delta");
        check(random.amplification, "amplification_random");
        for row in three {
            check(Some(row.base_norm), "base_norm");
            check(Some(row.delta_norm), "delta_norm");
            check(Some(row.chance_projected_norm), "chance_projected_norm");
        }
        assert_eq!((base.amplification, random.draws), (None, Some(20)));
    }
    assert_eq!(RESULTS.amplification.len(), 12 * 3 * 3);
    report("amplification", worst, count);
}

#[test]
fn every_placement() {
    let golden: Value =
        serde_json::from_slice(&fs::read(golden("placement.json")).unwrap()).unwrap();
    let mut worst = 0.0f64;
    for three in RESULTS.placement.chunks(3) {
        let [out, into, both] = three else {
            panic!("rows come in threes")
        };
        for (number, row) in three.iter().enumerate() {
            let value = &golden[&row.adapter][&row.module][row.k.to_string()][number];
            worst = worst.max((row.share.unwrap() - value.as_f64().unwrap()).abs());
            let z = (row.share.unwrap() - row.chance) / row.sd.unwrap();
            assert_eq!(row.z, Some(z));
        }
        let blocks = blocks([out, into, both].map(|row| row.share.unwrap()));
        assert!(blocks.iter().all(|share| (0.0..=1.0).contains(share)));
        assert!((blocks.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        let bound = out.sin_theta_bound.unwrap();
        assert_eq!(both.sin_theta_bound, Some(2.0 * bound));
    }
    // 12 modules, three adapters, 11 numbers of directions, three places.
    assert_eq!(RESULTS.placement.len(), 12 * 3 * 11 * 3);
    println!("placement: largest difference {worst:.1e}");
    assert!(worst <= 1e-10, "{worst:e}");
}

#[test]
fn every_singular_value_and_rank() {
    let (mut worst, mut count) = (0.0f64, 0);
    for row in &RESULTS.spectrum {
        let golden = &STUDY[&format!("sigma__{}__{}", row.module, row.matrix)];
        worst = worst.max(distance(
            Some(row.sigma),
            golden[[row.index - 1]],
            golden[[0]],
        ));
        // A bound on rounding at its worst, far above what is seen.
        assert!(row.residual <= 1e-11 * golden[[0]], "{row:?}");
        count += 1;
    }
    assert_eq!(count, 12 * (4 + 8 + 64 + 64 + 384));
    report("σ", worst, count);
    let mut worst = 0.0f64;
    for row in &RESULTS.ranks {
        let golden = &STUDY[&format!("ranks__{}__{}", row.module, row.matrix)];
        let ours = [
            row.numerical_rank.map(|rank| rank as f64),
            row.stable_rank,
            row.effective_rank,
            row.energy_rank_90.map(|rank| rank as f64),
            Some(row.frobenius_norm),
            Some(row.spectral_norm),
        ];
        for (column, ours) in ours.into_iter().enumerate() {
            worst = worst.max(distance(ours, golden[[column]], golden[[column]]));
        }
    }
    assert_eq!(RESULTS.ranks.len(), 12 * 5);
    report("ranks", worst, 12 * 5 * 6);
}

#[test]
fn every_size_beside_w() {
    let file = fs::read(golden("random_ranks.json")).unwrap();
    let golden: Value = serde_json::from_slice(&file).unwrap();
    let (mut worst, mut count) = (0.0f64, 0);
    for row in &RESULTS.ranks {
        let ours = [
            row.rank_share,
            row.relative_norm,
            row.relative_spectral_norm,
            row.top1_share,
            row.participation,
        ];
        let there = &golden["columns"][&row.matrix][&row.module];
        for (place, ours) in ours.into_iter().enumerate() {
            match there[place].as_f64() {
                Some(value) => worst = worst.max(distance(ours, value, value)),
                None => assert_eq!(ours, None, "{} {}", row.module, row.matrix),
            }
            count += 1;
        }
        let chance = [
            row.chance_stable_rank,
            row.chance_stable_rank_sd,
            row.chance_effective_rank,
            row.chance_effective_rank_sd,
            row.chance_energy_rank_90,
            row.chance_energy_rank_90_sd,
        ];
        let cases = golden["chance"].as_array().unwrap();
        let of_rank = cases
            .iter()
            .find(|case| case["r"].as_u64() == row.rank.map(|r| r as u64));
        match of_rank {
            Some(case) => {
                for (ours, there) in chance.iter().zip(case["spread"].as_array().unwrap()) {
                    let there = there.as_f64().unwrap();
                    worst = worst.max((ours.unwrap() - there).abs() / there.abs().max(1.0));
                }
            }
            // A square matrix of normal numbers has a quarter of its side.
            None => assert_eq!(
                (row.matrix.as_str(), chance[1..].to_vec()),
                ("base", vec![None; 5])
            ),
        }
    }
    assert_eq!(count, 12 * 5 * 5);
    report("sizes", worst, count);
}

#[test]
fn what_the_study_is_known_for() {
    // Values that its README quotes, from a calculation of its own.
    let mean = |first: &str, second: &str, i: usize, j: usize| {
        let cells: Vec<f64> = RESULTS
            .grids
            .iter()
            .filter(|grid| grid.basis.name() == "a" && grid.first == first && grid.second == second)
            .map(|grid| grid.cells[(i - 1, j - 1)].unwrap())
            .collect();
        assert_eq!(cells.len(), 12);
        cells.iter().sum::<f64>() / 12.0
    };
    assert!((mean("r8-seed0", "r64-seed1", 8, 64) - 0.232).abs() < 5e-4);
    assert!((mean("r8-seed0", "r64-seed0", 8, 64) - 0.245).abs() < 5e-4);
    let larger = RESULTS
        .amplification
        .iter()
        .filter(|row| row.directions == "delta" && row.adapter == "r8-seed0")
        .filter(|small| {
            RESULTS.amplification.iter().any(|large| {
                large.module == small.module
                    && large.adapter == "r64-seed0"
                    && large.delta_norm < small.delta_norm
            })
        })
        .count();
    assert_eq!(
        larger, 11,
        "‖ΔW‖ is larger at r = 8 than at r = 64 in 11 of 12 modules"
    );
}
