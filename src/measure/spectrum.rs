//! Singular values with their certificates, and the sizes of a spectrum.

use ndarray::{Array1, Array2};

use crate::linalg::numerical_rank;

/// One singular value and how far its vectors can be trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certified {
    /// σ.
    pub sigma: f64,
    /// max(‖Mv − σu‖, ‖Mᵀu − σv‖).
    pub residual: f64,
    /// σ minus the next one, 0 standing for whatever lies beyond the rank; `None` when nothing
    /// is left beyond.
    pub gap: Option<f64>,
    /// Bound on sin θ of the leading subspace up to here; `None` without a gap.
    pub sin_theta_bound: Option<f64>,
}

/// Certificates for the computed triplets (σ_l, u_l, v_l) of an m × n matrix M, of which the
/// numerically non-zero ones are given.
///
/// ```text
/// gap_k = σ_k − σ_{k+1}
/// sin θ_k ≤ √(Σ_{l≤k} ‖Mv_l − σ_l u_l‖² + ‖Mᵀu_l − σ_l v_l‖²) / gap_k          (Wedin 1972)
/// ```
///
/// `right` holds the columns Mv_l − σ_l u_l, `left` Mᵀu_l − σ_l v_l.
///
/// # Example
///
/// ```
/// use lora_subspace::measure::spectrum::certify;
/// use ndarray::{array, Array2};
/// // diag(3, 1) decomposed exactly: no residual, so the leading direction is certain.
/// let exact = Array2::zeros((2, 2));
/// let spectrum = certify(&array![3.0, 1.0], &exact, &exact);
/// assert_eq!((spectrum[0].gap, spectrum[0].sin_theta_bound), (Some(2.0), Some(0.0)));
/// assert_eq!(spectrum[1].gap, None); // both directions together are the whole plane
/// ```
pub fn certify(sigma: &Array1<f64>, right: &Array2<f64>, left: &Array2<f64>) -> Vec<Certified> {
    let shape = (right.nrows(), left.nrows());
    let rank = numerical_rank(sigma, shape);
    let mut energy = 0.0;
    (0..rank.min(right.ncols()))
        .map(|l| {
            let square = |matrix: &Array2<f64>| matrix.column(l).iter().map(|x| x * x).sum::<f64>();
            let (right, left) = (square(right), square(left));
            energy += right + left;
            let next = match l + 1 {
                next if next < rank => Some(sigma[next]),
                next if next < shape.0.max(shape.1) => Some(0.0),
                _ => None,
            };
            let gap = next.map(|next| sigma[l] - next);
            Certified {
                sigma: sigma[l],
                residual: right.max(left).sqrt(),
                gap,
                sin_theta_bound: gap
                    .filter(|&gap| gap > 0.0)
                    .map(|gap| (energy.sqrt() / gap).min(1.0)),
            }
        })
        .collect()
}

/// The sizes of a spectrum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranks {
    /// How many σ exceed max(m, n)·ε·σ₁.
    pub numerical: usize,
    /// ‖M‖²_F/‖M‖²₂, from 1 to the rank.
    pub stable: Option<f64>,
    /// exp(−Σ p ln p), p = σ/Σσ (Roy & Vetterli 2007; some code takes σ² instead).
    pub effective: Option<f64>,
    /// Least k with Σ_{l≤k} σ_l² ≥ 0.9·Σσ².
    pub energy_90: Option<usize>,
    /// √Σσ² = ‖M‖_F.
    pub frobenius_norm: f64,
    /// σ₁ = ‖M‖₂.
    pub spectral_norm: f64,
}

/// Ranks of a matrix of the given shape with all its singular values; `None`s for a zero matrix.
///
/// # Example
///
/// ```
/// use lora_subspace::measure::spectrum::ranks;
/// let two_equal = ranks(&ndarray::array![2.0, 2.0, 0.0], (3, 5));
/// assert_eq!((two_equal.numerical, two_equal.stable, two_equal.energy_90), (2, Some(2.0), Some(2)));
/// assert!((two_equal.effective.unwrap() - 2.0).abs() < 1e-15);
/// assert_eq!(ranks(&ndarray::array![0.0], (3, 5)).stable, None);
/// ```
pub fn ranks(sigma: &Array1<f64>, shape: (usize, usize)) -> Ranks {
    let largest = sigma.first().copied().unwrap_or(0.0);
    let total: f64 = sigma.sum();
    let energy: f64 = sigma.iter().map(|x| x * x).sum();
    let defined = largest > 0.0;
    Ranks {
        numerical: numerical_rank(sigma, shape),
        stable: defined.then(|| energy / (largest * largest)),
        effective: defined.then(|| {
            let entropy: f64 = sigma
                .iter()
                .map(|x| x / total)
                .filter(|&share| share > 0.0)
                .map(|share| -share * share.ln())
                .sum();
            entropy.exp()
        }),
        energy_90: defined.then(|| energy_rank(sigma, 0.9 * energy)),
        frobenius_norm: energy.sqrt(),
        spectral_norm: largest,
    }
}

fn energy_rank(sigma: &Array1<f64>, wanted: f64) -> usize {
    let mut reached = 0.0;
    1 + sigma
        .iter()
        .take_while(|&&x| {
            reached += x * x;
            reached < wanted
        })
        .count()
}
