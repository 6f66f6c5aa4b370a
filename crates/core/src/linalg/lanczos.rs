//! Leading eigenpairs of a large symmetric matrix, by block Lanczos with full reorthogonalisation.
//!
//! Vectors lie in **rows** here: a block of them times the matrix is then one product whose short
//! side comes first, twice as fast in OpenBLAS as the other way round.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::error::Result;

use super::blocks::{rows_times, subtract_rows_times};
use super::haar::gaussian;
use super::lapack::leading_eigenpairs;
use super::qr::thin_qr;
use super::scaled::norm;

/// Approximate leading eigenvectors.
pub(super) struct Vectors {
    /// k × n, those of the largest eigenvalues first.
    pub(super) rows: Array2<f64>,
    /// Dimension of the space that they were found in.
    pub(super) dimension: usize,
}

/// Eigenvalues and residuals → log₁₀ of how far they are from good enough; 0 or less stops.
pub(super) type Excess<'a> = dyn Fn(&Array1<f64>, &Array1<f64>) -> f64 + 'a;

/// What is asked of a run.
pub(super) struct Task<'a> {
    /// X·S for a positive semi-definite S and vectors in the rows of X; S itself is never seen.
    pub(super) apply: &'a dyn Fn(ArrayView2<f64>) -> Array2<f64>,
    /// Its side.
    pub(super) side: usize,
    /// How many pairs.
    pub(super) keep: usize,
    /// Vectors of a block.
    pub(super) block: usize,
    /// The dimension at which it gives up.
    pub(super) limit: usize,
    /// Names the random start.
    pub(super) key: &'a str,
    /// When to stop.
    pub(super) excess: &'a Excess<'a>,
}

/// A block below this share of the largest one is rounding, not a direction.
const BREAKDOWN: f64 = 1e-13;
/// A projection that leaves less than this of a vector is done again ("twice is enough").
const KEPT: f64 = 0.7;

/// Runs until the pairs are good enough; `None` when the limit comes first.
///
/// With orthonormal blocks V_1, V_2, … the recurrence is
///
/// ```text
/// S·V_j = V_{j−1}·B_{j−1}ᵀ + V_j·A_j + V_{j+1}·B_j
/// ```
///
/// and T, block tridiagonal with A_j and B_j, has the Ritz values; the residual of a Ritz vector V·y
/// is ‖B_m·y_last‖. Where a block loses rank the space is invariant: random vectors take its place,
/// so that the copies of a repeated eigenvalue are found one after another.
///
/// # Reference
///
/// Golub & Underwood 1977, *The block Lanczos method*.
pub(super) fn lanczos(task: &Task) -> Result<Option<Vectors>> {
    let mut space = Space::start(task)?;
    let mut next_look = 5 * task.keep / 2 + 4 * task.block;
    let mut earlier: Option<(usize, f64)> = None;
    while space.dimension() + task.block <= task.limit {
        let below = space.grow(task)?;
        // The block just added belongs to the residual, not to the space.
        let dimension = space.dimension() - task.block;
        if dimension < next_look {
            continue;
        }
        let (values, y) = leading_eigenpairs(space.projected(), task.keep)?;
        let last = y.slice(s![dimension - task.block.., ..]);
        let residuals = norms(below.dot(&last).t());
        let excess = (task.excess)(&values, &residuals);
        if excess <= 0.0 {
            return Ok(Some(Vectors {
                rows: rows_times(y.t(), space.basis(dimension)),
                dimension,
            }));
        }
        next_look = dimension + step(dimension, excess, earlier);
        earlier = Some((dimension, excess));
    }
    Ok(None)
}

/// How far to go before looking again, from how fast the excess has been falling. A look costs as
/// much as some steps; the fall gets faster, so that a straight line never falls short by much.
fn step(dimension: usize, excess: f64, earlier: Option<(usize, f64)>) -> usize {
    let most = dimension / 4;
    let wanted = earlier
        .map(|(before, then)| (then - excess) / (dimension - before) as f64)
        .filter(|&slope| slope > 0.0)
        .map_or(most, |slope| (0.8 * excess / slope) as usize);
    wanted.clamp(dimension / 16, most)
}

