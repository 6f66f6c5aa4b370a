//! Words of a table, as text, in LaTeX and in Markdown.

use crate::paper::Projection;

/// The packages that tables need, as a comment in the first line.
pub(super) const PACKAGES: &str = "% needs \\usepackage{booktabs} and \\usepackage{siunitx}\n";

/// What stands in a rank's place where there is none: the weights themselves were trained.
const FULL: &str = "full";

/// 8, or what stands for a full fine-tune.
pub(super) fn rank_or_full(rank: Option<usize>) -> String {
    rank.map_or(FULL.into(), |rank| rank.to_string())
}

/// A piece of text, and the same in LaTeX.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Words {
    pub(super) latex: String,
    /// As it is: Markdown and HTML escape it where it is written.
    pub(super) text: String,
}

impl Words {
    /// A name or a sentence as it is.
    pub(super) fn plain(text: &str) -> Self {
        Words {
            latex: latex_text(text),
            text: text.into(),
        }
    }

    /// The same thing written in LaTeX and as text.
    pub(super) fn both(latex: &str, text: &str) -> Self {
        Words {
            latex: latex.into(),
            text: text.into(),
        }
    }

    /// W_q, W_v for `["q", "v"]`.
    pub(super) fn weights(types: &[String]) -> Self {
        let latex: Vec<String> = types.iter().map(|name| latex_symbol(name)).collect();
        let plain: Vec<String> = types.iter().map(|name| format!("W_{name}")).collect();
        Words {
            latex: format!("${}$", latex.join(", ")),
            text: plain.join(", "),
        }
    }

    /// r = 8, or what stands for a full fine-tune.
    pub(super) fn rank(rank: Option<usize>) -> Self {
        match rank {
            Some(rank) => Self::both(&format!("$r = {rank}$"), &format!("r = {rank}")),
            None => Self::plain(FULL),
        }
    }

    pub(super) fn then(self, other: Words) -> Self {
        Words {
            latex: self.latex + &other.latex,
            text: self.text + &other.text,
        }
    }

    pub(super) fn markdown(&self) -> String {
        markdown_text(&self.text)
    }
}

/// What is shown of a model, for a caption or a footer: `, decoder, layer 5`. `within` tells modules
/// from others of one layer and name; it is empty where there are no others.
pub(crate) fn place_in_words(within: &str, layer: Option<usize>) -> String {
    let within = Some(within.to_string()).filter(|words| !words.is_empty());
    let layer = layer.map(|layer| format!("layer {layer}"));
    let words = within.into_iter().chain(layer);
    words.map(|words| format!(", {words}")).collect()
}

/// `W_q`, or `W_{\mathrm{up\_proj}}`.
pub(super) fn latex_symbol(projection: &str) -> String {
    match Projection::of(projection) {
        Some(known) => format!("W_{}", known.letter()),
        None => format!("W_{{\\mathrm{{{}}}}}", latex_text(projection)),
    }
}

/// Text with all that LaTeX would take for a command.
pub(crate) fn latex_text(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '_' | '%' | '&' | '#' | '$' | '{' | '}' => escaped.extend(['\\', character]),
            '\\' => escaped.push_str("\\textbackslash{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            // LaTeX's own encoding has other characters in their places.
            '|' => escaped.push_str("\\textbar{}"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Text that cannot end a cell of a Markdown table, nor set anything in bold.
pub(crate) fn markdown_text(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace('*', "\\*")
        .replace('`', "\\`")
}

/// The column of siunitx that numbers as printed need; what is no number takes no part.
pub(super) fn s_column<'a>(numbers: impl Iterator<Item = &'a str>) -> String {
    let (whole, decimals, sign) = digits_of(numbers);
    // Bold digits are wider: text mode and the surrounding weight, as siunitx sets neither itself.
    format!("S[table-format={sign}{whole}.{decimals},detect-weight,mode=text]")
}

/// How many characters wide such a column is: its numbers align on their points.
pub(super) fn s_width<'a>(cells: impl Iterator<Item = &'a str> + Clone) -> f64 {
    let (whole, decimals, sign) = digits_of(cells.clone());
    let others = cells.filter(|cell| cell.parse::<f64>().is_err());
    let longest = others.map(|cell| cell.chars().count()).max();
    let numbers = sign.len() + whole + usize::from(decimals > 0) + decimals;
    numbers.max(longest.unwrap_or(0)) as f64
}

/// The most digits before and after the point of some numbers, and a sign where one has it.
fn digits_of<'a>(numbers: impl Iterator<Item = &'a str>) -> (usize, usize, &'static str) {
    let (mut whole, mut decimals, mut sign) = (1, 0, "");
    for number in numbers.filter(|number| number.parse::<f64>().is_ok()) {
        let digits = number.trim_start_matches('-');
        if digits.len() < number.len() {
            sign = "-";
        }
        let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
        whole = whole.max(before.len());
        decimals = decimals.max(after.len());
    }
    (whole, decimals, sign)
}

/// What stands in such a column: a number, or anything else in braces.
pub(super) fn s_cell(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(_) => text.into(),
        Err(_) if text.is_empty() => String::new(),
        Err(_) => format!("{{{}}}", text.replace('–', "--")),
    }
}

/// A number as printed with the sign that people read: `−0.5`, `2.50e−7`.
pub(crate) fn minus(number: &str) -> String {
    number.replace('-', "−")
}

/// 36864 as 36,864.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_be_commands() {
        assert_eq!(
            latex_text("a_b\\c{d}$50%~^&#|<"),
            "a\\_b\\textbackslash{}c\\{d\\}\\$50\\%\\textasciitilde{}\\textasciicircum{}\\&\\#\\textbar{}\\textless{}"
        );
        assert_eq!(markdown_text("a|b*c"), "a\\|b\\*c");
        let names = ["q_proj", "up_proj"].map(String::from);
        let words = Words::weights(&names);
        assert_eq!(words.latex, "$W_q, W_{\\mathrm{up\\_proj}}$");
    }

    #[test]
    fn columns_have_room_for_their_numbers() {
        let column = |numbers: &[&str]| s_column(numbers.iter().copied());
        assert!(column(&["70.4", "–", "8.7215"]).starts_with("S[table-format=2.4,"));
        assert!(column(&["-0.5", "12"]).starts_with("S[table-format=-2.1,"));
        // `342.66` and `0.0202` align on their points: three digits, a point, four digits.
        assert_eq!(s_width(["342.66", "0.0202", "–"].into_iter()), 8.0);
        assert_eq!(s_width(["-0.5", "12", ""].into_iter()), 5.0);
        assert_eq!(
            [s_cell("1.5"), s_cell("–"), s_cell("")],
            ["1.5", "{--}", ""]
        );
    }

    #[test]
    fn numbers_have_a_minus_and_names_a_hyphen() {
        assert_eq!([minus("-0.5"), minus("2.50e-7")], ["−0.5", "2.50e−7"]);
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(
            [grouped(0), grouped(999), grouped(18_874_368)],
            ["0", "999", "18,874,368"]
        );
    }
}
