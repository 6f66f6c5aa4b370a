//! Many updates of one module: against NumPy, by laws, by chance, and planted.

use std::fs;

use lora_subspace_core::adapter::Delta;
use lora_subspace_core::linalg::{Svd, eigenvalues, haar, random_frames, svd};
use lora_subspace_core::measure::Side;
use lora_subspace_core::measure::coverage::fold_of;
use lora_subspace_core::measure::interference::{
    energy_of_sum, interference, interference_chance, retained,
};
use lora_subspace_core::measure::labels::{Taken, agreement};
use lora_subspace_core::measure::linkage::linkage;
use lora_subspace_core::measure::many::Together;
use lora_subspace_core::measure::many_draws::{RandomSets, RandomSpectra};
use lora_subspace_core::measure::mean_projector::{gram_of, overlaps, shared, top_edge};
use ndarray::{Array1, Array2, s};
use proptest::prelude::*;
use serde_json::Value;

use crate::files::golden;

/// An update with independent random directions and singular values 1, 1/2, 1/3, ….
fn random((d_out, d_in): (usize, usize), rank: usize, key: &str) -> Svd {
    Svd {
        u: haar(d_out, rank, &format!("{key}/u"))
            .unwrap()
            .basis()
            .to_owned(),
        sigma: Array1::from_iter((0..rank).map(|l| 1.0 / (l + 1) as f64)),
        v: haar(d_in, rank, &format!("{key}/v"))
            .unwrap()
            .basis()
            .to_owned(),
    }
}

fn many(shape: (usize, usize), rank: usize, count: usize, key: &str) -> Vec<Svd> {
    let one = |number| random(shape, rank, &format!("{key}/{number}"));
    (0..count).map(one).collect()
}

/// Numbers of `many.json`, row by row.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(all) => all.iter().flat_map(numbers).collect(),
        one => vec![one.as_f64().unwrap()],
    }
}