/// The Krylov space so far.
struct Space {
    side: usize,
    block: usize,
    /// Orthonormal vectors, one after another.
    rows: Vec<f64>,
    /// A_j.
    diagonal: Vec<Array2<f64>>,
    /// B_j.
    below: Vec<Array2<f64>>,
    /// Norm of the largest A_j.
    scale: f64,
}

impl Space {
    fn start(task: &Task) -> Result<Self> {
        let (first, _) = thin_qr(gaussian(task.side, task.block, task.key).view())?;
        let mut space = Space {
            side: task.side,
            block: task.block,
            rows: Vec::new(),
            diagonal: Vec::new(),
            below: Vec::new(),
            scale: 0.0,
        };
        space.push(first.t());
        Ok(space)
    }

    fn dimension(&self) -> usize {
        self.rows.len() / self.side
    }

    /// The first so many vectors.
    fn basis(&self, dimension: usize) -> ArrayView2<'_, f64> {
        ArrayView2::from_shape((dimension, self.side), &self.rows[..dimension * self.side])
            .expect("whole rows")
    }

    fn push(&mut self, rows: ArrayView2<f64>) {
        self.rows.extend(rows.iter());
    }

    /// Adds V_{j+1}; gives B_j.
    fn grow(&mut self, task: &Task) -> Result<Array2<f64>> {
        let dimension = self.dimension();
        let last = self
            .basis(dimension)
            .slice_move(s![dimension - self.block.., ..]);
        let mut p = (task.apply)(last);
        let a = p.dot(&last.t());
        subtract_rows_times(&mut p, a.view(), last);
        if let Some(below) = self.below.last() {
            let previous = dimension - 2 * self.block..dimension - self.block;
            let previous = self.basis(dimension).slice_move(s![previous, ..]);
            subtract_rows_times(&mut p, below.view(), previous);
        }
        self.clean(&mut p);
        self.scale = self.scale.max(norm(&a));
        let (mut q, mut r) = thin_qr(p.t())?;
        let floor = BREAKDOWN * self.scale;
        let lost: Vec<usize> = (0..self.block).filter(|&l| r[(l, l)] <= floor).collect();
        if !lost.is_empty() {
            let key = format!("{}/{dimension}", task.key);
            let fresh = gaussian(self.side, lost.len(), &key);
            for (&place, column) in lost.iter().zip(fresh.columns()) {
                q.column_mut(place).assign(&column);
            }
            let mut rows = q.reversed_axes().as_standard_layout().into_owned();
            self.clean(&mut rows);
            self.clean(&mut rows);
            (q, _) = thin_qr(rows.t())?;
            r = p.dot(&q).reversed_axes();
        }
        self.push(q.t());
        self.diagonal.push(a);
        self.below.push(r.clone());
        Ok(r)
    }

    /// Takes the space so far out of the rows of P.
    fn clean(&self, p: &mut Array2<f64>) {
        let basis = self.basis(self.dimension());
        for _ in 0..3 {
            let before = norms(p.view());
            let inside = rows_times(p.view(), basis.t());
            subtract_rows_times(p, inside.view(), basis);
            let after = norms(p.view());
            if after
                .iter()
                .zip(&before)
                .all(|(after, before)| *after >= KEPT * before)
            {
                return;
            }
        }
    }

    /// T, without the block that was added last.
    fn projected(&self) -> Array2<f64> {
        let (block, count) = (self.block, self.diagonal.len());
        let mut t = Array2::zeros((block * count, block * count));
        for (j, a) in self.diagonal.iter().enumerate() {
            let here = j * block..(j + 1) * block;
            let symmetric = (a + &a.t()) / 2.0;
            t.slice_mut(s![here.clone(), here.clone()])
                .assign(&symmetric);
            if j + 1 < count {
                let next = (j + 1) * block..(j + 2) * block;
                t.slice_mut(s![next.clone(), here.clone()])
                    .assign(&self.below[j]);
                t.slice_mut(s![here, next]).assign(&self.below[j].t());
            }
        }
        t
    }
}

/// Lengths of the rows.
fn norms(rows: ArrayView2<f64>) -> Array1<f64> {
    rows.map_axis(Axis(1), |row| row.dot(&row).sqrt())
}
