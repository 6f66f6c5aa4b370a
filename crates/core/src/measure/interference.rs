//! How updates disturb each other where they are added up, as merging does.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};

use crate::error::Result;
use crate::linalg::{eigenpairs, largest};

use super::Side;
use super::many::Together;

/// The share of the sum's norm that may lie outside the directions that [`retained`] keeps.
const OUTSIDE: f64 = 0.05;

/// The interference of several updates: how far their directions are from being orthogonal between each other,
/// weighted by their singular values.
///
/// ```text
/// STI = ‖(UᵀU − I)·Σ·(VᵀV − I)‖₁   (the sum of |entries|)
/// ```
///
/// U = [U_1 … U_N] and V alike have the leading k directions of each, Σ their singular values. 0 where all updates
/// read or write orthogonal directions; in the units of W. Hold it against [`interference_chance`].
///
/// # Reference
///
/// Gargiulo et al. 2025, arXiv 2412.00081 (singular task interference).
///
/// # Example
///
/// X, Y and Z of [`Together::of`]: X and Y meet on both sides, Y and Z where they read.
///
/// ```
/// use lora_subspace_core::linalg::svd;
/// use lora_subspace_core::measure::interference::{energy_of_sum, interference};
/// use lora_subspace_core::measure::many::Together;
/// use ndarray::array;
/// let x = svd(array![[2.0, 0.0, 0.0], [0.0; 3], [0.0; 3]].view())?.leading(1);
/// let y = svd(array![[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0; 3]].view())?.leading(1);
/// let z = svd(array![[0.0; 3], [0.0; 3], [0.0, 3.0, 0.0]].view())?.leading(1);
/// let all = Together::of(&[x, y, z], 1)?;
/// assert!((interference(&all) - 2.0).abs() < 1e-14);
/// let energy = energy_of_sum(&all);
/// assert!((energy.ratio - 8.0 / 7.0).abs() < 1e-14 && (energy.sd - 1.0 / 3.0).abs() < 1e-14);
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn interference(all: &Together) -> f64 {
    interference_of(
        all.gram(Side::Left),
        all.gram(Side::Right),
        all.sigma(),
        all.k(),
    )
}

/// [`interference`] from Gram matrices of the left and the right directions, k of each update, and their singular
/// values. Blocks of one update are the identity, whatever the matrices have there.
pub fn interference_of(
    left: ArrayView2<f64>,
    right: ArrayView2<f64>,
    sigma: &Array1<f64>,
    k: usize,
) -> f64 {
    let largest = largest(sigma);
    if largest == 0.0 {
        return 0.0;
    }
    let scaled = sigma.mapv(|x| x / largest);
    let product = (&without_own(left, k) * &scaled).dot(&without_own(right, k));
    product.iter().map(|x| x.abs()).sum::<f64>() * largest
}

/// A Gram matrix with zeros in the blocks of one update.
fn without_own(gram: ArrayView2<f64>, k: usize) -> Array2<f64> {
    let mut between = gram.to_owned();
    for start in (0..gram.nrows()).step_by(k.max(1)) {
        between
            .slice_mut(s![start..start + k, start..start + k])
            .fill(0.0);
    }
    between
}

/// About what [`interference`] is for updates with the same singular values and independent Haar directions.
///
/// ```text
/// √(2/(π·d_out·d_in))·k²·Σ_{a,b} √(Σ_{c ≠ a,b} ‖δ_c‖²)
/// ```
///
/// An entry is a sum over the directions of all other updates, near normal where these are several: within 7 % of
/// simulation for three updates and more. Of two only the blocks of one update count.
///
/// ```
/// use lora_subspace_core::measure::interference::interference_chance;
/// let sigma = ndarray::array![3.0, 4.0];
/// let chance = interference_chance(&sigma, 1, (100, 100));
/// assert!((chance - (2.0 / (std::f64::consts::PI * 1e4)).sqrt() * 7.0).abs() < 1e-15);
/// ```
pub fn interference_chance(sigma: &Array1<f64>, k: usize, (d_out, d_in): (usize, usize)) -> f64 {
    let largest = largest(sigma);
    if largest == 0.0 {
        return 0.0;
    }
    let energies: Vec<f64> = sigma
        .exact_chunks(k.max(1))
        .into_iter()
        .map(|own| own.iter().map(|x| (x / largest).powi(2)).sum())
        .collect();
    let total: f64 = energies.iter().sum();
    let mut sum = 0.0;
    for (a, own) in energies.iter().enumerate() {
        for (b, other) in energies.iter().enumerate() {
            let others = if a == b {
                total - own
            } else {
                total - own - other
            };
            // Of two updates nothing is left, but for rounding.
            if energies.len() > 2 || a == b {
                sum += others.max(0.0).sqrt();
            }
        }
    }
    let of_normal = (2.0 / (std::f64::consts::PI * d_out as f64 * d_in as f64)).sqrt();
    of_normal * (k * k) as f64 * sum * largest
}

