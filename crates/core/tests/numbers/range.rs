//! Weights of every size that f64 has: what is measured of them, and what cannot be.

use std::fs;
use std::path::Path;

use lora_subspace_core::adapter::{Adapter, Delta, NORMS, ReadOptions};
use lora_subspace_core::linalg::{Svd, haar, leading};
use lora_subspace_core::measure::amplification::{
    RandomProjection, amplification_factor, projected_norm, random_norms,
};
use lora_subspace_core::measure::overlap::overlap;
use lora_subspace_core::measure::placement::{concentration, placement, placement_of_matrix};
use lora_subspace_core::measure::spectrum::{certify_delta, ranks_of_delta};
use lora_subspace_core::measure::{Basis, Directions};
use ndarray::{Array2, array};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};

/// x·2^e, in steps that are numbers.
fn times(x: f64, e: i32) -> f64 {
    let step = e.clamp(-500, 500);
    match e {
        0 => x,
        e => times(x * 2f64.powi(step), e - step),
    }
}

fn scaled(matrix: &Array2<f64>, e: i32) -> Array2<f64> {
    matrix.mapv(|x| times(x, e))
}

fn random(rows: usize, columns: usize, key: &str) -> Array2<f64> {
    let frame = haar(rows.max(columns) + 1, rows.min(columns), key).unwrap();
    let wide = frame.basis().to_owned();
    let tall = wide.slice_move(ndarray::s![..rows.max(columns), ..]);
    let turned = if rows >= columns {
        tall
    } else {
        tall.reversed_axes()
    };
    turned.as_standard_layout().into_owned()
}

/// One ΔW twice, the second time times 2^k, and a W of its shape.
#[derive(Debug)]
struct Pair {
    plain: Delta,
    other: Delta,
    w: Array2<f64>,
    k: i32,
}

