//! Findings: laws against SciPy (tests/golden/findings.py), planted truth, what chance gives, and
//! the files.

mod common;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use common::{files, run, workshop};
use lora_subspace::findings::{Evidence, findings};
use lora_subspace::linalg::{Subspace, haar, random_shares};
use lora_subspace::measure::Basis;
use lora_subspace::measure::amplification::{projected_norms, random_projections};
use lora_subspace::measure::correlation::correlation;
use lora_subspace::measure::overlap::overlap;
use lora_subspace::measure::significance::{
    drawn_tail, holm, mean_interval, share_tail, sign_flip, typical_projection,
};
use lora_subspace::results::{Grid, ModuleName};
use lora_subspace::study::{Plan, Request};
use lora_subspace::table::{AmplificationRow, EvidenceRow, FindingRow, from_csv, to_csv};
use ndarray::{Array2, s};
use proptest::prelude::*;
use serde_json::Value;

static GOLDEN: LazyLock<Value> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/findings.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
});

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn close(ours: f64, golden: f64, relative: f64) {
    let error = (ours - golden).abs();
    assert!(
        error <= relative * golden.abs().max(1e-300),
        "{ours:e} here, {golden:e} there"
    );
}

fn cases(name: &str) -> &'static Vec<Value> {
    GOLDEN[name].as_array().unwrap()
}

#[test]
fn laws_as_scipy_has_them() {
    for case in cases("share_tail") {
        let [overlap, many, d, p] = numbers(case)[..] else {
            panic!("{case}")
        };
        close(share_tail(overlap, many as usize, d as usize), p, 1e-9);
    }
    for case in cases("holm") {
        let ours = holm(&numbers(&case[0]));
        let golden = numbers(&case[1]);
        ours.iter()
            .zip(golden)
            .for_each(|(&ours, golden)| close(ours, golden, 1e-14));
    }
    for case in cases("sign_flip") {
        assert_eq!(sign_flip(&numbers(&case[0]), ""), Some(number(&case[1])));
    }
    let drawn = &GOLDEN["drawn_sign_flip"];
    let ours = sign_flip(&numbers(&drawn[0]), drawn[1].as_str().unwrap());
    assert_eq!(ours, Some(number(&drawn[2])));
    for case in cases("mean_interval") {
        let (low, high) = mean_interval(&numbers(&case[0]), 0.9).unwrap();
        close(low, number(&case[1][0]), 1e-9);
        close(high, number(&case[1][1]), 1e-9);
    }
}

#[test]
fn random_shares_as_numpy_draws_them() {
    for case in cases("random_shares") {
        let (d, k) = (number(&case[0]) as usize, number(&case[1]) as usize);
        let ours = random_shares(d, k, 8, case[2].as_str().unwrap()).unwrap();
        for (ours, golden) in ours.iter().zip(numbers(&case[3])) {
            assert!((ours - golden).abs() < 1e-12, "{ours} {golden}");
        }
    }
}

#[test]
fn random_shares_have_the_moments_of_random_subspaces() {
    let (d, k, n) = (384.0, 4.0, 200_000);
    let shares = random_shares(384, 4, n, "moments").unwrap();
    let sd = (2.0f64).sqrt() * (d - k) / (d * ((d - 1.0) * (d + 2.0)).sqrt());
    let mean = shares.iter().sum::<f64>() / n as f64;
    let squares: f64 = shares.iter().map(|x| (x - k / d).powi(2)).sum();
    let standard_error = sd / (n as f64).sqrt();
    assert!((mean - k / d).abs() < 4.0 * standard_error, "{mean}");
    assert!(((squares / n as f64).sqrt() / sd - 1.0).abs() < 0.01);
}

