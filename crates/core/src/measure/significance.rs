//! How likely chance alone is: exact laws where there are any, seeded draws elsewhere.
//!
//! # Decisions
//!
//! - Beta and t are statrs's, without its features. With `std` the lock file would list nalgebra
//!   and ten more, which nothing builds.

use statrs::distribution::{Beta, ContinuousCDF, StudentsT};
use statrs::function::gamma::digamma;

use crate::linalg::Stream;

/// The largest number of differences whose signs are flipped in every way.
const EVERY_FLIP: usize = 16;
/// How many ways are drawn beyond that.
const FLIPS: usize = 65_535;
/// Sums that differ by no more of Σ|x| are equal: the order of adding is no evidence.
const TIE: f64 = 1e-12;

/// P(φ ≥ `overlap`) by chance, where φ(i,j) has min(i,j) = 1.
///
/// The share of one direction that lies in `many` of R^d follows Beta(many/2, (d − many)/2) exactly
/// when either side is Haar-random. 1 where `many` = d, as everything lies in all of it.
///
/// ```
/// use lora_subspace_core::measure::significance::share_tail;
/// // On a circle cos²θ of a random θ is at least 1/2 half of the time. In R³ the height over a
/// // plane is uniform, so that 1 − height² ≥ 3/4 where |height| ≤ 1/2: half of the time too.
/// assert!((share_tail(0.5, 1, 2) - 0.5).abs() < 1e-14);
/// assert!((share_tail(0.75, 2, 3) - 0.5).abs() < 1e-14);
/// assert_eq!(share_tail(1.0, 3, 3), 1.0);
/// ```
pub fn share_tail(overlap: f64, many: usize, d: usize) -> f64 {
    match Beta::new(many as f64 / 2.0, d.saturating_sub(many) as f64 / 2.0) {
        Ok(law) => law.sf(overlap.clamp(0.0, 1.0)),
        Err(_) => 1.0,
    }
}

/// exp(E ln(‖UᵀWV‖/√E‖UᵀWV‖²)) of `k` random directions on each side of a W of independent normal
/// numbers: how far a typical norm lies below the root mean square.
///
/// ‖UᵀWV‖² is then χ² with k² degrees of freedom, so that it is exp((ψ(k²/2) − ln(k²/2))/2), about
/// 1 − 1/(2k²).
///
/// ```
/// use lora_subspace_core::measure::significance::typical_projection;
/// // k = 1: E ln|x| of a standard normal is −(γ + ln 2)/2 = −0.6352.
/// assert!((typical_projection(1) - (-0.635181_f64).exp()).abs() < 1e-6);
/// ```
pub fn typical_projection(k: usize) -> f64 {
    let half = (k * k) as f64 / 2.0;
    ((digamma(half) - half.ln()) / 2.0).exp()
}

/// (1 + how many draws reach `value`)/(N + 1): a valid p for any N (Phipson & Smyth 2010).
///
/// ```
/// use lora_subspace_core::measure::significance::drawn_tail;
/// assert_eq!(drawn_tail(0.3, &[0.1, 0.2, 0.3]), 0.5); // itself and the equal one, of four
/// ```
pub fn drawn_tail(value: f64, draws: &[f64]) -> f64 {
    let reached = draws.iter().filter(|&&draw| draw >= value).count();
    (1 + reached) as f64 / (1 + draws.len()) as f64
}

/// A bound on P(X ≥ `value`) for any law of this mean and standard deviation (Cantelli's, the
/// one-sided Chebyshev inequality).
///
/// ```text
/// sd²/(sd² + (value − mean)²)  for value > mean, else 1
/// ```
///
/// No smaller bound holds for all laws. It is at most 0.05 from √19 = 4.36 standard deviations on.
///
/// ```
/// use lora_subspace_core::measure::significance::upper_tail_bound;
/// assert_eq!(upper_tail_bound(7.0, 1.0, 2.0), 0.1); // three standard deviations: 1/(1 + 9)
/// assert_eq!(upper_tail_bound(1.0, 1.0, 2.0), 1.0);
/// assert_eq!(upper_tail_bound(2.0, 1.0, 0.0), 0.0); // X is always 1
/// ```
pub fn upper_tail_bound(value: f64, mean: f64, sd: f64) -> f64 {
    if value > mean {
        sd * sd / (sd * sd + (value - mean).powi(2))
    } else {
        1.0
    }
}

/// Draws of a weighted sum of independent numbers, each known by values that were drawn of it.
///
/// ```text
/// Σ_t weight_t·x_t,    x_t one of term t's values, each as likely as the others
/// ```
///
/// n values a term stand for n^T sums of T terms. So a few draws of each number tell how the sum
/// varies, far beyond n draws.
///
/// Each sum takes one uniform number u of the stream of `key` ([`Stream`]) for each term in order:
/// of n values the one at place min(n − 1, ⌊u·n⌋), counted from 0. A term without values takes no
/// number and adds nothing.
///
/// ```
/// use lora_subspace_core::measure::significance::pooled_sums;
/// let sums = pooled_sums(&[(1.0, &[3.0]), (0.5, &[2.0, 4.0])], 1000, "0/example");
/// assert!(sums.iter().all(|&sum| sum == 4.0 || sum == 5.0));
/// let half = sums.iter().filter(|&&sum| sum == 4.0).count();
/// assert!((450..550).contains(&half));
/// ```
pub fn pooled_sums(terms: &[(f64, &[f64])], sums: usize, key: &str) -> Vec<f64> {
    let mut stream = Stream::new(key);
    let mut term = |&(weight, values): &(f64, &[f64])| {
        let last = values.len().checked_sub(1)?;
        let place = (stream.uniform() * values.len() as f64) as usize;
        Some(weight * values[place.min(last)])
    };
    (0..sums)
        .map(|_| terms.iter().filter_map(&mut term).sum())
        .collect()
}

