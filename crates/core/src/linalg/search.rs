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
use super::values::{frobenius_norm, gamma};

/// Up to this smaller side a full decomposition is the last resort (a minute at 4096).
const LARGEST_FULL: usize = 4096;
/// Bound on sin θ that every leading subspace shall reach.
const TOLERANCE: f64 = 1e-6;
/// Bound on sin θ beyond which a full decomposition is tried.
const UNACCEPTABLE: f64 = 1e-4;
/// A full decomposition is tried where it would do this many times better than [`UNACCEPTABLE`].
const WORTH_IT: f64 = 10.0;
/// Residuals of a full decomposition, in ε·σ₁, as they are seen.
const FULL_RESIDUAL: f64 = 10.0;
/// Residuals that Lanczos cannot get below, in ε of the largest eigenvalue.
const LANCZOS_RESIDUAL: f64 = 4.0;
/// A Lanczos block has a vector for so much of the smaller side: timed from 1536 to 8192, 8 to 64 vectors.
const SIDE_PER_VECTOR: usize = 256;
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

/// The k leading triplets of a matrix that is neither empty nor has anything but numbers, whose
/// squares are numbers too.
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
    if matrix.iter().all(|&x| x == 0.0) {
        return Ok(zero(matrix.dim(), k));
    }
    let frobenius = frobenius_norm(matrix);
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

/// How far a full decomposition's values may be off, of which one bounds the next: n·ε·σ₁. 0 where
/// the bound was found otherwise.
fn of_all(found: &Leading) -> f64 {
    let is_next = found.is_complete() && found.sigma.len() > found.len();
    if is_next {
        found.sigma.len() as f64 * f64::EPSILON * found.sigma[0]
    } else {
        0.0
    }
}

/// Whether a bound is bad although the gap would let a full decomposition do better.
fn falls_short(found: &Leading, k: usize) -> bool {
    let rounding = FULL_RESIDUAL * f64::EPSILON * found.sigma[0] * (k as f64).sqrt();
    (1..=k).any(|cut| {
        let reachable = rounding / found.gap(cut).max(f64::MIN_POSITIVE);
        let bound = found.sin_theta_bound(cut);
        reachable < UNACCEPTABLE / WORTH_IT && bound.is_none_or(|bound| bound > UNACCEPTABLE)
    })
}

/// Vectors of a Lanczos block. A narrow block needs the smaller space, but each step reads and packs all of
/// the matrix, whatever the block: the larger the matrix, the wider.
fn block(side: usize) -> usize {
    (side / SIDE_PER_VECTOR).next_multiple_of(8).clamp(8, 64)
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
        let (below, bound) = inner.after(inner.len());
        found.next = (below, bound + self.taken(first, count) + of_all(&inner));
        Ok(Some(found))
    }

    /// A bound on what rounding did to M when its outliers were taken out.
    ///
    /// ```text
    /// γ·(‖M‖_F + Σ_{j≤c} σ_j),    γ of c + 3 terms, c outliers
    /// ```
    ///
    /// M is the computed rest, a matrix of rank c, and this. So M makes no more of a vector that is
    /// orthogonal to the outliers and to the rest's right vectors than the rest's bound and this, and
    /// no more than c singular values of M lie above it beside the rest's own (Weyl). An entry is a sum
    /// of c products, of an image that was rounded once, and a difference (Higham 2002, 3.5).
    fn taken(&self, first: &Leading, count: usize) -> f64 {
        let outliers: f64 = first.sigma.iter().take(count).sum();
        gamma(count + 3) * (self.frobenius + outliers)
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
            block: block(side),
            limit: side * LARGEST_SPACE.0 / LARGEST_SPACE.1,
            key: &format!("leading {} × {side}, {} start", self.matrix.nrows(), start),
            excess: &|values, residuals| self.excess(values, residuals),
        })
    }

    /// log₁₀ of the worst bound on sin θ over its goal. The goal of a cut whose gap is within
    /// rounding is that rounding.
    fn excess(&self, values: &Array1<f64>, residuals: &Array1<f64>) -> f64 {
        let rounding = LANCZOS_RESIDUAL * f64::EPSILON * values[0];
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
            // Until somebody shows more.
            proof: Proof::Estimated,
            method: Method::Krylov(found.dimension),
            frobenius_norm: self.frobenius,
        })
    }
}

#[cfg(test)]
mod tests;
