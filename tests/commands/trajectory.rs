//! Checkpoints of a run: what they give, which steps they are, and that they change nothing else.

use std::fs;
use std::path::Path;

use lora_subspace::table::{FindingRow, TrajectoryRow, from_csv};
use serde_json::Value;

use crate::made::{done, figure_files};
use crate::programs::{Outcome, files, run};
use crate::workshop::{AdapterFolder, D_OUT, MODULES, factor, workshop};

const EARLIER: [u64; 3] = [0, 10, 20];

/// A checkpoint; at step 0 with B = 0, and with one A all along.
fn checkpoint(step: u64) -> AdapterFolder {
    let folder = AdapterFolder::new(2, 1);
    folder.tensors(|tensors| {
        MODULES
            .iter()
            .zip(0..)
            .fold(tensors, |tensors, (module, salt)| {
                let name = factor(module, 'B');
                let tensors = tensors.without(&name);
                match step {
                    0 => tensors.constant(&name, &[D_OUT, 2], 0.0),
                    _ => tensors.with(&name, &[D_OUT, 2], 7 * step as u32 + salt),
                }
            })
    })
}

/// The workshop, with `run/checkpoint-{0,10,20,40}` in it.
fn with_run() -> tempfile::TempDir {
    let folder = workshop();
    for step in EARLIER.into_iter().chain([40]) {
        checkpoint(step).save(&folder.path().join(format!("run/checkpoint-{step}")));
    }
    folder
}

/// Writes a study of the run's last checkpoint beside `three`; `keys` are more of the former's.
fn study(folder: &Path, keys: &str, more: &str) {
    let text = format!(
        "name = \"s\"\n[[adapter]]\nname = \"run\"\npath = \"run/checkpoint-40\"\nseed = 0\n{keys}\
         [[adapter]]\nname = \"three\"\npath = \"three\"\nseed = 1\n[compare]\nseeds = [\"run\", \"three\"]\n{more}"
    );
    fs::write(folder.join("study.toml"), text).unwrap();
}

fn measured(folder: &Path, keys: &str) -> Outcome {
    study(folder, keys, "");
    done("regenerate", &["study.toml", "--no-figures"], folder)
}

fn rows(folder: &Path) -> Vec<TrajectoryRow> {
    let bytes = fs::read(folder.join("notebooks-export/s/trajectory.csv")).unwrap();
    from_csv("trajectory.csv", &bytes).unwrap()
}

/// The steps of the first module, in the order of the rows.
fn steps(folder: &Path) -> Vec<u64> {
    let rows = rows(folder);
    let first = rows[0].module.clone();
    let mut steps: Vec<u64> = rows
        .iter()
        .filter(|row| row.module == first)
        .map(|row| row.step)
        .collect();
    steps.dedup();
    steps
}

fn finding(folder: &Path) -> FindingRow {
    let bytes = fs::read(folder.join("notebooks-export/s/findings.csv")).unwrap();
    let found: Vec<FindingRow> = from_csv("findings.csv", &bytes).unwrap();
    found
        .into_iter()
        .find(|row| row.claim == "locks-early")
        .unwrap()
}

const STEPS: &str = "steps = \"run/checkpoint-*\"\n";

#[test]
fn a_run_has_a_row_a_module_step_and_basis() {
    let folder = with_run();
    let outcome = measured(folder.path(), STEPS);
    assert!(
        !outcome.stderr.contains("step number"),
        "{}",
        outcome.stderr
    );
    let text = fs::read_to_string(folder.path().join("notebooks-export/s/trajectory.csv")).unwrap();
    assert_eq!(
        text.lines().next().unwrap(),
        "module,component,layer,projection,adapter,step,basis,k,norm,stable_rank,similarity_to_last,\
         similarity_to_previous,similarity_to_start,chance"
    );
    let rows = rows(folder.path());
    assert_eq!(rows.len(), MODULES.len() * 4 * 3);
    assert_eq!(steps(folder.path()), [0, 10, 20, 40]);
    for row in &rows {
        assert_eq!((row.adapter.as_str(), row.k), ("run", 2));
        let d = if row.basis == "delta-left" { 6.0 } else { 5.0 };
        assert!((row.chance - 2.0 / d).abs() < 1e-9, "{row:?}");
        let near = [
            row.similarity_to_last,
            row.similarity_to_previous,
            row.similarity_to_start,
        ];
        match row.step {
            0 => {
                assert_eq!(
                    (row.norm, row.stable_rank, near),
                    (0.0, None, [None; 3]),
                    "{row:?}"
                );
            }
            step => {
                assert!(row.norm > 0.0 && row.stable_rank.unwrap() >= 1.0);
                assert_eq!(
                    near[1].is_some(),
                    step > 10,
                    "nothing is before the first: {row:?}"
                );
                // A never moved, so that the input side is where it was.
                let is_right = row.basis != "delta-left";
                assert_eq!(
                    near[0].unwrap() > 1.0 - 1e-9,
                    is_right || step == 40,
                    "{row:?}"
                );
                assert_eq!(near[2].is_some(), row.basis == "a");
                assert!(near[2].is_none_or(|start| start > 1.0 - 1e-9));
            }
        }
    }
    // The input side is near from the first step, and the run is not locked by that.
    let found = finding(folder.path());
    assert_eq!(
        (found.verdict.as_str(), found.count, found.holding),
        ("does not hold", 4, 0)
    );
}

