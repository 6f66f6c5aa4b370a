//! What all figures measure places with, in points (1/72 inch).

use super::font::{self, SMALLEST};
use super::label::Text;

/// Length of a tick, and from there to its label.
pub(super) const TICK_LENGTH: f64 = 2.0;
pub(super) const TICK_GAP: f64 = 1.5;
/// Room for a horizontal axis's tick labels and its letter.
pub(super) const X_AXIS: f64 = 22.0;
/// Room above a panel for its title, and from the title's baseline to the panel.
pub(super) const ABOVE: f64 = 15.0;
pub(super) const TITLE_RISE: f64 = 5.5;
/// A line of the footer.
pub(super) const FOOTER_LINE: f64 = 9.0;
/// Around everything.
pub(super) const MARGIN: f64 = 4.0;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Box {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Box {
    pub(super) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.y + self.height
    }

    pub(super) fn centre(&self) -> f64 {
        self.x + self.width / 2.0
    }

    pub(super) fn middle(&self) -> f64 {
        self.y + self.height / 2.0
    }
}

/// Lines of a footer, broken between words, or within one where it alone is wider than `room`.
pub(super) fn wrapped(footer: &[String], size: f64, room: f64) -> Vec<String> {
    let fits = |line: &str| font::width(&Text::plain(line), size) <= room;
    let mut lines = Vec::new();
    for sentence in footer {
        // `d = 384` and `j ≤ i` stay together.
        let relations = [" = ", " ≤ ", " ≥ "].into_iter();
        let sentence = relations.fold(sentence.clone(), |sentence, relation| {
            sentence.replace(relation, &relation.replace(' ', "\u{a0}"))
        });
        let mut line = String::new();
        for word in sentence.split_inclusive(' ') {
            if !line.is_empty() && !fits(format!("{line}{word}").trim_end()) {
                lines.push(std::mem::take(&mut line));
            }
            for character in word.chars() {
                line.push(character);
                let over = line.chars().count() > 1 && !fits(line.trim_end());
                if over && line.pop().is_some() {
                    lines.push(std::mem::replace(&mut line, character.into()));
                }
            }
        }
        lines.push(line);
    }
    lines
        .iter()
        .map(|line| line.trim_end().to_string())
        .collect()
}

/// The left or upper edge of cell n of several.
pub(super) fn edge(start: f64, length: f64, n: usize, of: usize) -> f64 {
    start + length * n as f64 / of as f64
}

/// The largest size, not above `size`, at which a text is no wider than `room`.
pub(super) fn fitting(text: &Text, size: f64, room: f64) -> f64 {
    // Subscripts do not shrink with the rest.
    let mut fitting = size;
    while fitting > SMALLEST && font::width(text, fitting) > room {
        fitting = (fitting - 0.05).max(SMALLEST);
    }
    fitting
}
