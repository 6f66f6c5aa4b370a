//! Runs that began as one: how often independent runs are told to be, and which are found.

use lora_subspace_core::linalg::Stream;
use lora_subspace_core::measure::one_start::{
    RowMatches, Spaces, is_one_space, matches_bound, row_matches, same_rows,
};
use ndarray::{Array1, Array2, Axis, concatenate};
use proptest::prelude::*;
use rayon::prelude::*;

fn gaussian(shape: (usize, usize), key: &str) -> Array2<f64> {
    let mut stream = Stream::new(key);
    Array2::from_shape_simple_fn(shape, || stream.normal())
}

/// A of a run: its start, and two directions that every run of this module learns, each row some of
/// both.
fn learned((r, d): (usize, usize), module: &str, run: &str, length: f64) -> Array2<f64> {
    let common = gaussian((2, d), &format!("{module}/common"));
    let amounts = gaussian((r, 2), &format!("{module}/{run}/amounts"));
    gaussian((r, d), &format!("{module}/{run}/start")) + amounts.dot(&common) * length
}

/// Matches of two runs with starts of their own, in so many modules.
fn apart(ranks: [usize; 2], d: usize, modules: usize, key: &str, length: f64) -> Vec<RowMatches> {
    let of = |module: usize| {
        let name = format!("{key}/{module}");
        let [one, other] =
            [0, 1].map(|run| learned((ranks[run], d), &name, &format!("{run}"), length));
        row_matches(one.view(), other.view()).unwrap()
    };
    (0..modules).map(of).collect()
}

fn count(modules: &[RowMatches]) -> usize {
    modules.iter().map(|module| module.matched).sum()
}

/// The bound is a bound: of 3,000 pairs of runs with starts of their own, whatever they learned in
/// common, no more have it at or below p than a share of p allows (five standard deviations), and none
/// is told to have one start.
#[test]
fn starts_of_their_own_are_told_to_be_one_at_the_rate_that_is_stated() {
    const PAIRS: usize = 3_000;
    for (ranks, d, modules, length) in [
        ([4, 4], 24, 3, 0.0),
        ([4, 4], 24, 3, 2.0),
        ([2, 2], 48, 4, 5.0),
        ([1, 1], 32, 12, 10.0),
        ([4, 8], 16, 6, 1.0),
        ([8, 8], 64, 2, 3.0),
    ] {
        let of = |pair: usize| {
            let key = format!("{ranks:?}/{d}/{modules}/{length}/{pair}");
            let found = apart(ranks, d, modules, &key, length);
            (
                matches_bound(&found, count(&found)),
                same_rows(&found).is_some(),
            )
        };
        let found: Vec<(f64, bool)> = (0..PAIRS).into_par_iter().map(of).collect();
        for p in [0.3, 0.1, 0.03, 0.01, 0.001] {
            let reached = found.iter().filter(|(bound, _)| *bound <= p).count() as f64;
            let most = p + 5.0 * (p / PAIRS as f64).sqrt();
            let share = reached / PAIRS as f64;
            assert!(
                share <= most,
                "{ranks:?} of R^{d}: {share} of pairs have p ≤ {p}"
            );
        }
        assert!(
            !found.iter().any(|(_, is_told)| *is_told),
            "{ranks:?} of R^{d}, {length}"
        );
        // It is no bound that nothing reaches.
        assert!(
            found.iter().any(|(bound, _)| *bound <= 0.5),
            "{ranks:?} of R^{d}"
        );
    }
}

/// Of two rows each in two modules the number of matches takes one of 64 ways: its exact law.
#[test]
fn the_bound_is_above_the_exact_law() {
    let a = [gaussian((2, 9), "one"), gaussian((2, 9), "two")];
    let b = [gaussian((2, 9), "three"), gaussian((2, 9), "four")];
    let ways = |b: &Array2<f64>| -> Vec<Array2<f64>> {
        let of = |way: usize| {
            let order = if way & 1 == 0 { [0, 1] } else { [1, 0] };
            let sign = |bit: usize| if way & bit == 0 { 1.0 } else { -1.0 };
            &b.select(Axis(0), &order) * &Array1::from(vec![sign(2), sign(4)]).insert_axis(Axis(1))
        };
        (0..8).map(of).collect()
    };
    let mut counts = Vec::new();
    for one in ways(&b[0]) {
        for other in ways(&b[1]) {
            let pairs = [(&a[0], &one), (&a[1], &other)];
            let found = pairs.map(|(a, b)| row_matches(a.view(), b.view()).unwrap());
            counts.push((count(&found), matches_bound(&found, count(&found))));
        }
    }
    for &(matched, bound) in &counts {
        let reached = counts.iter().filter(|(other, _)| *other >= matched).count();
        let exact = reached as f64 / counts.len() as f64;
        assert!(bound >= exact - 1e-12, "{matched}: {bound} and {exact}");
    }
}