#[test]
fn random_shares_have_the_law_of_random_subspaces() {
    // Kolmogorov–Smirnov: 1.95·√(2/n) is exceeded once in a thousand times.
    let n = 2_000;
    for (d, k) in [(40, 4), (9, 2), (7, 4), (5, 3)] {
        let mut ours = random_shares(d, k, n, "law").unwrap();
        let frame = |draw, side| haar(d, k, &format!("{draw}/{side}")).unwrap();
        let dense = |draw| overlap(&frame(draw, "u"), &frame(draw, "v")).unwrap()[(k - 1, k - 1)];
        let mut dense: Vec<f64> = (0..n).map(dense).collect();
        ours.sort_by(f64::total_cmp);
        dense.sort_by(f64::total_cmp);
        let below = |x: f64| ours.partition_point(|y| *y <= x) as f64 / n as f64;
        let farthest = (1..)
            .zip(&dense)
            .map(|(rank, &x)| (below(x) - rank as f64 / n as f64).abs());
        let farthest = farthest.fold(0.0, f64::max);
        assert!(
            farthest < 1.95 * (2.0 / n as f64).sqrt(),
            "d {d}, k {k}: {farthest}"
        );
    }
}

// ---------------------------------------------------------------- the built-in study

fn study() -> (Vec<EvidenceRow>, Vec<FindingRow>) {
    let request = Request::everything();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/minilm-sst2/study.toml");
    let plan = Plan::from_file(&path, &request).unwrap();
    let results = plan.run(&|| {}).unwrap();
    let mut evidence = Evidence::of_plan(&plan);
    evidence.take(&results.grids, &results.evidence);
    let rows = evidence.rows(&results.amplification).unwrap();
    let found = findings(&rows);
    (rows, found)
}

#[test]
fn the_built_in_study_as_numpy_has_it() {
    let (rows, found) = study();
    let golden = &GOLDEN["minilm-sst2"];
    let mut compared = 0;
    for row in &rows {
        let of_module = &golden["modules"][&row.module];
        let both = |name: &str| {
            (
                number(&of_module[name][0]),
                Some(number(&of_module[name][1])),
            )
        };
        let (value, p) = match (row.claim.as_str(), row.basis.as_str()) {
            ("ranks", "a") => both("ranks"),
            ("seeds", "a") => both("seeds"),
            ("correlates", "") => both("correlates"),
            ("new-directions", "") => (number(&of_module["new_directions"]), None),
            ("b-as-a", "b") => (number(&of_module["b"]), None),
            _ => continue,
        };
        close(row.value.unwrap(), value, 1e-9);
        assert_eq!(row.p.is_some(), p.is_some(), "{row:?}");
        if let Some(p) = p {
            close(row.p.unwrap(), p, 1e-8);
        }
        compared += 1;
    }
    assert_eq!(compared, 5 * 12);
    let of = |claim: &str| found.iter().find(|row| row.claim == claim).unwrap();
    for (claim, name) in [
        ("query-value", "query_value"),
        ("factor", "factor"),
        ("b-as-a", "b_as_a"),
    ] {
        close(of(claim).median.unwrap(), number(&golden[name][0]), 1e-8);
    }
    assert_eq!(of("query-value").p, Some(number(&golden["query_value"][1])));
    assert_eq!(of("factor").p, Some(number(&golden["factor"][1])));
    let within = numbers(&golden["b_as_a"])[1..]
        .iter()
        .all(|end| end.abs() < 0.1);
    assert_eq!(of("b-as-a").verdict == "holds", within);
    assert_eq!(found.len(), 7);
}

#[test]
fn findings_come_from_evidence_as_written() {
    let (rows, found) = study();
    let written = to_csv("evidence.csv", &rows).unwrap();
    let read: Vec<EvidenceRow> = from_csv("evidence.csv", &written).unwrap();
    let again = findings(&read);
    for (one, other) in found.iter().zip(&again) {
        assert_eq!(
            (&one.verdict, &one.sentence),
            (&other.verdict, &other.sentence)
        );
    }
    // Nor do they depend on the order of the modules.
    let turned: Vec<EvidenceRow> = read.iter().rev().cloned().collect();
    let verdicts = |found: &[FindingRow]| -> Vec<(String, usize)> {
        found
            .iter()
            .map(|row| (row.verdict.clone(), row.holding))
            .collect()
    };
    let kept = |claims: &[&str], found: &[FindingRow]| -> Vec<(String, usize)> {
        let found: Vec<FindingRow> = found
            .iter()
            .filter(|row| claims.contains(&row.claim.as_str()))
            .cloned()
            .collect();
        verdicts(&found)
    };
    let majority = [
        "ranks",
        "seeds",
        "query-value",
        "correlates",
        "new-directions",
        "b-as-a",
    ];
    assert_eq!(kept(&majority, &findings(&turned)), kept(&majority, &again));
}

