//! Leading singular triplets of a large matrix, with a certificate.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::error::Result;

use super::blocks::times;
use super::search::large;
use super::svd::{check_input, frobenius_norm, svd};

/// Up to this smaller side a full decomposition is cheap, and the safest answer.
pub const SMALL_SIDE: usize = 1024;
/// Beyond this smaller side MᵀM (n² numbers) is not formed.
const LARGEST_GRAM: usize = 16_384;

/// How it is known that no larger singular value was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// All singular values are known, or a Cholesky factorisation has counted those above.
    Certified,
    /// A second random start found the same.
    Estimated,
}

impl Proof {
    /// `certified` or `estimated`.
    pub fn name(self) -> &'static str {
        match self {
            Proof::Certified => "certified",
            Proof::Estimated => "estimated",
        }
    }
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

impl std::fmt::Display for Method {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Method::Full => formatter.write_str("full SVD"),
            Method::Gram => formatter.write_str("eigenvectors of MᵀM"),
            Method::Krylov(dimension) => write!(formatter, "block Lanczos, dimension {dimension}"),
        }
    }
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
        self.sigma.len() == self.u.nrows().min(self.v.nrows())
    }

    /// σ_{k+1} as computed, and an upper bound for it.
    pub(super) fn after(&self, k: usize) -> (f64, f64) {
        match self.sigma.get(k) {
            // Each of the true values lies within the residual's norm of a computed one.
            Some(&sigma) => (sigma, sigma + self.residual_norm(self.len())),
            None => self.next,
        }
    }

    /// √Σ of both squared residuals over the leading k triplets.
    pub(super) fn residual_norm(&self, k: usize) -> f64 {
        let square = |residuals: &Array1<f64>| residuals.iter().take(k).map(|r| r * r).sum::<f64>();
        (square(&self.right_residuals) + square(&self.left_residuals)).sqrt()
    }

    /// max(‖Mv − σu‖, ‖Mᵀu − σv‖) of the l-th triplet, l from 1.
    pub fn residual(&self, l: usize) -> f64 {
        self.right_residuals[l - 1].max(self.left_residuals[l - 1])
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

    /// The leading `keep` triplets; what is known of the next is lost.
    pub(super) fn truncated(&self, keep: usize) -> Leading {
        let head = |values: &Array1<f64>| values.slice(s![..keep]).to_owned();
        Leading {
            u: self.u.slice(s![.., ..keep]).to_owned(),
            v: self.v.slice(s![.., ..keep]).to_owned(),
            sigma: head(&self.sigma),
            right_residuals: head(&self.right_residuals),
            left_residuals: head(&self.left_residuals),
            ..*self
        }
    }
}

/// The k leading singular triplets of M (a few more may come back), with a certificate.
///
/// Up to 1024 on the smaller side M is decomposed in full. Larger matrices go through MᵀM (of the
/// smaller side): block Lanczos, or all of MᵀM where k is large or the iteration does not come to
/// its end; then a Rayleigh–Ritz step on M, so that ‖Mv − σu‖ is rounding and ‖Mᵀu − σv‖ tells the
/// error. Beyond a side of 16384 MᵀM is not formed, and a second random start takes the place of
/// the count. The goal is a bound of 1e-6 on sin θ for every leading subspace up to k; where it
/// cannot be reached the bound says so.
///
/// **Certificate.** If τ²·I + V·diag(σ²)·Vᵀ − MᵀM is positive definite for some V of c columns, then
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
    let side = matrix.nrows().min(matrix.ncols());
    let k = k.clamp(1, side);
    match side <= SMALL_SIDE {
        true => full(matrix, k),
        false => large(matrix, k, LARGEST_GRAM),
    }
}

/// A full SVD, of which k triplets are kept.
pub(super) fn full(matrix: ArrayView2<f64>, k: usize) -> Result<Leading> {
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

pub(super) fn column_norms(matrix: &Array2<f64>) -> Array1<f64> {
    matrix.map_axis(Axis(0), |column| column.dot(&column).sqrt())
}
