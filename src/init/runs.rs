//! Adapters that were found, as the runs that they are checkpoints of.

use std::path::{Path, PathBuf};

use crate::adapter::{Adapter, ReadOptions, natural_order};
use crate::error::Result;
use crate::study::{Course, is_same, run_of};

use super::places::{is_beside, places};

/// A run: its last checkpoint, and those before it.
pub(super) struct Run {
    pub(super) path: PathBuf,
    pub(super) adapter: Adapter,
    /// The first one first; one that is untrained is its start.
    pub(super) steps: Vec<PathBuf>,
}

impl Run {
    /// The path that names it: a run of several checkpoints is not called after the last.
    pub(super) fn named_by(&self) -> PathBuf {
        match self.steps.is_empty() {
            true => self.path.clone(),
            false => run_of(&self.path),
        }
    }
}

/// An adapter that was opened.
struct Opened {
    path: PathBuf,
    adapter: Adapter,
    course: Course,
    /// Why it is no end of a run.
    untrained: Option<String>,
}

/// The runs among paths and in folders, and a sentence for whatever was left out.
pub(super) fn runs(paths: &[PathBuf]) -> (Vec<Run>, Vec<String>) {
    let mut said = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut groups: Vec<Vec<Opened>> = Vec::new();
    for place in paths.iter().flat_map(|path| places(path)) {
        let real = place.path.canonicalize();
        if real.as_ref().is_ok_and(|real| seen.contains(real)) {
            continue;
        }
        seen.extend(real);
        let name = place.path.display();
        if is_beside(&place.path) {
            said.push(format!("{name} is left out: it is no weight file"));
            continue;
        }
        let opened = match open(&place.path) {
            Ok(opened) => opened,
            Err(error) => {
                if place.is_meant || !is_of_a_model(&place.path) {
                    said.push(format!("{name} is left out: {error}"));
                }
                continue;
            }
        };
        let is_of_it = |group: &&mut Vec<Opened>| {
            let mut others = group.iter();
            others.any(|other| other.course.one_run(&opened.course).is_some())
        };
        match groups.iter_mut().find(is_of_it) {
            Some(group) => group.push(opened),
            None => groups.push(vec![opened]),
        }
    }
    let runs = groups.into_iter().filter_map(|group| run(group, &mut said));
    let runs = runs.collect();
    (runs, said)
}

fn open(path: &Path) -> Result<Opened> {
    let adapter = Adapter::open(path, &ReadOptions::default())?;
    Ok(Opened {
        path: path.into(),
        course: Course::of(&adapter),
        untrained: adapter.check_trained().err().map(|error| error.to_string()),
        adapter,
    })
}

/// Whether a file that is no adapter lies in a model's folder.
fn is_of_a_model(file: &Path) -> bool {
    let folder = file.parent().unwrap_or(Path::new(""));
    ["config.json", "model_index.json"]
        .iter()
        .any(|name| folder.join(name).is_file())
}

/// The run of some checkpoints: the end is what counts no steps, else what counts most.
fn run(mut group: Vec<Opened>, said: &mut Vec<String>) -> Option<Run> {
    group.sort_by(|one, other| {
        let key = |one: &Opened| {
            (
                one.untrained.is_none(),
                one.course.step.is_none(),
                one.course.step,
            )
        };
        let by_name = || {
            let [one, other] = [one, other].map(|one| one.path.to_string_lossy());
            natural_order(&one, &other)
        };
        key(one).cmp(&key(other)).then_with(by_name)
    });
    let last = group.pop()?;
    if let Some(untrained) = &last.untrained {
        let all = group.iter().chain([&last]);
        said.extend(all.map(|one| format!("{} is left out: {untrained}", one.path.display())));
        return None;
    }
    let mut steps = Vec::new();
    for one in group {
        if one.untrained.is_some() || one.course.step.is_some() {
            steps.push(one.path);
            continue;
        }
        let how = match is_same(&last.adapter, &one.adapter) {
            Ok(Some(how)) => how,
            _ => "is an end of the same run as",
        };
        let [one, last] = [&one.path, &last.path].map(|path| path.display());
        said.push(format!("{one} is left out: it {how} {last}"));
    }
    Some(Run {
        path: last.path,
        adapter: last.adapter,
        steps,
    })
}
