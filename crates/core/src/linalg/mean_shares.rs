//! How much the subspaces of several runs share by chance, drawn without drawing the subspaces.

use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;

use crate::error::{Error, Result};

use super::haar::Stream;
use super::qr::thin_qr;
use super::shares::random_shares;

/// Draws that share a stream: few enough for the threads to have work, enough for none to be lost.
const BLOCK: usize = 1000;

/// `draws` values of the mean over `pairs` (a, b) of ‖U_aᵀU_b‖²_F/min(k_a, k_b), for independent
/// Haar-random U_a of `sizes[a]` = k_a directions in R^d.
///
/// Pairs that have a frame in common are not independent, so that their mean has no law of its own
/// in closed form. Its expectation is the mean of max(k_a, k_b)/d.
///
/// The frames are those of the column blocks of a Gaussian d × Σk matrix G. Only GᵀG = LLᵀ matters,
/// for a lower triangular L of independent numbers (Bartlett 1933): normal ones left of the
/// diagonal, on it roots of χ² ones with d, d − 1, … degrees of freedom. From row d on a row has d
/// normal numbers and nothing else. The rows of frame a are k_a directions of R^d in other axes.
/// Their orthonormal basis by QR is U_a. U_0 is the first k_0 axes and takes no numbers.
///
/// Draws are cut into blocks of 1000. Block n, from 0 on, takes its numbers from the stream of
/// `KEY/blockN` ([`Stream`]). A draw takes L's rows in order, from row k_0 on: row g takes min(g, d)
/// normal numbers from the left to the right, then, where g < d, the χ² number of d − g degrees of
/// freedom. The bytes do not depend on the number of threads.
///
/// One pair of two equal sizes gives exactly [`random_shares`] of that key.
///
/// # Errors
///
/// [`Error::Numerical`] unless there is a pair, all pairs are of two different frames that have a
/// size, and all sizes are 1 to d.
///
/// # Example
///
/// Three lines of the plane: each pair shares ½ on average.
///
/// ```
/// use lora_subspace_core::linalg::random_mean_shares;
/// let pairs = [(0, 1), (0, 2), (1, 2)];
/// let shares = random_mean_shares(2, &[1, 1, 1], &pairs, 4000, "0/example")?;
/// assert!((shares.iter().sum::<f64>() / 4000.0 - 0.5).abs() < 0.02);
/// // Three lines of a plane cannot all be orthogonal: no mean lies below ¼, which 60° between all gives.
/// assert!(shares.iter().all(|share| *share > 0.25 - 1e-12));
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn random_mean_shares(
    d: usize,
    sizes: &[usize],
    pairs: &[(usize, usize)],
    draws: usize,
    key: &str,
) -> Result<Vec<f64>> {
    check(d, sizes, pairs)?;
    if let [(a, b)] = *pairs
        && sizes.len() == 2
        && sizes[a] == sizes[b]
    {
        return random_shares(d, sizes[a], draws, key);
    }
    let blocks: Vec<Vec<f64>> = (0..draws.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let mut stream = Stream::new(&format!("{key}/block{block}"));
            (block * BLOCK..draws.min((block + 1) * BLOCK))
                .map(|_| Ok(mean_share(&frames(d, sizes, &mut stream)?, d, pairs)))
                .collect()
        })
        .collect::<Result<_>>()?;
    Ok(blocks.concat())
}

fn check(d: usize, sizes: &[usize], pairs: &[(usize, usize)]) -> Result<()> {
    let problem = if let Some(k) = sizes.iter().find(|&&k| k == 0 || k > d) {
        format!("{k} orthonormal directions asked of R^{d}")
    } else if pairs.is_empty() {
        "no pair of frames asked for".into()
    } else if let Some((a, b)) = pairs
        .iter()
        .find(|(a, b)| a == b || *a.max(b) >= sizes.len())
    {
        format!("frames {a} and {b} of {} are no pair", sizes.len())
    } else {
        return Ok(());
    };
    Err(Error::Numerical {
        routine: "random overlaps".into(),
        problem,
        remedy: "ask for pairs of different frames of 1 to d directions",
    })
}

/// One draw: each frame's orthonormal columns, in as many leading axes as it reaches.
pub(super) fn frames(d: usize, sizes: &[usize], stream: &mut Stream) -> Result<Vec<Array2<f64>>> {
    let mut drawn = Vec::with_capacity(sizes.len());
    let mut start = 0;
    for &k in sizes {
        let reach = d.min(start + k);
        drawn.push(if start == 0 {
            Array2::eye(k)
        } else {
            thin_qr(rows(d, start, (reach, k), stream).view())?.0
        });
        start += k;
    }
    Ok(drawn)
}

/// Rows `start`, …, `start + k − 1` of a Bartlett factor L of d axes as columns, over the first `reach`.
pub(super) fn rows(
    d: usize,
    start: usize,
    (reach, k): (usize, usize),
    stream: &mut Stream,
) -> Array2<f64> {
    let mut rows = Array2::zeros((reach, k));
    for (g, mut row) in (start..).zip(rows.columns_mut()) {
        for place in 0..g.min(d) {
            row[place] = stream.normal();
        }
        if g < d {
            row[g] = stream.chi_squared(d - g).sqrt();
        }
    }
    rows
}

fn mean_share(frames: &[Array2<f64>], d: usize, pairs: &[(usize, usize)]) -> f64 {
    let share = |&(a, b): &(usize, usize)| share(frames[a].view(), frames[b].view(), d);
    pairs.iter().map(share).sum::<f64>() / pairs.len() as f64
}

/// ‖UᵀV‖²_F/min(k, l), where each is zero beyond the axes that it has.
fn share(u: ArrayView2<f64>, v: ArrayView2<f64>, d: usize) -> f64 {
    if u.ncols().max(v.ncols()) == d {
        return 1.0;
    }
    let common = u.nrows().min(v.nrows());
    let cosines = u
        .slice(s![..common, ..])
        .t()
        .dot(&v.slice(s![..common, ..]));
    let energy: f64 = cosines.iter().map(|x| x * x).sum();
    (energy / u.ncols().min(v.ncols()) as f64).min(1.0)
}
