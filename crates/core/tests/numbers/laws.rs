//! What must hold for any adapter, by property tests.

use lora_subspace_core::adapter::Delta;
use lora_subspace_core::linalg::{Subspace, haar, principal_angles, svd};
use lora_subspace_core::measure::amplification::projected_norm;
use lora_subspace_core::measure::overlap::overlap;
use lora_subspace_core::measure::placement::{placement, placement_of_matrix};
use lora_subspace_core::measure::spectrum::{certify, ranks};
use lora_subspace_core::measure::{Basis, Directions};
use ndarray::{Array1, Array2, s};
use proptest::prelude::*;

/// QR and SVD leave errors of a few ε·√n, divided by the gaps of random spectra.
const TOLERANCE: f64 = 1e-9;

/// A random matrix with a spread spectrum, so that leading directions are well determined:
/// U·diag(2, 2/1.3, 2/1.3², …)·Vᵀ.
fn graded(rows: usize, columns: usize, key: &str) -> Array2<f64> {
    let k = rows.min(columns);
    let u = haar(rows, k, &format!("{key}/u")).unwrap();
    let v = haar(columns, k, &format!("{key}/v")).unwrap();
    let sigma = Array1::from_iter((0..k).map(|l| 2.0 * 1.3f64.powi(-(l as i32))));
    (&u.basis() * &sigma).dot(&v.basis().t())
}

fn delta(d_out: usize, d_in: usize, rank: usize, key: &str) -> Delta {
    let b = graded(d_out, rank, &format!("{key}/b"));
    let a = graded(rank, d_in, &format!("{key}/a"));
    Delta::new(b, a, 0.5).unwrap()
}

fn directions(delta: &Delta, basis: Basis) -> Subspace {
    Directions::of_delta(delta, basis, delta.rank())
        .unwrap()
        .subspace()
        .clone()
}

fn close(first: &Array2<f64>, second: &Array2<f64>) -> bool {
    first.dim() == second.dim()
        && first
            .iter()
            .zip(second)
            .all(|(x, y)| (x - y).abs() <= TOLERANCE)
}

fn flip(subspace: &Subspace) -> Subspace {
    let mut basis = subspace.basis().to_owned();
    basis.slice_mut(s![.., ..;2]).mapv_inplace(|x| -x);
    Subspace::new(basis).unwrap()
}

fn rotated(subspace: &Subspace, rotation: &Subspace) -> Subspace {
    Subspace::new(rotation.basis().dot(&subspace.basis())).unwrap()
}

