//! B·A without forming it.
//!
//! # Decisions
//!
//! - Residuals of ΔW's triplets are bounds from what the QRs lost. Its spectrum so needs no
//!   vectors. Where Q is not formed, an analysis of rounding bounds what was lost (`tall.rs`).
//!   The bound is some 1e-12 to 1e-11 of σ₁: a thousand times what is seen, and a matrix product
//!   cheaper than looking.

use ndarray::{ArcArray2, Array1, Array2};

use crate::error::{Error, Result};

use super::svd::{Svd, svd};
use super::tall::Tall;
use super::triplets::column_norms;

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
        Ok(Factored { b, a, core })
    }

    /// Singular values of B·A, falling, min(m, n, r) of them. The rank may be smaller still, see
    /// [`super::numerical_rank`].
    pub fn sigma(&self) -> &Array1<f64> {
        &self.core.sigma
    }

    /// Left singular vectors of B·A, m × min(m, n, r).
    pub fn left(&self) -> Array2<f64> {
        self.b.turned(&self.core.u)
    }

    /// Right singular vectors of B·A as columns, n × min(m, n, r).
    pub fn right(&self) -> Array2<f64> {
        self.a.turned(&self.core.v)
    }

    /// Left singular vectors of B, m × min(m, r), and its singular values.
    ///
    /// # Errors
    ///
    /// As [`svd`].
    pub fn left_of_b(&self) -> Result<(Array2<f64>, Array1<f64>)> {
        let core = svd(self.b.r.view())?;
        Ok((self.b.turned(&core.u), core.sigma))
    }

    /// Right singular vectors of A as columns, n × min(n, r), and its singular values.
    ///
    /// # Errors
    ///
    /// As [`svd`].
    pub fn right_of_a(&self) -> Result<(Array2<f64>, Array1<f64>)> {
        // Aᵀ = Q₂R₂, so that A's right vectors are Q₂ times R₂'s left ones.
        let core = svd(self.a.r.view())?;
        Ok((self.a.turned(&core.u), core.sigma))
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
