//! The rank of ΔW as a product: what cancels does not count, and what was learned does.

use lora_subspace_core::adapter::Delta;
use lora_subspace_core::linalg::{Factored, haar, svd};
use lora_subspace_core::measure::spectrum::{certify_delta, ranks_of_delta};
use lora_subspace_core::measure::{Basis, Directions};
use ndarray::{Array1, Array2, Axis, concatenate};

/// A d × r matrix with these singular values.
fn of_spectrum(d: usize, sigma: &Array1<f64>, key: &str) -> Array2<f64> {
    let r = sigma.len();
    let left = haar(d, r, &format!("{key}/left")).unwrap();
    let right = haar(r, r, &format!("{key}/right")).unwrap();
    (&left.basis() * sigma).dot(&right.basis().t())
}

/// r singular values that fall from 1 to 1/condition.
fn falling(r: usize, condition: f64) -> Array1<f64> {
    Array1::from_shape_fn(r, |l| condition.powf(-(l as f64) / (r - 1) as f64))
}

/// Irregular whole numbers from −9 to 9, whose products f64 has exactly.
fn whole_numbers(rows: usize, columns: usize, salt: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        let n = (i * 7919 + j * 104_729 + salt * 1_299_709) % 1_000_003;
        (n * n % 1_000_003 % 19) as f64 - 9.0
    })
}

fn beside(one: &Array2<f64>, other: &Array2<f64>) -> Array2<f64> {
    concatenate(Axis(1), &[one.view(), other.view()]).unwrap()
}

fn above(one: &Array2<f64>, other: &Array2<f64>) -> Array2<f64> {
    concatenate(Axis(0), &[one.view(), other.view()]).unwrap()
}

fn factored(b: &Array2<f64>, a: &Array2<f64>) -> Factored {
    Factored::new(b.to_shared(), a.to_shared()).unwrap()
}

/// Factors of many kinds, B d_out × r and A r × d_in.
fn kinds() -> Vec<(String, Array2<f64>, Array2<f64>)> {
    let mut kinds = Vec::new();
    for (d_out, d_in, r) in [(64, 48, 4), (300, 200, 16), (260, 270, 64), (20, 300, 12)] {
        for conditions in [
            [1.0, 1.0],
            [10.0, 10.0],
            [1e10, 1.0],
            [1.0, 1e10],
            [1e5, 1e5],
        ] {
            let key = format!("{d_out} × {d_in}, r {r}, conditions {conditions:?}");
            let b = of_spectrum(d_out, &falling(r, conditions[0]), &format!("{key}/b"));
            let a = of_spectrum(d_in, &falling(r, conditions[1]), &format!("{key}/a"));
            kinds.push((key, b, a.reversed_axes()));
        }
    }
    kinds
}

#[test]
fn what_is_determined_counts_whatever_the_condition_and_the_scale_of_columns() {
    for (key, b, a) in kinds() {
        let r = b.ncols();
        assert_eq!(factored(&b, &a).numerical_rank(), r, "{key}");
        // (B·D)·(D⁻¹·A) is the same matrix, whatever the powers of two in D.
        let sizes = Array1::from_shape_fn(r, |l| 2f64.powi(30 * (l % 3) as i32 - 30));
        let (b, a) = (&b * &sizes, &a / &sizes.insert_axis(Axis(1)));
        let scaled = factored(&b, &a);
        assert_eq!(scaled.numerical_rank(), r, "{key}, scaled columns");
        assert!(scaled.error() < 1e-12 * scaled.sigma()[0], "{key}");
    }
}

#[test]
fn a_product_that_cancels_has_rank_0_and_with_one_trained_column_rank_1() {
    for (key, b, a) in kinds() {
        let untouched = factored(&beside(&b, &-&b), &above(&a, &a));
        assert_eq!(untouched.numerical_rank(), 0, "{key}");
        let column = b.ncols() / 2;
        let mut trained = b.clone();
        // Doubled: what is left is b·aᵀ of this column, exactly.
        trained.column_mut(column).mapv_inplace(|x| 2.0 * x);
        let one = factored(&beside(&trained, &-&b), &above(&a, &a));
        assert_eq!(one.numerical_rank(), 1, "{key}");
        let length = |x: ndarray::ArrayView1<f64>| x.dot(&x).sqrt();
        let exact = length(b.column(column)) * length(a.row(column));
        let off = (one.sigma()[0] - exact).abs();
        assert!(
            off <= one.error() && one.error() < 1e-3 * exact,
            "{key}: σ₁ is off by {off:e}, bound {:e}",
            one.error()
        );
    }
}

