//! Thin QR of tall matrices.
//!
//! # Decisions
//!
//! - QR is Cholesky QR. It is all matrix products: one pass where the condition allows, two
//!   elsewhere, reflections as the last resort. After one pass Q stays M·R⁻¹ (`tall.rs`).

use ndarray::{Array2, ArrayView2, Axis};
use ndarray_linalg::QR;

use crate::error::Result;

use super::lapack::{add_gram, cholesky, condition, divide_by_triangle, gapless, gram};
use super::values::{check_input, failed, gamma, singular_values};

/// Cholesky QR wins from this many rows per column on.
const TALL: usize = 4;
/// Condition number up to which one pass is enough: Q is orthonormal to ε times its square.
const WELL_CONDITIONED: f64 = 32.0;
/// Rows of M whose products are summed before they are added to the rest of MᵀM.
const CHUNK: usize = 128;
/// Squared lengths of columns that one pass may take.
const SQUARES: std::ops::RangeInclusive<f64> = 1e-270..=f64::MAX;
/// After one pass, QᵀQ may be this far from the identity for the second to repair it.
const REPAIRABLE: f64 = 0.1;

/// Thin QR, M = Q·R with Q of min(m, n) columns, R upper triangular with a diagonal ≥ 0.
///
/// Tall matrices go through Cholesky QR: M = Q·R with RᵀR = MᵀM. It is all matrix products, ten
/// times as fast as reflections, and Q is orthonormal to ε·κ²: enough where the columns are well
/// conditioned, as trained and random factors are. Else a second pass over Q repairs it (Yamamoto
/// et al. 2015) wherever the first came within 0.1 of orthonormal, which is asked. Columns too
/// nearly dependent for that (condition numbers beyond some 1e7) go to reflections.
pub(super) fn thin_qr(matrix: ArrayView2<f64>) -> Result<(Array2<f64>, Array2<f64>)> {
    Ok(match factor(matrix)? {
        Factors::Implied(r) => (divided(matrix, &r), r),
        Factors::Formed(q, r) => (q, r),
    })
}

/// M = Q·R, where Q need not have been formed.
pub(super) enum Factors {
    /// R alone: M is well conditioned, and Q = M·R⁻¹ orthonormal to some 1e-13.
    Implied(Array2<f64>),
    /// Q and R.
    Formed(Array2<f64>, Array2<f64>),
}

/// As [`thin_qr`], without a product that one pass makes for Q alone.
pub(super) fn factor(matrix: ArrayView2<f64>) -> Result<Factors> {
    let (rows, columns) = matrix.dim();
    if columns > 0
        && rows >= TALL * columns
        && let Some(r) = first_pass(matrix)
    {
        if is_well_conditioned(&r)? {
            return Ok(Factors::Implied(r));
        }
        if let Some((q, r)) = second_pass(divided(matrix, &r), r) {
            return Ok(Factors::Formed(q, r));
        }
    }
    check_input(&matrix)?;
    by_reflections(matrix).map(|(q, r)| Factors::Formed(q, r))
}

/// Row sums overstate the condition number by as much as R's side; where that may decide, its
/// singular values do.
fn is_well_conditioned(r: &Array2<f64>) -> Result<bool> {
    let estimate = condition(r);
    if estimate <= WELL_CONDITIONED || estimate > r.nrows() as f64 * WELL_CONDITIONED {
        return Ok(estimate <= WELL_CONDITIONED);
    }
    let sigma = singular_values(r.view())?;
    Ok(sigma[0] <= WELL_CONDITIONED * sigma[r.nrows() - 1])
}

/// Bound on ‖MᵀM − RᵀR‖ over ‖M‖²_F after one pass, and on what dividing by R adds to it: sums of
/// a chunk's length and of the chunks, then of R's side (Higham 2002, 3.5, 8.2 and theorem 10.3).
pub(super) fn rounding((rows, columns): (usize, usize)) -> f64 {
    gamma(CHUNK + rows.div_ceil(CHUNK) + 2 * columns + 8)
}