/// B·2^j, A·2^l and s·2^m, k = j + l + m, and the rank.
fn pairs() -> impl Strategy<Value = (Pair, usize)> {
    let sides = (3usize..20, 3usize..20, 1usize..4);
    let exponents = (-980i32..980, -1000i32..1000, -1000i32..1000);
    let made = (sides, exponents, any::<u32>()).prop_map(|((d_out, d_in, r), (k, j, l), seed)| {
        // What is left goes into the scale, as far as that is a normal number.
        let m = (k - j - l).clamp(-1020, 1020);
        let b = random(d_out, r, &format!("{seed}/b"));
        let a = random(r, d_in, &format!("{seed}/a"));
        let pair = Pair {
            plain: Delta::new(b.clone(), a.clone(), 0.75).unwrap(),
            other: Delta::new(scaled(&b, j), scaled(&a, l), times(0.75, m)).unwrap(),
            w: random(d_out, d_in, &format!("{seed}/w")),
            k: j + l + m,
        };
        (pair, r)
    });
    made.prop_filter("norms are measured", |(pair, _)| pair.k.abs() < 980)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    /// Sizes of ΔW are times 2^k, and nothing else changes, to the bit.
    #[test]
    fn powers_of_two_scale_sizes_and_leave_the_rest((pair, r) in pairs()) {
        let Pair { plain, other, k, .. } = pair;
        let norm = plain.frobenius_norm().unwrap();
        prop_assert_eq!(other.frobenius_norm().unwrap(), times(norm, k));
        prop_assert_eq!(other.sigma().unwrap(), plain.sigma().unwrap().mapv(|x| times(x, k)));
        prop_assert_eq!(other.numerical_rank().unwrap(), plain.numerical_rank().unwrap());
        let (one, two) = (ranks_of_delta(&plain).unwrap(), ranks_of_delta(&other).unwrap());
        prop_assert_eq!((one.stable, one.effective, one.energy_90), (two.stable, two.effective, two.energy_90));
        prop_assert_eq!(two.spectral_norm, times(one.spectral_norm, k));
        for basis in Basis::ALL {
            let [one, two] = [&plain, &other].map(|delta| Directions::of_delta(delta, basis, r).unwrap());
            prop_assert_eq!(one.subspace().basis(), two.subspace().basis(), "{}", basis);
            let random = haar(one.subspace().ambient(), 2, "0").unwrap();
            prop_assert_eq!(overlap(one.subspace(), &random).unwrap(), overlap(two.subspace(), &random).unwrap());
        }
        // Residuals of the smallest are subnormal, and have few digits.
        let certified = certify_delta(&plain).unwrap().into_iter().zip(certify_delta(&other).unwrap());
        for (one, two) in certified.filter(|_| k > -900) {
            prop_assert_eq!(two.sigma, times(one.sigma, k));
            prop_assert_eq!(two.gap, one.gap.map(|gap| times(gap, k)));
            prop_assert_eq!(two.sin_theta_bound, one.sin_theta_bound);
        }
    }

    /// Factors of amplification, over one W and over one that is scaled with ΔW, and the shares of ΔW
    /// among W's directions.
    #[test]
    fn against_w_only_its_own_size_counts((pair, _) in pairs()) {
        let Pair { plain, other, w, k } = pair;
        let [one, two] = [&plain, &other].map(|delta| delta.svd().unwrap());
        let norm = plain.frobenius_norm().unwrap();
        let over = projected_norm(w.view(), one.u.view(), one.v.view());
        let large = projected_norm(scaled(&w, k).view(), one.u.view(), one.v.view());
        prop_assert_eq!(large, times(over, k));
        let factor = amplification_factor(norm, over);
        prop_assert_eq!(amplification_factor(times(norm, k), large), factor);
        let alone = factor.map(|factor| times(factor, k)).filter(|factor| NORMS.contains(factor));
        prop_assert_eq!(amplification_factor(times(norm, k), over), alone);
        let own = leading(w.view(), 3).unwrap();
        let found = leading(scaled(&w, k).view(), 3).unwrap();
        prop_assert_eq!((&own.u, &own.v), (&found.u, &found.v));
        let frames = [own.u.view(), own.v.view()];
        let shares = |svd: &Svd| {
            let sigma = svd.sigma.as_slice().unwrap();
            let placed = placement(frames, [svd.u.view(), svd.v.view()], sigma, &[1, 2, 3]).unwrap();
            (placed, concentration(sigma))
        };
        prop_assert_eq!(shares(&one), shares(&two));
    }

    /// The same of a ΔW without factors.
    #[test]
    fn a_whole_update_of_any_size((pair, r) in pairs()) {
        let Pair { plain, other, w, k } = pair;
        let dense = plain.dense();
        prop_assert_eq!(&other.dense(), &scaled(&dense, k));
        let own = leading(w.view(), 3).unwrap();
        let frames = [own.u.view(), own.v.view()];
        let placed = |matrix: &Array2<f64>| placement_of_matrix(frames, matrix.view(), &[1, 2, 3]).unwrap();
        prop_assert_eq!(placed(&dense), placed(&scaled(&dense, k)));
        let [one, two] = [dense.clone(), scaled(&dense, k)].map(|matrix| Delta::whole(matrix, r).unwrap());
        prop_assert_eq!(two.frobenius_norm().unwrap(), times(one.frobenius_norm().unwrap(), k));
        prop_assert_eq!(two.sigma().unwrap(), one.sigma().unwrap().mapv(|x| times(x, k)));
        prop_assert_eq!(two.numerical_rank().unwrap(), one.numerical_rank().unwrap());
    }

    #[test]
    fn random_norms_are_of_w_s_size(e in -980i32..980, seed: u32) {
        let w = random(9, 7, &format!("{seed}/w"));
        let wanted = [(1, 5), (3, 4)];
        let one = random_norms(w.view(), &wanted, "0/key").unwrap();
        let two = random_norms(scaled(&w, e).view(), &wanted, "0/key").unwrap();
        for (one, two) in one.iter().zip(&two) {
            let expected: Vec<f64> = one.iter().map(|&norm| times(norm, e)).collect();
            prop_assert_eq!(two, &expected);
            let [one, two] = [one, two].map(|norms| RandomProjection::of(norms).unwrap());
            prop_assert_eq!(two.root_mean_square, times(one.root_mean_square, e));
            prop_assert_eq!(two.standard_deviation, one.standard_deviation.map(|sd| times(sd, e)));
            prop_assert!((two.geometric_mean / times(one.geometric_mean, e) - 1.0).abs() < 1e-10);
        }
    }
}

