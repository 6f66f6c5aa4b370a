//! Error rates and power of the findings, on whole studies that the program reads from disk.
//!
//! `STUDIES=200 cargo test --test commands calibrated -- --nocapture` runs more of them, and prints the
//! rates that METHODS.md gives.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lora_subspace::findings::{Evidence, findings};
use lora_subspace::linalg::{Stream, Subspace, haar};
use lora_subspace::measure::Basis;
use lora_subspace::study::{Plan, Request};
use lora_subspace::table::{FindingRow, from_csv};
use ndarray::{Array1, Array2, Axis, s};
use rayon::prelude::*;
use serde_json::json;

use crate::files::{Tensors, repository};
use crate::programs::run;

const D: usize = 96;
const LAYERS: usize = 6;
const PROJECTIONS: [&str; 2] = ["query", "value"];
/// Name, rank and seed of each run.
const RUNS: [(&str, usize, u64); 3] = [("r2", 2, 0), ("r8-one", 8, 1), ("r8-two", 8, 2)];

/// What a made-up study has beside chance.
#[derive(Clone, Copy)]
enum Made {
    /// Independent updates.
    Nothing,
    /// Four coordinates of every input are so many times as loud as the others, from the first layer
    /// to the last.
    Loud([f64; 2]),
    /// Two directions of a layer's A are alike in all runs.
    SameLayer,
    /// ΔW's directions are near pairs of W's own, at this cosine.
    Correlated(f64),
    /// A has W's top right directions.
    TopRight,
}

fn normal(rows: usize, columns: usize, key: &str) -> Array2<f64> {
    let mut stream = Stream::new(key);
    Array2::from_shape_simple_fn((rows, columns), || stream.normal())
}

/// Rows in an order and with signs of their own, as independent starts have them.
fn shuffled(a: Array2<f64>, key: &str) -> Array2<f64> {
    let mut stream = Stream::new(key);
    let mut order: Vec<(f64, usize)> = (0..a.nrows()).map(|row| (stream.uniform(), row)).collect();
    order.sort_by(|one, other| one.0.total_cmp(&other.0));
    let order: Vec<usize> = order.into_iter().map(|(_, row)| row).collect();
    let signs = Array2::from_shape_simple_fn((a.nrows(), 1), || stream.normal().signum());
    a.select(Axis(0), &order) * signs
}

