//! Many updates of one module side by side: what each two share, and what all of them share.
//!
//! # Decisions
//!
//! - Everything is made of one Gram matrix a side, of the leading k directions of all updates, and of the inner
//!   products of whole updates. Both come from the same products of frames, a block of columns at a time. Nothing
//!   of ΔW's size is formed.
//! - Singular vectors stand for the factors: the inner products do not change with (B, A) → (B·M⁻¹, M·A).

use ndarray::{Array1, Array2, ArrayView2, s};

use crate::error::Result;
use crate::linalg::{Svd, norm};

use super::Side;
use super::mean_projector::{DECOMPOSED, Shared, coordinates, overlaps, refused, shared};

/// Columns of frames that are multiplied at once.
const BLOCK: usize = 512;

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
    /// Coordinates of the left and of the right directions, a column a direction; `None` for Nk above [`DECOMPOSED`].
    coordinates: Option<[Array2<f64>; 2]>,
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
    /// [`Error::Numerical`](crate::Error::Numerical) of no update, for shapes that differ, for an update that is zero, and unless k is 1 to the
    /// smallest number of singular values.
    ///
    /// # Example
    ///
    /// X = 2·e₁e₁ᵀ, Y = q·qᵀ with q = (1, 1, 0)/√2, and Z = 3·e₃e₂ᵀ.
    ///
    /// ```
    /// use lora_subspace_core::linalg::svd;
    /// use lora_subspace_core::measure::Side;
    /// use lora_subspace_core::measure::many::Together;
    /// use lora_subspace_core::measure::mean_projector::top_edge;
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
            coordinates: None,
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
        if count * k <= DECOMPOSED {
            let of = |side| coordinates(all.gram(side));
            all.coordinates = Some([of(Side::Left)?, of(Side::Right)?]);
        }
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

    /// Coordinates of the left and of the right directions, a column a direction; `None` for Nk above [`DECOMPOSED`].
    pub(super) fn coordinates(&self) -> Option<[&Array2<f64>; 2]> {
        self.coordinates.as_ref().map(|both| both.each_ref())
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
