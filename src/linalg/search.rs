//! How leading triplets of a large matrix are found, and how it is shown that none was missed.

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};

use crate::error::Result;

use super::blocks::{gram, rows_times, subtract_rows_times, times};
use super::lanczos::{Task, Vectors, lanczos};
use super::lapack::{add_gram, cholesky_in_place, leading_eigenpairs};
use super::leading::{Leading, Method, Proof, column_norms, full};
use super::qr::thin_qr;
use super::svd::{frobenius_norm, svd};

/// Up to this smaller side a full decomposition is the last resort (a minute at 4096).
const LARGEST_FULL: usize = 4096;
/// Bound on sin θ that every leading subspace shall reach.
const TOLERANCE: f64 = 1e-6;
/// Bound on sin θ beyond which a full decomposition is tried.
const UNACCEPTABLE: f64 = 1e-4;
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
        let gram = gram(self.matrix);
        if let Some(pairs) = self.lanczos(&|x| rows_times(x, gram.view()), "first")? {
            let mut found = self.triplets(&pairs)?;
            if self.certify(&mut found, &gram) {
                return Ok(found);
            }
        }
        let (_, vectors) = leading_eigenpairs(gram.clone(), self.keep)?;
        let mut found = self.triplets(&Vectors {
            rows: vectors.reversed_axes(),
            dimension: 0,
        })?;
        found.method = Method::Gram;
        if !self.certify(&mut found, &gram) {
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
        let mut found = self.triplets(&Vectors {
            rows: concatenate![Axis(0), outliers.t(), inner.v.t()],
            dimension: 0,
        })?;
        found.method = inner.method;
        found.proof = inner.proof;
        found.next = inner.next;
        let sure = found.proof == Proof::Estimated || self.certify(&mut found, &gram(self.matrix));
        Ok(sure.then_some(found))
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
            block: (self.k / 8).next_multiple_of(8).clamp(8, 64),
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
    /// and sets `next`.
    fn certify(&self, found: &mut Leading, gram: &Array2<f64>) -> bool {
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

    /// An upper bound on σ_{cut+1} close to τ, if the Cholesky factorisation shows it.
    fn counted(&self, found: &Leading, cut: usize, tau: f64, gram: &Array2<f64>) -> Option<f64> {
        let sigma = found.sigma.slice(s![..cut]);
        let weighted = &found.v.slice(s![.., ..cut]) * &sigma;
        let level = tau * tau;
        let mut shifted = gram.mapv(|x| -x);
        shifted.diag_mut().mapv_inplace(|x| x + level);
        add_gram(&mut shifted, weighted.t());
        let trace = shifted.diag().sum();
        if !cholesky_in_place(&mut shifted) {
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
