//! The first study of folders as trainers leave them: checkpoints, links, files of other kinds.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::files::golden;
use crate::one_run::{checkpoints, numbers, save, trained};
use crate::programs::{Outcome, files, run};
use crate::study::done;

/// The study that `--init` writes of some paths, and what it says.
fn init(paths: &[&str], folder: &Path) -> (String, Outcome) {
    let outcome = done(&[&["--init"], paths].concat(), folder);
    let text = fs::read_to_string(folder.join(outcome.stdout.trim())).unwrap();
    (text, outcome)
}

fn count(text: &str, words: &str) -> usize {
    text.matches(words).count()
}

#[test]
fn checkpoints_of_one_run_are_one_adapter() {
    let folder = tempfile::tempdir().unwrap();
    checkpoints(folder.path(), &["runs/r4"], 4);
    let start = folder.path().join("runs/r4/checkpoint-0");
    let zero = |path: &str| {
        (
            numbers((48, 4), path) * 0.0,
            trained(path, 4, "runs/r4", 0).1,
        )
    };
    save(&start, &zero, json!({}));
    fs::write(
        folder.path().join("runs/r4/trainer_state.json"),
        "{\"global_step\": 1500}",
    )
    .unwrap();
    let (text, outcome) = init(&["runs/r4"], folder.path());
    assert_eq!(outcome.stdout.trim(), "experiments/r4/study.toml");
    assert_eq!(count(&text, "[[adapter]]"), 1, "{text}");
    assert!(
        text.contains("\nname = \"r4\"\npath = \"../../runs/r4/checkpoint-1500\"\n"),
        "{text}"
    );
    assert!(
        text.contains("steps = \"../../runs/r4/checkpoint-*\"\n"),
        "{text}"
    );
    assert!(
        !text.contains("\nseeds =") && !text.contains("\nranks ="),
        "{text}"
    );
    // What is given one by one, with what lies beside it, is the same; a list where there are more.
    let folder_of = folder.path().join("runs/r4");
    save(
        &folder_of.join("checkpoint-2000"),
        &|path| trained(path, 4, "runs/r4", 2_000),
        json!({}),
    );
    let some = [
        "runs/r4/trainer_state.json",
        "runs/r4/checkpoint-1000",
        "runs/r4/checkpoint-500",
        "--out",
        "o",
    ];
    let (text, outcome) = init(&some, folder.path());
    assert!(
        text.contains("path = \"../../../runs/r4/checkpoint-1000\"\n"),
        "{text}"
    );
    assert!(
        text.contains("steps = [\"../../../runs/r4/checkpoint-500\"]\n"),
        "{text}"
    );
    let said = "runs/r4/trainer_state.json is left out: it is no weight file";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
}

#[test]
fn a_final_adapter_is_the_end_of_its_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    checkpoints(folder.path(), &["runs/r4-seed1"], 4);
    let last = |path: &str| trained(path, 4, "runs/r4-seed1", 1_500);
    save(&folder.path().join("runs/r4-seed1"), &last, json!({}));
    save(
        &folder.path().join("runs/r4-seed1/reference"),
        &|path| trained(path, 4, "r", 9),
        json!({}),
    );
    let (text, _) = init(&["runs"], folder.path());
    assert_eq!(count(&text, "[[adapter]]"), 1, "{text}");
    for line in [
        "name = \"r4-seed1\"",
        "path = \"../../runs/r4-seed1\"",
        "seed = 1 # from the folder's name `r4-seed1`, as no config has it",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    assert!(
        text.contains("steps = \"../../runs/r4-seed1/checkpoint-*\"\n"),
        "{text}"
    );
}

#[test]
fn a_run_is_called_as_its_folder_whatever_that_counts() {
    let folder = tempfile::tempdir().unwrap();
    let run = "runs/lora-epoch-3";
    checkpoints(folder.path(), &[run], 4);
    let last = |path: &str| trained(path, 4, run, 1_500);
    save(&folder.path().join(run), &last, json!({}));
    for paths in [
        &["runs"][..],
        &["runs/lora-epoch-3/checkpoint-500", run],
        &[run, "runs/lora-epoch-3/checkpoint-500"],
    ] {
        let (text, _) = init(paths, folder.path());
        assert_eq!(count(&text, "[[adapter]]"), 1, "{text}");
        assert!(
            text.contains("name = \"lora-epoch-3\"\npath = \"../../runs/lora-epoch-3\"\n"),
            "{text}"
        );
        fs::remove_dir_all(folder.path().join("experiments")).unwrap();
    }
}

#[test]
fn folders_that_are_dates_and_seeds_are_runs_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "20240115-143022",
        "20240115-151500",
        "r8-seed-123456",
        "r8-seed-654321",
    ] {
        let place = folder.path().join("out").join(name);
        save(&place, &|path| trained(path, 4, name, 500), json!({}));
    }
    let (text, _) = init(&["out"], folder.path());
    assert_eq!(count(&text, "[[adapter]]"), 4, "{text}");
    assert_eq!(count(&text, "steps = "), 0, "{text}");
}