#[test]
fn a_figure_is_drawn_and_everything_is_checked() {
    let folder = with_run();
    study(
        folder.path(),
        STEPS,
        "[figures]\nwhich = [\"trajectory\"]\n",
    );
    done("regenerate", &["study.toml"], folder.path());
    let drawn = files(&folder.path().join("figures/s"));
    assert_eq!(drawn, figure_files(&["trajectory"]));
    done("regenerate", &["study.toml", "--check"], folder.path());
    let record = fs::read(folder.path().join("notebooks-export/s/run-regenerate.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    let inputs = record["run"]["inputs"].as_array().unwrap();
    let of: Vec<&str> = inputs
        .iter()
        .map(|input| input["of"].as_str().unwrap())
        .collect();
    for name in [
        "run",
        "run, step 0",
        "run, step 10",
        "run, step 20",
        "three",
    ] {
        assert_eq!(
            of.iter().filter(|one| **one == name).count(),
            2,
            "{name} in {of:?}"
        );
    }
    // A number that was changed in the table is found.
    let path = folder.path().join("notebooks-export/s/trajectory.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replacen(",20,delta-left,2,", ",20,delta-left,2,1", 1),
    )
    .unwrap();
    let outcome = run("regenerate", &["study.toml", "--check"], folder.path());
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("trajectory.csv"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn checkpoints_change_nothing_that_is_compared() {
    let folder = with_run();
    let tables = || {
        let made = folder.path().join("notebooks-export/s");
        let names = ["overlap.csv", "overlap.npz", "spectrum.csv", "layers.csv"];
        names.map(|name| fs::read(made.join(name)).unwrap_or_default())
    };
    measured(folder.path(), "");
    let before = tables();
    assert!(
        !folder
            .path()
            .join("notebooks-export/s/trajectory.csv")
            .exists()
    );
    measured(folder.path(), STEPS);
    assert!(before == tables() && !before[0].is_empty());
}

#[test]
fn step_numbers_are_the_trainers_else_the_names() {
    let folder = with_run();
    let at = |name: &str| folder.path().join(name);
    let state = |name: &str, step: u64| {
        let text = format!("{{\"epoch\": 1.0, \"global_step\": {step}}}");
        fs::write(at(name).join("trainer_state.json"), text).unwrap();
    };
    // A list keeps its paths; the names say another order than the states.
    let list = "steps = [\"run/checkpoint-20\", \"run/checkpoint-10\"]\n";
    measured(folder.path(), list);
    assert_eq!(steps(folder.path()), [10, 20, 40]);
    state("run/checkpoint-10", 30);
    measured(folder.path(), list);
    assert_eq!(steps(folder.path()), [20, 30, 40]);
    // A folder around the adapter's own has the number too.
    for step in [10, 20] {
        let place = at(&format!("saved/checkpoint-{step}/adapter_model"));
        fs::create_dir_all(&place).unwrap();
        checkpoint(step).save(&place);
    }
    measured(
        folder.path(),
        "steps = \"saved/checkpoint-*/adapter_model\"\n",
    );
    assert_eq!(steps(folder.path()), [10, 20, 40]);
    // Files have their numbers in their own names, and the last one's counts as theirs do.
    for step in [10, 20, 40] {
        let name = format!("run/checkpoint-{step}/adapter_model.safetensors");
        let folder = at(&format!("mlx{step}"));
        fs::create_dir_all(&folder).unwrap();
        fs::copy(
            at(&name),
            folder.join(format!("00000{step}_adapters.safetensors")),
        )
        .unwrap();
    }
    let text = "name = \"s\"\n[[adapter]]\nname = \"run\"\npath = \"mlx40/0000040_adapters.safetensors\"\n\
                steps = \"mlx?0/*_adapters.safetensors\"\n";
    fs::write(at("study.toml"), text).unwrap();
    done(
        "regenerate",
        &["study.toml", "--no-figures", "--alpha", "4"],
        folder.path(),
    );
    let out = at("out");
    assert_eq!(steps(&out), [10, 20, 40]);
}

#[test]
fn a_last_one_that_was_saved_twice_counts_once() {
    let folder = with_run();
    checkpoint(40).save(&folder.path().join("final"));
    let keys = STEPS.to_string() + "label = \"x\"\n";
    study(folder.path(), &keys, "");
    let path = folder.path().join("study.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("path = \"run/checkpoint-40\"", "path = \"final\"");
    fs::write(&path, &text).unwrap();
    let outcome = done("regenerate", &["study.toml", "--no-figures"], folder.path());
    assert_eq!(steps(folder.path()), [0, 10, 20, 40]);
    assert!(!outcome.stderr.contains("not known"), "{}", outcome.stderr);
    // Another one has no number: it comes after, which is said, and no claim is told.
    checkpoint(50).save(&folder.path().join("final"));
    let outcome = done("regenerate", &["study.toml", "--no-figures"], folder.path());
    assert_eq!(steps(folder.path()), [0, 10, 20, 40, 41]);
    let words = "run: the step number of `path` is not known: it counts as 41";
    assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    let found = finding(folder.path());
    assert_eq!(found.verdict, "cannot be told");
    assert!(
        found.sentence.contains("the step numbers are not known"),
        "{}",
        found.sentence
    );
}

/// A study of the adapter in a folder, with the run's checkpoints before it.
fn study_of(folder: &Path, path: &str, keys: &str) {
    study(folder, keys, "");
    let place = folder.join("study.toml");
    let text = fs::read_to_string(&place).unwrap();
    let text = text.replace(
        "path = \"run/checkpoint-40\"",
        &format!("path = \"{path}\""),
    );
    fs::write(place, text).unwrap();
}

#[test]
fn a_trainer_that_keeps_the_best_saves_an_earlier_one_at_its_end() {
    let folder = with_run();
    let best = folder.path().join("run");
    checkpoint(20).save(&best);
    for state in ["{\"global_step\": 40}", "{\"global_step\": 45}", "{}"] {
        fs::write(best.join("trainer_state.json"), state).unwrap();
        study_of(folder.path(), "run", STEPS);
        let outcome = done("regenerate", &["study.toml", "--no-figures"], folder.path());
        let words = "run: `path` is step 20 again, because the trainer keeps the best checkpoint: \
                     the checkpoint after it is left out";
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("not known"), "{}", outcome.stderr);
        assert_eq!(steps(folder.path()), [0, 10, 20]);
    }
    // It may be the first of them.
    checkpoint(10).save(&best);
    let keys = "steps = [\"run/checkpoint-10\", \"run/checkpoint-20\", \"run/checkpoint-40\"]\n";
    study_of(folder.path(), "run", keys);
    let outcome = done("regenerate", &["study.toml", "--no-figures"], folder.path());
    let words = "`path` is step 10 again, because the trainer keeps the best checkpoint: \
                 the 2 checkpoints after it are left out";
    assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    assert_eq!(steps(folder.path()), [10]);
}

#[test]
fn epochs_and_steps_have_no_common_axis() {
    let folder = with_run();
    let at = |name: &str| folder.path().join(name);
    // A last one that counts epochs comes after all steps.
    checkpoint(50).save(&at("run/epoch-3"));
    study_of(folder.path(), "run/epoch-3", STEPS);
    let outcome = done("regenerate", &["study.toml", "--no-figures"], folder.path());
    assert_eq!(steps(folder.path()), [0, 10, 20, 40, 41]);
    let words = "the step number of `path` is not known: it counts as 41";
    assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    // Nor do checkpoints of both count together.
    let keys = "steps = [\"run/checkpoint-10\", \"run/epoch-3\"]\n";
    let outcome = measured(folder.path(), keys);
    let words = "the step numbers of its 2 checkpoints are not known";
    assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    assert_eq!(steps(folder.path()), [1, 2, 3]);
    // The name of a folder around the checkpoints counts nothing of theirs.
    fs::rename(at("run"), at("run-step5")).unwrap();
    checkpoint(60).save(&at("run-step5"));
    study_of(
        folder.path(),
        "run-step5",
        "steps = \"run-step5/checkpoint-*\"\n",
    );
    done("regenerate", &["study.toml", "--no-figures"], folder.path());
    assert_eq!(steps(folder.path()), [0, 10, 20, 40, 41]);
}

#[test]
fn checkpoints_without_numbers_are_counted_and_said_to_be() {
    let folder = with_run();
    for (name, step) in [("run/one", 10), ("run/two", 20), ("run/begin", 0)] {
        checkpoint(step).save(&folder.path().join(name));
    }
    let keys = "steps = [\"run/one\", \"run/two\", \"run/begin\"]\n";
    let outcome = measured(folder.path(), keys);
    assert_eq!(
        steps(folder.path()),
        [0, 1, 2, 3],
        "the untrained one is the start"
    );
    let words = "run: the step numbers of its 3 checkpoints are not known";
    assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    assert_eq!(finding(folder.path()).verdict, "cannot be told");
}

#[test]
fn an_initial_adapter_is_the_start_of_its_own_run() {
    let folder = with_run();
    let keys = "initial = \"run/checkpoint-0\"\nsteps = \"run/checkpoint-[12]*\"\n";
    measured(folder.path(), keys);
    assert_eq!(steps(folder.path()), [0, 10, 20, 40]);
    let with_initial = rows(folder.path());
    measured(folder.path(), STEPS);
    assert_eq!(with_initial, rows(folder.path()));
    // Without either nothing is said of the start.
    measured(folder.path(), "steps = \"run/checkpoint-[12]*\"\n");
    let rows = rows(folder.path());
    assert!(
        rows.iter()
            .all(|row| row.basis != "a" && row.similarity_to_start.is_none())
    );
    assert_eq!(rows.len(), MODULES.len() * 3 * 2);
}
