//! `adapter_config.json`: what decides ΔW, and what is refused because it would.

use std::ops::Range;
use std::path::{Path, PathBuf};

use regex::Regex;
use serde_json::{Map, Value};

use crate::adapter::found::ScaleRule;
use crate::error::{Error, Result};
use crate::setting::Setting;

/// Initialisations that leave the base as it was, so that s·B·A is all of ΔW.
const PLAIN_INITS: [&str; 4] = ["gaussian", "eva", "orthogonal", "mica"];
/// Initialisations that put a part of the base into B·A.
const BASE_CHANGING_INITS: [&str; 5] = ["pissa", "olora", "corda", "lora_ga", "loftq"];

/// Fields that change ΔW when they are set, and what they do to it.
const UNSUPPORTED_FIELDS: [(&str, &str); 4] = [
    ("use_qalora", "A acts on pooled groups of the input"),
    ("use_bdlora", "its factors are block-diagonal"),
    ("kasa_config", "part of the base's spectrum was removed"),
    (
        "megatron_config",
        "its factors are shards of parallel layers",
    ),
];

/// The fields of a PEFT LoRA config that ΔW depends on.
pub(in crate::adapter) struct PeftConfig {
    path: PathBuf,
    r: Option<usize>,
    alpha: Option<f64>,
    /// The field that α stands in.
    alpha_field: &'static str,
    use_rslora: bool,
    rank_pattern: Vec<(Regex, f64)>,
    alpha_pattern: Vec<(Regex, f64)>,
    pub(in crate::adapter) fan_in_fan_out: bool,
    pub(in crate::adapter) base_name: Option<String>,
    /// `enable_lora` of a merged layer: which of its slots have factors.
    pub(in crate::adapter) enable_lora: Option<Vec<bool>>,
    /// `target_parameters`: paths of 3-D parameters.
    pub(in crate::adapter) parameters: Vec<String>,
    /// The initialisation, where it put a part of the base into B·A.
    pub(in crate::adapter) base_changing_init: Option<String>,
    /// Whether every module must have magnitudes.
    pub(in crate::adapter) use_dora: bool,
    replication: Vec<Range<usize>>,
    fields: Map<String, Value>,
}

impl PeftConfig {
    /// Reads a config's fields; every one may be missing or null, unknown ones are ignored.
    pub(in crate::adapter) fn new(path: &Path, config: &Map<String, Value>) -> Result<Self> {
        Self::with_alpha_in("lora_alpha", path, config)
    }

    /// As [`PeftConfig::new`], for methods that keep α in another field.
    pub(in crate::adapter) fn with_alpha_in(
        alpha_field: &'static str,
        path: &Path,
        config: &Map<String, Value>,
    ) -> Result<Self> {
        check_supported(path, config)?;
        let truth = |key| config.get(key).and_then(Value::as_bool).unwrap_or(false);
        let r = positive(path, config, "r")?;
        if r.is_some_and(|r| r.fract() != 0.0) {
            return Err(bad(
                path,
                format!("r is {}", config["r"]),
                "it must be a whole number",
            ));
        }
        Ok(PeftConfig {
            path: path.into(),
            r: r.map(|r| r as usize),
            alpha: positive(path, config, alpha_field)?,
            alpha_field,
            use_rslora: truth("use_rslora"),
            use_dora: truth("use_dora"),
            rank_pattern: pattern(path, config, "rank_pattern")?,
            alpha_pattern: pattern(path, config, "alpha_pattern")?,
            fan_in_fan_out: truth("fan_in_fan_out"),
            base_name: config
                .get("base_model_name_or_path")
                .and_then(Value::as_str)
                .map(str::to_string),
            enable_lora: config
                .get("enable_lora")
                .and_then(Value::as_array)
                .map(|slots| {
                    slots
                        .iter()
                        .map(|slot| slot.as_bool() == Some(true))
                        .collect()
                }),
            parameters: strings(config.get("target_parameters")),
            base_changing_init: base_changing_init(path, config)?,
            replication: replication(path, config)?,
            fields: config.clone(),
        })
    }

