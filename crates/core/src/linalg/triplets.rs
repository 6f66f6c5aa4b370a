//! Singular triplets, and how it is known that none was missed.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};

use crate::error::Result;

use super::blocks::times;
use super::scaled::{eased, largest, largest_of, root, times_power};
use super::svd::svd;
use super::values::{frobenius_norm, gamma, rank_above};

/// How it is known that no larger singular value was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// All singular values are known, or a Cholesky factorisation has counted those above.
    Certified,
    /// A second random start found the same, or rounding stands in the count's way.
    Estimated,
}

impl Proof {
    /// Its name in records of a run: `certified` or `estimated`.
    pub fn name(self) -> &'static str {
        match self {
            Proof::Certified => "certified",
            Proof::Estimated => "estimated",
        }
    }
}

/// The method by which the triplets were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// A full SVD of M.
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

/// The leading k singular triplets of an m × n matrix M, what is known of the rest, and how well.
#[derive(Debug, Clone)]
pub struct Leading {
    /// The left singular vectors as columns, m × k.
    pub u: Array2<f64>,
    /// The right singular vectors as columns, n × k.
    pub v: Array2<f64>,
    /// The singular values, falling: all of M's after a full decomposition, else the k leading ones.
    pub sigma: Array1<f64>,
    /// ‖Mv − σu‖ of each triplet.
    pub right_residuals: Array1<f64>,
    /// ‖Mᵀu − σv‖ of each triplet.
    pub left_residuals: Array1<f64>,
    /// The next singular value as computed (0 where there is none), and a number that it does not
    /// exceed; the latter is as sure as `proof` says.
    pub next: (f64, f64),
    /// How it is known that no larger singular value was missed.
    pub proof: Proof,
    /// The method by which the triplets were found.
    pub method: Method,
    /// ‖M‖_F, the root of the sum of all squared entries.
    pub frobenius_norm: f64,
}

impl Leading {
    /// k, the number of triplets.
    pub fn len(&self) -> usize {
        self.u.ncols()
    }

    /// Whether there is no triplet at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `sigma` has all min(m, n) singular values.
    pub fn is_complete(&self) -> bool {
        self.sigma.len() == self.u.nrows().min(self.v.nrows())
    }

    /// σ_{k+1} as computed, and an upper bound for it.
    pub(super) fn after(&self, k: usize) -> (f64, f64) {
        match self.sigma.get(k) {
            // With P = VVᵀ, M = UΣVᵀ + (I − UUᵀ)M(I − P) + E. The first two have the values σ_l and
            // none above the bound of `next` on ‖M(I − P)‖. E = RVᵀ + ULᵀ(I − P) of the residuals R
            // and L is no larger than their norm (Weyl).
            Some(&sigma) => {
                let largest = sigma.max(self.next.1);
                (sigma, largest + self.residual_norm(self.len()))
            }
            None => self.next,
        }
    }

    /// √Σ of both squared residuals over the leading k triplets.
    pub(super) fn residual_norm(&self, k: usize) -> f64 {
        let both = [&self.right_residuals, &self.left_residuals];
        let sum = |e: i32| {
            let square = |&r: &f64| times_power(r, e).powi(2);
            let squares = |of: &Array1<f64>| of.iter().take(k).map(square).sum::<f64>();
            squares(both[0]) + squares(both[1])
        };
        let largest = || largest(both.into_iter().flat_map(|of| of.iter().take(k)));
        root(sum(0), largest, sum)
    }

    /// How many singular values stand above rounding: they exceed max(m, n)·ε·σ₁, and the residual of
    /// their vectors where those are known.
    ///
    /// Within max(‖Mv − σu‖, ‖Mᵀu − σv‖) of σ there is a singular value of M: for ‖(u, v)‖ = √2 it is
    /// the residual of an eigenpair of the symmetric [[0, M], [Mᵀ, 0]]. Where the residual reaches σ,
    /// that value may be 0.
    ///
    /// ```
    /// use lora_subspace_core::linalg::leading;
    /// let two = ndarray::array![[3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]];
    /// assert_eq!(leading(two.view(), 3)?.numerical_rank(), 2);
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn numerical_rank(&self) -> usize {
        let shape = (self.u.nrows(), self.v.nrows());
        let error = |l: usize| match l < self.len() {
            true => self.residual(l + 1),
            // Those of a full decomposition, within rounding of σ₁.
            false => 0.0,
        };
        rank_above(&self.sigma, shape, error)
    }