// ---------------------------------------------------------------- planted truth, and chance

const D: usize = 96;

/// Grids of two adapters in so many blocks of query and value. The first `shared` directions of the
/// two are `cosine` alike, the others random.
fn grids(
    names: [&str; 2],
    ranks: [usize; 2],
    blocks: usize,
    shared: usize,
    cosine: f64,
    seed: usize,
) -> Vec<Grid> {
    let mut grids = Vec::new();
    for block in 0..blocks {
        for projection in ["query", "value"] {
            let path = format!("h.{block}.{projection}");
            // One frame with room for both: what they share, then each one's own.
            let width = ranks[0] + ranks[1];
            let frame = haar(D, width, &format!("{seed}/{path}/frame")).unwrap();
            let one = frame.leading(ranks[0]).to_owned();
            let mut other = haar(D, ranks[1], &format!("{seed}/{path}/other"))
                .unwrap()
                .basis()
                .to_owned();
            if shared > 0 {
                other = frame.basis().slice(s![.., ranks[0]..]).to_owned();
                let sine = (1.0 - cosine * cosine).sqrt();
                for l in 0..shared {
                    let turned = cosine * &one.column(l) + sine * &other.column(l);
                    other.column_mut(l).assign(&turned);
                }
            }
            let (one, other) = (Subspace::new(one).unwrap(), Subspace::new(other).unwrap());
            grids.push(Grid {
                module: ModuleName::new(&path),
                basis: Basis::A,
                first: names[0].into(),
                second: names[1].into(),
                dimension: D,
                first_i: 1,
                is_measured: true,
                cells: overlap(&one, &other).unwrap().mapv(Some),
            });
        }
    }
    grids
}

fn names(first: &str, second: &str) -> Option<[String; 2]> {
    Some([first.into(), second.into()])
}

/// The rows of `ranks` and `seeds` for such adapters, ranks typed the larger one first.
fn evidence(shared: usize, cosine: f64, seed: usize) -> Vec<EvidenceRow> {
    let mut evidence = Evidence::new(names("large", "small"), names("one", "two"), 0);
    evidence.take(
        &grids(["large", "small"], [16, 4], 6, shared, cosine, seed),
        &[],
    );
    evidence.take(
        &grids(["one", "two"], [8, 8], 6, shared, cosine, seed + 1_000_000),
        &[],
    );
    evidence.rows(&[]).unwrap()
}

fn verdict<'a>(found: &'a [FindingRow], claim: &str) -> &'a str {
    let row = found.iter().find(|row| row.claim == claim);
    row.map_or("", |row| row.verdict.as_str())
}

#[test]
fn what_is_planted_is_found() {
    let found = findings(&evidence(2, 0.9, 0));
    assert_eq!(
        (verdict(&found, "ranks"), verdict(&found, "seeds")),
        ("holds", "holds")
    );
    let ranks = &found[0];
    assert_eq!(
        (ranks.count, ranks.holding, ranks.statistic.as_str()),
        (12, 12, "φ(1,4)")
    );
    assert!(
        ranks
            .sentence
            .starts_with("The top direction of small lies in the leading directions of large more than chance allows: ")
    );
    // Nothing shared: chance gives a small excess, which is evidence against the claims.
    let found = findings(&evidence(0, 0.0, 0));
    assert_eq!(
        (verdict(&found, "ranks"), verdict(&found, "seeds")),
        ("does not hold", "does not hold")
    );
}

