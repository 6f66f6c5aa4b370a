//! Singular values with their certificates, and the sizes of a spectrum.

use ndarray::Array1;

use crate::adapter::{Decomposed, Delta};
use crate::error::Result;
use crate::linalg::{Leading, exponent, largest, norm, numerical_rank, times_power};

/// One singular value and how far its vectors can be trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certified {
    /// The singular value σ.
    pub sigma: f64,
    /// max(‖Mv − σu‖, ‖Mᵀu − σv‖) of its vectors u and v: as computed for W and a ΔW without factors;
    /// of a product a bound, which may be a thousand times what would be seen.
    pub residual: f64,
    /// σ_k − σ_{k+1}, with 0 for whatever lies beyond the rank; `None` when nothing is left beyond.
    pub gap: Option<f64>,
    /// Wedin's bound on sin θ between the computed and the true leading subspace up to here, at most
    /// 1; `None` without a gap.
    pub sin_theta_bound: Option<f64>,
}

/// Certificates for all singular triplets (σ_l, u_l, v_l) of an m × n matrix M, of which the
/// numerically non-zero ones are given.
///
/// ```text
/// gap_k = σ_k − σ_{k+1}
/// sin θ_k ≤ √(Σ_{l≤k} ‖Mv_l − σ_l u_l‖² + ‖Mᵀu_l − σ_l v_l‖²) / gap_k          (Wedin 1972)
/// ```
///
/// `right` holds ‖Mv_l − σ_l u_l‖ or bounds on it, `left` ‖Mᵀu_l − σ_l v_l‖; `rank` is how many σ_l
/// stand above rounding.
///
/// # Example
///
/// ```
/// use lora_subspace_core::measure::spectrum::certify;
/// use ndarray::{array, Array1};
/// // diag(3, 1) decomposed exactly: no residual, so the leading direction is certain.
/// let exact = Array1::zeros(2);
/// let spectrum = certify(&array![3.0, 1.0], [&exact, &exact], 2, (2, 2));
/// assert_eq!((spectrum[0].gap, spectrum[0].sin_theta_bound), (Some(2.0), Some(0.0)));
/// assert_eq!(spectrum[1].gap, None); // both directions together are the whole plane
/// ```
pub fn certify(
    sigma: &Array1<f64>,
    [right, left]: [&Array1<f64>; 2],
    rank: usize,
    shape: (usize, usize),
) -> Vec<Certified> {
    // Near 1, where squares of residuals are numbers.
    let e = exponent(largest(right.iter().chain(left))).unwrap_or(0);
    let square = |residual: f64| times_power(residual, -e).powi(2);
    let mut energy = 0.0;
    (0..rank.min(right.len()))
        .map(|l| {
            energy += square(right[l]) + square(left[l]);
            let gap = next(sigma, rank, l + 1, shape).map(|next| sigma[l] - next);
            Certified {
                sigma: sigma[l],
                residual: right[l].max(left[l]),
                gap,
                sin_theta_bound: gap
                    .filter(|&gap| gap > 0.0)
                    .map(|gap| (times_power(energy.sqrt(), e) / gap).min(1.0)),
            }
        })
        .collect()
}

/// σ_{k+1} of a matrix whose singular values are all known; 0 beyond the rank, `None` where the
/// leading k directions of both sides are everything.
fn next(sigma: &Array1<f64>, rank: usize, k: usize, (m, n): (usize, usize)) -> Option<f64> {
    if k < rank {
        return Some(sigma[k]);
    }
    (k < m.max(n)).then_some(0.0)
}

/// Certificates as [`certify`] gives them, for the leading triplets that a search has found. The
/// bounds allow for all that it does not know of the rest ([`Leading::sin_theta_bound`]).
pub fn certify_leading(leading: &Leading) -> Vec<Certified> {
    let shape = (leading.u.nrows(), leading.v.nrows());
    let rank = leading.numerical_rank().min(leading.len());
    (1..=rank)
        .map(|k| {
            let whole = leading.is_complete() && next(&leading.sigma, rank, k, shape).is_none();
            Certified {
                sigma: leading.sigma[k - 1],
                residual: leading.residual(k),
                gap: (!whole).then(|| leading.gap(k)),
                sin_theta_bound: leading.sin_theta_bound(k).filter(|_| !whole),
            }
        })
        .collect()
}

