//! Singular value decompositions, dense and of a product kept as factors.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use ndarray_linalg::{JobSvd, SVDDC};

use crate::error::{Error, Result};

use super::qr::thin_qr;

/// From this ratio of the sides on, a QR comes first.
const MUCH_LONGER: usize = 4;

/// A thin SVD, M = U·diag(σ)·Vᵀ.
#[derive(Debug, Clone)]
pub struct Svd {
    /// Left singular vectors, m × k.
    pub u: Array2<f64>,
    /// Singular values, falling.
    pub sigma: Array1<f64>,
    /// Right singular vectors as columns, n × k.
    pub v: Array2<f64>,
}

/// The thin SVD of an m × n matrix, k = min(m, n).
///
/// By LAPACK's divide and conquer (`gesdd`), of R alone where M = Q·R is tall or wide. Singular
/// values are right to about ε·σ₁.
///
/// # Errors
///
/// [`Error::Numerical`] when an entry is not finite, a side is 0, or LAPACK does not converge.
///
/// # Example
///
/// ```
/// use ndarray::array;
/// let svd = lora_subspace::linalg::svd(array![[0.0, 2.0], [3.0, 0.0]].view())?;
/// assert!((svd.sigma[0] - 3.0).abs() < 1e-14 && (svd.sigma[1] - 2.0).abs() < 1e-14);
/// assert!((svd.v[(0, 0)].abs() - 1.0).abs() < 1e-14); // 3 sits in the first column
/// # Ok::<(), lora_subspace::Error>(())
/// ```
pub fn svd(matrix: ArrayView2<f64>) -> Result<Svd> {
    super::use_one_thread();
    check_input(&matrix)?;
    let (rows, columns) = matrix.dim();
    if rows >= MUCH_LONGER * columns {
        let (q, r) = thin_qr(matrix)?;
        let core = svd(r.view())?;
        return Ok(Svd {
            u: q.dot(&core.u),
            ..core
        });
    }
    if columns >= MUCH_LONGER * rows {
        let Svd { u, sigma, v } = svd(matrix.t())?;
        return Ok(Svd { u: v, sigma, v: u });
    }
    // gesdd reads a row-major matrix as its transpose; an owned copy keeps that in one place.
    let (u, sigma, vt) = matrix
        .to_owned()
        .svddc(JobSvd::Some)
        .map_err(|error| failed("SVD", &matrix, error))?;
    match (u, vt) {
        (Some(u), Some(vt)) => Ok(Svd {
            u,
            sigma,
            v: vt.reversed_axes(),
        }),
        _ => Err(Error::Numerical {
            routine: "SVD".into(),
            problem: "LAPACK returned no vectors".into(),
            remedy: "please report this",
        }),
    }
}

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
/// The vectors of the others are arbitrary fill-in and must not be used. 0 for a zero matrix.
///
/// ```
/// let sigma = ndarray::array![2.0, 1.0, 1e-17];
/// assert_eq!(lora_subspace::linalg::numerical_rank(&sigma, (384, 384)), 2);
/// ```
pub fn numerical_rank(sigma: &Array1<f64>, (m, n): (usize, usize)) -> usize {
    let Some(&largest) = sigma.first() else {
        return 0;
    };
    let floor = m.max(n) as f64 * f64::EPSILON * largest;
    sigma.iter().take_while(|&&value| value > floor).count()
}

/// ‖M‖_F, summed row by row so that the result does not depend on the memory layout.
///
/// ```
/// assert_eq!(lora_subspace::linalg::frobenius_norm(ndarray::array![[3.0, 0.0], [0.0, 4.0]].view()), 5.0);
/// ```
pub fn frobenius_norm(matrix: ArrayView2<f64>) -> f64 {
    matrix
        .axis_iter(Axis(0))
        .map(|row| row.iter().map(|x| x * x).sum::<f64>())
        .sum::<f64>()
        .sqrt()
}

/// Whether no entry is NaN or infinite; without a branch per number, so that it costs next to
/// nothing.
fn is_finite(matrix: &ArrayView2<f64>) -> bool {
    let fine = |numbers: &[f64]| numbers.iter().fold(true, |fine, x| fine & x.is_finite());
    match matrix.as_slice_memory_order() {
        Some(numbers) => numbers.chunks(1024).all(fine),
        None => matrix.iter().all(|x| x.is_finite()),
    }
}

/// LAPACK may loop or crash on NaN and on empty matrices, so neither reaches it.
pub(super) fn check_input(matrix: &ArrayView2<f64>) -> Result<()> {
    let problem = if matrix.is_empty() {
        format!(
            "a {} × {} matrix has no singular vectors",
            matrix.nrows(),
            matrix.ncols()
        )
    } else if !is_finite(matrix) {
        format!(
            "a {} × {} matrix with NaN or infinity",
            matrix.nrows(),
            matrix.ncols()
        )
    } else {
        return Ok(());
    };
    Err(Error::Numerical {
        routine: "decomposition".into(),
        problem,
        remedy: "give finite matrices with at least one row and column",
    })
}

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
        remedy: "look for extreme values in these weights (`inspect` lists their norms)",
    }
}
