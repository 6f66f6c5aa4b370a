//! Whether two adapters are of one run, by their files and names alone.
//!
//! # Decisions
//!
//! - A name that counts steps counts those of one run with its neighbours. What stands around the
//!   number must be the same: `r8-step500` and `r4-step500` are of two runs.
//! - `best_model_checkpoint` is no witness without the score beside it: three runs that were trained
//!   in `out/` and moved have the same.

use std::path::{Path, PathBuf};

use crate::adapter::{Adapter, counted, is_general};

use super::run_names::{counted_around, is_end, name_of, real, stem};
use super::trainer_state::TrainerState;

/// That two adapters are of one run, by their files: `are checkpoints of one run, as …`.
pub(super) fn one_run(one: &Course, other: &Course) -> Option<String> {
    let how = one.one_run(other)?;
    Some(format!("are checkpoints of one run, {how}"))
}

/// Where an adapter stands in the course of its run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Course {
    /// The runs that its places name: a folder, and what is left of a name there without its number.
    runs: Vec<(PathBuf, String)>,
    /// How many steps its name counts; `None` at the end of a run.
    pub(crate) step: Option<u64>,
    state: Option<TrainerState>,
}

impl Course {
    pub(crate) fn of(adapter: &Adapter) -> Self {
        match adapter.files() {
            // Factors in memory stand nowhere.
            [] => Course::default(),
            _ => Course::at(adapter.path(), adapter.weights()),
        }
    }

    fn at(path: &Path, weights: &Path) -> Self {
        let (path, weights) = (real(path), real(weights));
        let mut course = Course::default();
        let folder = match path.is_dir() {
            true => Some(path.as_path()),
            false => path.parent(),
        };
        let is_file_of_folder = || stem(&path).is_some_and(|stem| is_general(&stem));
        if let Some(folder) = folder
            && (path.is_dir() || is_file_of_folder())
        {
            course.add_folder(folder);
            course.state = TrainerState::of(folder);
        }
        course.add_file(match path.is_dir() {
            true => &weights,
            false => &path,
        });
        course
    }

    fn add(&mut self, folder: &Path, name: &str, step: Option<u64>) {
        self.runs.push((folder.into(), name.into()));
        self.step = self.step.or(step);
    }

    fn add_folder(&mut self, folder: &Path) {
        let (Some(name), Some(parent)) = (name_of(folder), folder.parent()) else {
            return;
        };
        // The end of a run stands above its checkpoints, whatever it is called, or beside them.
        self.add(folder, "", None);
        if let Some(found) = counted(&name, false) {
            return self.add(parent, &found.around, Some(found.number));
        }
        if let Some(found) = counted_around(&name, parent)
            && let Some(run) = parent.parent()
        {
            let rest = format!("{}/{name}", found.around);
            return self.add(run, &rest, Some(found.number));
        }
        if is_end(&name) {
            self.add(parent, "", None);
        }
    }

    fn add_file(&mut self, file: &Path) {
        let (Some(name), Some(folder)) = (stem(file), file.parent()) else {
            return;
        };
        match counted(&name, true) {
            Some(found) => self.add(folder, &found.around, Some(found.number)),
            None if is_end(&name) => self.add(folder, "", None),
            None => self.add(folder, &name, None),
        }
    }

    /// What tells that both are of one run, as a sentence ends.
    pub(crate) fn one_run(&self, other: &Course) -> Option<&'static str> {
        let is_counted = self.step.is_some() || other.step.is_some();
        let is_same = |run: &(PathBuf, String)| other.runs.contains(run);
        if is_counted && self.runs.iter().any(is_same) {
            return Some("as their names say");
        }
        let (one, other) = (self.state.as_ref()?, other.state.as_ref()?);
        one.is_of_one_run(other)
            .then_some("as trainer_state.json of both says")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::super::trainer_state::STATE;
    use super::*;