/// A study in a folder, with everything that the program reads.
fn write(folder: &Path, made: Made, number: usize) {
    let mut base = Tensors::default();
    let mut adapters = RUNS.map(|_| Tensors::default());
    for layer in 0..LAYERS {
        for projection in PROJECTIONS {
            let module = format!("layers.{layer}.{projection}");
            let key = format!("{number}/{module}");
            let frame =
                |what: &str, k| -> Subspace { haar(D, k, &format!("{key}/{what}")).unwrap() };
            let (left, right) = (frame("w-left", D), frame("w-right", D));
            let sigma = Array1::from_iter((1..=D).map(|l| (l as f64).powf(-0.5)));
            let mut w = (&left.basis() * &sigma).dot(&right.basis().t());
            let loudness = match made {
                Made::Loud([low, high]) => low + (high - low) * layer as f64 / (LAYERS - 1) as f64,
                _ => 1.0,
            };
            w.slice_mut(s![.., ..4]).mapv_inplace(|x| x * loudness);
            for (tensors, (name, rank, _)) in adapters.iter_mut().zip(RUNS) {
                let mut a = normal(rank, D, &format!("{key}/{name}/a"));
                let mut b = normal(D, rank, &format!("{key}/{name}/b"));
                a.slice_mut(s![.., ..4]).mapv_inplace(|x| x * loudness);
                match made {
                    Made::SameLayer => {
                        // Two rows, twice as long as the others, so that they lead.
                        let shared = frame("shared", 2);
                        for l in 0..2 {
                            let own = 0.45 * &a.row(l);
                            let row = &shared.basis().column(l) * (20.0 - l as f64) + own;
                            a.row_mut(l).assign(&row);
                        }
                    }
                    Made::Correlated(cosine) => {
                        let turned = |own: &Subspace, what: &str| {
                            let other = frame(&format!("{name}-{what}"), rank);
                            let sine = (1.0 - cosine * cosine).sqrt();
                            cosine * &own.leading(rank) + sine * &other.basis()
                        };
                        a = turned(&right, "right").t().to_owned();
                        b = turned(&left, "left");
                    }
                    Made::TopRight => a = right.leading(rank).t().to_owned(),
                    Made::Nothing | Made::Loud(_) => {}
                }
                let a = shuffled(a, &format!("{key}/{name}/order"));
                let path = format!("base_model.model.m.{module}");
                *tensors = std::mem::take(tensors)
                    .values(&format!("{path}.lora_A.weight"), &[rank, D], &a)
                    .values(&format!("{path}.lora_B.weight"), &[D, rank], &b);
            }
            base = base.values(&format!("{module}.weight"), &[D, D], &w);
        }
    }
    base.save(&folder.join("base/model.safetensors"));
    let mut text = String::from("name = \"made\"\nbase = \"base\"\n");
    text += &format!("seed = {number}\n");
    for (tensors, (name, rank, seed)) in adapters.iter().zip(RUNS) {
        tensors.save(&folder.join(name).join("adapter_model.safetensors"));
        let config = json!({"peft_type": "LORA", "r": rank, "lora_alpha": 4, "base_model_name_or_path": "tiny"});
        fs::write(
            folder.join(name).join("adapter_config.json"),
            config.to_string(),
        )
        .unwrap();
        text += &format!("[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\nseed = {seed}\n");
    }
    text += "[compare]\nbases = [\"a\", \"b\"]\nranks = [\"r2\", \"r8-one\"]\n\
             seeds = [\"r8-one\", \"r8-two\"]\nbase = [\"r2\"]\n";
    fs::write(folder.join("study.toml"), text).unwrap();
}

/// The findings of so many studies, made by the program.
fn studies(made: Made, from: usize, count: usize) -> Vec<Vec<FindingRow>> {
    (from..from + count)
        .into_par_iter()
        .map(|number| {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), made, number);
            let arguments = ["study.toml", "--no-figures", "-q", "--threads", "1"];
            let outcome = run("regenerate", &arguments, folder.path());
            assert_eq!(outcome.code, 0, "{}", outcome.stderr);
            let path = folder.path().join("notebooks-export/made/findings.csv");
            from_csv("findings.csv", &fs::read(path).unwrap()).unwrap()
        })
        .collect()
}

/// How often each claim got each verdict, and its p.
struct Rates<'a> {
    studies: &'a [Vec<FindingRow>],
}

impl Rates<'_> {
    fn told(&self, claim: &str, verdict: &str) -> usize {
        let is_it = |row: &&FindingRow| row.claim == claim && row.verdict == verdict;
        self.studies.iter().flatten().filter(is_it).count()
    }

    fn significant(&self, claim: &str) -> usize {
        let is_it = |row: &&FindingRow| row.claim == claim && row.p.is_some_and(|p| p <= 0.05);
        self.studies.iter().flatten().filter(is_it).count()
    }

    fn print(&self, what: &str) {
        let mut claims: BTreeMap<&str, ()> = BTreeMap::new();
        for row in self.studies.iter().flatten() {
            claims.insert(&row.claim, ());
        }
        println!("{what}, {} studies", self.studies.len());
        for claim in claims.keys() {
            println!(
                "  {claim}: holds {}, does not {}, p ≤ 0.05 {}",
                self.told(claim, "holds"),
                self.told(claim, "does not hold"),
                self.significant(claim)
            );
        }
    }
}

