//! How much ΔW amplifies W's component in ΔW's own directions (the paper's table 7).
//!
//! # Decisions
//!
//! - Random draws against a large W are in f32, and nothing else is. They are a fifth of table 7, and they differ from each other by a percent.

use std::ops::Range;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::adapter::NORMS;
use crate::error::Result;
use crate::linalg::{
    LookedAt, Others, Pair, Rows, SMALL_SIDE, Subspace, excess, frobenius_norm, haar, largest,
    looked_at, projections, times_power,
};

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
pub fn projected_norms(w: ArrayView2<f64>, pairs: &[Pair<f64>]) -> Vec<f64> {
    norms_of(&projections(w, pairs))
}

fn norms_of(cores: &[Array2<f64>]) -> Vec<f64> {
    cores
        .iter()
        .map(|core| frobenius_norm(core.view()))
        .collect()
}

/// The amplification factor ‖ΔW‖_F / ‖UᵀWV‖_F, or `None` where the projection is zero or the quotient
/// is beyond the range of norms.
///
/// A factor without its chance value misleads: see [`super::chance::projected_norm_chance`].
///
/// ```
/// use lora_subspace_core::measure::amplification::amplification_factor;
/// assert!((amplification_factor(6.91, 0.32).unwrap() - 21.59).abs() < 0.01); // table 7, r = 4
/// assert_eq!(amplification_factor(1.0, 0.0), None);
/// assert_eq!(amplification_factor(1e300, 1e-10), None);
/// ```
pub fn amplification_factor(delta_norm: f64, projected_norm: f64) -> Option<f64> {
    let factor = (projected_norm > 0.0).then(|| delta_norm / projected_norm);
    factor.filter(|factor| delta_norm == 0.0 || NORMS.contains(factor))
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

impl RandomProjection {
    /// Of the norms ‖UᵀWV‖_F that were drawn ([`random_norms`]); `None` without any.
    ///
    /// ```
    /// use lora_subspace_core::measure::amplification::RandomProjection;
    /// let of = RandomProjection::of(&[1.0, 7.0]).unwrap();
    /// assert_eq!(of.root_mean_square, 5.0); // √((1 + 49)/2)
    /// assert!((of.geometric_mean - 7f64.sqrt()).abs() < 1e-15);
    /// assert_eq!(of.standard_deviation, Some(18f64.sqrt())); // (9 + 9)/(2 − 1)
    /// assert_eq!(RandomProjection::of(&[]), None);
    /// ```
    pub fn of(norms: &[f64]) -> Option<Self> {
        if norms.is_empty() {
            return None;
        }
        let count = norms.len() as f64;
        let e = excess(largest(norms));
        let near = |&norm: &f64| times_power(norm, -e);
        let sum = |of: &dyn Fn(f64) -> f64| norms.iter().map(|norm| of(near(norm))).sum::<f64>();
        let mean = sum(&|norm| norm) / count;
        let deviations = sum(&|norm| (norm - mean).powi(2));
        let root = |square: f64| times_power(square.sqrt(), e);
        let logarithms: f64 = norms.iter().map(|norm| norm.ln()).sum();
        Some(RandomProjection {
            root_mean_square: root(sum(&|norm| norm * norm) / count),
            geometric_mean: (logarithms / count).exp(),
            standard_deviation: (norms.len() > 1).then(|| root(deviations / (count - 1.0))),
        })
    }
}

/// Draws taken together: their V side by side make one product with W, few enough to be held.
const DRAWS_AT_ONCE: usize = 20;
/// Where draws have few columns, more are taken together, up to these: W is read less often.
const COLUMNS_AT_ONCE: usize = 512;

/// How many columns of random frames [`random_norms`] holds at most for draws of a rank above 0, on
/// each side.
///
/// ```
/// use lora_subspace_core::measure::amplification::columns_at_once;
/// assert_eq!((columns_at_once(4), columns_at_once(64)), (512, 1280));
/// ```
pub fn columns_at_once(rank: usize) -> usize {
    let rank = rank.max(1);
    (rank * DRAWS_AT_ONCE).max(COLUMNS_AT_ONCE / rank * rank)
}

/// ‖UᵀWV‖_F between Haar-random U (d_out × r) and V (d_in × r), `draws` times for each of several
/// `wanted` (r, draws).
///
/// Draw n, from 0 on, has the keys `KEY/drawN/left` and `KEY/drawN/right` ([`haar`]). It serves all
/// ranks that want it, because leading columns nest. So the norms of one rank are the same whatever
/// else is wanted, but for rounding. Gives the norms of each rank in the order of `wanted`.
///
/// A large W is multiplied in f32, a few hundred columns at a time.
///
/// # Errors
///
/// When a rank that wants draws is 0 or exceeds a side of W.
///
/// # Example
///
/// All of a plane is in two directions, so that every norm is ‖W‖_F.
///
/// ```
/// use lora_subspace_core::measure::amplification::random_norms;
/// use ndarray::array;
/// let w = array![[3.0, 0.0], [0.0, 4.0]];
/// let norms = random_norms(w.view(), &[(2, 3), (1, 1000)], "0/module")?;
/// assert!(norms[0].len() == 3 && norms[0].iter().all(|norm| (norm - 5.0).abs() < 1e-14));
/// // One direction a side: between 0 and 4, of mean square 25/4.
/// let square = norms[1].iter().map(|norm| norm * norm).sum::<f64>() / 1000.0;
/// assert!((square - 6.25).abs() < 0.5 && norms[1].iter().all(|&norm| norm <= 4.0));
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn random_norms(
    w: ArrayView2<f64>,
    wanted: &[(usize, usize)],
    key: &str,
) -> Result<Vec<Vec<f64>>> {
    Ok(projected(&w, &[], wanted, key)?.random)
}

/// What [`projected`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Projected {
    /// ‖UᵀWV‖_F of each pair that was given.
    pub norms: Vec<f64>,
    /// ‖UᵀWV‖_F of the draws, as [`random_norms`] gives them.
    pub random: Vec<Vec<f64>>,
    /// ‖W‖_F.
    pub base_norm: f64,
}