#[test]
fn what_is_not_defined_is_not_counted() {
    let mut grids = grids(["one", "two"], [8, 8], 6, 2, 0.9, 0);
    // An untrained module, and two of which a side has one direction and three.
    grids[0].cells.fill(None);
    grids[1].cells.slice_mut(s![1.., ..]).fill(None);
    grids[2].cells.slice_mut(s![.., 3..]).fill(None);
    let mut evidence = Evidence::new(None, names("one", "two"), 0);
    evidence.take(&grids, &[]);
    let rows = evidence.rows(&[]).unwrap();
    let shown: Vec<_> = rows
        .iter()
        .take(4)
        .map(|row| row.statistic.as_str())
        .collect();
    assert_eq!(shown, ["φ(4,4)", "φ(1,1)", "φ(3,3)", "φ(4,4)"]);
    assert_eq!(
        (rows[0].value, rows[0].p, rows[0].p_adjusted),
        (None, None, None)
    );
    // One direction has its exact law.
    let phi = rows[1].value.unwrap();
    assert_eq!(rows[1].p, Some(share_tail(phi, 1, D)));
    let found = &findings(&rows)[0];
    assert_eq!(
        (found.count, found.holding, found.statistic.as_str()),
        (11, 11, "φ(r,r)")
    );
}

#[test]
fn query_and_value_are_told_apart() {
    let of = |blocks, query: f64, value: f64| {
        let mut evidence = Evidence::new(None, names("one", "two"), 0);
        for (cosine, projection) in [(query, "query"), (value, "value")] {
            let mut grids = grids(["one", "two"], [8, 8], blocks, 2, cosine, 3);
            grids.retain(|grid| grid.module.projection == projection);
            evidence.take(&grids, &[]);
        }
        findings(&evidence.rows(&[]).unwrap())
    };
    assert_eq!(verdict(&of(6, 0.9, 0.3), "query-value"), "holds");
    assert_eq!(verdict(&of(6, 0.3, 0.9), "query-value"), "does not hold");
    let few = of(5, 0.9, 0.3);
    assert_eq!(verdict(&few, "query-value"), "cannot be told");
    assert!(
        few[1]
            .sentence
            .contains("5 layers, too few to tell, p = 0.0625)"),
        "{}",
        few[1].sentence
    );
}

#[test]
fn verdicts_on_random_adapters() {
    let studies = 60;
    let (mut holding, mut significant, mut any, mut modules) = ([0; 2], 0, [0; 2], 0);
    for seed in 0..studies {
        let rows = evidence(0, 0.0, 2 * seed + 7);
        let found = findings(&rows);
        for (place, claim) in ["ranks", "seeds"].into_iter().enumerate() {
            holding[place] += usize::from(verdict(&found, claim) == "holds");
            let of_claim = rows.iter().filter(|row| row.claim == claim);
            any[place] += usize::from(of_claim.clone().any(|row| row.p_adjusted.unwrap() <= 0.05));
            modules += of_claim.clone().count();
            significant += of_claim.filter(|row| row.p.unwrap() <= 0.05).count();
        }
    }
    assert_eq!(holding, [0, 0]);
    // 5 % of 1440 modules, with a standard deviation of 0.6 %; at most 5 % of studies by Holm.
    let share = significant as f64 / modules as f64;
    assert!((share - 0.05).abs() < 0.023, "{share} of {modules}");
    println!(
        "{share} of {modules} modules significant alone; studies with any after Holm: {any:?} of {studies}"
    );
    assert!(
        any.iter().all(|&any| any as f64 <= 0.14 * studies as f64),
        "{any:?}"
    );
}

