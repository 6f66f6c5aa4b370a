//! Random subspaces against what is known of them exactly.

use lora_subspace_core::linalg::{haar, svd};
use lora_subspace_core::measure::amplification::{RandomProjection, random_norms};
use lora_subspace_core::measure::chance::{overlap_chance, overlap_z, projected_norm_chance};
use lora_subspace_core::measure::overlap::overlap;
use lora_subspace_core::measure::placement::{concentration, placement, placement_chance};
use ndarray::Array2;

const DRAWS: usize = 2000;

#[test]
fn mean_and_variance_of_the_overlap() {
    let (d, k, l) = (17, 3, 5);
    let z: Vec<Array2<f64>> = (0..DRAWS)
        .map(|draw| {
            let u = haar(d, k, &format!("overlap/{draw}/u")).unwrap();
            let v = haar(d, l, &format!("overlap/{draw}/v")).unwrap();
            let phi = overlap(&u, &v).unwrap();
            Array2::from_shape_fn(phi.dim(), |(i, j)| {
                overlap_z(phi[(i, j)], i + 1, j + 1, d).unwrap()
            })
        })
        .collect();
    for cell in z[0].indexed_iter().map(|(cell, _)| cell) {
        let mean = z.iter().map(|z| z[cell]).sum::<f64>() / DRAWS as f64;
        let square = z.iter().map(|z| z[cell] * z[cell]).sum::<f64>() / DRAWS as f64;
        // The mean of 2000 standardised numbers has sd 0.022; their mean square about 0.05, as the
        // distribution is skewed.
        assert!(mean.abs() < 0.1, "{cell:?}: mean z {mean}");
        assert!(
            (square - 1.0).abs() < 0.2,
            "{cell:?}: variance of z {square}"
        );
    }
}

#[test]
fn the_overlap_of_two_directions_is_beta_distributed() {
    // d = 3, i = j = 1: Beta(1/2, 1), whose distribution function is √x.
    let mut phi: Vec<f64> = (0..DRAWS)
        .map(|draw| {
            let u = haar(3, 1, &format!("beta/{draw}/u")).unwrap();
            let v = haar(3, 1, &format!("beta/{draw}/v")).unwrap();
            overlap(&u, &v).unwrap()[(0, 0)]
        })
        .collect();
    phi.sort_by(f64::total_cmp);
    let distance = phi
        .iter()
        .enumerate()
        .map(|(rank, x)| (x.sqrt() - (rank as f64 + 0.5) / DRAWS as f64).abs())
        .fold(0.0, f64::max);
    // Kolmogorov–Smirnov at the 0.1 % level.
    assert!(
        distance < 1.95 / (DRAWS as f64).sqrt(),
        "distance {distance}"
    );
}

#[test]
fn a_whole_space_contains_everything() {
    let (all, some) = (haar(6, 6, "all").unwrap(), haar(6, 2, "some").unwrap());
    let phi = overlap(&all, &some).unwrap();
    for j in 1..=2 {
        assert!((phi[(5, j - 1)] - overlap_chance(6, j, 6)).abs() < 1e-12);
        assert_eq!(overlap_z(phi[(5, j - 1)], 6, j, 6), None);
    }
}

#[test]
fn the_projected_norm_of_random_directions() {
    let w = Array2::from_shape_fn((14, 9), |(i, j)| ((i * 9 + j) as f64 * 0.7).sin());
    let norm = w.iter().map(|x| x * x).sum::<f64>().sqrt();
    let ranks = [1, 3, 9];
    let found = random_norms(w.view(), &ranks.map(|rank| (rank, DRAWS)), "norm").unwrap();
    for (rank, found) in ranks.into_iter().zip(found) {
        let found = RandomProjection::of(&found).unwrap();
        let expected = projected_norm_chance(norm, rank, w.dim());
        let standard_error = found.standard_deviation.unwrap() / (DRAWS as f64).sqrt();
        let error = (found.root_mean_square - expected).abs();
        assert!(
            error < 5.0 * standard_error + 1e-12,
            "rank {rank}: off by {error}"
        );
    }
    assert!(random_norms(w.view(), &[(10, 1)], "").is_err());
    assert!(random_norms(w.view(), &[(2, 1), (0, 1)], "").is_err());
    let none = random_norms(w.view(), &[(0, 0), (10, 0), (2, 1)], "").unwrap();
    assert_eq!(none.iter().map(Vec::len).collect::<Vec<_>>(), [0, 0, 1]);
}

#[test]
fn haar_directions_are_orthonormal_and_nest() {
    let many = haar(50, 20, "nest").unwrap();
    let few = haar(50, 7, "nest").unwrap();
    assert!(
        (&few.basis() - &many.leading(7))
            .iter()
            .all(|x| x.abs() < 1e-13)
    );
    assert!(haar(5, 6, "too many").is_err() && haar(5, 0, "none").is_err());
}

#[test]
fn a_haar_frame_has_no_preferred_direction() {
    // The mean of QQᵀ over draws is (k/d)·I: its singular values all lie near k/d.
    let (d, k, draws) = (8, 2, 1000);
    let mut mean = Array2::<f64>::zeros((d, d));
    for draw in 0..draws {
        let q = haar(d, k, &format!("isotropy/{draw}")).unwrap();
        mean += &q.basis().dot(&q.basis().t());
    }
    let sigma = svd((mean / draws as f64).view()).unwrap().sigma;
    assert!(sigma.iter().all(|x| (x - 0.25).abs() < 0.05), "{sigma}");
}

#[test]
fn the_placement_of_random_updates() {
    // Of one direction, of several, and of more than W's smaller side has beside k.
    for (case, (shape, sigma, k)) in [
        ((7, 5), vec![3.0, 2.0, 0.5], 2),
        ((4, 9), vec![1.0], 3),
        ((6, 6), vec![1.0; 5], 4),
        ((1, 8), vec![2.0], 1),
    ]
    .into_iter()
    .enumerate()
    {
        let (d_out, d_in) = shape;
        let frame =
            |d, count, role: &str| haar(d, count, &format!("placed/{case}/{role}")).unwrap();
        let (u, v) = (frame(d_out, k, "u"), frame(d_in, k, "v"));
        let drawn: Vec<[f64; 3]> = (0..DRAWS)
            .map(|draw| {
                let left = frame(d_out, sigma.len(), &format!("{draw}/left"));
                let right = frame(d_in, sigma.len(), &format!("{draw}/right"));
                let own = [u.basis(), v.basis()];
                let placed = placement(own, [left.basis(), right.basis()], &sigma, &[k]).unwrap();
                placed[0].shares.unwrap()
            })
            .collect();
        let chance = placement_chance(k, shape, concentration(&sigma).unwrap());
        for (place, chance) in chance.into_iter().enumerate() {
            let count = DRAWS as f64;
            let mean = drawn.iter().map(|shares| shares[place]).sum::<f64>() / count;
            let deviations = drawn.iter().map(|shares| (shares[place] - mean).powi(2));
            let sd = (deviations.sum::<f64>() / count).sqrt();
            let error = (mean - chance.mean).abs();
            assert!(
                error <= 5.0 * chance.sd / count.sqrt() + 1e-12,
                "case {case}, place {place}: mean {mean}, expected {chance:?}"
            );
            assert!(
                (sd - chance.sd).abs() <= 0.08 * chance.sd + 1e-12,
                "case {case}, place {place}: sd {sd}, expected {chance:?}"
            );
        }
    }
}
