//! How it is shown that no large singular value was missed: a Cholesky factorisation counts them.
//!
//! If τ²·I + V·diag(σ²)·Vᵀ − MᵀM is positive definite for some V of c orthonormal columns, then
//! ‖Mx‖ < τ‖x‖ for every x orthogonal to V, and σ_{c+1} < τ. The factorisation comes to its end
//! where the matrix is positive definite by more than rounding, and rounding is added to the bound.

use ndarray::{Array2, ArrayView1, s};

use super::lapack::{add_gram, cholesky_in_place, mirror_below};
use super::triplets::{Leading, Proof};
use super::values::gamma;

/// Where τ is tried, as shares of the gap from its lower end: close to the next value, which gives
/// the better bound, then where more rounding is allowed for.
const SHARES: [f64; 2] = [0.1, 0.7];

/// Looks for a cut between k and the last triplet behind which nothing was missed, cuts there and
/// sets `next`. What is above the diagonal of MᵀM may be lost when it succeeds.
pub(super) fn certify(found: &mut Leading, k: usize, gram: &mut Array2<f64>) -> bool {
    if found.len() == gram.nrows() {
        // The vectors span everything: nothing is left that could be missed.
        found.next = (0.0, 0.0);
        found.proof = Proof::Certified;
        return true;
    }
    let gap = |cut: usize| (found.sigma[cut - 1] - found.sigma[cut]) / found.sigma[cut - 1];
    // Nothing but rounding is left behind the last triplet of a matrix of low rank.
    let Some(cut) = (k..found.len()).max_by(|&a, &b| gap(a).total_cmp(&gap(b))) else {
        return false;
    };
    let (above, below) = (found.sigma[cut - 1], found.sigma[cut]);
    let spread = found.residual_norm(cut);
    for share in SHARES {
        let tau = below + share * (above - below);
        let Some(bound) = counted(found, cut, tau, gram) else {
            continue;
        };
        if bound < above - spread {
            *found = found.truncated(cut);
            found.next = (below, bound);
            found.proof = Proof::Certified;
            return true;
        }
    }
    false
}

/// Sets `next` where no gap is wide enough for [`certify`]: τ stands above the last value by as much
/// as rounding may be. Where rounding keeps even this from being shown, the triplets are estimated.
/// What is above the diagonal of MᵀM may be lost.
pub(super) fn certify_without_gap(found: &mut Leading, gram: &mut Array2<f64>) {
    let sigma = found.sigma.slice(s![..found.len()]);
    let last = sigma[found.len() - 1];
    let (level, energy) = (last * last, sigma.dot(&sigma));
    let trace = gram.nrows() as f64 * level + energy - found.frobenius_norm.powi(2);
    let rounding = rounding(found, sigma, trace);
    let tau = (level + rounding).sqrt();
    match counted(found, found.len(), tau, gram) {
        Some(bound) => {
            found.next = (last, bound);
            found.proof = Proof::Certified;
        }
        None => {
            found.next = (last, (level + 2.0 * rounding).sqrt());
            found.proof = Proof::Estimated;
        }
    }
}

/// An upper bound on σ_{cut+1} close to τ, if the Cholesky factorisation shows it. It is done in
/// place, in the upper triangle of MᵀM, which is restored from the lower one if it fails.
fn counted(found: &Leading, cut: usize, tau: f64, gram: &mut Array2<f64>) -> Option<f64> {
    let sigma = found.sigma.slice(s![..cut]);
    let weighted = &found.v.slice(s![.., ..cut]) * &sigma;
    let level = tau * tau;
    let diagonal = gram.diag().to_owned();
    for (i, mut row) in gram.rows_mut().into_iter().enumerate() {
        row.slice_mut(s![i..]).mapv_inplace(|x| -x);
        row[i] += level;
    }
    add_gram(gram, weighted.t());
    let trace = gram.diag().sum();
    if !cholesky_in_place(gram) {
        gram.diag_mut().assign(&diagonal);
        mirror_below(gram);
        return None;
    }
    Some((level + rounding(found, sigma, trace)).sqrt())
}

/// A bound on the norm of what rounding adds to MᵀM, to V·diag(σ²)·Vᵀ and in the factorisation of a
/// matrix of this trace (Higham 2002, 3.5 and theorem 10.3).
///
/// ```text
/// γ·(‖M‖²_F + Σσ² + trace),    γ = 1.01·(m + 8)·ε/2 for m × n, m ≥ n
/// ```
fn rounding(found: &Leading, sigma: ArrayView1<f64>, trace: f64) -> f64 {
    let length = found.u.nrows().max(found.v.nrows()) + 8;
    let energy = found.frobenius_norm.powi(2) + sigma.dot(&sigma);
    gamma(length) * (energy + trace.abs())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, ArrayView2, Axis};

    use super::*;
    use crate::linalg::testing::with_spectrum;
    use crate::linalg::{Method, Subspace, frobenius_norm};

    /// The chosen ones of a matrix's triplets, and MᵀM.
    fn chosen(
        (matrix, u, v): &(Array2<f64>, Subspace, Subspace),
        sigma: &Array1<f64>,
        chosen: &[usize],
    ) -> (Leading, Array2<f64>) {
        let pick = |basis: ArrayView2<f64>| basis.select(Axis(1), chosen);
        let found = Leading {
            u: pick(u.basis()),
            v: pick(v.basis()),
            sigma: sigma.select(Axis(0), chosen),
            right_residuals: Array1::zeros(chosen.len()),
            left_residuals: Array1::zeros(chosen.len()),
            next: (f64::NAN, f64::INFINITY),
            proof: Proof::Estimated,
            method: Method::Krylov(0),
            frobenius_norm: frobenius_norm(matrix.view()),
        };
        (found, matrix.t().dot(matrix))
    }

    #[test]
    fn the_count_sees_what_was_left_out() {
        // Triplets 1, 2, 4, 5, …: the third is missing, and no τ between the fourth and the fifth
        // can be certified.
        let sigma = Array1::from_shape_fn(60, |l| 1.0 / (l as f64 + 1.0));
        let made = with_spectrum(60, 60, &sigma);
        let (mut found, mut gram) = chosen(&made, &sigma, &[0, 1, 3, 4, 5]);
        let before = gram.clone();
        assert!(!certify(&mut found, 3, &mut gram));
        assert_eq!(gram, before);
        certify_without_gap(&mut found, &mut gram);
        assert_eq!(found.proof, Proof::Estimated);
        let (mut found, mut gram) = chosen(&made, &sigma, &[0, 1, 2, 3, 4]);
        assert!(certify(&mut found, 3, &mut gram));
    }

    #[test]
    fn without_a_gap_the_bound_is_the_last_value_and_rounding() {
        let sigma = Array1::from_elem(60, 2.0);
        let made = with_spectrum(70, 60, &sigma);
        let (mut found, mut gram) = chosen(&made, &sigma, &[0, 1, 2, 3, 4]);
        assert!(!certify(&mut found, 3, &mut gram));
        certify_without_gap(&mut found, &mut gram);
        assert_eq!((found.proof, found.next.0), (Proof::Certified, 2.0));
        let above = found.next.1 - 2.0;
        assert!((0.0..1e-11).contains(&above), "{above:e}");
        // No gap before it either: the bound on what follows the third is not below the third.
        assert!(found.after(3).1 >= found.next.1);
        assert_eq!(found.sin_theta_bound(3), None);
    }
}
