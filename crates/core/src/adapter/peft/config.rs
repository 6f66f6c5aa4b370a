//! `adapter_config.json`: what decides ΔW, and what is refused because it would.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::adapter::factors::METADATA;
use crate::adapter::fields::Fields;
use crate::adapter::located::CONFIG;
use crate::adapter::patterns::Patterns;
use crate::adapter::scale_rule::{ScaleKind, ScaleRule};
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
    /// Where α stands, as the rule names it.
    alpha_name: String,
    /// Where ranks stand, as errors name it.
    pub(in crate::adapter) place: String,
    use_rslora: bool,
    rank_pattern: ByModule,
    alpha_pattern: ByModule,
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
    /// `trainable_token_indices`: numbers of tokens, by module where there are several.
    tokens: Option<Value>,
}

impl PeftConfig {
    /// Reads a config's fields; every one may be missing or null, unknown ones are ignored.
    pub(in crate::adapter) fn new(path: &Path, config: &Map<String, Value>) -> Result<Self> {
        Self::with_alpha_in("lora_alpha", path, config)
    }

    /// As [`PeftConfig::new`], for methods that keep α in another field.
    pub(in crate::adapter) fn with_alpha_in(
        alpha_field: &str,
        path: &Path,
        config: &Map<String, Value>,
    ) -> Result<Self> {
        let fields = Fields::new(path, config);
        let mut config = Self::stated(fields, alpha_field, alpha_field.into())?;
        config.place = CONFIG.into();
        Ok(config)
    }

    /// Reads the fields of a config that stands elsewhere: `alpha_name` says where α is.
    pub(in crate::adapter) fn stated(
        fields: Fields,
        alpha_field: &str,
        alpha_name: String,
    ) -> Result<Self> {
        check_supported(&fields)?;
        Ok(PeftConfig {
            path: fields.path().into(),
            r: fields.count("r")?,
            alpha: fields.positive(alpha_field)?,
            alpha_name,
            place: METADATA.into(),
            use_rslora: fields.truth("use_rslora")?,
            use_dora: fields.truth("use_dora")?,
            rank_pattern: pattern(&fields, "rank_pattern")?,
            alpha_pattern: pattern(&fields, "alpha_pattern")?,
            fan_in_fan_out: fields.truth("fan_in_fan_out")?,
            base_name: fields.text("base_model_name_or_path")?.map(str::to_string),
            enable_lora: fields.truths("enable_lora")?,
            parameters: fields.texts("target_parameters")?.unwrap_or_default(),
            base_changing_init: base_changing_init(&fields)?,
            replication: fields.ranges("layer_replication")?.unwrap_or_default(),
            tokens: fields.get("trainable_token_indices").cloned(),
        })
    }