/// φ one cell at a time, straight from the definition.
fn slow_overlap(u: &Subspace, v: &Subspace) -> Array2<f64> {
    Array2::from_shape_fn((u.len(), v.len()), |(i, j)| {
        let product = u.leading(i + 1).t().dot(&v.leading(j + 1));
        product.iter().map(|x| x * x).sum::<f64>() / (i.min(j) + 1) as f64
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn overlap_is_the_definition_within_zero_and_one(d in 1usize..30, k in 1usize..9, l in 1usize..9, seed: u32) {
        let (k, l) = (k.min(d), l.min(d));
        let (u, v) = (haar(d, k, &format!("{seed}/u")).unwrap(), haar(d, l, &format!("{seed}/v")).unwrap());
        let phi = overlap(&u, &v).unwrap();
        prop_assert!(phi.iter().all(|x| (0.0..=1.0).contains(x)));
        prop_assert!(close(&phi, &slow_overlap(&u, &v)));
        prop_assert!(close(&phi, &overlap(&v, &u).unwrap().t().to_owned()));
    }

    #[test]
    fn placement_is_the_definition_with_factors_and_without(
        d_out in 2usize..12, d_in in 2usize..12, r in 1usize..5, seed: u32
    ) {
        let n = d_out.min(d_in);
        let delta = delta(d_out, d_in, r.min(n), &format!("{seed}"));
        let (u, v) = (haar(d_out, n, &format!("{seed}/u")).unwrap(), haar(d_in, n, &format!("{seed}/v")).unwrap());
        let (own, triplets) = ([u.basis(), v.basis()], delta.svd().unwrap());
        let ks: Vec<usize> = (1..=n).collect();
        let update = [triplets.u.view(), triplets.v.view()];
        let found = placement(own, update, &triplets.sigma.to_vec(), &ks).unwrap();
        let whole = placement_of_matrix(own, delta.dense().view(), &ks).unwrap();
        let energy = |m: Array2<f64>| m.iter().map(|x| x * x).sum::<f64>();
        let norm = energy(delta.dense());
        for (found, whole) in found.iter().zip(&whole) {
            let (u, v) = (u.leading(found.k), v.leading(found.k));
            let slow = [
                energy(u.t().dot(&delta.dense())),
                energy(delta.dense().dot(&v)),
                energy(u.t().dot(&delta.dense()).dot(&v)),
            ];
            let (ours, theirs) = (found.shares.unwrap(), whole.shares.unwrap());
            for place in 0..3 {
                prop_assert!((ours[place] - slow[place] / norm).abs() < 1e-12);
                prop_assert!((ours[place] - theirs[place]).abs() < 1e-12);
                prop_assert!((0.0..=1.0).contains(&ours[place]));
            }
            let blocks = found.blocks().unwrap();
            prop_assert!(blocks.iter().all(|share| (-1e-12..=1.0 + 1e-12).contains(share)));
            prop_assert!((blocks.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn overlap_with_itself_is_one(d in 1usize..40, k in 1usize..12, seed: u32) {
        let u = haar(d, k.min(d), &format!("{seed}")).unwrap();
        let phi = overlap(&u, &u).unwrap();
        prop_assert!(phi.iter().all(|x| (x - 1.0).abs() <= TOLERANCE));
        prop_assert!(phi.iter().all(|x| *x <= 1.0));
    }

    #[test]
    fn overlap_ignores_signs_and_common_rotations(d in 2usize..24, k in 1usize..8, seed: u32) {
        let k = k.min(d);
        let (u, v) = (haar(d, k, &format!("{seed}/u")).unwrap(), haar(d, k, &format!("{seed}/v")).unwrap());
        let phi = overlap(&u, &v).unwrap();
        prop_assert!(close(&phi, &overlap(&flip(&u), &v).unwrap()));
        let rotation = haar(d, d, &format!("{seed}/r")).unwrap();
        prop_assert!(close(&phi, &overlap(&rotated(&u, &rotation), &rotated(&v, &rotation)).unwrap()));
    }

    #[test]
    fn overlap_is_the_mean_squared_cosine_of_the_principal_angles(d in 2usize..24, k in 1usize..7, l in 1usize..7, seed: u32) {
        let (k, l) = (k.min(d), l.min(d));
        let (u, v) = (haar(d, k, &format!("{seed}/u")).unwrap(), haar(d, l, &format!("{seed}/v")).unwrap());
        let angles = principal_angles(&u, &v).unwrap();
        prop_assert_eq!(angles.len(), k.min(l));
        prop_assert!(angles.windows(2).all(|pair| pair[0] <= pair[1] + TOLERANCE));
        let mean = angles.iter().map(|angle| angle.cos().powi(2)).sum::<f64>() / angles.len() as f64;
        prop_assert!((mean - overlap(&u, &v).unwrap()[(k - 1, l - 1)]).abs() <= TOLERANCE);
    }

    #[test]
    fn factors_may_be_rotated(d_out in 6usize..20, d_in in 6usize..20, rank in 1usize..6, seed: u32) {
        // (B, A) → (BQ, QᵀA) is the same ΔW, with the same singular vectors of A and of B.
        let original = delta(d_out, d_in, rank, &format!("{seed}"));
        let q = haar(rank, rank, &format!("{seed}/q")).unwrap();
        let turned = Delta::new(original.factors().unwrap().0.dot(&q.basis()), q.basis().t().dot(&original.factors().unwrap().1), original.scale()).unwrap();
        for basis in Basis::ALL {
            let (x, y) = (directions(&original, basis), directions(&turned, basis));
            prop_assert!(overlap(&x, &y).unwrap().iter().all(|phi| (phi - 1.0).abs() <= TOLERANCE), "{}", basis);
        }
    }

    #[test]
    fn delta_bases_depend_on_the_product_alone(d_out in 6usize..20, d_in in 6usize..20, rank in 2usize..6, seed: u32) {
        // (B, A) → (BM⁻¹, MA) with a diagonal M: A's own directions move, ΔW's do not.
        let original = delta(d_out, d_in, rank, &format!("{seed}"));
        let m = Array1::from_iter((0..rank).map(|l| 0.1 * 3f64.powi(l as i32)));
        let column = m.clone().insert_axis(ndarray::Axis(1));
        let scaled = Delta::new(&original.factors().unwrap().0 / &m, &original.factors().unwrap().1 * &column, original.scale()).unwrap();
        for basis in [Basis::DeltaRight, Basis::DeltaLeft] {
            let (x, y) = (directions(&original, basis), directions(&scaled, basis));
            // ΔW's own spectrum may be close to degenerate here, so the whole subspace is compared.
            let phi = overlap(&x, &y).unwrap();
            prop_assert!((phi[(rank - 1, rank - 1)] - 1.0).abs() <= TOLERANCE);
        }
    }

    #[test]
    fn the_factored_svd_is_the_dense_one(d_out in 1usize..20, d_in in 1usize..20, rank in 1usize..24, seed: u32) {
        // Ranks beyond the width are allowed: the product then has full rank at most.
        let b = graded(d_out, rank, &format!("{seed}/b"));
        let a = graded(rank, d_in, &format!("{seed}/a"));
        for scale in [2.0, -0.5] {
            let delta = Delta::new(b.clone(), a.clone(), scale).unwrap();
            let factored = delta.svd().unwrap();
            let dense = svd(delta.dense().view()).unwrap();
            let count = d_out.min(d_in).min(rank);
            prop_assert_eq!(factored.sigma.len(), count);
            for l in 0..count {
                prop_assert!((factored.sigma[l] - dense.sigma[l]).abs() <= 1e-13 * dense.sigma[0].max(1.0));
            }
            let rebuilt = (&factored.u * &factored.sigma).dot(&factored.v.t());
            prop_assert!(close(&rebuilt, &delta.dense()));
        }
    }

    #[test]
    fn nothing_projects_more_of_w_than_its_own_directions(d_out in 3usize..16, d_in in 3usize..16, rank in 1usize..4, seed: u32) {
        let w = graded(d_out, d_in, &format!("{seed}/w"));
        let own = svd(w.view()).unwrap().sigma.iter().take(rank).map(|x| x * x).sum::<f64>().sqrt();
        let (u, v) = (haar(d_out, rank, &format!("{seed}/u")).unwrap(), haar(d_in, rank, &format!("{seed}/v")).unwrap());
        let random = projected_norm(w.view(), u.basis(), v.basis());
        prop_assert!(random >= 0.0 && random <= own + TOLERANCE);
    }

    #[test]
    fn ranks_are_ordered_and_scale_free(values in prop::collection::vec(1e-3f64..10.0, 1..12), scale in 0.01f64..100.0) {
        let mut values = values;
        values.sort_by(|x, y| y.total_cmp(x));
        let sigma = Array1::from(values);
        let shape = (sigma.len(), sigma.len() + 2);
        let (one, other) = (ranks(&sigma, shape), ranks(&(&sigma * scale), shape));
        let (stable, effective) = (one.stable.unwrap(), one.effective.unwrap());
        prop_assert!(stable >= 1.0 - TOLERANCE && stable <= effective + TOLERANCE);
        prop_assert!(effective <= one.numerical.unwrap() as f64 + TOLERANCE);
        prop_assert!((1..=one.numerical.unwrap()).contains(&one.energy_90.unwrap()));
        prop_assert!((stable - other.stable.unwrap()).abs() <= TOLERANCE * stable);
        prop_assert!((effective - other.effective.unwrap()).abs() <= TOLERANCE * effective);
        prop_assert!((one.frobenius_norm * scale - other.frobenius_norm).abs() <= TOLERANCE * other.frobenius_norm);
    }
}

#[test]
fn rank_deficient_factors_give_empty_cells_not_numbers() {
    // Two equal rows of A: its numerical rank is 1 of 2, and so is ΔW's.
    let a = ndarray::array![[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]];
    let b = ndarray::array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]];
    let delta = Delta::new(b, a, 1.0).unwrap();
    for (basis, defined) in [
        (Basis::A, 1),
        (Basis::B, 2),
        (Basis::DeltaRight, 1),
        (Basis::DeltaLeft, 1),
    ] {
        let directions = Directions::of_delta(&delta, basis, 2).unwrap();
        assert_eq!(
            (directions.subspace().len(), directions.asked()),
            (defined, 2),
            "{basis}"
        );
    }
}

#[test]
fn an_untrained_module_has_no_directions_in_any_basis() {
    let delta = Delta::new(Array2::zeros((5, 2)), graded(2, 4, "a"), 2.0).unwrap();
    for basis in Basis::ALL {
        let directions = Directions::of_delta(&delta, basis, 2).unwrap();
        assert!(
            directions.subspace().is_empty() && directions.asked() == 2,
            "{basis}"
        );
    }
}

#[test]
fn a_certificate_covers_a_perturbed_subspace() {
    // W with a known SVD, disturbed by E: the certificate of W's exact vectors on W + E must bound
    // the true angle between the leading subspaces.
    let (w, noise) = (graded(12, 9, "w"), graded(12, 9, "noise") * 1e-4);
    let disturbed = &w + &noise;
    let approximate = svd(w.view()).unwrap();
    let exact = svd(disturbed.view()).unwrap();
    let right = disturbed.dot(&approximate.v) - &approximate.u * &approximate.sigma;
    let left = disturbed.t().dot(&approximate.u) - &approximate.v * &approximate.sigma;
    let norms = |m: Array2<f64>| m.map_axis(ndarray::Axis(0), |c| c.dot(&c).sqrt());
    let (right, left) = (norms(right), norms(left));
    let certified = certify(&approximate.sigma, [&right, &left], 9, disturbed.dim());
    for k in 1..=6 {
        let take = |m: &Array2<f64>| Subspace::new(m.slice(s![.., ..k]).to_owned()).unwrap();
        let angles = principal_angles(&take(&approximate.v), &take(&exact.v)).unwrap();
        let bound = certified[k - 1].sin_theta_bound.unwrap();
        let sine = angles.last().unwrap().sin();
        assert!(
            sine <= 1.1 * bound && bound < 1e-2,
            "k = {k}: {sine} above {bound}"
        );
        assert!(sine > 0.0);
    }
}

#[test]
fn placement_refuses_what_does_not_fit() {
    let frame = |d: usize, k: usize| haar(d, k, "frame").unwrap();
    let (u, v) = (frame(5, 2), frame(4, 2));
    let own = [u.basis(), v.basis()];
    assert!(placement(own, own, &[2.0, 1.0], &[2]).is_ok());
    let refused = |found: lora_subspace_core::Result<_>, word: &str| {
        let error = found.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    refused(placement(own, own, &[2.0, 1.0], &[3]), "k = 3 of 2");
    refused(placement(own, own, &[2.0, 1.0], &[0]), "k is 0");
    refused(placement(own, own, &[2.0], &[1]), "its σ 1");
    refused(
        placement(own, [v.basis(), u.basis()], &[2.0, 1.0], &[1]),
        "(4, 2)",
    );
    let delta = Array2::zeros((4, 5));
    refused(placement_of_matrix(own, delta.view(), &[1]), "(4, 5)");
    // A ΔW of zero lies nowhere.
    let nowhere = placement(own, own, &[0.0, 0.0], &[1]).unwrap();
    assert_eq!((nowhere[0].shares, nowhere[0].blocks()), (None, None));
}
