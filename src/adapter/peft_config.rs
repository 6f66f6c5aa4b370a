//! `adapter_config.json`: what decides ΔW, and what is refused because it would.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// Initialisations that leave the base as it was, so that s·B·A is all of ΔW.
const PLAIN_INITS: [&str; 4] = ["gaussian", "eva", "orthogonal", "mica"];
/// Initialisations that put a part of the base into B·A.
const BASE_CHANGING_INITS: [&str; 5] = ["pissa", "olora", "corda", "lora_ga", "loftq"];

/// Fields that change ΔW when they are set, and what they do to it.
const UNSUPPORTED_FIELDS: [(&str, &str); 8] = [
    ("use_dora", "DoRA rescales every row of W + s·B·A"),
    (
        "layer_replication",
        "the adapter's layers are copies of the base's under other numbers",
    ),
    (
        "target_parameters",
        "its factors hold the experts of 3-D parameters side by side",
    ),
    ("use_qalora", "A acts on pooled groups of the input"),
    ("use_bdlora", "its factors are block-diagonal"),
    ("kasa_config", "part of the base's spectrum was removed"),
    ("enable_lora", "a merged layer's B is grouped by projection"),
    (
        "megatron_config",
        "its factors are shards of parallel layers",
    ),
];

/// The fields of a PEFT LoRA config that ΔW depends on.
pub(super) struct PeftConfig {
    path: PathBuf,
    r: Option<usize>,
    alpha: Option<f64>,
    use_rslora: bool,
    rank_pattern: Vec<(Regex, f64)>,
    alpha_pattern: Vec<(Regex, f64)>,
    pub(super) fan_in_fan_out: bool,
    pub(super) base_name: Option<String>,
}

impl PeftConfig {
    /// Reads a config; every field may be missing or null, unknown ones are ignored.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|source| Error::Io {
            path: path.into(),
            action: "read",
            source,
            remedy: "check that you may read it",
        })?;
        let config: Map<String, Value> = serde_json::from_str(&text)
            .map_err(|error| bad(path, format!("not a JSON object: {error}"), "save it again"))?;
        check_peft_type(path, &config)?;
        check_supported(path, &config)?;
        let truth = |key| config.get(key).and_then(Value::as_bool).unwrap_or(false);
        let r = positive(path, &config, "r")?;
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
            alpha: positive(path, &config, "lora_alpha")?,
            use_rslora: truth("use_rslora"),
            rank_pattern: pattern(path, &config, "rank_pattern")?,
            alpha_pattern: pattern(path, &config, "alpha_pattern")?,
            fan_in_fan_out: truth("fan_in_fan_out"),
            base_name: config
                .get("base_model_name_or_path")
                .and_then(Value::as_str)
                .map(str::to_string),
        })
    }

    /// The rank that the config gives a module, if it gives one.
    pub(super) fn rank(&self, module: &str) -> Option<f64> {
        first_hit(&self.rank_pattern, module).or(self.r.map(|r| r as f64))
    }

    /// s of a module of rank `rank`: α/r, or α/√r with rsLoRA; `alpha` overrules the config.
    pub(super) fn scale(&self, module: &str, rank: usize, alpha: Option<f64>) -> Result<f64> {
        let alpha = alpha
            .or_else(|| first_hit(&self.alpha_pattern, module))
            .or(self.alpha)
            .ok_or_else(|| {
                let problem = "lora_alpha is missing, so the scale α/r of ΔW is unknown";
                bad(
                    &self.path,
                    problem.into(),
                    "give it with --alpha, or --no-scale for s = 1",
                )
            })?;
        let rank = rank as f64;
        Ok(if self.use_rslora {
            alpha / rank.sqrt()
        } else {
            alpha / rank
        })
    }

    /// The scale rule in words, with where α came from.
    pub(super) fn scale_rule(&self, alpha: Option<f64>) -> String {
        let rule = if self.use_rslora {
            "α/√r (use_rslora)"
        } else {
            "α/r"
        };
        let source = match (alpha, self.alpha, self.alpha_pattern.is_empty()) {
            (Some(alpha), _, _) => format!("α = {alpha} from --alpha"),
            (None, Some(alpha), true) => format!("α = {alpha} from lora_alpha"),
            (None, Some(alpha), false) => format!("α from alpha_pattern, else {alpha}"),
            (None, None, _) => "α from alpha_pattern".to_string(),
        };
        format!("s = {rule}, {source}")
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

fn positive(path: &Path, config: &Map<String, Value>, field: &str) -> Result<Option<f64>> {
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

fn check_peft_type(path: &Path, config: &Map<String, Value>) -> Result<()> {
    match config.get("peft_type").and_then(Value::as_str) {
        Some("LORA") => Ok(()),
        Some(other) => Err(Error::Unsupported {
            path: path.into(),
            feature: format!("peft_type \"{other}\""),
            reason: "only LORA adapters are read, and another method's ΔW is not s·B·A".into(),
            remedy: "give a LoRA adapter".into(),
        }),
        None => Err(bad(
            path,
            "peft_type is missing, so this is not a PEFT adapter's config".into(),
            "give the folder that PEFT's save_pretrained wrote",
        )),
    }
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
    let Some(init) = config.get("init_lora_weights").and_then(Value::as_str) else {
        return Ok(());
    };
    let name = init.to_lowercase();
    if BASE_CHANGING_INITS
        .iter()
        .any(|family| name.starts_with(family))
    {
        let reason = "this initialisation moves part of the base into B·A, so s·B·A is not ΔW";
        let remedy = "convert it with PEFT's path_initial_model_for_weight_conversion, which writes a plain LoRA";
        return refuse(format!("init_lora_weights = \"{init}\""), reason, remedy);
    }
    if !PLAIN_INITS.contains(&name.as_str()) {
        let reason = "it is not known whether this initialisation changes the base";
        let remedy = "if it does not, set the field to true in a copy of the config";
        return refuse(format!("init_lora_weights = \"{init}\""), reason, remedy);
    }
    Ok(())
}

fn bad(path: &Path, problem: String, remedy: &str) -> Error {
    Error::Config {
        path: path.into(),
        problem,
        remedy: remedy.into(),
    }
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
