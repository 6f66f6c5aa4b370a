//! The checkpoints of a run, from `steps` of an `[[adapter]]`: which files they are, which steps of
//! training, and that they are of one run with the last.
//!
//! # Decisions
//!
//! - Checkpoints are opened and no more while a study is planned. Their numbers are read one at a
//!   time, when their module is measured.
//! - What is compared in a study is `path` alone: checkpoints of one run are one run.

mod course;
mod entry;
mod numbers;
mod paths;

use std::path::Path;

use crate::adapter::{AdaptedModule, Adapter};
use crate::error::{Error, Result};

use super::duplicates::is_same;
use super::meet::all;
use super::opening::Opening;
use super::run_names::real;

pub use course::{Step, Steps};
pub(super) use entry::Entry;

/// The checkpoints of an entry and a sentence where their numbers are not known; `None` where it
/// names none.
///
/// # Errors
///
/// With the line of `steps`: a pattern that matches nothing, what is no adapter, a checkpoint of
/// other modules, shapes or ranks, or one after the last.
pub(super) fn of_entry(
    entry: &Entry,
    last: &Adapter,
    opening: &Opening,
) -> Result<(Option<Steps>, Option<String>)> {
    if entry.entry.steps.is_empty() {
        return Ok((None, None));
    }
    let mut found = Vec::new();
    for path in paths::of_entry(entry, last)? {
        let adapter = open(entry, ("steps", &path), last, opening)?;
        // The file of a folder that is named as well.
        if !is_one_file(&adapter, last) {
            found.push(adapter);
        }
    }
    if found.is_empty() {
        let problem = "`steps` names no checkpoint beside `path`, which is the last one";
        let remedy = "name the checkpoints before it, or leave `steps` out";
        return Err(entry.error(problem, remedy));
    }
    let numbered = numbers::of_run(entry, found, last)?;
    let (mut steps, note) = numbered;
    if let Some(initial) = opening.initial() {
        begin(entry, (initial, last), opening, &mut steps)?;
    }
    Ok((Some(steps), note))
}

/// Puts the adapter as it was before training before all steps.
fn begin(
    entry: &Entry,
    (initial, last): (&Path, &Adapter),
    opening: &Opening,
    steps: &mut Steps,
) -> Result<()> {
    let start = open(entry, ("initial", initial), last, opening)?;
    match steps.earlier.first().filter(|first| first.number == 0) {
        Some(first) if is_same(&first.adapter, &start)?.is_none() => {
            let other = first.adapter.path().display();
            let problem = format!("step 0 ({other}) is another start than `initial`");
            let remedy = "leave one of them out";
            Err(entry.lines.error(&entry.at("initial"), &problem, remedy))
        }
        first => {
            if first.is_none() {
                let start = Step {
                    number: 0,
                    adapter: start,
                };
                steps.earlier.insert(0, start);
            }
            steps.begins_at_start = true;
            Ok(())
        }
    }
}

/// A checkpoint of the last one's run.
fn open(
    entry: &Entry,
    (key, path): (&str, &Path),
    last: &Adapter,
    opening: &Opening,
) -> Result<Adapter> {
    let opened = opening.open(path).map(|(adapter, _)| adapter);
    let checked = opened.and_then(|adapter| held_against(last, &adapter).map(|()| adapter));
    checked.map_err(|error| entry.locate(key, path, error))
}

/// That a checkpoint has the modules of the last one, in their shapes and ranks.
fn held_against(last: &Adapter, earlier: &Adapter) -> Result<()> {
    let error = |module: &AdaptedModule, problem: String| {
        let remedy = "give checkpoints of the run that `path` is the last of";
        Err(Error::request(
            format!("module `{}`", module.path),
            problem,
            remedy,
        ))
    };
    for module in all(last) {
        let Some(other) = earlier.module(&module.path) else {
            return error(module, "`path` has it, but this checkpoint does not".into());
        };
        let form = |module: &AdaptedModule| (module.d_out, module.d_in, module.rank);
        if form(module) != form(other) {
            let [there, here] = [module, other].map(words);
            return error(module, format!("{there} in `path`, and {here} here"));
        }
    }
    let is_new = |module: &&AdaptedModule| last.module(&module.path).is_none();
    match all(earlier).find(is_new) {
        Some(module) => error(module, "this checkpoint has it, but `path` does not".into()),
        None => Ok(()),
    }
}

/// `ΔW of 6 × 5, rank 2`
fn words(module: &AdaptedModule) -> String {
    let rank = module.rank.map(|rank| format!(", rank {rank}"));
    let (d_out, d_in) = (module.d_out, module.d_in);
    format!("ΔW of {d_out} × {d_in}{}", rank.unwrap_or_default())
}

fn is_one_file(one: &Adapter, other: &Adapter) -> bool {
    real(one.weights()) == real(other.weights())
}
