//! What random directions would give: the yardstick beside every number.

/// E φ(i,j) = max(i,j)/d for independent Haar-random subspaces of R^d.
///
/// ```
/// assert_eq!(lora_subspace_core::measure::chance::overlap_chance(8, 64, 384), 64.0 / 384.0);
/// ```
pub fn overlap_chance(i: usize, j: usize, d: usize) -> f64 {
    i.max(j) as f64 / d as f64
}

/// The standard deviation of ‖U_iᵀV_j‖²_F for independent Haar-random subspaces of R^d, exactly.
///
/// ```text
/// sd² = 2·i·j·(d−i)(d−j) / (d²(d−1)(d+2))
/// ```
///
/// Of φ(i,j) it is the min(i,j)-th part. 0 where i = d or j = d, as the energy is then constant.
///
/// ```
/// use lora_subspace_core::measure::chance::overlap_sd;
/// // d = 2, i = j = 1: cos²θ = (1 + cos 2θ)/2 has variance 1/8.
/// assert!((overlap_sd(1, 1, 2) - 0.125f64.sqrt()).abs() < 1e-15);
/// assert_eq!(overlap_sd(2, 1, 2), 0.0);
/// ```
pub fn overlap_sd(i: usize, j: usize, d: usize) -> f64 {
    let (i, j, d) = (i as f64, j as f64, d as f64);
    let variance = 2.0 * i * j * (d - i) * (d - j) / (d * d * (d - 1.0) * (d + 2.0));
    // Of a line it is 0/0.
    if variance > 0.0 { variance.sqrt() } else { 0.0 }
}

/// How many standard deviations ‖U_iᵀV_j‖²_F = φ·min(i,j) lies above its expectation i·j/d.
///
/// ```text
/// z = (φ·min(i,j) − i·j/d) / sd
/// ```
///
/// with the [`overlap_sd`]; `None` where that is zero (i = d or j = d). A yardstick, not a p-value: for small i·j
/// the distribution is far from normal; for min(i,j) = 1 it is Beta(max/2, (d−max)/2) exactly.
///
/// ```
/// use lora_subspace_core::measure::chance::overlap_z;
/// // d = 2, i = j = 1: φ = cos²θ has mean 1/2 and variance 1/8.
/// assert!((overlap_z(1.0, 1, 1, 2).unwrap() - 0.5 / 0.125f64.sqrt()).abs() < 1e-15);
/// assert_eq!(overlap_z(1.0, 2, 1, 2), None);
/// ```
pub fn overlap_z(overlap: f64, i: usize, j: usize, d: usize) -> Option<f64> {
    let (sd, smaller) = (overlap_sd(i, j, d), i.min(j) as f64);
    let (i, j, d) = (i as f64, j as f64, d as f64);
    (sd > 0.0).then(|| (overlap * smaller - i * j / d) / sd)
}

/// √E‖UᵀWV‖²_F = ‖W‖_F·r/√(d_out·d_in) for r Haar-random directions on each side.
///
/// ```
/// use lora_subspace_core::measure::chance::projected_norm_chance;
/// // The paper's W_q: 61.95·4/12288 = 0.0202, printed as 0.02 in table 7.
/// assert!((projected_norm_chance(61.95, 4, (12288, 12288)) - 0.0202).abs() < 5e-5);
/// ```
pub fn projected_norm_chance(base_norm: f64, rank: usize, (d_out, d_in): (usize, usize)) -> f64 {
    base_norm * rank as f64 / (d_out as f64 * d_in as f64).sqrt()
}

/// The stable rank ‖M‖²_F/‖M‖²₂ of a d_out × d_in matrix of independent normal numbers, for large
/// sides.
///
/// ```text
/// d_out·d_in/(√d_out + √d_in)²
/// ```
///
/// ‖M‖²_F is d_out·d_in and ‖M‖₂ the edge √d_out + √d_in of the law of Marchenko & Pastur (1967), in
/// units of the entries. A square matrix has a quarter of its side. At d = 384 it is 2 % below the mean
/// of drawn matrices, whose σ₁ stays below the edge.
///
/// ```
/// use lora_subspace_core::measure::chance::stable_rank_chance;
/// assert!((stable_rank_chance((384, 384)) - 96.0).abs() < 1e-12);
/// assert!((stable_rank_chance((4, 16)) - 64.0 / 36.0).abs() < 1e-15);
/// ```
pub fn stable_rank_chance((d_out, d_in): (usize, usize)) -> f64 {
    let (d_out, d_in) = (d_out as f64, d_in as f64);
    d_out * d_in / (d_out.sqrt() + d_in.sqrt()).powi(2)
}
