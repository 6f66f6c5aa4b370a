//! Checkpoints of one run, and runs that began as one: measured, and no claim about seeds is judged.

use std::fs;
use std::path::Path;

use lora_subspace::linalg::Stream;
use lora_subspace::table::{EvidenceRow, FindingRow, from_csv};
use ndarray::{Array2, Axis, concatenate};
use serde_json::{Value, json};

use crate::files::Tensors;
use crate::made::done;
use crate::programs::{Outcome, run};

pub(crate) const D: usize = 48;

/// Numbers that a key gives, as f32 has them.
pub(crate) fn numbers(shape: (usize, usize), key: &str) -> Array2<f64> {
    let mut stream = Stream::new(key);
    Array2::from_shape_simple_fn(shape, || stream.normal() as f32 as f64)
}

pub(crate) fn paths() -> Vec<String> {
    let of_layer = |layer| ["q_proj", "v_proj"].map(|name| format!("h.{layer}.{name}"));
    (0..4).flat_map(of_layer).collect()
}

/// B and A of a module.
type Factors = (Array2<f64>, Array2<f64>);

/// A run at a step: its start by its seed, what all runs learn in common, and what it learned alone.
pub(crate) fn trained(path: &str, rank: usize, seed: &str, steps: usize) -> Factors {
    let of = |what: &str, shape| numbers(shape, &format!("{path}/{what}"));
    let length = steps as f64 / 1_000.0;
    let common = of("common", (2, D));
    let amounts = of(&format!("{seed}/amounts"), (rank, 2));
    let own = of(&format!("{seed}/{steps}"), (rank, D));
    let a = of(&format!("{seed}/start/{rank}"), (rank, D))
        + (amounts.dot(&common) * 1.5 + own * 0.2) * length;
    let b = of(&format!("{seed}/b/{steps}"), (D, rank)) * length;
    (b, a)
}

/// A PEFT folder of such factors, with more in its config.
pub(crate) fn save(folder: &Path, factors: &dyn Fn(&str) -> Factors, more: Value) {
    let mut rank = 0;
    let mut tensors = Tensors::default();
    for path in paths() {
        let (b, a) = factors(&path);
        rank = a.nrows();
        let name = |factor| format!("base_model.model.{path}.lora_{factor}.weight");
        tensors = tensors.values(&name('B'), &[D, rank], &b);
        tensors = tensors.values(&name('A'), &[rank, D], &a);
    }
    tensors.save(&folder.join("adapter_model.safetensors"));
    let mut config = json!({"peft_type": "LORA", "r": rank, "lora_alpha": 8});
    for (name, value) in more.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    fs::write(folder.join("adapter_config.json"), config.to_string()).unwrap();
}

/// Three checkpoints of each of some runs of rank 4.
pub(crate) fn checkpoints(folder: &Path, runs: &[&str], rank: usize) {
    for run in runs {
        for steps in [500, 1_000, 1_500] {
            let place = folder.join(run).join(format!("checkpoint-{steps}"));
            save(&place, &|path| trained(path, rank, run, steps), json!({}));
            let state = json!({"global_step": steps, "log_history": []});
            fs::write(place.join("trainer_state.json"), state.to_string()).unwrap();
        }
    }
}

/// A study of some adapters with seeds of their own, all compared as seeds.
fn study(folder: &Path, adapters: &[&str], seeds: &str) {
    let adapter = |(number, path): (usize, &&str)| {
        let name = path.replace('/', "-");
        format!("[[adapter]]\nname = \"{name}\"\npath = \"{path}\"\nseed = {number}\n")
    };
    let adapters: String = adapters.iter().enumerate().map(adapter).collect();
    let text =
        format!("name = \"s\"\n{adapters}[compare]\nbases = [\"a\", \"b\"]\nseeds = {seeds}\n");
    fs::write(folder.join("study.toml"), text).unwrap();
}

fn rows<Row: serde::de::DeserializeOwned>(folder: &Path, name: &str) -> Vec<Row> {
    let path = folder.join("out/notebooks-export/s").join(name);
    from_csv(name, fs::read(path).unwrap().as_slice()).unwrap()
}

fn regenerate(folder: &Path) -> (Outcome, Vec<FindingRow>) {
    let outcome = done(
        "regenerate",
        &["study.toml", "--no-figures", "--out", "out"],
        folder,
    );
    let found = rows(folder, "findings.csv");
    (outcome, found)
}

/// Every claim of a study about several runs is open for a reason that its findings and a warning give.
fn nothing_is_judged(folder: &Path, word: &str, sentence: &str, warning: &str) {
    let (outcome, mut found) = regenerate(folder);
    // What is said of one run alone stands.
    found.retain(|row| row.claim != "low-rank");
    assert!(found.len() >= 3, "{found:?}");
    for row in &found {
        assert_eq!(row.verdict, "cannot be told", "{row:?}");
        assert!(row.sentence.contains(sentence), "{}", row.sentence);
    }
    let mut evidence: Vec<EvidenceRow> = rows(folder, "evidence.csv");
    evidence.retain(|row| row.claim != "low-rank");
    assert!(evidence.iter().all(|row| row.seeds == word), "{evidence:?}");
    // The numbers stand.
    assert!(evidence.iter().any(|row| row.value.is_some()));
    let page = fs::read_to_string(folder.join("out/notebooks-export/s/findings.md")).unwrap();
    let mut lines = page.lines().filter(|line| !line.contains("`low-rank`"));
    assert!(
        page.contains(sentence) && !lines.any(|line| line.contains(": holds")),
        "{page}"
    );
    let said = format!("warning: seeds: no claim about seeds is judged, as {warning}");
    assert!(outcome.stderr.contains(&said), "{said}: {}", outcome.stderr);
}

