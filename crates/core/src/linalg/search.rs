//! How the leading triplets of a large matrix are found.

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};

use crate::error::Result;

use super::blocks::{gram, rows_times, subtract_rows_times, times};
use super::certificate::{certify, certify_without_gap};
use super::lanczos::{Task, Vectors, lanczos};
use super::lapack::leading_eigenpairs;
use super::qr::thin_qr;
use super::svd::svd;
use super::triplets::{Leading, Method, Proof, column_norms, full, zero};
use super::values::frobenius_norm;

/// Up to this smaller side a full decomposition is the last resort (a minute at 4096).
const LARGEST_FULL: usize = 4096;
/// Bound on sin θ that every leading subspace shall reach.
const TOLERANCE: f64 = 1e-6;
/// Bound on sin θ beyond which a full decomposition is tried.
const UNACCEPTABLE: f64 = 1e-4;
/// From this smaller side on a Lanczos step is bound by memory.
const LARGE: usize = 2048;
/// A singular value this many times the k-th one spoils the k-th vectors by way of MᵀM.
const OUTLIER: f64 = 30.0;
/// Two random starts agree where their singular values differ by no more than this share of σ₁.
const AGREEMENT: f64 = 1e-10;
/// Lanczos is tried where the smaller side is at least this many times the triplets asked for.
const SIDE_PER_TRIPLET: usize = 5;
/// Lanczos gives up in a space of this share (3/5) of the smaller side: all of MᵀM is cheaper.
const LARGEST_SPACE: (usize, usize) = (3, 5);
/// Triplets computed beyond those asked for, so that the certificate can choose the widest gap.
const SPARE: usize = 8;

/// The k leading triplets of a matrix that is neither empty nor has anything but numbers.
///
/// `gram_limit`: the largest smaller side for which MᵀM is formed.
pub(super) fn large(matrix: ArrayView2<f64>, k: usize, gram_limit: usize) -> Result<Leading> {
    if matrix.nrows() < matrix.ncols() {
        let turned = large(matrix.t(), k, gram_limit)?;
        return Ok(Leading {
            u: turned.v,
            v: turned.u,
            right_residuals: turned.left_residuals,
            left_residuals: turned.right_residuals,
            ..turned
        });
    }
    let frobenius = frobenius_norm(matrix);
    if frobenius == 0.0 {
        return Ok(zero(matrix.dim(), k));
    }
    let search = Search {
        matrix,
        frobenius,
        k,
        keep: (k + SPARE).min(matrix.ncols()),
    };
    let mut found = if matrix.ncols() <= gram_limit {
        Some(search.with_gram()?)
    } else {
        search.twice()?
    };
    if let Some(first) = found.take_if(|first| falls_short(first, k)) {
        let again = search.without_outliers(&first, gram_limit)?;
        found = Some(again.unwrap_or(first));
    }
    match found {
        Some(found) if !falls_short(&found, k) || matrix.ncols() > LARGEST_FULL => Ok(found),
        Some(_) | None => full(matrix, k),
    }
}

/// Whether a bound is bad although the gap would let a full decomposition do better.
fn falls_short(found: &Leading, k: usize) -> bool {
    let rounding = 10.0 * f64::EPSILON * found.sigma[0] * (k as f64).sqrt();
    (1..=k).any(|cut| {
        let reachable = rounding / found.gap(cut).max(f64::MIN_POSITIVE);
        let bound = found.sin_theta_bound(cut);
        reachable < UNACCEPTABLE / 10.0 && bound.is_none_or(|bound| bound > UNACCEPTABLE)
    })
}

/// Vectors of a Lanczos block. Each step reads and packs all of a large matrix, whatever the block,
/// so that the smallest block grows with it.
fn block(k: usize, side: usize) -> usize {
    let smallest = if side < LARGE { 8 } else { 16 };
    (k / 8).next_multiple_of(8).clamp(smallest, 64)
}

/// What is looked for in an m × n matrix, m ≥ n, that is not zero.
struct Search<'a> {
    matrix: ArrayView2<'a, f64>,
    frobenius: f64,
    k: usize,
    /// Triplets computed.
    keep: usize,
}

