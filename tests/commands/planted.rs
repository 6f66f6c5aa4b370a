//! Findings of made-up grids: planted truth is found, and what chance gives is not.

use lora_subspace::findings::{Compared, Evidence, EvidenceTables, findings};
use lora_subspace::linalg::{Subspace, haar};
use lora_subspace::measure::Basis;
use lora_subspace::measure::amplification::{projected_norms, random_norms};
use lora_subspace::measure::overlap::overlap;
use lora_subspace::measure::significance::share_tail;
use lora_subspace::results::{Grid, ModuleName, Results};
use lora_subspace::study::Seeds;
use lora_subspace::table::{AmplificationRow, DrawRow, EvidenceRow, FindingRow, PlacementRow};
use ndarray::s;

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
                module: ModuleName::new(&path, ""),
                basis: Basis::A,
                first: names[0].into(),
                second: names[1].into(),
                dimension: D,
                first_i: 1,
                is_measured: true,
                pairs: 1,
                is_of_group: false,
                cells: overlap(&one, &other).unwrap().mapv(Some),
                limits: Default::default(),
            });
        }
    }
    grids
}

/// Results that are grids alone.
fn of_grids(grids: Vec<Grid>) -> Results {
    Results {
        grids,
        ..Results::default()
    }
}

fn one_and_two() -> Option<Compared> {
    Some(Compared::two("one", "two"))
}

/// What is found when these grids are all that is known of two seeds.
fn of_seeds(grids: Vec<Grid>) -> EvidenceTables {
    let mut evidence = Evidence::new(None, one_and_two(), 0);
    evidence.take(&of_grids(grids));
    evidence.finish(&[]).unwrap()
}

/// The rows of `ranks` and `seeds` for such adapters, ranks typed the larger one first.
fn evidence(shared: usize, cosine: f64, seed: usize) -> EvidenceTables {
    let ranks = Compared::two("large", "small");
    let mut evidence = Evidence::new(Some(ranks), one_and_two(), 0);
    let large = grids(["large", "small"], [16, 4], 6, shared, cosine, seed);
    evidence.take(&of_grids(large));
    let equal = grids(["one", "two"], [8, 8], 6, shared, cosine, seed + 1_000_000);
    evidence.take(&of_grids(equal));
    evidence.finish(&[]).unwrap()
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
    let tables = of_seeds(grids);
    let rows = &tables.evidence;
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
    let found = &findings(&tables)[0];
    assert_eq!(
        (found.count, found.holding, found.statistic.as_str()),
        (11, 11, "φ(r,r)")
    );
}

/// A group of runs has the mean over its pairs, and as many random frames as runs.
#[test]
fn a_group_of_runs_is_more_than_a_pair() {
    let runs = ["one", "two", "three"];
    let mut compared = Compared::two("one", "two");
    compared.labels = ["all", "all"].map(String::from);
    compared.pairs = vec![[0, 1], [0, 2], [1, 2]]
        .into_iter()
        .map(|pair| pair.map(|run| runs[run].to_string()))
        .collect();
    let mut evidence = Evidence::new(None, Some(compared.clone()), 0);
    let mut each = Vec::new();
    for (number, [first, second]) in compared.pairs.iter().enumerate() {
        let grids = grids([first, second], [8, 8], 6, 2, 0.6, 10 + number);
        each.push(grids[0].cells[(3, 3)].unwrap());
        evidence.take(&of_grids(grids));
    }
    let tables = evidence.finish(&[]).unwrap();
    let row = &tables.evidence[0];
    let mean = each.iter().sum::<f64>() / 3.0;
    assert!((row.value.unwrap() - mean).abs() < 1e-15);
    assert_eq!(
        (row.runs, row.pairs, row.first.as_str()),
        (3, Some(3), "all")
    );
    let drawn = lora_subspace::linalg::random_mean_shares(
        D,
        &[4, 4, 4],
        &[(0, 1), (0, 2), (1, 2)],
        9_999,
        "0/overlap/d96/k4-4-4/0-1/0-2/1-2",
    );
    let drawn = drawn.unwrap();
    let reached = drawn.iter().filter(|share| **share >= mean).count();
    assert_eq!(row.p, Some((1 + reached) as f64 / 10_000.0));
    let found = &findings(&tables)[0];
    assert_eq!((found.verdict.as_str(), found.runs), ("holds", 3));
    assert!(
        found
            .sentence
            .starts_with("The leading directions of the runs of all overlap")
            && found.sentence.contains("mean of 3 pairs"),
        "{}",
        found.sentence
    );
}

