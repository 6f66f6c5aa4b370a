//! The fields of a config, each of the kind that it must be: another kind is refused by name.

use std::ops::Range;
use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::files::json;

/// A config's fields. Every one may be missing or null.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    path: &'a Path,
    all: &'a Map<String, Value>,
    /// Where the fields stand, where they are not all of a file: ` of lora_parameters`.
    place: &'a str,
}

impl<'a> Fields<'a> {
    pub(super) fn new(path: &'a Path, all: &'a Map<String, Value>) -> Self {
        Fields {
            path,
            all,
            place: "",
        }
    }

    /// Fields that stand inside of a file.
    pub(super) fn within(path: &'a Path, all: &'a Map<String, Value>, place: &'a str) -> Self {
        Fields { path, all, place }
    }

    /// The file that they stand in.
    pub(super) fn path(&self) -> &'a Path {
        self.path
    }

    /// A field as it is stored.
    pub(super) fn get(&self, field: &str) -> Option<&'a Value> {
        self.all.get(field).filter(|value| !value.is_null())
    }

    /// False where it is missing.
    pub(super) fn truth(&self, field: &str) -> Result<bool> {
        let truth = self.typed(field, Value::as_bool, "it must be true or false")?;
        Ok(truth.unwrap_or(false))
    }

    pub(super) fn number(&self, field: &str) -> Result<Option<f64>> {
        self.typed(field, Value::as_f64, "it must be a number")
    }

    pub(super) fn positive(&self, field: &str) -> Result<Option<f64>> {
        let number = |value: &Value| value.as_f64().filter(|&number| number > 0.0);
        self.typed(field, number, "it must be a positive number")
    }

    /// A rank: a positive whole number.
    pub(super) fn count(&self, field: &str) -> Result<Option<usize>> {
        let number = self.positive(field)?;
        if number.is_some_and(|number| number.fract() != 0.0) {
            return Err(self.bad(field, "it must be a whole number"));
        }
        Ok(number.map(|number| number as usize))
    }

    pub(super) fn text(&self, field: &str) -> Result<Option<&'a str>> {
        self.typed(field, Value::as_str, "it must be a string")
    }

    pub(super) fn texts(&self, field: &str) -> Result<Option<Vec<String>>> {
        let text = |value: &Value| value.as_str().map(str::to_string);
        let texts = |value| list(value, text);
        self.typed(field, texts, "it must be a list of strings")
    }

    pub(super) fn truths(&self, field: &str) -> Result<Option<Vec<bool>>> {
        let truths = |value| list(value, Value::as_bool);
        self.typed(field, truths, "it must be a list of true and false")
    }

    pub(super) fn object(&self, field: &str) -> Result<Option<&'a Map<String, Value>>> {
        self.typed(field, Value::as_object, "it must map names to values")
    }

    /// Pairs of layer numbers [first, end].
    pub(super) fn ranges(&self, field: &str) -> Result<Option<Vec<Range<usize>>>> {
        let range = |pair: &Value| {
            let ends = list(pair, |end| usize::try_from(end.as_u64()?).ok())?;
            let &[start, end] = ends.as_slice() else {
                return None;
            };
            Some(start..end)
        };
        let ranges = |value| list(value, range);
        let remedy = "each entry must be two layer numbers, [first, end]";
        self.typed(field, ranges, remedy)
    }

    /// An error about the value of a field.
    pub(super) fn bad(&self, field: &str, remedy: &str) -> Error {
        let value = self.all.get(field).unwrap_or(&Value::Null);
        let problem = format!("{field}{} is {value}", self.place);
        Error::config(self.path, problem, remedy)
    }

    fn typed<T>(
        &self,
        field: &str,
        read: impl Fn(&'a Value) -> Option<T>,
        remedy: &str,
    ) -> Result<Option<T>> {
        let Some(value) = self.get(field) else {
            return Ok(None);
        };
        // It is a text, and stands for something else.
        let is_whole = value != json::TOO_MANY;
        match Some(value).filter(|_| is_whole).and_then(&read) {
            Some(read) => Ok(Some(read)),
            None => Err(self.bad(field, remedy)),
        }
    }
}

fn list<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn another_kind_is_refused_by_name() {
        let Value::Object(all) = json!({
            "truth": "yes", "number": "16", "texts": "x", "truths": [1, 0],
            "ranges": {"0": 4}, "object": [], "text": 3, "count": 2.5, "null": null,
            "long": json::TOO_MANY,
        }) else {
            unreachable!()
        };
        let fields = Fields::within(Path::new("config"), &all, " of a part");
        let errors = [
            fields.truth("truth").unwrap_err(),
            fields.number("number").unwrap_err(),
            fields.texts("texts").unwrap_err(),
            fields.truths("truths").unwrap_err(),
            fields.ranges("ranges").unwrap_err(),
            fields.object("object").unwrap_err(),
            fields.text("text").unwrap_err(),
            fields.count("count").unwrap_err(),
            fields.text("long").unwrap_err(),
        ];
        let words = errors.map(|error| error.to_string());
        assert_eq!(
            words[0],
            "config: truth of a part is \"yes\"; it must be true or false"
        );
        assert!(words[3].contains("truths of a part is [1,0]"), "{words:?}");
        assert!(words[7].contains("whole number"), "{words:?}");
        assert!(!fields.truth("null").unwrap() && !fields.truth("none").unwrap());
        assert_eq!(fields.positive("null").unwrap(), None);
    }
}
