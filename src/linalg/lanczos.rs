//! Leading eigenpairs of a large symmetric matrix, by block Lanczos with full reorthogonalisation.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::error::Result;

use super::blocks::{subtract_product, times};
use super::haar::gaussian;
use super::lapack::leading_eigenpairs;
use super::qr::thin_qr;

/// Approximate leading eigenvectors.
pub(super) struct Vectors {
    /// n × k, those of the largest eigenvalues first.
    pub(super) vectors: Array2<f64>,
    /// Dimension of the space that they were found in.
    pub(super) dimension: usize,
}

/// Eigenvalues and residuals → log₁₀ of how far they are from good enough; 0 or less stops.
pub(super) type Excess<'a> = dyn Fn(&Array1<f64>, &Array1<f64>) -> f64 + 'a;

/// What is asked of a run.
pub(super) struct Task<'a> {
    /// S·X for a positive semi-definite S; the matrix itself is never seen.
    pub(super) apply: &'a dyn Fn(ArrayView2<f64>) -> Array2<f64>,
    /// Its side.
    pub(super) side: usize,
    /// How many pairs.
    pub(super) keep: usize,
    /// Columns of a block.
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
/// A projection that leaves less than this of a column is done again ("twice is enough").
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
/// is ‖B_m·y_last‖. Where a block loses rank the space is invariant: random columns take its place,
/// so that the copies of a repeated eigenvalue are found one after another.
pub(super) fn lanczos(task: &Task) -> Result<Option<Vectors>> {
    let mut space = Space::start(task)?;
    let mut next_check = 5 * task.keep / 2 + 4 * task.block;
    let mut earlier: Option<(usize, f64)> = None;
    while space.dimension() + task.block <= task.limit {
        let below = space.grow(task)?;
        // The block just added belongs to the residual, not to the space.
        let dimension = space.dimension() - task.block;
        if dimension < next_check {
            continue;
        }
        let (values, y) = leading_eigenpairs(space.projected(), task.keep)?;
        let last = y.slice(s![dimension - task.block.., ..]);
        let residuals = below
            .dot(&last)
            .map_axis(Axis(0), |column| column.dot(&column).sqrt());
        let excess = (task.excess)(&values, &residuals);
        if excess <= 0.0 {
            let basis = space.basis(dimension);
            return Ok(Some(Vectors {
                vectors: times(basis.t(), y.view()),
                dimension,
            }));
        }
        next_check = dimension + step(dimension, excess, earlier);
        earlier = Some((dimension, excess));
    }
    Ok(None)
}

/// How far to go before looking again, from how fast the excess has been falling. A look costs as
/// much as many steps; the fall gets faster, so that a straight line never falls short by much.
fn step(dimension: usize, excess: f64, earlier: Option<(usize, f64)>) -> usize {
    let most = dimension * 2 / 5;
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
        space.push(&first);
        Ok(space)
    }

    fn dimension(&self) -> usize {
        self.rows.len() / self.side
    }

    /// The first so many vectors, as rows.
    fn basis(&self, dimension: usize) -> ArrayView2<'_, f64> {
        ArrayView2::from_shape((dimension, self.side), &self.rows[..dimension * self.side])
            .expect("whole rows")
    }

    fn push(&mut self, columns: &Array2<f64>) {
        for column in columns.columns() {
            self.rows.extend(column.iter());
        }
    }

    /// Adds V_{j+1}; gives B_j.
    fn grow(&mut self, task: &Task) -> Result<Array2<f64>> {
        let dimension = self.dimension();
        let last = self
            .basis(dimension)
            .slice_move(s![dimension - self.block.., ..]);
        let mut p = (task.apply)(last.t());
        let a = last.dot(&p);
        subtract_product(&mut p, last.t(), a.view());
        if let Some(below) = self.below.last() {
            let previous = dimension - 2 * self.block..dimension - self.block;
            let previous = self.basis(dimension).slice_move(s![previous, ..]);
            subtract_product(&mut p, previous.t(), below.t());
        }
        self.clean(&mut p);
        self.scale = self.scale.max(a.iter().map(|x| x * x).sum::<f64>().sqrt());
        let (mut q, mut r) = thin_qr(p.view())?;
        let floor = BREAKDOWN * self.scale;
        let lost: Vec<usize> = (0..self.block).filter(|&l| r[(l, l)] <= floor).collect();
        if !lost.is_empty() {
            let fresh = gaussian(self.side, lost.len(), &format!("{}/{dimension}", task.key));
            for (&place, column) in lost.iter().zip(fresh.columns()) {
                q.column_mut(place).assign(&column);
            }
            self.clean(&mut q);
            self.clean(&mut q);
            (q, _) = thin_qr(q.view())?;
            r = q.t().dot(&p);
        }
        self.push(&q);
        self.diagonal.push(a);
        self.below.push(r.clone());
        Ok(r)
    }

    /// Takes the space so far out of P.
    fn clean(&self, p: &mut Array2<f64>) {
        let basis = self.basis(self.dimension());
        let norms = |p: &Array2<f64>| p.map_axis(Axis(0), |column| column.dot(&column).sqrt());
        for _ in 0..3 {
            let before = norms(p);
            let inside = times(basis, p.view());
            subtract_product(p, basis.t(), inside.view());
            if norms(p)
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
