//! Eigenvalues and eigenvectors of symmetric matrices.

use ndarray::{Array1, Array2, ArrayView2};

use crate::error::{Error, Result};

use super::lapack::{all_eigenvalues, leading_eigenpairs};
use super::values::check_input;

/// The eigenvalues of a symmetric matrix, falling.
///
/// # Errors
///
/// [`Error::Numerical`] for a matrix that is empty, not square, or has NaN or infinity.
///
/// # Example
///
/// ```
/// use lora_subspace_core::linalg::eigenvalues;
/// let found = eigenvalues(ndarray::array![[2.0, 1.0], [1.0, 2.0]].view())?;
/// assert!((found[0] - 3.0).abs() < 1e-15 && (found[1] - 1.0).abs() < 1e-15);
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn eigenvalues(matrix: ArrayView2<f64>) -> Result<Array1<f64>> {
    super::use_one_thread();
    check(&matrix)?;
    all_eigenvalues(matrix.as_standard_layout().into_owned())
}

/// The k largest eigenvalues of a symmetric n × n matrix, falling, and their eigenvectors as columns, n × k.
///
/// # Errors
///
/// As [`eigenvalues`], and unless 1 ≤ k ≤ n.
///
/// # Example
///
/// ```
/// use lora_subspace_core::linalg::eigenpairs;
/// let (values, vectors) = eigenpairs(ndarray::array![[2.0, 0.0], [0.0, 5.0]].view(), 1)?;
/// assert_eq!((values[0], vectors[(1, 0)].abs()), (5.0, 1.0));
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn eigenpairs(matrix: ArrayView2<f64>, k: usize) -> Result<(Array1<f64>, Array2<f64>)> {
    super::use_one_thread();
    check(&matrix)?;
    if !(1..=matrix.nrows()).contains(&k) {
        let problem = format!("{k} of {} eigenvectors", matrix.nrows());
        return Err(refused(problem, "ask for 1 to n of them"));
    }
    leading_eigenpairs(matrix.as_standard_layout().into_owned(), k)
}

fn check(matrix: &ArrayView2<f64>) -> Result<()> {
    check_input(matrix)?;
    match matrix.is_square() {
        true => Ok(()),
        false => Err(refused(
            format!("the matrix is {:?}", matrix.dim()),
            "give a square matrix",
        )),
    }
}

fn refused(problem: String, remedy: &'static str) -> Error {
    Error::Numerical {
        routine: "eigenvalues".into(),
        problem,
        remedy,
    }
}