/// How many studies: the given number, or that of the environment.
fn many(usual: usize) -> usize {
    let asked = std::env::var("STUDIES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// More than this of `studies` has less than one chance in a thousand at 2.5 or 5 %.
fn most(studies: usize, rate: f64) -> usize {
    let mean = rate * studies as f64;
    (mean + 3.3 * (mean * (1.0 - rate)).sqrt() + 1.0).floor() as usize
}

#[test]
fn studies_of_nothing_tell_nothing() {
    let count = many(40);
    let found = studies(Made::Nothing, 0, count);
    let rates = Rates { studies: &found };
    rates.print("nothing");
    for claim in ["ranks", "seeds", "seeds-layers"] {
        assert_eq!(rates.told(claim, "holds"), 0, "{claim}");
    }
    assert_eq!(rates.told("ranks-others", "does not hold"), 0);
    assert_eq!(rates.told("new-directions", "does not hold"), 0);
    // Of eight random directions seven are needed.
    assert_eq!(rates.told("low-rank", "does not hold"), count);
    for claim in ["factor", "query-value"] {
        for verdict in ["holds", "does not hold"] {
            assert!(
                rates.told(claim, verdict) <= most(count, 0.025),
                "{claim} {verdict}"
            );
        }
    }
    assert!(rates.told("correlates", "holds") <= most(count, 0.05));
    assert!(rates.significant("correlates") <= most(count, 0.05));
    assert!(rates.significant("seeds-layers") <= most(count, 0.05));
}

/// Loud coordinates pull all A together, which is no evidence of one layer.
#[test]
fn loud_inputs_do_not_make_layers_alike() {
    let count = many(12);
    for (number, loudness) in [[8.0, 8.0], [2.0, 4.0], [1.0, 8.0]].into_iter().enumerate() {
        let found = studies(Made::Loud(loudness), 1_000 * (number + 1), count);
        let rates = Rates { studies: &found };
        rates.print(&format!("loudness {loudness:?}"));
        assert_eq!(rates.told("seeds-layers", "holds"), 0, "{loudness:?}");
        assert!(
            rates.significant("seeds-layers") <= most(count, 0.05),
            "{loudness:?}"
        );
    }
}

#[test]
fn what_is_planted_in_a_study_is_found() {
    let count = many(6);
    let found = studies(Made::SameLayer, 10_000, count);
    let rates = Rates { studies: &found };
    rates.print("same layer");
    for claim in ["ranks", "seeds", "seeds-layers"] {
        assert_eq!(rates.told(claim, "holds"), count, "{claim}");
    }
    let found = studies(Made::Correlated(0.35), 20_000, count);
    let rates = Rates { studies: &found };
    rates.print("correlated");
    assert_eq!(rates.told("correlates", "holds"), count);
    let found = studies(Made::TopRight, 30_000, count);
    let rates = Rates { studies: &found };
    rates.print("top right directions");
    assert_eq!(rates.told("new-directions", "does not hold"), count);
}

/// Another stream of random numbers turns no verdict of the built-in study; published rows have none.
#[test]
fn no_verdict_hangs_on_the_random_stream() {
    let study = repository().join("experiments/minilm-sst2/study.toml");
    let verdicts = |seed: u64| -> BTreeMap<String, String> {
        let mut request = Request::everything();
        request.seed = Some(seed);
        request.bases = vec![Basis::A, Basis::B];
        let plan = Plan::from_file(&study, &request).unwrap();
        let mut evidence = Evidence::of_plan(&plan);
        let mut rows = Vec::new();
        let streamed = plan.stream(&|| {}, &mut |results| {
            evidence.take(&results);
            rows.extend(results.amplification);
            Ok(())
        });
        streamed.unwrap();
        let tables = evidence.finish(&rows).unwrap();
        let found = findings(&tables).into_iter();
        found.map(|row| (row.claim, row.verdict)).collect()
    };
    let committed = repository().join("notebooks-export/minilm-sst2/findings.csv");
    let committed: Vec<FindingRow> =
        from_csv("findings.csv", &fs::read(committed).unwrap()).unwrap();
    let committed: BTreeMap<String, String> = committed
        .into_iter()
        .map(|row| (row.claim, row.verdict))
        .collect();
    for seed in 1..=20 {
        assert_eq!(verdicts(seed), committed, "seed {seed}");
    }
}