/// Certificates for the singular triplets of a ΔW: all of them where it has factors, else those that
/// were searched for.
///
/// # Errors
///
/// Those of [`Delta::decomposed`].
pub fn certify_delta(delta: &Delta) -> Result<Vec<Certified>> {
    Ok(match delta.decomposed()? {
        Decomposed::Product(factored, scale) => {
            let (right, left) = factored.residuals();
            let (right, left) = (scale.times_all(&right), scale.times_all(&left));
            let rank = delta.numerical_rank()?;
            certify(&delta.sigma()?, [&right, &left], rank, delta.shape())
        }
        Decomposed::Whole(leading) => {
            let mut certified = certify_leading(leading);
            certified.truncate(delta.numerical_rank()?);
            certified
        }
    })
}

/// The sizes of a ΔW's spectrum, by [`ranks`] where it has factors, else by [`ranks_of_leading`].
///
/// # Errors
///
/// Those of [`Delta::decomposed`].
pub fn ranks_of_delta(delta: &Delta) -> Result<Ranks> {
    let (sigma, rank) = (delta.sigma()?, delta.numerical_rank()?);
    Ok(match delta.decomposed()? {
        Decomposed::Whole(leading) if rank > 0 && !leading.is_complete() => {
            sizes(&leading.sigma, leading.frobenius_norm)
        }
        _ => of_all(&sigma, rank),
    })
}

/// The sizes of a matrix's spectrum; `None` where one is not defined or not known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranks {
    /// The numerical rank: how many σ stand above rounding.
    pub numerical: Option<usize>,
    /// The stable rank ‖M‖²_F/‖M‖²₂, from 1 to the rank.
    pub stable: Option<f64>,
    /// The effective rank exp(−Σ p ln p), p = σ/Σσ (Roy & Vetterli 2007; some code takes σ² instead).
    pub effective: Option<f64>,
    /// The energy rank: the least k with Σ_{l≤k} σ_l² ≥ 0.9·Σσ².
    pub energy_90: Option<usize>,
    /// The Frobenius norm ‖M‖_F = √Σσ².
    pub frobenius_norm: f64,
    /// The spectral norm ‖M‖₂ = σ₁.
    pub spectral_norm: f64,
    /// The share of the first direction, p₁ = σ₁²/Σσ², from 1/rank to 1.
    pub top1: Option<f64>,
    /// The participation number 1/Σp², p = σ²/Σσ², from 1 to the rank.
    pub participation: Option<f64>,
}

impl Ranks {
    /// How large M is beside a matrix W of its shape: ‖M‖_F/‖W‖_F and ‖M‖₂/‖W‖₂, 0 or more; `None`
    /// where W is zero, and where a quotient leaves the range of f64.
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace_core::measure::spectrum::ranks;
    /// use ndarray::array;
    /// // W = diag(3, 1) and ΔW = 2e₂e₁ᵀ: 2/√10 and 2/3.
    /// let (w, delta) = (ranks(&array![3.0, 1.0], (2, 2)), ranks(&array![2.0, 0.0], (2, 2)));
    /// let [norm, spectral] = delta.beside(&w).map(|ratio| ratio.unwrap());
    /// assert!((norm - 0.632456).abs() < 1e-6 && (spectral - 0.666667).abs() < 1e-6);
    /// // One direction is all there is.
    /// assert_eq!([delta.top1, delta.stable, delta.effective, delta.participation], [Some(1.0); 4]);
    /// ```
    pub fn beside(&self, w: &Ranks) -> [Option<f64>; 2] {
        [
            ratio(self.frobenius_norm, w.frobenius_norm),
            ratio(self.spectral_norm, w.spectral_norm),
        ]
    }
}

