//! What results were made of: nothing in it changes when nothing that matters has.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};

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

    /// Which version, input or setting that both have is another there, in words: the first of
    /// several. Bases and draws decide what some tables have, and no number in another.
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
            let is_of_all = name != "bases" && name != "draws";
            theirs.any(|(named, other)| is_of_all && named == name && other != value)
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

    /// As [`Provenance::differs_from`], of another that has all inputs and settings of the study.
    pub fn differs_from_whole(&self, whole: &Provenance) -> Option<String> {
        let setting = |one: &&(String, String)| !whole.settings.contains(one);
        let input = |one: &&Input| !whole.inputs.contains(one);
        self.differs_from(whole)
            .or_else(|| {
                let (name, value) = self.settings.iter().find(setting)?;
                Some(format!("{name} = {value}"))
            })
            .or_else(|| {
                let Input { of, file, .. } = self.inputs.iter().find(input)?;
                Some(format!("{file} of {of}, which is no input now"))
            })
            .or_else(|| (self != whole).then(|| "fewer inputs or settings".into()))
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
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("names with texts")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs)
}