#[test]
fn correlation_with_w_by_chance_and_planted() {
    let (d_out, d_in, k) = (30, 24, 2);
    let (left, right) = (
        haar(d_out, 24, "left").unwrap(),
        haar(d_in, 24, "right").unwrap(),
    );
    let sigma = ndarray::Array1::from_iter((0..24).map(|l| 0.8f64.powi(l)));
    let w: Array2<f64> = (&left.basis() * &sigma).dot(&right.basis().t());
    // W's own directions: no random pair reaches them.
    let own = |whole: &Subspace| Subspace::new(whole.leading(k).to_owned()).unwrap();
    let found = correlation(w.view(), &own(&left), &own(&right), 40, "own").unwrap();
    assert_eq!(found.p, 1.0 / 1600.0);
    assert!((found.projected_norm - (1.0f64 + 0.64).sqrt()).abs() < 1e-12);
    // Random ones: p is uniform, on its grid.
    let mut p: Vec<f64> = (0..300)
        .map(|draw| {
            let frame = |d, side| haar(d, k, &format!("given/{draw}/{side}")).unwrap();
            let (u, v) = (frame(d_out, "u"), frame(d_in, "v"));
            correlation(w.view(), &u, &v, 40, &format!("{draw}"))
                .unwrap()
                .p
        })
        .collect();
    p.sort_by(f64::total_cmp);
    let farthest = (1..)
        .zip(&p)
        .map(|(rank, &p)| (rank as f64 / 300.0 - p).abs());
    let farthest = farthest.fold(0.0, f64::max);
    assert!(farthest < 1.95 / 300f64.sqrt(), "{farthest}");
    // U and V of other shapes are refused.
    assert!(correlation(w.view(), &own(&right), &own(&left), 40, "").is_err());
}

#[test]
fn the_factor_is_held_against_that_of_random_updates() {
    // ‖UᵀWV‖ over chance: 16 at r = 4 and 6 at r = 64 in the paper, so that the factor over chance
    // rises although the raw one falls.
    let row =
        |block: usize, adapter: &str, rank: usize, over: f64, delta_norm: f64| AmplificationRow {
            module: format!("h.{block}.q_proj"),
            layer: Some(block),
            projection: "q_proj".into(),
            adapter: adapter.into(),
            rank,
            directions: "delta".into(),
            projected_norm: Some(0.005 * rank as f64 * over),
            projected_norm_sd: None,
            draws: None,
            base_norm: 61.95,
            delta_norm,
            amplification: Some(delta_norm / (0.005 * rank as f64 * over)),
            chance_projected_norm: 0.005 * rank as f64,
        };
    let rows = |blocks: usize, low: f64, high: f64| -> Vec<AmplificationRow> {
        (0..blocks)
            .flat_map(|block| {
                let wobble = 1.0 + 0.01 * block as f64;
                [
                    row(block, "r64", 64, high * wobble, 3.57),
                    row(block, "r4", 4, low, 6.91),
                ]
            })
            .collect()
    };
    let of = |blocks, low, high| {
        findings(
            &Evidence::new(None, None, 0)
                .rows(&rows(blocks, low, high))
                .unwrap(),
        )
    };
    let as_in_the_paper = of(8, 15.9, 5.9);
    assert_eq!(verdict(&as_in_the_paper, "factor"), "does not hold");
    let sentence = &as_in_the_paper.last().unwrap().sentence;
    assert!(
        sentence.contains(
            "the factor falls in 8 of 8 modules, relative to random updates in 0 of 8 layers"
        ),
        "{sentence}"
    );
    assert_eq!(verdict(&of(8, 2.0, 5.9), "factor"), "holds");
    assert_eq!(verdict(&of(5, 2.0, 5.9), "factor"), "cannot be told");
}