#[test]
fn checkpoints_of_one_run_are_no_seeds_even_where_a_study_says_so() {
    let folder = tempfile::tempdir().unwrap();
    checkpoints(folder.path(), &["run"], 4);
    let both = ["run/checkpoint-500", "run/checkpoint-1500"];
    study(
        folder.path(),
        &both,
        "[\"run-checkpoint-500\", \"run-checkpoint-1500\"]",
    );
    let said =
        "run-checkpoint-500 and run-checkpoint-1500 are checkpoints of one run, as their names say";
    let sentence = "the runs that are compared are checkpoints of one run";
    nothing_is_judged(folder.path(), "one run", sentence, said);
    // A group of nothing else is measured, too.
    let all = [
        "run/checkpoint-500",
        "run/checkpoint-1000",
        "run/checkpoint-1500",
    ];
    study(folder.path(), &all, "[\"run-*\"]");
    fs::remove_dir_all(folder.path().join("out")).unwrap();
    let said = "run-checkpoint-500 and run-checkpoint-1000 are checkpoints of one run, as their names say; \
                2 more of the 3 pairs are so";
    nothing_is_judged(folder.path(), "one run", sentence, said);
}

#[test]
fn runs_of_one_run_are_no_pairs_of_a_group_that_has_others() {
    let folder = tempfile::tempdir().unwrap();
    checkpoints(folder.path(), &["one", "two"], 4);
    let all = [
        "one/checkpoint-500",
        "one/checkpoint-1500",
        "two/checkpoint-1500",
    ];
    study(folder.path(), &all, "[\"one-*\", \"two-*\"]");
    let (outcome, found) = regenerate(folder.path());
    let said = "a pair is not compared, as the two are checkpoints of one run, as their names say: \
                one-checkpoint-500 with one-checkpoint-1500";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    let seeds = found.iter().find(|row| row.claim == "seeds").unwrap();
    assert_eq!((seeds.verdict.as_str(), seeds.runs), ("holds", 3));
}

/// The numbers of A tell, wherever the files lie and whatever a study says of their seeds.
#[test]
fn runs_of_one_start_are_known_by_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let turned = |path: &str, run: &str| {
        // Another basis of one A, as a frozen A has that was saved as singular vectors.
        let turn = numbers((4, 4), &format!("{path}/{run}/turn"));
        (
            trained(path, 4, run, 500).0,
            turn.dot(&trained(path, 4, "0", 1).1),
        )
    };
    let doubled = |path: &str, run: &str| {
        let (b, a) = trained(path, 4, run, 1_000);
        let (start_b, start) = trained(path, 4, "0", 1);
        let a = concatenate(Axis(0), &[a.view(), start.view()]).unwrap();
        (
            concatenate(Axis(1), &[b.view(), start_b.view()]).unwrap(),
            a,
        )
    };
    save(&at("early"), &|path| trained(path, 4, "0", 500), json!({}));
    save(&at("late"), &|path| trained(path, 4, "0", 1_500), json!({}));
    for run in ["1", "2"] {
        save(
            &at(&format!("turned{run}")),
            &|path| turned(path, run),
            json!({}),
        );
        save(
            &at(&format!("doubled{run}")),
            &|path| doubled(path, run),
            json!({}),
        );
        save(
            &at(&format!("seed{run}")),
            &|path| trained(path, 4, run, 1_500),
            json!({}),
        );
    }
    let sentence = "the runs that are compared began as one, as the numbers of A tell";
    for (one, other, said) in [
        (
            "early",
            "late",
            "began as one: of 32 rows of A 32 are most like the same row of the other, by chance 4",
        ),
        (
            "turned1",
            "turned2",
            "began as one: A spans one space in both, and B does not; mean φ(r,r) of A is 1.000, of B 0.0",
        ),
        ("doubled1", "doubled2", "began as one: of 64 rows of A "),
    ] {
        study(
            folder.path(),
            &[one, other],
            &format!("[\"{one}\", \"{other}\"]"),
        );
        nothing_is_judged(
            folder.path(),
            "alike",
            sentence,
            &format!("{one} and {other} {said}"),
        );
        fs::remove_dir_all(at("out")).unwrap();
    }
    // Two seeds learn the same two directions: their rows are alike, and in no order.
    study(folder.path(), &["seed1", "seed2"], "[\"seed1\", \"seed2\"]");
    let (outcome, found) = regenerate(folder.path());
    assert!(!outcome.stderr.contains("no claim"), "{}", outcome.stderr);
    let seeds = found.iter().find(|row| row.claim == "seeds").unwrap();
    assert_eq!(seeds.verdict, "holds", "{}", seeds.sentence);
}

#[test]
fn a_command_line_says_it_too() {
    let folder = tempfile::tempdir().unwrap();
    checkpoints(folder.path(), &["run"], 4);
    let arguments = ["run/checkpoint-500", "run/checkpoint-1000", "--no-figures"];
    let outcome = run("subspace-overlap", &arguments, folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let said = "warning: seeds: no claim about seeds is judged, as checkpoint-500 and checkpoint-1000 are \
                checkpoints of one run";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    let said = "seeds: cannot be told — Whether the leading directions of checkpoint-500 and checkpoint-1000 \
                overlap beyond chance cannot be told: the runs that are compared are checkpoints";
    assert!(outcome.stdout.contains(said), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains(": holds"), "{}", outcome.stdout);
}
