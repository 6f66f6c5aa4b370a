//! Draws that many updates are held against: independent Haar frames, once for all modules of one size.

use ndarray::{Array1, Array2, ArrayView2, s};
use rayon::prelude::*;

use crate::error::Result;
use crate::linalg::{eigenvalues, random_frames};

use super::interference::{interference_of, retained_of};
use super::significance::drawn_tail;

/// Up to so many columns, adapters times k, the largest eigenvalues are held against draws; beyond, λ₊ alone says what
/// chance gives.
pub const DRAWN: usize = 512;
/// Up to so many columns the interference of updates is held against draws; beyond, its closed form is near enough.
pub const SETS_DRAWN: usize = 128;
/// So many eigenvalues of a mean projector are kept, and shown, at most.
pub const LEADING: usize = 64;
/// Draws of sets of updates.
const SETS: usize = 200;
/// Draws behind the chance of what a sum retains.
const RETAINED: usize = 20;

/// Eigenvalues of the mean projector of N independent Haar frames of k directions in R^d.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomSpectra {
    /// Of each index, from the largest on, its value in each draw.
    by_index: Vec<Vec<f64>>,
}

impl RandomSpectra {
    /// Makes so many draws, of up to [`LEADING`] eigenvalues each. Draw n, from 0 on, has the
    /// frames ([`random_frames`]) of the key `SEED/many/dD/kK/nN/drawn`. The number of threads changes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`random_frames`] and LAPACK.
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace_core::measure::many_draws::RandomSpectra;
    /// // Two lines of R³: λ₁ is (1 + |cos θ|)/2, uniform in ½ to 1.
    /// let random = RandomSpectra::drawn((3, 1, 2), 999, 0)?;
    /// assert!((random.tail(0, 0.75).unwrap() - 0.5).abs() < 0.05);
    /// assert_eq!(random.tail(0, 1.1), Some(0.001));
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn drawn((d, k, count): (usize, usize, usize), draws: usize, seed: u64) -> Result<Self> {
        let one = |draw: usize| {
            let key = format!("{seed}/many/d{d}/k{k}/n{count}/draw{draw}");
            let frames = random_frames(d, k, count, &key)?;
            let mut values = eigenvalues(gram(&frames).view())?.mapv(|value| value / count as f64);
            values = values.slice_move(s![..(count * k).min(LEADING)]);
            Ok(values)
        };
        let drawn = (0..draws).into_par_iter().map(one);
        let drawn: Vec<Array1<f64>> = drawn.collect::<Result<_>>()?;
        let indices = drawn.first().map_or(0, Array1::len);
        let of_index = |index: usize| drawn.iter().map(|values| values[index]).collect();
        Ok(RandomSpectra {
            by_index: (0..indices).map(of_index).collect(),
        })
    }

    /// P(the eigenvalue of this index, from 0, is `value` or more) by chance, (1 + #≥)/(draws + 1); `None` beyond those
    /// that are kept.
    pub fn tail(&self, index: usize, value: f64) -> Option<f64> {
        Some(drawn_tail(value, self.by_index.get(index)?))
    }
}

/// Frames and Gram matrices of one draw.
struct Set {
    left: Array2<f64>,
    right: Array2<f64>,
    left_gram: Array2<f64>,
    right_gram: Array2<f64>,
}

/// N updates with independent Haar directions on both sides, drawn often.
pub struct RandomSets {
    k: usize,
    sets: Vec<Set>,
}

impl RandomSets {
    /// Makes 200 draws for N updates of k directions in matrices of d_out × d_in. The frames ([`random_frames`]) of draw
    /// n, from 0 on, have the keys `SEED/many/DOUTxDIN/kK/nN/drawn/left` and `…/right`.
    ///
    /// # Errors
    ///
    /// Those of [`random_frames`].
    ///
    /// # Example
    ///
    /// Three updates in R⁴⁰⁰⁰ hardly meet.
    ///
    /// ```
    /// use lora_subspace_core::measure::interference::interference_chance;
    /// use lora_subspace_core::measure::many_draws::RandomSets;
    /// let sigma = ndarray::array![1.0, 2.0, 3.0];
    /// let sets = RandomSets::drawn(((4000, 4000), 1, 3), 0)?;
    /// let chance = interference_chance(&sigma, 1, (4000, 4000));
    /// assert!(sets.tail(10.0 * chance, &sigma) < 0.01 && sets.tail(0.0, &sigma) == 1.0);
    /// assert!(sets.retained(&sigma)?.unwrap().iter().all(|share| *share <= 1.0));
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn drawn(
        ((d_out, d_in), k, count): ((usize, usize), usize, usize),
        seed: u64,
    ) -> Result<Self> {
        let one = |draw: usize| {
            let key = format!("{seed}/many/{d_out}x{d_in}/k{k}/n{count}/draw{draw}");
            let left = random_frames(d_out, k, count, &format!("{key}/left"))?;
            let right = random_frames(d_in, k, count, &format!("{key}/right"))?;
            Ok(Set {
                left_gram: gram(&left),
                right_gram: gram(&right),
                left,
                right,
            })
        };
        let sets = (0..SETS).into_par_iter().map(one);
        Ok(RandomSets {
            k,
            sets: sets.collect::<Result<_>>()?,
        })
    }

    /// How many draws there are.
    pub fn draws(&self) -> usize {
        self.sets.len()
    }

    /// How many draws are behind [`RandomSets::retained`].
    pub fn draws_of_retained(&self) -> usize {
        self.sets.len().min(RETAINED)
    }

    /// P(the interference of such updates with these singular values is `value` or more) by chance.
    pub fn tail(&self, value: f64, sigma: &Array1<f64>) -> f64 {
        let of_set = |set: &Set| {
            let grams: [ArrayView2<f64>; 2] = [set.left_gram.view(), set.right_gram.view()];
            interference_of(grams[0], grams[1], sigma, self.k)
        };
        drawn_tail(value, &self.sets.iter().map(of_set).collect::<Vec<_>>())
    }

    /// What the leading directions of the sum retain of each update by chance: means over 20 draws. `None` where no
    /// sum has a direction.
    ///
    /// # Errors
    ///
    /// Those of LAPACK.
    pub fn retained(&self, sigma: &Array1<f64>) -> Result<Option<Vec<f64>>> {
        let mut sums = vec![0.0; sigma.len() / self.k.max(1)];
        let used = self.draws_of_retained();
        for set in &self.sets[..used] {
            let Some(found) = retained_of(&set.left, &set.right, sigma.view(), self.k)? else {
                return Ok(None);
            };
            for (sum, share) in sums.iter_mut().zip(found.shares) {
                *sum += share;
            }
        }
        Ok(Some(
            sums.into_iter().map(|sum| sum / used as f64).collect(),
        ))
    }
}

fn gram(frames: &Array2<f64>) -> Array2<f64> {
    frames.t().dot(frames)
}