/// ln(factor over its chance value) at a small rank less that at a large one, of random updates of a
/// W with one direction far above the others, is centred on 0: the claim is not told from nothing.
#[test]
fn the_factor_of_random_updates_falls_and_rises_alike() {
    let (d, layers) = (48, 12);
    let sigma = ndarray::Array1::from_iter((0..d).map(|l| 20.0 / (1.0 + l as f64).powi(2) + 1.0));
    let of = |study: usize| {
        let mut rows = Vec::new();
        let mut evidence = Evidence::new(None, None, 0);
        for layer in 0..layers {
            let frame = |what: &str, k| haar(d, k, &format!("{study}/{layer}/{what}")).unwrap();
            let (left, right) = (frame("left", d), frame("right", d));
            let w = (&left.basis() * &sigma).dot(&right.basis().t());
            let key = format!("{study}/{layer}");
            let random = random_projections(w.view(), &[2, 16], 20, &key).unwrap();
            for ((name, rank), random) in [("r2", 2), ("r16", 16)].into_iter().zip(random) {
                let (u, v) = (
                    frame(&format!("{name}u"), rank),
                    frame(&format!("{name}v"), rank),
                );
                let norm = projected_norms(w.view(), &[(u.basis(), v.basis())])[0];
                let path = format!("h.{layer}.q_proj");
                rows.push(AmplificationRow {
                    module: path.clone(),
                    layer: Some(layer),
                    projection: "q_proj".into(),
                    adapter: name.into(),
                    rank,
                    directions: "delta".into(),
                    projected_norm: Some(norm),
                    projected_norm_sd: None,
                    draws: None,
                    base_norm: 1.0,
                    delta_norm: 1.0,
                    amplification: Some(1.0 / norm),
                    chance_projected_norm: 1.0,
                });
                let drawn = EvidenceRow {
                    claim: "factor".into(),
                    module: path,
                    layer: Some(layer),
                    projection: "q_proj".into(),
                    basis: String::new(),
                    first: name.into(),
                    second: "base".into(),
                    statistic: String::new(),
                    value: Some(1.0 / norm),
                    chance: Some(1.0 / random.unwrap().geometric_mean),
                    p: None,
                    p_adjusted: None,
                };
                evidence.take(&[], &[drawn]);
            }
        }
        let found = findings(&evidence.rows(&rows).unwrap());
        let factor = found.into_iter().find(|row| row.claim == "factor").unwrap();
        (factor.verdict, factor.median.unwrap())
    };
    let studies: Vec<(String, f64)> = (0..60).map(of).collect();
    let told = |verdict: &str| studies.iter().filter(|(said, _)| said == verdict).count();
    // 2.5 % each way, of 60: more than six happen less than once in a thousand times.
    assert!(
        told("holds") <= 6 && told("does not hold") <= 6,
        "{studies:?}"
    );
    let mean = studies.iter().map(|(_, median)| median).sum::<f64>() / 60.0;
    assert!(mean.abs() < 0.06, "{mean}");
}

#[test]
fn a_typical_norm_lies_below_the_root_mean_square() {
    // Of a flat W the closed form, within the noise of 4,000 draws: sd 0.22/√4000 = 0.004.
    let w = Array2::from_diag(&ndarray::Array1::<f64>::ones(96));
    let drawn = random_projections(w.view(), &[2], 4_000, "flat").unwrap()[0].unwrap();
    let ratio = (drawn.geometric_mean / drawn.root_mean_square).ln();
    assert!((ratio - typical_projection(2).ln()).abs() < 0.02, "{ratio}");
    assert!((typical_projection(64) - 1.0).abs() < 2e-4);
}

#[test]
fn what_shares_nothing_tells_no_story_of_a_and_b() {
    let mut evidence = Evidence::new(None, names("one", "two"), 0);
    for (seed, basis) in [(3, Basis::A), (4, Basis::B)] {
        let mut grids = grids(["one", "two"], [8, 8], 8, 0, 0.0, seed);
        grids.iter_mut().for_each(|grid| grid.basis = basis);
        evidence.take(&grids, &[]);
    }
    let found = findings(&evidence.rows(&[]).unwrap());
    let row = found.iter().find(|row| row.claim == "b-as-a").unwrap();
    assert_eq!(row.verdict, "cannot be told");
    assert!(
        row.sentence.contains("neither shares enough"),
        "{}",
        row.sentence
    );
}

