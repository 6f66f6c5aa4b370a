//! Singular values of random products, drawn without drawing the factors.

use ndarray::Array1;

use crate::error::{Error, Result};

use super::haar::Stream;
use super::mean_shares::rows;
use super::values::singular_values;

/// The singular values of B·A, falling, for factors of independent standard normal numbers: B of
/// d_out × r, A of r × d_in. There are min(d_out, d_in, r) of them.
///
/// B = Q₁L₁ᵀ and Aᵀ = Q₂L₂ᵀ by QR, so that they are those of the small core L₁ᵀL₂. Each L is lower
/// triangular, of independent numbers (Bartlett 1933): normal ones left of the diagonal, on it roots
/// of χ² ones with d, d − 1, … degrees of freedom. From row d on a row has d normal numbers and
/// nothing else.
///
/// From the stream of `key` ([`Stream`]) come the r rows of L₁ in order, with d = d_out, then those
/// of L₂, with d = d_in. Row g, from 0 on, takes min(g, d) normal numbers from the left to the right,
/// then, where g < d, the χ² number of d − g degrees. A χ² number is 2·Gamma(ν/2) after Marsaglia &
/// Tsang (2000). So a draw takes some r² numbers, whatever d_out and d_in are.
///
/// # Errors
///
/// [`Error::Numerical`] unless d_out, d_in and r are 1 or more, and when LAPACK does not converge.
///
/// # Example
///
/// ```
/// use lora_subspace_core::linalg::random_product;
/// let sigma = random_product((100, 50), 2, "0/example")?;
/// // σ is near √(100·50) = 71, as columns of B and rows of A are nearly orthogonal.
/// assert!(sigma.len() == 2 && sigma[0] > sigma[1] && (sigma[0] - 71.0).abs() < 30.0);
/// assert_eq!(random_product((100, 1), 2, "0/example")?.len(), 1);
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn random_product((d_out, d_in): (usize, usize), r: usize, key: &str) -> Result<Array1<f64>> {
    if d_out.min(d_in).min(r) == 0 {
        return Err(Error::Numerical {
            routine: "random products".into(),
            problem: format!("B is {:?} and A is {:?}", (d_out, r), (r, d_in)),
            remedy: "no side may be empty",
        });
    }
    let mut stream = Stream::new(key);
    let mut upper = |d: usize| rows(d, 0, (d.min(r), r), &mut stream);
    let (of_b, of_a) = (upper(d_out), upper(d_in));
    singular_values(of_b.dot(&of_a.t()).view())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::haar::gaussian;

    /// Means of ‖B·A‖²_F and σ₁ over draws, of cores and of the factors themselves.
    fn means(shape: (usize, usize), r: usize, draws: usize) -> [[f64; 2]; 2] {
        let mut sums = [[0.0; 2]; 2];
        for draw in 0..draws {
            let key = format!("{draw}/test");
            let core = random_product(shape, r, &key).unwrap();
            let (b, a) = (
                gaussian(shape.0, r, &format!("{key}/b")),
                gaussian(r, shape.1, &format!("{key}/a")),
            );
            let dense = singular_values(b.dot(&a).view()).unwrap();
            for (sum, sigma) in sums.iter_mut().zip([core, dense]) {
                sum[0] += sigma.iter().map(|x| x * x).sum::<f64>() / draws as f64;
                sum[1] += sigma[0] / draws as f64;
            }
        }
        sums
    }

    #[test]
    fn cores_have_the_law_of_the_factors_also_beyond_a_side() {
        for (shape, r) in [((12, 9), 3), ((6, 9), 8), ((4, 3), 7), ((5, 1), 2)] {
            let [core, dense] = means(shape, r, 4000);
            // E‖B·A‖²_F = d_out·d_in·r exactly.
            let energy = (shape.0 * shape.1 * r) as f64;
            for [squares, largest] in [core, dense] {
                assert!((squares / energy - 1.0).abs() < 0.05, "{shape:?} {squares}");
                assert!(
                    (largest / dense[1] - 1.0).abs() < 0.02,
                    "{shape:?} {largest}"
                );
            }
        }
    }

    #[test]
    fn nothing_is_drawn_of_empty_factors() {
        for (shape, r) in [((0, 3), 2), ((3, 0), 2), ((3, 3), 0)] {
            let error = random_product(shape, r, "").unwrap_err();
            assert!(
                error.to_string().contains("no side may be empty"),
                "{error}"
            );
        }
    }
}
