//! How much of ΔW lies in W's leading directions.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::error::{Error, Result};
use crate::linalg::{eased, excess, largest, largest_of, norm, times_power};

/// Where a share of ΔW is looked for, in the order of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// W's left directions: what ΔW writes.
    Out,
    /// W's right directions: what ΔW reads.
    In,
    /// From W's right directions to its left ones.
    Both,
}

impl Place {
    /// All three, in order.
    pub const ALL: [Place; 3] = [Place::Out, Place::In, Place::Both];

    /// Its name in tables: `out`, `in` or `both`.
    pub const fn name(self) -> &'static str {
        match self {
            Place::Out => "out",
            Place::In => "in",
            Place::Both => "both",
        }
    }
}

/// The shares of one ΔW that lie in W's leading k directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// k, from 1.
    pub k: usize,
    /// The shares in the order of [`Place::ALL`], each in 0..=1; `None` where ΔW = 0.
    pub shares: Option<[f64; 3]>,
}

impl Placed {
    /// The shares of ΔW's four blocks, which sum to 1: from W's leading k right directions to its
    /// leading k left ones (PP), from the rest to the leading ones (PQ), from the leading ones to the
    /// rest (QP), and between the rest on both sides (QQ).
    pub fn blocks(&self) -> Option<[f64; 4]> {
        self.shares.map(blocks)
    }
}

/// PP, PQ, QP and QQ from the shares out, in and both.
///
/// ```
/// use lora_subspace_core::measure::placement::blocks;
/// assert_eq!(blocks([0.5, 0.75, 0.5]), [0.5, 0.0, 0.25, 0.25]);
/// ```
pub fn blocks([out, into, both]: [f64; 3]) -> [f64; 4] {
    [both, out - both, into - both, 1.0 - out - into + both]
}

/// The shares of ΔW in W's leading k directions, for each k of a list, from small Grams: ΔW is never
/// formed.
///
/// Takes W's leading singular vectors `own` (left d_out × K, right d_in × K, one a column), ΔW's
/// singular triplets (`update`: left d_out × r, right d_in × r; `sigma`: r values), and numbers
/// k ≤ K. Gives an entry a k, rising.
///
/// ```text
/// out(k)  = ‖U_kᵀΔW‖²_F/‖ΔW‖²_F      in(k) = ‖ΔW·V_k‖²_F/‖ΔW‖²_F
/// both(k) = ‖U_kᵀΔW·V_k‖²_F/‖ΔW‖²_F
/// ```
///
/// Random updates of ΔW's singular values have the shares of [`placement_chance`].
///
/// # Errors
///
/// [`Error::Numerical`] where shapes do not fit, or W's directions are fewer than some k.
///
/// # Example
///
/// W = diag(3, 1) and ΔW = 2·e₂e₁ᵀ: it reads W's first direction and writes its second.
///
/// ```
/// use lora_subspace_core::measure::placement::{placement, placement_chance};
/// use ndarray::array;
/// let own = array![[1.0], [0.0]];
/// let (left, right) = (array![[0.0], [1.0]], array![[1.0], [0.0]]);
/// let found = placement([own.view(), own.view()], [left.view(), right.view()], &[2.0], &[1])?;
/// assert_eq!(found[0].shares, Some([0.0, 1.0, 0.0]));
/// assert_eq!(found[0].blocks(), Some([0.0, 0.0, 1.0, 0.0]));
/// let [out, into, both] = placement_chance(1, (2, 2), 1.0);
/// assert_eq!([out.mean, into.mean, both.mean], [0.5, 0.5, 0.25]);
/// assert!((out.sd - 0.353553).abs() < 1e-6 && (into.sd - 0.353553).abs() < 1e-6);
/// assert!((both.sd - 0.279508).abs() < 1e-6);
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn placement(
    own: [ArrayView2<f64>; 2],
    update: [ArrayView2<f64>; 2],
    sigma: &[f64],
    ks: &[usize],
) -> Result<Vec<Placed>> {
    let ks = rising(ks, own)?;
    let fits = |side: usize| own[side].nrows() == update[side].nrows();
    if !(fits(0) && fits(1) && update.iter().all(|frame| frame.ncols() == sigma.len())) {
        let [left, right] = update.map(|frame| frame.dim());
        let problem = format!(
            "ΔW's vectors are {left:?} and {right:?}, its σ {}",
            sigma.len()
        );
        return Err(failed(problem));
    }
    let norm = norm(sigma);
    if norm == 0.0 {
        return Ok(ks.into_iter().map(|k| Placed { k, shares: None }).collect());
    }
    let scale = Array1::from_iter(sigma.iter().map(|x| x / norm));
    let largest = ks.last().copied().unwrap_or(0);
    let cosines = |side: usize| own[side].slice(s![.., ..largest]).t().dot(&update[side]);
    let (left, right) = (cosines(0) * &scale, cosines(1));
    let rank = sigma.len();
    // Of the leading k rows each.
    let (mut of_left, mut of_right) = (Array2::zeros((rank, rank)), Array2::zeros((rank, rank)));
    let mut from = 0;
    let placed = ks.into_iter().map(|k| {
        for (gram, rows) in [(&mut of_left, &left), (&mut of_right, &right)] {
            let rows = rows.slice(s![from..k, ..]);
            *gram += &rows.t().dot(&rows);
        }
        from = k;
        let squares = scale.iter().zip(of_right.diag());
        let into: f64 = squares.map(|(scale, square)| scale * scale * square).sum();
        let both = (&of_left * &of_right).sum();
        shares(k, [of_left.diag().sum(), into, both])
    });
    Ok(placed.collect())
}

