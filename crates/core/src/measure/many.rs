//! Many updates of one module side by side: what each two share, and what all of them share.
//!
//! # Decisions
//!
//! - Everything is made of one Gram matrix a side, of the leading k directions of all updates, and of the inner
//!   products of whole updates. Both come from the same products of frames, a block of columns at a time. Nothing
//!   of ΔW's size is formed.
//! - Singular vectors stand for the factors: the inner products do not change with (B, A) → (B·M⁻¹, M·A).

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::error::{Error, Result};
use crate::linalg::{Svd, eigenpairs, eigenvalues, norm};

use super::Side;

/// Columns of frames that are multiplied at once.
const BLOCK: usize = 512;
/// Up to so many columns, adapters times k, all eigenvectors of the Gram matrices are found; beyond, eigenvalues
/// alone.
pub const DECOMPOSED: usize = 512;
/// Held-out coverage is taken over so many folds.
const FOLDS: usize = 10;

/// The updates of several adapters in one module, as far as measures of many take them.
#[derive(Debug, Clone)]
pub struct Together {
    /// Directions of each update.
    k: usize,
    shape: (usize, usize),
    /// Gram matrix of the leading k left directions of all, Nk × Nk.
    left: Array2<f64>,
    /// The same of right directions.
    right: Array2<f64>,
    /// The leading k singular values of each, update by update.
    sigma: Array1<f64>,
    /// ⟨ΔW_a, ΔW_b⟩/(‖ΔW_a‖‖ΔW_b‖), N × N.
    cosines: Array2<f64>,
    /// ‖ΔW_a‖_F.
    norms: Vec<f64>,
}

impl Together {
    /// Takes the thin SVDs of N updates of one shape, each of the rank that it has, and how many leading directions
    /// of each are compared.
    ///
    /// ```text
    /// G_ab = F_aᵀF_b        F_a the leading k left, or right, directions of ΔW_a
    /// cos_ab = Σ_ij δ_ai·δ_bj·(u_aiᵀu_bj)·(v_aiᵀv_bj)/(‖ΔW_a‖‖ΔW_b‖)
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Numerical`] of no update, for shapes that differ, for an update that is zero, and unless k is 1 to the
    /// smallest number of singular values.
    ///
    /// # Example
    ///
    /// X = 2·e₁e₁ᵀ, Y = q·qᵀ with q = (1, 1, 0)/√2, and Z = 3·e₃e₂ᵀ.
    ///
    /// ```
    /// use lora_subspace_core::linalg::svd;
    /// use lora_subspace_core::measure::Side;
    /// use lora_subspace_core::measure::many::{Together, top_edge};
    /// use ndarray::array;
    /// let x = svd(array![[2.0, 0.0, 0.0], [0.0; 3], [0.0; 3]].view())?;
    /// let y = svd(array![[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0; 3]].view())?;
    /// let z = svd(array![[0.0; 3], [0.0; 3], [0.0, 3.0, 0.0]].view())?;
    /// let one = |svd: lora_subspace_core::linalg::Svd| svd.leading(1);
    /// let all = Together::of(&[one(x), one(y), one(z)], 1)?;
    /// let phi = all.overlaps(Side::Left);
    /// assert!((phi[(0, 1)] - 0.5).abs() < 1e-15 && phi[(0, 2)] < 1e-15 && phi[(1, 2)] < 1e-15);
    /// assert!((all.overlaps(Side::Right)[(1, 2)] - 0.5).abs() < 1e-15);
    /// assert!((all.cosines()[(0, 1)] - 0.5).abs() < 1e-15 && all.cosines()[(1, 2)].abs() < 1e-15);
    /// let shared = all.shared(Side::Left)?;
    /// let near = |found: f64, there: f64| (found - there).abs() < 1e-6;
    /// assert!(near(shared.eigenvalues[0], 0.569036) && near(shared.eigenvalues[2], 0.097631));
    /// assert!(near(top_edge(3, 1, 3), 0.888889));
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn of(updates: &[Svd], k: usize) -> Result<Self> {
        let shape = check(updates, k)?;
        let norms: Vec<f64> = updates.iter().map(|update| norm(&update.sigma)).collect();
        if let Some(zero) = norms.iter().position(|&norm| norm == 0.0) {
            return Err(refused(
                format!("update {zero}, counted from 0, is zero"),
                "leave it out",
            ));
        }
        let count = updates.len();
        let mut all = Together {
            k,
            shape,
            left: Array2::zeros((count * k, count * k)),
            right: Array2::zeros((count * k, count * k)),
            sigma: Array1::from_iter(
                updates
                    .iter()
                    .flat_map(|one| one.sigma.iter().take(k))
                    .copied(),
            ),
            cosines: Array2::zeros((count, count)),
            norms,
        };
        let blocks = blocks(updates);
        for (number, first) in blocks.iter().enumerate() {
            let [one_left, one_right] = stacked(&updates[first.clone()]);
            for second in &blocks[number..] {
                let [other_left, other_right] = stacked(&updates[second.clone()]);
                let (left, right) = (
                    one_left.dot(&other_left.t()),
                    one_right.dot(&other_right.t()),
                );
                all.take((updates, first.clone(), second.clone()), &left, &right);
            }
        }
        all.mirror();
        Ok(all)
    }

