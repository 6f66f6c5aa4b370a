//! What is written on stdout and stderr, and how names look there.
//!
//! # Decisions
//!
//! - Names come from files of others. They are escaped here, where a line is written, and nowhere
//!   else: an error keeps the name as it is for programs that read it.
//! - A write that fails on stdout is an error: a summary that was cut looks like a whole one. A reader
//!   that has gone away wanted no more. A closed stderr is no reason to stop.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::error::{Error, Result};

/// How many characters a line may have, and how many of them stay at either end of a longer one.
const LONGEST: usize = 4000;
const START: usize = 3000;
const END: usize = 800;

/// What the last line of a failure begins with.
const ERROR: &str = "error:";

/// Text on stdout.
pub(super) fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes());
    written.and_then(|()| stdout.flush()).or_else(lost)
}

/// What a write on stdout that failed means.
pub(super) fn lost(source: io::Error) -> Result<()> {
    if source.kind() == io::ErrorKind::BrokenPipe {
        return Ok(());
    }
    let remedy = "check the free space where it leads; files in their places are whole";
    Err(Error::io("standard output", "write", source, remedy))
}

/// A line on stderr.
pub(super) fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{}", self::line(line));
}

/// A line as it is shown, which no name can make look like an error.
pub(super) fn line(text: &str) -> String {
    match shown(text) {
        line if line.starts_with(ERROR) => format!("  {line}"),
        line => line,
    }
}

/// The last line of a failure.
pub(super) fn error(message: &str) {
    let _ = writeln!(io::stderr(), "{ERROR} {}", shown(message));
}

/// A text as one line that a terminal shows as it is: control characters, line ends, marks that
/// turn the direction of writing and letters that nobody sees are escaped as Rust writes them. The middle
/// of a very long one is left out.
pub fn shown(text: &str) -> String {
    let escape = |character: char| match is_escaped(character) {
        true => character.escape_default().to_string(),
        false => character.into(),
    };
    cut(text).chars().map(escape).collect()
}

fn is_escaped(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// A text without its middle, where it is very long.
fn cut(text: &str) -> Cow<'_, str> {
    // Fewer bytes are fewer characters.
    if text.len() <= LONGEST || text.chars().nth(LONGEST).is_none() {
        return text.into();
    }
    let at = |place: usize| {
        text.char_indices()
            .nth(place)
            .map_or(text.len(), |(at, _)| at)
    };
    let count = text.chars().count();
    let (start, end) = (&text[..at(START)], &text[at(count - END)..]);
    format!(
        "{start} … ({} characters are left out here) … {end}",
        count - START - END
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_on_one_line() {
        for (text, expected) in [
            ("α: `q_proj`; ‖ΔW‖", "α: `q_proj`; ‖ΔW‖"),
            ("a\nerror: b\r\u{1b}[2J", "a\\nerror: b\\r\\u{1b}[2J"),
            (
                "x\u{202e}y\u{2066}\u{2028}\u{200b}",
                "x\\u{202e}y\\u{2066}\\u{2028}\\u{200b}",
            ),
            ("\u{9b}2J\0\t\u{7f}", "\\u{9b}2J\\u{0}\\t\\u{7f}"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn a_long_text_keeps_both_ends() {
        let whole = "α".repeat(LONGEST);
        assert_eq!(shown(&whole), whole);
        let text = format!("place: {}; what to do", "ä".repeat(5_000_000));
        let shown = shown(&text);
        assert!(shown.starts_with("place: ää") && shown.ends_with("ä; what to do"));
        assert!(shown.chars().count() < LONGEST + 50, "{}", shown.len());
        let left_out = 5_000_000 + 7 + 12 - START - END;
        assert!(shown.contains(&format!("({left_out} characters are left out here)")));
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        assert!(lost(io::ErrorKind::BrokenPipe.into()).is_ok());
        let error = lost(io::ErrorKind::StorageFull.into()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("standard output: cannot write: ")
        );
    }
}
