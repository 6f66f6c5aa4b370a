//! Schema, definition and the file for editors hold each other.

use std::path::Path;

use super::super::Definition;
use super::super::schema::{PLAIN, is_plain};
use super::*;

#[test]
fn editors_and_we_take_the_same_names() {
    let pattern = regex::Regex::new(PLAIN).unwrap();
    for name in [
        "r8-seed0", "_x", "a.b", "β", "", ".x", "-x", "a/b", "a b", "../x",
    ] {
        assert_eq!(is_plain(name), pattern.is_match(name), "{name}");
    }
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
        // Nothing is near a key of one letter: then all are named.
        let is_named = match key.len() {
            1 => error.contains("the keys there are"),
            _ => error.contains(&format!("did you mean `{key}`?")),
        };
        assert!(is_named, "{error}");
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
