//! Principal angles.

use crate::error::{Error, Result};

use super::Subspace;
use super::values::singular_values;

/// The principal angles between two subspaces of R^d, in radians, ascending; min(k₁, k₂) of them.
///
/// ```text
/// cos θ_l = σ_l(UᵀV);   for small angles sin θ_l = σ of (I − UUᵀ)V, which is accurate there
/// ```
///
/// The cosine of an angle below 1e-8 rounds to 1, so angles up to π/4 are taken from the sine
/// (Björck & Golub 1973; Knyazev & Argentati 2002). φ(i,j) is the mean of cos² θ over the leading
/// i and j directions.
///
/// # Errors
///
/// [`Error::Numerical`] when the spaces around them differ or one has no directions.
///
/// # Example
///
/// ```
/// use lora_subspace_core::linalg::{Subspace, principal_angles};
/// use ndarray::array;
/// let x = Subspace::new(array![[1.0], [0.0]])?;
/// let diagonal = Subspace::new(array![[0.5f64.sqrt()], [0.5f64.sqrt()]])?;
/// let angles = principal_angles(&x, &diagonal)?;
/// assert!((angles[0] - std::f64::consts::FRAC_PI_4).abs() < 1e-15);
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn principal_angles(first: &Subspace, second: &Subspace) -> Result<Vec<f64>> {
    if first.ambient() != second.ambient() || first.is_empty() || second.is_empty() {
        return Err(Error::Numerical {
            routine: "principal angles".into(),
            problem: format!(
                "{} directions in R^{} against {} in R^{}",
                first.len(),
                first.ambient(),
                second.len(),
                second.ambient()
            ),
            remedy: "give two non-empty subspaces of one space",
        });
    }
    let (large, small) = if first.len() >= second.len() {
        (first, second)
    } else {
        (second, first)
    };
    let product = large.basis().t().dot(&small.basis());
    let cosines = singular_values(product.view())?;
    let rest = &small.basis() - &large.basis().dot(&product);
    let sines = singular_values(rest.view())?;
    let count = small.len();
    Ok((0..count)
        .map(|l| {
            let (cosine, sine) = (cosines[l].min(1.0), sines[count - 1 - l].min(1.0));
            if cosine * cosine >= 0.5 {
                sine.asin()
            } else {
                cosine.acos()
            }
        })
        .collect())
}
