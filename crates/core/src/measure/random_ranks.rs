//! How many directions an update has by chance: the ranks of B·A with independent normal factors.
//!
//! # Decisions
//!
//! - The chance of a rank is that of factors that know nothing of each other, as LoRA draws A. It
//!   depends on d_out, d_in and r alone, so that one set of draws serves all modules of a shape.
//! - Ranks are functions of σ up to a factor, so that the factors' variances do not matter.

use ndarray::Array1;
use rayon::prelude::*;

use crate::error::Result;
use crate::linalg::random_product;

use super::significance::{drawn_tail, upper_tail_bound};
use super::spectrum::{Ranks, ranks};

/// Draws behind a mean.
const DRAWS: usize = 200;
/// Draws behind a mean where the core is larger than [`LARGE`]: its ranks hardly vary.
const FEW_DRAWS: usize = 20;
/// Up to here 200 decompositions take two seconds at most.
const LARGE: usize = 256;
/// Up to so many directions, min(d_out, d_in, r), an energy rank is held against draws of it; beyond,
/// against a bound.
pub const DRAWN: usize = 32;
/// The share of energy that the energy rank holds.
const MOST: f64 = 0.9;
/// A standard deviation below this part of the mean is rounding.
const ROUNDING: f64 = 1e-12;

/// Mean and standard deviation of a number that was drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation (n − 1); 0 where all draws are equal within rounding.
    pub sd: f64,
}

impl Spread {
    /// Of two values or more; `None` of fewer.
    ///
    /// ```
    /// use lora_subspace_core::measure::random_ranks::Spread;
    /// let spread = Spread::of(&[1.0, 3.0]).unwrap();
    /// assert_eq!((spread.mean, spread.sd), (2.0, 2f64.sqrt()));
    /// assert_eq!(Spread::of(&[1.0]), None);
    /// ```
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.len() < 2 {
            return None;
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        let sd = (squares / (n - 1.0)).sqrt();
        let is_rounding = sd <= ROUNDING * mean.abs();
        Some(Spread {
            mean,
            sd: if is_rounding { 0.0 } else { sd },
        })
    }
}

/// What the ranks of ΔW are by chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomRanks {
    /// Of the stable rank.
    pub stable: Spread,
    /// Of the effective rank.
    pub effective: Spread,
    /// Of the energy rank at 90 %.
    pub energy_90: Spread,
}

/// Mean and standard deviation of the ranks of B·A, B of d_out × r and A of r × d_in with
/// independent standard normal numbers, over 200 draws.
///
/// Where min(d_out, d_in, r) is above 256 there are 20 draws. The draws are the first of
/// [`random_ranks_drawn`]. All ranks lie in 1..=min(d_out, d_in, r); those of r = 1 are 1 with a
/// standard deviation of 0.
///
/// # Errors
///
/// Those of [`random_product`].
///
/// # Example
///
/// ```
/// use lora_subspace_core::measure::random_ranks::random_ranks;
/// let one = random_ranks((384, 384), 1, 0)?;
/// assert_eq!((one.energy_90.mean, one.energy_90.sd), (1.0, 0.0));
/// // Four columns in R⁴⁰⁰⁰⁰⁰⁰ are all but orthogonal, and of one length: the ranks are near 4.
/// let four = random_ranks((4_000_000, 4_000_000), 4, 0)?;
/// assert!(four.stable.mean > 3.98 && four.effective.mean > 3.99 && four.energy_90.mean == 4.0);
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn random_ranks(shape: (usize, usize), r: usize, seed: u64) -> Result<RandomRanks> {
    let drawn = random_ranks_drawn(shape, r, draws_of_means(shape, r), seed)?;
    let spread = |of: fn(&Ranks) -> Option<f64>| {
        let values: Vec<f64> = drawn.iter().filter_map(of).collect();
        // A product of normal numbers is not zero.
        Spread::of(&values).unwrap_or(Spread { mean: 1.0, sd: 0.0 })
    };
    Ok(RandomRanks {
        stable: spread(|ranks| ranks.stable),
        effective: spread(|ranks| ranks.effective),
        energy_90: spread(|ranks| ranks.energy_90.map(|rank| rank as f64)),
    })
}

