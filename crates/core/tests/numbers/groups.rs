//! What groups of runs share by chance, and norms of random directions, against NumPy
//! (tests/golden/findings_groups.py) and closed forms.

use crate::findings_values::{FINDINGS, numbers};
use crate::golden_values::close;
use lora_subspace_core::linalg::{random_mean_shares, random_shares};
use lora_subspace_core::measure::amplification::random_norms;
use lora_subspace_core::measure::chance::{overlap_sd, overlap_z};
use lora_subspace_core::measure::significance::share_tail;
use ndarray::Array2;
use serde_json::Value;

fn whole(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

fn whole_pairs(value: &Value) -> Vec<(usize, usize)> {
    let pairs = value.as_array().unwrap().iter();
    pairs
        .map(|pair| (whole(&pair[0]), whole(&pair[1])))
        .collect()
}

#[test]
fn mean_shares_as_numpy_draws_them() {
    for case in FINDINGS["random_mean_shares"].as_array().unwrap() {
        let sizes: Vec<usize> = case[1].as_array().unwrap().iter().map(whole).collect();
        let (d, pairs, key) = (
            whole(&case[0]),
            whole_pairs(&case[2]),
            case[3].as_str().unwrap(),
        );
        let ours = random_mean_shares(d, &sizes, &pairs, whole(&case[4]), key).unwrap();
        let (first, last) = (numbers(&case[5]), numbers(&case[6]));
        assert_eq!(ours.len(), whole(&case[4]));
        let ends = ours[..first.len()]
            .iter()
            .chain(&ours[ours.len() - last.len()..]);
        for (ours, golden) in ends.zip(first.iter().chain(&last)) {
            assert!((ours - golden).abs() < 1e-8, "{key}: {ours} {golden}");
        }
    }
}

#[test]
fn one_pair_of_equal_sizes_is_as_it_was() {
    for (d, k) in [(30, 4), (7, 4), (5, 5)] {
        let of = |pair| random_mean_shares(d, &[k, k], &[pair], 9, "key").unwrap();
        assert_eq!(of((0, 1)), random_shares(d, k, 9, "key").unwrap());
        assert_eq!(of((1, 0)), of((0, 1)));
    }
}

#[test]
fn mean_shares_have_the_moments_of_random_subspaces() {
    // Two pairs that share a frame are uncorrelated: turning the other frame changes nothing.
    let (d, n) = (60, 40_000);
    for (sizes, pairs) in [
        (vec![4, 4, 4], vec![(0, 1), (0, 2), (1, 2)]),
        (vec![1, 3, 8, 8], vec![(0, 2), (0, 3), (1, 2), (1, 3)]),
        (vec![30, 20, 25], vec![(0, 1), (2, 1), (2, 0)]),
    ] {
        let drawn = random_mean_shares(d, &sizes, &pairs, n, "moments").unwrap();
        let count = pairs.len() as f64;
        let (mut expected, mut variance) = (0.0, 0.0);
        for &(a, b) in &pairs {
            let (a, b) = (sizes[a], sizes[b]);
            expected += a.max(b) as f64 / d as f64 / count;
            variance += (overlap_sd(a, b, d) / a.min(b) as f64 / count).powi(2);
        }
        let mean = drawn.iter().sum::<f64>() / n as f64;
        let squares = drawn.iter().map(|x| (x - expected).powi(2)).sum::<f64>() / n as f64;
        let error = (mean - expected) / (variance / n as f64).sqrt();
        assert!(error.abs() < 4.0, "{sizes:?}: {error} standard errors");
        assert!(
            (squares / variance - 1.0).abs() < 0.06,
            "{sizes:?}: {squares} {variance}"
        );
    }
}

#[test]
fn one_direction_in_many_has_the_law_of_beta() {
    // Kolmogorov–Smirnov: 1.95/√n is exceeded once in a thousand times.
    let n = 10_000;
    for (d, sizes) in [(96, [1, 8]), (96, [8, 1]), (9, [1, 6]), (5, [4, 1])] {
        let mut drawn = random_mean_shares(d, &sizes, &[(0, 1)], n, "law").unwrap();
        drawn.sort_by(f64::total_cmp);
        let many = sizes[0].max(sizes[1]);
        let farthest = (1..)
            .zip(&drawn)
            .map(|(rank, &x)| (1.0 - share_tail(x, many, d) - rank as f64 / n as f64).abs())
            .fold(0.0, f64::max);
        assert!(
            farthest < 1.95 / (n as f64).sqrt(),
            "{d}, {sizes:?}: {farthest}"
        );
    }
}

#[test]
fn mean_shares_that_cannot_be_are_refused() {
    let of = |sizes: &[usize], pairs: &[(usize, usize)]| random_mean_shares(5, sizes, pairs, 1, "");
    assert!(of(&[6, 1], &[(0, 1)]).is_err() && of(&[0, 1], &[(0, 1)]).is_err());
    assert!(of(&[2, 2], &[]).is_err() && of(&[2, 2], &[(0, 2)]).is_err());
    assert!(of(&[2, 2], &[(1, 1)]).is_err());
    assert_eq!(of(&[5, 2, 3], &[(0, 1), (0, 2)]).unwrap(), [1.0]);
}

#[test]
fn the_sd_of_the_overlap_as_moments_give_it() {
    for case in FINDINGS["overlap_sd"].as_array().unwrap() {
        let [i, j, d, sd] = numbers(case)[..] else {
            panic!("{case}")
        };
        let (i, j, d) = (i as usize, j as usize, d as usize);
        // Theirs is the root of a difference, which may be rounding.
        assert!(
            (overlap_sd(i, j, d).powi(2) - sd * sd).abs() < 1e-13,
            "{case}"
        );
        // z is of it.
        let z = overlap_z(1.0, i, j, d);
        assert_eq!(z.is_none(), overlap_sd(i, j, d) == 0.0);
        let above = i.min(j) as f64 - (i * j) as f64 / d as f64;
        z.into_iter()
            .for_each(|z| close(z * overlap_sd(i, j, d), above, 1e-12));
    }
    assert_eq!(overlap_sd(1, 1, 1), 0.0);
}

#[test]
fn norms_of_random_directions_as_numpy_has_them() {
    let golden = &FINDINGS["random_norms"];
    let (rows, columns) = (whole(&golden[0]), whole(&golden[1]));
    let w = Array2::from_shape_fn((rows, columns), |(i, j)| {
        (0.7 * (i * columns + j) as f64).sin()
    });
    let (wanted, key) = (whole_pairs(&golden[2]), golden[3].as_str().unwrap());
    let ours = random_norms(w.view(), &wanted, key).unwrap();
    for (ours, golden) in ours.iter().zip(golden[4].as_array().unwrap()) {
        let golden = numbers(golden);
        assert_eq!(ours.len(), golden.len());
        for (&ours, golden) in ours.iter().zip(golden) {
            close(ours, golden, 1e-10);
        }
    }
    // Whatever else is wanted.
    for (place, &alone) in wanted.iter().enumerate() {
        for (one, other) in random_norms(w.view(), &[alone], key).unwrap()[0]
            .iter()
            .zip(&ours[place])
        {
            close(*one, *other, 1e-10);
        }
    }
}