    /// The layer of the base that a layer of the adapter is a copy of.
    ///
    /// `layer_replication` [[a, b], …] stacks layers a to b − 1, and so on.
    pub(in crate::adapter) fn source_layer(&self, layer: usize) -> Option<usize> {
        if self.replication.is_empty() {
            return Some(layer);
        }
        self.replication.iter().cloned().flatten().nth(layer)
    }

    /// Whether one layer holds several projections, each with factors of its own.
    pub(in crate::adapter) fn is_merged(&self) -> bool {
        let slots = self.enable_lora.as_ref();
        slots.is_some_and(|slots| !slots.is_empty())
    }

    /// Whether `layer_replication` is set.
    pub(in crate::adapter) fn replicates(&self) -> bool {
        !self.replication.is_empty()
    }

    /// The token numbers of `trainable_token_indices` for a module.
    pub(in crate::adapter) fn tokens(&self, module: &str) -> Option<Vec<usize>> {
        let ids = match self.fields.get("trainable_token_indices")? {
            Value::Object(by_module) => {
                let mut entries = by_module.iter();
                entries
                    .find(|(name, _)| module == *name || module.ends_with(&format!(".{name}")))?
                    .1
            }
            list => list,
        };
        let number = |id: &Value| id.as_u64().and_then(|id| usize::try_from(id).ok());
        ids.as_array()?.iter().map(number).collect()
    }

    /// The rank that the config gives a module, if it gives one.
    pub(in crate::adapter) fn rank(&self, module: &str) -> Option<f64> {
        first_hit(&self.rank_pattern, module).or(self.r.map(|r| r as f64))
    }

    /// s of a module of rank `rank`: α/r, or α/√r with rsLoRA; `alpha` overrules the config.
    pub(in crate::adapter) fn scale(
        &self,
        module: &str,
        rank: usize,
        alpha: Option<f64>,
    ) -> Result<f64> {
        let alpha = alpha
            .or_else(|| first_hit(&self.alpha_pattern, module))
            .or(self.alpha)
            .ok_or_else(|| {
                let problem = format!(
                    "{} is missing, so the scale α/r of ΔW is unknown",
                    self.alpha_field
                );
                bad(&self.path, problem, &give_alpha())
            })?;
        let rank = rank as f64;
        Ok(if self.use_rslora {
            alpha / rank.sqrt()
        } else {
            alpha / rank
        })
    }

    /// The scale rule in words, with where α came from, if it came.
    pub(in crate::adapter) fn scale_rule(&self, given: Option<f64>) -> Option<ScaleRule> {
        let rule = if self.use_rslora {
            "α/√r (use_rslora)"
        } else {
            "α/r"
        };
        let source = match (given, self.alpha, self.alpha_pattern.is_empty()) {
            (Some(alpha), _, _) => format!("α = {alpha} from {}", Setting::Alpha),
            (None, Some(alpha), true) => format!("α = {alpha} from {}", self.alpha_field),
            (None, Some(alpha), false) => format!("α from alpha_pattern, else {alpha}"),
            (None, None, false) => "α from alpha_pattern".to_string(),
            (None, None, true) => return None,
        };
        Some(ScaleRule {
            words: format!("s = {rule}, {source}"),
            alpha: self
                .alpha
                .filter(|_| given.is_none() && self.alpha_pattern.is_empty()),
        })
    }
}

/// PEFT's rule: the first key, in the order of the file, with `(.*\.)?(KEY)$` matching from the
/// start of the module's path.
fn first_hit(pattern: &[(Regex, f64)], module: &str) -> Option<f64> {
    pattern
        .iter()
        .find(|(key, _)| key.is_match(module))
        .map(|&(_, value)| value)
}

fn pattern(path: &Path, config: &Map<String, Value>, field: &str) -> Result<Vec<(Regex, f64)>> {
    let entries = match config.get(field) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(entries)) => entries,
        Some(other) => {
            return Err(bad(
                path,
                format!("{field} is {other}"),
                "it must map names to numbers",
            ));
        }
    };
    let compile = |(key, value): (&String, &Value)| {
        let regex = Regex::new(&format!(r"^(?:.*\.)?(?:{key})$")).map_err(|_| {
            let problem = format!("key `{key}` of {field} is not a regular expression read here");
            bad(path, problem, "write the module's name out")
        })?;
        match value.as_f64().filter(|&value| value > 0.0) {
            Some(value) => Ok((regex, value)),
            None => Err(bad(
                path,
                format!("{field} gives `{key}` the value {value}"),
                "it must be a positive number",
            )),
        }
    };
    entries.iter().map(compile).collect()
}