/// How many of 200 pairs of one start are found, whose rows were moved by so much noise, in lengths of
/// the start's rows.
fn power(shape: (usize, usize), modules: usize, noise: f64) -> f64 {
    let found = |pair: usize| {
        let of = |module: usize| {
            let key = format!("{shape:?}/{noise}/{pair}/{module}");
            let start = gaussian(shape, &key);
            let moved = |run: &str| &start + gaussian(shape, &format!("{key}/{run}")) * noise;
            row_matches(moved("one").view(), moved("other").view()).unwrap()
        };
        same_rows(&(0..modules).map(of).collect::<Vec<_>>()).is_some()
    };
    (0..200).into_par_iter().filter(|pair| found(*pair)).count() as f64 / 200.0
}

#[test]
fn runs_of_one_start_are_found() {
    // Cosines of the same rows are 1/(1 + noise²).
    for (shape, modules, noise, least) in [
        ((4, 24), 3, 0.05, 1.0),
        ((2, 48), 4, 0.1, 0.95),
        ((8, 384), 8, 1.0, 1.0),
        ((8, 384), 8, 1.7, 0.95),
        ((1, 384), 24, 1.0, 0.95),
        ((16, 4096), 8, 3.0, 0.95),
    ] {
        let found = power(shape, modules, noise);
        let cosine = 1.0 / (1.0 + noise * noise);
        println!("{shape:?}, {modules} modules, cosine {cosine:.2}: {found}");
        assert!(
            found >= least,
            "{shape:?}, {modules} modules, cosine {cosine}: {found}"
        );
    }
}

#[test]
fn a_start_that_was_subtracted_is_found_by_its_equal_rows() {
    let of = |module: usize| {
        let start = gaussian((4, 24), &format!("{module}/start"));
        let run = |run: &str| {
            let moved = &start + gaussian((4, 24), &format!("{module}/{run}"));
            concatenate(Axis(0), &[moved.view(), start.view()]).unwrap()
        };
        row_matches(run("one").view(), run("other").view()).unwrap()
    };
    let one = [of(0)];
    assert!(
        matches_bound(&one, one[0].matched) > 1e-6,
        "the order alone does not tell"
    );
    assert!(same_rows(&one).is_some());
}

#[test]
fn singular_vectors_have_an_order_of_their_own() {
    // Two runs whose ΔW share their leading directions, both stored as singular vectors.
    let of = |module: usize| {
        let basis = |key: &str, near: &Array2<f64>| {
            let mut rows = near + gaussian((4, 64), &format!("{module}/{key}")) * 0.3;
            for k in 0..4 {
                for l in 0..k {
                    let share = rows.row(k).dot(&rows.row(l));
                    let along = &rows.row(l) * share;
                    let rest = &rows.row(k) - &along;
                    rows.row_mut(k).assign(&rest);
                }
                let norm = rows.row(k).dot(&rows.row(k)).sqrt();
                rows.row_mut(k).mapv_inplace(|x| x / norm);
            }
            rows
        };
        let common = gaussian((4, 64), &format!("{module}/common"));
        let [one, other] = ["one", "other"].map(|run| basis(run, &common));
        (
            row_matches(one.view(), other.view()).unwrap(),
            row_matches(one.view(), one.view()).unwrap(),
        )
    };
    let (alike, same): (Vec<_>, Vec<_>) = (0..8).map(of).unzip();
    assert!(alike.iter().all(|module| module.same > 0.7), "{alike:?}");
    assert!(same_rows(&alike).is_none());
    assert!(same_rows(&same).is_some(), "a copy is of one start");
}

proptest! {
    /// The order of both runs' rows together, their lengths, and which run is first change nothing.
    #[test]
    fn matches_do_not_depend_on_names(key in "[a-z]{4}", r in 1usize..6, more in 0usize..3, d in 6usize..20) {
        let one = learned((r, d), &key, "one", 1.0);
        let other = learned((r + more, d), &key, "other", 1.0) ;
        let found = row_matches(one.view(), other.view()).unwrap();
        let back = row_matches(other.view(), one.view()).unwrap();
        prop_assert_eq!((found.matched, found.near, found.ranks), (back.matched, back.near, back.ranks));
        let turned = one.select(Axis(0), &(0..r).rev().collect::<Vec<_>>()) * 3.0;
        if more == 0 {
            let order: Vec<usize> = (0..r).rev().collect();
            let other = other.select(Axis(0), &order) * 0.5;
            let again = row_matches(turned.view(), other.view()).unwrap();
            prop_assert_eq!(found.matched, again.matched);
        }
        prop_assert!(matches_bound(&[found], found.matched) <= 1.0);
    }
}

/// φ(r,r) of independent spaces does not reach 0.95, and turned rows of one space do.
#[test]
fn one_space_is_found_where_rows_are_turned() {
    let module = |of_a, of_b| Spaces {
        rank: 4,
        width: 48,
        of_a,
        of_b,
    };
    assert!(is_one_space(&[module(1.0, 0.2), module(0.97, 0.4)]));
    assert!(
        !is_one_space(&[module(1.0, 0.2), module(0.9, 0.2)]),
        "in every module"
    );
    assert!(
        !is_one_space(&[module(1.0, 0.9), module(1.0, 0.95)]),
        "B too"
    );
    assert!(!is_one_space(&[]));
    let line = Spaces {
        rank: 1,
        ..module(1.0, 0.0)
    };
    assert!(!is_one_space(&[line; 24]), "one direction may be learned");
}