/// Holm's adjusted p of each of several tests, in their order (Holm 1979).
///
/// ```text
/// adjusted of the l-th smallest = max_{k≤l} min(1, (m − k + 1)·p_k)
/// ```
///
/// Rejecting where it is ≤ α keeps the chance of a single false rejection among all m at α, however
/// the tests depend on each other.
///
/// ```
/// use lora_subspace_core::measure::significance::holm;
/// assert_eq!(holm(&[0.25, 0.125, 0.5]), [0.5, 0.375, 0.5]);
/// ```
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&one, &other| p[one].total_cmp(&p[other]));
    let (mut adjusted, mut least) = (vec![0.0; p.len()], 0.0f64);
    for (rank, &place) in order.iter().enumerate() {
        least = least.max((p.len() - rank) as f64 * p[place]).min(1.0);
        adjusted[place] = least;
    }
    adjusted
}

/// Two-sided p of the mean of differences being 0, by flipping their signs.
///
/// Under the null each difference is as likely to be x as −x; p is the share of all 2ⁿ sign
/// patterns whose |Σ±x| reaches |Σx|. Of more than 16 differences 65,535 patterns are drawn from
/// `key`, a sign + where a uniform number of [`Stream`] is at least ½, and p counts as
/// in [`drawn_tail`]. The least possible is 2/2ⁿ: fewer than six differences cannot reach 0.05.
/// `None` without differences.
///
/// ```
/// use lora_subspace_core::measure::significance::sign_flip;
/// assert_eq!(sign_flip(&[1.0, 2.0, 3.0], ""), Some(0.25)); // only + + + and − − − reach 6
/// assert_eq!(sign_flip(&[1.0, -1.0], ""), Some(1.0));
/// assert_eq!(sign_flip(&[], ""), None);
/// ```
pub fn sign_flip(differences: &[f64], key: &str) -> Option<f64> {
    let n = differences.len();
    if n == 0 {
        return None;
    }
    let size: f64 = differences.iter().map(|x| x.abs()).sum();
    let least = differences.iter().sum::<f64>().abs() - TIE * size;
    let reaches = |flips: &mut dyn Iterator<Item = bool>| {
        let signed = differences.iter().zip(flips);
        let sum: f64 = signed.map(|(x, flip)| if flip { -x } else { *x }).sum();
        sum.abs() >= least
    };
    if n <= EVERY_FLIP {
        let bits = |pattern: u32| (0..n).map(move |place| pattern >> place & 1 == 1);
        let reached = (0..1u32 << n).filter(|&pattern| reaches(&mut bits(pattern)));
        return Some(reached.count() as f64 / f64::from(1u32 << n));
    }
    let mut stream = Stream::new(key);
    let reached = (0..FLIPS)
        .filter(|_| reaches(&mut std::iter::repeat_with(|| stream.uniform() < 0.5).take(n)))
        .count();
    Some((1 + reached) as f64 / (1 + FLIPS) as f64)
}

/// The least p that [`sign_flip`] can give for so many differences.
///
/// ```
/// use lora_subspace_core::measure::significance::least_flip;
/// assert_eq!((least_flip(6), least_flip(30)), (2.0 / 64.0, 1.0 / 65536.0));
/// ```
pub fn least_flip(differences: usize) -> f64 {
    if differences <= EVERY_FLIP {
        (2.0 / f64::from(1u32 << differences)).min(1.0)
    } else {
        1.0 / (1 + FLIPS) as f64
    }
}

/// The interval that holds the mean of what the values are drawn from, by Student's t.
///
/// ```text
/// mean ± t_{n−1}((1 + confidence)/2)·sd/√n
/// ```
///
/// At 90 % it lies within a margin exactly when two one-sided tests at 5 % say so (Schuirmann
/// 1987). `None` for fewer than two values.
///
/// ```
/// use lora_subspace_core::measure::significance::mean_interval;
/// // n = 2: t₁ is Cauchy, whose 95 % point is tan(0.45π) = 6.314.
/// let (low, high) = mean_interval(&[1.0, 3.0], 0.9).unwrap();
/// assert!((low - (2.0 - 6.313751515)).abs() < 1e-8 && (high - 8.313751515).abs() < 1e-8);
/// assert_eq!(mean_interval(&[1.0], 0.9), None);
/// ```
pub fn mean_interval(values: &[f64], confidence: f64) -> Option<(f64, f64)> {
    let n = values.len() as f64;
    let law = StudentsT::new(0.0, 1.0, n - 1.0).ok()?;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    let half = law.inverse_cdf((1.0 + confidence) / 2.0) * (squares / (n - 1.0) / n).sqrt();
    Some((mean - half, mean + half))
}

/// The median; of an even number the mean of the two in the middle.
///
/// ```
/// use lora_subspace_core::measure::significance::median;
/// assert_eq!(median(&[5.0, 1.0, 2.0, 4.0]), Some(3.0));
/// assert_eq!(median(&[]), None);
/// ```
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}
