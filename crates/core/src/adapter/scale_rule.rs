//! How the scale s of an adapter was found: the rule, and where α came from.

use std::fmt;

use crate::setting::Setting;

/// By which rule s follows from α and the rank r, however a library calls the two.
///
/// ```
/// use lora_subspace_core::adapter::ScaleKind;
/// assert_eq!(ScaleKind::AlphaOverRank.to_string(), "s = α/r");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScaleKind {
    /// α is not known.
    Unknown,
    /// s = α/r.
    AlphaOverRank,
    /// s = α/√r, rank-stabilised LoRA.
    AlphaOverRoot,
    /// s = α/(init_r + 1e-5), AdaLoRA.
    AlphaOverStart,
    /// s = 1.
    One,
    /// s is stated itself.
    Stated,
}

impl fmt::Display for ScaleKind {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            ScaleKind::Unknown => "an s that is not known",
            ScaleKind::AlphaOverRank => "s = α/r",
            ScaleKind::AlphaOverRoot => "s = α/√r (use_rslora)",
            ScaleKind::AlphaOverStart => "s = α/(init_r + 1e-5)",
            ScaleKind::One => "s = 1",
            ScaleKind::Stated => "an s of its own",
        })
    }
}

/// How s was found.
#[derive(Clone)]
pub(super) struct ScaleRule {
    /// The rule, and where α came from.
    pub(super) words: String,
    /// α, where the files state one number and it is used.
    pub(super) alpha: Option<f64>,
    pub(super) kind: ScaleKind,
}

impl ScaleRule {
    pub(super) fn new(kind: ScaleKind, words: String, alpha: Option<f64>) -> Self {
        ScaleRule { words, alpha, kind }
    }

    /// s = 1, and why.
    pub(super) fn one(reason: &str) -> Self {
        ScaleRule::new(ScaleKind::One, format!("s = 1: {reason}"), None)
    }

    /// The rule with the α that was given for it.
    pub(super) fn given(rule: &str, alpha: f64) -> Self {
        let words = format!("s = {rule}, α = {alpha} from {}", Setting::Alpha);
        ScaleRule::new(ScaleKind::AlphaOverRank, words, None)
    }
}