#[test]
fn runs_without_known_seeds_tell_nothing() {
    for (seeds, words) in [
        (Seeds::Unknown, "`seed =` is missing"),
        (Seeds::Same, "one seed"),
        (Seeds::OneStart, "a part of their common start"),
        (Seeds::OneRun, "checkpoints of one run"),
        (Seeds::Alike, "began as one, as the numbers of A tell"),
    ] {
        let mut compared = Compared::two("one", "two");
        compared.seeds = seeds;
        let mut evidence = Evidence::new(Some(compared.clone()), Some(compared), 0);
        evidence.take(&of_grids(grids(["one", "two"], [16, 8], 6, 2, 0.9, 0)));
        let tables = evidence.finish(&[]).unwrap();
        // The numbers stand.
        assert!(tables.evidence.iter().all(|row| row.value.is_some()));
        let found = findings(&tables);
        assert!(found.len() >= 4);
        for row in found {
            assert_eq!(row.verdict, "cannot be told", "{row:?}");
            assert!(row.sentence.contains(words), "{}", row.sentence);
        }
    }
}

/// The directions after the first are looked at by themselves.
#[test]
fn one_shared_direction_is_told_from_several() {
    let of = |shared| {
        let mut evidence = Evidence::new(Some(Compared::two("small", "large")), None, 0);
        evidence.take(&of_grids(grids(
            ["small", "large"],
            [4, 16],
            6,
            shared,
            0.9,
            0,
        )));
        findings(&evidence.finish(&[]).unwrap())
    };
    let (one, three) = (of(1), of(3));
    assert_eq!(verdict(&one, "ranks"), "holds");
    assert_eq!(verdict(&one, "ranks-others"), "holds");
    assert_eq!(verdict(&three, "ranks"), "holds");
    assert_eq!(verdict(&three, "ranks-others"), "does not hold");
    // At r = 1 there are no others.
    let mut evidence = Evidence::new(Some(Compared::two("small", "large")), None, 0);
    evidence.take(&of_grids(grids(["small", "large"], [1, 16], 6, 1, 0.9, 0)));
    let found = findings(&evidence.finish(&[]).unwrap());
    assert_eq!(verdict(&found, "ranks"), "holds");
    assert_eq!(verdict(&found, "ranks-others"), "");
}

#[test]
fn query_and_value_are_told_apart() {
    let of = |blocks, query: f64, value: f64| {
        let mut both = Vec::new();
        for (cosine, projection) in [(query, "query"), (value, "value")] {
            let mut grids = grids(["one", "two"], [8, 8], blocks, 3, cosine, 3);
            grids.retain(|grid| grid.module.projection == projection);
            both.extend(grids);
        }
        findings(&of_seeds(both))
    };
    assert_eq!(verdict(&of(6, 0.95, 0.3), "query-value"), "holds");
    assert_eq!(verdict(&of(6, 0.3, 0.95), "query-value"), "does not hold");
    let few = of(5, 0.95, 0.3);
    assert_eq!(verdict(&few, "query-value"), "cannot be told");
    let row = few.iter().find(|row| row.claim == "query-value").unwrap();
    assert_eq!((row.p, row.least_p), (Some(0.0625), Some(0.0625)));
    assert!(
        row.sentence.contains("5 layers, too few to tell"),
        "{}",
        row.sentence
    );
}

/// More shared in one direction and less in all: the three ways of counting do not agree.
#[test]
fn ways_of_counting_that_disagree_tell_nothing() {
    let mut both = Vec::new();
    for (cosine, shared, projection) in [(0.97, 1, "query"), (0.8, 6, "value")] {
        let mut grids = grids(["one", "two"], [8, 8], 8, shared, cosine, 3);
        grids.retain(|grid| grid.module.projection == projection);
        both.extend(grids);
    }
    let found = findings(&of_seeds(both));
    let row = found.iter().find(|row| row.claim == "query-value").unwrap();
    assert_eq!(row.verdict, "cannot be told", "{}", row.sentence);
}

