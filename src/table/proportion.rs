//! How far a share of right answers may be off: of one setting, and of the difference of two.

/// The 97.5 % quantile of the standard normal law: intervals here are of 95 %.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// The standard error of a share of n items, √(p(1 − p)/n).
///
/// `share` lies in 0..=1, `items` is at least 1.
///
/// A mean over runs that answer the same items is no less certain by that: each item's mean lies in
/// 0..=1, so that p(1 − p)/n is the most that its variance can be.
///
/// ```
/// use lora_subspace::table::standard_error;
/// // 872 sentences at 0.87: 1.1 points.
/// assert!((standard_error(0.87, 872) - 0.011388).abs() < 1e-6);
/// ```
pub fn standard_error(share: f64, items: u64) -> f64 {
    (share * (1.0 - share) / items as f64).sqrt()
}

/// Wilson's 95 % interval of a share p of n items:
///
/// ```text
/// (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n),   z = 1.96
/// ```
///
/// `share` lies in 0..=1, `items` is at least 1. Reference: Wilson 1927, JASA 22.
///
/// ```
/// use lora_subspace::table::wilson;
/// // None of 10: from 0 to z²/(10 + z²).
/// let [low, high] = wilson(0.0, 10);
/// assert!(low.abs() < 1e-15 && (high - 0.27753).abs() < 1e-5);
/// ```
pub fn wilson(share: f64, items: u64) -> [f64; 2] {
    let n = items as f64;
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + (Z / (2.0 * n)).powi(2)).sqrt();
    [middle - half, middle + half].map(|end| end / (1.0 + Z * Z / n))
}

/// The variance of a difference of two shares on other items, such that √ of it times z is what
/// Newcombe's 95 % interval has below: ((p₁ − l₁)² + (u₂ − p₂)²)/z², with l₁ and u₂ of Wilson's.
///
/// Each side is a share and its items. Reference: Newcombe 1998, Statistics in Medicine 17, method
/// 10.
pub(super) fn unpaired(larger: (f64, u64), smaller: (f64, u64)) -> f64 {
    let [low, _] = wilson(larger.0, larger.1);
    let [_, high] = wilson(smaller.0, smaller.1);
    ((larger.0 - low).powi(2) + (high - smaller.0).powi(2)) / (Z * Z)
}

/// The variance of the mean of differences, one an item: Σ(d − mean)²/(n(n − 1)); 0 of a single
/// item, which tells nothing.
pub(super) fn paired(differences: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = differences.clone().count() as f64;
    let mean = differences.clone().sum::<f64>() / count;
    let squares: f64 = differences.map(|one| (one - mean).powi(2)).sum();
    if count > 1.0 {
        squares / (count * (count - 1.0))
    } else {
        0.0
    }
}
