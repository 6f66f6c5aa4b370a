//! The course of a run over its checkpoints: against NumPy, laws, and runs that lock or do not.

use lora_subspace_core::adapter::{Adapter, Delta, ReadOptions};
use lora_subspace_core::linalg::{Stream, haar};
use lora_subspace_core::measure::Basis;
use lora_subspace_core::measure::trajectory::{
    BASES, Checkpoint, Lock, MOST, Similarity, Trajectory, excess, locks,
};
use ndarray::Array2;
use proptest::prelude::*;
use serde_json::Value;

use crate::files::golden;
use crate::golden_values::{distance, report};

const STEPS: [u64; 4] = [0, 10, 20, 40];

fn near(similarity: &Similarity, value: &Value) -> f64 {
    let pairs = [
        (similarity.to_last, "last"),
        (similarity.to_previous, "previous"),
        (similarity.to_start, "start"),
    ];
    let far = pairs.map(|(ours, key)| distance(ours, value[key].as_f64().unwrap_or(f64::NAN), 1.0));
    far.into_iter().fold(0.0, f64::max)
}

#[test]
fn a_small_run_as_numpy_has_it() {
    let text = std::fs::read(golden("trajectory/expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&text).unwrap();
    let open = |step: &u64| {
        let folder = golden(&format!("trajectory/checkpoint-{step}"));
        Adapter::open(&folder, &ReadOptions::default()).unwrap()
    };
    let adapters: Vec<Adapter> = STEPS.iter().map(open).collect();
    let (mut worst, mut count) = (0.0f64, 0);
    for module in &adapters[0].modules {
        let of = |adapter: &Adapter| {
            Checkpoint::of_delta(&adapter.delta(&module.path).unwrap(), MOST).unwrap()
        };
        let mut run = Trajectory::to(of(&adapters[3]), false);
        for (step, adapter) in STEPS.iter().zip(&adapters) {
            let here = &expected["steps"][step.to_string()][&module.path];
            let checkpoint = of(adapter);
            let ks = BASES.map(|basis| checkpoint.k(basis));
            assert_eq!(ks, [18, 16, 16], "r of A, and 16 of ΔW");
            let norm = here["norm"].as_f64().unwrap();
            worst = worst.max(distance(Some(checkpoint.norm), norm, norm.max(1.0)));
            let stable = here["stable_rank"].as_f64().unwrap_or(f64::NAN);
            worst = worst.max(distance(checkpoint.stable_rank, stable, 1.0));
            let found = run.next(checkpoint).unwrap();
            for basis in BASES {
                worst = worst.max(near(&found.of(basis), &here[basis.name()]));
                count += 1;
            }
            assert!(run.has_start());
        }
    }
    report("trajectory", worst, count);
    assert_eq!(count, 2 * 4 * 3);
}

/// Factors of random numbers; A from `key_a` where it is to stay.
fn delta(shape: (usize, usize), rank: usize, [key_b, key_a]: [&str; 2]) -> Delta {
    let random = |shape: (usize, usize), key: &str| {
        let mut stream = Stream::new(key);
        Array2::from_shape_simple_fn(shape, || stream.normal())
    };
    let b = random((shape.0, rank), key_b);
    Delta::new(b, random((rank, shape.1), key_a), 0.5).unwrap()
}

/// The last of two checkpoints to each other.
fn course(deltas: &[Delta], most: usize) -> Vec<[Similarity; 3]> {
    let of = |delta: &Delta| Checkpoint::of_delta(delta, most).unwrap();
    let mut run = Trajectory::to(of(deltas.last().unwrap()), false);
    let next = |delta: &Delta| {
        let found = run.next(of(delta)).unwrap();
        BASES.map(|basis| found.of(basis))
    };
    deltas.iter().map(next).collect()
}

fn turned(delta: &Delta, [left, right]: [&Array2<f64>; 2]) -> Delta {
    let (b, a) = delta.factors().unwrap();
    Delta::new(left.dot(&b), a.dot(&right.t()), delta.scale()).unwrap()
}

fn far(one: Option<f64>, other: Option<f64>) -> f64 {
    distance(one, other.unwrap_or(f64::NAN), 1.0)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(30) })]

    #[test]
    fn a_course_is_symmetric_ends_at_one_and_does_not_turn(
        d_out in 4usize..20, d_in in 4usize..20, r in 1usize..4, seed: u32
    ) {
        let shape = (d_out, d_in);
        let key = |name: &str| format!("{seed}/{name}");
        let run = ["x", "y", "z"].map(|name| delta(shape, r, [&key(name), &key(&format!("{name}a"))]));
        let [u, v] = [(d_out, "u"), (d_in, "v")].map(|(d, name)| {
            haar(d, d, &key(name)).unwrap().basis().to_owned()
        });
        let other = run.each_ref().map(|delta| turned(delta, [&u, &v]));
        let (here, there) = (course(&run, r), course(&other, r));
        for (one, other) in here.iter().flatten().zip(there.iter().flatten()) {
            prop_assert!(far(one.to_last, other.to_last) < 1e-9);
            prop_assert!(one.to_previous.is_none() || far(one.to_previous, other.to_previous) < 1e-9);
        }
        for similarity in &here[2] {
            prop_assert!((similarity.to_last.unwrap() - 1.0).abs() < 1e-12);
        }
        // What the first is to the last, the last is to the first; with two of full k both are φ(k,k).
        let back = course(&[run[2].clone(), run[0].clone()], r);
        for (one, other) in here[0].iter().zip(&back[0]) {
            prop_assert!(far(one.to_last, other.to_last) < 1e-12);
        }
    }
}