#[test]
fn several_runs_are_compared_and_no_two_of_their_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    checkpoints(folder.path(), &["runs/r4-seed0", "runs/r4-seed1"], 4);
    checkpoints(folder.path(), &["runs/r2-seed0"], 2);
    let (text, _) = init(&["runs"], folder.path());
    assert_eq!(count(&text, "[[adapter]]"), 3, "{text}");
    assert_eq!(count(&text, "steps = "), 3, "{text}");
    for line in [
        "name = \"r2-seed0\"",
        "ranks = [\"r2-seed0\", \"r4-seed1\"]",
        "seeds = [\"r4-seed0\", \"r4-seed1\"]",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    done(
        &["experiments/runs/study.toml", "--no-figures"],
        folder.path(),
    );
    let tables = folder.path().join("experiments/runs/notebooks-export/runs");
    let page = tables.join("findings.md");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("**`seeds`: holds.**"), "{page}");
}

#[test]
fn runs_that_began_as_one_are_no_seeds_where_nobody_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join("runs").join(name);
    save(&at("sft"), &|path| trained(path, 4, "0", 500), json!({}));
    save(&at("dpo"), &|path| trained(path, 4, "0", 1_500), json!({}));
    let (text, outcome) = init(&["runs"], folder.path());
    assert!(!text.contains("\nseeds ="), "{text}");
    let said =
        "dpo and sft are not compared as runs of two seeds: they began as one: of 32 rows of A 32";
    assert!(text.contains(&format!("# Not known: {said}")), "{text}");
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    // Then there is nothing to compare, which is said, and no run of it.
    let said =
        "what this study compares: nothing, as no two runs differ in rank, or in the seed alone";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    let outcome = run(
        "regenerate",
        &["experiments/runs/study.toml"],
        folder.path(),
    );
    assert_eq!(outcome.code, 1);
    let said = "nothing is compared: [compare] names no pair of its adapters, and there is no base; name two";
    assert!(outcome.error().contains(said), "{}", outcome.error());
    assert!(
        !folder
            .path()
            .join("experiments/runs/notebooks-export")
            .exists()
    );
    // A third start is compared with the first.
    save(
        &at("other"),
        &|path| trained(path, 4, "1", 1_500),
        json!({}),
    );
    let (text, _) = init(&["runs", "--out", "o"], folder.path());
    assert!(text.contains("\nseeds = [\"dpo\", \"other\"]\n"), "{text}");
    assert!(
        text.contains("taken for two seeds, as their seeds are not known"),
        "{text}"
    );
}

#[test]
fn adapters_two_levels_down_and_files_of_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    save(
        &at("repo/adapters/x"),
        &|path| trained(path, 4, "0", 500),
        json!({}),
    );
    save(
        &at("repo/adapters/y-seed1"),
        &|path| trained(path, 4, "1", 500),
        json!({}),
    );
    fs::create_dir_all(at("repo/model")).unwrap();
    fs::write(at("repo/model/config.json"), "{}").unwrap();
    let weights = at("repo/adapters/x/adapter_model.safetensors");
    fs::copy(&weights, at("repo/model/model.safetensors")).unwrap();
    let (text, outcome) = init(&["repo"], folder.path());
    assert!(
        text.contains("path = \"../../repo/adapters/x\"\n"),
        "{text}"
    );
    assert!(
        text.contains("path = \"../../repo/adapters/y-seed1\"\n"),
        "{text}"
    );
    assert!(
        !outcome.stderr.contains("model is left out"),
        "{}",
        outcome.stderr
    );

    let outcome = run("regenerate", &["--init", "repo/model"], folder.path());
    assert_eq!(outcome.code, 1);
    let said = "there is no adapter in it, nor in its folders down to 2 levels";
    assert!(outcome.error().contains(said), "{}", outcome.error());
}

#[test]
fn what_is_no_study_is_named() {
    let folder = tempfile::tempdir().unwrap();
    save(
        &folder.path().join("runs/r4"),
        &|path| trained(path, 4, "0", 500),
        json!({}),
    );
    for (path, what) in [
        ("runs/r4", "an adapter"),
        ("runs/r4/adapter_model.safetensors", "an adapter"),
        ("runs", "a folder"),
    ] {
        let outcome = run("regenerate", &[path], folder.path());
        assert_eq!(outcome.code, 1);
        let said =
            format!("study {path}: that is {what}, and no study file; `regenerate --init {path}`");
        assert!(outcome.error().contains(&said), "{}", outcome.error());
    }
}

