//! What a file's own metadata says of its scale, under the names that trainers give it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::files::json;

use super::component;
use super::fields::Fields;
use super::found::Found;
use super::peft::PeftConfig;

/// One JSON object with keys `COMPONENT.FIELD`, by diffusers.
const OBJECT: &str = "lora_adapter_metadata";
/// What is read of the same keys where they stand by themselves.
const FIELDS: [&str; 7] = [
    "r",
    "lora_alpha",
    "rank_pattern",
    "alpha_pattern",
    "use_rslora",
    "use_dora",
    "init_lora_weights",
];
/// Other names of α, and the rank beside each.
const PLAIN: [(&str, &[&str]); 4] = [
    ("lora_alpha", &["r", "rank", "lora_rank"]),
    ("alpha", &["rank", "r", "dim", "lora_rank"]),
    ("network_alpha", &["network_dim", "rank"]),
    ("ss_network_alpha", &["ss_network_dim"]),
];
/// What trainers write where there is no number.
const NOTHING: [&str; 4] = ["", "None", "null", "Dynamic"];
/// The metadata's configs, by component; `""` is the whole file's.
#[derive(Default)]
pub(super) struct Header {
    components: BTreeMap<String, PeftConfig>,
    /// Whether there is diffusers' own entry.
    pub(super) is_object: bool,
    /// Whether α stands elsewhere in the metadata.
    pub(super) is_elsewhere: bool,
}

impl Header {
    /// Reads the metadata: the first way of stating α that it has.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a value of another kind than it must be, where no tensor says what α
    /// is.
    pub(super) fn read(found: &Found) -> Result<Self> {
        let (mut components, is_object) = match found.metadata(OBJECT) {
            Some(text) => (object(found, text)?, true),
            None => (flat(found), false),
        };
        let is_stated = |fields: &Map<String, Value>| {
            fields.contains_key("lora_alpha") || fields.contains_key("alpha_pattern")
        };
        let plain = match components.values().any(is_stated) {
            true => None,
            false => plain(found)?,
        };
        if let Some((_, fields)) = &plain {
            if components.is_empty() {
                components.insert(String::new(), Map::new());
            }
            for own in components.values_mut() {
                own.extend(fields.clone());
            }
        }
        let is_elsewhere = plain.is_some() || !is_object;
        let place = if is_object { OBJECT } else { "metadata" };
        let config = |(component, fields): (String, Map<String, Value>)| {
            let alpha = match (&plain, component.as_str()) {
                (Some((key, _)), _) => format!("`{key}` of the file's metadata"),
                (None, "") => format!("`lora_alpha` of the file's {place}"),
                (None, component) => format!("`{component}.lora_alpha` of the file's {place}"),
            };
            let mut config = config(found, &fields, &component, alpha)?;
            if !is_elsewhere {
                config.place = OBJECT.into();
            }
            Ok((component, config))
        };
        Ok(Header {
            components: components.into_iter().map(config).collect::<Result<_>>()?,
            is_object,
            is_elsewhere,
        })
    }

    /// Whether it gives any module a rank.
    pub(super) fn has_rank(&self) -> bool {
        self.components.values().any(PeftConfig::has_rank)
    }

    /// What it says of a component, whatever its library calls it.
    pub(super) fn of(&self, name: &str) -> Option<&PeftConfig> {
        let named = |name: &str| self.components.get(name);
        let alike = component::alike(name);
        let only = || self.components.values().next();
        named(name)
            .or_else(|| named(""))
            .or_else(|| alike?.iter().find_map(|name| named(name)))
            .or_else(|| only().filter(|_| name.is_empty() && self.components.len() == 1))
    }

    /// The initialisation that put a part of the base into B·A, where it says so.
    pub(super) fn base_changing_init(&self) -> Option<&String> {
        let mut configs = self.components.values();
        configs.find_map(|config| config.base_changing_init.as_ref())
    }