    /// Keeps what is needed of the products between two blocks of updates.
    fn take(
        &mut self,
        (updates, first, second): (&[Svd], std::ops::Range<usize>, std::ops::Range<usize>),
        left: &Array2<f64>,
        right: &Array2<f64>,
    ) {
        let k = self.k;
        let mut down = 0;
        for a in first {
            let of_a = &updates[a].sigma / self.norms[a];
            let mut across = 0;
            for b in second.clone() {
                let of_b = &updates[b].sigma / self.norms[b];
                let (rows, columns) = (down..down + of_a.len(), across..across + of_b.len());
                across += of_b.len();
                // On and above the diagonal; the rest is its mirror.
                if a > b {
                    continue;
                }
                let left = left.slice(s![rows.clone(), columns.clone()]);
                let right = right.slice(s![rows, columns]);
                let inner = (&left * &right).dot(&of_b);
                self.cosines[(a, b)] = of_a.dot(&inner);
                let place = s![a * k..(a + 1) * k, b * k..(b + 1) * k];
                self.left.slice_mut(place).assign(&left.slice(s![..k, ..k]));
                self.right
                    .slice_mut(place)
                    .assign(&right.slice(s![..k, ..k]));
            }
            down += of_a.len();
        }
    }

    /// Fills what is below the diagonal, and what is known without rounding.
    fn mirror(&mut self) {
        let k = self.k;
        for gram in [&mut self.left, &mut self.right] {
            for i in 0..gram.nrows() {
                for j in 0..i {
                    gram[(i, j)] = gram[(j, i)];
                }
                // Directions of one update are orthonormal.
                for j in i / k * k..(i / k + 1) * k {
                    gram[(i, j)] = f64::from(u8::from(i == j));
                }
            }
        }
        for a in 0..self.cosines.nrows() {
            self.cosines[(a, a)] = 1.0;
            for b in 0..a {
                self.cosines[(a, b)] = self.cosines[(b, a)];
            }
        }
    }

    /// N, how many updates there are.
    pub fn len(&self) -> usize {
        self.norms.len()
    }

    /// Whether there is none, which [`Together::of`] refuses.
    pub fn is_empty(&self) -> bool {
        self.norms.is_empty()
    }

    /// How many leading directions of each update are compared.
    pub fn k(&self) -> usize {
        self.k
    }

    /// (d_out, d_in).
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// ‖ΔW_a‖_F of each.
    pub fn norms(&self) -> &[f64] {
        &self.norms
    }

    /// The leading k singular values of each, update by update.
    pub fn sigma(&self) -> &Array1<f64> {
        &self.sigma
    }

    /// ⟨ΔW_a, ΔW_b⟩_F/(‖ΔW_a‖‖ΔW_b‖) of whole updates: −1 to 1, by chance 0 with a standard deviation of exactly
    /// 1/√(d_out·d_in).
    pub fn cosines(&self) -> &Array2<f64> {
        &self.cosines
    }

    /// The Gram matrix of one side, Nk × Nk.
    pub fn gram(&self, side: Side) -> ArrayView2<'_, f64> {
        match side {
            Side::Left => self.left.view(),
            Side::Right => self.right.view(),
        }
    }

    /// φ(k,k) of each two updates on one side, N × N.
    pub fn overlaps(&self, side: Side) -> Array2<f64> {
        overlaps(self.gram(side), self.k)
    }

    /// What all share on one side.
    ///
    /// # Errors
    ///
    /// Those of LAPACK.
    pub fn shared(&self, side: Side) -> Result<Shared> {
        shared(self.gram(side), self.k)
    }
}