impl Search<'_> {
    /// By MᵀM: Lanczos if it comes to its end and can be certified, else all of MᵀM.
    fn with_gram(&self) -> Result<Leading> {
        let mut gram = gram(self.matrix);
        if let Some(pairs) = self.lanczos(&|x| rows_times(x, gram.view()), "first")? {
            let mut found = self.triplets(&pairs)?;
            if certify(&mut found, self.k, &mut gram) {
                return Ok(found);
            }
        }
        let (_, vectors) = leading_eigenpairs(gram.clone(), self.keep)?;
        let mut found = self.triplets(&Vectors {
            rows: vectors.reversed_axes(),
            dimension: 0,
        })?;
        found.method = Method::Gram;
        if !certify(&mut found, self.k, &mut gram) {
            certify_without_gap(&mut found, &mut gram);
        }
        Ok(found)
    }

    /// Again, with the outliers taken out of M first: rounding in MᵀM is ε·σ₁², which is nothing
    /// beside an outlier and much beside the square of a small singular value.
    fn without_outliers(&self, first: &Leading, gram_limit: usize) -> Result<Option<Leading>> {
        let last = first.sigma[self.k - 1];
        let large_ones = first.sigma.iter().take_while(|&&x| x > OUTLIER * last);
        let count = large_ones.count();
        if count == 0 || count >= self.k {
            return Ok(None);
        }
        let outliers = first.v.slice(s![.., ..count]);
        let mut rest = self.matrix.to_owned();
        let image = &first.u.slice(s![.., ..count]) * &first.sigma.slice(s![..count]);
        subtract_rows_times(&mut rest, image.view(), outliers.t());
        let inner = large(rest.view(), self.keep - count, gram_limit)?;
        // Orthogonal to each other only as far as the outliers were known: too little beside them.
        let (joined, _) = thin_qr(concatenate![Axis(1), outliers, inner.v].view())?;
        let mut found = self.triplets(&Vectors {
            rows: joined.reversed_axes(),
            dimension: 0,
        })?;
        found.method = inner.method;
        found.proof = inner.proof;
        // M is the rest, a matrix of rank `count` and what rounding took, so that no more than
        // `count` singular values of M lie above the bound of the rest (Weyl).
        let taken = (count + 3) as f64 * f64::EPSILON * 2.0 * self.frobenius;
        let (below, bound) = inner.after(inner.len());
        found.next = (below, bound + taken);
        Ok(Some(found))
    }

    /// By products with M alone, from two random starts that must agree.
    fn twice(&self) -> Result<Option<Leading>> {
        let apply = |x: ArrayView2<f64>| {
            let images = rows_times(x, self.matrix.t());
            rows_times(images.view(), self.matrix)
        };
        let mut found = Vec::new();
        for start in ["first", "second"] {
            let Some(pairs) = self.lanczos(&apply, start)? else {
                return Ok(None);
            };
            found.push(self.triplets(&pairs)?);
        }
        let (Some(second), Some(first)) = (found.pop(), found.pop()) else {
            return Ok(None);
        };
        let known = AGREEMENT * first.sigma[0];
        let agree = |l: usize| (first.sigma[l] - second.sigma[l]).abs() <= known;
        if !(0..self.k).all(agree) {
            return Ok(None);
        }
        // The triplet after the k-th stands for what was not looked at.
        let keep = self.k.min(self.keep - 1);
        let next = first.sigma[keep];
        Ok(Some(Leading {
            next: (next, next.max(second.sigma[keep]) + known),
            proof: Proof::Estimated,
            ..first.truncated(keep)
        }))
    }

    fn lanczos(
        &self,
        apply: &dyn Fn(ArrayView2<f64>) -> Array2<f64>,
        start: &str,
    ) -> Result<Option<Vectors>> {
        let side = self.matrix.ncols();
        if SIDE_PER_TRIPLET * self.k > side {
            return Ok(None);
        }
        lanczos(&Task {
            apply,
            side,
            keep: self.keep,
            block: block(self.k, side),
            limit: side * LARGEST_SPACE.0 / LARGEST_SPACE.1,
            key: &format!("leading {} × {side}, {} start", self.matrix.nrows(), start),
            excess: &|values, residuals| self.excess(values, residuals),
        })
    }

    /// log₁₀ of the worst bound on sin θ over its goal. The goal of a cut whose gap is within
    /// rounding is that rounding.
    fn excess(&self, values: &Array1<f64>, residuals: &Array1<f64>) -> f64 {
        let rounding = 4.0 * f64::EPSILON * values[0];
        let mut energy = 0.0;
        let mut worst = f64::NEG_INFINITY;
        for l in 0..self.k {
            // In terms of M: ‖Mᵀu − σv‖ = ‖MᵀMv − σ²v‖/σ, and a gap of σ² is 2σ times one of σ.
            energy += residuals[l] * residuals[l];
            let gap = values[l] - values.get(l + 1).copied().unwrap_or(0.0);
            let goal = (TOLERANCE * gap).max(rounding * ((l + 1) as f64).sqrt());
            worst = worst.max((energy.sqrt() / goal).log10());
        }
        worst
    }

    /// Rayleigh–Ritz on M in the span of the pairs: M·V = U·Σ exactly, up to rounding.
    fn triplets(&self, found: &Vectors) -> Result<Leading> {
        let images = times(self.matrix, found.rows.t());
        let (q, r) = thin_qr(images.view())?;
        let core = svd(r.view())?;
        let (u, v) = (
            times(q.view(), core.u.view()),
            times(found.rows.t(), core.v.view()),
        );
        let right = times(images.view(), core.v.view()) - &u * &core.sigma;
        let left = times(self.matrix.t(), u.view()) - &v * &core.sigma;
        Ok(Leading {
            right_residuals: column_norms(&right),
            left_residuals: column_norms(&left),
            u,
            v,
            sigma: core.sigma,
            next: (f64::NAN, f64::INFINITY),
            proof: Proof::Certified,
            method: Method::Krylov(found.dimension),
            frobenius_norm: self.frobenius,
        })
    }
}

#[cfg(test)]
mod tests {
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
}