#[test]
fn all_of_it_as_numpy_has_it() {
    let there: Value = serde_json::from_slice(&fs::read(golden("many.json")).unwrap()).unwrap();
    let (d_out, d_in, rank, k) = (14, 11, 4, 3);
    // The factors are cosines that both programs can make.
    let factor = |rows: usize, columns: usize, salt: usize| {
        Array2::from_shape_fn((rows, columns), |(i, j)| {
            let n = (i * columns + j) as f64;
            (0.37 * n * n + 1.3 * salt as f64 * (n + 1.0)).cos()
        })
    };
    let updates: Vec<Svd> = (0..6)
        .map(|a| {
            let (b, a) = (factor(d_out, rank, 2 * a), factor(rank, d_in, 2 * a + 1));
            Delta::new(b, a, 0.5).unwrap().svd().unwrap()
        })
        .collect();
    let all = Together::of(&updates, k).unwrap();
    let same = |found: Vec<f64>, name: &str| {
        let there = numbers(&there[name]);
        assert_eq!(found.len(), there.len(), "{name}");
        for (found, there) in found.into_iter().zip(there) {
            let is_near = (found - there).abs() <= 1e-9 * there.abs().max(1.0);
            assert!(is_near, "{name}: {found} here, {there} there");
        }
    };
    for (side, name) in [(Side::Left, "left"), (Side::Right, "right")] {
        let of = |what: &str| format!("{name}_{what}");
        same(all.overlaps(side).into_iter().collect(), &of("overlaps"));
        let shared = all.shared(side).unwrap();
        same(shared.eigenvalues.to_vec(), &of("eigenvalues"));
        same(vec![shared.participation], &of("participation"));
        let folds: Vec<usize> = (0..6).map(|a| fold_of(a, 6)).collect();
        let covered = all.held_out(side, &folds).unwrap().unwrap();
        same(
            covered.iter().map(|one| one.coverage).collect(),
            &of("coverage"),
        );
        same(
            covered.iter().map(|one| one.by_mean.unwrap()).collect(),
            &of("by_mean"),
        );
    }
    same(all.cosines().iter().copied().collect(), "cosines");
    same(vec![interference(&all)], "sti");
    same(
        vec![interference_chance(all.sigma(), k, (d_out, d_in))],
        "sti_chance",
    );
    let energy = energy_of_sum(&all);
    same(vec![energy.ratio, energy.sd], "energy");
    let kept = retained(&all).unwrap().unwrap();
    same(vec![kept.rank as f64], "sar_rank");
    same(kept.shares, "sar");
    // Labels and the order of average linkage, on the overlaps of the left side.
    let phi = all.overlaps(Side::Left);
    let found = linkage(&phi.mapv(|phi| 1.0 - phi));
    same(found.order.iter().map(|one| *one as f64).collect(), "order");
    same(
        found.merges.iter().map(|merge| merge.height).collect(),
        "heights",
    );
    let values = phi.mapv(Some);
    let labels = [0, 1, 0, 1, 0, 1];
    let plain = agreement(&values, &labels, &[0; 6], Taken::All, "").unwrap();
    same(
        vec![
            plain.within,
            plain.between,
            plain.permutations as f64,
            plain.p,
        ],
        "labels",
    );
    let strata = [0, 0, 1, 1, 2, 2];
    let inside = agreement(&values, &labels, &strata, Taken::AcrossStrata, "").unwrap();
    same(
        vec![
            inside.within,
            inside.between,
            inside.permutations as f64,
            inside.p,
        ],
        "strata",
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(25) })]

    #[test]
    fn laws_of_many(d_out in 4usize..14, d_in in 4usize..14, rank in 1usize..5, count in 2usize..7, seed: u32) {
        let rank = rank.min(d_out).min(d_in);
        let k = 1 + seed as usize % rank;
        let updates = many((d_out, d_in), rank, count, &seed.to_string());
        let all = Together::of(&updates, k).unwrap();
        for (side, d) in [(Side::Left, d_out), (Side::Right, d_in)] {
            let phi = all.overlaps(side);
            prop_assert!(phi.iter().all(|x| (0.0..=1.0).contains(x)));
            prop_assert!(phi.diag().iter().all(|x| *x == 1.0));
            let shared = all.shared(side).unwrap();
            let sum: f64 = shared.eigenvalues.iter().sum();
            prop_assert!((sum - k as f64).abs() < 1e-9);
            prop_assert!(shared.participation <= d.min(count * k) as f64 + 1e-9);
            // Of frames alone it is the same Gram matrix.
            let frames: Vec<_> = updates.iter().map(|one| match side {
                Side::Left => one.u.slice(s![.., ..k]),
                Side::Right => one.v.slice(s![.., ..k]),
            }).collect();
            let gram = gram_of(&frames).unwrap();
            prop_assert!((&gram - &all.gram(side)).iter().all(|x| x.abs() < 1e-12));
            prop_assert!((&overlaps(gram.view(), k) - &phi).iter().all(|x| x.abs() < 1e-12));
        }
        prop_assert!(all.cosines().iter().all(|x| x.abs() <= 1.0 + 1e-12));
        // ⟨ΔW_a, ΔW_b⟩ of whole matrices.
        let dense = |one: &Svd| (&one.u * &one.sigma).dot(&one.v.t());
        let (x, y) = (dense(&updates[0]), dense(&updates[1]));
        let inner: f64 = (&x * &y).iter().sum();
        prop_assert!((all.cosines()[(0, 1)] * all.norms()[0] * all.norms()[1] - inner).abs() < 1e-12);
        // A common factor changes the interference alone, and by itself.
        let doubled: Vec<Svd> = updates.iter().cloned().map(|one| Svd { sigma: one.sigma * 2.0, ..one }).collect();
        let double = Together::of(&doubled, k).unwrap();
        prop_assert!((interference(&double) - 2.0 * interference(&all)).abs() <= 1e-9 * interference(&all).max(1e-12));
        prop_assert!((energy_of_sum(&double).ratio - energy_of_sum(&all).ratio).abs() < 1e-12);
    }

    #[test]
    fn factors_of_one_product_are_one(rank in 1usize..4, seed: u32) {
        // (B, A) → (B·M⁻¹, M·A), for a triangular M.
        let key = |what: &str| format!("{seed}/{what}");
        let b = haar(9, rank, &key("b")).unwrap().basis().to_owned() * 3.0;
        let a = haar(7, rank, &key("a")).unwrap().basis().t().to_owned();
        let m = Array2::from_shape_fn((rank, rank), |(i, j)| if i == j { 2.0 } else if i < j { 0.5 } else { 0.0 });
        let inverse = {
            let mut inverse = Array2::<f64>::eye(rank);
            for i in (0..rank).rev() {
                for j in i + 1..rank {
                    let row = inverse.row(j).to_owned();
                    inverse.row_mut(i).scaled_add(-m[(i, j)], &row);
                }
                inverse.row_mut(i).mapv_inplace(|x| x / m[(i, i)]);
            }
            inverse
        };
        let other = random((9, 7), 2, &key("other"));
        let of = |b: Array2<f64>, a: Array2<f64>| {
            let one = Delta::new(b, a, 1.5).unwrap().svd().unwrap();
            Together::of(&[one, other.clone()], 1).unwrap()
        };
        let (one, same) = (of(b.clone(), a.clone()), of(b.dot(&inverse), m.dot(&a)));
        prop_assert!((one.cosines() - same.cosines()).iter().all(|x| x.abs() < 1e-12));
        prop_assert!((energy_of_sum(&one).ratio - energy_of_sum(&same).ratio).abs() < 1e-12);
    }
}

