//! How much two random subspaces share, drawn without drawing the subspaces.

use ndarray::Array2;

use crate::error::{Error, Result};

use super::haar::Stream;
use super::lapack::{cholesky, divide_by_triangle};

/// `draws` values of ‖UᵀV‖²_F/k for independent Haar-random U and V of k directions in R^d.
///
/// V may be the first k coordinates, and U = G·R⁻¹ for a Gaussian d × k matrix G with GᵀG = RᵀR, so
/// that ‖UᵀV‖_F = ‖G₁R⁻¹‖_F with G₁ the first k rows of G. Of the other rows only their Gram matrix
/// matters, LLᵀ for a lower triangular L of independent numbers (Bartlett 1933): normal ones below
/// the diagonal, roots of χ² ones on it, with d − k, d − k − 1, … degrees of freedom. So a draw takes
/// some 3k²/2 numbers, whatever d is.
///
/// From the stream of `key` ([`Stream`]) a draw takes G₁ row by row, then L row by row. Where
/// d < 2k, draws for d − k directions give those of their complements: the traces of the products
/// of the projectors differ by 2k − d.
///
/// # Errors
///
/// [`Error::Numerical`] unless 1 ≤ k ≤ d.
///
/// # Example
///
/// ```
/// let shares = lora_subspace_core::linalg::random_shares(100, 2, 4000, "0/example")?;
/// let mean = shares.iter().sum::<f64>() / 4000.0;
/// assert!((mean - 2.0 / 100.0).abs() < 0.001);
/// assert_eq!(lora_subspace_core::linalg::random_shares(3, 3, 1, "0/example")?, [1.0]);
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn random_shares(d: usize, k: usize, draws: usize, key: &str) -> Result<Vec<f64>> {
    if k == 0 || k > d {
        return Err(Error::Numerical {
            routine: "random overlaps".into(),
            problem: format!("{k} orthonormal directions asked of R^{d}"),
            remedy: "ask for 1 to d of them",
        });
    }
    let drawn = k.min(d - k);
    let sure = (k - drawn) as f64;
    let mut stream = Stream::new(key);
    Ok((0..draws)
        .map(|_| ((sure + energy(d, drawn, &mut stream)) / k as f64).min(1.0))
        .collect())
}

/// ‖G₁R⁻¹‖²_F, for d ≥ 2k.
fn energy(d: usize, k: usize, stream: &mut Stream) -> f64 {
    // LAPACK complains of matrices without a row.
    if k == 0 {
        return 0.0;
    }
    let mut top = Array2::from_shape_simple_fn((k, k), || stream.normal());
    let mut factor = Array2::zeros((k, k));
    for i in 0..k {
        for j in 0..i {
            factor[(i, j)] = stream.normal();
        }
        factor[(i, i)] = stream.chi_squared(d - k - i).sqrt();
    }
    let gram = top.t().dot(&top) + factor.dot(&factor.t());
    let Some(r) = cholesky(gram) else {
        // Only of numbers that a stream gives with probability 0: all of U in V.
        return k as f64;
    };
    divide_by_triangle(top.view_mut(), &r);
    top.iter().map(|x| x * x).sum()
}
