//! What a matrix's singular values are and say, and the checks before any decomposition.

use ndarray::{Array1, ArrayView1, ArrayView2, Axis};
use ndarray_linalg::{JobSvd, SVDDC};

use crate::error::{Error, Result};

use super::blocks::gram;
use super::scaled::{eased, largest_of, root, times_power};

/// Singular values alone, falling.
pub(super) fn singular_values(matrix: ArrayView2<f64>) -> Result<Array1<f64>> {
    super::use_one_thread();
    check_input(&matrix)?;
    let (_, sigma, _) = matrix
        .to_owned()
        .svddc(JobSvd::None)
        .map_err(|error| failed("SVD", &matrix, error))?;
    Ok(sigma)
}

/// How many singular values stand above rounding: σ_i > max(m, n)·ε·σ₁ for an m × n matrix.
///
/// The vectors of the others are arbitrary fill-in and must not be used. 0 for a zero matrix. Of
/// singular values that are known less well than this, ask whoever computed them:
/// [`Factored::numerical_rank`](super::Factored::numerical_rank),
/// [`Leading::numerical_rank`](super::Leading::numerical_rank).
///
/// ```
/// let sigma = ndarray::array![2.0, 1.0, 1e-17];
/// assert_eq!(lora_subspace_core::linalg::numerical_rank(&sigma, (384, 384)), 2);
/// ```
pub fn numerical_rank(sigma: &Array1<f64>, shape: (usize, usize)) -> usize {
    rank_above(sigma, shape, |_| 0.0)
}

/// As [`numerical_rank`], of singular values that are each within `error(l)` of a true one: the
/// leading ones that exceed max(m, n)·ε·σ₁ and their own error, l from 0.
pub(super) fn rank_above(
    sigma: &Array1<f64>,
    (m, n): (usize, usize),
    error: impl Fn(usize) -> f64,
) -> usize {
    let Some(&largest) = sigma.first() else {
        return 0;
    };
    let floor = m.max(n) as f64 * f64::EPSILON * largest;
    let counts = |&(l, &value): &(usize, &f64)| value > floor && value > error(l);
    sigma.iter().enumerate().take_while(counts).count()
}

/// γ, which bounds the relative rounding of a sum of so many products: 1.01·n·ε/2 (Higham 2002, 3.1;
/// the hundredth stands for higher orders, up to n of some 10¹³).
pub(super) fn gamma(terms: usize) -> f64 {
    1.01 * terms as f64 * f64::EPSILON / 2.0
}

/// ‖M‖_F, summed row by row so that the result does not depend on the memory layout.
///
/// ```
/// assert_eq!(lora_subspace_core::linalg::frobenius_norm(ndarray::array![[3.0, 0.0], [0.0, 4.0]].view()), 5.0);
/// ```
pub fn frobenius_norm(matrix: ArrayView2<f64>) -> f64 {
    let plain = |row: ArrayView1<f64>| row.iter().map(|x| x * x).sum::<f64>();
    let scaled = |e: i32| {
        let square = |&x: &f64| times_power(x, e).powi(2);
        let rows = matrix.axis_iter(Axis(0));
        rows.map(|row| row.iter().map(square).sum::<f64>()).sum()
    };
    let sum = matrix.axis_iter(Axis(0)).map(plain).sum();
    root(sum, || largest_of(&matrix), scaled)
}

/// Σσ⁴/(Σσ²)² of a matrix, by its Gram matrix: 1/n where all n singular values are equal, 1 where there
/// is one; `None` for a zero matrix.
///
/// ```
/// use lora_subspace_core::linalg::concentration;
/// let equal = ndarray::array![[0.0, 2.0, 0.0], [2.0, 0.0, 0.0]];
/// assert!((concentration(equal.view()).unwrap() - 0.5).abs() < 1e-15);
/// ```
pub fn concentration(matrix: ArrayView2<f64>) -> Option<f64> {
    let smaller = if matrix.nrows() < matrix.ncols() {
        matrix.reversed_axes()
    } else {
        matrix
    };
    let (smaller, _) = eased(smaller, largest_of(&smaller));
    let smaller = smaller.view();
    let energy = frobenius_norm(smaller).powi(2);
    (energy > 0.0).then(|| (frobenius_norm(gram(smaller).view()) / energy).powi(2))
}

/// The largest entry. LAPACK may loop or crash on NaN and on empty matrices, so neither reaches it.
pub(super) fn check_input(matrix: &ArrayView2<f64>) -> Result<f64> {
    let largest = largest_of(matrix);
    let problem = if matrix.is_empty() {
        format!(
            "a {} × {} matrix has no singular vectors",
            matrix.nrows(),
            matrix.ncols()
        )
    } else if !largest.is_finite() {
        format!(
            "a {} × {} matrix with NaN or infinity",
            matrix.nrows(),
            matrix.ncols()
        )
    } else {
        return Ok(largest);
    };
    Err(Error::Numerical {
        routine: "decomposition".into(),
        problem,
        remedy: "give finite matrices with at least one row and column",
    })
}

/// The error of a LAPACK routine that gave up on this matrix.
pub(super) fn failed(
    routine: &str,
    matrix: &ArrayView2<f64>,
    error: ndarray_linalg::error::LinalgError,
) -> Error {
    Error::Numerical {
        routine: format!(
            "{routine} of a {} × {} matrix",
            matrix.nrows(),
            matrix.ncols()
        ),
        problem: error.to_string(),
        remedy: "look for extreme values in these weights, and at their norms",
    }
}