/// The [`projected_norm`] of several pairs (U, V), and [`random_norms`], of a W that is read a block of
/// rows at a time: once for all pairs and as many draws as are held together, and again for more.
///
/// # Errors
///
/// Those of [`random_norms`], and where W cannot be read.
///
/// # Panics
///
/// As [`projected_norms`].
pub fn projected(
    w: &dyn Rows,
    pairs: &[Pair<f64>],
    wanted: &[(usize, usize)],
    key: &str,
) -> Result<Projected> {
    let (rows, columns) = w.dim();
    let sides = if w.is_turned() {
        (columns, rows)
    } else {
        (rows, columns)
    };
    if wanted.iter().any(|&(rank, draws)| rank == 0 && draws > 0) {
        // Refused here as there: beside larger ranks no frame would be asked for.
        haar(sides.0, 0, key)?;
    }
    let mut random: Vec<Vec<f64>> = vec![Vec::new(); wanted.len()];
    let mut first: Option<LookedAt> = None;
    for (draws, columns) in groups(wanted) {
        let frames = |draw: &usize| {
            let frame = |d, side| haar(d, columns, &format!("{key}/draw{draw}/{side}"));
            Ok((frame(sides.0, "left")?, frame(sides.1, "right")?))
        };
        let numbers: Vec<usize> = draws.collect();
        let pairs = if first.is_none() { pairs } else { &[] };
        let mut seen = drawn(w, pairs, &numbers, frames)?;
        for (draw, mut energy) in numbers.iter().zip(seen.others.drain(..)) {
            let e = excess(largest(&energy));
            energy.mapv_inplace(|x| times_power(x, -e).powi(2));
            prefix_sums(&mut energy);
            for (norms, &(rank, count)) in random.iter_mut().zip(wanted) {
                if *draw < count {
                    norms.push(times_power(energy[(rank - 1, rank - 1)].sqrt(), e));
                }
            }
        }
        first.get_or_insert(seen);
    }
    let first = match first {
        Some(seen) => seen,
        None => looked_at(w, pairs, Others::Doubles(&[]))?,
    };
    Ok(Projected {
        norms: norms_of(&first.cores),
        random,
        base_norm: first.frobenius_norm,
    })
}

