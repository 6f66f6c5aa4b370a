//! Thin QR of tall matrices.

use ndarray::{Array2, ArrayView2, Axis};
use ndarray_linalg::QR;

use crate::error::Result;

use super::lapack::{cholesky, condition, divide_by_triangle, gapless, gram};
use super::svd::{check_input, failed};

/// Cholesky QR wins from this many rows per column on.
const TALL: usize = 4;
/// Condition number up to which one pass is enough: Q is orthonormal to ε times its square.
const WELL_CONDITIONED: f64 = 32.0;
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
    check_input(&matrix)?;
    let (rows, columns) = matrix.dim();
    if rows >= TALL * columns
        && let Some(factors) = by_cholesky(matrix)
    {
        return Ok(factors);
    }
    by_reflections(matrix)
}

fn by_cholesky(matrix: ArrayView2<f64>) -> Option<(Array2<f64>, Array2<f64>)> {
    let r = cholesky(gram(matrix))?;
    let mut q = gapless(matrix);
    divide_by_triangle(q.view_mut(), &r);
    if condition(&r) <= WELL_CONDITIONED {
        return Some((q, r));
    }
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
