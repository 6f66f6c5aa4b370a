//! Singular value decompositions of dense matrices.

use ndarray::{Array1, Array2, ArrayView2, s};
use ndarray_linalg::{JobSvd, SVDDC};

use crate::error::{Error, Result};

use super::qr::thin_qr;
use super::values::{check_input, failed};

/// From this ratio of the sides on, a QR comes first.
const MUCH_LONGER: usize = 4;

/// A thin SVD of an m × n matrix, M = U·diag(σ)·Vᵀ with k = min(m, n).
#[derive(Debug, Clone)]
pub struct Svd {
    /// U, m × k: the left singular vectors as columns.
    pub u: Array2<f64>,
    /// σ, the k singular values, falling.
    pub sigma: Array1<f64>,
    /// V, n × k: the right singular vectors as columns.
    pub v: Array2<f64>,
}

impl Svd {
    /// The leading min(k, its own number) triplets.
    ///
    /// ```
    /// let svd = lora_subspace_core::linalg::svd(ndarray::array![[2.0, 0.0], [0.0, 1.0]].view())?;
    /// assert_eq!(svd.leading(1).u.dim(), (2, 1));
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn leading(self, k: usize) -> Self {
        let k = k.min(self.sigma.len());
        Svd {
            u: self.u.slice_move(s![.., ..k]),
            sigma: self.sigma.slice_move(s![..k]),
            v: self.v.slice_move(s![.., ..k]),
        }
    }
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
/// let svd = lora_subspace_core::linalg::svd(array![[0.0, 2.0], [3.0, 0.0]].view())?;
/// assert!((svd.sigma[0] - 3.0).abs() < 1e-14 && (svd.sigma[1] - 2.0).abs() < 1e-14);
/// assert!((svd.v[(0, 0)].abs() - 1.0).abs() < 1e-14); // 3 sits in the first column
/// # Ok::<(), lora_subspace_core::Error>(())
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