#[test]
fn verdicts_on_random_adapters() {
    let studies = 60;
    let (mut holding, mut significant, mut any, mut modules) = ([0; 2], 0, [0; 2], 0);
    for seed in 0..studies {
        let tables = evidence(0, 0.0, 2 * seed + 7);
        let (found, rows) = (findings(&tables), &tables.evidence);
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
fn the_factor_is_held_against_that_of_random_updates() {
    // ‖UᵀWV‖ over chance: 16 at r = 4 and 6 at r = 64 in the paper, so that the factor over chance
    // rises although the raw one falls.
    let row =
        |block: usize, adapter: &str, rank: usize, over: f64, delta_norm: f64| AmplificationRow {
            module: format!("h.{block}.q_proj"),
            component: String::new(),
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
        let evidence = Evidence::new(None, None, 0);
        findings(&evidence.finish(&rows(blocks, low, high)).unwrap())
    };
    // Without W there are no draws to hold it against, and no verdict.
    let as_in_the_paper = of(8, 15.9, 5.9);
    let found = as_in_the_paper
        .iter()
        .find(|row| row.claim == "factor")
        .unwrap();
    assert_eq!(found.verdict, "cannot be told");
    assert!(
        found
            .sentence
            .contains("the factor falls in 8 of 8 modules"),
        "{}",
        found.sentence
    );
    // With them there is: the draws of a W of independent numbers.
    let draws = |blocks: usize| -> Vec<DrawRow> {
        let of = |block: usize| {
            [(4usize, 0.18), (64, 0.011)]
                .into_iter()
                .flat_map(move |(rank, sd)| {
                    (0..200).map(move |draw| DrawRow {
                        module: format!("h.{block}.q_proj"),
                        component: String::new(),
                        adapter: format!("r{rank}"),
                        rank,
                        draw,
                        projected_norm: 0.005
                            * rank as f64
                            * f64::exp(sd * (draw as f64 / 100.0 - 0.995) * 1.73),
                    })
                })
        };
        (0..blocks).flat_map(of).collect()
    };
    let of = |blocks, low, high| {
        let mut evidence = Evidence::new(None, None, 0);
        evidence.take(&Results {
            draws: draws(blocks),
            ..Results::default()
        });
        let found = findings(&evidence.finish(&rows(blocks, low, high)).unwrap());
        let row = found.into_iter().find(|row| row.claim == "factor");
        row.unwrap()
    };
    let risen = of(8, 15.9, 5.9);
    assert_eq!(risen.verdict, "does not hold");
    assert!(
        risen
            .sentence
            .contains("relative to random updates in 0 of 8 layers"),
        "{}",
        risen.sentence
    );
    assert_eq!(of(8, 2.0, 5.9).verdict, "holds");
    assert_eq!(of(8, 1.01, 1.0).verdict, "cannot be told");
}

/// ln(factor over its typical value) at a small rank less that at a large one, of random updates of a
/// W with one direction far above the others, and ‖UᵀWV‖ of these: each side is found as often as its
/// level says.
#[test]
fn random_updates_are_told_from_nothing_as_often_as_the_level_says() {
    let (d, layers, studies) = (48, 12, 80);
    let sigma = ndarray::Array1::from_iter((0..d).map(|l| 20.0 / (1.0 + l as f64).powi(2) + 1.0));
    let of = |study: usize| {
        let (mut rows, mut results) = (Vec::new(), Results::default());
        for layer in 0..layers {
            let frame = |what: &str, k| haar(d, k, &format!("{study}/{layer}/{what}")).unwrap();
            let (left, right) = (frame("left", d), frame("right", d));
            let w = (&left.basis() * &sigma).dot(&right.basis().t());
            let key = format!("{study}/{layer}");
            let drawn = random_norms(w.view(), &[(2, 400), (16, 60)], &key).unwrap();
            for ((name, rank), drawn) in [("r2", 2), ("r16", 16)].into_iter().zip(drawn) {
                let (u, v) = (
                    frame(&format!("{name}u"), rank),
                    frame(&format!("{name}v"), rank),
                );
                let norm = projected_norms(w.view(), &[(u.basis(), v.basis())])[0];
                let path = format!("h.{layer}.q_proj");
                rows.push(AmplificationRow {
                    module: path.clone(),
                    component: String::new(),
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
                let draws = drawn.into_iter().enumerate();
                results
                    .draws
                    .extend(draws.map(|(draw, projected_norm)| DrawRow {
                        module: path.clone(),
                        component: String::new(),
                        adapter: name.into(),
                        rank,
                        draw,
                        projected_norm,
                    }));
            }
        }
        let mut evidence = Evidence::new(None, None, 0);
        evidence.take(&results);
        let found = findings(&evidence.finish(&rows).unwrap());
        ["factor", "correlates"].map(|claim| {
            let row = found.iter().find(|row| row.claim == claim).unwrap();
            (row.verdict.clone(), row.p.unwrap())
        })
    };
    let found: Vec<[(String, f64); 2]> = (0..studies).map(of).collect();
    let told = |claim: usize, verdict: &str| {
        found
            .iter()
            .filter(|study| study[claim].0 == verdict)
            .count()
    };
    println!(
        "factor holds {}, fails {}; correlates holds {} of {studies}",
        told(0, "holds"),
        told(0, "does not hold"),
        told(1, "holds")
    );
    // 2.5 % each way, of 80: more than eight happen less than once in a thousand times.
    assert!(told(0, "holds") <= 8 && told(0, "does not hold") <= 8);
    // 5 %, of 80: more than eleven happen less than once in five hundred times.
    let low = |claim: usize| found.iter().filter(|study| study[claim].1 <= 0.05).count();
    assert!(low(1) <= 11, "{}", low(1));
    assert!(told(1, "holds") <= low(1));
    // p is spread evenly.
    for claim in 0..2 {
        let mean = found.iter().map(|study| study[claim].1).sum::<f64>() / studies as f64;
        assert!((mean - 0.5).abs() < 0.11, "{mean}");
    }
}

#[test]
fn what_shares_nothing_tells_no_story_of_a_and_b() {
    let mut both = Vec::new();
    for (seed, basis) in [(3, Basis::A), (4, Basis::B)] {
        let mut grids = grids(["one", "two"], [8, 8], 8, 0, 0.0, seed);
        grids.iter_mut().for_each(|grid| grid.basis = basis);
        both.extend(grids);
    }
    let found = findings(&of_seeds(both));
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
    let found = findings(&of_seeds(grids));
    assert_eq!((found[0].claim.as_str(), found[0].count), ("seeds", 6));
    assert!(found.iter().all(|row| row.claim != "query-value"));
}

/// A module's three rows of placement in a 100 × 100 W, at k = 10.
fn placed(layer: usize, shares: [f64; 3], bound: Option<f64>) -> Vec<PlacementRow> {
    let sides = [("out", 0.1), ("in", 0.1), ("both", 0.01)];
    let row = |((side, chance), share): ((&str, f64), f64)| PlacementRow {
        module: format!("h.{layer}.q"),
        component: String::new(),
        layer: Some(layer),
        projection: "q".into(),
        adapter: "r8".into(),
        k: 10,
        side: side.into(),
        share: Some(share),
        chance,
        sd: Some(0.01),
        z: None,
        enrichment: None,
        sin_theta_bound: bound,
    };
    sides.into_iter().zip(shares).map(row).collect()
}

#[test]
fn one_side_in_the_top_directions_is_enough_to_be_contained() {
    let of = |shares: [f64; 3], bound: Option<f64>| {
        let rows: Vec<EvidenceRow> = (0..3)
            .flat_map(|layer| placed(layer, shares, bound))
            .map(|row| EvidenceRow {
                claim: "new-directions".into(),
                module: row.module,
                component: String::new(),
                layer: row.layer,
                projection: row.projection,
                basis: String::new(),
                first: row.adapter,
                second: "base".into(),
                runs: 1,
                pairs: None,
                seeds: String::new(),
                statistic: format!("{}, k = {}", row.side, row.k),
                value: row.share,
                chance: Some(row.chance),
                sd: row.sd,
                bound: row.sin_theta_bound,
                p: Some(1e-3),
                p_adjusted: Some(9e-3),
            })
            .collect();
        findings(&EvidenceTables::new(rows, vec![], vec![]))[0].clone()
    };
    let sure = Some(1e-9);
    assert_eq!(of([0.12, 0.1, 0.01], sure).verdict, "holds");
    assert_eq!(of([0.1, 0.97, 0.1], sure).verdict, "does not hold");
    assert_eq!(of([0.97, 0.1, 0.1], sure).verdict, "does not hold");
    // Known to an angle only, or not at all.
    assert_eq!(of([0.48, 0.1, 0.1], Some(0.05)).verdict, "cannot be told");
    assert_eq!(of([0.52, 0.1, 0.1], Some(0.05)).verdict, "cannot be told");
    let unknown = of([0.12, 0.1, 0.01], None);
    assert_eq!(unknown.verdict, "cannot be told");
    assert!(
        unknown.sentence.contains("neither in 3"),
        "{}",
        unknown.sentence
    );
}
