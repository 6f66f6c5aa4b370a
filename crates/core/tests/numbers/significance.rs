//! Laws of what chance gives, against SciPy (tests/golden/findings.py) and against drawn subspaces.

use crate::findings_values::{FINDINGS, numbers};
use crate::golden_values::{close, number};
use lora_subspace_core::linalg::{haar, random_shares};
use lora_subspace_core::measure::amplification::{RandomProjection, random_norms};
use lora_subspace_core::measure::overlap::overlap;
use lora_subspace_core::measure::significance::{
    drawn_tail, holm, mean_interval, pooled_sums, share_tail, sign_flip, typical_projection,
    upper_tail_bound,
};
use ndarray::Array2;
use proptest::prelude::*;
use serde_json::Value;

fn cases(name: &str) -> &'static Vec<Value> {
    FINDINGS[name].as_array().unwrap()
}

#[test]
fn laws_as_scipy_has_them() {
    for case in cases("share_tail") {
        let [overlap, many, d, p] = numbers(case)[..] else {
            panic!("{case}")
        };
        close(share_tail(overlap, many as usize, d as usize), p, 1e-9);
    }
    for case in cases("holm") {
        let ours = holm(&numbers(&case[0]));
        let golden = numbers(&case[1]);
        ours.iter()
            .zip(golden)
            .for_each(|(&ours, golden)| close(ours, golden, 1e-14));
    }
    for case in cases("sign_flip") {
        assert_eq!(sign_flip(&numbers(&case[0]), ""), Some(number(&case[1])));
    }
    let drawn = &FINDINGS["drawn_sign_flip"];
    let ours = sign_flip(&numbers(&drawn[0]), drawn[1].as_str().unwrap());
    assert_eq!(ours, Some(number(&drawn[2])));
    for case in cases("mean_interval") {
        let (low, high) = mean_interval(&numbers(&case[0]), 0.9).unwrap();
        close(low, number(&case[1][0]), 1e-9);
        close(high, number(&case[1][1]), 1e-9);
    }
}

#[test]
fn random_shares_as_numpy_draws_them() {
    for case in cases("random_shares") {
        let (d, k) = (number(&case[0]) as usize, number(&case[1]) as usize);
        let ours = random_shares(d, k, 8, case[2].as_str().unwrap()).unwrap();
        for (ours, golden) in ours.iter().zip(numbers(&case[3])) {
            assert!((ours - golden).abs() < 1e-12, "{ours} {golden}");
        }
    }
}

#[test]
fn sums_of_independent_draws_as_numpy_picks_them() {
    let golden = &FINDINGS["pooled_sums"];
    let terms: Vec<(f64, Vec<f64>)> = golden[0]
        .as_array()
        .unwrap()
        .iter()
        .map(|term| (number(&term[0]), numbers(&term[1])))
        .collect();
    let mut terms: Vec<(f64, &[f64])> = terms.iter().map(|(w, x)| (*w, x.as_slice())).collect();
    let key = golden[1].as_str().unwrap();
    let sums = pooled_sums(&terms, 40, key);
    assert_eq!(sums.len(), 40);
    for (ours, golden) in sums.iter().zip(numbers(&golden[2])) {
        assert!((ours - golden).abs() < 1e-12, "{ours} {golden}");
    }
    // A term without values neither adds nor takes a number.
    terms.insert(1, (3.0, &[]));
    assert_eq!(pooled_sums(&terms, 40, key), sums);
}

#[test]
fn random_shares_have_the_moments_of_random_subspaces() {
    let (d, k, n) = (384.0, 4.0, 200_000);
    let shares = random_shares(384, 4, n, "moments").unwrap();
    let sd = (2.0f64).sqrt() * (d - k) / (d * ((d - 1.0) * (d + 2.0)).sqrt());
    let mean = shares.iter().sum::<f64>() / n as f64;
    let squares: f64 = shares.iter().map(|x| (x - k / d).powi(2)).sum();
    let standard_error = sd / (n as f64).sqrt();
    assert!((mean - k / d).abs() < 4.0 * standard_error, "{mean}");
    assert!(((squares / n as f64).sqrt() / sd - 1.0).abs() < 0.01);
}

#[test]
fn random_shares_have_the_law_of_random_subspaces() {
    // Kolmogorov–Smirnov: 1.95·√(2/n) is exceeded once in a thousand times.
    let n = 2_000;
    for (d, k) in [(40, 4), (9, 2), (7, 4), (5, 3)] {
        let mut ours = random_shares(d, k, n, "law").unwrap();
        let frame = |draw, side| haar(d, k, &format!("{draw}/{side}")).unwrap();
        let dense = |draw| overlap(&frame(draw, "u"), &frame(draw, "v")).unwrap()[(k - 1, k - 1)];
        let mut dense: Vec<f64> = (0..n).map(dense).collect();
        ours.sort_by(f64::total_cmp);
        dense.sort_by(f64::total_cmp);
        let below = |x: f64| ours.partition_point(|y| *y <= x) as f64 / n as f64;
        let farthest = (1..)
            .zip(&dense)
            .map(|(rank, &x)| (below(x) - rank as f64 / n as f64).abs());
        let farthest = farthest.fold(0.0, f64::max);
        assert!(
            farthest < 1.95 * (2.0 / n as f64).sqrt(),
            "d {d}, k {k}: {farthest}"
        );
    }
}

