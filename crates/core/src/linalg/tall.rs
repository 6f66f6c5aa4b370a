//! A factor and its QR, of which Q is formed only where it must be.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArcArray2, Array1, Array2, ArrayView2, Axis};

use crate::error::Result;

use super::lapack::solve_triangle;
use super::qr::{Factors, factor, rounding};
use super::triplets::column_norms;
use super::values::frobenius_norm;

/// M = Q·R.
///
/// A well-conditioned M is kept instead of Q = M·R⁻¹: Q·X is then M·(R⁻¹X), one product of M's
/// size where there were three.
#[derive(Debug, Clone)]
pub(super) struct Tall {
    pub(super) r: Array2<f64>,
    q: Orthonormal,
}

#[derive(Debug, Clone)]
enum Orthonormal {
    /// M, of which Q = M·R⁻¹.
    Implied(ArcArray2<f64>),
    /// Q, and ‖M − Q·R‖_F.
    Formed(Array2<f64>, f64),
}

impl Tall {
    pub(super) fn new(matrix: ArcArray2<f64>) -> Result<Self> {
        Ok(match factor(matrix.view())? {
            Factors::Implied(r) => Tall {
                r,
                q: Orthonormal::Implied(matrix),
            },
            Factors::Formed(q, r) => {
                let lost = distance(matrix.view(), &q, &r);
                Tall {
                    r,
                    q: Orthonormal::Formed(q, lost),
                }
            }
        })
    }

    /// Q·X.
    pub(super) fn turned(&self, x: &Array2<f64>) -> Array2<f64> {
        match &self.q {
            Orthonormal::Implied(matrix) => matrix.dot(&solve_triangle(&self.r, x)),
            Orthonormal::Formed(q, _) => q.dot(x),
        }
    }

    /// A bound on ‖M‖₂: the square root of ‖RᵀR‖ by row sums, close for columns that are nearly
    /// orthogonal, or else ‖R‖_F.
    pub(super) fn norm(&self) -> f64 {
        let rows = self.r.t().dot(&self.r).mapv(f64::abs).sum_axis(Axis(1));
        let largest = rows.fold(0.0f64, |largest, &sum| largest.max(sum));
        largest.sqrt().min(frobenius_norm(self.r.view()))
    }

    /// A bound on ‖M − Q·R‖, Q as [`Tall::turned`] has it.
    pub(super) fn lost(&self) -> f64 {
        match &self.q {
            Orthonormal::Implied(matrix) => rounding(matrix.dim()) * frobenius_norm(self.r.view()),
            Orthonormal::Formed(_, lost) => *lost,
        }
    }

    /// Bounds on ‖MᵀQx − Rᵀx‖ for each column of X, of unit length.
    ///
    /// ```text
    /// Q = M·R⁻¹:   MᵀQx − Rᵀx = (MᵀM − RᵀR)·R⁻¹x
    /// ```
    pub(super) fn missed(&self, x: &Array2<f64>) -> Array1<f64> {
        match &self.q {
            Orthonormal::Implied(matrix) => {
                let lost = rounding(matrix.dim()) * frobenius_norm(self.r.view()).powi(2);
                column_norms(&solve_triangle(&self.r, x)) * lost
            }
            Orthonormal::Formed(_, lost) => Array1::from_elem(x.ncols(), *lost),
        }
    }
}

/// ‖M − Q·R‖_F.
fn distance(m: ArrayView2<f64>, q: &Array2<f64>, r: &Array2<f64>) -> f64 {
    let mut rest = m.to_owned();
    general_mat_mul(1.0, q, r, -1.0, &mut rest);
    // In one piece, whatever its order, for BLAS to sum.
    let flat = Array1::from(rest.into_raw_vec_and_offset().0);
    flat.dot(&flat).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::haar;

    #[test]
    fn both_kinds_are_orthonormal_and_miss_no_more_than_they_say() {
        let (u, v) = (haar(500, 12, "u").unwrap(), haar(12, 12, "v").unwrap());
        for (decay, implied) in [(1.0, true), (0.9, true), (0.5, false), (0.0, false)] {
            let sigma = Array1::from_shape_fn(12, |l| f64::powi(decay, l as i32));
            let matrix = (&u.basis() * &sigma).dot(&v.basis().t()).into_shared();
            let tall = Tall::new(matrix.clone()).unwrap();
            assert_eq!(
                matches!(tall.q, Orthonormal::Implied(_)),
                implied,
                "{decay}"
            );
            assert!(tall.norm() >= 1.0 - 1e-14, "{decay}");
            let x = v.basis().to_owned();
            let images = tall.turned(&x);
            let off = images.t().dot(&images) - Array2::<f64>::eye(12);
            assert!(frobenius_norm(off.view()) < 1e-12, "{decay}");
            let rest = matrix.t().dot(&images) - tall.r.t().dot(&x);
            let slack = 1e-15 * frobenius_norm(tall.r.view());
            for (missed, bound) in column_norms(&rest).iter().zip(tall.missed(&x)) {
                assert!(
                    *missed <= bound + slack,
                    "{decay}: {missed:e} above {bound:e}"
                );
            }
        }
    }
}