    /// Whether two paths below a folder are of one run.
    fn is_one(root: &Path, one: &str, other: &str) -> bool {
        let course = |path: &str| {
            let path = root.join(path);
            let weights = match path.is_dir() {
                true => path.join("adapter_model.safetensors"),
                false => path.clone(),
            };
            Course::at(&path, &weights)
        };
        let found = course(one).one_run(&course(other));
        assert_eq!(found, course(other).one_run(&course(one)));
        found.is_some()
    }

    #[test]
    fn places_of_one_run() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            "a/checkpoint-9",
            "a/checkpoint-10",
            "a/final",
            "b/checkpoint-9",
            "c/checkpoint-9/adapter_model",
            "c/checkpoint-10/adapter_model",
            "seeds/r8-seed0",
            "seeds/r8-seed1",
            "grid/r8-step5",
            "grid/r4-step5",
            "out/20240115-143022",
            "out/20240115-151500",
            "dates/20240115_r8",
            "dates/20240116_r8",
            "seeds/r8-seed-123456",
            "seeds/r8-seed-654321",
            "lora-epoch-3/checkpoint-10",
            "llama-epoch3/final",
            "llama-epoch3/checkpoint-500",
            "llama-epoch5/final",
        ] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        fs::create_dir(root.join("loras")).unwrap();
        for name in [
            "style",
            "style-000002",
            "other-000002",
            "style-step00000010",
        ] {
            fs::write(root.join(format!("loras/{name}.safetensors")), "").unwrap();
        }
        for (one, other, expected) in [
            ("a/checkpoint-9", "a/checkpoint-10", true),
            ("a", "a/checkpoint-10", true),
            ("a/final", "a/checkpoint-10", true),
            ("a/checkpoint-9", "b/checkpoint-9", false),
            ("b", "a/checkpoint-9", false),
            ("a", "b", false),
            (
                "c/checkpoint-9/adapter_model",
                "c/checkpoint-10/adapter_model",
                true,
            ),
            ("seeds/r8-seed0", "seeds/r8-seed1", false),
            ("grid/r8-step5", "grid/r4-step5", false),
            ("out/20240115-143022", "out/20240115-151500", false),
            ("dates/20240115_r8", "dates/20240116_r8", false),
            ("seeds/r8-seed-123456", "seeds/r8-seed-654321", false),
            ("lora-epoch-3", "lora-epoch-3/checkpoint-10", true),
            ("llama-epoch3/final", "llama-epoch3/checkpoint-500", true),
            ("llama-epoch5/final", "llama-epoch3/final", false),
            (
                "loras/style.safetensors",
                "loras/style-000002.safetensors",
                true,
            ),
            (
                "loras/style-000002.safetensors",
                "loras/style-step00000010.safetensors",
                true,
            ),
            (
                "loras/style-000002.safetensors",
                "loras/other-000002.safetensors",
                false,
            ),
        ] {
            assert_eq!(is_one(root, one, other), expected, "{one} and {other}");
        }
    }

    #[test]
    fn a_trainers_log_tells_wherever_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        let save = |name: &str, state: Value| {
            fs::create_dir_all(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join(STATE), state.to_string()).unwrap();
        };
        let log = |losses: &[f64]| -> Value {
            losses
                .iter()
                .map(|loss| json!({"loss": loss, "step": 10}))
                .collect()
        };
        let best = |score| json!({"best_model_checkpoint": "out/checkpoint-5", "best_metric": score, "log_history": []});
        save("early", json!({"log_history": log(&[2.5])}));
        save("late", json!({"log_history": log(&[2.5, 1.25])}));
        save("other", json!({"log_history": log(&[2.75, 1.25])}));
        save("empty", json!({"log_history": []}));
        save("best", best(0.5));
        save("same-best", best(0.5));
        save("other-best", best(0.75));
        for (one, other, expected) in [
            ("early", "late", true),
            ("early", "other", false),
            ("empty", "late", false),
            ("best", "same-best", true),
            ("best", "other-best", false),
        ] {
            assert_eq!(
                is_one(folder.path(), one, other),
                expected,
                "{one} and {other}"
            );
        }
    }
}
