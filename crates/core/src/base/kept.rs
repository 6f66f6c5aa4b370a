//! A weight of a base: its tensor, and which part of it.

/// A weight of a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) tensor: String,
    pub(super) part: Within,
}

/// Which part of its tensor a weight is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Within {
    All,
    /// q (0), k (1) or v (2) of a parameter that has all three.
    Third(usize),
    /// A slice of a fused projection, by its short name.
    Slice(&'static str),
    /// One expert of a stack: all of it, or its first (0) or second (1) half.
    Expert(usize, Option<usize>),
    /// The tensors of one expert each, of which the name is the stack's.
    Separate,
    /// It is the embedding's weight: the model ties both.
    Tied,
}

/// A tensor's name as a module's path.
pub(super) fn path_of(tensor: &str) -> &str {
    tensor.strip_suffix(".weight").unwrap_or(tensor)
}