/// φ(k,k) of each two frames of k directions, from their Gram matrix: ‖G_ab‖²_F/k, N × N.
///
/// ```
/// use lora_subspace_core::measure::many::overlaps;
/// let gram = ndarray::array![[1.0, 0.6], [0.6, 1.0]];
/// assert_eq!(overlaps(gram.view(), 1)[(0, 1)], 0.36);
/// ```
pub fn overlaps(gram: ArrayView2<f64>, k: usize) -> Array2<f64> {
    let count = gram.nrows() / k.max(1);
    Array2::from_shape_fn((count, count), |(a, b)| {
        let block = gram.slice(s![a * k..(a + 1) * k, b * k..(b + 1) * k]);
        let energy: f64 = block.iter().map(|x| x * x).sum();
        (energy / k as f64).min(1.0)
    })
}

/// The Gram matrix of frames of k directions in one R^d, Nk × Nk.
///
/// # Errors
///
/// [`Error::Numerical`] of no frame, and of frames of different sizes.
///
/// ```
/// use lora_subspace_core::linalg::haar;
/// use lora_subspace_core::measure::many::gram_of;
/// let frames = [haar(9, 2, "0/one")?, haar(9, 2, "0/two")?];
/// let gram = gram_of(&[frames[0].basis(), frames[1].basis()])?;
/// assert!((gram[(0, 0)] - 1.0).abs() < 1e-14 && gram[(0, 2)] == gram[(2, 0)]);
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn gram_of(frames: &[ArrayView2<f64>]) -> Result<Array2<f64>> {
    let first = frames.first().map(|frame| frame.dim());
    let size = first.filter(|size| frames.iter().all(|frame| frame.dim() == *size));
    let Some((d, k)) = size else {
        return Err(refused(
            "frames of different sizes, or none".into(),
            "give frames of one module and k",
        ));
    };
    let mut stack = Array2::zeros((frames.len() * k, d));
    for (number, frame) in frames.iter().enumerate() {
        let rows = s![number * k..(number + 1) * k, ..];
        stack.slice_mut(rows).assign(&frame.t());
    }
    let mut gram = stack.dot(&stack.t());
    for i in 0..gram.nrows() {
        for j in 0..i {
            gram[(i, j)] = gram[(j, i)];
        }
    }
    Ok(gram)
}

/// The directions that many frames share: the eigenvalues of their mean projector.
#[derive(Debug, Clone, PartialEq)]
pub struct Shared {
    /// λ of P̄ = (1/N)·ΣF_aF_aᵀ, falling, as many as there are columns; those of G/N. Each is in 0..=1: 1 where all
    /// frames have the direction, 1/N where one has. They sum to k.
    pub eigenvalues: Array1<f64>,
    /// (Σλ)²/Σλ²: how many directions the frames are spread over.
    pub participation: f64,
}

/// What frames of k directions share, from their Gram matrix.
///
/// # Errors
///
/// Those of LAPACK.
///
/// ```
/// use lora_subspace_core::measure::many::shared;
/// // Three frames of one direction, two of them the same.
/// let gram = ndarray::array![[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
/// let found = shared(gram.view(), 1)?;
/// assert!((found.eigenvalues[0] - 2.0 / 3.0).abs() < 1e-15);
/// assert!((found.participation - 1.0 / (4.0 / 9.0 + 1.0 / 9.0)).abs() < 1e-14);
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn shared(gram: ArrayView2<f64>, k: usize) -> Result<Shared> {
    let count = (gram.nrows() / k.max(1)) as f64;
    let squares: f64 = gram.iter().map(|x| x * x).sum();
    let trace = gram.diag().sum();
    Ok(Shared {
        eigenvalues: eigenvalues(gram)?.mapv(|value| (value / count).clamp(0.0, 1.0)),
        participation: trace * trace / squares,
    })
}

