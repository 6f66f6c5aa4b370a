//! The course of one training run: how near each checkpoint's ΔW is to the last one.
//!
//! # Decisions
//!
//! - Checkpoints come one after the other, the last one first. Only it, the one before and the
//!   start are held.
//! - What a run's A does is told apart from what ΔW does: a right side that is near the last one
//!   from the first step on may be an A that never moved. So a run locks on both sides or not.

use crate::adapter::{Decomposed, Delta};
use crate::error::Result;

use super::overlap::overlap;
use super::spectrum::ranks_of_delta;
use super::{Basis, Directions};

/// So many directions of ΔW are compared, where there are as many.
pub const MOST: usize = 16;

/// A side has the last checkpoint's directions from this excess over chance on.
pub const LOCKED: f64 = 0.9;

/// The bases that a course is told in, in the order of the tables: row spaces of A, and ΔW's two
/// sides.
pub const BASES: [Basis; 3] = [Basis::A, Basis::DeltaRight, Basis::DeltaLeft];

/// What is compared of one checkpoint's ΔW in one module.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// ‖ΔW‖_F; 0 where ΔW is zero within rounding.
    pub norm: f64,
    /// The stable rank ‖ΔW‖²_F/‖ΔW‖²₂; `None` where ΔW is zero.
    pub stable_rank: Option<f64>,
    is_zero: bool,
    /// In the order of [`BASES`]; no A where ΔW has no factors of its own.
    frames: [Option<Directions>; 3],
}

impl Checkpoint {
    /// Takes ΔW's leading K = min(`most`, r, d_out, d_in) directions of each side, and the row space
    /// of its A where A is its own.
    ///
    /// # Errors
    ///
    /// Those of [`Delta::decomposed`].
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace_core::adapter::Delta;
    /// use lora_subspace_core::measure::{Basis, trajectory::Checkpoint};
    /// use ndarray::array;
    /// let untrained = Delta::new(array![[0.0], [0.0]], array![[3.0, 4.0]], 2.0)?;
    /// let start = Checkpoint::of_delta(&untrained, 16)?;
    /// assert_eq!((start.norm, start.stable_rank, start.k(Basis::DeltaLeft)), (0.0, None, 1));
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn of_delta(delta: &Delta, most: usize) -> Result<Self> {
        let (d_out, d_in) = delta.shape();
        let k = most.min(delta.rank()).min(d_out).min(d_in);
        let frames = |basis| Directions::of_delta(delta, basis, k).map(Some);
        Ok(Checkpoint {
            norm: delta.frobenius_norm()?,
            stable_rank: ranks_of_delta(delta)?.stable,
            is_zero: delta.is_zero()?,
            frames: [
                rows_of_a(delta)?,
                frames(Basis::DeltaRight)?,
                frames(Basis::DeltaLeft)?,
            ],
        })
    }

    /// How many directions are compared in a basis of [`BASES`]; 0 where it has none.
    pub fn k(&self, basis: Basis) -> usize {
        self.frame(basis).map_or(0, Directions::asked)
    }

    fn frame(&self, basis: Basis) -> Option<&Directions> {
        let place = BASES.iter().position(|known| *known == basis)?;
        self.frames[place].as_ref()
    }
}

/// The row space of A, also where B is 0; `None` where ΔW has no A of its own.
fn rows_of_a(delta: &Delta) -> Result<Option<Directions>> {
    if !delta.has_own_factors() {
        return Ok(None);
    }
    let Decomposed::Product(factored, _) = delta.decomposed()? else {
        return Ok(None);
    };
    let own = factored.right_of_a()?;
    Directions::of_singular_vectors(own.vectors, own.rank, delta.rank()).map(Some)
}

/// How near a checkpoint's directions are to others of its run, each φ(k,k) in 0..=1; `None` where
/// one of the two has fewer than k, or there is none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Similarity {
    /// To the last checkpoint's.
    pub to_last: Option<f64>,
    /// To those of the checkpoint before.
    pub to_previous: Option<f64>,
    /// Of row spaces of A, to that of the start.
    pub to_start: Option<f64>,
}

/// The course of one module of one run towards its last checkpoint.
///
/// ```text
/// sim(t)   = φ(K,K) of ΔW_t and ΔW_T       on either side, K = min(16, r)
/// step(t)  = φ(K,K) of ΔW_t and ΔW_{t−1}
/// start(t) = φ(r,r) of A_t and A_0         row spaces
/// ```
///
/// Random directions have K/d on average, d = d_in on the right side and d_out on the left one, and
/// row spaces of A r/d_in.
///
/// # Reference
///
/// φ is Hu et al.'s (2021, arXiv 2106.09685, equation 4). That training stays in a subspace that it
/// finds early is said of gradients by Gur-Ari, Roberts & Dyer 2018, arXiv 1812.04754.
///
/// # Example
///
/// A run of X = 2·e₁e₁ᵀ, then Y = qqᵀ with q = (1, 1, 0)/√2: the directions meet at 45°.
///
/// ```
/// use lora_subspace_core::adapter::Delta;
/// use lora_subspace_core::measure::Basis;
/// use lora_subspace_core::measure::trajectory::{Checkpoint, Trajectory, excess};
/// use ndarray::array;
/// let x = Delta::new(array![[2.0], [0.0], [0.0]], array![[1.0, 0.0, 0.0]], 1.0)?;
/// let y = Delta::new(array![[1.0], [1.0], [0.0]], array![[1.0, 1.0, 0.0]], 0.5)?;
/// let [x, y] = [x, y].map(|delta| Checkpoint::of_delta(&delta, 1).unwrap());
/// let mut run = Trajectory::to(y.clone(), false);
/// for (checkpoint, expected) in [(x, [0.5, 0.25]), (y, [1.0, 1.0])] {
///     let found = run.next(checkpoint)?;
///     for basis in [Basis::DeltaRight, Basis::DeltaLeft] {
///         let similarity = found.of(basis).to_last.unwrap();
///         assert!((similarity - expected[0]).abs() < 1e-12);
///         // Chance is ⅓.
///         assert!((excess(similarity, 1.0 / 3.0).unwrap() - expected[1]).abs() < 1e-12);
///     }
/// }
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Trajectory {
    last: Checkpoint,
    previous: Option<Checkpoint>,
    /// The row space of A at the start.
    start: Option<Directions>,
    begins_at_start: bool,
}

