//! What a key of a study file may take, in words for messages and as JSON Schema for editors.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::bounds::MOST_ENTRIES;

/// What a name may be made of, as it names files: see [`is_plain`].
pub(super) const PLAIN: &str = r"^\w[\w.-]*$";

/// A key of a table.
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
    /// What it means, for people.
    pub(super) about: &'static str,
    /// A value as it is written in TOML; of tables nothing.
    pub(super) example: &'static str,
}

/// A key that may be left out.
pub(super) const fn field(
    key: &'static str,
    kind: Kind,
    example: &'static str,
    about: &'static str,
) -> Field {
    Field {
        key,
        kind,
        required: false,
        about,
        example,
    }
}

/// A key that must be there.
pub(super) const fn required(
    key: &'static str,
    kind: Kind,
    example: &'static str,
    about: &'static str,
) -> Field {
    Field {
        required: true,
        ..field(key, kind, example, about)
    }
}

/// What a key takes.
pub(super) enum Kind {
    Text,
    /// Text that names files.
    Name,
    /// `true` or `false`.
    Truth,
    /// An integer of these.
    Whole(RangeInclusive<u64>),
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// One text or a list of them, each once.
    Texts,
    /// Each once, and at most [`MOST_ENTRIES`].
    List(&'static Kind),
    /// Exactly two.
    Two(&'static Kind),
    Table(&'static [Field]),
    /// `[[…]]`, one or more.
    Tables(&'static [Field]),
}

impl Kind {
    /// In words, for a message.
    pub(super) fn in_words(&self) -> String {
        match self {
            Kind::Text | Kind::Name => "a text in quotes".into(),
            Kind::Truth => "true or false".into(),
            Kind::Whole(range) => {
                format!("a whole number from {} to {}", range.start(), range.end())
            }
            Kind::Choice(words) => format!("one of {}", words.join(", ")),
            Kind::Texts => "a text in quotes, or a list of them".into(),
            Kind::List(of) => format!("a list, each {}", of.in_words()),
            Kind::Two(of) => format!("a list of two, each {}", of.in_words()),
            Kind::Table(_) => "a table".into(),
            Kind::Tables(_) => "one table or more".into(),
        }
    }

    fn schema(&self) -> Value {
        match self {
            Kind::Text => json!({"type": "string"}),
            Kind::Name => json!({"type": "string", "pattern": PLAIN}),
            Kind::Truth => json!({"type": "boolean"}),
            Kind::Whole(range) => {
                json!({"type": "integer", "minimum": range.start(), "maximum": range.end()})
            }
            Kind::Choice(words) => json!({"type": "string", "enum": words}),
            Kind::Texts => {
                json!({"anyOf": [{"type": "string"}, list(&Kind::Text)]})
            }
            Kind::List(of) => list(of),
            Kind::Two(of) => {
                json!({"type": "array", "items": of.schema(), "minItems": 2, "maxItems": 2})
            }
            Kind::Table(fields) => object(fields),
            Kind::Tables(fields) => {
                json!({"type": "array", "items": object(fields), "minItems": 1, "maxItems": MOST_ENTRIES})
            }
        }
    }
}

fn list(of: &Kind) -> Value {
    json!({"type": "array", "items": of.schema(), "uniqueItems": true, "maxItems": MOST_ENTRIES})
}

/// Whether a name can name a file or folder on any system, and a column without quotes.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(['.', '-'])
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "-_.".contains(c))
}

/// The schema of a table with these keys.
pub(super) fn object(fields: &[Field]) -> Value {
    let property = |field: &Field| {
        let mut schema = field.kind.schema();
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".into(), field.about.into());
        }
        (field.key.to_string(), schema)
    };
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.key)
        .collect();
    let mut schema = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": fields.iter().map(property).collect::<Map<_, _>>(),
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}
