//! Adapters that no study file names.

use std::path::PathBuf;

use crate::adapter::Factors;

/// An adapter for a plan: where it lies, or what it is made of.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Given {
    /// The path of its folder or file, or its id in the local Hugging Face cache.
    Path(PathBuf),
    /// Factors that a program holds.
    Factors {
        /// What tables call it.
        name: String,
        /// The factors of each module.
        factors: Vec<Factors>,
    },
}

impl Given {
    /// What it is named after.
    pub(super) fn place(&self) -> PathBuf {
        match self {
            Given::Path(path) => path.clone(),
            Given::Factors { name, .. } => name.into(),
        }
    }

    /// Its factors, where it has no file.
    pub(super) fn factors(&self) -> Option<Vec<Factors>> {
        match self {
            Given::Path(_) => None,
            Given::Factors { factors, .. } => Some(factors.clone()),
        }
    }
}
