//! Matrices whose singular values and vectors are known, for tests.

use ndarray::{Array1, Array2};

use super::haar::haar;
use super::subspace::Subspace;

/// U·diag(σ)·Vᵀ of m × n with the given σ; U and V as they were drawn.
pub(super) fn with_spectrum(
    m: usize,
    n: usize,
    sigma: &Array1<f64>,
) -> (Array2<f64>, Subspace, Subspace) {
    let count = sigma.len();
    let (u, v) = (haar(m, count, "u").unwrap(), haar(n, count, "v").unwrap());
    ((&u.basis() * sigma).dot(&v.basis().t()), u, v)
}
