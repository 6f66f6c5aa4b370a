//! What a run will do: checked, and nothing of it done yet.

use std::path::Path;

use crate::adapter::{AdaptedModule, Adapter, ReadOptions};
use crate::base::Base;
use crate::measure::Basis;

use super::published::Published;
use super::{FigurePlan, Prose, Runs, Selection};

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

impl Request {
    /// What it changes beside seed, draws, bases and rank, in words.
    pub(super) fn selected(&self) -> Vec<(&'static str, String)> {
        let ReadOptions { alpha, scaled, .. } = &self.read;
        let scale = match (alpha, scaled) {
            (_, false) => Some("1, without the trained scale".to_string()),
            (Some(alpha), true) => Some(format!("with α = {alpha}")),
            (None, true) => None,
        };
        [
            ("modules", self.selection.globs()),
            ("layers", self.selection.layers()),
            ("scale", scale),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
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
    /// What the report calls it, as the study says.
    pub label: Option<String>,
    /// What it was trained on, as the study says.
    pub task: Option<String>,
    /// The seed that it was trained with, as the study says.
    pub seed: Option<u64>,
    /// The adapter.
    pub adapter: Adapter,
    /// Entries of its factors, see [`Adapter::factor_entries`].
    pub factor_entries: Option<u64>,
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
    /// Scores of training runs, of tables 5, 6 and 18 and the rank curve.
    pub runs: Runs,
    /// Whether `overlap.csv` has every grid, or those that are drawn.
    pub every_grid: bool,
    /// What the command line changes of a study's numbers beside that, in words.
    pub selected: Vec<(&'static str, String)>,
    /// What was noticed while planning.
    pub warnings: Vec<String>,
    /// A study of published rows, to be shown beside this one.
    pub beside: Option<Box<Plan>>,
    /// Rows in place of all that is measured.
    pub(super) published: Option<Published>,
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

    /// The folder of a study of rows.
    pub fn rows(&self) -> Option<&Path> {
        self.published.as_ref().map(|rows| rows.folder.as_path())
    }

    /// The adapters of figure 8, and their ranks.
    pub fn against_base(&self) -> Vec<(&str, usize)> {
        let is_shown = |name: &str| self.figures.base.iter().any(|shown| shown == name);
        match &self.published {
            Some(rows) => {
                let names = self.figures.base.iter();
                names.map(|name| (name.as_str(), rows.rank(name))).collect()
            }
            None if self.base.is_none() => Vec::new(),
            None => self
                .adapters
                .iter()
                .filter(|named| is_shown(&named.name))
                .map(|named| (named.name.as_str(), named.adapter.rank()))
                .collect(),
        }
    }

    /// Whether everything is made, and so what comes of runs: no weights are read for it.
    pub fn makes_everything(&self) -> bool {
        self.overlap && self.amplification
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