#[test]
fn random_checkpoints_are_as_near_as_chance_says() {
    const DRAWS: usize = 400;
    let (d_out, d_in, r) = (30, 20, 3);
    let mut sums = [0.0; 3];
    for draw in 0..DRAWS {
        let one = |name: &str| {
            let keys = ["b", "a"].map(|factor| format!("course/{draw}/{name}/{factor}"));
            delta((d_out, d_in), r, [&keys[0], &keys[1]])
        };
        let found = course(&[one("one"), one("other")], 2)[0];
        for (sum, similarity) in sums.iter_mut().zip(found) {
            *sum += similarity.to_last.unwrap() / DRAWS as f64;
        }
    }
    // Row spaces of A r/d_in, ΔW's leading two 2/d; a mean of 400 has an sd below 0.004.
    for (mean, chance) in sums.into_iter().zip([3.0 / 20.0, 2.0 / 20.0, 2.0 / 30.0]) {
        assert!((mean - chance).abs() < 0.016, "{mean} beside {chance}");
    }
}

#[test]
fn an_a_that_never_moved_is_near_on_the_right_and_does_not_lock() {
    let deltas: Vec<Delta> = (0..5)
        .map(|step| delta((40, 30), 4, [&format!("frozen/{step}"), "frozen/a"]))
        .collect();
    let found = course(&deltas, 4);
    let chance = |basis: Basis| 4.0 / basis.side().dimension((40, 30)) as f64;
    let excesses: Vec<(u64, [Option<f64>; 2])> = (1..)
        .zip(&found)
        .map(|(step, [_, right, left])| {
            let of = |similarity: &Similarity, basis| excess(similarity.to_last?, chance(basis));
            (
                step,
                [of(right, Basis::DeltaRight), of(left, Basis::DeltaLeft)],
            )
        })
        .collect();
    assert!(excesses[0].1[0].unwrap() > 1.0 - 1e-9, "{excesses:?}");
    assert!(excesses[0].1[1].unwrap() < 0.3, "{excesses:?}");
    assert_eq!(
        locks(&excesses),
        Some(Lock {
            at: 1.0,
            after: 0.8
        })
    );
}

#[test]
fn what_has_too_few_directions_is_near_nothing() {
    let shape = (6, 5);
    let zero = Delta::new(Array2::zeros((6, 2)), Array2::ones((2, 5)), 1.0).unwrap();
    // Its A has two equal rows, so that ΔW and A have one direction.
    let single = Delta::new(
        haar(6, 2, "b").unwrap().basis().to_owned(),
        Array2::ones((2, 5)),
        1.0,
    );
    let last = delta(shape, 2, ["last/b", "last/a"]);
    let found = course(&[zero.clone(), single.unwrap(), zero, last], 2);
    for similarity in found[..3].iter().flatten() {
        assert_eq!(*similarity, Similarity::default());
    }
    // The one before has no direction; the start's A has one.
    for similarity in &found[3] {
        assert_eq!((similarity.to_previous, similarity.to_start), (None, None));
        assert!(similarity.to_last.is_some());
    }
}
