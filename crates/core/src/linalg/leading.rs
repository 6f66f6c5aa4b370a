//! Leading singular triplets of a large matrix, with a certificate.
//!
//! # Decisions
//!
//! - W is searched, and the answer certified (`search.rs`). A smaller side up to 1024 takes a
//!   full SVD. Beyond it come block Lanczos on WᵀW (`lanczos.rs`), a Rayleigh–Ritz step on W, and
//!   a Cholesky factorisation that counts what lies above the cut (`certificate.rs`).
//! - WᵀW is formed in f64. It halves the work of each step, and the count needs it anyway.
//! - What cannot be reached falls back. Outliers are taken out first, then all of WᵀW is
//!   decomposed, then W in full. The bound is printed in any case.

use ndarray::ArrayView2;

use crate::error::Result;

use super::scaled::eased;
use super::search::large;
use super::triplets::{Leading, full};
use super::values::check_input;

/// Up to this smaller side a full decomposition is cheap, and the safest answer.
pub const SMALL_SIDE: usize = 1024;
/// The least number of directions that a large W is searched for.
const LOWEST_RUNG: usize = 64;
/// From twice this number on, numbers of directions are multiples of it: twice as many would take twice as
/// long.
const RUNG_STEP: usize = 256;
/// Beyond this smaller side MᵀM (n² numbers) is not formed.
const LARGEST_GRAM: usize = 16_384;

/// The number of directions that a large W is searched for where k are needed: 64, 128, 256, 512, and from
/// there on multiples of 256, up to its smaller side.
///
/// How many are searched for decides the last digits of all. With few such numbers, what is found for
/// one question serves the next.
///
/// ```
/// use lora_subspace_core::linalg::rung;
/// assert_eq!([1, 64, 65, 410, 820].map(|k| rung(k, 8192)), [64, 64, 128, 512, 1024]);
/// assert_eq!(rung(1229, 12288), 1280);
/// assert_eq!(rung(410, 500), 500);
/// ```
pub fn rung(k: usize, side: usize) -> usize {
    let rung = match k.max(LOWEST_RUNG) {
        k if k <= 2 * RUNG_STEP => k.next_power_of_two(),
        k => k.next_multiple_of(RUNG_STEP),
    };
    rung.min(side)
}

/// The k leading singular triplets of M (a few more may come back), with a certificate.
///
/// Up to 1024 on the smaller side M is decomposed in full. Larger matrices go through MᵀM (of the
/// smaller side): block Lanczos, or all of MᵀM where k is large or the iteration does not come to
/// its end; then a Rayleigh–Ritz step on M, so that ‖Mv − σu‖ is rounding and ‖Mᵀu − σv‖ tells the
/// error. Beyond a side of 16384 MᵀM is not formed, and a second random start takes the place of
/// the count. The goal is a bound of 1e-6 on sin θ for every leading subspace up to k; where it
/// cannot be reached the bound says so.
///
/// **Certificate.** If τ²·I + V·diag(σ²)·Vᵀ − MᵀM is positive definite for some V of c columns, then
/// σ_{c+1} < τ (Weyl: the first two terms have at most c eigenvalues above τ²). A Cholesky
/// factorisation that comes to its end shows it, and its rounding is added to the bound. Where no
/// gap follows, τ stands above the last value found by that rounding.
///
/// # Errors
///
/// [`crate::Error::Numerical`] for NaN, infinity, an empty matrix, or a routine that fails.
///
/// # Example
///
/// ```
/// use lora_subspace_core::linalg::{leading, Proof};
/// let m = ndarray::array![[3.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
/// let top = leading(m.view(), 1)?;
/// assert!((top.sigma[0] - 3.0).abs() < 1e-14 && (top.gap(1) - 2.0).abs() < 1e-14);
/// assert!(top.sin_theta_bound(1).unwrap() < 1e-14 && top.proof == Proof::Certified);
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn leading(matrix: ArrayView2<f64>, k: usize) -> Result<Leading> {
    super::use_one_thread();
    let (matrix, e) = eased(matrix, check_input(&matrix)?);
    let matrix = matrix.view();
    let side = matrix.nrows().min(matrix.ncols());
    let k = k.clamp(1, side);
    let found = if side <= SMALL_SIDE {
        full(matrix, k)?
    } else {
        large(matrix, k, LARGEST_GRAM)?.in_rows()
    };
    Ok(found.times_power(e))
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::scaled::times_power;
    use super::*;

    /// Small ones are decomposed in full, large ones searched; W may be of any size.
    #[test]
    fn a_power_of_two_changes_nothing_but_the_size() {
        for (rows, columns) in [(50, 40), (SMALL_SIDE + 20, SMALL_SIDE + 1)] {
            let matrix = Array2::from_shape_fn((rows, columns), |(i, j)| {
                ((i * 31 + j * 17 + i * j) as f64).sin()
            });
            let plain = leading(matrix.view(), 3).unwrap();
            for e in [-1000, -530, 40, 620, 1000] {
                let scaled = matrix.mapv(|x| times_power(x, e));
                let found = leading(scaled.view(), 3).unwrap();
                assert_eq!((&found.u, &found.v), (&plain.u, &plain.v), "2^{e}");
                let expected = plain.sigma.mapv(|x| times_power(x, e));
                assert_eq!(found.sigma, expected, "2^{e}");
                let norm = times_power(plain.frobenius_norm, e);
                assert_eq!(found.frobenius_norm, norm, "2^{e}");
                let bounds = [&found, &plain].map(|one| one.sin_theta_bound(1));
                let near = (bounds[0].unwrap() / bounds[1].unwrap() - 1.0).abs();
                // Residuals of the smallest are subnormal, and have few digits.
                assert!(near < 0.1, "2^{e}: {bounds:?}");
                assert_eq!(found.numerical_rank(), plain.numerical_rank());
                assert_eq!((found.proof, found.method), (plain.proof, plain.method));
            }
        }
    }
}
