//! Random subspaces, from a name: the same directions in any run, and in NumPy.
//!
//! # Decisions
//!
//! - Draws are PCG64 from SHA-256 of a key, Box–Muller, then QR. Random rows can so be checked
//!   against NumPy like all others.

use ndarray::Array2;
use rand_core::Rng;
use rand_pcg::Pcg64;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

use super::Subspace;
use super::qr::thin_qr;

/// k Haar-random orthonormal directions of R^d, drawn from `key`.
///
/// The definition is short on purpose, so that anybody can draw the same ones
/// (`tests/golden/study.py` does):
///
/// 1. SHA-256 of the key's UTF-8; the first 16 bytes (little-endian) are the state, the last 16 the
///    stream of a PCG64 (XSL-RR 128/64; NumPy's `PCG64` with that state).
/// 2. Uniforms u = ((x >> 11) + ½)·2⁻⁵³ from its 64-bit outputs x.
/// 3. Gaussians in pairs by Box–Muller: √(−2 ln u₁)·cos 2πu₂, then √(−2 ln u₁)·sin 2πu₂.
/// 4. They fill a d × k matrix column by column; Q of its thin QR with diag R > 0 is Haar
///    distributed (Mezzadri 2007, arXiv math-ph/0609050).
///
/// The leading columns for a larger k are those for a smaller k.
///
/// # Errors
///
/// [`Error::Numerical`] unless 1 ≤ k ≤ d.
///
/// # Example
///
/// ```
/// use lora_subspace_core::linalg::haar;
/// let (few, many) = (haar(20, 2, "0/example")?, haar(20, 5, "0/example")?);
/// assert!((&few.basis() - &many.leading(2)).iter().all(|x| x.abs() < 1e-14));
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn haar(d: usize, k: usize, key: &str) -> Result<Subspace> {
    if k == 0 || k > d {
        return Err(Error::Numerical {
            routine: "random directions".into(),
            problem: format!("{k} orthonormal directions asked of R^{d}"),
            remedy: "ask for 1 to d of them",
        });
    }
    // Its R has a positive diagonal already.
    let (q, _) = thin_qr(gaussian(d, k, key).view())?;
    Subspace::new(q)
}

/// A d × k matrix of independent standard normal numbers, filled column by column.
pub(super) fn gaussian(d: usize, k: usize, key: &str) -> Array2<f64> {
    let mut stream = Stream::new(key);
    let rows = Array2::from_shape_simple_fn((k, d), || stream.normal());
    // k rows of d numbers, turned: column by column without naming a memory order.
    rows.reversed_axes()
}

/// Random numbers from a key: steps 1 to 3 of [`haar`].
///
/// ```
/// use lora_subspace_core::linalg::Stream;
/// let (mut one, mut same) = (Stream::new("0/example"), Stream::new("0/example"));
/// assert_eq!(one.normal(), same.normal());
/// assert_ne!(one.uniform(), Stream::new("1/example").uniform());
/// ```
pub struct Stream {
    generator: Pcg64,
    /// The second Gaussian of a pair.
    spare: Option<f64>,
}

impl Stream {
    /// The stream that belongs to a key; the same key gives the same numbers.
    pub fn new(key: &str) -> Self {
        let digest = Sha256::digest(key.as_bytes());
        let word = |bytes: &[u8]| {
            bytes
                .iter()
                .rev()
                .fold(0u128, |word, &b| word << 8 | u128::from(b))
        };
        Stream {
            generator: Pcg64::new(word(&digest[..16]), word(&digest[16..])),
            spare: None,
        }
    }

    /// The next uniform number of (0, 1].
    pub fn uniform(&mut self) -> f64 {
        ((self.generator.next_u64() >> 11) as f64 + 0.5) * (-53f64).exp2()
    }

    /// The next standard normal number; each second one takes no uniforms.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let (radius, angle) = (
            (-2.0 * self.uniform().ln()).sqrt(),
            std::f64::consts::TAU * self.uniform(),
        );
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// A χ² number of ν degrees of freedom: 2·Gamma(ν/2) after Marsaglia & Tsang (2000), for ν = 1
    /// the square of a normal one.
    ///
    /// With d = ν/2 − 1/3 and c = 1/√(9d), a normal x gives v = (1 + cx)³; where v > 0, a uniform u
    /// with ln u < x²/2 + d − dv + d·ln v takes it, and 2dv is the number; else again.
    pub(super) fn chi_squared(&mut self, degrees: usize) -> f64 {
        if degrees == 1 {
            return self.normal().powi(2);
        }
        let d = degrees as f64 / 2.0 - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.uniform().ln() < x * x / 2.0 + d - d * v + d * v.ln() {
                return 2.0 * d * v;
            }
        }
    }
}