/// Consecutive draws that are taken together, and how many columns each needs: those of the largest
/// rank that still wants draws.
fn groups(wanted: &[(usize, usize)]) -> Vec<(Range<usize>, usize)> {
    let mut groups = Vec::new();
    let mut start = 0;
    loop {
        let open = wanted.iter().filter(|(_, draws)| *draws > start);
        let Some(&(columns, _)) = open.max_by_key(|(rank, _)| *rank) else {
            return groups;
        };
        let same = wanted.iter().filter(|(rank, _)| *rank == columns);
        let until = same.map(|(_, draws)| *draws).fold(start, usize::max);
        let at_once = columns_at_once(columns) / columns;
        let end = until.min(start + at_once);
        groups.push((start..end, columns));
        start = end;
    }
}

/// UᵀWV of each pair and of each draw. A large W is multiplied in f32 for the draws, which moves a norm
/// by some 1e-7 of its typical size: far less than the draws differ.
fn drawn(
    w: &dyn Rows,
    pairs: &[Pair<f64>],
    draws: &[usize],
    frames: impl Fn(&usize) -> Result<(Subspace, Subspace)> + Sync + Send,
) -> Result<LookedAt> {
    let (rows, columns) = w.dim();
    if rows.min(columns) <= SMALL_SIDE {
        let held = draws.par_iter().map(frames).collect::<Result<Vec<_>>>()?;
        let random: Vec<_> = held.iter().map(|(u, v)| (u.basis(), v.basis())).collect();
        return looked_at(w, pairs, Others::Doubles(&random));
    }
    let single = |subspace: Subspace| subspace.basis().mapv(|x| x as f32);
    let held = draws
        .par_iter()
        .map(|draw| frames(draw).map(|(u, v)| (single(u), single(v))))
        .collect::<Result<Vec<_>>>()?;
    let random: Vec<_> = held.iter().map(|(u, v)| (u.view(), v.view())).collect();
    looked_at(w, pairs, Others::Singles(&random))
}

#[cfg(test)]
mod tests {
    use super::super::chance::projected_norm_chance;
    use super::*;

    #[test]
    fn draws_from_a_large_matrix_are_those_in_f64() {
        let (rows, columns) = (SMALL_SIDE + 60, SMALL_SIDE + 7);
        let w = Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 31 + j * 17) as f64).sin());
        let found = random_norms(w.view(), &[(1, 3), (3, 2)], "key").unwrap();
        for (rank, found) in [1, 3].into_iter().zip(found) {
            let norm = |draw: usize| {
                let frame = |d, side: &str| haar(d, rank, &format!("key/draw{draw}/{side}"));
                let (u, v) = (
                    frame(rows, "left").unwrap(),
                    frame(columns, "right").unwrap(),
                );
                projected_norm(w.view(), u.basis(), v.basis())
            };
            // Of a typical norm: that of one direction a side may be close to 0.
            let typical = projected_norm_chance(frobenius_norm(w.view()), rank, w.dim());
            for (draw, found) in found.into_iter().enumerate() {
                let error = (found - norm(draw)) / typical;
                assert!(
                    error.abs() < 1e-6,
                    "rank {rank}, draw {draw}: off by {error:e}"
                );
            }
        }
    }

    #[test]
    fn later_draws_have_the_columns_that_are_still_wanted() {
        let found = groups(&[(4, 400), (64, 20), (8, 100)]);
        assert_eq!(found[..3], [(0..20, 64), (20..84, 8), (84..100, 8)]);
        assert_eq!(found[3..], [(100..228, 4), (228..356, 4), (356..400, 4)]);
        assert_eq!(
            groups(&[(300, 41)]),
            [(0..20, 300), (20..40, 300), (40..41, 300)]
        );
        assert!(groups(&[(3, 0)]).is_empty() && groups(&[]).is_empty());
    }
}
