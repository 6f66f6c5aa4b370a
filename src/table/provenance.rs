//! What results were made of: nothing in it changes when nothing that matters has.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{SerializeMap, Serializer};
use serde_json::Map;

/// Version, settings and inputs of a study's results. Neither time nor machine, threads, git
/// revision or absolute paths, so that results can be compared byte by byte.
///
/// As JSON its settings are an object:
///
/// ```
/// use lora_subspace::table::Provenance;
/// let provenance = Provenance {
///     version: "0.1.0".into(),
///     study: "mine".into(),
///     settings: vec![("seed".into(), "0".into())],
///     inputs: Vec::new(),
/// };
/// assert_eq!(
///     provenance.json(),
///     r#"{"version":"0.1.0","study":"mine","settings":{"seed":"0"},"inputs":[]}"#
/// );
/// ```
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of this crate.
    pub version: String,
    /// The study's name.
    pub study: String,
    /// Settings that decide numbers, resolved: name and value.
    #[serde(serialize_with = "as_object", deserialize_with = "of_object")]
    pub settings: Vec<(String, String)>,
    /// Files that were read.
    pub inputs: Vec<Input>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The study's name for the adapter that it belongs to, or `base`; `rows` or `runs` for a table
    /// that others made.
    pub of: String,
    /// File name, without its folder.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl Provenance {
    /// On one line.
    pub fn json(&self) -> String {
        // Text, lists and an object with names as keys: nothing that JSON cannot say.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The same, of some of the inputs alone.
    pub fn of_inputs(&self, is_one: impl Fn(&Input) -> bool) -> Self {
        let inputs = self.inputs.iter().filter(|input| is_one(input));
        Provenance {
            inputs: inputs.cloned().collect(),
            ..self.clone()
        }
    }

    /// Which version, setting or input that both have is another there, in words: the first of several.
    ///
    /// ```
    /// use lora_subspace::table::{Input, Provenance};
    /// let of = |sha256: &str| Provenance {
    ///     inputs: vec![Input { of: "r8".into(), file: "a.safetensors".into(), sha256: sha256.into() }],
    ///     ..Provenance::default()
    /// };
    /// assert_eq!(of("00").differs_from(&of("00")), None);
    /// assert_eq!(of("00").differs_from(&of("01")).unwrap(), "another a.safetensors of r8");
    /// assert_eq!(of("00").differs_from(&Provenance::default()), None);
    /// ```
    pub fn differs_from(&self, other: &Provenance) -> Option<String> {
        if self.version != other.version {
            return Some(format!("version {}", self.version));
        }
        let setting = |(name, value): &&(String, String)| {
            let mut theirs = other.settings.iter();
            theirs.any(|(named, other)| named == name && other != value)
        };
        if let Some((name, value)) = self.settings.iter().find(setting) {
            return Some(format!("{name} = {value}"));
        }
        let input = |one: &&Input| {
            let mut theirs = other.inputs.iter();
            let name = (&one.of, &one.file);
            theirs.any(|their| (&their.of, &their.file) == name && their.sha256 != one.sha256)
        };
        let input = self.inputs.iter().find(input)?;
        Some(format!("another {} of {}", input.file, input.of))
    }

    /// `lora-subspace 0.1.0`
    pub fn software(&self) -> String {
        format!("{} {}", env!("CARGO_PKG_NAME"), self.version)
    }
}

fn as_object<S: Serializer>(
    settings: &[(String, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut object = serializer.serialize_map(Some(settings.len()))?;
    for (name, value) in settings {
        object.serialize_entry(name, value)?;
    }
    object.end()
}

fn of_object<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, String)>, D::Error> {
    let text = |(name, value): (String, serde_json::Value)| match value {
        serde_json::Value::String(value) => Ok((name, value)),
        other => Err(serde::de::Error::custom(format!(
            "{name} is {other}, and no text"
        ))),
    };
    Map::deserialize(deserializer)?
        .into_iter()
        .map(text)
        .collect()
}