    /// The config, with what another says of the scale where it says nothing itself.
    pub(in crate::adapter) fn completed_by(self, other: Option<PeftConfig>) -> Self {
        let Some(other) = other.filter(|_| self.alpha.is_none() && self.alpha_pattern.is_empty())
        else {
            return self;
        };
        let (own, use_rslora) = (self.r.is_some(), self.use_rslora || other.use_rslora);
        PeftConfig {
            r: self.r.or(other.r),
            place: if own { self.place } else { other.place },
            rank_pattern: if own {
                self.rank_pattern
            } else {
                other.rank_pattern
            },
            alpha: other.alpha,
            alpha_name: other.alpha_name,
            alpha_pattern: other.alpha_pattern,
            use_rslora,
            use_dora: self.use_dora || other.use_dora,
            base_changing_init: self.base_changing_init.or(other.base_changing_init),
            ..self
        }
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
        let ids = match self.tokens.as_ref()? {
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
    pub(in crate::adapter) fn rank(&self, module: &str) -> Result<Option<f64>> {
        let hit = self.first_hit("rank_pattern", &self.rank_pattern, module)?;
        Ok(hit.or(self.r.map(|r| r as f64)))
    }

    /// Whether it gives any module a rank.
    pub(in crate::adapter) fn has_rank(&self) -> bool {
        self.r.is_some() || !self.rank_pattern.is_empty()
    }

    /// α of a module, where the config states it.
    pub(in crate::adapter) fn alpha_of(&self, module: &str) -> Result<Option<f64>> {
        let hit = self.first_hit("alpha_pattern", &self.alpha_pattern, module)?;
        Ok(hit.or(self.alpha))
    }

    /// Where α stands, as the rule names it.
    pub(in crate::adapter) fn alpha_name(&self) -> &str {
        &self.alpha_name
    }

    /// Whether it states α of any module.
    pub(in crate::adapter) fn has_alpha(&self) -> bool {
        self.alpha.is_some() || !self.alpha_pattern.is_empty()
    }

    /// s of a module of rank `rank`: α/r, or α/√r with rsLoRA; `alpha` overrules the config.
    pub(in crate::adapter) fn scale(
        &self,
        module: &str,
        rank: usize,
        alpha: Option<f64>,
    ) -> Result<f64> {
        let alpha = match alpha {
            Some(alpha) => Some(alpha),
            None => self.alpha_of(module)?,
        };
        let alpha = alpha.ok_or_else(|| Error::UnknownScale {
            path: self.path.clone(),
            problem: format!(
                "{} is missing, so the scale α/r of ΔW is unknown",
                self.alpha_name
            ),
            remedy: give_alpha(),
        })?;
        let rank = rank as f64;
        let scale = alpha / if self.use_rslora { rank.sqrt() } else { rank };
        if scale == 0.0 && alpha != 0.0 {
            let problem = format!(
                "{} is {alpha:e}, and {alpha:e}/{rank} is 0",
                self.alpha_name
            );
            return Err(bad(&self.path, problem, &give_alpha()));
        }
        Ok(scale)
    }

    /// The scale rule in words, with where α came from, if it came.
    pub(in crate::adapter) fn scale_rule(&self, given: Option<f64>) -> Option<ScaleRule> {
        let (kind, rule) = if self.use_rslora {
            (ScaleKind::AlphaOverRoot, "α/√r (use_rslora)")
        } else {
            (ScaleKind::AlphaOverRank, "α/r")
        };
        let source = match given {
            Some(alpha) => format!("α = {alpha} from {}", Setting::Alpha),
            None => self.source()?,
        };
        let is_one_number = given.is_none() && self.alpha_pattern.is_empty();
        let alpha = self.alpha.filter(|_| is_one_number);
        Some(ScaleRule::new(kind, format!("s = {rule}, {source}"), alpha))
    }

    /// Where α comes from, if it comes.
    pub(in crate::adapter) fn source(&self) -> Option<String> {
        match (self.alpha, self.alpha_pattern.is_empty()) {
            (Some(alpha), true) => Some(format!("α = {alpha} from {}", self.alpha_name)),
            (Some(alpha), false) => Some(format!("α from alpha_pattern, else {alpha}")),
            (None, false) => Some("α from alpha_pattern".to_string()),
            (None, true) => None,
        }
    }

    /// PEFT's rule: the first key, in the order of the file, that hits the module's path.
    fn first_hit(&self, field: &str, pattern: &ByModule, module: &str) -> Result<Option<f64>> {
        let hit = pattern.keys.first(module).map_err(|key| {
            let problem =
                format!("key `{key}` of {field} takes too many steps on module `{module}`");
            bad(&self.path, problem, "write the module's name out")
        })?;
        Ok(hit.map(|number| pattern.values[number]))
    }
}

/// Numbers of modules, by keys.
#[derive(Default)]
struct ByModule {
    keys: Patterns,
    /// Those of each key.
    values: Vec<f64>,
}

impl ByModule {
    fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

fn pattern(fields: &Fields, field: &str) -> Result<ByModule> {
    let mut all = ByModule::default();
    for (key, value) in fields.object(field)?.into_iter().flatten() {
        all.keys.add(key).map_err(|error| {
            let problem = format!("key `{key}` of {field} is not one that can be read: {error}");
            bad(fields.path(), problem, "write the module's name out")
        })?;
        let number = value.as_f64().filter(|&value| value > 0.0);
        all.values.push(number.ok_or_else(|| {
            let problem = format!("{field} gives `{key}` the value {value}");
            bad(fields.path(), problem, "it must be a positive number")
        })?);
    }
    Ok(all)
}

/// Refuses by name whatever would make s·B·A another matrix than ΔW.
fn check_supported(fields: &Fields) -> Result<()> {
    let refuse = |feature: String, reason: &str, remedy: &str| {
        Err(Error::Unsupported {
            path: fields.path().into(),
            feature,
            reason: reason.into(),
            remedy: remedy.into(),
        })
    };
    for (field, reason) in UNSUPPORTED_FIELDS {
        let Some(value) = fields.get(field) else {
            continue;
        };
        let unset = match value {
            Value::Bool(false) => true,
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
fn base_changing_init(fields: &Fields) -> Result<Option<String>> {
    let init = match fields.get("init_lora_weights") {
        None | Some(Value::Bool(_)) => return Ok(None),
        Some(Value::String(init)) => init,
        Some(_) => return Err(fields.bad("init_lora_weights", "it must be true, false or a name")),
    };
    let name = init.to_lowercase();
    if BASE_CHANGING_INITS
        .iter()
        .any(|family| name.starts_with(family))
    {
        return Ok(Some(init.clone()));
    }
    if PLAIN_INITS.contains(&name.as_str()) {
        return Ok(None);
    }
    Err(Error::Unsupported {
        path: fields.path().into(),
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

    fn config(text: &str) -> Result<PeftConfig> {
        PeftConfig::new(Path::new("c"), &serde_json::from_str(text).unwrap())
    }

    #[test]
    fn the_first_key_in_file_order_wins() {
        let config = config(
            r#"{"rank_pattern": {"q_proj": 4, ".*\\.1\\..*q_proj": 2, "^x\\.k": 8, "(?!m).*v": 3}}"#,
        )
        .unwrap();
        for (module, rank) in [
            ("model.layers.1.q_proj", Some(4.0)),
            ("model.layers.1.xq_proj", Some(2.0)),
            ("q_proj", Some(4.0)),
            ("q_proj.x", None),
            ("x.k", Some(8.0)),
            ("l.v", Some(3.0)),
        ] {
            assert_eq!(config.rank(module).unwrap(), rank, "{module}");
        }
    }

    #[test]
    fn a_key_without_end_is_named() {
        let config = config(r#"{"alpha_pattern": {"(?:(a|aa)+\\3)+b": 4}}"#).unwrap();
        let error = config.alpha_of(&"a".repeat(60)).unwrap_err().to_string();
        assert!(
            error.contains("of alpha_pattern takes too many steps"),
            "{error}"
        );
    }
}