#[cfg(unix)]
#[test]
fn links_stay_as_they_were_typed() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    save(
        &at("scratch/r4-seed0"),
        &|path| trained(path, 4, "0", 500),
        json!({}),
    );
    save(
        &at("scratch/r4-seed1"),
        &|path| trained(path, 4, "1", 500),
        json!({}),
    );
    fs::create_dir(at("work")).unwrap();
    symlink(at("scratch"), at("work/runs")).unwrap();
    symlink(at("scratch/r4-seed1"), at("work/link4")).unwrap();
    let work = at("work");
    let (text, _) = init(&["runs"], &work);
    assert!(
        text.contains("name = \"r4-seed0\"\npath = \"../../runs/r4-seed0\"\n"),
        "{text}"
    );
    let (text, _) = init(&["runs/r4-seed0", "link4", "--out", "o"], &work);
    assert!(
        text.contains("name = \"link4\"\npath = \"../../../link4\"\n"),
        "{text}"
    );
    // From beside, and by an absolute path from elsewhere.
    fs::create_dir(at("beside")).unwrap();
    let (text, outcome) = init(&["../work/runs"], &at("beside"));
    assert!(
        text.contains("path = \"../../../work/runs/r4-seed1\"\n"),
        "{text}"
    );
    done(&[outcome.stdout.trim(), "--no-figures"], &at("beside"));
    let real = at("scratch").canonicalize().unwrap();
    let (text, _) = init(&[real.to_str().unwrap(), "--out", "p"], &at("beside"));
    let path = real.join("r4-seed1");
    assert!(
        text.contains(&format!("path = \"{}\"\n", path.display())),
        "{text}"
    );
}

/// What transformers and PEFT wrote (tests/golden/trainer_runs.py): the study that a person would write.
#[test]
fn three_runs_of_a_trainer() {
    let folder = tempfile::tempdir().unwrap();
    let runs = golden("trainer_runs");
    for file in files(&runs) {
        let place = folder.path().join("runs").join(&file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(runs.join(&file), place).unwrap();
    }
    let (text, outcome) = init(&["runs"], folder.path());
    assert_eq!(count(&text, "[[adapter]]"), 3, "{text}");
    for name in ["r2-seed0", "r4-seed0", "r4-seed1"] {
        let path = format!("\nname = \"{name}\"\npath = \"../../runs/{name}\"\n");
        let steps = format!("\nsteps = \"../../runs/{name}/checkpoint-*\"\n");
        assert!(
            text.contains(&path) && text.contains(&steps),
            "{name}: {text}"
        );
    }
    assert!(
        text.contains("\nseeds = [\"r4-seed0\", \"r4-seed1\"]\n"),
        "{text}"
    );
    assert!(!outcome.stderr.contains("left out"), "{}", outcome.stderr);
    let outcome = done(
        &["experiments/runs/study.toml", "--no-figures"],
        folder.path(),
    );
    assert!(!outcome.stderr.contains("no claim"), "{}", outcome.stderr);
    let tables = folder.path().join("experiments/runs/notebooks-export/runs");
    let page = fs::read_to_string(tables.join("findings.md")).unwrap();
    // Their rows are alike by 0.3, where independent ones are by 0.14: two seeds learned the same.
    assert!(page.contains("**`seeds`: holds.**"), "{page}");
    let course = fs::read_to_string(tables.join("trajectory.csv")).unwrap();
    assert_eq!(course.lines().count(), 1 + 3 * 4 * 3 * 2, "{course}");

    // Two checkpoints of one of them are no seeds.
    let both = [
        "runs/r4-seed0/checkpoint-20",
        "runs/r4-seed0/checkpoint-60",
        "--no-figures",
    ];
    let outcome = run("subspace-overlap", &both, folder.path());
    assert!(
        outcome.stdout.contains("seeds: cannot be told"),
        "{}",
        outcome.stdout
    );
    // Nor are they when they are called as runs are, by their numbers, and by the trainer's log.
    for (from, to) in [("checkpoint-20", "sft"), ("checkpoint-60", "dpo")] {
        let from = folder.path().join("runs/r4-seed0").join(from);
        fs::rename(from, folder.path().join(to)).unwrap();
    }
    let said = |how: &str| {
        let outcome = run(
            "subspace-overlap",
            &["sft", "dpo", "--no-figures"],
            folder.path(),
        );
        assert!(
            outcome.stdout.contains("seeds: cannot be told"),
            "{}",
            outcome.stdout
        );
        assert!(outcome.stderr.contains(how), "{}", outcome.stderr);
    };
    said("sft and dpo are checkpoints of one run, as trainer_state.json of both says");
    fs::remove_file(folder.path().join("dpo/trainer_state.json")).unwrap();
    said(
        "sft and dpo began as one: of 16 rows of A 16 are most like the same row of the other, by chance 2",
    );
}
