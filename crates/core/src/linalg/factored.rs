//! B·A without forming it.
//!
//! # Decisions
//!
//! - The rank of a product is counted against the rounding of its factors, ε·‖|B|·|A|‖ and not
//!   ε·‖B·A‖. Where columns of B cancel each other through A, all that is left of some σ is rounding.
//! - Residuals of ΔW's triplets are bounds from what the QRs lost. Its spectrum so needs no
//!   vectors. Where Q is not formed, an analysis of rounding bounds what was lost (`tall.rs`).
//!   The bound is some 1e-12 to 1e-11 of σ₁: a thousand times what is seen, and a matrix product
//!   cheaper than looking.

use ndarray::{ArcArray2, Array1, Array2};

use crate::error::{Error, Result};

use super::svd::{Svd, svd};
use super::tall::{Tall, norm_bound};
use super::triplets::column_norms;
use super::values::{frobenius_norm, gamma, rank_above};

/// A product B·A, B of m × r and A of r × n, by thin QRs of its factors:
///
/// ```text
/// B = Q₁R₁,  Aᵀ = Q₂R₂,  B·A = Q₁·(R₁R₂ᵀ)·Q₂ᵀ
/// ```
///
/// Every SVD that is asked for (of B·A, of A, of B) is one of a small core, turned by Q₁ or Q₂; no
/// vectors are made that nobody asks for. O((m + n)·r²) in all.
///
/// # Example
///
/// ```
/// use lora_subspace_core::linalg::Factored;
/// use ndarray::array;
/// // B·A = [[0, 6], [0, 0], [0, 0]]
/// let (b, a) = (array![[2.0], [0.0], [0.0]], array![[0.0, 3.0]]);
/// let product = Factored::new(b.into_shared(), a.into_shared())?;
/// assert!((product.sigma()[0] - 6.0).abs() < 1e-14);
/// assert_eq!((product.left().dim(), product.right().dim()), ((3, 1), (2, 1)));
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Factored {
    /// B = Q₁R₁.
    b: Tall,
    /// Aᵀ = Q₂R₂.
    a: Tall,
    /// The SVD of R₁R₂ᵀ.
    core: Svd,
    /// How far each singular value may be off, see [`Factored::error`].
    error: f64,
}

impl Factored {
    /// Decomposes both factors and the core; the factors are kept, since Q is often nothing but
    /// M·R⁻¹.
    ///
    /// # Errors
    ///
    /// As [`svd`]; also when B and A do not multiply.
    pub fn new(b: ArcArray2<f64>, a: ArcArray2<f64>) -> Result<Self> {
        super::use_one_thread();
        if b.ncols() != a.nrows() {
            return Err(Error::Numerical {
                routine: "SVD of B·A".into(),
                problem: format!("B is {:?} and A is {:?}", b.dim(), a.dim()),
                remedy: "B's columns must be as many as A's rows",
            });
        }
        let (b, a) = (Tall::new(b)?, Tall::new(a.reversed_axes())?);
        let core = svd(b.r.dot(&a.r.t()).view())?;
        let error = error(&b, &a, &core.sigma);
        Ok(Factored { b, a, core, error })
    }

    /// Singular values of B·A, falling, min(m, n, r) of them. The rank may be smaller still, see
    /// [`Factored::numerical_rank`].
    pub fn sigma(&self) -> &Array1<f64> {
        &self.core.sigma
    }

    /// A bound on what rounding may have done to any singular value of B·A.
    ///
    /// ```text
    /// |σ_l(B·A) − σ_l| ≤ γ·‖|R₁|·|R₂ᵀ|‖_F + p·ε·σ₁ + η_B·‖D_B·R₂ᵀ‖ + η_A·‖R₁·D_A‖
    ///     γ = 1.01·r·ε/2,  p = how many σ there are
    ///     D_B, D_A diagonal: ‖b_j‖ of B's columns, ‖a_j‖ of A's rows
    ///     η_B ≥ ‖(B − Q₁R₁)·D_B⁻¹‖_F,  and η_A alike
    /// ```
    ///
    /// The terms are the rounding of the core R₁R₂ᵀ, that of its SVD, and what the QRs lost of B and
    /// A; each moves a singular value by no more than its norm (Weyl). That Q₁ and Q₂ are orthonormal
    /// but for rounding multiplies each σ_l by a number next to 1 (Ostrowski), and so makes none out
    /// of nothing. (B·D)·(D⁻¹·A) has the same bound for every diagonal D: a long column of B beside a
    /// short row of A costs nothing. It is some 1e-15·r^1.5 of ‖B‖·‖A‖, a hundred times what is seen.
    ///
    /// # Reference
    ///
    /// Higham 2002, Accuracy and Stability of Numerical Algorithms, 3.5 and 19.3; Weyl 1912;
    /// Eisenstat & Ipsen 1995, SIAM J. Numer. Anal. 32:1972–1988 (Ostrowski's theorem for singular
    /// values).
    pub fn error(&self) -> f64 {
        self.error
    }

