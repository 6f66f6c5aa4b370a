//! JSON as values, of which only so many are held: a value of two bytes takes some eighty as a
//! [`Value`], and most of a long file is never asked for.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// What the values of one text may cost in all: some 100 MB. An index of 500,000 tensors has as much.
const MOST: usize = 1_000_000;
/// What an object costs beside its fields; other values cost 1, as does the name of a field.
const OBJECT: usize = 4;
/// What stands for values that were left out.
pub(crate) const TOO_MANY: &str = "too many values to be read";

/// Reads a text as a value. A field of the outermost object with more values than are left becomes a
/// string that says so: a field that is asked for is then refused by name, as one of another kind.
///
/// # Errors
///
/// Those of `serde_json`, and for a text that is no object and has too many values.
pub(super) fn read(text: &str) -> serde_json::Result<Value> {
    let left = Cell::new(MOST);
    let mut from = serde_json::Deserializer::from_str(text);
    let outermost = Reader {
        left: &left,
        is_outermost: true,
    };
    let value = outermost.deserialize(&mut from)?;
    from.end()?;
    value.ok_or_else(|| serde_json::Error::custom(TOO_MANY))
}

/// A value among others that are read one by one.
pub struct Bounded(pub Value);

impl<'de> Deserialize<'de> for Bounded {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let reader = Reader {
            left: &Cell::new(MOST),
            is_outermost: false,
        };
        let value = reader.deserialize(from)?;
        value.map(Bounded).ok_or_else(|| D::Error::custom(TOO_MANY))
    }
}

/// Reads one value and what is in it; `None` where that is too much, and nothing of it is held.
struct Reader<'a> {
    /// What may still be taken.
    left: &'a Cell<usize>,
    is_outermost: bool,
}

impl Reader<'_> {
    fn inner(&self) -> Self {
        Reader {
            left: self.left,
            is_outermost: false,
        }
    }

    /// Takes a part of what is left.
    fn take(&self, cost: usize) -> bool {
        let left = self.left.get().checked_sub(cost);
        self.left.set(left.unwrap_or(0));
        left.is_some()
    }

    fn scalar<T: Into<Value>, E>(&self, value: T) -> Result<Option<Value>, E> {
        Ok(self.take(1).then(|| value.into()))
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<Value>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Option<Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value of JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Option<Value>, E> {
        self.scalar(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Option<Value>, E> {
        self.scalar(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Option<Value>, E> {
        self.scalar(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Option<Value>, E> {
        self.scalar(value)
    }

    fn visit_str<E>(self, value: &str) -> Result<Option<Value>, E> {
        self.scalar(value)
    }

    fn visit_string<E>(self, value: String) -> Result<Option<Value>, E> {
        self.scalar(value)
    }

    fn visit_unit<E>(self) -> Result<Option<Value>, E> {
        self.scalar(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Option<Value>, A::Error> {
        if !self.take(1) {
            while all.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(None);
        }
        let mut items = Vec::new();
        while let Some(item) = all.next_element_seed(self.inner())? {
            match item {
                Some(item) => items.push(item),
                None => {
                    drop(items);
                    while all.next_element::<IgnoredAny>()?.is_some() {}
                    return Ok(None);
                }
            }
        }
        Ok(Some(Value::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Option<Value>, A::Error> {
        let mut fields = Map::new();
        let mut is_whole = self.take(OBJECT);
        while is_whole && let Some(name) = all.next_key::<String>()? {
            is_whole = self.take(1);
            let before = self.left.get();
            match all.next_value_seed(self.inner())? {
                Some(value) => fields.insert(name, value),
                // What the field had taken is free again.
                None if self.is_outermost && before > 0 => {
                    self.left.set(before - 1);
                    fields.insert(name, TOO_MANY.into())
                }
                None => {
                    is_whole = false;
                    None
                }
            };
        }
        if is_whole {
            return Ok(Some(Value::Object(fields)));
        }
        drop(fields);
        while all.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_those_of_the_library() {
        for text in [
            r#"{"b": [1, -2, 3.5, 1e3, "x\n", true, null, {}], "a": {"b": {"c": []}}, "b": 2}"#,
            "[[], {}, [[1]]]",
            "18446744073709551615",
            "\"text\"",
        ] {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read(text).unwrap(), expected);
            // The order of the fields is that of the file.
            assert_eq!(read(text).unwrap().to_string(), expected.to_string());
        }
        for text in ["", "{", "[1,]", "1 2", "{\"a\" 1}", &"[".repeat(200)] {
            let ours = read(text).unwrap_err().to_string();
            let theirs = serde_json::from_str::<Value>(text).unwrap_err().to_string();
            assert_eq!(ours, theirs, "{text}");
        }
    }

    #[test]
    fn a_long_field_is_left_out_and_says_so() {
        let long = "1,".repeat(MOST) + "1";
        let text = format!("{{\"a\": 1, \"x\": [{long}], \"y\": {{\"z\": [{long}]}}, \"b\": [2]}}");
        let expected = json!({"a": 1, "x": TOO_MANY, "y": TOO_MANY, "b": [2]});
        assert_eq!(read(&text).unwrap(), expected);
        let error = read(&format!("[{long}]")).unwrap_err().to_string();
        assert!(error.contains(TOO_MANY), "{error}");
        // So many that no field is too long, and all of them are too many.
        let fields: Vec<String> = (0..MOST / 2).map(|n| format!("\"{n}\":1")).collect();
        let error = read(&format!("{{{}}}", fields.join(","))).unwrap_err();
        assert!(error.to_string().contains(TOO_MANY), "{error}");
    }

    #[test]
    fn what_is_left_out_may_be_as_deep_as_it_likes() {
        let long = "1,".repeat(MOST);
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        let text = format!("{{\"x\": [{long}{deep}], \"a\": 1}}");
        assert_eq!(read(&text).unwrap()["a"], 1);
    }
}
