//! Text with italics and subscripts, as the paper sets it.

use std::fmt;

use crate::measure::Basis;
use crate::paper::Projection;

/// A piece of text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The characters.
    pub text: String,
    /// Oblique, for symbols.
    pub italic: bool,
    /// Set small and low.
    pub subscript: bool,
}

/// A line of text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text(pub Vec<Run>);

impl Text {
    /// Upright text.
    pub fn plain(text: &str) -> Self {
        Text::default().upright(text)
    }

    /// Adds upright text.
    pub fn upright(self, text: &str) -> Self {
        self.push(text, false, false)
    }

    /// Adds a symbol.
    pub fn symbol(self, text: &str) -> Self {
        self.push(text, true, false)
    }

    /// Adds an upright subscript.
    pub fn low(self, text: &str) -> Self {
        self.push(text, false, true)
    }

    /// Adds an italic subscript.
    pub fn low_symbol(self, text: &str) -> Self {
        self.push(text, true, true)
    }

    /// Adds another text.
    pub fn then(mut self, other: Text) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The characters alone, subscripts after an underscore: `φ(A_r=8, …)`.
    pub fn bare(&self) -> String {
        let mut bare = String::new();
        let mut low = false;
        for run in &self.0 {
            if run.subscript && !low {
                bare.push('_');
            }
            low = run.subscript;
            bare.push_str(&run.text);
        }
        bare
    }

    fn push(mut self, text: &str, italic: bool, subscript: bool) -> Self {
        // An SVG cannot hold control characters, and a name may.
        self.0.push(Run {
            text: text.replace(char::is_control, "\u{fffd}"),
            italic,
            subscript,
        });
        self
    }
}

/// W with the projection as its subscript: W_q for `q_proj`, W_up_proj for others.
pub(super) fn weight(projection: &str) -> Text {
    let w = Text::default().symbol("W");
    match Projection::of(projection) {
        Some(known) => w.low_symbol(known.letter()),
        None => w.low(projection),
    }
}

/// ΔW_q.
pub(super) fn update(projection: &str) -> Text {
    Text::default().upright("Δ").then(weight(projection))
}

/// The ranks of an adapter's modules, from the least to the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ranks {
    pub(super) least: usize,
    pub(super) most: usize,
}

impl Ranks {
    /// Of several modules.
    pub(super) fn over(ranks: impl Iterator<Item = usize> + Clone) -> Self {
        Ranks {
            least: ranks.clone().min().unwrap_or(0),
            most: ranks.max().unwrap_or(0),
        }
    }
}

impl From<usize> for Ranks {
    fn from(rank: usize) -> Self {
        Ranks {
            least: rank,
            most: rank,
        }
    }
}

/// `8`, or `1–8`.
impl fmt::Display for Ranks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.least == self.most {
            true => write!(formatter, "{}", self.most),
            false => write!(formatter, "{}–{}", self.least, self.most),
        }
    }
}

/// The factor or side that a basis takes its directions from: A_{r=8}, V_{ΔW, r=8}, …
pub(super) fn directions(basis: Basis, rank: Option<Ranks>) -> Text {
    let (symbol, of) = match basis {
        Basis::A => ("A", ""),
        Basis::B => ("B", ""),
        Basis::DeltaRight => ("V", "ΔW, "),
        Basis::DeltaLeft => ("U", "ΔW, "),
    };
    let text = Text::default().symbol(symbol);
    let text = if of.is_empty() { text } else { text.low(of) };
    match rank {
        Some(rank) => text.low_symbol("r").low(&format!(" = {rank}")),
        None => text.low("rand"),
    }
}

/// A′ for A: the same of another seed.
pub(super) fn primed(mut directions: Text) -> Text {
    if let Some(symbol) = directions.0.first_mut() {
        symbol.text.push('′');
    }
    directions
}

/// φ(first, second, i, j).
pub(super) fn phi(first: Text, second: Text) -> Text {
    let comma = |text: Text| text.upright(", ");
    let arguments = comma(comma(comma(first).then(second)).symbol("i")).symbol("j");
    Text::default()
        .symbol("φ")
        .upright("(")
        .then(arguments)
        .upright(")")
}

/// φ(first, second), where the axes say i and j.
pub(super) fn phi_of(first: Text, second: Text) -> Text {
    Text::default()
        .symbol("φ")
        .upright("(")
        .then(first)
        .upright(", ")
        .then(second)
        .upright(")")
}

/// What a basis means, in words.
pub(super) fn in_words(basis: Basis) -> &'static str {
    match basis {
        Basis::A => "right-singular vectors of A",
        Basis::B => "left-singular vectors of B",
        Basis::DeltaRight => "right-singular vectors of ΔW",
        Basis::DeltaLeft => "left-singular vectors of ΔW",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_the_papers() {
        let heading = phi(
            directions(Basis::A, Some(8.into())),
            directions(Basis::A, Some(64.into())),
        );
        assert_eq!(heading.bare(), "φ(A_r = 8, A_r = 64, i, j)");
        assert_eq!(update("q_proj").bare(), "ΔW_q");
        assert_eq!(update("up_proj").bare(), "ΔW_up_proj");
        assert_eq!(
            directions(Basis::DeltaLeft, Some(4.into())).bare(),
            "U_ΔW, r = 4"
        );
        assert_eq!(directions(Basis::A, None).bare(), "A_rand");
        let ranks = Ranks::over([3, 1, 8].into_iter());
        assert_eq!(directions(Basis::A, Some(ranks)).bare(), "A_r = 1–8");
        assert_eq!(Text::plain("a\u{1}b\n").bare(), "a\u{fffd}b\u{fffd}");
    }
}
