//! What frames of several matrices share: overlaps, and the eigenvalues of their mean projector.

use ndarray::{Array1, Array2, ArrayView2, s};

use crate::error::{Error, Result};
use crate::linalg::{eigenpairs, eigenvalues};

/// Up to so many columns, adapters times k, all eigenvectors of the Gram matrices are found; beyond, eigenvalues
/// alone.
pub const DECOMPOSED: usize = 512;

/// φ(k,k) of each two frames of k directions, from their Gram matrix: ‖G_ab‖²_F/k, N × N.
///
/// ```
/// use lora_subspace_core::measure::mean_projector::overlaps;
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
/// use lora_subspace_core::measure::mean_projector::gram_of;
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
/// use lora_subspace_core::measure::mean_projector::shared;
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
/// use lora_subspace_core::measure::mean_projector::top_edge;
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

pub(super) fn refused(problem: String, remedy: &'static str) -> Error {
    Error::Numerical {
        routine: "many updates".into(),
        problem,
        remedy,
    }
}