/// How large one norm is beside another; `None` beside 0, and where no number has the quotient.
///
/// ```
/// use lora_subspace_core::measure::spectrum::ratio;
/// assert_eq!((ratio(1.0, 4.0), ratio(1.0, 0.0)), (Some(0.25), None));
/// ```
pub fn ratio(one: f64, other: f64) -> Option<f64> {
    let ratio = (other > 0.0).then(|| one / other);
    ratio.filter(|ratio| ratio.is_finite())
}

/// The sizes of the spectrum of a matrix with the given shape, from all its singular values, falling.
/// Of a zero matrix all but the numerical rank and the norms are `None`.
///
/// # Example
///
/// ```
/// use lora_subspace_core::measure::spectrum::ranks;
/// let two_equal = ranks(&ndarray::array![2.0, 2.0, 0.0], (3, 5));
/// assert_eq!((two_equal.numerical, two_equal.energy_90), (Some(2), Some(2)));
/// assert!((two_equal.stable.unwrap() - 2.0).abs() < 1e-15);
/// assert!((two_equal.effective.unwrap() - 2.0).abs() < 1e-15);
/// assert_eq!(ranks(&ndarray::array![0.0], (3, 5)).stable, None);
/// ```
pub fn ranks(sigma: &Array1<f64>, shape: (usize, usize)) -> Ranks {
    of_all(sigma, numerical_rank(sigma, shape))
}

/// From all singular values, of which `numerical` count.
fn of_all(sigma: &Array1<f64>, numerical: usize) -> Ranks {
    let total: f64 = sigma.sum();
    let entropy = |largest: &f64| {
        let shares = sigma.iter().map(|x| x / total).filter(|&share| share > 0.0);
        (*largest > 0.0).then(|| shares.map(|share| -share * share.ln()).sum::<f64>().exp())
    };
    Ranks {
        numerical: Some(numerical),
        effective: sigma.first().and_then(entropy),
        participation: participation(sigma),
        ..sizes(sigma, norm(sigma))
    }
}

/// (Σσ²)²/Σσ⁴ of all singular values; `None` of a zero matrix.
fn participation(sigma: &Array1<f64>) -> Option<f64> {
    let largest = sigma.first().copied().filter(|&largest| largest > 0.0)?;
    let squares = sigma.mapv(|x| (x / largest).powi(2));
    let fourth: f64 = squares.iter().map(|x| x * x).sum();
    Some(squares.sum().powi(2) / fourth)
}

/// The sizes of the spectrum of a matrix of which the leading triplets are known. Numerical and
/// effective rank need every singular value, the energy rank as many as make 90 %.
pub fn ranks_of_leading(leading: &Leading) -> Ranks {
    if leading.is_complete() {
        of_all(&leading.sigma, leading.numerical_rank())
    } else {
        sizes(&leading.sigma, leading.frobenius_norm)
    }
}

/// What the leading singular values and ‖M‖_F say.
fn sizes(sigma: &Array1<f64>, frobenius_norm: f64) -> Ranks {
    let largest = sigma.first().copied().unwrap_or(0.0);
    // Near 1: a quotient of squares is then one of numbers.
    let e = exponent(largest).unwrap_or(0);
    let square = |x: f64| times_power(x, -e).powi(2);
    let energy = square(frobenius_norm);
    let stable = (largest > 0.0).then(|| energy / square(largest));
    let mut reached = 0.0;
    let energy_90 = sigma.iter().position(|&x| {
        reached += square(x);
        reached >= 0.9 * energy
    });
    Ranks {
        numerical: None,
        stable,
        effective: None,
        energy_90: stable.and(energy_90).map(|place| place + 1),
        frobenius_norm,
        spectral_norm: largest,
        top1: stable.map(|stable| 1.0 / stable),
        participation: None,
    }
}
