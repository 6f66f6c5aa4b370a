//! Adapters under the study's names for them, and what is compared.

use std::sync::OnceLock;

use crate::adapter::Adapter;

use super::one_run::Course;
use super::steps::Steps;

/// An adapter of a study: its place among the study's adapters, or among those that its rows name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AdapterId(pub(crate) usize);

impl AdapterId {
    /// The place, from 0, in the order of the tables.
    pub fn place(self) -> usize {
        self.0
    }
}

/// An adapter under the study's name for it.
#[non_exhaustive]
pub struct NamedAdapter {
    /// The name in tables.
    pub name: String,
    /// What the report calls it, as the study says.
    pub label: Option<String>,
    /// What it was trained on, as the study says.
    pub task: Option<String>,
    /// The seed that it was trained with, as the study says.
    pub seed: Option<u64>,
    /// The adapter.
    pub adapter: Adapter,
    /// How many leading directions of a ΔW without factors are used, as the study says.
    pub directions: Option<usize>,
    /// Entries of its factors, see [`Adapter::factor_entries`].
    pub factor_entries: Option<u64>,
    /// The checkpoints of its run, where the study names some. What is compared is the adapter alone.
    pub steps: Option<Steps>,
    /// Where it stands in its run; files are read when that is asked for.
    pub(super) course: OnceLock<Course>,
}

impl NamedAdapter {
    /// Where it stands in the course of its run.
    pub(super) fn course(&self) -> &Course {
        self.course.get_or_init(|| Course::of(&self.adapter))
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operand {
    /// An adapter.
    Adapter(AdapterId),
    /// W.
    Base,
    /// Haar-random directions.
    Random,
}

/// An overlap that is measured on every module both sides have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// Whose directions i counts.
    pub first: Operand,
    /// Whose directions j counts.
    pub second: Operand,
}
