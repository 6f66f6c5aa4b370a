//! What is found against full decompositions, and each way in which it is said to be certain.

use super::*;
use crate::linalg::testing::with_spectrum;
use crate::linalg::{Subspace, haar, principal_angles};

/// sin θ between the leading k directions found and those of a full SVD, the worse side.
fn sine(found: &Leading, exact: &crate::linalg::Svd, k: usize) -> f64 {
    let take = |m: &Array2<f64>| Subspace::new(m.slice(s![.., ..k]).to_owned()).unwrap();
    let largest = |a: &Array2<f64>, b: &Array2<f64>| {
        let angles = principal_angles(&take(a), &take(b)).unwrap();
        angles.last().unwrap().sin()
    };
    largest(&found.u, &exact.u).max(largest(&found.v, &exact.v))
}

/// Every printed number against a full SVD: σ, bounds that hold, and how good they are where
/// the gap allows.
fn check(name: &str, matrix: &Array2<f64>, k: usize, gram_limit: usize) -> Leading {
    let found = large(matrix.view(), k, gram_limit).unwrap();
    let exact = svd(matrix.view()).unwrap();
    let scale = exact.sigma[0];
    assert!(found.len() >= k, "{name}: {} of {k}", found.len());
    for cut in 1..=k {
        let error = (found.sigma[cut - 1] - exact.sigma[cut - 1]).abs();
        assert!(
            error <= 1e-12 * scale,
            "{name}: σ_{cut} is off by {error:e}"
        );
        let gap = exact.sigma[cut - 1] - exact.sigma.get(cut).copied().unwrap_or(0.0);
        let bound = found.sin_theta_bound(cut).unwrap_or(1.0);
        if gap > 1e-6 * scale {
            // The full SVD is itself off by rounding over the gap.
            let (seen, slack) = (sine(&found, &exact, cut), 1e-13 * scale / gap);
            assert!(
                seen <= bound + slack,
                "{name}: sin θ_{cut} {seen:e} above {bound:e}"
            );
            assert!(bound <= UNACCEPTABLE, "{name}: bound of {cut} is {bound:e}");
        }
    }
    let beyond = exact.sigma.get(found.len()).copied().unwrap_or(0.0);
    assert!(
        found.is_complete() || beyond <= found.next.1,
        "{name}: one was missed"
    );
    found
}

#[test]
fn spectra_of_many_shapes_by_both_roads() {
    let n = 150;
    let spectrum = |f: &dyn Fn(f64) -> f64| Array1::from_shape_fn(n, |l| f(l as f64 + 1.0));
    let mut outliers = spectrum(&|l| l.powf(-0.5));
    outliers[0] = 1e3;
    outliers[1] = 1e3;
    let mut clustered = spectrum(&|l| 0.9f64.powi(l as i32));
    clustered.slice_mut(s![3..7]).fill(0.7);
    let shapes = [
        ("power law", spectrum(&|l| 1.0 / l)),
        ("slow power law", spectrum(&|l| l.powf(-0.5))),
        ("steps", spectrum(&|l| 1.0 - l / 1000.0)),
        ("two outliers", outliers),
        ("a cluster", clustered),
    ];
    for (name, sigma) in &shapes {
        for (rows, columns) in [(n, n), (n + 60, n), (n, n + 35)] {
            let (matrix, ..) = with_spectrum(rows, columns, sigma);
            for k in [1, 5, 12, 60] {
                for gram_limit in [usize::MAX, 0] {
                    check(name, &matrix, k, gram_limit);
                }
            }
        }
    }
}

#[test]
fn a_count_is_certified_and_a_second_start_estimated() {
    let sigma = Array1::from_shape_fn(200, |l| (l as f64 + 1.0).powf(-0.8));
    let (matrix, ..) = with_spectrum(220, 200, &sigma);
    let counted = check("counted", &matrix, 6, usize::MAX);
    assert_eq!(counted.proof, Proof::Certified);
    assert!(matches!(counted.method, Method::Krylov(_)) && !counted.is_complete());
    // The bound on what comes next is close to it, and above.
    let next = sigma[counted.len()];
    assert!((next..1.02 * next).contains(&counted.next.1));
    let agreed = check("agreed", &matrix, 6, 0);
    assert_eq!(agreed.proof, Proof::Estimated);
}

#[test]
fn outliers_are_taken_out_and_cost_no_full_decomposition() {
    let mut sigma = Array1::from_shape_fn(300, |l| (l as f64 + 1.0).powf(-0.5));
    sigma
        .slice_mut(s![..3])
        .assign(&ndarray::array![1e5, 9e4, 8e4]);
    let (matrix, ..) = with_spectrum(300, 300, &sigma);
    let found = large(matrix.view(), 8, usize::MAX).unwrap();
    assert!(!found.is_complete() && found.proof == Proof::Certified);
    assert!((sigma[found.len()]..1.1 * sigma[found.len()]).contains(&found.next.1));
    for k in 1..=8 {
        assert!((found.sigma[k - 1] - sigma[k - 1]).abs() < 1e-9);
        assert!(found.sin_theta_bound(k).unwrap() <= UNACCEPTABLE, "k = {k}");
    }
}

#[test]
fn a_gaussian_matrix_is_nearly_flat() {
    let matrix = crate::linalg::haar::gaussian(260, 250, "flat");
    for k in [1, 8, 40] {
        check("gaussian", &matrix, k, usize::MAX);
    }
}