    /// The config of a file whose names have no component.
    pub(super) fn into_whole(mut self) -> Option<PeftConfig> {
        let only = self.components.keys().next().cloned();
        let name = match self.components.contains_key("") {
            true => String::new(),
            false => only.filter(|_| self.components.len() == 1)?,
        };
        self.components.remove(&name)
    }
}

fn config(
    found: &Found,
    fields: &Map<String, Value>,
    component: &str,
    alpha: String,
) -> Result<PeftConfig> {
    let place = match component {
        "" => " of the file's metadata".to_string(),
        component => format!(" of {component} in the file's metadata"),
    };
    let fields = Fields::within(found.file.path(), fields, &place);
    PeftConfig::stated(fields, "lora_alpha", alpha)
}

/// Keys `COMPONENT.FIELD` by their component; a key without one is the whole file's.
fn by_component(
    keys: impl Iterator<Item = (String, Value)>,
) -> BTreeMap<String, Map<String, Value>> {
    let mut components: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (key, value) in keys {
        let (component, field) = key.split_once('.').unwrap_or(("", &key));
        let fields = components.entry(component.into()).or_default();
        fields.insert(field.into(), value);
    }
    components
}

fn object(found: &Found, text: &str) -> Result<BTreeMap<String, Map<String, Value>>> {
    let fields: Map<String, Value> = json::parse_object(text).map_err(|error| {
        Error::config(
            found.file.path(),
            format!("{OBJECT} is not a JSON object: {error}"),
            "save the adapter again, or take the entry out of the file's metadata",
        )
    })?;
    Ok(by_component(fields.into_iter()))
}

/// The same keys as entries of the metadata itself.
fn flat(found: &Found) -> BTreeMap<String, Map<String, Value>> {
    let is_known = |component: &str| component::alike(component).is_some();
    let entries = found.file.metadata().iter().filter(|(key, _)| {
        let (component, field) = key.split_once('.').unwrap_or(("", key));
        let is_plain = component.is_empty() && ["r", "lora_alpha"].contains(&field);
        is_known(component) && FIELDS.contains(&field) && !is_plain
    });
    let entries = entries.filter(|(_, text)| !NOTHING.contains(&text.as_str()));
    by_component(entries.map(|(key, text)| (key.clone(), value(text))))
}

/// A value of the metadata, which has texts alone.
fn value(text: &str) -> Value {
    match text {
        "True" => Value::Bool(true),
        "False" => Value::Bool(false),
        text => json::parse(text).unwrap_or_else(|_| text.into()),
    }
}

/// α and the rank under the first of their other names, as fields of PEFT's, with α's own name.
fn plain(found: &Found) -> Result<Option<(&'static str, Map<String, Value>)>> {
    let entry = |key: &str| {
        let text = found.metadata(key).map(str::trim);
        text.filter(|text| !NOTHING.contains(text))
    };
    // Where tensors say what α is, an entry of another meaning must not stop the file.
    let is_needed = found.options.alpha.is_none() && !found.names().iter().any(|n| is_alpha(n));
    let number = |key: &str| -> Result<Option<f64>> {
        let Some(text) = entry(key) else {
            return Ok(None);
        };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() && number > 0.0 => Ok(Some(number)),
            // kohya's scripts take the rank for an α of 0.
            Ok(0.0) if key.contains("network") => Ok(None),
            _ if is_needed => Err(Error::config(
                found.file.path(),
                format!("{key} of the file's metadata is \"{text}\""),
                "it must be a positive number: give α otherwise, or take the entry out",
            )),
            _ => Ok(None),
        }
    };
    for (alpha, ranks) in PLAIN {
        let Some(stated) = number(alpha)? else {
            continue;
        };
        let mut fields = Map::from_iter([("lora_alpha".to_string(), stated.into())]);
        for rank in ranks {
            if let Some(rank) = number(rank)? {
                fields.insert("r".into(), rank.into());
                break;
            }
        }
        return Ok(Some((alpha, fields)));
    }
    Ok(None)
}

/// Whether a tensor of this name is a module's α.
pub(super) fn is_alpha(name: &str) -> bool {
    name.ends_with(".alpha") || name.ends_with(".network_alpha")
}
