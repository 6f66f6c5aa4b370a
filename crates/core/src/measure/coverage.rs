//! How well what many adapters share covers one that was held out.

use ndarray::{Array2, ArrayView2, Axis, s};

use crate::error::Result;
use crate::linalg::{eigenpairs, largest};

use super::Side;
use super::many::Together;
use super::mean_projector::{DECOMPOSED, coordinates, refused};

/// Held-out coverage is taken over so many folds.
const FOLDS: usize = 10;

/// How much of one update's directions lies in directions of the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Covered {
    /// Share of its k directions in the leading k of the mean projector of the adapters of other folds.
    pub coverage: f64,
    /// The same in the leading k directions of the sum of their updates, each by its own leading k; `None` where
    /// that sum has fewer.
    pub by_mean: Option<f64>,
}

/// The fold of each of so many adapters in the order of their names: ten folds, or one each where there are fewer.
///
/// ```
/// use lora_subspace_core::measure::coverage::fold_of;
/// let folds: Vec<usize> = (0..12).map(|place| fold_of(place, 12)).collect();
/// assert_eq!(folds, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
/// assert_eq!(fold_of(2, 3), 2);
/// ```
pub fn fold_of(place: usize, count: usize) -> usize {
    place % count.clamp(1, FOLDS)
}

impl Together {
    /// How well the directions of each update are covered by what the adapters of other folds share, beside what
    /// their sum has. `folds` has the fold of each; `None` for [`Together::len`]·k above [`DECOMPOSED`].
    ///
    /// ```text
    /// coverage_a = ‖F_aᵀS‖²_F/k,   S the leading k directions of P̄ over the adapters of other folds
    /// ```
    ///
    /// By chance both are k/d. Directions that are found on the same adapters that they are to cover would be
    /// covered in part by themselves, hence the folds. What the mean of the updates covers, a claim of a shared
    /// subspace has to beat.
    ///
    /// # Errors
    ///
    /// Those of LAPACK, and [`Error::Numerical`](crate::Error::Numerical) where there are not as many folds as updates, or one fold only.
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace_core::linalg::svd;
    /// use lora_subspace_core::measure::Side;
    /// use lora_subspace_core::measure::many::Together;
    /// use ndarray::array;
    /// // All write e₁ and read something else.
    /// let of = |row: [f64; 2]| svd(array![row, [0.0; 2]].view()).map(|svd| svd.leading(1));
    /// let all = Together::of(&[of([1.0, 0.0])?, of([0.0, 1.0])?, of([1.0, 0.0])?], 1)?;
    /// let covered = all.held_out(Side::Left, &[0, 1, 2])?.unwrap();
    /// assert!(covered.iter().all(|one| (one.coverage - 1.0).abs() < 1e-14));
    /// assert!(covered.iter().all(|one| (one.by_mean.unwrap() - 1.0).abs() < 1e-14));
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn held_out(&self, side: Side, folds: &[usize]) -> Result<Option<Vec<Covered>>> {
        check_folds(folds, self.len())?;
        let Some([left, right]) = self.coordinates() else {
            return Ok(None);
        };
        let (own, other) = match side {
            Side::Left => (left, right),
            Side::Right => (right, left),
        };
        let largest = largest(self.sigma());
        let weighted = own * &self.sigma().mapv(|x| x / largest);
        covered(own, folds, self.k(), |training| {
            Ok(Some(
                taken(&weighted, training, self.k()).dot(&taken(other, training, self.k()).t()),
            ))
        })
        .map(Some)
    }
}

/// [`Together::held_out`] of frames that are no sides of an update, from their Gram matrix: without what a mean of
/// updates covers.
///
/// # Errors
///
/// As [`Together::held_out`].
pub fn held_out_of(
    gram: ArrayView2<f64>,
    k: usize,
    folds: &[usize],
) -> Result<Option<Vec<Covered>>> {
    check_folds(folds, gram.nrows() / k.max(1))?;
    if gram.nrows() > DECOMPOSED {
        return Ok(None);
    }
    covered(&coordinates(gram)?, folds, k, |_| Ok(None)).map(Some)
}

/// Covers each frame by those of other folds. `sum` gives, for the adapters of a training set, a matrix whose left
/// directions are those of the sum of their updates, in the coordinates of the frames.
fn covered(
    own: &Array2<f64>,
    folds: &[usize],
    k: usize,
    sum: impl Fn(&[usize]) -> Result<Option<Array2<f64>>>,
) -> Result<Vec<Covered>> {
    let nothing = Covered {
        coverage: 0.0,
        by_mean: None,
    };
    let mut all = vec![nothing; folds.len()];
    let last = folds.iter().copied().max().unwrap_or(0);
    for fold in 0..=last {
        let training: Vec<usize> = (0..folds.len()).filter(|&a| folds[a] != fold).collect();
        let held = (0..folds.len()).filter(|&a| folds[a] == fold);
        let shared = leading(&taken(own, &training, k), k)?;
        let of_sum = match sum(&training)? {
            Some(core) => Some(leading(&core, k)?).filter(|found| found.ncols() == k),
            None => None,
        };
        for a in held {
            let frame = own.slice(s![.., a * k..(a + 1) * k]);
            let share = |directions: &Array2<f64>| {
                let cosines = directions.t().dot(&frame);
                let energy: f64 = cosines.iter().map(|x| x * x).sum();
                (energy / k as f64).min(1.0)
            };
            all[a] = Covered {
                coverage: share(&shared),
                by_mean: of_sum.as_ref().map(share),
            };
        }
    }
    Ok(all)
}

/// The columns of some updates.
fn taken(matrix: &Array2<f64>, updates: &[usize], k: usize) -> Array2<f64> {
    let columns: Vec<usize> = updates.iter().flat_map(|a| a * k..(a + 1) * k).collect();
    matrix.select(Axis(1), &columns)
}

/// The leading k left directions of a matrix, as far as they stand above rounding.
fn leading(matrix: &Array2<f64>, k: usize) -> Result<Array2<f64>> {
    let rows = matrix.nrows();
    let gram = matrix.dot(&matrix.t());
    let (values, vectors) = eigenpairs(gram.view(), k.min(rows))?;
    let floor = rows.max(matrix.ncols()) as f64 * f64::EPSILON * values[0];
    let rank = values.iter().take_while(|&&value| value > floor).count();
    Ok(vectors.slice_move(s![.., ..rank]))
}

fn check_folds(folds: &[usize], count: usize) -> Result<()> {
    let is_one = folds.iter().all(|fold| Some(fold) == folds.first());
    if folds.len() == count && !is_one {
        return Ok(());
    }
    Err(refused(
        format!("{} folds of {count} updates", folds.len()),
        "give each update a fold, of two folds or more",
    ))
}
