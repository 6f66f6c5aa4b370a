//! How much ΔW amplifies W's component in ΔW's own directions (the paper's table 7).
//!
//! # Decisions
//!
//! - Random draws against a large W are in f32, here and in `correlation.rs`, and nothing else
//!   is. They are a fifth of table 7, and they differ from each other by a percent.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::error::Result;
use crate::linalg::{SMALL_SIDE, Subspace, frobenius_norm, haar, projections, projections_in_f32};

use super::overlap::prefix_sums;

/// ‖UᵀWV‖_F: how much of W acts between the directions V (d_in × r) and U (d_out × r).
///
/// Between 0 and √(Σ_{l≤r} σ_l(W)²), which W's own directions reach.
///
/// # Example
///
/// ```
/// use lora_subspace_core::measure::amplification::projected_norm;
/// use ndarray::array;
/// let w = array![[3.0, 0.0], [0.0, 4.0]];
/// let second = array![[0.0], [1.0]];
/// assert_eq!(projected_norm(w.view(), second.view(), second.view()), 4.0);
/// ```
pub fn projected_norm(w: ArrayView2<f64>, u: ArrayView2<f64>, v: ArrayView2<f64>) -> f64 {
    projected_norms(w, &[(u, v)])[0]
}

/// The [`projected_norm`] of each of several pairs (U, V), with W read once.
///
/// # Panics
///
/// When a U has not as many rows as W, or a V not as many rows as W has columns.
pub fn projected_norms(
    w: ArrayView2<f64>,
    pairs: &[(ArrayView2<f64>, ArrayView2<f64>)],
) -> Vec<f64> {
    let norm = |core: &Array2<f64>| frobenius_norm(core.view());
    projections(w, pairs).iter().map(norm).collect()
}

/// The amplification factor ‖ΔW‖_F / ‖UᵀWV‖_F, or `None` where the projection is zero.
///
/// A factor without its chance value misleads: see [`super::chance::projected_norm_chance`].
///
/// ```
/// use lora_subspace_core::measure::amplification::amplification_factor;
/// assert!((amplification_factor(6.91, 0.32).unwrap() - 21.59).abs() < 0.01); // table 7, r = 4
/// assert_eq!(amplification_factor(1.0, 0.0), None);
/// ```
pub fn amplification_factor(delta_norm: f64, projected_norm: f64) -> Option<f64> {
    (projected_norm > 0.0).then(|| delta_norm / projected_norm)
}

/// What ‖UᵀWV‖_F is over Haar-random U and V.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomProjection {
    /// √mean‖UᵀWV‖²_F over the draws.
    pub root_mean_square: f64,
    /// exp(mean ln‖UᵀWV‖_F) over the draws: what logarithms of norms are centred on.
    pub geometric_mean: f64,
    /// Sample standard deviation of ‖UᵀWV‖_F; `None` for a single draw.
    pub standard_deviation: Option<f64>,
}

/// Draws taken together: their V side by side make one product with W, few enough to be held.
const DRAWS_AT_ONCE: usize = 20;

/// Draws Haar-random U and V `draws` times and projects W on their leading `ranks` directions.
///
/// Draw n uses the keys `KEY/drawN/left` and `KEY/drawN/right`; one draw serves all ranks, because
/// leading columns nest. Gives one entry per rank, `None` where there are no draws.
///
/// # Errors
///
/// When a rank is 0 or exceeds a side of W.
pub fn random_projections(
    w: ArrayView2<f64>,
    ranks: &[usize],
    draws: usize,
    key: &str,
) -> Result<Vec<Option<RandomProjection>>> {
    let Some(&largest) = ranks.iter().max() else {
        return Ok(Vec::new());
    };
    let numbers: Vec<usize> = (0..draws).collect();
    let mut squares: Vec<Vec<f64>> = Vec::new();
    for group in numbers.chunks(DRAWS_AT_ONCE) {
        let frames = |draw: &usize| {
            let frame = |d, side| haar(d, largest, &format!("{key}/draw{draw}/{side}"));
            Ok((frame(w.nrows(), "left")?, frame(w.ncols(), "right")?))
        };
        squares.extend(cores(w, group, frames)?.into_iter().map(|mut energy| {
            energy.mapv_inplace(|x| x * x);
            prefix_sums(&mut energy);
            let at = |rank: &usize| energy[(rank - 1, rank - 1)];
            ranks.iter().map(at).collect()
        }));
    }
    Ok((0..ranks.len())
        .map(|place| summarise(&squares.iter().map(|draw| draw[place]).collect::<Vec<_>>()))
        .collect())
}

/// UᵀWV of each draw. A large W is multiplied in f32, which moves a norm by some 1e-8 of itself: far
/// less than the draws differ.
fn cores(
    w: ArrayView2<f64>,
    draws: &[usize],
    frames: impl Fn(&usize) -> Result<(Subspace, Subspace)> + Sync + Send,
) -> Result<Vec<Array2<f64>>> {
    if w.nrows().min(w.ncols()) <= SMALL_SIDE {
        let held = draws.par_iter().map(frames).collect::<Result<Vec<_>>>()?;
        let pairs: Vec<_> = held.iter().map(|(u, v)| (u.basis(), v.basis())).collect();
        return Ok(projections(w, &pairs));
    }
    let single = |subspace: Subspace| subspace.basis().mapv(|x| x as f32);
    let held = draws
        .par_iter()
        .map(|draw| frames(draw).map(|(u, v)| (single(u), single(v))))
        .collect::<Result<Vec<_>>>()?;
    let pairs: Vec<_> = held.iter().map(|(u, v)| (u.view(), v.view())).collect();
    Ok(projections_in_f32(w, &pairs))
}

fn summarise(squares: &[f64]) -> Option<RandomProjection> {
    let count = squares.len() as f64;
    if squares.is_empty() {
        return None;
    }
    let norms: Vec<f64> = squares.iter().map(|square| square.sqrt()).collect();
    let mean = norms.iter().sum::<f64>() / count;
    let deviations: f64 = norms.iter().map(|norm| (norm - mean).powi(2)).sum();
    Some(RandomProjection {
        root_mean_square: (squares.iter().sum::<f64>() / count).sqrt(),
        geometric_mean: (norms.iter().map(|norm| norm.ln()).sum::<f64>() / count).exp(),
        standard_deviation: (squares.len() > 1).then(|| (deviations / (count - 1.0)).sqrt()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_from_a_large_matrix_are_those_in_f64() {
        let (rows, columns) = (SMALL_SIDE + 60, SMALL_SIDE + 7);
        let w = Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 31 + j * 17) as f64).sin());
        let found = random_projections(w.view(), &[1, 3], 2, "key").unwrap();
        for (rank, found) in [1, 3].into_iter().zip(found) {
            let norm = |draw: usize| {
                let frame = |d, side: &str| haar(d, rank, &format!("key/draw{draw}/{side}"));
                let (u, v) = (
                    frame(rows, "left").unwrap(),
                    frame(columns, "right").unwrap(),
                );
                projected_norm(w.view(), u.basis(), v.basis())
            };
            let expected = ((norm(0).powi(2) + norm(1).powi(2)) / 2.0).sqrt();
            let error = found.unwrap().root_mean_square / expected - 1.0;
            assert!(error.abs() < 1e-6, "rank {rank}: off by {error:e}");
        }
    }
}