#[test]
fn a_large_factor_beside_a_small_one_is_an_ordinary_update() {
    let (b, a) = (array![[3e-200], [4e-200]], array![[0.0, 5e200]]);
    let delta = Delta::new(b, a, 2.0).unwrap();
    assert!((delta.frobenius_norm().unwrap() / 50.0 - 1.0).abs() < 1e-14);
    assert_eq!(delta.numerical_rank().unwrap(), 1);
    let expected = array![[0.0, 30.0], [0.0, 40.0]];
    assert!((delta.dense() - expected).iter().all(|x| x.abs() < 1e-12));
    let left = Directions::of_delta(&delta, Basis::DeltaLeft, 1).unwrap();
    let left = left.subspace().basis().mapv(f64::abs);
    assert!(
        (left - array![[0.6], [0.8]])
            .iter()
            .all(|x| x.abs() < 1e-14)
    );
}

#[test]
fn columns_of_unlike_sizes_in_one_factor() {
    // ΔW = diag(2, 6)·1e0, although B's columns are 1e180 apart, as A's rows are.
    let b = array![[1e-90, 0.0], [0.0, 2e90], [0.0, 0.0]];
    let a = array![[2e90, 0.0, 0.0], [0.0, 3e-90, 0.0]];
    let delta = Delta::new(b, a, 1.0).unwrap();
    let sigma = delta.sigma().unwrap();
    assert!((sigma - array![6.0, 2.0]).iter().all(|x| x.abs() < 1e-12));
}

#[test]
fn what_is_no_number_is_refused() {
    for bad in [f64::NAN, f64::INFINITY] {
        assert!(Delta::new(array![[bad]], array![[1.0]], 1.0).is_err());
        assert!(Delta::new(array![[1.0]], array![[bad]], 1.0).is_err());
        assert!(Delta::new(array![[1.0]], array![[1.0]], bad).is_err());
        assert!(Delta::whole(array![[bad]], 1).is_err());
    }
}

/// A folder of tensors whose numbers are all one, and its config.
fn adapter(folder: &Path, tensors: &[(String, [usize; 2], f64)], config: &str) -> Adapter {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, [rows, columns], value)| value.to_le_bytes().repeat(rows * columns))
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        let view = TensorView::new(Dtype::F64, shape.to_vec(), bytes).unwrap();
        (name.clone(), view)
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("adapter_model.safetensors"), bytes).unwrap();
    fs::write(folder.join("adapter_config.json"), config).unwrap();
    Adapter::open(folder, &ReadOptions::new()).unwrap()
}

