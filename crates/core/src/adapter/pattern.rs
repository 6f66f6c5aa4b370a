//! Keys of PEFT's patterns: regular expressions as Python reads them.
//!
//! # Decisions
//!
//! - fancy-regex and not regex, as keys may look around and refer back. What Python and it write
//!   in other ways is rewritten first, and what Python refuses is refused.
//! - A key that backtracks without end is stopped after a number of steps, and is an error.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

use fancy_regex::{CompileError, Regex, RegexBuilder};

/// Steps that one key may take on one module's path.
const STEPS: usize = 200_000;
/// Bytes that a compiled key of the usual kind takes at most, and any: `\w` stands for many letters.
const USUAL: usize = 1 << 15;
const LARGEST: usize = 1 << 21;
/// Bytes that matching one may cache.
const CACHE: usize = 1 << 16;
/// Letters and digits that Python allows behind a backslash.
const ESCAPES: &str = "0123456789abfnrtvxuUABdDsSwWZ";

/// A key of `rank_pattern` or `alpha_pattern`.
///
/// It hits a module by PEFT's rule: `re.match(r"(.*\.)?(KEY)$", path)`.
pub(super) struct Pattern {
    key: String,
    regex: Regex,
}

impl Pattern {
    /// Reads a key; else what is wrong with it. With it comes what it takes at most, in bytes.
    pub(super) fn new(key: &str) -> Result<(Self, usize), String> {
        let key_here = rewritten(key)?;
        for size in [USUAL, LARGEST] {
            // The groups are counted, as a key may refer to them.
            let regex = RegexBuilder::new(&format!(r"^(.*\.)?({key_here})$"))
                .backtrack_limit(STEPS)
                .delegate_size_limit(size)
                .delegate_dfa_size_limit(CACHE)
                .build();
            match regex {
                Ok(regex) => return Ok((Self::of(key, regex)?, size + CACHE)),
                Err(error) if is_too_large(&error) => {}
                Err(error) => return Err(error.to_string().replace('\n', " ")),
            }
        }
        Err(format!("it would take more than {LARGEST} bytes"))
    }

    fn of(key: &str, regex: Regex) -> Result<Self, String> {
        let mut names = BTreeSet::new();
        if let Some(twice) = regex
            .capture_names()
            .flatten()
            .find(|name| !names.insert(*name))
        {
            return Err(format!("two groups are called {twice}"));
        }
        let is_number = |name: &&str| name.starts_with(|first: char| first.is_ascii_digit());
        if let Some(number) = regex.capture_names().flatten().find(is_number) {
            return Err(format!("a group is called {number}"));
        }
        Ok(Pattern {
            key: key.into(),
            regex,
        })
    }

    /// The key as it is written.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whether the key hits a path; `None` where that takes too many steps to tell.
    pub(super) fn hits(&self, path: &str) -> Option<bool> {
        self.regex.is_match(path).ok()
    }
}

fn is_too_large(error: &fancy_regex::Error) -> bool {
    let fancy_regex::Error::CompileError(cause) = error else {
        return false;
    };
    matches!(&**cause, CompileError::InnerError(inner) if inner.size_limit().is_some())
}

/// Python's expression as fancy-regex writes it.
fn rewritten(key: &str) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), key.chars().peekable());
    while let Some(next) = rest.next() {
        match next {
            '\\' => escape(&mut rest, &mut out)?,
            '[' => class(&mut rest, &mut out)?,
            '{' => braces(&mut rest, &mut out)?,
            '(' => {
                out.push('(');
                extension(&rest.clone().collect::<String>())?;
            }
            other => out.push(other),
        }
    }
    Ok(out)
}

/// Copies what stands behind a backslash, where Python knows it.
fn escape(rest: &mut Peekable<Chars>, out: &mut String) -> Result<(), String> {
    if let Some(letter) = octal(rest) {
        out.push_str(&format!(r"\x{{{letter:x}}}"));
        return Ok(());
    }
    let escaped = rest.next().ok_or("it ends with a backslash")?;
    if escaped.is_ascii_alphanumeric() && !ESCAPES.contains(escaped) {
        return Err(format!("`\\{escaped}` stands for nothing"));
    }
    match escaped {
        'Z' => out.push_str(r"\z"),
        _ if escaped.is_ascii() => out.extend(['\\', escaped]),
        // Only signs of ASCII may need a backslash.
        _ => out.push(escaped),
    }
    Ok(())
}

