//! A module that cannot be measured, and why.

/// A module that is left out, and the cause in words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// The module's path.
    pub module: String,
    /// Why it cannot be measured.
    pub cause: String,
}