/// The ranks of so many random products B·A, B of d_out × r and A of r × d_in.
///
/// Draw n, from 0 on, is [`random_product`] of the key `SEED/ranks/D_OUTxD_IN/rR/drawN`. More draws
/// begin with the same ones, and the number of threads changes nothing.
///
/// # Errors
///
/// Those of [`random_product`].
///
/// # Example
///
/// ```
/// use lora_subspace_core::measure::random_ranks::random_ranks_drawn;
/// let (few, many) = (random_ranks_drawn((9, 7), 3, 2, 0)?, random_ranks_drawn((9, 7), 3, 5, 0)?);
/// assert_eq!(few, many[..2]);
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn random_ranks_drawn(
    shape: (usize, usize),
    r: usize,
    draws: usize,
    seed: u64,
) -> Result<Vec<Ranks>> {
    let drawn = (0..draws).into_par_iter();
    drawn
        .map(|draw| {
            let sigma = random_product(shape, r, &key(shape, r, draw, seed))?;
            Ok(ranks(&sigma, shape))
        })
        .collect()
}

fn key((d_out, d_in): (usize, usize), r: usize, draw: usize, seed: u64) -> String {
    format!("{seed}/ranks/{d_out}x{d_in}/r{r}/draw{draw}")
}

/// How many draws are behind a mean.
fn draws_of_means((d_out, d_in): (usize, usize), r: usize) -> usize {
    if d_out.min(d_in).min(r) > LARGE {
        FEW_DRAWS
    } else {
        DRAWS
    }
}

/// How few directions hold 90 % of ‖B·A‖²_F by chance, for factors of independent normal numbers.
///
/// Up to min(d_out, d_in, r) = 32 this is counted over draws. A decomposition takes r³, so that beyond it is bounded, by
/// the share of energy in the leading k directions over the draws of [`random_ranks`].
#[derive(Debug, Clone, PartialEq)]
pub struct RandomEnergy {
    /// Of each draw, the share of energy in the leading 1, 2, … directions.
    shares: Vec<Array1<f64>>,
    is_counted: bool,
}

impl RandomEnergy {
    /// For B of d_out × r and A of r × d_in; `draws` products are drawn up to 32 directions. They are those
    /// of [`random_ranks_drawn`].
    ///
    /// # Errors
    ///
    /// Those of [`random_product`].
    pub fn drawn(shape: (usize, usize), r: usize, draws: usize, seed: u64) -> Result<Self> {
        let is_counted = r.min(shape.0).min(shape.1) <= DRAWN;
        let draws = if is_counted {
            draws
        } else {
            draws_of_means(shape, r)
        };
        let shares = |sigma: Array1<f64>| {
            let energy: f64 = sigma.iter().map(|x| x * x).sum();
            let mut sum = 0.0;
            sigma.mapv(|x| {
                sum += x * x;
                sum / energy
            })
        };
        let drawn = (0..draws).into_par_iter();
        Ok(RandomEnergy {
            shares: drawn
                .map(|draw| {
                    Ok(shares(random_product(
                        shape,
                        r,
                        &key(shape, r, draw, seed),
                    )?))
                })
                .collect::<Result<_>>()?,
            is_counted,
        })
    }

    /// P(energy rank at 90 % ≤ `k`) by chance.
    ///
    /// ```text
    /// up to 32 directions:  (1 + how many of N draws have an energy rank of at most k)/(N + 1)
    /// beyond:               sd²/(sd² + (0.9 − mean)²) where mean < 0.9, else 1
    /// ```
    ///
    /// The energy rank is at most k where the leading k directions have 0.9 of the energy. The second
    /// line is Cantelli's bound on that, with mean and standard deviation of this share over the draws.
    /// It takes no law of the share; that of large products is near a normal one, whose tail is far
    /// smaller. The deviation is known to some 5 % of 200 draws, and
    /// to some 16 % of 20.
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace_core::measure::random_ranks::RandomEnergy;
    /// // Four directions in R¹⁰⁰⁰ have a quarter of the energy each: two never hold 90 %.
    /// let four = RandomEnergy::drawn((1000, 1000), 4, 99, 0)?;
    /// assert_eq!((four.tail(2), four.tail(4)), (0.01, 1.0));
    /// // Of 64 in R¹⁰⁰⁰ half have 0.66, with a deviation of 0.002: the bound is (0.002/0.24)².
    /// let many = RandomEnergy::drawn((1000, 1000), 64, 99, 0)?;
    /// assert!(many.tail(32) < 2e-4 && many.tail(16) < many.tail(32) && many.tail(64) == 1.0);
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn tail(&self, k: usize) -> f64 {
        let leading = |shares: &Array1<f64>| {
            k.checked_sub(1)
                .map_or(0.0, |last| shares[last.min(shares.len() - 1)])
        };
        let shares: Vec<f64> = self.shares.iter().map(leading).collect();
        if self.is_counted {
            return drawn_tail(MOST, &shares);
        }
        match Spread::of(&shares) {
            Some(Spread { mean, sd }) => upper_tail_bound(MOST, mean, sd),
            None => 1.0,
        }
    }
}
