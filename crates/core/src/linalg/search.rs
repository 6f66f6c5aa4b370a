//! How leading triplets of a large matrix are found, and how it is shown that none was missed.

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};

use crate::error::Result;

use super::blocks::{gram, rows_times, subtract_rows_times, times};
use super::lanczos::{Task, Vectors, lanczos};
use super::lapack::{add_gram, cholesky_in_place, leading_eigenpairs, mirror_below};
use super::qr::thin_qr;
use super::svd::svd;
use super::triplets::{Leading, Method, Proof, column_norms, full};
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
    let mut found = match matrix.ncols() <= gram_limit {
        true => Some(search.with_gram()?),
        false => search.twice()?,
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
            if self.certify(&mut found, &mut gram) {
                return Ok(found);
            }
        }
        let (_, vectors) = leading_eigenpairs(gram.clone(), self.keep)?;
        let mut found = self.triplets(&Vectors {
            rows: vectors.reversed_axes(),
            dimension: 0,
        })?;
        found.method = Method::Gram;
        if !self.certify(&mut found, &mut gram) {
            // Every eigenvalue of MᵀM was counted, so none is missing; where no gap is wide enough
            // for the factorisation, rounding is all that separates the next value from these.
            let rounding = 1e-13 * found.sigma[0] * found.sigma[0];
            let last = found.sigma[found.len() - 1];
            found.next = (last, (last * last + rounding).sqrt());
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
        let known = 1e-10 * first.sigma[0];
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
        if 5 * self.k > side {
            return Ok(None);
        }
        lanczos(&Task {
            apply,
            side,
            keep: self.keep,
            block: block(self.k, side),
            limit: side * 3 / 5,
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

    /// Looks for a cut between k and the last triplet behind which nothing was missed, cuts there
    /// and sets `next`. What is above the diagonal of MᵀM may be lost when it succeeds.
    fn certify(&self, found: &mut Leading, gram: &mut Array2<f64>) -> bool {
        if found.len() == gram.nrows() {
            found.next = (0.0, 0.0);
            return true;
        }
        let gap = |cut: usize| (found.sigma[cut - 1] - found.sigma[cut]) / found.sigma[cut - 1];
        // Nothing but rounding is left behind the last triplet of a matrix of low rank.
        let Some(cut) = (self.k..found.len()).max_by(|&a, &b| gap(a).total_cmp(&gap(b))) else {
            return false;
        };
        let (above, below) = (found.sigma[cut - 1], found.sigma[cut]);
        let spread = found.residual_norm(cut);
        for share in [0.1, 0.7] {
            let tau = below + share * (above - below);
            let Some(bound) = self.counted(found, cut, tau, gram) else {
                continue;
            };
            if bound < above - spread {
                *found = found.truncated(cut);
                found.next = (below, bound);
                return true;
            }
        }
        false
    }

    /// An upper bound on σ_{cut+1} close to τ, if the Cholesky factorisation shows it. It is done in
    /// place, in the upper triangle of MᵀM, which is restored from the lower one if it fails.
    fn counted(
        &self,
        found: &Leading,
        cut: usize,
        tau: f64,
        gram: &mut Array2<f64>,
    ) -> Option<f64> {
        let sigma = found.sigma.slice(s![..cut]);
        let weighted = &found.v.slice(s![.., ..cut]) * &sigma;
        let level = tau * tau;
        let diagonal = gram.diag().to_owned();
        for (i, mut row) in gram.rows_mut().into_iter().enumerate() {
            row.slice_mut(s![i..]).mapv_inplace(|x| -x);
            row[i] += level;
        }
        add_gram(gram, weighted.t());
        let trace = gram.diag().sum();
        if !cholesky_in_place(gram) {
            gram.diag_mut().assign(&diagonal);
            mirror_below(gram);
            return None;
        }
        // |error| of MᵀM, of VΣ²Vᵀ and of the factorisation (Higham 2002, 3.5 and theorem 10.3).
        let length = self.matrix.nrows().max(gram.nrows()) + 8;
        let gamma = 1.01 * length as f64 * f64::EPSILON / 2.0;
        let energy = self.frobenius.powi(2) + sigma.dot(&sigma);
        let rounding = gamma * (energy + trace.abs());
        Some((level + rounding).sqrt())
    }
}

/// A zero matrix has its singular values exactly, and any vectors.
fn zero((rows, columns): (usize, usize), k: usize) -> Leading {
    Leading {
        u: Array2::eye(rows).slice(s![.., ..k]).to_owned(),
        v: Array2::eye(columns).slice(s![.., ..k]).to_owned(),
        sigma: Array1::zeros(columns),
        right_residuals: Array1::zeros(k),
        left_residuals: Array1::zeros(k),
        next: (0.0, 0.0),
        proof: Proof::Certified,
        method: Method::Full,
        frobenius_norm: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::{Subspace, haar, principal_angles};

    /// U·diag(σ)·Vᵀ of m × n with the given σ; U and V as they were drawn.
    fn with_spectrum(m: usize, n: usize, sigma: &Array1<f64>) -> (Array2<f64>, Subspace, Subspace) {
        let count = sigma.len();
        let (u, v) = (haar(m, count, "u").unwrap(), haar(n, count, "v").unwrap());
        ((&u.basis() * sigma).dot(&v.basis().t()), u, v)
    }

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

    #[test]
    fn the_count_sees_what_was_left_out() {
        // Triplets 1, 2, 4, 5, …: the third is missing, and no τ between the fourth and the fifth
        // can be certified.
        let sigma = Array1::from_shape_fn(60, |l| 1.0 / (l as f64 + 1.0));
        let (matrix, u, v) = with_spectrum(60, 60, &sigma);
        let search = Search {
            matrix: matrix.view(),
            frobenius: frobenius_norm(matrix.view()),
            k: 3,
            keep: 5,
        };
        let chosen = [0, 1, 3, 4, 5];
        let pick = |basis: ArrayView2<f64>| basis.select(Axis(1), &chosen);
        let mut found = Leading {
            u: pick(u.basis()),
            v: pick(v.basis()),
            sigma: sigma.select(Axis(0), &chosen),
            right_residuals: Array1::zeros(5),
            left_residuals: Array1::zeros(5),
            next: (f64::NAN, f64::INFINITY),
            proof: Proof::Certified,
            method: Method::Krylov(0),
            frobenius_norm: search.frobenius,
        };
        let mut gram = gram(matrix.view());
        let before = gram.clone();
        assert!(!search.certify(&mut found, &mut gram));
        assert_eq!(gram, before);
        for (place, l) in [0, 1, 2, 3, 4].into_iter().enumerate() {
            found.sigma[place] = sigma[l];
            found.v.column_mut(place).assign(&v.basis().column(l));
            found.u.column_mut(place).assign(&u.basis().column(l));
        }
        assert!(search.certify(&mut found, &mut gram));
    }
}