#[test]
fn slices_of_a_fused_projection_have_one_a() {
    let mut grids = grids(["one", "two"], [8, 8], 6, 2, 0.9, 0);
    // value of each layer is a slice beside query: on the basis a its cells are the same.
    for pair in grids.chunks_mut(2) {
        pair[1].cells = pair[0].cells.clone();
    }
    let mut evidence = Evidence::new(None, names("one", "two"), 0);
    evidence.take(&grids, &[]);
    let found = findings(&evidence.rows(&[]).unwrap());
    assert_eq!((found[0].claim.as_str(), found[0].count), ("seeds", 6));
    assert!(found.iter().all(|row| row.claim != "query-value"));
}

#[test]
fn a_ratio_that_chance_explains_does_not_repeat_the_top_directions() {
    let row = |layer: usize, value, chance| EvidenceRow {
        claim: "new-directions".into(),
        module: format!("h.{layer}.q"),
        layer: Some(layer),
        projection: "q".into(),
        basis: String::new(),
        first: "r8".into(),
        second: "base".into(),
        statistic: "ratio".into(),
        value: Some(value),
        chance: Some(chance),
        p: None,
        p_adjusted: None,
    };
    let of = |value, chance| findings(&[0, 1, 2].map(|layer| row(layer, value, chance)))[0].clone();
    assert_eq!(of(0.1, 0.04).verdict, "holds");
    assert_eq!(of(0.26, 0.245).verdict, "cannot be told");
    assert_eq!(of(0.5, 0.245).verdict, "does not hold");
    let played_out = of(0.3, 0.3);
    assert_eq!(played_out.verdict, "cannot be told");
    assert!(
        played_out.sentence.contains("neither in 3"),
        "{}",
        played_out.sentence
    );
}

// ---------------------------------------------------------------- the files

/// A study of the workshop's adapters; `more` is its [compare] and what follows.
fn write_study(folder: &Path, base: &str, more: &str) {
    let adapter = |name: &str| format!("[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\n");
    let adapters = ["one", "two", "three"].map(adapter).concat();
    let text = format!("name = \"tiny\"\n{base}{adapters}[compare]\n{more}");
    fs::write(folder.join("study.toml"), text).unwrap();
}