    /// How many singular values of B·A stand above rounding: max(m, n)·ε·σ₁ and [`Factored::error`].
    ///
    /// A product that cancels has rank 0, whatever its σ say.
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace_core::linalg::Factored;
    /// use ndarray::array;
    /// // The second column of B takes away what the first adds.
    /// let b = array![[0.1, -0.1], [0.2, -0.2], [0.7, -0.7]].into_shared();
    /// let a = array![[0.3, 0.9], [0.3, 0.9]].into_shared();
    /// assert_eq!(Factored::new(b.clone(), a)?.numerical_rank(), 0);
    /// let other = array![[0.3, 0.9], [0.3, 0.8]].into_shared();
    /// assert_eq!(Factored::new(b, other)?.numerical_rank(), 1);
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn numerical_rank(&self) -> usize {
        let shape = (self.b.rows(), self.a.rows());
        rank_above(self.sigma(), shape, |_| self.error)
    }

    /// Left singular vectors of B·A, m × min(m, n, r).
    pub fn left(&self) -> Array2<f64> {
        self.b.turned(&self.core.u)
    }

    /// Right singular vectors of B·A as columns, n × min(m, n, r).
    pub fn right(&self) -> Array2<f64> {
        self.a.turned(&self.core.v)
    }

    /// The left singular vectors of B, m × min(m, r), its singular values, and how many of them stand
    /// above rounding.
    ///
    /// # Errors
    ///
    /// As [`svd`].
    pub fn left_of_b(&self) -> Result<OfFactor> {
        OfFactor::of(&self.b)
    }

    /// The right singular vectors of A as columns, n × min(n, r), its singular values, and how many of
    /// them stand above rounding.
    ///
    /// # Errors
    ///
    /// As [`svd`].
    pub fn right_of_a(&self) -> Result<OfFactor> {
        // Aᵀ = Q₂R₂, so that A's right vectors are Q₂ times R₂'s left ones.
        OfFactor::of(&self.a)
    }

    /// Bounds on the residuals ‖BAv − σu‖ and ‖(BA)ᵀu − σv‖ of each triplet: those of the core, and
    /// what the QRs lost of B and A.
    ///
    /// ```text
    /// ‖BAv − σu‖ ≤ ‖Cy − σx‖ + ‖B − Q₁R₁‖·‖R₂ᵀy‖ + ‖R₁‖·‖Av − R₂ᵀy‖,    C = R₁R₂ᵀ, u = Q₁x, v = Q₂y
    /// ```
    pub fn residuals(&self) -> (Array1<f64>, Array1<f64>) {
        let Svd { u: x, sigma, v: y } = &self.core;
        let (b, a) = (&self.b, &self.a);
        let (into_b, into_a) = (a.r.t().dot(y), b.r.t().dot(x));
        let right = column_norms(&(b.r.dot(&into_b) - x * sigma));
        let left = column_norms(&(a.r.dot(&into_a) - y * sigma));
        (
            right + column_norms(&into_b) * b.lost() + a.missed(y) * b.norm(),
            left + column_norms(&into_a) * a.lost() + b.missed(x) * a.norm(),
        )
    }
}

/// Singular vectors of one factor, B's left ones or A's right ones.
#[derive(Debug, Clone)]
pub struct OfFactor {
    /// The vectors as columns, by falling singular value.
    pub vectors: Array2<f64>,
    /// The singular values, falling.
    pub sigma: Array1<f64>,
    /// How many of them exceed max(d, r)·ε·σ₁ and what the QR may have lost, η·max‖m_j‖ (see
    /// [`Factored::error`]).
    pub rank: usize,
}

impl OfFactor {
    fn of(factor: &Tall) -> Result<Self> {
        let core = svd(factor.r.view())?;
        let longest = factor.lengths().fold(0.0f64, |most, &x| most.max(x));
        let error = factor.lost_of_columns() * longest + svd_error(&core.sigma);
        let shape = (factor.rows(), factor.r.ncols());
        Ok(OfFactor {
            vectors: factor.turned(&core.u),
            rank: rank_above(&core.sigma, shape, |_| error),
            sigma: core.sigma,
        })
    }
}

/// The bound of [`Factored::error`].
fn error(b: &Tall, a: &Tall, sigma: &Array1<f64>) -> f64 {
    let sizes = b.r.mapv(f64::abs).dot(&a.r.t().mapv(f64::abs));
    // ‖D_B·R₂ᵀ‖ = ‖R₂·D_B‖.
    let of_b = b.lost_of_columns() * norm_bound(&(&a.r * &b.lengths()));
    let of_a = a.lost_of_columns() * norm_bound(&(&b.r * &a.lengths()));
    gamma(b.r.ncols()) * frobenius_norm(sizes.view()) + svd_error(sigma) + of_b + of_a
}

/// What LAPACK's SVD of a small matrix may do to a singular value: p·ε·σ₁, p the number of them
/// (LAPACK Users' Guide, 4.9).
fn svd_error(sigma: &Array1<f64>) -> f64 {
    let largest = sigma.first().copied().unwrap_or(0.0);
    sigma.len() as f64 * f64::EPSILON * largest
}