    /// max(‖Mv − σu‖, ‖Mᵀu − σv‖) of the l-th triplet, l from 1 to k.
    pub fn residual(&self, l: usize) -> f64 {
        self.right_residuals[l - 1].max(self.left_residuals[l - 1])
    }

    /// The gap σ_k − σ_{k+1} as computed, k from 1; σ_{k+1} is 0 where there is none.
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

    /// Whether these can be triplets of M, as far as two products with M tell: for fixed weights z
    ///
    /// ```text
    /// ‖M·Vz − UΣz‖ ≤ Σ|z_l|·‖Mv_l − σ_l u_l‖ + rounding,    and the same of Mᵀ
    /// ```
    ///
    /// Triplets that were kept in a file are tried so before they are used: those of another matrix, or
    /// changed ones, fail but for chance.
    ///
    /// ```
    /// use lora_subspace_core::linalg::leading;
    /// use ndarray::array;
    /// let m = array![[3.0, 1.0], [0.0, 2.0], [1.0, 1.0]];
    /// let found = leading(m.view(), 2)?;
    /// assert!(found.is_of(m.view()) && !found.is_of((&m * 1.000001).view()));
    /// assert!(!found.is_of(m.t()));
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn is_of(&self, matrix: ArrayView2<f64>) -> bool {
        let k = self.len();
        if (self.u.nrows(), self.v.nrows()) != matrix.dim() || self.sigma.len() < k {
            return false;
        }
        let (matrix, e) = eased(matrix, largest_of(&matrix));
        let norm_of = |vector: &Array1<f64>| super::scaled::norm(vector);
        let weights = Array1::from_shape_fn(k, |l| (l as f64 + 1.0).sin());
        let weighted = &weights * &self.sigma.slice(s![..k]).mapv(|x| times_power(x, -e));
        let images = [
            matrix.dot(&self.v.dot(&weights)),
            matrix.t().dot(&self.u.dot(&weights)),
        ];
        let expected = [self.u.dot(&weighted), self.v.dot(&weighted)];
        let rounding = gamma(self.u.nrows().max(self.v.nrows()) + k)
            * times_power(self.frobenius_norm, -e)
            * (k as f64).sqrt()
            * norm_of(&weights);
        let residuals = [&self.right_residuals, &self.left_residuals];
        let within =
            |((image, expected), residuals): ((&Array1<f64>, &Array1<f64>), &Array1<f64>)| {
                let allowed = weights
                    .mapv(f64::abs)
                    .dot(&residuals.mapv(|x| times_power(x, -e)));
                norm_of(&(image - expected)) <= allowed + 2.0 * rounding
            };
        images.iter().zip(&expected).zip(residuals).all(within)
    }

    /// The triplets of M·2^e, of those of M.
    pub(super) fn times_power(mut self, e: i32) -> Leading {
        let all = [
            &mut self.sigma,
            &mut self.right_residuals,
            &mut self.left_residuals,
        ];
        for numbers in all {
            numbers.mapv_inplace(|x| times_power(x, e));
        }
        Leading {
            next: (times_power(self.next.0, e), times_power(self.next.1, e)),
            frobenius_norm: times_power(self.frobenius_norm, e),
            ..self
        }
    }

    /// With all vectors one row after the other in memory, as they are read from a file: where numbers lie
    /// decides the last digits of what is made of them.
    pub(super) fn in_rows(self) -> Leading {
        Leading {
            u: self.u.as_standard_layout().into_owned(),
            v: self.v.as_standard_layout().into_owned(),
            ..self
        }
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

/// A full SVD, of which k triplets are kept. No value can be missed: LAPACK gives all of them, each
/// within rounding, n·ε·σ₁.
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

/// k triplets of a zero matrix: its singular values are exact, and any vectors will do.
pub(super) fn zero((rows, columns): (usize, usize), k: usize) -> Leading {
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

/// ‖·‖ of each column.
pub(super) fn column_norms(matrix: &Array2<f64>) -> Array1<f64> {
    let norm = |column: ArrayView1<f64>| {
        let scaled = |e| {
            let column = column.mapv(|x| times_power(x, e));
            column.dot(&column)
        };
        root(column.dot(&column), || largest(column), scaled)
    };
    matrix.map_axis(Axis(0), norm)
}