/// As [`placement`], of a ΔW without factors (d_out × d_in).
///
/// # Errors
///
/// As [`placement`].
///
/// # Example
///
/// ```
/// use lora_subspace_core::measure::placement::placement_of_matrix;
/// use ndarray::{array, Array2};
/// let own = Array2::<f64>::eye(2);
/// let delta = array![[3.0, 0.0], [4.0, 0.0]];
/// let found = placement_of_matrix([own.view(), own.view()], delta.view(), &[1, 2])?;
/// assert_eq!(found[0].shares, Some([9.0 / 25.0, 1.0, 9.0 / 25.0]));
/// assert_eq!(found[1].shares, Some([1.0; 3]));
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn placement_of_matrix(
    own: [ArrayView2<f64>; 2],
    delta: ArrayView2<f64>,
    ks: &[usize],
) -> Result<Vec<Placed>> {
    let ks = rising(ks, own)?;
    if (own[0].nrows(), own[1].nrows()) != delta.dim() {
        return Err(failed(format!("ΔW is {:?}", delta.dim())));
    }
    let (delta, _) = eased(delta, largest_of(&delta));
    let energy: f64 = delta.iter().map(|x| x * x).sum();
    if energy == 0.0 {
        return Ok(ks.into_iter().map(|k| Placed { k, shares: None }).collect());
    }
    let largest = ks.last().copied().unwrap_or(0);
    let [left, right] = own.map(|vectors| vectors.slice_move(s![.., ..largest]));
    let squares = |matrix: &Array2<f64>| matrix.mapv(|x| x * x / energy);
    let written = left.t().dot(&delta);
    let between = squares(&written.dot(&right));
    let written = squares(&written).sum_axis(Axis(1));
    let read = squares(&delta.dot(&right)).sum_axis(Axis(0));
    let placed = ks.into_iter().map(|k| {
        let sum = |values: &Array1<f64>| values.slice(s![..k]).sum();
        let both = between.slice(s![..k, ..k]).sum();
        shares(k, [sum(&written), sum(&read), both])
    });
    Ok(placed.collect())
}

/// Shares of a k, less what rounding has lifted above 1.
fn shares(k: usize, shares: [f64; 3]) -> Placed {
    Placed {
        k,
        shares: Some(shares.map(|share| share.clamp(0.0, 1.0))),
    }
}

/// The numbers k, each once and rising, as far as W's directions allow them.
fn rising(ks: &[usize], own: [ArrayView2<f64>; 2]) -> Result<Vec<usize>> {
    let known = own[0].ncols().min(own[1].ncols());
    let mut ks = ks.to_vec();
    ks.sort_unstable();
    ks.dedup();
    match (ks.first(), ks.last()) {
        (Some(0), _) => Err(failed("k is 0".into())),
        (_, Some(&k)) if k > known => Err(failed(format!("k = {k} of {known} directions of W"))),
        _ => Ok(ks),
    }
}

