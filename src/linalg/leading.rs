//! Leading singular triplets of a large matrix, with a certificate.

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};

use crate::error::Result;

use super::blocks::{gram, subtract_product, times};
use super::lanczos::{Task, Vectors, lanczos};
use super::lapack::{cholesky_in_place, leading_eigenpairs};
use super::qr::thin_qr;
use super::svd::{check_input, frobenius_norm, svd};

/// Up to this smaller side a full decomposition is cheap, and the safest answer.
pub const SMALL_SIDE: usize = 1024;
/// Up to this smaller side a full decomposition is still the last resort (a minute at 4096).
const LARGEST_FULL: usize = 4096;
/// Beyond this smaller side MᵀM (n² numbers) is not formed.
const LARGEST_GRAM: usize = 16_384;
/// Bound on sin θ that every leading subspace shall reach.
const TOLERANCE: f64 = 1e-6;
/// Bound on sin θ beyond which a full decomposition is tried.
const UNACCEPTABLE: f64 = 1e-4;
/// A singular value this many times the k-th one spoils the k-th vectors by way of MᵀM.
const OUTLIER: f64 = 30.0;
/// Triplets computed beyond those asked for, so that the certificate can choose the widest gap.
const SPARE: usize = 8;

/// How it is known that no larger singular value was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// All singular values are known, or a Cholesky factorisation has counted those above.
    Certified,
    /// A second random start found the same.
    Estimated,
}

/// How the triplets were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A full SVD.
    Full,
    /// Eigenvectors of MᵀM and a Rayleigh–Ritz step on M.
    Gram,
    /// Block Lanczos in a space of this dimension, and a Rayleigh–Ritz step on M.
    Krylov(usize),
}

/// The leading singular triplets of a matrix M, what is known of the rest, and how well.
#[derive(Debug, Clone)]
pub struct Leading {
    /// Left singular vectors, m × k.
    pub u: Array2<f64>,
    /// Right singular vectors as columns, n × k.
    pub v: Array2<f64>,
    /// Singular values, falling: all of M's after a full decomposition, else the k leading ones.
    pub sigma: Array1<f64>,
    /// ‖Mv − σu‖ of each triplet.
    pub right_residuals: Array1<f64>,
    /// ‖Mᵀu − σv‖ of each triplet.
    pub left_residuals: Array1<f64>,
    /// The next singular value as computed (0 where there is none), and a number that it does not
    /// exceed; the latter is as sure as `proof` says.
    pub next: (f64, f64),
    /// Why nothing was missed.
    pub proof: Proof,
    /// How they were found.
    pub method: Method,
    /// ‖M‖_F.
    pub frobenius_norm: f64,
}