#[test]
fn singular_values_of_whole_numbers_are_within_their_error() {
    // [B, −B]·[A + P; A] is B·P, which f64 has exactly; so is the rank of P's few rows.
    for (d, r, learned) in [(40, 6, 2), (90, 12, 5), (200, 24, 1), (64, 32, 32)] {
        let (b, a) = (whole_numbers(d, r, 1), whole_numbers(r, d - 3, 2));
        let mut p = Array2::zeros(a.dim());
        for l in 0..learned {
            p.row_mut(l).assign(&whole_numbers(1, d - 3, 3 + l).row(0));
        }
        let exact = svd(b.dot(&p).view()).unwrap().sigma;
        let found = factored(&beside(&b, &-&b), &above(&(&a + &p), &a));
        assert_eq!(found.numerical_rank(), learned, "{d}, {r}");
        let slack = d as f64 * f64::EPSILON * exact[0];
        for (l, sigma) in found.sigma().iter().enumerate() {
            let off = (sigma - exact.get(l).copied().unwrap_or(0.0)).abs();
            assert!(
                off <= found.error() + slack,
                "{d}, {r}: σ_{l} is off by {off:e}"
            );
        }
    }
}

#[test]
fn nearly_equal_columns_leave_what_they_differ_by() {
    // a·(b − (b + step·e))ᵀ: rank 1 with σ = step·‖a‖·‖e‖; the step is a power of two.
    let d = 120;
    let (a, b, e) = (
        whole_numbers(1, d, 1),
        whole_numbers(d, 1, 2),
        whole_numbers(d, 1, 3),
    );
    let length = |m: &Array2<f64>| m.iter().map(|x| x * x).sum::<f64>().sqrt();
    for power in [-10, -24, -33] {
        let step = 2f64.powi(power);
        let delta = Delta::new(beside(&b, &(&b + &(&e * step))), above(&a, &-&a), 1.0).unwrap();
        assert_eq!(delta.numerical_rank().unwrap(), 1, "2^{power}");
        let (sigma, exact) = (delta.sigma().unwrap(), step * length(&a) * length(&e));
        assert!((sigma[0] - exact).abs() < 1e-12 * length(&a) * length(&b));
        assert_eq!(sigma[1], 0.0);
    }
    // Three directions at 1e-9 of the two sides.
    let (a, n) = (whole_numbers(3, d, 4), whole_numbers(3, d, 5));
    let b = whole_numbers(d, 3, 6);
    let moved = &a + &(&n * 2f64.powi(-30));
    let delta = Delta::new(beside(&b, &-&b), above(&a, &moved), 1.0).unwrap();
    assert_eq!(delta.numerical_rank().unwrap(), 3);
}

#[test]
fn a_cancelled_update_has_no_direction_no_norm_and_no_spectrum() {
    let (b, a) = (whole_numbers(30, 4, 1), whole_numbers(4, 20, 2));
    let made = [Delta::new, Delta::difference];
    for make in made {
        // Numbers that no power of two divides, so that sums round.
        let (b, a) = (&b * 0.1, &a * 0.3);
        let delta = make(beside(&b, &-&b), above(&a, &a), 0.7).unwrap();
        assert!(delta.is_zero().unwrap() && !delta.is_exactly_zero());
        assert_eq!(delta.frobenius_norm().unwrap(), 0.0);
        assert!(certify_delta(&delta).unwrap().is_empty());
        let ranks = ranks_of_delta(&delta).unwrap();
        assert_eq!((ranks.numerical, ranks.stable), (Some(0), None));
        assert_eq!((ranks.spectral_norm, ranks.energy_90), (0.0, None));
        for basis in Basis::ALL {
            let directions = Directions::of_delta(&delta, basis, 8).unwrap();
            assert_eq!((directions.subspace().len(), directions.asked()), (0, 8));
        }
    }
}

#[test]
fn factors_have_ranks_of_their_own() {
    // A's fourth row is its first, and B's columns are four of eight.
    let (b, mut a) = (whole_numbers(30, 4, 1) * 0.1, whole_numbers(4, 20, 2) * 0.3);
    let first = a.row(0).to_owned();
    a.row_mut(3).assign(&first);
    let delta = Delta::new(b, a, 1.0).unwrap();
    let len = |delta: &Delta, basis| {
        let directions = Directions::of_delta(delta, basis, 4).unwrap();
        directions.subspace().len()
    };
    let all = Basis::ALL.map(|basis| len(&delta, basis));
    assert_eq!(all, [3, 4, 3, 3]);
}

#[test]
fn the_factors_of_a_difference_have_no_directions() {
    let (b, a) = (whole_numbers(30, 4, 1), whole_numbers(4, 20, 2));
    let delta = Delta::difference(b.clone(), a.clone(), 2.0).unwrap();
    let same = Delta::new(b, a, 2.0).unwrap();
    let slice = delta.rows(std::slice::from_ref(&(2..20))).unwrap();
    for delta in [&delta, &slice] {
        assert!(!delta.has_own_factors() && same.has_own_factors());
        for basis in [Basis::A, Basis::B] {
            let directions = Directions::of_delta(delta, basis, 3).unwrap();
            assert_eq!((directions.subspace().len(), directions.asked()), (0, 3));
        }
    }
    for basis in [Basis::DeltaRight, Basis::DeltaLeft] {
        let [one, other] =
            [&delta, &same].map(|delta| Directions::of_delta(delta, basis, 3).unwrap());
        assert_eq!(one.subspace().basis(), other.subspace().basis());
        assert_eq!(one.subspace().len(), 3);
    }
}
