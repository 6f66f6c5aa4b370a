//! Checkpoints that are none, or of another run: one error each, with the line.

use crate::files::Tensors;
use crate::study::{refused, regenerate};
use crate::workshop::{AdapterFolder, D_IN, D_OUT, MODULES, base_tensors, factor, workshop};

/// A study of `run/checkpoint-40`; its keys begin at line 5.
fn with(keys: &str) -> String {
    format!("name = \"s\"\n[[adapter]]\nname = \"run\"\npath = \"run/checkpoint-40\"\n{keys}")
}

fn with_run() -> tempfile::TempDir {
    let folder = workshop();
    for step in [10, 20, 40] {
        let path = folder.path().join(format!("run/checkpoint-{step}"));
        AdapterFolder::new(2, step).save(&path);
    }
    folder
}

const STEPS: &str = "steps = \"run/checkpoint-*\"\n";

#[test]
fn the_study_that_the_others_are_made_of_is_good() {
    let folder = with_run();
    let outcome = regenerate(folder.path(), &with(STEPS));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn patterns_and_paths_that_name_no_checkpoint() {
    let folder = with_run();
    for (keys, line, words) in [
        (
            "steps = \"run/step-*\"\n",
            5,
            [
                "no file or folder matches steps = \"run/step-*\"",
                "relative to this folder",
            ],
        ),
        (
            "rank = 2\nsteps = [\n\"run/checkpoint-10\",\n\"run/none\"]\n",
            8,
            ["there is no checkpoint run/none", "relative to this folder"],
        ),
        (
            "steps = \"**/checkpoint-10\"\n",
            5,
            ["`**` in a path", "use *"],
        ),
        (
            "steps = \"run/{checkpoint\"\n",
            5,
            ["unclosed", "use * and ?"],
        ),
        (
            "steps = \"run/checkpoint-4?\"\n",
            5,
            ["names no checkpoint beside `path`", "leave `steps` out"],
        ),
        (
            "steps = 3\n",
            5,
            ["`adapter[0].steps` is 3", "or a list of them"],
        ),
        (
            "steps = [3]\n",
            5,
            ["`adapter[0].steps[0]` is 3", "a text in quotes"],
        ),
        (
            "initial = 3\n",
            5,
            ["`adapter[0].initial` is 3", "a text in quotes"],
        ),
        (
            "initial = \"none\"\nsteps = \"run/checkpoint-*\"\n",
            4,
            ["none", "no such"],
        ),
    ] {
        refused(folder.path(), &with(keys), line, &words);
    }
    base_tensors().save(&folder.path().join("run/checkpoint-30/model.safetensors"));
    refused(
        folder.path(),
        &with(STEPS),
        5,
        &["checkpoint run/checkpoint-30 of run"],
    );
}

/// `run/checkpoint-30` is something else, and the study is refused.
fn refused_with(other: &AdapterFolder, words: &[&str]) {
    let folder = with_run();
    let path = folder.path().join("run/checkpoint-30");
    other.save(&path);
    let all = [
        &[
            "checkpoint run/checkpoint-30 of run",
            "checkpoints of the run",
        ],
        words,
    ]
    .concat();
    refused(folder.path(), &with(STEPS), 5, &all);
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let names = ['A', 'B'].map(|one| factor(MODULES[1], one));
    let here = || AdapterFolder::new(2, 7);
    refused_with(
        &here().tensors(|tensors| names.iter().fold(tensors, |all, name| all.without(name))),
        &[
            "layers.0.v_proj",
            "`path` has it, but this checkpoint does not",
        ],
    );
    let more = |tensors: Tensors| {
        let new = ['A', 'B'].map(|one| factor("layers.2.q_proj", one));
        tensors
            .with(&new[0], &[2, D_IN], 1)
            .with(&new[1], &[D_OUT, 2], 2)
    };
    refused_with(
        &here().tensors(more),
        &["layers.2.q_proj", "but `path` does not"],
    );
    refused_with(
        &AdapterFolder::new(3, 7),
        &["ΔW of 6 × 5, rank 2 in `path`", "rank 3 here"],
    );
    let wider = |tensors: Tensors| {
        tensors
            .without(&names[0])
            .with(&names[0], &[2, D_IN + 1], 1)
    };
    refused_with(
        &here().tensors(wider),
        &["ΔW of 6 × 5, rank 2 in `path`", "6 × 6, rank 2 here"],
    );
}

#[test]
fn a_step_after_the_last_is_refused() {
    let folder = with_run();
    AdapterFolder::new(2, 8).save(&folder.path().join("run/checkpoint-50"));
    let words = ["step 50 is not before `path`", "which is step 40"];
    refused(folder.path(), &with(STEPS), 5, &words);
}

#[test]
fn a_step_that_none_can_follow_is_refused() {
    let folder = with_run();
    let most = format!("run/checkpoint-{}", u64::MAX);
    AdapterFolder::new(2, 8).save(&folder.path().join(&most));
    AdapterFolder::new(2, 9).save(&folder.path().join("run/last"));
    let study = with(&format!("steps = \"{most}\"\n")).replace("run/checkpoint-40", "run/last");
    let words = ["no step is left for `path`", "18446744073709551615"];
    refused(folder.path(), &study, 5, &words);
}

#[test]
fn two_starts_are_refused() {
    let folder = with_run();
    let untrained = |salt: u32| {
        AdapterFolder::new(2, salt).tensors(|tensors| {
            MODULES.iter().fold(tensors, |tensors, module| {
                let name = factor(module, 'B');
                tensors.without(&name).constant(&name, &[D_OUT, 2], 0.0)
            })
        })
    };
    untrained(1).save(&folder.path().join("run/checkpoint-0"));
    untrained(2).save(&folder.path().join("init"));
    let keys = format!("{STEPS}initial = \"init\"\n");
    refused(
        folder.path(),
        &with(&keys),
        6,
        &["is another start than `initial`"],
    );
    // The same start under two names is one.
    untrained(1).save(&folder.path().join("init"));
    let outcome = regenerate(folder.path(), &with(&keys));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn a_figure_takes_checkpoints() {
    let folder = with_run();
    let keys = "[figures]\nwhich = [\"trajectory\"]\n";
    refused(
        folder.path(),
        &with(keys),
        6,
        &["there are no checkpoints of a run", "add steps = "],
    );
}
