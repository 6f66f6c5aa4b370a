//! The words of a figure as text, for a caption in LaTeX or Markdown.
//!
//! # Decisions
//!
//! - A caption needs no package. Signs that LaTeX's text fonts lack are commands in `$…$`, as far as
//!   [`SIGNS`] has them: all that this toolkit writes. Others stay as a study file has them.

use super::any::AnyFigure;
use super::label::Text;
use crate::table::{latex_text, markdown_text};

/// Signs, and what they are in LaTeX's mathematics.
const SIGNS: [(&str, &str); 33] = [
    ("‖W‖", "\\|W\\|"),
    ("‖UᵀWV‖", "\\|U^\\top WV\\|"),
    ("‖ΔW‖", "\\|\\Delta W\\|"),
    ("ΔW", "\\Delta W"),
    ("Δ", "\\Delta "),
    ("φ", "\\varphi "),
    ("σ", "\\sigma "),
    ("α", "\\alpha "),
    ("β", "\\beta "),
    ("γ", "\\gamma "),
    ("κ", "\\kappa "),
    ("λ", "\\lambda "),
    ("μ", "\\mu "),
    ("ρ", "\\rho "),
    ("τ", "\\tau "),
    ("ω", "\\omega "),
    ("₁", "_1"),
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
        // One paragraph, whatever a study's own note has.
        let line = |note: &String| {
            let words = note
                .split([' ', '\n', '\r', '\t'])
                .filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().join(" ")
        };
        Caption {
            heading: figure.heading(),
            notes: notes.map(line).collect(),
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
    let mut latex = String::new();
    let mut in_formula = false;
    for piece in pieces(text) {
        let formula = match piece {
            Piece::Words(words) => {
                if std::mem::take(&mut in_formula) {
                    latex.push('$');
                }
                latex += &latex_text(&words).replace('\u{a0}', "~");
                continue;
            }
            Piece::Letter(letter) => letter.to_string(),
            Piece::Sign(number) => SIGNS[number].1.trim_end().to_string(),
        };
        // Neighbours are one formula.
        latex.push(if in_formula { ' ' } else { '$' });
        latex += &formula;
        in_formula = true;
    }
    if in_formula {
        latex.push('$');
    }
    latex
}

fn markdown_of(text: &str) -> String {
    let pieces = pieces(text);
    let markdown = pieces.iter().map(|piece| match piece {
        Piece::Words(words) => in_markdown(words),
        Piece::Letter(letter) => format!("*{letter}*"),
        Piece::Sign(number) => SIGNS[*number].0.into(),
    });
    markdown.collect()
}

/// Text in which nothing is markup.
fn in_markdown(text: &str) -> String {
    let escaped = ["_", "<", "[", "]", "$", "&"];
    escaped.iter().fold(markdown_text(text), |text, sign| {
        text.replace(sign, &format!("\\{sign}"))
    })
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
        let text = in_markdown(&run.text);
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
        assert_eq!(latex_of("50 % of $x$≤"), "50 \\% of \\$x\\$$\\le$");
        assert_eq!(latex_of("λ₁ of ‖W‖"), "$\\lambda _1$ of $\\|W\\|$");
        assert_eq!(markdown_of("[x](y) <b> $a$"), "\\[x\\](y) \\<b> \\$a\\$");
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
