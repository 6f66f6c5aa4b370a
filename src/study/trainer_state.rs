//! trainer_state.json, as transformers writes it beside a checkpoint.

use std::path::Path;

use serde_json::Value;

use crate::files::{self, json};

pub(super) const STATE: &str = "trainer_state.json";

/// What a trainer wrote of its run until then.
#[derive(Debug, Clone)]
pub(super) struct TrainerState {
    /// Steps of training.
    pub(super) global_step: Option<u64>,
    /// What was logged.
    log: Vec<Value>,
    /// The best checkpoint and its score.
    best: Option<(String, f64)>,
}

impl TrainerState {
    /// That of a folder; `None` where it has none that can be read.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let text = files::read_text(&folder.join(STATE)).ok()?;
        let state: Value = json::parse(&text).ok()?;
        let log = state.get("log_history").and_then(Value::as_array);
        let best = || {
            let name = state.get("best_model_checkpoint")?.as_str()?;
            Some((name.to_string(), state.get("best_metric")?.as_f64()?))
        };
        Some(TrainerState {
            global_step: state.get("global_step").and_then(Value::as_u64),
            log: log.cloned().unwrap_or_default(),
            best: best(),
        })
    }

    /// Whether one log begins with the other, or both know one best checkpoint and its score.
    pub(super) fn is_of_one_run(&self, other: &TrainerState) -> bool {
        let length = self.log.len().min(other.log.len());
        let begins = &self.log[..length];
        let has_number = |entry: &Value| {
            let fields = entry.as_object().into_iter().flatten();
            let mut losses = fields.filter(|(name, _)| name.contains("loss"));
            losses.any(|(_, value)| value.is_f64())
        };
        let is_one_log = begins == &other.log[..length] && begins.iter().any(has_number);
        is_one_log || self.best.is_some() && self.best == other.best
    }
}
