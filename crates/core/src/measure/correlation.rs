//! Whether W acts more between the directions of ΔW than between random ones.
//!
//! # Decisions
//!
//! - Random frames are crossed, not paired. n frames a side give n² norms against W for one
//!   product, and a permutation test that is exact although they are not independent. At 4096²
//!   this takes a second of one core; as many independent draws would take a hundred times as
//!   long.

use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::linalg::{SMALL_SIDE, Subspace, haar, projections, projections_in_f32};

/// ‖UᵀWV‖_F of given directions, and how it ranks among random ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// ‖UᵀWV‖_F of the given U and V.
    pub projected_norm: f64,
    /// The share of all compared norms that are at least as large, a p-value for random U and V.
    pub p: f64,
}

/// Ranks ‖UᵀWV‖_F for given U (d_out × k) and V (d_in × k) among those of Haar-random frames.
///
/// U₁, …, U_{n−1} and V₁, …, V_{n−1} are drawn, and all n² norms of U_iᵀWV_j are compared, with the
/// given ones as U₀ and V₀:
///
/// ```text
/// p = #{(i,j): ‖U_iᵀWV_j‖_F ≥ ‖U₀ᵀWV₀‖_F} / n²
/// ```
///
/// If U₀ and V₀ are independent and Haar-random too, permuting the U's or the V's changes nothing,
/// so the given pair is equally likely to be any cell of the table, and P(p ≤ α) ≤ α exactly: a
/// permutation test over rows and columns. It takes 2n frames and one product with W for n² values;
/// n²− 1 independent draws would take n times as much.
///
/// Frame i (from 1) has the keys `KEY/frameI/left` and `KEY/frameI/right`. A large W is multiplied in
/// f32, all cells alike.
///
/// # Errors
///
/// [`Error::Numerical`] when U, V and W do not fit, or U and V have no or unequally many directions.
///
/// # Example
///
/// ```
/// use lora_subspace_core::linalg::{Subspace, haar};
/// use lora_subspace_core::measure::correlation::correlation;
/// use ndarray::Array2;
/// let mut w = Array2::zeros((20, 30));
/// w[(0, 0)] = 5.0; // W acts between the first coordinates, and nowhere else.
/// let first = |d| Subspace::new(Array2::from_shape_fn((d, 1), |(i, _)| f64::from(i == 0)));
/// let found = correlation(w.view(), &first(20)?, &first(30)?, 20, "0/example")?;
/// assert_eq!((found.projected_norm, found.p), (5.0, 1.0 / 400.0));
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn correlation(
    w: ArrayView2<f64>,
    u: &Subspace,
    v: &Subspace,
    frames: usize,
    key: &str,
) -> Result<Correlation> {
    let (k, frames) = (u.len(), frames.max(1));
    if k == 0 || v.len() != k || (u.ambient(), v.ambient()) != w.dim() {
        return Err(Error::Numerical {
            routine: "correlation with W".into(),
            problem: format!(
                "{k} directions of R^{} and {} of R^{} against {:?}",
                u.ambient(),
                v.len(),
                v.ambient(),
                w.dim()
            ),
            remedy: "give as many directions of both sides of W",
        });
    }
    let (left, right) = (
        side_by_side(u, frames, key, "left")?,
        side_by_side(v, frames, key, "right")?,
    );
    let is_small = w.nrows().min(w.ncols()) <= SMALL_SIDE;
    let tolerance = if is_small { 1e-12 } else { 1e-6 };
    let cores = if is_small {
        projections(w, &[(left.view(), right.view())])
    } else {
        let (left, right) = (left.mapv(|x| x as f32), right.mapv(|x| x as f32));
        projections_in_f32(w, &[(left.view(), right.view())])
    };
    let squared = |i: usize, j: usize| {
        let block = cores[0].slice(s![i * k..(i + 1) * k, j * k..(j + 1) * k]);
        block.iter().map(|x| x * x).sum::<f64>()
    };
    // Where a side spans everything, all cells of a line are equal but for rounding.
    let given = squared(0, 0);
    let least = given * (1.0 - tolerance);
    let cells = (0..frames).flat_map(|i| (0..frames).map(move |j| (i, j)));
    let reached = cells.filter(|&(i, j)| squared(i, j) >= least).count();
    Ok(Correlation {
        projected_norm: given.sqrt(),
        p: reached as f64 / (frames * frames) as f64,
    })
}

/// The given frame, and random ones beside it: d × k·`frames`.
fn side_by_side(given: &Subspace, frames: usize, key: &str, side: &str) -> Result<Array2<f64>> {
    let (d, k) = (given.ambient(), given.len());
    let draw = |frame: usize| haar(d, k, &format!("{key}/frame{frame}/{side}"));
    let drawn = (1..frames)
        .into_par_iter()
        .map(draw)
        .collect::<Result<Vec<_>>>()?;
    let mut all = Array2::zeros((d, k * frames));
    for (place, frame) in std::iter::once(given).chain(&drawn).enumerate() {
        all.slice_mut(s![.., place * k..(place + 1) * k])
            .assign(&frame.basis());
    }
    Ok(all)
}