fn failed(problem: String) -> Error {
    Error::Numerical {
        routine: "placement".into(),
        problem,
        remedy: "give directions and singular values of matrices of one shape, and as many of W's \
                 as the largest k",
    }
}

/// Mean and standard deviation of a share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub sd: f64,
}

/// How concentrated an update is: S = Σp² of p = σ²/Σσ², from 1/r to 1; `None` for a zero update.
///
/// ```
/// use lora_subspace_core::measure::placement::concentration;
/// assert_eq!(concentration(&[2.0, 2.0]), Some(0.5));
/// assert_eq!(concentration(&[3.0, 0.0]), Some(1.0));
/// assert_eq!(concentration(&[0.0]), None);
/// ```
pub fn concentration(sigma: &[f64]) -> Option<f64> {
    let e = excess(largest(sigma));
    let square = |&x: &f64| times_power(x, -e).powi(2);
    let energy: f64 = sigma.iter().map(square).sum();
    let share = |x: &f64| square(x) / energy;
    (energy > 0.0).then(|| sigma.iter().map(|x| share(x).powi(2)).sum())
}

/// Mean and standard deviation of the shares of a random update in k directions, in the order of
/// [`Place::ALL`]: ΔW's singular values, and both of its frames independent and Haar. Exact.
///
/// Takes W's shape (d_out, d_in), k up to the smaller of them, and ΔW's [`concentration`] S.
///
/// ```text
/// mean      k/d_out,  k/d_in,  k²/(d_out·d_in)
/// out, in   v(k, d) = 2·(k(d − k)/d)·(S − 1/d)/((d − 1)(d + 2))
/// both      c·(T − (v(k, d_in) + (k/d_in)²)/d_out) + (k/d_out)²·v(k, d_in)
///           c = 2k(d_out − k)/(d_out(d_out − 1)(d_out + 2))
///           T = S·k(k + 2)/(d_in(d_in + 2)) + (1 − S)·k(d_in − k)/(d_in(d_in − 1)(d_in + 2))
/// ```
///
/// The variances are those of quadratic forms in Haar frames: of a fixed symmetric M and Haar u,
/// E(uᵀMu)² = (tr²M + 2·trM²)/(d(d + 2)).
///
/// # Example
///
/// An update of rank one has the share of one random direction, Beta(k/2, (d − k)/2).
///
/// ```
/// use lora_subspace_core::measure::placement::placement_chance;
/// let [out, ..] = placement_chance(3, (8, 5), 1.0);
/// let (a, b) = (1.5, 2.5);
/// let beta: f64 = a * b / ((a + b) * (a + b) * (a + b + 1.0));
/// assert!((out.mean - 3.0 / 8.0).abs() < 1e-15 && (out.sd - beta.sqrt()).abs() < 1e-15);
/// ```
pub fn placement_chance(
    k: usize,
    (d_out, d_in): (usize, usize),
    concentration: f64,
) -> [Moments; 3] {
    let (k, d_out, d_in) = (k as f64, d_out as f64, d_in as f64);
    let spread = concentration;
    let of_one = |d: f64| {
        over(
            2.0 * k * (d - k) * (spread - 1.0 / d),
            d * (d - 1.0) * (d + 2.0),
        )
    };
    let (out, into) = (of_one(d_out), of_one(d_in));
    let c = over(2.0 * k * (d_out - k), d_out * (d_out - 1.0) * (d_out + 2.0));
    let t = spread * k * (k + 2.0) / (d_in * (d_in + 2.0))
        + over(
            (1.0 - spread) * k * (d_in - k),
            d_in * (d_in - 1.0) * (d_in + 2.0),
        );
    let both = c * (t - (into + (k / d_in).powi(2)) / d_out) + (k / d_out).powi(2) * into;
    let moments = |mean: f64, variance: f64| Moments {
        mean,
        sd: variance.max(0.0).sqrt(),
    };
    [
        moments(k / d_out, out),
        moments(k / d_in, into),
        moments(k * k / (d_out * d_in), both),
    ]
}

/// A quotient that is 0 in one dimension, where nothing varies.
fn over(above: f64, below: f64) -> f64 {
    if below > 0.0 {
        above.max(0.0) / below
    } else {
        0.0
    }
}