/// Three modules `m.0` to `m.2`, of rank 1 and 2 × 2, whose factors are constant.
fn saved(folder: &Path, factors: [[f64; 2]; 3], alpha: &str) -> Adapter {
    let mut tensors = Vec::new();
    for (number, [b, a]) in factors.into_iter().enumerate() {
        for (kind, value, shape) in [("B", b, [2, 1]), ("A", a, [1, 2])] {
            let name = format!("base_model.model.m.{number}.lora_{kind}.weight");
            tensors.push((name, shape, value));
        }
    }
    let config = format!(r#"{{"peft_type": "LORA", "r": 1, "lora_alpha": {alpha}}}"#);
    adapter(folder, &tensors, &config)
}

/// The causes of a LoHa module, ΔW = s·(w1_a·w1_b)∘(w2_a·w2_b), of rank 1 and 2 × 2.
fn loha(values: [f64; 4]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let names = ["w1_a", "w1_b", "w2_a", "w2_b"];
    let named = names.into_iter().zip(values).enumerate();
    let tensors: Vec<_> = named
        .map(|(place, (name, value))| {
            let shape = [[2, 1], [1, 2]][place % 2];
            (format!("base_model.model.m.hada_{name}"), shape, value)
        })
        .collect();
    let config = r#"{"peft_type": "LOHA", "r": 1, "alpha": 1}"#;
    let adapter = adapter(folder.path(), &tensors, config);
    let found = adapter.unmeasurable(|_| true).unwrap();
    found
        .into_iter()
        .map(|(_, error)| error.to_string())
        .collect()
}

#[test]
fn what_is_made_of_several_products_is_held_to_the_range_too() {
    // Of each the products of bounds leave f64's range.
    for ordinary in [[1.0, 0.5, 2.0, 0.1], [1e200, 1e-200, 1e-200, 1e200]] {
        assert_eq!(loha(ordinary), [""; 0], "{ordinary:?}");
    }
    let above = [
        [1e150, 1e150, 10.0, 1.0],
        [1e200, 1e200, 1e-50, 1e-40],
        [1e200, 1e200, 1e200, 1.0],
    ];
    for values in above {
        let found = loha(values);
        assert!(
            found.len() == 1 && found[0].contains("adapter_model.safetensors"),
            "{values:?}: {found:?}"
        );
    }
    let below = [
        [1e-150, 1e-150, 0.1, 1.0],
        [1e-200, 1e-200, 1.0, 1.0],
        [1e-200, 1e-100, 1e-50, 1e-50],
    ];
    for values in below {
        let found = loha(values);
        assert!(
            found.len() == 1 && found[0].contains("norms from 1e-300"),
            "{values:?}: {found:?}"
        );
    }
}

/// The modules that cannot be measured, and the words that each cause has.
fn check(factors: [[f64; 2]; 3], alpha: &str, expected: &[(usize, &[&str])]) {
    let folder = tempfile::tempdir().unwrap();
    let adapter = saved(folder.path(), factors, alpha);
    let mut found = adapter.unmeasurable(|_| true).unwrap();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let paths: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
    let wanted: Vec<String> = expected
        .iter()
        .map(|(number, _)| format!("m.{number}"))
        .collect();
    assert_eq!(paths, wanted, "{factors:?}, α = {alpha}: {found:?}");
    for ((_, error), (_, words)) in found.iter().zip(expected) {
        let text = error.to_string();
        for word in words.iter().chain(&["adapter_model.safetensors", "lora_"]) {
            assert!(text.contains(word), "`{word}` is not in: {text}");
        }
    }
    // All others have a norm.
    for module in adapter
        .modules
        .iter()
        .filter(|module| !wanted.contains(&module.path))
    {
        let norm = adapter
            .delta(&module.path)
            .unwrap()
            .frobenius_norm()
            .unwrap();
        assert!(
            norm == 0.0 || NORMS.contains(&norm),
            "{}: {norm:e}",
            module.path
        );
    }
}

#[test]
fn a_module_beyond_the_range_is_named_and_others_are_measured() {
    let ordinary = [0.5, 0.25];
    check(
        [ordinary, [1e200, 1e200], ordinary],
        "4",
        &[(
            1,
            &["above 1.8e308", "1.000e200 and 1.000e200", "s is 4.000e0"],
        )],
    );
    check(
        [[1e-200, 1e-200], ordinary, [1e-160, 1e-160]],
        "4",
        &[(0, &["below 5e-324"]), (2, &["‖ΔW‖_F is 8.000e-320"])],
    );
    check(
        [[1e200, 1e-200], [1e100, 1e100], [1e-100, 1e-100]],
        "4",
        &[],
    );
    check(
        [ordinary, [f64::NAN, 1.0], [1.0, f64::INFINITY]],
        "4",
        &[(1, &["entry [0, 0] is NaN"]), (2, &["entry [0, 0] is inf"])],
    );
    check(
        [[5e-324, 1.0], [1.0, 1e300], [1e10, 5e-324]],
        "4",
        &[(0, &["1e-300"]), (1, &["e300"]), (2, &["1e-300"])],
    );
    // Something is zero: untrained, and nothing that cannot be measured.
    check([ordinary, [0.0, 1e308], ordinary], "4", &[]);
}

#[test]
fn alpha_of_every_size() {
    let ordinary = [[0.5, 0.25]; 3];
    check(ordinary, "1e300", &[]);
    check(ordinary, "1e-299", &[]);
    check(
        ordinary,
        "1.7e308",
        &[(0, &["s is 1.700e308"]), (1, &[]), (2, &[])],
    );
    check(
        ordinary,
        "1e-320",
        &[(0, &["2.500e-321"]), (1, &[]), (2, &[])],
    );
    // What it takes out, the factors put back.
    check(
        [[1e-150, 1e-150], [1e-100, 1e-200], [1e-4, 1e-300]],
        "1.7e308",
        &[],
    );
}
