//! A factor and its QR, of which Q is formed only where it must be.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArcArray2, Array1, Array2, ArrayView2, Axis};

use crate::error::Result;

use super::lapack::solve_triangle;
use super::qr::{Factors, factor, rounding};
use super::scaled::{largest, root, times_power};
use super::triplets::column_norms;
use super::values::{frobenius_norm, gamma};

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
    /// Q, and what M − Q·R is.
    Formed(Array2<f64>, Lost),
}

/// M − Q·R as computed.
#[derive(Debug, Clone)]
struct Lost {
    /// ‖M − Q·R‖_F.
    norm: f64,
    /// ‖m_j − Q·r_j‖ of each column.
    columns: Array1<f64>,
}

impl Tall {
    pub(super) fn new(matrix: ArcArray2<f64>) -> Result<Self> {
        Ok(match factor(matrix.view())? {
            Factors::Implied(r) => Tall {
                r,
                q: Orthonormal::Implied(matrix),
            },
            Factors::Formed(q, r) => {
                let lost = Lost::of(matrix.view(), &q, &r);
                Tall {
                    r,
                    q: Orthonormal::Formed(q, lost),
                }
            }
        })
    }

    /// How many rows M has.
    pub(super) fn rows(&self) -> usize {
        match &self.q {
            Orthonormal::Implied(matrix) => matrix.nrows(),
            Orthonormal::Formed(q, _) => q.nrows(),
        }
    }

    /// Q·X.
    pub(super) fn turned(&self, x: &Array2<f64>) -> Array2<f64> {
        match &self.q {
            Orthonormal::Implied(matrix) => matrix.dot(&solve_triangle(&self.r, x)),
            Orthonormal::Formed(q, _) => q.dot(x),
        }
    }

    /// A bound on ‖M‖₂.
    pub(super) fn norm(&self) -> f64 {
        norm_bound(&self.r)
    }

    /// ‖m_j‖ of each column of M.
    pub(super) fn lengths(&self) -> Array1<f64> {
        column_norms(&self.r)
    }

    /// A bound on √Σ_j(‖m_j − Q·r_j‖/‖m_j‖)²: what the QR may have lost of each column, beside the
    /// column's own length.
    ///
    /// ```text
    /// Q = M·R⁻¹:   of each column ε
    /// else         ε + (‖m_j − Q·r_j‖ as computed + γ·Σ_i|R_ij|)/‖m_j‖,    γ of r + 2 terms
    /// ```
    ///
    /// ε stands for a rounding of M's own entries, where they were made of others. γ is the rounding of
    /// Q·r_j and of its difference from m_j: no more than γ·‖|Q|·|r_j|‖ (Higham 2002, 3.5).
    pub(super) fn lost_of_columns(&self) -> f64 {
        let lengths = self.lengths();
        let share = |(j, &length): (usize, &f64)| match &self.q {
            Orthonormal::Formed(q, lost) if length > 0.0 => {
                let sum: f64 = self.r.column(j).iter().map(|x| x.abs()).sum();
                f64::EPSILON + (lost.columns[j] + gamma(q.ncols() + 2) * sum) / length
            }
            _ => f64::EPSILON,
        };
        let shares = lengths.iter().enumerate().map(share);
        shares.map(|share| share * share).sum::<f64>().sqrt()
    }

    /// A bound on ‖M − Q·R‖, Q as [`Tall::turned`] has it.
    pub(super) fn lost(&self) -> f64 {
        match &self.q {
            Orthonormal::Implied(matrix) => rounding(matrix.dim()) * frobenius_norm(self.r.view()),
            Orthonormal::Formed(_, lost) => lost.norm,
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
            Orthonormal::Formed(..) => Array1::from_elem(x.ncols(), self.lost()),
        }
    }
}

/// A bound on ‖M‖₂: the square root of ‖MᵀM‖ by row sums, close for columns that are nearly
/// orthogonal, or else ‖M‖_F.
pub(super) fn norm_bound(matrix: &Array2<f64>) -> f64 {
    let rows = matrix.t().dot(matrix).mapv(f64::abs).sum_axis(Axis(1));
    let largest = rows.fold(0.0f64, |largest, &sum| largest.max(sum));
    let frobenius = frobenius_norm(matrix.view());
    match largest.is_normal() {
        true => largest.sqrt().min(frobenius),
        // The squares were none.
        false => frobenius,
    }
}

impl Lost {
    fn of(m: ArrayView2<f64>, q: &Array2<f64>, r: &Array2<f64>) -> Self {
        let mut rest = m.to_owned();
        general_mat_mul(1.0, q, r, -1.0, &mut rest);
        let columns = column_norms(&rest);
        // In one piece, whatever its order, for BLAS to sum.
        let flat = Array1::from(rest.into_raw_vec_and_offset().0);
        Lost {
            norm: root(
                flat.dot(&flat),
                || largest(&flat),
                |e| {
                    let scaled = flat.mapv(|x| times_power(x, e));
                    scaled.dot(&scaled)
                },
            ),
            columns,
        }
    }
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
