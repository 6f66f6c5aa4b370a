//! The words of a figure as text, for a caption in LaTeX or Markdown.
//!
//! # Decisions
//!
//! - A caption needs no package. Signs that LaTeX's text fonts lack are commands in `$…$`; what no
//!   command is known of stays as it is, since LaTeX reads UTF-8.

use super::any::AnyFigure;
use super::label::Text;
use crate::table::{latex_text, markdown_text};

/// Signs, and what they are in LaTeX's mathematics.
const SIGNS: [(&str, &str); 22] = [
    ("‖UᵀWV‖", "\\|U^\\top WV\\|"),
    ("‖ΔW‖", "\\|\\Delta W\\|"),
    ("ΔW", "\\Delta W"),
    ("Δ", "\\Delta "),
    ("φ", "\\varphi "),
    ("σ", "\\sigma "),
    ("δ", "\\delta "),
    ("θ", "\\theta "),
    ("ᵀ", "^\\top "),
    ("‖", "\\|"),
    ("√", "\\surd "),
    ("≤", "\\le "),
    ("≥", "\\ge "),
    ("≈", "\\approx "),
    ("×", "\\times "),
    ("·", "\\cdot "),
    ("±", "\\pm "),
    ("−", "-"),
    ("′", "'"),
    ("²", "^2"),
    ("↑", "\\uparrow "),
    ("↓", "\\downarrow "),
];
/// Letters that count or measure, where they stand alone: `(i)`, `d = 384`, `i/d`.
const LETTERS: &str = "ijkdnr";
/// What may stand before and after such a letter.
const BEFORE: &str = " \u{a0}(,/=≤≥·√";
const AFTER: &str = " \u{a0}),/;.=≤≥·";

/// What a figure says of itself, besides what it shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Caption {
    /// What is drawn; it may be empty.
    heading: Text,
    /// Sentences.
    notes: Vec<String>,
}

/// A piece of a sentence.
#[derive(Debug, PartialEq)]
enum Piece {
    Words(String),
    /// A letter, as a variable.
    Letter(char),
    /// A sign, by its place in [`SIGNS`].
    Sign(usize),
}

impl Caption {
    /// Of a figure: its heading or what it shows, then its notes.
    pub fn of<'a>(figure: impl Into<AnyFigure<'a>>) -> Self {
        let figure: AnyFigure = figure.into();
        let notes = figure.about().into_iter().chain(figure.notes());
        Caption {
            heading: figure.heading(),
            notes: notes.cloned().collect(),
        }
    }

    /// For `\caption{…}`: one paragraph without a space after it.
    pub fn latex(&self) -> String {
        let notes = self.notes.iter().map(|note| latex_of(note));
        format!("{}%\n", paragraph(latex_heading(&self.heading), notes))
    }

    /// The same in Markdown.
    pub fn markdown(&self) -> String {
        let notes = self.notes.iter().map(|note| markdown_of(note));
        format!("{}\n", paragraph(markdown_heading(&self.heading), notes))
    }
}

/// A heading with its full stop, and what follows.
fn paragraph(heading: String, notes: impl Iterator<Item = String>) -> String {
    let heading = (!heading.is_empty()).then(|| format!("{heading}."));
    let parts: Vec<String> = heading.into_iter().chain(notes).collect();
    parts.join(" ")
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let (mut rest, mut before) = (text, ' ');
    while let Some(first) = rest.chars().next() {
        let sign = SIGNS.iter().position(|(sign, _)| rest.starts_with(sign));
        let after = rest.chars().nth(1).unwrap_or(' ');
        // Between a space and a comma it may be one of several names.
        let is_listed = before == ' ' && after == ',';
        let is_alone = BEFORE.contains(before) && AFTER.contains(after) && !is_listed;
        let length = match sign {
            Some(number) => {
                pieces.push(Piece::Sign(number));
                SIGNS[number].0.len()
            }
            None if LETTERS.contains(first) && is_alone => {
                pieces.push(Piece::Letter(first));
                1
            }
            None => {
                match pieces.last_mut() {
                    Some(Piece::Words(words)) => words.push(first),
                    _ => pieces.push(Piece::Words(first.into())),
                }
                first.len_utf8()
            }
        };
        before = rest[..length].chars().last().unwrap_or(' ');
        rest = &rest[length..];
    }
    pieces
}

