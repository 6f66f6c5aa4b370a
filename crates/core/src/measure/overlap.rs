//! The overlap φ(i,j) of two ordered sets of directions (the paper's equation 4).

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::linalg::Subspace;

use super::Directions;

/// φ(i,j) for all i and j: how much of the smaller of two leading subspaces lies in the larger.
///
/// Takes d × k and d × l directions, gives a k × l grid whose cell [i−1, j−1] is
///
/// ```text
/// φ(i,j) = ‖U_iᵀ V_j‖²_F / min(i,j),     U_i, V_j the first i and j directions
/// ```
///
/// which is the mean of cos² over the principal angles: 1 when one contains the other, 0 when they
/// are orthogonal, max(i,j)/d on average for random ones (see [`super::chance`]). Signs do not
/// matter, nor does any rotation of both.
///
/// All cells come from one product C = UᵀV and the two-dimensional prefix sums of its squares.
///
/// # Errors
///
/// [`Error::Numerical`] when the directions live in different spaces.
///
/// # Reference
///
/// Hu et al. 2021, arXiv 2106.09685, section 7.2 and appendix G (whose formula 1/p·(1 − d²) should
/// read 1 − d²/p).
///
/// # Example
///
/// The first direction is shared; the second ones meet at 60°, so that cos² = 1/4.
///
/// ```
/// use lora_subspace_core::linalg::Subspace;
/// use lora_subspace_core::measure::overlap;
/// use ndarray::array;
/// let u = Subspace::new(array![[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])?;
/// let v = Subspace::new(array![[1.0, 0.0], [0.0, 0.5], [0.0, 0.75f64.sqrt()]])?;
/// let phi = overlap(&u, &v)?;
/// assert_eq!(phi[(0, 0)], 1.0);                       // the shared direction
/// assert_eq!(phi[(0, 1)], 1.0);                       // it lies in the plane of v
/// assert!((phi[(1, 1)] - 0.625).abs() < 1e-15);       // (1 + 1/4) / 2
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn overlap(first: &Subspace, second: &Subspace) -> Result<Array2<f64>> {
    if first.ambient() != second.ambient() {
        return Err(Error::Numerical {
            routine: "overlap".into(),
            problem: format!(
                "directions of R^{} against directions of R^{}",
                first.ambient(),
                second.ambient()
            ),
            remedy: "compare matrices of one width",
        });
    }
    let mut grid = first.basis().t().dot(&second.basis());
    grid.mapv_inplace(|cosine| cosine * cosine);
    prefix_sums(&mut grid);
    for ((i, j), cell) in grid.indexed_iter_mut() {
        // Rounding may lift identical subspaces above 1 by an ulp or two.
        *cell = (*cell / (i.min(j) + 1) as f64).min(1.0);
    }
    Ok(grid)
}

/// [`overlap`] over all directions that were asked for: a grid of `first.asked()` ×
/// `second.asked()` cells, `None` beyond a numerical rank.
///
/// # Errors
///
/// Those of [`overlap`].
pub fn overlap_grid(first: &Directions, second: &Directions) -> Result<Array2<Option<f64>>> {
    let defined = overlap(first.subspace(), second.subspace())?;
    Ok(Array2::from_shape_fn(
        (first.asked(), second.asked()),
        |cell| defined.get(cell).copied(),
    ))
}

/// Replaces every entry by the sum of those above and to its left, itself included.
pub(super) fn prefix_sums(matrix: &mut Array2<f64>) {
    let (rows, columns) = matrix.dim();
    for i in 0..rows {
        let mut row = 0.0;
        for j in 0..columns {
            row += matrix[(i, j)];
            matrix[(i, j)] = row + if i > 0 { matrix[(i - 1, j)] } else { 0.0 };
        }
    }
}