#[test]
fn findings_are_written_and_checked() {
    let folder = workshop();
    let at = |name: &str| folder.path().join("notebooks-export/tiny").join(name);
    let pairs =
        "bases = [\"a\", \"b\"]\nranks = [\"one\", \"two\"]\nseeds = [\"one\", \"three\"]\n";
    write_study(folder.path(), "base = \"base\"\n", pairs);
    let regenerate = |arguments: &[&str]| {
        let arguments = [&["study.toml", "--no-figures"], arguments].concat();
        run("regenerate", &arguments, folder.path())
    };
    let written = |threads: &str| {
        let outcome = regenerate(&["--threads", threads]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        ["evidence.csv", "findings.csv", "findings.md"]
            .map(|name| fs::read_to_string(at(name)).unwrap())
    };
    let first = written("1");
    assert_eq!(first, written("3"), "whatever the number of threads");
    let found: Vec<FindingRow> = from_csv("findings.csv", first[1].as_bytes()).unwrap();
    assert_eq!(found.len(), 7);
    for row in &found {
        assert!(first[2].contains(&row.sentence) && row.count > 0, "{row:?}");
    }
    assert!(!first[2].contains("Not judged"));
    let check = || run("regenerate", &["study.toml", "--check"], folder.path());
    // Pictures are missing, so that it fails anyhow; of these files it says nothing.
    let outcome = check();
    assert!(
        outcome.code == 1
            && !outcome.stderr.contains("findings.")
            && !outcome.stderr.contains("evidence.")
    );
    for (name, text) in ["evidence.csv", "findings.csv", "findings.md"]
        .into_iter()
        .zip(&first)
    {
        let line = text.lines().nth(2).unwrap();
        let changed = match name {
            "evidence.csv" => text.replacen(",0.", ",0.9", 1),
            _ => text.replacen(line, "", 1),
        };
        assert_ne!(&changed, text);
        fs::write(at(name), changed).unwrap();
        let outcome = run("regenerate", &["study.toml", "--check"], folder.path());
        assert!(
            outcome.code == 1 && outcome.stderr.contains(name),
            "{}",
            outcome.stderr
        );
        fs::write(at(name), text).unwrap();
    }
}

#[test]
fn what_cannot_be_judged_is_said() {
    let folder = workshop();
    write_study(folder.path(), "", "seeds = [\"one\", \"three\"]\n");
    let outcome = run("regenerate", &["study.toml", "--no-figures"], folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let page = fs::read_to_string(folder.path().join("notebooks-export/tiny/findings.md")).unwrap();
    let (judged, missing) = page.split_once("Not judged").unwrap();
    assert!(
        judged.contains("| `seeds` |") && judged.contains("| `query-value` |"),
        "{page}"
    );
    for claim in ["ranks", "correlates", "new-directions", "factor", "b-as-a"] {
        assert!(missing.contains(&format!("- `{claim}`: takes ")), "{page}");
    }
    // The other commands make none.
    let outcome = run(
        "subspace-overlap",
        &["one", "three", "--no-figures"],
        folder.path(),
    );
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let tables = files(&folder.path().join("out/notebooks-export/one-vs-three"));
    assert!(
        !tables.iter().any(|name| name.starts_with("findings")),
        "{tables:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn tails_fall_and_stay_probabilities(many in 1usize..40, more in 0usize..40, x in 0.0f64..1.0, y in 0.0f64..1.0) {
        let d = many + more;
        let (low, high) = (x.min(y), x.max(y));
        let (p, q) = (share_tail(low, many, d), share_tail(high, many, d));
        prop_assert!((0.0..=1.0).contains(&p) && (0.0..=1.0).contains(&q));
        prop_assert!(q <= p + 1e-12);
        // The share outside is what is left: P(φ ≥ x) of `many` and P(1 − φ ≥ 1 − x) of the rest.
        if more > 0 {
            prop_assert!((share_tail(x, many, d) + share_tail(1.0 - x, more, d) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn holm_lies_between_the_raw_and_bonferroni(p in prop::collection::vec(0.0f64..1.0, 1..20)) {
        let adjusted = holm(&p);
        let mut order: Vec<usize> = (0..p.len()).collect();
        order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
        for (&p, &adjusted) in p.iter().zip(&adjusted) {
            prop_assert!(p <= adjusted && adjusted <= (p * 20.0).min(1.0));
        }
        prop_assert!(order.windows(2).all(|pair| adjusted[pair[0]] <= adjusted[pair[1]]));
    }

    #[test]
    fn flips_do_not_see_sign_scale_or_order(mut x in prop::collection::vec(-3.0f64..3.0, 1..9), scale in 0.1f64..10.0) {
        let p = sign_flip(&x, "").unwrap();
        prop_assert!(p >= 2.0 / f64::from(1u32 << x.len()) - 1e-15 && p <= 1.0);
        x.reverse();
        x.iter_mut().for_each(|x| *x *= -scale);
        prop_assert_eq!(sign_flip(&x, ""), Some(p));
    }

    #[test]
    fn intervals_move_with_the_values(x in prop::collection::vec(-3.0f64..3.0, 2..9), shift in -5.0f64..5.0) {
        let (low, high) = mean_interval(&x, 0.9).unwrap();
        let (wide_low, wide_high) = mean_interval(&x, 0.99).unwrap();
        prop_assert!(wide_low <= low && low <= high && high <= wide_high);
        let moved: Vec<f64> = x.iter().map(|x| x + shift).collect();
        let (moved_low, _) = mean_interval(&moved, 0.9).unwrap();
        prop_assert!((moved_low - low - shift).abs() < 1e-9 * (1.0 + shift.abs() + high - low));
    }

    #[test]
    fn drawn_tails_are_never_zero(value in 0.0f64..1.0, draws in prop::collection::vec(0.0f64..1.0, 0..50)) {
        let p = drawn_tail(value, &draws);
        prop_assert!(p >= 1.0 / (draws.len() + 1) as f64 && p <= 1.0);
    }
}
