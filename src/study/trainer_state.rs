//! trainer_state.json, as transformers writes it beside a checkpoint.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::files::{self, json};

pub(super) const STATE: &str = "trainer_state.json";

/// What a trainer wrote of its run until then.
#[derive(Debug, Clone)]
pub(super) struct TrainerState {
    /// Steps of training.
    pub(super) global_step: Option<u64>,
    /// What was logged.
    log: Vec<Logged>,
    /// The best checkpoint and its score.
    best: Option<(String, f64)>,
}

/// The file's fields that are asked for. A log of a long run has a million numbers.
#[derive(Deserialize)]
struct Fields {
    global_step: Option<json::Bounded>,
    log_history: Option<Vec<Logged>>,
    best_model_checkpoint: Option<json::Bounded>,
    best_metric: Option<json::Bounded>,
}

/// What identifies an entry of the log, and whether it has a loss with decimals.
#[derive(Debug, Clone, PartialEq)]
struct Logged {
    digest: u64,
    has_loss: bool,
}

impl<'de> Deserialize<'de> for Logged {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let json::Bounded(entry) = Deserialize::deserialize(from)?;
        let mut hasher = DefaultHasher::new();
        entry.to_string().hash(&mut hasher);
        let fields = entry.as_object().into_iter().flatten();
        let mut losses = fields.filter(|(name, _)| name.contains("loss"));
        Ok(Logged {
            digest: hasher.finish(),
            has_loss: losses.any(|(_, value)| value.is_f64()),
        })
    }
}

impl TrainerState {
    /// That of a folder; `None` where it has none that can be read.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let text = files::read_text(&folder.join(STATE)).ok()?;
        let fields: Fields = json::parse_as(&text).ok()?;
        let value = |field: Option<json::Bounded>| field.map_or(Value::Null, |field| field.0);
        let (best, metric) = (
            value(fields.best_model_checkpoint),
            value(fields.best_metric),
        );
        Some(TrainerState {
            global_step: value(fields.global_step).as_u64(),
            log: fields.log_history.unwrap_or_default(),
            best: best.as_str().map(str::to_string).zip(metric.as_f64()),
        })
    }

    /// Whether one log begins with the other, or both know one best checkpoint and its score.
    pub(super) fn is_of_one_run(&self, other: &TrainerState) -> bool {
        let length = self.log.len().min(other.log.len());
        let begins = &self.log[..length];
        let is_one_log =
            begins == &other.log[..length] && begins.iter().any(|entry| entry.has_loss);
        is_one_log || self.best.is_some() && self.best == other.best
    }
}
