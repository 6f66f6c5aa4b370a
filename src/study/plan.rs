//! What a run will do: checked, and nothing of it done yet.

use crate::adapter::{AdaptedModule, Adapter, ReadOptions};
use crate::base::Base;
use crate::measure::Basis;

use super::{FigurePlan, Prose, Selection};

/// What the command line adds to a study, or says in place of one.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Which modules.
    pub selection: Selection,
    /// Bases to measure and draw, in place of the study's.
    pub bases: Vec<Basis>,
    /// Directions used, in place of the adapters' ranks.
    pub rank: Option<usize>,
    /// How adapters are read.
    pub read: ReadOptions,
    /// Random draws.
    pub draws: Option<usize>,
    /// Seed of the random directions.
    pub seed: Option<u64>,
    /// Bytes that measuring may take, in place of half of what is free.
    pub memory: Option<u64>,
    /// Measure overlaps.
    pub overlap: bool,
    /// Measure amplification and ranks.
    pub amplification: bool,
    /// Measure what findings need beside them.
    pub findings: bool,
}

/// One side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// An adapter, by its place in the plan.
    Adapter(usize),
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

/// An adapter under the study's name for it.
pub struct NamedAdapter {
    /// The name in tables.
    pub name: String,
    /// The adapter.
    pub adapter: Adapter,
}

/// A checked plan.
pub struct Plan {
    /// Names the output folders.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Prose for the report.
    pub text: Prose,
    /// Tables that are wanted, by number.
    pub tables: Vec<String>,
    /// In the order of the tables.
    pub adapters: Vec<NamedAdapter>,
    /// W, if there is one.
    pub base: Option<Base>,
    /// Modules that are measured, in natural order.
    pub modules: Vec<String>,
    /// Bases that are measured.
    pub bases: Vec<Basis>,
    /// Overlaps that are measured.
    pub comparisons: Vec<Comparison>,
    /// Adapters of table 7.
    pub amplified: Vec<usize>,
    /// Directions used, if not all.
    pub rank: Option<usize>,
    /// Random draws.
    pub draws: usize,
    /// Seed.
    pub seed: u64,
    /// Bytes that measuring may take; without, half of what is free. Nothing that is measured
    /// depends on it.
    pub memory: Option<u64>,
    /// What is drawn.
    pub figures: FigurePlan,
    /// Whether `overlap.csv` has every grid, or those that are drawn.
    pub every_grid: bool,
    /// What was noticed while planning.
    pub warnings: Vec<String>,
    /// Measure overlaps.
    pub(super) overlap: bool,
    /// Measure amplification and ranks.
    pub(super) amplification: bool,
    /// Measure what findings need beside them.
    pub findings: bool,
}

impl Plan {
    /// How many directions of a module's ΔW are used.
    pub(super) fn directions(&self, module: &AdaptedModule) -> usize {
        self.rank.or(module.rank).unwrap_or(1)
    }

    /// Whether a table is wanted.
    pub fn makes_table(&self, table: &str) -> bool {
        self.tables.iter().any(|wanted| wanted == table)
    }

    /// An operand's name in tables.
    pub fn operand_name(&self, operand: Operand) -> &str {
        match operand {
            Operand::Adapter(place) => &self.adapters[place].name,
            Operand::Base => "base",
            Operand::Random => "random",
        }
    }
}
