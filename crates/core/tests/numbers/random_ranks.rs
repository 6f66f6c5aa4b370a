//! Ranks by chance against NumPy: draws repeated from their keys, and whole normal factors from its
//! own generator (tests/golden/random_ranks.py).

use std::fs;
use std::sync::LazyLock;

use crate::files::golden;
use crate::findings_values::numbers;
use lora_subspace_core::linalg::random_product;
use lora_subspace_core::measure::random_ranks::{DRAWN, RandomEnergy, Spread, random_ranks};
use serde_json::Value;

static RANDOM: LazyLock<Value> = LazyLock::new(|| {
    let path = golden("random_ranks.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
});

/// Each case with its shape and r.
fn cases(part: &str) -> impl Iterator<Item = (&'static Value, (usize, usize), usize)> {
    let whole = |value: &Value| value.as_u64().unwrap() as usize;
    RANDOM[part].as_array().unwrap().iter().map(move |case| {
        let shape = (whole(&case["shape"][0]), whole(&case["shape"][1]));
        (case, shape, whole(&case["r"]))
    })
}

fn near(ours: f64, theirs: f64, what: &str) {
    assert!(
        (ours - theirs).abs() <= 1e-9 * theirs.abs(),
        "{what}: {ours} here, {theirs} there"
    );
}

#[test]
fn numpy_draws_the_same_products() {
    let mut values = 0;
    for (case, (d_out, d_in), r) in cases("drawn") {
        let key = format!("0/ranks/{d_out}x{d_in}/r{r}/draw{}", case["draw"]);
        let sigma = random_product((d_out, d_in), r, &key).unwrap();
        let there = numbers(&case["sigma"]);
        assert_eq!(sigma.len(), there.len(), "{key}");
        for (ours, theirs) in sigma.iter().zip(&there) {
            // Small values of a core are known to rounding of its largest.
            assert!(
                (ours - theirs).abs() <= 1e-12 * there[0],
                "{key}: {ours} {theirs}"
            );
            values += 1;
        }
    }
    assert_eq!(values, 4 + 8 + 16 + 5 + 1 + 1);
}

#[test]
fn numpy_has_the_same_means_and_deviations() {
    for (case, shape, r) in cases("chance") {
        let random = random_ranks(shape, r, 0).unwrap();
        let spreads = [random.stable, random.effective, random.energy_90];
        let ours = spreads
            .iter()
            .flat_map(|spread: &Spread| [spread.mean, spread.sd]);
        for (ours, theirs) in ours.zip(numbers(&case["spread"])) {
            near(ours, theirs, &format!("{shape:?} r {r}"));
        }
    }
}

#[test]
fn whole_factors_have_the_same_ranks_on_average() {
    for (case, shape, r) in cases("direct") {
        let random = random_ranks(shape, r, 0).unwrap();
        let ours = [random.stable, random.effective, random.energy_90];
        let there = numbers(&case["mean"])
            .into_iter()
            .zip(numbers(&case["error"]));
        for (spread, (mean, error)) in ours.iter().zip(there) {
            // Five standard errors of the difference of both means; 200 draws are behind ours.
            let room = 5.0 * (error.powi(2) + spread.sd.powi(2) / 200.0).sqrt();
            assert!(
                (spread.mean - mean).abs() <= room,
                "{shape:?} r {r}: {spread:?} {mean}"
            );
        }
    }
}

#[test]
fn tails_are_those_of_whole_factors_or_bound_them() {
    let (mut counted, mut bounded) = (0, 0);
    for (case, shape, r) in cases("direct") {
        let law = RandomEnergy::drawn(shape, r, 9_999, 0).unwrap();
        let draws = case["draws"].as_f64().unwrap();
        for (k, there) in (1..).zip(numbers(&case["tails"])) {
            let (ours, error) = (law.tail(k), (there * (1.0 - there) / draws).sqrt());
            let what = format!("{shape:?} r {r} k {k}: {ours} here, {there} there");
            if r <= DRAWN {
                let of_ours = there * (1.0 - there) / 1e4;
                let room = 5.0 * (error.powi(2) + of_ours).sqrt() + 5.0 / draws + 1e-4;
                assert!((ours - there).abs() <= room, "{what}");
                counted += 1;
            } else {
                assert!(ours >= there - 5.0 * error, "{what}");
                bounded += usize::from(there > 0.0 && ours < 1.0);
            }
        }
        // Nobody has 90 % in no direction, and all have it in all.
        assert_eq!(law.tail(r), 1.0);
        assert!(law.tail(0) <= 1e-3, "{shape:?}");
    }
    assert!(
        counted == 4 + 12 + 5 + 8 && bounded > 0,
        "{counted} {bounded}"
    );
}
