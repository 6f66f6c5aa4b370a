//! JSON as Python writes it: a byte order mark before it, and NaN and infinities in it.

use std::borrow::Cow;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

use super::bounded;
pub use super::bounded::Bounded;
pub(crate) use super::bounded::TOO_MANY;
use super::{InputFile, is_there, read_bytes, text_of};

/// What Python calls numbers that JSON has none for, the longest first.
const NO_NUMBERS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

/// Reads a text as JSON. NaN and the infinities become strings of the same letters: a field that
/// must be a number then refuses them by name, and one that nobody asks for says nothing. So does a
/// field of the outermost object that has more values than can be meant, and is not held.
///
/// # Errors
///
/// Those of `serde_json`, and for more values than can be meant.
///
/// ```
/// use lora_subspace_core::files::json;
/// let value = json::parse("\u{feff}{\"a\": -Infinity, \"b\": \"NaN, \\\" NaN\"}")?;
/// assert_eq!(value, serde_json::json!({"a": "-Infinity", "b": "NaN, \" NaN"}));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn parse(text: &str) -> serde_json::Result<Value> {
    bounded::read(&quoted(without_mark(text)))
}

/// Reads a file that must hold a JSON object.
///
/// # Errors
///
/// Those of [`super::read_text`], and [`Error::Config`] for anything but an object.
pub fn read_object(path: &Path) -> Result<Map<String, Value>> {
    object(path, &read_bytes(path)?)
}

/// As [`read_object`], with what identifies the bytes that were read.
///
/// # Errors
///
/// Those of [`read_object`].
pub fn read_input(path: &Path) -> Result<(Map<String, Value>, InputFile)> {
    let bytes = read_bytes(path)?;
    Ok((object(path, &bytes)?, InputFile::read(path, &bytes)))
}

/// As [`read_object`], where there may be no such file.
///
/// # Errors
///
/// Those of [`read_object`]: a file that is there is read, or the error names it.
pub fn read_object_if_there(path: &Path) -> Result<Option<Map<String, Value>>> {
    is_there(path).then(|| read_object(path)).transpose()
}

/// As [`read_input`], where there may be no such file.
///
/// # Errors
///
/// Those of [`read_object_if_there`].
pub fn read_input_if_there(path: &Path) -> Result<Option<(Map<String, Value>, InputFile)>> {
    is_there(path).then(|| read_input(path)).transpose()
}

/// A JSON object from the bytes of a file; the path is for messages.
///
/// # Errors
///
/// Those of [`read_object`], but for reading.
pub fn object(path: &Path, bytes: &[u8]) -> Result<Map<String, Value>> {
    parse_object(text_of(path, bytes)?).map_err(|error| {
        let problem = format!("not a JSON object: {error}");
        Error::config(path, problem, "save or fetch it again")
    })
}

/// As [`parse`], into a type that holds what it needs and no more.
///
/// # Errors
///
/// Those of `serde_json`.
pub fn parse_as<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str(&quoted(without_mark(text)))
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// As [`parse`], of a text that must be an object.
///
/// # Errors
///
/// Those of [`parse`], and for a value of another kind.
pub fn parse_object(text: &str) -> serde_json::Result<Map<String, Value>> {
    match parse(text)? {
        Value::Object(fields) => Ok(fields),
        other => serde_json::from_value(other),
    }
}

/// The text with quotes around what is no number of JSON's, outside of strings.
fn quoted(text: &str) -> Cow<'_, str> {
    if !NO_NUMBERS[1..].iter().any(|word| text.contains(word)) {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest) = (String::with_capacity(text.len() + 16), text);
    while let Some(first) = rest.chars().next() {
        let word = NO_NUMBERS.iter().find(|word| rest.starts_with(**word));
        let length = match (first, word) {
            ('"', _) => string_length(rest),
            (_, Some(word)) => {
                out.extend(["\"", word, "\""]);
                rest = &rest[word.len()..];
                continue;
            }
            _ => first.len_utf8(),
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    Cow::Owned(out)
}

/// The bytes of the string that a text begins with, both quotes included; all of it where the
/// string has no end.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (place, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    #[test]
    fn strings_keep_their_words() {
        for (text, expected) in [
            (
                r#"{"a": NaN, "NaN": Infinity}"#,
                json!({"a": "NaN", "NaN": "Infinity"}),
            ),
            (
                r#"["-Infinity \\", -Infinity]"#,
                json!(["-Infinity \\", "-Infinity"]),
            ),
            (r#"["α \" NaN", [NaN,1]]"#, json!(["α \" NaN", ["NaN", 1]])),
            (r#"{"a": 1}"#, json!({"a": 1})),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        for text in ["{\"a\": NaNa}", "\"NaN", "{NaN", "-NaN", ""] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_that_is_there_is_read_or_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        assert_eq!(read_object_if_there(&path).unwrap(), None);
        fs::write(&path, "\u{feff}{\"limit\": [0.0, Infinity]}").unwrap();
        let object = read_object_if_there(&path).unwrap().unwrap();
        assert_eq!(object["limit"], json!([0.0, "Infinity"]));
        for text in ["{\"a\": 1", "[1]"] {
            fs::write(&path, text).unwrap();
            let error = read_object_if_there(&path).unwrap_err().to_string();
            assert!(error.contains("config.json: not a JSON object"), "{error}");
        }
    }
}