impl Trajectory {
    /// Of a run with this last checkpoint. `begins_at_start` says that the first of [`Trajectory::next`]
    /// is how the adapter was before training; without, it is taken for that where its ΔW is zero.
    pub fn to(last: Checkpoint, begins_at_start: bool) -> Self {
        Trajectory {
            last,
            previous: None,
            start: None,
            begins_at_start,
        }
    }

    /// Whether A is known as it was before training, once the first checkpoint was given.
    pub fn has_start(&self) -> bool {
        self.start.is_some()
    }

    /// The next checkpoint, from the first to the last, which is given too. Nothing is near a ΔW that
    /// is zero, or near the start itself.
    ///
    /// # Errors
    ///
    /// [`Error::Numerical`](crate::Error::Numerical) for checkpoints of other shapes.
    pub fn next(&mut self, checkpoint: Checkpoint) -> Result<Similarities> {
        let is_first = self.previous.is_none();
        let is_start = is_first && (self.begins_at_start || checkpoint.is_zero);
        let mut found = Similarities::default();
        for (place, basis) in BASES.into_iter().enumerate() {
            let Some(own) = checkpoint.frame(basis).filter(|_| !checkpoint.is_zero) else {
                continue;
            };
            let to = |other: &Checkpoint| match other.frame(basis).filter(|_| !other.is_zero) {
                Some(other) => similarity(own, other),
                None => Ok(None),
            };
            let start = self.start.as_ref().filter(|_| basis == Basis::A);
            found.0[place] = Similarity {
                to_last: to(&self.last)?,
                to_previous: self.previous.as_ref().map_or(Ok(None), to)?,
                to_start: start.map_or(Ok(None), |start| similarity(own, start))?,
            };
        }
        if is_start {
            self.start = checkpoint.frame(Basis::A).cloned();
        }
        self.previous = Some(checkpoint);
        Ok(found)
    }
}

/// A checkpoint's [`Similarity`] in each of [`BASES`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Similarities([Similarity; 3]);

impl Similarities {
    /// That of a basis; of one that is none of [`BASES`] nothing is known.
    pub fn of(&self, basis: Basis) -> Similarity {
        let place = BASES.iter().position(|known| *known == basis);
        place.map_or(Similarity::default(), |place| self.0[place])
    }
}

/// φ(k,k) of as many directions as were asked for; `None` where either has fewer.
fn similarity(one: &Directions, other: &Directions) -> Result<Option<f64>> {
    let k = one.asked().min(other.asked());
    let are_defined = one.subspace().len() >= k && other.subspace().len() >= k;
    let grid = overlap(&one.subspace().prefix(k), &other.subspace().prefix(k))?;
    Ok(grid.last().copied().filter(|_| are_defined))
}

/// (φ − chance)/(1 − chance): 0 by chance, 1 for one subspace; `None` where chance is all.
///
/// ```
/// use lora_subspace_core::measure::trajectory::excess;
/// assert_eq!((excess(0.75, 0.5), excess(1.0, 1.0)), (Some(0.5), None));
/// ```
pub fn excess(similarity: f64, chance: f64) -> Option<f64> {
    (chance < 1.0).then(|| (similarity - chance) / (1.0 - chance))
}

/// When a run has its last directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lock {
    /// t/T of the first checkpoint that has them, in 0..=1.
    pub at: f64,
    /// t/T of the checkpoint before it that has them not; 0 where there is none.
    pub after: f64,
}

/// The first t/T at which the excess is [`LOCKED`] or more on both sides.
///
/// Takes each checkpoint's step number and excess on the two sides, in order; the last one's number is
/// T. What happened between two checkpoints is not known: the run locked after [`Lock::after`], and
/// at [`Lock::at`] at the latest. `None` where no checkpoint has both, or T is 0.
///
/// # Example
///
/// ```
/// use lora_subspace_core::measure::trajectory::{Lock, locks};
/// let run = [(0, [None; 2]), (100, [Some(0.4), Some(0.95)]), (300, [Some(0.9), Some(0.96)]), (400, [Some(1.0); 2])];
/// assert_eq!(locks(&run), Some(Lock { at: 0.75, after: 0.25 }));
/// assert_eq!(locks(&run[..2]), None);
/// ```
pub fn locks(checkpoints: &[(u64, [Option<f64>; 2])]) -> Option<Lock> {
    let last = checkpoints.last().map(|(step, _)| *step as f64);
    let last = last.filter(|&last| last > 0.0)?;
    let mut after = 0.0;
    for &(step, sides) in checkpoints {
        let at = step as f64 / last;
        match sides {
            [Some(one), Some(other)] if one.min(other) >= LOCKED => {
                return Some(Lock { at, after });
            }
            [Some(_), Some(_)] => after = at,
            _ => {}
        }
    }
    None
}
