//! Names with wildcards, as `[compare]`, `[amplification]` and `[tables]` take them.

use globset::{Glob, GlobMatcher};

use crate::error::Result;

use super::lines::Lines;
use super::schema::is_plain;

/// What makes a name a pattern.
const WILDCARDS: [char; 4] = ['*', '?', '[', '{'];
/// What stands between the parts of a name.
const DASHES: [char; 3] = ['-', '_', '.'];

/// Whether a text is a pattern of names, and no name.
pub(in crate::study) fn is_pattern(text: &str) -> bool {
    text.contains(WILDCARDS)
}

/// What a pattern matches.
///
/// # Errors
///
/// [`CoreError::Config`](crate::CoreError::Config) at its place for a text that is no glob.
pub(in crate::study) fn matcher(lines: &Lines, place: &str, pattern: &str) -> Result<GlobMatcher> {
    let glob = Glob::new(pattern).map_err(|error| {
        let problem = error.kind().to_string();
        lines.error(place, &problem, "use * and ? as in a shell")
    })?;
    Ok(glob.compile_matcher())
}

/// What the runs that a pattern matches are called together: the pattern without its wildcards and
/// the dashes around them. `None` where no name is left.
pub(crate) fn label(pattern: &str) -> Option<String> {
    let mut parts: Vec<String> = vec![String::new()];
    let mut inside = 0;
    for character in pattern.chars() {
        match character {
            '[' | '{' => inside += 1,
            ']' | '}' => inside = usize::saturating_sub(inside, 1),
            '*' | '?' | '\\' => {}
            other => {
                if let (0, Some(part)) = (inside, parts.last_mut()) {
                    part.push(other);
                }
                continue;
            }
        }
        parts.push(String::new());
    }
    let parts = parts.iter().map(|part| part.trim_matches(DASHES));
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    Some(parts.join("-")).filter(|label| is_plain(label))
}

/// The longest beginning that all names have, without the dash at its end; `None` where there is none.
pub(crate) fn common_beginning(names: &[&str]) -> Option<String> {
    let (first, others) = names.split_first()?;
    let is_shared = |end: usize| {
        others
            .iter()
            .all(|name| name.get(..end) == first.get(..end))
    };
    let ends = first.char_indices().map(|(at, one)| at + one.len_utf8());
    let end = ends.take_while(|&end| is_shared(end)).last()?;
    let shared = first[..end].trim_end_matches(DASHES);
    Some(shared.to_string()).filter(|label| is_plain(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_what_the_wildcards_leave() {
        for (pattern, expected) in [
            ("r64-*", Some("r64")),
            ("r64_seed?", Some("r64_seed")),
            ("r64.*", Some("r64")),
            ("*-r64", Some("r64")),
            ("sst2-*-r64", Some("sst2-r64")),
            ("r64-s[0-9]", Some("r64-s")),
            ("r64-{a,b}", Some("r64")),
            ("*", None),
            ("-?-", None),
        ] {
            assert_eq!(label(pattern).as_deref(), expected, "{pattern}");
        }
    }

    #[test]
    fn names_begin_alike() {
        let of = |names: &[&str]| common_beginning(names);
        assert_eq!(of(&["r64-a", "r64-b", "r64-c"]).as_deref(), Some("r64"));
        assert_eq!(of(&["r64-s0", "r64-s1"]).as_deref(), Some("r64-s"));
        assert_eq!(of(&["βa", "βb"]).as_deref(), Some("β"));
        assert_eq!(of(&["a", "b"]), None);
        assert_eq!(of(&[]), None);
    }
}
