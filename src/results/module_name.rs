//! A module's name, and what it says.

use serde::{Deserialize, Serialize};

use crate::adapter::{layer_of, projection_of};

/// A module with what its path says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModuleName {
    /// Full path.
    pub path: String,
    /// The part of the model that it is of; empty where the study has one.
    pub component: String,
    /// Block number.
    pub layer: Option<usize>,
    /// Last name.
    pub projection: String,
}

impl ModuleName {
    /// Reads layer and projection off a path.
    pub fn new(path: &str, component: &str) -> Self {
        ModuleName {
            path: path.into(),
            component: component.into(),
            layer: layer_of(path),
            projection: projection_of(path).into(),
        }
    }
}