#[test]
fn a_typical_norm_lies_below_the_root_mean_square() {
    // Of a flat W the closed form, within the noise of 4,000 draws: sd 0.22/√4000 = 0.004.
    let w = Array2::from_diag(&ndarray::Array1::<f64>::ones(96));
    let norms = random_norms(w.view(), &[(2, 4_000)], "flat").unwrap();
    let drawn = RandomProjection::of(&norms[0]).unwrap();
    let ratio = (drawn.geometric_mean / drawn.root_mean_square).ln();
    assert!((ratio - typical_projection(2).ln()).abs() < 0.02, "{ratio}");
    assert!((typical_projection(64) - 1.0).abs() < 2e-4);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn tails_fall_and_stay_probabilities(many in 1usize..40, more in 0usize..40, x in 0.0f64..1.0, y in 0.0f64..1.0) {
        let d = many + more;
        let (low, high) = (x.min(y), x.max(y));
        let (p, q) = (share_tail(low, many, d), share_tail(high, many, d));
        prop_assert!((0.0..=1.0).contains(&p) && (0.0..=1.0).contains(&q));
        prop_assert!(q <= p + 1e-12);
        // The share outside is what is left: P(φ ≥ x) of `many` and P(1 − φ ≥ 1 − x) of the rest.
        if more > 0 {
            prop_assert!((share_tail(x, many, d) + share_tail(1.0 - x, more, d) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn holm_lies_between_the_raw_and_bonferroni(p in prop::collection::vec(0.0f64..1.0, 1..20)) {
        let adjusted = holm(&p);
        let mut order: Vec<usize> = (0..p.len()).collect();
        order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
        for (&p, &adjusted) in p.iter().zip(&adjusted) {
            prop_assert!(p <= adjusted && adjusted <= (p * 20.0).min(1.0));
        }
        prop_assert!(order.windows(2).all(|pair| adjusted[pair[0]] <= adjusted[pair[1]]));
    }

    #[test]
    fn flips_do_not_see_sign_scale_or_order(mut x in prop::collection::vec(-3.0f64..3.0, 1..9), scale in 0.1f64..10.0) {
        let p = sign_flip(&x, "").unwrap();
        prop_assert!(p >= 2.0 / f64::from(1u32 << x.len()) - 1e-15 && p <= 1.0);
        x.reverse();
        x.iter_mut().for_each(|x| *x *= -scale);
        prop_assert_eq!(sign_flip(&x, ""), Some(p));
    }

    #[test]
    fn intervals_move_with_the_values(x in prop::collection::vec(-3.0f64..3.0, 2..9), shift in -5.0f64..5.0) {
        let (low, high) = mean_interval(&x, 0.9).unwrap();
        let (wide_low, wide_high) = mean_interval(&x, 0.99).unwrap();
        prop_assert!(wide_low <= low && low <= high && high <= wide_high);
        let moved: Vec<f64> = x.iter().map(|x| x + shift).collect();
        let (moved_low, _) = mean_interval(&moved, 0.9).unwrap();
        prop_assert!((moved_low - low - shift).abs() < 1e-9 * (1.0 + shift.abs() + high - low));
    }

    #[test]
    fn the_bound_on_a_tail_is_reached_by_two_values_and_exceeded_by_none(
        p in 0.001f64..0.999, low in -5.0f64..5.0, width in 0.01f64..5.0, x in prop::collection::vec(-3.0f64..3.0, 2..20),
    ) {
        // Two values, the upper with probability p: the law for which the bound is exact.
        let (mean, sd) = (low + p * width, width * (p * (1.0 - p)).sqrt());
        prop_assert!((upper_tail_bound(low + width, mean, sd) - p).abs() < 1e-9);
        // Any values, each as likely as the others.
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let sd = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        for value in &x {
            let tail = x.iter().filter(|x| *x >= value).count() as f64 / n;
            prop_assert!(tail <= upper_tail_bound(*value, mean, sd) + 1e-9);
        }
    }

    #[test]
    fn drawn_tails_are_never_zero(value in 0.0f64..1.0, draws in prop::collection::vec(0.0f64..1.0, 0..50)) {
        let p = drawn_tail(value, &draws);
        prop_assert!(p >= 1.0 / (draws.len() + 1) as f64 && p <= 1.0);
    }
}