impl Leading {
    /// Number of triplets, k.
    pub fn len(&self) -> usize {
        self.u.ncols()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `sigma` has every singular value.
    pub fn is_complete(&self) -> bool {
        self.method == Method::Full
    }

    /// The l-th singular value after the leading k ones as computed, and an upper bound for it.
    fn after(&self, k: usize) -> (f64, f64) {
        match self.sigma.get(k) {
            // Each of the true values lies within the residual's norm of a computed one.
            Some(&sigma) => (sigma, sigma + self.residual_norm(self.len())),
            None => self.next,
        }
    }

    /// √Σ of both squared residuals over the leading k triplets.
    fn residual_norm(&self, k: usize) -> f64 {
        let square = |residuals: &Array1<f64>| residuals.iter().take(k).map(|r| r * r).sum::<f64>();
        (square(&self.right_residuals) + square(&self.left_residuals)).sqrt()
    }

    /// σ_k − σ_{k+1} as computed.
    pub fn gap(&self, k: usize) -> f64 {
        self.sigma[k - 1] - self.after(k).0
    }

    /// Wedin's bound on sin θ between the computed and the true leading k-subspace, on either side.
    ///
    /// ```text
    /// sin θ ≤ √(Σ_{l≤k} ‖Mv_l − σ_l u_l‖² + ‖Mᵀu_l − σ_l v_l‖²) / (σ_k − s),    s ≥ σ_{k+1}
    /// ```
    ///
    /// `None` where the residuals leave no gap: the subspace is not determined. As sure as `proof`.
    ///
    /// # Reference
    ///
    /// Wedin 1972, BIT 12:99–111.
    pub fn sin_theta_bound(&self, k: usize) -> Option<f64> {
        let gap = self.sigma[k - 1] - self.after(k).1;
        (gap > 0.0).then(|| (self.residual_norm(k) / gap).min(1.0))
    }
}

/// The k leading singular triplets of M (a few more may come back), with a certificate.
///
/// Up to 1024 on the smaller side M is decomposed in full. Larger matrices go through MᵀM (of the
/// smaller side): block Lanczos, or all of MᵀM where k is large or the iteration does not come to
/// its end; then a Rayleigh–Ritz step on M, so that ‖Mv − σu‖ is rounding and ‖Mᵀu − σv‖ tells the
/// error. The goal is a bound of 1e-6 on sin θ for every leading subspace up to k; where it cannot be
/// reached the bound says so.
///
/// **Certificate.** If τ²·I + σ₁²·VVᵀ − MᵀM is positive definite for some V of c columns, then
/// σ_{c+1} < τ (Weyl: the first two terms have at most c eigenvalues above τ²). A Cholesky
/// factorisation that comes to its end shows it, and its rounding is added to the bound.
///
/// # Errors
///
/// [`crate::Error::Numerical`] for NaN, infinity, an empty matrix, or a routine that fails.
///
/// # Example
///
/// ```
/// use lora_subspace::linalg::{leading, Proof};
/// let m = ndarray::array![[3.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
/// let top = leading(m.view(), 1)?;
/// assert!((top.sigma[0] - 3.0).abs() < 1e-14 && (top.gap(1) - 2.0).abs() < 1e-14);
/// assert!(top.sin_theta_bound(1).unwrap() < 1e-14 && top.proof == Proof::Certified);
/// # Ok::<(), lora_subspace::Error>(())
/// ```
pub fn leading(matrix: ArrayView2<f64>, k: usize) -> Result<Leading> {
    super::use_one_thread();
    check_input(&matrix)?;
    let k = k.clamp(1, matrix.nrows().min(matrix.ncols()));
    if matrix.nrows().min(matrix.ncols()) <= SMALL_SIDE {
        return full(matrix, k);
    }
    large(matrix, k, LARGEST_GRAM)
}

/// A full SVD, of which k triplets are kept.
fn full(matrix: ArrayView2<f64>, k: usize) -> Result<Leading> {
    let all = svd(matrix)?;
    let (u, v) = (
        all.u.slice(s![.., ..k]).to_owned(),
        all.v.slice(s![.., ..k]).to_owned(),
    );
    let sigma = all.sigma.slice(s![..k]);
    let right = column_norms(&(times(matrix, v.view()) - &u * &sigma));
    let left = column_norms(&(times(matrix.t(), u.view()) - &v * &sigma));
    Ok(Leading {
        u,
        v,
        right_residuals: right,
        left_residuals: left,
        sigma: all.sigma,
        next: (0.0, 0.0),
        proof: Proof::Certified,
        method: Method::Full,
        frobenius_norm: frobenius_norm(matrix),
    })
}

/// `gram_limit`: the largest smaller side for which MᵀM is formed.
fn large(matrix: ArrayView2<f64>, k: usize, gram_limit: usize) -> Result<Leading> {
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
        true => search.with_gram()?,
        false => search.twice()?,
    };
    if let Some(first) = found.take_if(|first| first.falls_short(k)) {
        found = Some(
            search
                .without_outliers(&first, gram_limit)?
                .unwrap_or(first),
        );
    }
    match found {
        Some(found) if !found.falls_short(k) || matrix.ncols() > LARGEST_FULL => Ok(found),
        Some(_) | None => full(matrix, k),
    }
}

