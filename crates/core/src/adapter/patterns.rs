//! `rank_pattern` and `alpha_pattern`: which key of many hits a module first.
//!
//! # Decisions
//!
//! - Most keys are names, and trainers write one for each module. A name needs no expression: it hits
//!   a path's end of its length, where a dot is any character, and is found by that end.
//! - What is an expression is compiled, as long as all of them take no more than so much: some bytes
//!   of a config would else become gigabytes.

use std::collections::{BTreeMap, HashMap};

use super::pattern::Pattern;

/// Bytes that all keys together may take which are expressions and no names. People write these.
const MOST_BYTES: usize = 1 << 27;
/// Bytes of one that is an expression.
const LONGEST_EXPRESSION: usize = 1000;
/// Ways in which the dots of names are placed; a name of a further one counts as an expression.
const MOST_SHAPES: usize = 1000;
/// What has a meaning in an expression, but for a dot and a backslash before a sign.
const SIGNS: &str = r"\^$*+?{}[]()|";

/// Keys in the order of their file.
#[derive(Default)]
pub(super) struct Patterns {
    count: usize,
    /// Names by their length.
    names: BTreeMap<usize, HashMap<Shape, Names>>,
    shapes: usize,
    expressions: Vec<(usize, Pattern)>,
    /// What these take at most.
    bytes: usize,
}

/// Names with their dots in the same places, and the number of the first key that is each.
type Names = HashMap<String, usize>;

#[derive(PartialEq, Eq, Hash)]
struct Shape {
    /// Which characters may be any.
    open: Vec<usize>,
    /// Whether it must be all of a path.
    is_whole: bool,
}

impl Patterns {
    /// Adds a key; else what is wrong with it.
    pub(super) fn add(&mut self, key: &str) -> Result<(), String> {
        let number = self.count;
        self.count += 1;
        let Some((name, shape)) = name(key) else {
            return self.add_expression(number, key);
        };
        let length = name.chars().count();
        let is_known = |alike: &HashMap<Shape, Names>| alike.contains_key(&shape);
        if !self.names.get(&length).is_some_and(is_known) {
            if self.shapes == MOST_SHAPES {
                return self.add_expression(number, key);
            }
            self.shapes += 1;
        }
        let alike = self.names.entry(length).or_default();
        alike
            .entry(shape)
            .or_default()
            .entry(name)
            .or_insert(number);
        Ok(())
    }

    fn add_expression(&mut self, number: usize, key: &str) -> Result<(), String> {
        if key.len() > LONGEST_EXPRESSION {
            let length = key.len();
            return Err(format!(
                "it has {length} bytes, and an expression at most {LONGEST_EXPRESSION}"
            ));
        }
        let (pattern, bytes) = Pattern::new(key)?;
        self.bytes += bytes;
        if self.bytes > MOST_BYTES {
            let most = MOST_BYTES >> 20;
            return Err(format!(
                "all keys that are no names would take more than {most} MiB"
            ));
        }
        self.expressions.push((number, pattern));
        Ok(())
    }

    /// The number of the first key that hits a path; else the key that takes too many steps to tell.
    pub(super) fn first(&self, path: &str) -> Result<Option<usize>, &str> {
        let name = self.first_name(path);
        for (number, pattern) in &self.expressions {
            if name.is_some_and(|name| name < *number) {
                break;
            }
            match pattern.hits(path) {
                Some(true) => return Ok(Some(*number)),
                Some(false) => {}
                None => return Err(pattern.key()),
            }
        }
        Ok(name)
    }

    /// The first name that is a path's end, behind a dot or all of it.
    fn first_name(&self, path: &str) -> Option<usize> {
        if self.names.is_empty() {
            return None;
        }
        // A dot of an expression is no line break.
        let line = path.find('\n').unwrap_or(path.len());
        let mut left = path.chars().count();
        let mut found = self.named(path, left, true);
        for (at, letter) in path[..line].char_indices() {
            left -= 1;
            if letter == '.' {
                let here = self.named(&path[at + 1..], left, false);
                found = found.into_iter().chain(here).min();
            }
        }
        found
    }

    /// The first name that is all of a path's end, which has so many letters.
    fn named(&self, end: &str, length: usize, is_all: bool) -> Option<usize> {
        let alike = self.names.get(&length)?.iter();
        let found = alike.filter_map(|(shape, names)| {
            let name = shape.of(end, is_all)?;
            names.get(&name).copied()
        });
        found.min()
    }
}

impl Shape {
    /// The name of this shape that a path's end is, if it is one.
    fn of(&self, end: &str, is_all: bool) -> Option<String> {
        if self.is_whole && !is_all {
            return None;
        }
        let mut open = self.open.iter().peekable();
        let mut name = String::with_capacity(end.len());
        for (place, letter) in end.chars().enumerate() {
            let is_open = open.next_if_eq(&&place).is_some();
            if is_open && letter == '\n' {
                return None;
            }
            name.push(if is_open { '.' } else { letter });
        }
        Some(name)
    }
}

