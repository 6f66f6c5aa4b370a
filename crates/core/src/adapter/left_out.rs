//! Modules that a file has and that no ΔW is made of.

use serde::Serialize;

/// A module that was left out, while the others are measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeftOut {
    /// The module's path, as far as it is known.
    pub module: String,
    /// Why it cannot be measured.
    pub cause: String,
}
