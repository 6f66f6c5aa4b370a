//! Adapters that were found, as the runs that they are checkpoints of.

use std::path::{Path, PathBuf};

use crate::adapter::{Adapter, ReadOptions, natural_order};
use crate::error::Result;
use crate::study::{Course, is_same, run_of};

use super::paths::full;
use super::places::{Place, is_beside, places};

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
        let is_inside = |step: &PathBuf| full(step).starts_with(full(&self.path));
        match self.steps.is_empty() || self.steps.iter().any(is_inside) {
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
    let look = |path: &PathBuf| places(path, &mut said);
    let found: Vec<Place> = paths.iter().flat_map(look).collect();
    for place in found {
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
        let are_one = |one: &Opened, other: &Opened| one.course.one_run(&other.course).is_some();
        join(&mut groups, opened, are_one);
    }
    let runs = groups.into_iter().filter_map(|group| run(group, &mut said));
    let runs = runs.collect();
    (runs, said)
}

/// Puts one more with those that it is one with, and these together: the order of what was typed
/// decides nothing.
fn join<T>(groups: &mut Vec<Vec<T>>, new: T, are_one: impl Fn(&T, &T) -> bool) {
    let fits = |group: &[T]| group.iter().any(|other| are_one(other, &new));
    let Some(first) = groups.iter().position(|group| fits(group)) else {
        return groups.push(vec![new]);
    };
    for group in groups.split_off(first + 1) {
        match fits(&group) {
            true => groups[first].extend(group),
            false => groups.push(group),
        }
    }
    groups[first].push(new);
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

/// Orders the checkpoints of a run: the end is what counts no steps, else what the others lie in,
/// else what counts most.
fn in_order(group: &mut [Opened]) {
    let paths: Vec<PathBuf> = group.iter().map(|one| full(&one.path)).collect();
    let holds = |folder: &Path| {
        let folder = full(folder);
        let mut others = paths.iter().filter(|path| **path != folder);
        others.any(|path| path.starts_with(&folder))
    };
    let key = |one: &Opened| {
        (
            one.untrained.is_none(),
            one.course.step.is_none(),
            holds(&one.path),
            one.course.step,
        )
    };
    group.sort_by(|one, other| {
        let by_name = || {
            let [one, other] = [one, other].map(|one| one.path.to_string_lossy());
            natural_order(&one, &other)
        };
        key(one).cmp(&key(other)).then_with(by_name)
    });
}

/// The run of some checkpoints.
fn run(mut group: Vec<Opened>, said: &mut Vec<String>) -> Option<Run> {
    in_order(&mut group);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_fits_several_puts_them_together() {
        // Neighbours are one.
        for (typed, expected) in [
            ([1, 5, 3, 9, 2], vec![vec![1, 3, 2], vec![5], vec![9]]),
            ([1, 2, 3, 5, 9], vec![vec![1, 2, 3], vec![5], vec![9]]),
            ([9, 1, 5, 3, 2], vec![vec![9], vec![1, 3, 2], vec![5]]),
        ] {
            let mut groups: Vec<Vec<i32>> = Vec::new();
            for number in typed {
                join(&mut groups, number, |one, other| (one - other).abs() <= 1);
            }
            assert_eq!(groups, expected, "{typed:?}");
        }
    }
}