/// R of RᵀR = MᵀM. Summed in chunks, because rounding grows with the length of a sum.
fn first_pass(matrix: ArrayView2<f64>) -> Option<Array2<f64>> {
    let mut gram = Array2::zeros((matrix.ncols(), matrix.ncols()));
    for chunk in matrix.axis_chunks_iter(Axis(0), CHUNK) {
        add_gram(&mut gram, chunk);
    }
    // A NaN or an infinity anywhere reaches the diagonal. Squares below it have lost digits.
    let are_numbers = gram.diag().iter().all(|x| SQUARES.contains(x));
    are_numbers.then(|| cholesky(gram)).flatten()
}

/// Repairs Q where it is close enough to orthonormal.
fn second_pass(mut q: Array2<f64>, r: Array2<f64>) -> Option<(Array2<f64>, Array2<f64>)> {
    let again = gram(q.view());
    let off = again
        .indexed_iter()
        .map(|((i, j), x)| (x - f64::from(u8::from(i == j))).powi(2))
        .sum::<f64>();
    // Also false for a NaN, which a pivot close to zero may leave.
    if off.sqrt() <= REPAIRABLE {
        let second = cholesky(again)?;
        divide_by_triangle(q.view_mut(), &second);
        Some((q, second.dot(&r)))
    } else {
        None
    }
}

/// M·R⁻¹.
fn divided(matrix: ArrayView2<f64>, r: &Array2<f64>) -> Array2<f64> {
    let mut q = gapless(matrix);
    divide_by_triangle(q.view_mut(), r);
    q
}

fn by_reflections(matrix: ArrayView2<f64>) -> Result<(Array2<f64>, Array2<f64>)> {
    let (mut q, mut r) = matrix
        .to_owned()
        .qr()
        .map_err(|error| failed("QR", &matrix, error))?;
    for ((mut column, mut row), place) in q
        .axis_iter_mut(Axis(1))
        .zip(r.axis_iter_mut(Axis(0)))
        .zip(0..)
    {
        if row[place] < 0.0 {
            column.mapv_inplace(|x| -x);
            row.mapv_inplace(|x| -x);
        }
    }
    Ok((q, r))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::haar;
    use ndarray::Array1;

    /// ‖QᵀQ − I‖ and ‖M − QR‖/‖M‖, largest entries.
    fn errors(matrix: &Array2<f64>) -> (f64, f64) {
        let (q, r) = thin_qr(matrix.view()).unwrap();
        let largest = |m: &Array2<f64>| m.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        assert!((0..r.nrows()).all(|i| r[(i, i)] >= 0.0 && (0..i).all(|j| r[(i, j)] == 0.0)));
        (
            largest(&(q.t().dot(&q) - Array2::<f64>::eye(q.ncols()))),
            largest(&(q.dot(&r) - matrix)) / largest(matrix),
        )
    }

    #[test]
    fn graded_columns_of_any_condition() {
        let (u, v) = (haar(300, 20, "u").unwrap(), haar(20, 20, "v").unwrap());
        for decay in [1.0, 0.9, 0.8, 0.5, 0.1, 1e-2, 0.0] {
            let sigma = Array1::from_shape_fn(20, |l| f64::powi(decay, l as i32));
            let graded = (&u.basis() * &sigma).dot(&v.basis().t());
            let by_columns = graded.t().to_owned().reversed_axes();
            for matrix in [&graded, &by_columns] {
                let (orthogonality, backward) = errors(matrix);
                assert!(
                    orthogonality < 1e-14,
                    "decay {decay}: QᵀQ − I {orthogonality:e}"
                );
                assert!(backward < 1e-14, "decay {decay}: M − QR {backward:e}");
            }
        }
    }

    #[test]
    fn zero_and_wide_matrices() {
        assert!(errors(&Array2::from_elem((1, 1), -2.0)).0 < 1e-15);
        let (q, r) = thin_qr(Array2::zeros((9, 2)).view()).unwrap();
        assert_eq!((q.dim(), r.sum()), ((9, 2), 0.0));
        let (q, r) = thin_qr(Array2::from_elem((2, 5), 1.0).view()).unwrap();
        assert_eq!((q.dim(), r.dim()), ((2, 2), (2, 5)));
    }
}
