//! What results were made of: nothing in it changes when nothing that matters has.

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
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Provenance {
    /// Version of this crate.
    pub version: String,
    /// The study's name.
    pub study: String,
    /// Settings that decide numbers, resolved: name and value.
    #[serde(serialize_with = "as_object")]
    pub settings: Vec<(String, String)>,
    /// Files that were read.
    pub inputs: Vec<Input>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
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