/// Takes a character by its number: three octal digits, or fewer behind a zero.
fn octal(rest: &mut Peekable<Chars>) -> Option<u32> {
    let digits: String = rest.clone().take(3).collect();
    let count = digits
        .bytes()
        .take_while(|byte| (b'0'..b'8').contains(byte))
        .count();
    if count < 3 && !digits.starts_with('0') {
        return None;
    }
    rest.by_ref().take(count).for_each(drop);
    u32::from_str_radix(&digits[..count], 8).ok()
}

/// Copies a set of characters. Inside of one a bracket is itself, as are `&&` and `~~`.
fn class(rest: &mut Peekable<Chars>, out: &mut String) -> Result<(), String> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if rest.next_if_eq(&']').is_some() {
        out.push_str(r"\]");
    }
    while let Some(next) = rest.next() {
        match next {
            ']' => {
                out.push(']');
                return Ok(());
            }
            '\\' => escape(rest, out)?,
            '[' | '&' | '~' => out.extend(['\\', next]),
            other => out.push(other),
        }
    }
    Err("a set of characters has no end".into())
}

/// Copies a number of repetitions; braces with anything else in them are themselves.
fn braces(rest: &mut Peekable<Chars>, out: &mut String) -> Result<(), String> {
    let inside: String = rest.clone().take_while(|&next| next != '}').collect();
    let is_closed = rest.clone().nth(inside.chars().count()) == Some('}');
    let (least, most) = inside.split_once(',').unwrap_or((&inside, &inside));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_closed || inside.is_empty() || !are_digits(least) || !are_digits(most) {
        out.push_str(r"\{");
        return Ok(());
    }
    if let (Ok(least), Ok(most)) = (least.parse::<u32>(), most.parse::<u32>())
        && least > most
    {
        return Err(format!("at least {least} are more than at most {most}"));
    }
    out.push_str(if least.is_empty() { "{0" } else { "{" });
    Ok(())
}

/// Refuses what follows a bracket where Python has no such group. It takes flags for all of a key
/// at its very start alone, where PEFT has put a group.
fn extension(ahead: &str) -> Result<(), String> {
    let Some(ahead) = ahead.strip_prefix('?') else {
        return match ahead.starts_with('*') {
            true => Err("nothing to repeat".into()),
            false => Ok(()),
        };
    };
    const GROUPS: [&str; 10] = [":", "P<", "P=", "=", "!", "<=", "<!", ">", "(", "#"];
    let is_letter = |next: char| "aiLmsux-".contains(next);
    let flags = ahead.trim_start_matches(is_letter);
    let has_flags = flags.len() < ahead.len() && flags.starts_with(':');
    let is_known = GROUPS.iter().any(|group| ahead.starts_with(group));
    match is_known || has_flags {
        true => Ok(()),
        false if flags.len() < ahead.len() => Err("flags stand inside of it".into()),
        false => Err("it has a group of no kind that Python knows".into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// By Python's own `re`; tests/golden/patterns.py.
    #[test]
    fn keys_hit_what_python_s_hit() {
        let text = include_str!("../../../../tests/golden/patterns.json");
        let golden: Value = serde_json::from_str(text).unwrap();
        let paths: Vec<&str> = golden["paths"]
            .as_array()
            .unwrap()
            .iter()
            .map(|path| path.as_str().unwrap())
            .collect();
        let (mut hits, mut refused) = (0, 0);
        for (key, expected) in golden["keys"].as_object().unwrap() {
            let Some(expected) = expected.as_array() else {
                assert!(Pattern::new(key).is_err(), "Python refuses `{key}`");
                refused += 1;
                continue;
            };
            let (pattern, _) = Pattern::new(key).unwrap_or_else(|error| panic!("`{key}`: {error}"));
            for (path, expected) in paths.iter().zip(expected) {
                assert_eq!(pattern.hits(path), expected.as_bool(), "`{key}` on {path}");
                hits += usize::from(expected == true);
            }
        }
        assert!(hits > 100 && refused > 5, "{hits} and {refused}");
    }

    #[test]
    fn a_key_without_end_is_stopped() {
        let (pattern, _) = Pattern::new(r"(?:(a|aa)+\3)+b").unwrap();
        assert_eq!(pattern.key(), r"(?:(a|aa)+\3)+b");
        assert_eq!(pattern.hits(&"a".repeat(60)), None);
        assert_eq!(pattern.hits("m.aaab"), Some(true));
    }
}
