//! What a key of a study file takes, and the JSON Schema for editors.

use serde_json::{Map, Value, json};

use super::keys::STUDY;

/// What a name may be made of, as it names files: see [`is_plain`].
const PLAIN: &str = r"^\w[\w.-]*$";

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

/// What a key takes.
pub(super) enum Kind {
    Text,
    /// Text that names files.
    Name,
    /// An integer not below this.
    Whole(u64),
    /// One of a few words.
    Choice(&'static [&'static str]),
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
            Kind::Whole(0) => "a whole number".into(),
            Kind::Whole(least) => format!("a whole number from {least}"),
            Kind::Choice(words) => format!("one of {}", words.join(", ")),
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
            Kind::Whole(least) => json!({"type": "integer", "minimum": least}),
            Kind::Choice(words) => json!({"type": "string", "enum": words}),
            Kind::List(of) => json!({"type": "array", "items": of.schema()}),
            Kind::Two(of) => {
                json!({"type": "array", "items": of.schema(), "minItems": 2, "maxItems": 2})
            }
            Kind::Table(fields) => object(fields),
            Kind::Tables(fields) => {
                json!({"type": "array", "items": object(fields), "minItems": 1})
            }
        }
    }
}

/// Whether a name can name a file or folder on any system, and a column without quotes.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(['.', '-'])
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "-_.".contains(c))
}

/// The JSON Schema (draft 2020-12) of study files, as `docs/study.schema.json` has it.
///
/// ```
/// let schema = lora_subspace::study::schema();
/// assert!(schema.contains("https://json-schema.org/draft/2020-12/schema"));
/// ```
pub fn schema() -> String {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A study of lora-subspace",
        "description": "study.toml: which adapters, which questions, which figures and tables. Paths are relative to its folder.",
    });
    if let (Some(schema), Value::Object(rest)) = (schema.as_object_mut(), object(STUDY)) {
        schema.extend(rest);
        let either = ["adapter", "rows"].map(|key| json!({"required": [key]}));
        schema.insert("oneOf".into(), json!(either));
    }
    format!("{schema:#}\n")
}

fn object(fields: &[Field]) -> Value {
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Definition;
    use super::super::keys::BASES;
    use super::*;
    use crate::measure::Basis;

    #[test]
    fn editors_and_we_take_the_same_names() {
        let pattern = regex::Regex::new(PLAIN).unwrap();
        for name in [
            "r8-seed0", "_x", "a.b", "β", "", ".x", "-x", "a/b", "a b", "../x",
        ] {
            assert_eq!(is_plain(name), pattern.is_match(name), "{name}");
        }
    }

    #[test]
    fn every_basis_is_known() {
        assert!(Basis::ALL.iter().map(|basis| basis.name()).eq(BASES));
    }

    /// A study with every key, each with its example; `change` may rewrite a key.
    fn text(change: &dyn Fn(&str, &str) -> String) -> String {
        fn table(
            (header, at): (&str, &str),
            fields: &[Field],
            change: &dyn Fn(&str, &str) -> String,
        ) -> String {
            let is_table = |field: &&Field| matches!(field.kind, Kind::Table(_) | Kind::Tables(_));
            let mut text = header.to_string();
            for field in fields.iter().filter(|field| !is_table(field)) {
                text += &format!("{} = {}\n", change(at, field.key), field.example);
            }
            for field in fields.iter().filter(is_table) {
                let key = change(at, field.key);
                let (header, fields) = match field.kind {
                    Kind::Table(fields) => (format!("[{key}]\n"), fields),
                    Kind::Tables(fields) => (format!("[[{key}]]\n"), fields),
                    _ => unreachable!(),
                };
                text += &table((&header, field.key), fields, change);
            }
            text
        }
        table(("", ""), STUDY, change)
    }

    fn parse(text: &str) -> crate::error::Result<Definition> {
        Definition::parse(Path::new("study.toml"), text)
    }

    fn keys(value: &Value) -> Vec<&str> {
        value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect()
    }

    #[test]
    fn schema_and_definition_have_the_same_keys() {
        let definition = parse(&text(&|_, key| key.into())).unwrap();
        let definition = serde_json::to_value(&definition).unwrap();
        let sorted = |mut keys: Vec<String>| {
            keys.sort();
            keys
        };
        let compare = |value: &Value, fields: &[Field]| {
            let of_definition = keys(value).iter().map(|key| key.to_string()).collect();
            let of_schema = fields.iter().map(|field| field.key.to_string()).collect();
            assert_eq!(sorted(of_definition), sorted(of_schema));
        };
        compare(&definition, STUDY);
        for field in STUDY {
            match field.kind {
                Kind::Table(fields) => compare(&definition[field.key], fields),
                Kind::Tables(fields) => compare(&definition[field.key][0], fields),
                _ => assert!(!definition[field.key].is_null(), "{}", field.key),
            }
        }
    }

    #[test]
    fn every_key_is_known_by_its_name_alone() {
        let every = STUDY.iter().flat_map(|field| match field.kind {
            Kind::Table(fields) | Kind::Tables(fields) => {
                let inner = fields.iter().map(|inner| (field.key, inner.key));
                [("", field.key)]
                    .into_iter()
                    .chain(inner)
                    .collect::<Vec<_>>()
            }
            _ => vec![("", field.key)],
        });
        for (table, key) in every {
            let wrong = format!("x{key}");
            let text = text(&|at, found| match (at, found) == (table, key) {
                true => wrong.clone(),
                false => found.into(),
            });
            let error = parse(&text).unwrap_err().to_string();
            let line = 1 + text.lines().position(|line| line.contains(&wrong)).unwrap();
            assert!(
                error.contains(&format!("line {line}: unknown key `{wrong}`")),
                "{error}"
            );
            assert!(error.contains(&format!("did you mean `{key}`?")), "{error}");
        }
    }

    #[test]
    fn the_file_for_editors_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/study.schema.json");
        assert_eq!(
            std::fs::read_to_string(path).unwrap_or_default(),
            schema(),
            "run `cargo run --release -- --schema > docs/study.schema.json`"
        );
    }
}