#[test]
fn drawn_frames_have_the_law_of_haar_frames() {
    // Mean and spread of λ₁ over draws, by coordinates and by frames in R^d.
    for (d, k, count) in [(40, 2, 5), (6, 2, 4), (3, 3, 2)] {
        let spread = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance =
                values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
            [mean, variance.sqrt()]
        };
        let drawn: Vec<f64> = (0..400)
            .map(|draw| {
                let frames = random_frames(d, k, count, &format!("{draw}/drawn")).unwrap();
                eigenvalues(frames.t().dot(&frames).view()).unwrap()[0]
            })
            .collect();
        let whole: Vec<f64> = (0..400)
            .map(|draw| {
                let frames: Vec<_> = (0..count)
                    .map(|a| haar(d, k, &format!("{draw}/whole/{a}")).unwrap())
                    .collect();
                let views: Vec<_> = frames.iter().map(|frame| frame.basis()).collect();
                shared(gram_of(&views).unwrap().view(), k)
                    .unwrap()
                    .eigenvalues[0]
                    * count as f64
            })
            .collect();
        let ([mean, sd], [other, other_sd]) = (spread(&drawn), spread(&whole));
        assert!(
            (mean - other).abs() < 4.0 * other_sd / 20.0 + 1e-12,
            "{mean} {other}"
        );
        assert!(
            (sd - other_sd).abs() < 0.2 * other_sd + 1e-12,
            "{sd} {other_sd}"
        );
    }
}

#[test]
fn the_edge_is_where_eigenvalues_of_random_frames_end() {
    for (d, k, count) in [(400, 8, 10), (400, 4, 30), (1000, 8, 40)] {
        let edge = top_edge(count, k, d);
        for draw in 0..5 {
            let frames = random_frames(d, k, count, &format!("{draw}/edge")).unwrap();
            let largest = eigenvalues(frames.t().dot(&frames).view()).unwrap()[0] / count as f64;
            let ratio = largest / edge;
            assert!(
                (0.93..1.04).contains(&ratio),
                "d = {d}, k = {k}, N = {count}: {ratio}"
            );
        }
    }
}

/// How often λ₁ is significant at 5 %, over studies whose frames a function makes.
fn rejected(studies: usize, of: impl Fn(usize) -> Vec<Svd>) -> usize {
    let random = RandomSpectra::drawn((60, 2, 8), 199, 0).unwrap();
    let is_told = |study: &usize| {
        let all = Together::of(&of(*study), 2).unwrap();
        let largest = all.shared(Side::Left).unwrap().eigenvalues[0];
        random.tail(0, largest).unwrap() <= 0.05
    };
    (0..studies).filter(is_told).count()
}

#[test]
fn a_shared_direction_is_told_from_none() {
    let null = rejected(200, |study| many((60, 50), 2, 8, &format!("null{study}")));
    // 5 % of 200 are 10; 20 or more of a binomial law have a probability of 0.2 %.
    assert!(null <= 19, "{null} of 200");
    // One direction that all have in part: cos² of each with it is a third.
    let planted = rejected(100, |study| {
        let mut updates = many((60, 50), 2, 8, &format!("planted{study}"));
        for update in &mut updates {
            let mut first = update.u.column(0).to_owned() * (2f64 / 3.0).sqrt();
            first[0] += (1f64 / 3.0).sqrt();
            update.u.column_mut(0).assign(&first);
            update.u = svd(update.u.view()).unwrap().u;
        }
        updates
    });
    assert!(planted >= 95, "{planted} of 100");
}

