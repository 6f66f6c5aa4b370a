//! How much ΔW amplifies W's component in ΔW's own directions (the paper's table 7).

use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::error::Result;
use crate::linalg::{Subspace, frobenius_norm, haar, projections};

use super::overlap::prefix_sums;

/// ‖UᵀWV‖_F: how much of W acts between the directions V (d_in × r) and U (d_out × r).
///
/// Between 0 and √(Σ_{l≤r} σ_l(W)²), which W's own directions reach.
///
/// # Example
///
/// ```
/// use lora_subspace::measure::amplification::projected_norm;
/// use ndarray::array;
/// let w = array![[3.0, 0.0], [0.0, 4.0]];
/// let second = array![[0.0], [1.0]];
/// assert_eq!(projected_norm(w.view(), second.view(), second.view()), 4.0);
/// ```
pub fn projected_norm(w: ArrayView2<f64>, u: ArrayView2<f64>, v: ArrayView2<f64>) -> f64 {
    projected_norms(w, &[(u, v)])[0]
}

/// [`projected_norm`] for several pairs (U, V), with W read once.
pub fn projected_norms(
    w: ArrayView2<f64>,
    pairs: &[(ArrayView2<f64>, ArrayView2<f64>)],
) -> Vec<f64> {
    let norm = |core: &ndarray::Array2<f64>| frobenius_norm(core.view());
    projections(w, pairs).iter().map(norm).collect()
}

/// The amplification factor ‖ΔW‖_F / ‖UᵀWV‖_F, or `None` where the projection is zero.
///
/// A factor without its chance value misleads: see [`super::chance::projected_norm_chance`].
///
/// ```
/// use lora_subspace::measure::amplification::amplification_factor;
/// assert!((amplification_factor(6.91, 0.32).unwrap() - 21.59).abs() < 0.01); // table 7, r = 4
/// assert_eq!(amplification_factor(1.0, 0.0), None);
/// ```
pub fn amplification_factor(delta_norm: f64, projected_norm: f64) -> Option<f64> {
    (projected_norm > 0.0).then(|| delta_norm / projected_norm)
}

/// ‖UᵀWV‖_F over random directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomProjection {
    /// √mean‖UᵀWV‖²_F over the draws.
    pub root_mean_square: f64,
    /// Sample standard deviation of ‖UᵀWV‖_F; `None` for a single draw.
    pub standard_deviation: Option<f64>,
}

/// Draws taken together: their V side by side make one product with W, few enough to be held.
const DRAWS_AT_ONCE: usize = 4;

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
    let frame =
        |d: usize, draw: usize, side: &str| haar(d, largest, &format!("{key}/draw{draw}/{side}"));
    let numbers: Vec<usize> = (0..draws).collect();
    let mut squares: Vec<Vec<f64>> = Vec::new();
    for group in numbers.chunks(DRAWS_AT_ONCE) {
        let frames = group
            .par_iter()
            .map(|&draw| {
                Ok((
                    frame(w.nrows(), draw, "left")?,
                    frame(w.ncols(), draw, "right")?,
                ))
            })
            .collect::<Result<Vec<(Subspace, Subspace)>>>()?;
        let pairs: Vec<_> = frames.iter().map(|(u, v)| (u.basis(), v.basis())).collect();
        squares.extend(projections(w, &pairs).into_iter().map(|mut energy| {
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
        standard_deviation: (squares.len() > 1).then(|| (deviations / (count - 1.0)).sqrt()),
    })
}