#[test]
fn equal_values_have_no_directions_and_say_so() {
    // All singular values are 2: nothing is determined, and no bound claims it.
    let matrix = haar(120, 120, "orthogonal").unwrap().basis().to_owned() * 2.0;
    let found = large(matrix.view(), 5, usize::MAX).unwrap();
    for k in 1..=5 {
        assert!((found.sigma[k - 1] - 2.0).abs() < 1e-13);
        assert!(
            found.sin_theta_bound(k).is_none_or(|bound| bound > 1e-3),
            "k = {k}"
        );
    }
}

#[test]
fn low_rank_zero_and_thin_matrices() {
    let sigma = ndarray::array![3.0, 2.0, 1.0];
    let (matrix, ..) = with_spectrum(130, 120, &sigma);
    for (k, gram_limit) in [(2, usize::MAX), (3, usize::MAX), (7, usize::MAX), (2, 0)] {
        let found = large(matrix.view(), k, gram_limit).unwrap();
        for l in 0..k {
            let expected = sigma.get(l).copied().unwrap_or(0.0);
            assert!((found.sigma[l] - expected).abs() < 1e-12, "σ_{l} of {k}");
        }
        assert!(found.sin_theta_bound(k.min(3)).unwrap() < 1e-9);
    }
    let zero = large(Array2::zeros((40, 30)).view(), 4, usize::MAX).unwrap();
    assert_eq!(
        (zero.sigma.sum(), zero.len(), zero.proof),
        (0.0, 4, Proof::Certified)
    );
    assert_eq!(zero.sin_theta_bound(1), None);
    let row = Array2::from_shape_fn((1, 50), |(_, j)| j as f64);
    for matrix in [row.clone(), row.reversed_axes()] {
        let found = large(matrix.view(), 1, usize::MAX).unwrap();
        assert!((found.sigma[0] - frobenius_norm(matrix.view())).abs() < 1e-11);
        assert!(found.left_residuals[0] < 1e-11 && found.right_residuals[0] < 1e-11);
    }
}

/// A matrix of outliers and a rest that falls as l to this power, and its singular values.
fn with_outliers(outliers: usize, power: f64) -> (Array2<f64>, Array1<f64>) {
    let mut sigma = Array1::from_shape_fn(200, |l| (l as f64 + 1.0).powf(power));
    for l in 0..outliers {
        sigma[l] = 1e5 - l as f64;
    }
    (with_spectrum(210, 200, &sigma).0, sigma)
}

fn search<'a>(matrix: &'a Array2<f64>, k: usize) -> Search<'a> {
    Search {
        matrix: matrix.view(),
        frobenius: frobenius_norm(matrix.view()),
        k,
        keep: k + SPARE,
    }
}

#[test]
fn nothing_is_certified_before_it_is_counted() {
    let (matrix, _) = with_outliers(0, -0.2);
    let search = search(&matrix, 4);
    let gram = gram(matrix.view());
    let (_, vectors) = leading_eigenpairs(gram, 12).unwrap();
    let rows = vectors.reversed_axes();
    let found = search.triplets(&Vectors { rows, dimension: 0 }).unwrap();
    assert_eq!(
        (found.proof, found.next.1),
        (Proof::Estimated, f64::INFINITY)
    );
    assert_eq!(found.sin_theta_bound(12), None);
}

#[test]
fn many_outliers_are_taken_out_and_what_follows_is_bounded() {
    for (outliers, k) in [(3, 8), (12, 20), (40, 44)] {
        let (matrix, sigma) = with_outliers(outliers, -0.2);
        let search = search(&matrix, k);
        let first = search.with_gram().unwrap();
        let again = search
            .without_outliers(&first, usize::MAX)
            .unwrap()
            .unwrap();
        assert_eq!(again.proof, Proof::Certified, "{outliers}");
        assert!(again.sigma[outliers - 1] > 9e4 && again.sigma[outliers] < 2.0);
        let beyond = sigma[again.len()];
        assert!(
            beyond <= again.next.1,
            "{outliers}: {beyond} above {:?}",
            again.next
        );
        assert!(again.next.1 < 1.01 * beyond, "{outliers}: {:?}", again.next);
        // What rounding took is bounded, and not by much more than it is.
        let mut rest = matrix.clone();
        let image = &first.u.slice(s![.., ..outliers]) * &first.sigma.slice(s![..outliers]);
        subtract_rows_times(
            &mut rest,
            image.view(),
            first.v.slice(s![.., ..outliers]).t(),
        );
        let kept = image.dot(&first.v.slice(s![.., ..outliers]).t());
        let took = frobenius_norm((&matrix - &kept - &rest).view());
        assert!(
            took <= search.taken(&first, outliers),
            "{outliers}: {took:e}"
        );
    }
}

#[test]
fn outliers_before_an_estimate_leave_an_estimate() {
    let (matrix, _) = with_outliers(3, -0.9);
    let search = search(&matrix, 8);
    let first = search.with_gram().unwrap();
    let again = search.without_outliers(&first, 0).unwrap().unwrap();
    assert_eq!(
        (first.proof, again.proof),
        (Proof::Certified, Proof::Estimated)
    );
}

#[test]
fn values_that_are_nothing_but_rounding_do_not_count() {
    let sigma = ndarray::array![3.0, 2.0, 1e-3];
    let (matrix, ..) = with_spectrum(130, 120, &sigma);
    for gram_limit in [usize::MAX, 0] {
        let found = large(matrix.view(), 7, gram_limit).unwrap();
        assert_eq!(found.numerical_rank(), 3);
    }
    let none = large(Array2::zeros((40, 30)).view(), 4, usize::MAX).unwrap();
    assert_eq!(none.numerical_rank(), 0);
}