#[test]
fn interference_by_chance_is_as_its_closed_form_and_its_draws_say() {
    let (shape, k, count) = ((64, 48), 2, 5);
    let sets = RandomSets::drawn((shape, k, count), 0).unwrap();
    let (mut sum, mut told, mut ratios, mut kept) = (0.0, 0, Vec::new(), [0.0; 2]);
    let studies = 120;
    let mut chance = 0.0;
    for study in 0..studies {
        let mut updates = many(shape, k, count, &format!("sti{study}"));
        let all = Together::of(&updates, k).unwrap();
        chance = interference_chance(all.sigma(), k, shape);
        let found = interference(&all);
        sum += found / studies as f64;
        told += usize::from(sets.tail(found, all.sigma()) <= 0.05);
        let energy = energy_of_sum(&all);
        ratios.push((energy.ratio - 1.0) / energy.sd);
        // The sum hardly has what is small.
        for (update, size) in updates.iter_mut().zip([1.0, 0.3, 0.1, 0.03, 0.01]) {
            update.sigma *= size;
        }
        let all = Together::of(&updates, k).unwrap();
        let by_chance = sets.retained(all.sigma()).unwrap().unwrap();
        let own = retained(&all).unwrap().unwrap().shares;
        kept[0] += own[3] / studies as f64;
        kept[1] += by_chance[3] / studies as f64;
    }
    assert!((sum / chance - 1.0).abs() < 0.1, "{sum} against {chance}");
    // 5 % of 120 are 6; 15 or more have a probability of 0.1 %.
    assert!(told <= 14, "{told} of {studies}");
    let mean = ratios.iter().sum::<f64>() / studies as f64;
    let variance = ratios.iter().map(|z| z * z).sum::<f64>() / studies as f64;
    assert!(
        mean.abs() < 0.35 && (variance - 1.0).abs() < 0.4,
        "{mean} {variance}"
    );
    // The fourth is lost in the sum, by chance as much as here.
    assert!(
        kept[0] < 0.6 && (kept[0] / kept[1] - 1.0).abs() < 0.15,
        "{kept:?}"
    );
    // Updates that write one direction interfere.
    let mut merged = many(shape, k, count, "merged");
    let (u, v) = (merged[0].u.clone(), merged[0].v.clone());
    for update in &mut merged {
        update.u = u.clone();
        update.v = v.clone();
    }
    let all = Together::of(&merged, k).unwrap();
    assert!(interference(&all) > 5.0 * interference_chance(all.sigma(), k, shape));
    assert!(sets.tail(interference(&all), all.sigma()) < 0.01);
}

#[test]
fn labels_by_chance_are_not_told_and_planted_ones_are() {
    let labels: Vec<usize> = (0..12).map(|one| one / 4).collect();
    let study = |number: usize, more: f64| {
        let noise = |a: usize, b: usize| {
            let key = format!("labels{number}/{}/{}", a.min(b), a.max(b));
            random_frames(20, 1, 2, &key).unwrap()[(0, 1)].powi(2)
        };
        let values = Array2::from_shape_fn((12, 12), |(a, b)| {
            let own = if labels[a] == labels[b] { more } else { 0.0 };
            Some(noise(a, b) + own)
        });
        agreement(&values, &labels, &[0; 12], Taken::All, "").unwrap()
    };
    let told = |more: f64| {
        (0..60)
            .filter(|&number| study(number, more).p <= 0.05)
            .count()
    };
    assert_eq!(study(0, 0.0).permutations, 5775);
    assert!(told(0.0) <= 8, "{} of 60", told(0.0));
    assert!(told(0.1) >= 57, "{} of 60", told(0.1));
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let one = random((5, 4), 2, "one");
    let wider = random((5, 6), 2, "wider");
    let zero = Svd {
        sigma: Array1::zeros(2),
        ..one.clone()
    };
    for (updates, k, words) in [
        (vec![], 1, "there is no update"),
        (vec![one.clone(), wider], 1, "update 1"),
        (vec![one.clone(), one.clone()], 3, "3 of 2 directions"),
        (vec![one.clone(), one.clone()], 0, "0 of 2 directions"),
        (
            vec![one.clone(), zero],
            1,
            "update 1, counted from 0, is zero",
        ),
    ] {
        let error = Together::of(&updates, k).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let two = Together::of(&[one.clone(), one], 1).unwrap();
    for folds in [&[0, 0][..], &[0], &[0, 1, 2]] {
        let error = two.held_out(Side::Left, folds).unwrap_err().to_string();
        assert!(error.contains("folds of 2 updates"), "{error}");
    }
    assert!(random_frames(3, 4, 1, "").is_err() && random_frames(3, 1, 0, "").is_err());
}