/// A key that is a name, with dots where any character may stand.
fn name(key: &str) -> Option<(String, Shape)> {
    let (is_whole, rest) = match key.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, key),
    };
    let (mut name, mut open) = (String::new(), Vec::new());
    let mut letters = rest.chars();
    let mut place = 0;
    while let Some(letter) = letters.next() {
        match letter {
            '.' => {
                open.push(place);
                name.push('.');
            }
            '\\' => name.push(letters.next().filter(char::is_ascii_punctuation)?),
            _ if SIGNS.contains(letter) => return None,
            letter => name.push(letter),
        }
        place += 1;
    }
    Some((name, Shape { open, is_whole }))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// A key's hit as a pattern of one key, which takes names for what they are.
    fn hits(key: &str, path: &str) -> Option<bool> {
        let mut patterns = Patterns::default();
        patterns
            .add(key)
            .unwrap_or_else(|error| panic!("`{key}`: {error}"));
        patterns.first(path).ok().map(|first| first.is_some())
    }

    /// By Python's own `re`; tests/golden/patterns.py.
    #[test]
    fn names_hit_what_python_s_expressions_hit() {
        let text = include_str!("../../../../tests/golden/patterns.json");
        let golden: Value = serde_json::from_str(text).unwrap();
        let paths = golden["paths"].as_array().unwrap();
        let mut names = 0;
        for (key, expected) in golden["keys"].as_object().unwrap() {
            let Some(expected) = expected.as_array() else {
                assert!(
                    Patterns::default().add(key).is_err(),
                    "Python refuses `{key}`"
                );
                continue;
            };
            names += usize::from(name(key).is_some());
            for (path, expected) in paths.iter().zip(expected) {
                let path = path.as_str().unwrap();
                assert_eq!(hits(key, path), expected.as_bool(), "`{key}` on {path}");
            }
        }
        assert!(names > 10, "{names}");
    }

    #[test]
    fn a_name_is_what_its_expression_is() {
        let keys = [
            "", ".", "q", "a.q", "^a.q", r"a\.q", r"\.q", "..", "é.q", r"a\-b", "^", "a b#",
        ];
        let paths = [
            "", "q", "a.q", "axq", "b.a.q", "b.axq", "b.a.q.", ".q", "x.é.q", "é\n.q", "a\n.q",
            "a\nq", "a-b", "x.a-b", "n\n.a.q", "a b#", "..", "...",
        ];
        for key in keys {
            assert!(name(key).is_some(), "{key}");
            let (expression, _) = Pattern::new(key).unwrap();
            for path in paths {
                assert_eq!(
                    hits(key, path),
                    expression.hits(path),
                    "`{key}` on {path:?}"
                );
            }
        }
        for key in ["q|v", "a*", "(a)", r"\d", "[a]", "a{2}", "a$"] {
            assert!(name(key).is_none(), "{key}");
        }
    }

    #[test]
    fn the_first_key_in_file_order_wins() {
        let mut patterns = Patterns::default();
        for key in ["b.q", "a.q", "[ab].q", "a.q", "q", ".*k"] {
            patterns.add(key).unwrap();
        }
        for (path, expected) in [
            ("m.b.q", Some(0)),
            ("m.a.q", Some(1)),
            ("m.axq", Some(1)),
            ("m.bxq", Some(0)),
            ("c.q", Some(4)),
            ("k", Some(5)),
            ("v", None),
        ] {
            assert_eq!(patterns.first(path), Ok(expected), "{path}");
        }
        let mut patterns = Patterns::default();
        patterns.add("[ab].q").unwrap();
        patterns.add("a.q").unwrap();
        assert_eq!(patterns.first("a.q"), Ok(Some(0)));
    }

    #[test]
    fn expressions_have_bounds() {
        let mut patterns = Patterns::default();
        let error = patterns.add(&"a|".repeat(600)).unwrap_err();
        assert!(error.contains("it has 1200 bytes"), "{error}");
        let error = patterns.add(r"\w{150}x").unwrap_err();
        assert!(error.contains("more than 2097152 bytes"), "{error}");
        // What people write.
        patterns.add(r"layers\.\d{1,2}\.\w{1,30}").unwrap();
        for number in 0..1000 {
            patterns.add(&format!(r".*\.{number}\.(q|v)_proj")).unwrap();
        }
        let many = (0..1000).find_map(|number| patterns.add(&format!(r"\w{{5}}x{number}")).err());
        let error = many.unwrap();
        assert!(error.contains("would take more than 128 MiB"), "{error}");
        // A name is none.
        patterns.add(&"layers.".repeat(200)).unwrap();
    }

    #[test]
    fn names_beyond_all_shapes_are_expressions() {
        let mut patterns = Patterns::default();
        for number in 0..MOST_SHAPES {
            patterns.add(&"a".repeat(number + 1)).unwrap();
        }
        patterns.add("b").unwrap();
        assert_eq!(
            (patterns.shapes, patterns.expressions.len()),
            (MOST_SHAPES, 0)
        );
        patterns.add("a.b").unwrap();
        assert_eq!(patterns.expressions.len(), 1);
        assert_eq!(patterns.first("x.a.b"), Ok(Some(MOST_SHAPES)));
        assert_eq!(patterns.first("a-b"), Ok(Some(MOST_SHAPES + 1)));
    }
}