impl Leading {
    /// Whether a bound is bad although the gap would let a full decomposition do better.
    fn falls_short(&self, k: usize) -> bool {
        let rounding = 10.0 * f64::EPSILON * self.sigma[0] * (k as f64).sqrt();
        (1..=k).any(|cut| {
            let reachable = rounding / self.gap(cut).max(f64::MIN_POSITIVE);
            reachable < UNACCEPTABLE / 10.0
                && self
                    .sin_theta_bound(cut)
                    .is_none_or(|bound| bound > UNACCEPTABLE)
        })
    }
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
    fn with_gram(&self) -> Result<Option<Leading>> {
        let gram = gram(self.matrix);
        if let Some(pairs) = self.lanczos(&|x| times(gram.view(), x), "first")? {
            let mut found = self.triplets(&pairs)?;
            if self.certify(&mut found, &gram) {
                return Ok(Some(found));
            }
        }
        let (_, vectors) = leading_eigenpairs(gram.clone(), self.keep)?;
        let mut found = self.triplets(&Vectors {
            vectors,
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
        Ok(Some(found))
    }

    /// Again, with the outliers taken out of M first: rounding in MᵀM is ε·σ₁², which is nothing
    /// beside an outlier and much beside the square of a small singular value.
    fn without_outliers(&self, first: &Leading, gram_limit: usize) -> Result<Option<Leading>> {
        let last = first.sigma[self.k - 1];
        let count = first
            .sigma
            .iter()
            .take_while(|&&x| x > OUTLIER * last)
            .count();
        if count == 0 || count >= self.k {
            return Ok(None);
        }
        let outliers = first.v.slice(s![.., ..count]);
        let mut rest = self.matrix.to_owned();
        let image = &first.u.slice(s![.., ..count]) * &first.sigma.slice(s![..count]);
        subtract_product(&mut rest, image.view(), outliers.t());
        let inner = large(rest.view(), self.keep - count, gram_limit)?;
        let vectors = concatenate![Axis(1), outliers, inner.v];
        let mut found = self.triplets(&Vectors {
            vectors,
            dimension: 0,
        })?;
        found.method = inner.method;
        found.proof = inner.proof;
        found.next = inner.next;
        Ok(
            (found.proof == Proof::Estimated || self.certify(&mut found, &gram(self.matrix)))
                .then_some(found),
        )
    }

    /// By products with M alone, from two random starts that must agree.
    fn twice(&self) -> Result<Option<Leading>> {
        let apply = |x: ArrayView2<f64>| times(self.matrix.t(), times(self.matrix, x).view());
        let mut found = Vec::new();
        for start in ["first", "second"] {
            let Some(pairs) = self.lanczos(&apply, start)? else {
                return Ok(None);
            };
            found.push(self.triplets(&pairs)?);
        }
        let (Some(second), Some(mut first)) = (found.pop(), found.pop()) else {
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
        first = truncated(first, keep);
        first.next = (next, next.max(second.sigma[keep]) + known);
        first.proof = Proof::Estimated;
        Ok(Some(first))
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
            block: (self.k / 16).next_multiple_of(8).clamp(8, 64),
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
        let (q, r) = thin_qr(times(self.matrix, found.vectors.view()).view())?;
        let core = svd(r.view())?;
        let (u, v) = (
            times(q.view(), core.u.view()),
            times(found.vectors.view(), core.v.view()),
        );
        let right = times(self.matrix, v.view()) - &u * &core.sigma;
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
        let side = gram.nrows();
        if found.len() == side {
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
            if bound >= above - spread {
                continue;
            }
            *found = truncated(found.clone(), cut);
            found.next = (below, bound);
            return true;
        }
        false
    }

    /// An upper bound on σ_{cut+1} close to τ, if the Cholesky factorisation shows it.
    fn counted(&self, found: &Leading, cut: usize, tau: f64, gram: &Array2<f64>) -> Option<f64> {
        let v = found.v.slice(s![.., ..cut]);
        let (weight, level) = (found.sigma[0] * found.sigma[0], tau * tau);
        let mut shifted = times((&v * weight).view(), v.t());
        shifted -= gram;
        shifted.diag_mut().mapv_inplace(|x| x + level);
        let trace = shifted.diag().sum();
        if !cholesky_in_place(&mut shifted) {
            return None;
        }
        // |error| of MᵀM, of VVᵀ and of the factorisation (Higham 2002, 3.5 and theorem 10.3).
        let length = self.matrix.nrows().max(gram.nrows()) + 8;
        let gamma = 1.01 * length as f64 * f64::EPSILON / 2.0;
        let rounding = gamma * (self.frobenius.powi(2) + weight * cut as f64 + trace.abs());
        Some((level + rounding).sqrt())
    }
}

/// The leading `keep` triplets.
fn truncated(mut found: Leading, keep: usize) -> Leading {
    found.u = found.u.slice(s![.., ..keep]).to_owned();
    found.v = found.v.slice(s![.., ..keep]).to_owned();
    for values in [
        &mut found.sigma,
        &mut found.right_residuals,
        &mut found.left_residuals,
    ] {
        *values = values.slice(s![..keep]).to_owned();
    }
    found
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

fn column_norms(matrix: &Array2<f64>) -> Array1<f64> {
    matrix.map_axis(Axis(0), |column| column.dot(&column).sqrt())
}
