//! What a run will do, and doing it.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::adapter::{Adapter, ReadOptions};
use crate::base::Base;
use crate::error::Result;
use crate::measure::Basis;

use super::build::build;
use super::{Definition, FigurePlan, Results, Selection};

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
    /// Measure overlaps.
    pub overlap: bool,
    /// Measure amplification and ranks.
    pub amplification: bool,
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
}

impl Plan {
    /// A plan from a study file.
    ///
    /// # Errors
    ///
    /// Everything that can be told before the numbers are read.
    pub fn from_file(path: &Path, request: &Request) -> Result<Self> {
        build(&Definition::read(path)?, path, request, false)
    }

    /// A plan from adapters on a command line: each pair of them is compared, and each of them with
    /// the base if there is one.
    ///
    /// Of the pairs, the first with different ranks is drawn as figures 3 and 6, and the first with
    /// equal ranks as figures 4 and 7.
    ///
    /// # Errors
    ///
    /// As [`Plan::from_file`].
    pub fn from_paths(paths: &[PathBuf], base: Option<&Path>, request: &Request) -> Result<Self> {
        build(
            &super::naming::definition(paths, base),
            Path::new(""),
            request,
            true,
        )
    }

    /// Measures every module, in parallel, and gives the rows in the plan's order whatever the
    /// number of threads. `progress` is called once per finished module, from any thread.
    ///
    /// # Errors
    ///
    /// The first module's, in the plan's order, that could not be measured.
    pub fn run(&self, progress: &(dyn Fn() + Sync)) -> Result<Results> {
        crate::linalg::use_one_thread();
        let parts: Vec<Result<Results>> = self
            .modules
            .par_iter()
            .map(|module| {
                let part = super::module::measure(self, module);
                progress();
                part
            })
            .collect();
        let mut results = Results::default();
        for part in parts {
            results.append(part?);
        }
        Ok(results)
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