fn latex_of(text: &str) -> String {
    let pieces = pieces(text);
    let latex = pieces.iter().map(|piece| match piece {
        Piece::Words(words) => latex_text(words).replace('\u{a0}', "~"),
        Piece::Letter(letter) => format!("${letter}$"),
        Piece::Sign(number) => format!("${}$", SIGNS[*number].1.trim_end()),
    });
    // Neighbours are one formula.
    latex.collect::<String>().replace("$$", " ")
}

fn markdown_of(text: &str) -> String {
    let pieces = pieces(text);
    let markdown = pieces.iter().map(|piece| match piece {
        Piece::Words(words) => markdown_text(words).replace('_', "\\_").replace('<', "\\<"),
        Piece::Letter(letter) => format!("*{letter}*"),
        Piece::Sign(number) => SIGNS[*number].0.into(),
    });
    markdown.collect()
}

/// A heading as one formula; words in it are words.
fn latex_heading(heading: &Text) -> String {
    let mut latex = String::new();
    for runs in heading
        .0
        .chunk_by(|one, next| one.subscript == next.subscript)
    {
        let part = runs.iter().map(|run| {
            let is_word = |text: &str| {
                let without = SIGNS.iter();
                let without =
                    without.fold(text.to_string(), |text, (sign, _)| text.replace(sign, ""));
                without.chars().filter(|c| c.is_alphabetic()).count() > 1
            };
            match run.italic || !is_word(&run.text) {
                true => signs(&run.text),
                false => format!("\\textrm{{{}}}", latex_text(&run.text)),
            }
        });
        let part: String = part.collect();
        match runs.first().is_some_and(|run| run.subscript) {
            true => latex += &format!("_{{{}}}", part.trim()),
            false => latex += &part,
        }
    }
    match latex.is_empty() {
        true => latex,
        false => format!("${latex}$").replace('\u{a0}', "~"),
    }
}

/// Text of a formula, its signs as commands.
fn signs(text: &str) -> String {
    let text = latex_text(text);
    SIGNS
        .iter()
        .fold(text, |text, (sign, command)| text.replace(sign, command))
}

fn markdown_heading(heading: &Text) -> String {
    let runs = heading.0.iter().map(|run| {
        let text = markdown_text(&run.text).replace('_', "\\_");
        let trimmed = text.trim();
        let styled = match run.italic && !trimmed.is_empty() {
            true => text.replacen(trimmed, &format!("*{trimmed}*"), 1),
            false => text,
        };
        match run.subscript {
            true => format!("<sub>{styled}</sub>"),
            false => styled,
        }
    });
    runs.collect::<String>().replace("</sub><sub>", "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::label::{directions, phi, primed};
    use crate::measure::Basis;

    #[test]
    fn signs_are_commands_and_names_stay() {
        let note =
            "r8_seed0 (i) against my-r (j), d\u{a0}=\u{a0}384: max(i,\u{a0}j)/d of ΔW, j ≤ i.";
        assert_eq!(
            latex_of(note),
            "r8\\_seed0 ($i$) against my-r ($j$), $d$~=~384: max($i$,~$j$)/$d$ of $\\Delta W$, $j$ $\\le$ $i$."
        );
        assert_eq!(
            markdown_of(note),
            "r8\\_seed0 (*i*) against my-r (*j*), *d*\u{a0}=\u{a0}384: max(*i*,\u{a0}*j*)/*d* of ΔW, *j* ≤ *i*."
        );
        assert_eq!(latex_of("‖UᵀWV‖ × 2"), "$\\|U^\\top WV\\|$ $\\times$ 2");
        assert_eq!(latex_of("not shown: k, v"), "not shown: k, v");
        assert_eq!(latex_of("50 % of $x$"), "50 \\% of \\$x\\$");
    }

    #[test]
    fn a_heading_is_a_formula() {
        let first = directions(Basis::A, Some(8.into()));
        let second = primed(directions(Basis::DeltaLeft, Some(64.into())));
        let caption = Caption {
            heading: phi(first, second).upright(", mean of 6\u{a0}pairs"),
            notes: vec!["All.".into()],
        };
        assert_eq!(
            caption.latex(),
            "$\\varphi (A_{r = 8}, U'_{\\Delta W, r = 64}, i, j)\\textrm{, mean of 6~pairs}$. All.%\n"
        );
        assert_eq!(
            caption.markdown(),
            "*φ*(*A*<sub>*r* = 8</sub>, *U′*<sub>ΔW, *r* = 64</sub>, *i*, *j*), mean of 6\u{a0}pairs. All.\n"
        );
        let nothing = Caption {
            heading: Text::default(),
            notes: vec!["One.".into(), "Two.".into()],
        };
        assert_eq!(nothing.latex(), "One. Two.%\n");
    }
}
