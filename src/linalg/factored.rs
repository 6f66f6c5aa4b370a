//! B·A without forming it.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2};

use crate::error::{Error, Result};

use super::leading::column_norms;
use super::qr::thin_qr;
use super::svd::{Svd, frobenius_norm, svd};

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
/// use lora_subspace::linalg::Factored;
/// use ndarray::array;
/// // B·A = [[0, 6], [0, 0], [0, 0]]
/// let (b, a) = (array![[2.0], [0.0], [0.0]], array![[0.0, 3.0]]);
/// let product = Factored::new(b.view(), a.view())?;
/// assert!((product.sigma()[0] - 6.0).abs() < 1e-14);
/// assert_eq!((product.left().dim(), product.right().dim()), ((3, 1), (2, 1)));
/// # Ok::<(), lora_subspace::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Factored {
    q1: Array2<f64>,
    r1: Array2<f64>,
    q2: Array2<f64>,
    r2: Array2<f64>,
    /// The SVD of R₁R₂ᵀ.
    core: Svd,
    /// ‖B − Q₁R₁‖_F and ‖Aᵀ − Q₂R₂‖_F.
    lost: (f64, f64),
}

/// ‖M − Q·R‖_F.
fn distance(m: ArrayView2<f64>, q: &Array2<f64>, r: &Array2<f64>) -> f64 {
    let mut rest = m.to_owned();
    general_mat_mul(1.0, q, r, -1.0, &mut rest);
    // In one piece, whatever its order, for BLAS to sum.
    let flat = rest.into_raw_vec_and_offset().0;
    let flat = Array1::from(flat);
    flat.dot(&flat).sqrt()
}

impl Factored {
    /// Decomposes both factors and the core.
    ///
    /// # Errors
    ///
    /// As [`svd`]; also when B and A do not multiply.
    pub fn new(b: ArrayView2<f64>, a: ArrayView2<f64>) -> Result<Self> {
        super::use_one_thread();
        if b.ncols() != a.nrows() {
            return Err(Error::Numerical {
                routine: "SVD of B·A".into(),
                problem: format!("B is {:?} and A is {:?}", b.dim(), a.dim()),
                remedy: "B's columns must be as many as A's rows",
            });
        }
        let (q1, r1) = thin_qr(b)?;
        let (q2, r2) = thin_qr(a.t())?;
        let core = svd(r1.dot(&r2.t()).view())?;
        let lost = (distance(b, &q1, &r1), distance(a.t(), &q2, &r2));
        Ok(Factored {
            q1,
            r1,
            q2,
            r2,
            core,
            lost,
        })
    }

    /// Singular values of B·A, falling, min(m, n, r) of them. The rank may be smaller still, see
    /// [`super::numerical_rank`].
    pub fn sigma(&self) -> &Array1<f64> {
        &self.core.sigma
    }

    /// Left singular vectors of B·A, m × min(m, n, r).
    pub fn left(&self) -> Array2<f64> {
        self.q1.dot(&self.core.u)
    }

    /// Right singular vectors of B·A as columns, n × min(m, n, r).
    pub fn right(&self) -> Array2<f64> {
        self.q2.dot(&self.core.v)
    }

    /// Left singular vectors of B, m × min(m, r), and its singular values.
    ///
    /// # Errors
    ///
    /// As [`svd`].
    pub fn left_of_b(&self) -> Result<(Array2<f64>, Array1<f64>)> {
        let core = svd(self.r1.view())?;
        Ok((self.q1.dot(&core.u), core.sigma))
    }

    /// Right singular vectors of A as columns, n × min(n, r), and its singular values.
    ///
    /// # Errors
    ///
    /// As [`svd`].
    pub fn right_of_a(&self) -> Result<(Array2<f64>, Array1<f64>)> {
        // Aᵀ = Q₂R₂, so that A's right vectors are Q₂ times R₂'s left ones.
        let core = svd(self.r2.view())?;
        Ok((self.q2.dot(&core.u), core.sigma))
    }

    /// Bounds on the residuals ‖BAv − σu‖ and ‖(BA)ᵀu − σv‖ of each triplet: those of the core, and
    /// what the QRs lost of B and A.
    ///
    /// ```text
    /// ‖BAv − σu‖ ≤ ‖Cy − σx‖ + ‖B − Q₁R₁‖·‖R₂ᵀy‖ + ‖R₁‖·‖Aᵀ − Q₂R₂‖,   C = R₁R₂ᵀ, u = Q₁x, v = Q₂y
    /// ```
    pub fn residuals(&self) -> (Array1<f64>, Array1<f64>) {
        let Svd { u: x, sigma, v: y } = &self.core;
        let (into_b, into_a) = (self.r2.t().dot(y), self.r1.t().dot(x));
        let right = column_norms(&(self.r1.dot(&into_b) - x * sigma));
        let left = column_norms(&(self.r2.dot(&into_a) - y * sigma));
        let (lost_b, lost_a) = self.lost;
        let norm = |r: &Array2<f64>| frobenius_norm(r.view());
        (
            right + column_norms(&into_b) * lost_b + norm(&self.r1) * lost_a,
            left + column_norms(&into_a) * lost_a + norm(&self.r2) * lost_b,
        )
    }
}