/// How large the sum of updates is beside them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnergyOfSum {
    /// ‖ΣΔW‖²_F/Σ‖ΔW‖²_F: 0 where they cancel, N where all are one, by chance 1.
    pub ratio: f64,
    /// Its exact standard deviation for independent Haar directions.
    pub sd: f64,
}

/// ‖ΣΔW‖²_F/Σ‖ΔW‖²_F of whole updates, from their inner products.
///
/// ```text
/// sd = √(2·((Σn_a²)² − Σn_a⁴)/(d_out·d_in))/Σn_a²,   n_a = ‖ΔW_a‖_F
/// ```
///
/// The example is that of [`interference`].
pub fn energy_of_sum(all: &Together) -> EnergyOfSum {
    let largest = largest(all.norms());
    let norms = Array1::from_iter(all.norms().iter().map(|norm| norm / largest));
    let squares: f64 = norms.iter().map(|x| x * x).sum();
    let fourth: f64 = norms.iter().map(|x| x.powi(4)).sum();
    let (d_out, d_in) = all.shape();
    let entries = d_out as f64 * d_in as f64;
    EnergyOfSum {
        ratio: norms.dot(&all.cosines().dot(&norms)).max(0.0) / squares,
        sd: (2.0 * (squares * squares - fourth).max(0.0) / entries).sqrt() / squares,
    }
}

/// How much of each update the leading directions of the sum keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Retained {
    /// How many left directions of the sum leave at most 5 % of its norm.
    pub rank: usize,
    /// ‖Π·ΔW_a‖_F/‖ΔW_a‖_F of each, in 0..=1.
    pub shares: Vec<f64>,
}

/// The share of each update in the leading left directions of the sum of all, each by its leading k directions.
///
/// ```text
/// SAR_a = ‖Π·ΔW_a‖_F/‖ΔW_a‖_F,   Π on the fewest left directions of ΣΔW that leave ≤ 5 % of its norm
/// ```
///
/// `None` where N·k is above [`DECOMPOSED`](super::mean_projector::DECOMPOSED), and where the updates cancel. The sum has
/// its own parts, so that there is no chance value in closed form: draws of [`retained_of`] give it.
///
/// # Errors
///
/// Those of LAPACK.
///
/// # Reference
///
/// Marczak et al. 2025, arXiv 2502.04959 (subspace alignment ratio).
///
/// # Example
///
/// ```
/// use lora_subspace_core::linalg::svd;
/// use lora_subspace_core::measure::interference::retained;
/// use lora_subspace_core::measure::many::Together;
/// use ndarray::array;
/// // The second is lost beside the first: 1/√(100² + 1) of the norm is its own.
/// let strong = svd(array![[100.0, 0.0], [0.0, 0.0]].view())?.leading(1);
/// let weak = svd(array![[0.0, 0.0], [0.0, 1.0]].view())?.leading(1);
/// let found = retained(&Together::of(&[strong, weak], 1)?)?.unwrap();
/// assert_eq!(found.rank, 1);
/// assert!((found.shares[0] - 1.0).abs() < 1e-14 && found.shares[1] < 1e-14);
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn retained(all: &Together) -> Result<Option<Retained>> {
    let Some([left, right]) = all.coordinates() else {
        return Ok(None);
    };
    retained_of(left, right, all.sigma().view(), all.k())
}

/// [`retained`] of updates whose directions are the columns of two matrices, k of each.
///
/// # Errors
///
/// Those of LAPACK.
pub fn retained_of(
    left: &Array2<f64>,
    right: &Array2<f64>,
    sigma: ArrayView1<f64>,
    k: usize,
) -> Result<Option<Retained>> {
    let largest = largest(sigma);
    if largest == 0.0 {
        return Ok(None);
    }
    let weighted = left * &sigma.mapv(|x| x / largest);
    let sum = weighted.dot(&right.t());
    let (values, vectors) = eigenpairs(sum.dot(&sum.t()).view(), left.nrows())?;
    let total: f64 = values.iter().map(|value| value.max(0.0)).sum();
    let floor = sigma.len() as f64 * f64::EPSILON;
    if total <= floor {
        return Ok(None);
    }
    let mut rest = total;
    let rank = 1 + values
        .iter()
        .take_while(|&&value| {
            rest -= value.max(0.0);
            rest > OUTSIDE * OUTSIDE * total
        })
        .count();
    let rank = rank.min(values.len());
    let kept = vectors.slice(s![.., ..rank]).t().dot(&weighted);
    let norm = |columns: ArrayView2<f64>| columns.iter().map(|x| x * x).sum::<f64>().sqrt();
    let share = |start: usize| {
        let own = s![.., start..start + k];
        (norm(kept.slice(own)) / norm(weighted.slice(own))).min(1.0)
    };
    Ok(Some(Retained {
        rank,
        shares: (0..sigma.len()).step_by(k.max(1)).map(share).collect(),
    }))
}