pub(in crate::adapter) fn positive(
    path: &Path,
    config: &Map<String, Value>,
    field: &str,
) -> Result<Option<f64>> {
    match config.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64().filter(|&number| number > 0.0) {
            Some(number) => Ok(Some(number)),
            None => Err(bad(
                path,
                format!("{field} is {value}"),
                "it must be a positive number",
            )),
        },
    }
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items
        .filter_map(Value::as_str)
        .map(str::to_string)
        .collect()
}

fn replication(path: &Path, config: &Map<String, Value>) -> Result<Vec<Range<usize>>> {
    let Some(Value::Array(ranges)) = config.get("layer_replication") else {
        return Ok(Vec::new());
    };
    let range = |pair: &Value| {
        let ends = pair.as_array().filter(|pair| pair.len() == 2)?;
        let end = |place: usize| usize::try_from(ends[place].as_u64()?).ok();
        end(0).zip(end(1)).map(|(start, end)| start..end)
    };
    ranges
        .iter()
        .map(|pair| {
            range(pair).ok_or_else(|| {
                let problem = format!("layer_replication has {pair}");
                bad(
                    path,
                    problem,
                    "each entry must be two layer numbers, [first, end]",
                )
            })
        })
        .collect()
}

/// Refuses by name whatever would make s·B·A another matrix than ΔW.
fn check_supported(path: &Path, config: &Map<String, Value>) -> Result<()> {
    let refuse = |feature: String, reason: &str, remedy: &str| {
        Err(Error::Unsupported {
            path: path.into(),
            feature,
            reason: reason.into(),
            remedy: remedy.into(),
        })
    };
    for (field, reason) in UNSUPPORTED_FIELDS {
        let Some(value) = config.get(field) else {
            continue;
        };
        let unset = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(items) => items.is_empty(),
            _ => false,
        };
        if !unset {
            let remedy = "ΔW would be wrong, so nothing is computed: give a plain LoRA adapter";
            return refuse(format!("{field} = {value}"), reason, remedy);
        }
    }
    Ok(())
}

/// `init_lora_weights` where it moves a part of the base into B·A.
fn base_changing_init(path: &Path, config: &Map<String, Value>) -> Result<Option<String>> {
    let Some(init) = config.get("init_lora_weights").and_then(Value::as_str) else {
        return Ok(None);
    };
    let name = init.to_lowercase();
    if BASE_CHANGING_INITS
        .iter()
        .any(|family| name.starts_with(family))
    {
        return Ok(Some(init.into()));
    }
    if PLAIN_INITS.contains(&name.as_str()) {
        return Ok(None);
    }
    Err(Error::Unsupported {
        path: path.into(),
        feature: format!("init_lora_weights = \"{init}\""),
        reason: "it is not known whether this initialisation changes the base".into(),
        remedy: "if it does not, set the field to true in a copy of the config".into(),
    })
}

/// The remedy where the scale is unknown.
pub(super) fn give_alpha() -> String {
    format!(
        "give it with {}, or {} for s = 1",
        Setting::Alpha,
        Setting::Unscaled
    )
}

/// An error about a config.
pub(in crate::adapter) fn bad(path: &Path, problem: String, remedy: &str) -> Error {
    Error::config(path, problem, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_in_file_order_wins() {
        let config: Map<String, Value> =
            serde_json::from_str(r#"{"p": {"q_proj": 4, ".*\\.1\\..*q_proj": 2, "^x\\.k": 8}}"#)
                .unwrap();
        let pattern = pattern(Path::new("c"), &config, "p").unwrap();
        assert_eq!(first_hit(&pattern, "model.layers.1.q_proj"), Some(4.0));
        assert_eq!(first_hit(&pattern, "model.layers.1.xq_proj"), Some(2.0));
        assert_eq!(first_hit(&pattern, "q_proj"), Some(4.0));
        assert_eq!(first_hit(&pattern, "q_proj.x"), None);
        assert_eq!(first_hit(&pattern, "x.k"), Some(8.0));
    }
}