/// λ₊, up to which eigenvalues of the mean projector of N independent Haar frames of k directions in R^d reach for
/// large d.
///
/// ```text
/// λ₊ = (1 + (N − 2)t + 2·√((N − 1)·t(1 − t)))/N,   t = k/d
/// ```
///
/// The edge of the law of a sum of N free projections of trace t, over N. Simulated largest eigenvalues lie between
/// 6 % below and 3 % above it. From t = 1 − 1/N on all frames have a direction in common, and it is 1.
///
/// # Reference
///
/// Kesten 1959, whose law of random walks on a free group it is; Voiculescu, Dykema & Nica 1992.
///
/// ```
/// use lora_subspace_core::measure::many::top_edge;
/// assert!((top_edge(3, 1, 3) - 8.0 / 9.0).abs() < 1e-15);
/// assert_eq!((top_edge(2, 3, 3), top_edge(2, 1, 2)), (1.0, 1.0));
/// ```
pub fn top_edge(count: usize, k: usize, d: usize) -> f64 {
    let (n, t) = (count as f64, k as f64 / d as f64);
    if t >= 1.0 - 1.0 / n {
        return 1.0;
    }
    (1.0 + (n - 2.0) * t + 2.0 * ((n - 1.0) * t * (1.0 - t)).sqrt()) / n
}

/// Coordinates of the frames of one side: S with SᵀS = G, a column a direction. Directions that rounding made are
/// cut.
pub(super) fn coordinates(gram: ArrayView2<f64>) -> Result<Array2<f64>> {
    let n = gram.nrows();
    let (values, vectors) = eigenpairs(gram, n)?;
    let floor = n as f64 * f64::EPSILON * values[0];
    let rank = values.iter().take_while(|&&value| value > floor).count();
    let roots = values.slice(s![..rank]).mapv(f64::sqrt);
    let vectors = vectors.slice(s![.., ..rank]);
    Ok((&vectors * &roots).reversed_axes())
}

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
/// use lora_subspace_core::measure::many::fold_of;
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
    /// Those of LAPACK, and [`Error::Numerical`] where there are not as many folds as updates, or one fold only.
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
        if self.len() * self.k > DECOMPOSED {
            return Ok(None);
        }
        let other = match side {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        };
        let (own, other) = (
            coordinates(self.gram(side))?,
            coordinates(self.gram(other))?,
        );
        let largest = self.sigma.iter().fold(0.0f64, |most, &x| most.max(x));
        let weighted = &own * &self.sigma.mapv(|x| x / largest);
        covered(&own, folds, self.k, |training| {
            Ok(Some(
                taken(&weighted, training, self.k).dot(&taken(&other, training, self.k).t()),
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

/// Consecutive updates whose directions fit a block.
fn blocks(updates: &[Svd]) -> Vec<std::ops::Range<usize>> {
    let mut blocks: Vec<std::ops::Range<usize>> = Vec::new();
    let mut columns = 0;
    for (place, update) in updates.iter().enumerate() {
        columns += update.sigma.len();
        match blocks.last_mut() {
            Some(block) if columns <= BLOCK => block.end = place + 1,
            _ => {
                blocks.push(place..place + 1);
                columns = update.sigma.len();
            }
        }
    }
    blocks
}

/// The left and the right directions of some updates, a row each.
fn stacked(updates: &[Svd]) -> [Array2<f64>; 2] {
    let rows: usize = updates.iter().map(|update| update.sigma.len()).sum();
    let mut stacks = [
        Array2::zeros((rows, updates[0].u.nrows())),
        Array2::zeros((rows, updates[0].v.nrows())),
    ];
    let mut start = 0;
    for update in updates {
        let own = s![start..start + update.sigma.len(), ..];
        stacks[0].slice_mut(own).assign(&update.u.t());
        stacks[1].slice_mut(own).assign(&update.v.t());
        start += update.sigma.len();
    }
    stacks
}

/// The shape that all updates have.
fn check(updates: &[Svd], k: usize) -> Result<(usize, usize)> {
    let Some(first) = updates.first() else {
        return Err(refused("there is no update".into(), "give two or more"));
    };
    let shape = (first.u.nrows(), first.v.nrows());
    for (place, update) in updates.iter().enumerate() {
        let (u, v, rank) = (update.u.dim(), update.v.dim(), update.sigma.len());
        if (u.0, v.0) != shape || u.1 != rank || v.1 != rank {
            let problem = format!(
                "update {place}, counted from 0, has U of {u:?}, {rank} σ and V of {v:?}, the first is of {shape:?}"
            );
            return Err(refused(problem, "give thin SVDs of matrices of one shape"));
        }
        if !(1..=rank).contains(&k) {
            let problem = format!("{k} of {rank} directions of update {place}, counted from 0");
            return Err(refused(problem, "ask for 1 to the smallest rank"));
        }
    }
    Ok(shape)
}

fn refused(problem: String, remedy: &'static str) -> Error {
    Error::Numerical {
        routine: "many updates".into(),
        problem,
        remedy,
    }
}
