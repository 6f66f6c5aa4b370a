//! What a run will do: checked, every name resolved, and nothing of it done yet.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::adapter::{AdaptedModule, LeftOut, layer_of, projection_of};
use crate::base::Base;
use crate::cache::Cache;
use crate::measure::Basis;
use crate::paper::{Figure, Table};
use crate::results::ModuleName;
use crate::table::RunGroup;

use super::figure_plan::{Drawn, FigurePlan};
use super::file::Prose;
use super::many::Many;
use super::named::{AdapterId, Comparison, NamedAdapter, Operand};
use super::published::Published;
use super::request::Makes;
use super::runs::Runs;
use super::stop::Stop;

/// A checked plan: what all studies have, and where their numbers come from.
#[non_exhaustive]
pub struct Plan {
    /// The study's name, which names the output folders.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Prose for the report.
    pub text: Prose,
    /// Tables that are wanted.
    pub tables: Vec<Table>,
    /// Modules that are measured or shown, in natural order.
    pub modules: Vec<String>,
    /// The part of the model that each is of; of modules of one part there is nothing.
    pub components: BTreeMap<String, String>,
    /// Bases that are measured, or that the rows have.
    pub bases: Vec<Basis>,
    /// What is drawn.
    pub figures: FigurePlan,
    /// Scores of training runs, of tables 5, 6 and 18 and the rank curve.
    pub runs: Runs,
    /// What is made.
    pub makes: Makes,
    /// Whether `overlap.csv` has every grid, or those that are drawn.
    pub every_grid: bool,
    /// What a command line changes of a study's numbers beside seed, draws, bases and rank, in words.
    pub selected: Vec<(&'static str, String)>,
    /// The folder that results of the study as it stands belong in; `None` without a study file.
    pub results_folder: Option<PathBuf>,
    /// Where the numbers come from.
    pub source: Source,
    /// Ends the run when it is asked.
    pub stop: Stop,
    /// What earlier runs kept of large weights. Nothing that is measured depends on it.
    pub cache: Cache,
}

/// Where a study's numbers come from.
pub enum Source {
    /// They are measured on adapters.
    Adapters(Box<Measured>),
    /// They are rows of tables that somebody wrote: nothing is measured.
    Rows(Box<Published>),
}

/// Adapters, and what is measured on them.
#[non_exhaustive]
pub struct Measured {
    /// The adapters, in the order of the tables.
    pub adapters: Vec<NamedAdapter>,
    /// W, if there is one.
    pub base: Option<Base>,
    /// Overlaps that are measured.
    pub comparisons: Vec<Comparison>,
    /// Many adapters that are put side by side.
    pub many: Option<Many>,
    /// Adapters of table 7.
    pub amplified: Vec<AdapterId>,
    /// Groups of runs of table 7: their labels and, in the order of the tables, their runs.
    pub table7_groups: Vec<(String, Vec<AdapterId>)>,
    /// Directions used, if not all.
    pub rank: Option<usize>,
    /// Random draws.
    pub draws: usize,
    /// Whether table 7 has a row of W's own directions.
    pub with_own_directions: bool,
    /// Seed of the random directions.
    pub seed: u64,
    /// Bytes that measuring may take; without, half of what is free. Nothing that is measured
    /// depends on it.
    pub memory: Option<u64>,
    /// What a reader must know of updates that are differences from a start, where there are some:
    /// which bases they have, and what two of them share.
    pub differences: Option<String>,
    /// What was noticed while planning.
    pub warnings: Vec<String>,
    /// Modules that cannot be measured, each with its cause.
    pub left_out: Vec<LeftOut>,
    /// A study of published rows, to be shown beside this one.
    pub beside: Option<Box<Plan>>,
}

/// What a figure of pairs shows, as the tables name it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Sides {
    /// Two runs, or the labels of a group.
    pub labels: [String; 2],
    /// How many pairs it is the mean of; `None` for a pair itself.
    pub mean_of: Option<usize>,
    /// The run that random directions stand beside in figure 4.
    pub beside: String,
}

impl Measured {
    /// An adapter by its id, which must be of this study.
    pub fn adapter(&self, id: AdapterId) -> &NamedAdapter {
        &self.adapters[id.0]
    }

    /// The adapters with their ids, in the order of the tables.
    pub fn with_ids(&self) -> impl Iterator<Item = (AdapterId, &NamedAdapter)> {
        self.adapters
            .iter()
            .enumerate()
            .map(|(place, named)| (AdapterId(place), named))
    }

    /// Whether some ΔW of a module is formed with W.
    pub(crate) fn needs_base(&self, path: &str) -> bool {
        let mut modules = self
            .adapters
            .iter()
            .filter_map(|one| one.adapter.module(path));
        modules.any(AdaptedModule::needs_base)
    }

    /// The first adapter's module of a path.
    pub fn module(&self, path: &str) -> Option<&AdaptedModule> {
        self.adapters
            .iter()
            .find_map(|named| named.adapter.module(path))
    }

    /// An adapter's rank, as far as its directions are used.
    pub(crate) fn used_rank(&self, id: AdapterId) -> usize {
        let rank = self.adapter(id).adapter.rank();
        self.rank.map_or(rank, |used| used.min(rank))
    }

    /// How many directions of an adapter's ΔW of a module are used.
    pub(crate) fn directions(&self, named: &NamedAdapter, module: &AdaptedModule) -> usize {
        let asked = self.rank.or(module.rank).or(named.directions);
        asked.unwrap_or(1)
    }
}

impl Plan {
    /// A module with what its path and the study say of it.
    pub fn module_name(&self, path: &str) -> ModuleName {
        let component = self.components.get(path).map_or("", String::as_str);
        ModuleName::new(path, component)
    }

    /// What is measured; `None` for a study of rows.
    pub fn measured(&self) -> Option<&Measured> {
        match &self.source {
            Source::Adapters(measured) => Some(measured),
            Source::Rows(_) => None,
        }
    }

    /// The rows of a study that measures nothing.
    pub fn rows(&self) -> Option<&Published> {
        match &self.source {
            Source::Adapters(_) => None,
            Source::Rows(rows) => Some(rows),
        }
    }

    /// The adapters that are measured; of a study of rows none.
    pub fn adapters(&self) -> &[NamedAdapter] {
        self.measured().map_or(&[], |measured| &measured.adapters)
    }

    /// The overlaps that are measured; of a study of rows none.
    pub fn comparisons(&self) -> &[Comparison] {
        self.measured()
            .map_or(&[], |measured| &measured.comparisons)
    }

    /// Many adapters that are put side by side, where they are asked for.
    pub fn many(&self) -> Option<&Many> {
        self.measured()?.many.as_ref()
    }

    /// Modules that cannot be measured, each with its cause.
    pub fn left_out(&self) -> &[LeftOut] {
        self.measured().map_or(&[], |measured| &measured.left_out)
    }

    /// A study of published rows that is to be shown beside this one.
    pub fn beside(&self) -> Option<&Plan> {
        self.measured()?.beside.as_deref()
    }

    /// An adapter's name in tables; the id must be of this study.
    pub fn adapter_name(&self, id: AdapterId) -> &str {
        match &self.source {
            Source::Adapters(measured) => &measured.adapter(id).name,
            Source::Rows(rows) => &rows.adapters()[id.0],
        }
    }

    /// An adapter's rank; of rows, the most directions of it that one speaks of.
    pub fn adapter_rank(&self, id: AdapterId) -> usize {
        match &self.source {
            Source::Adapters(measured) => measured.adapter(id).adapter.rank(),
            Source::Rows(rows) => rows.rank(&rows.adapters()[id.0]),
        }
    }

    /// An adapter's rank in the module that figure 8 shows, where it has that.
    pub fn drawn_rank(&self, id: AdapterId) -> usize {
        let figures = &self.figures;
        let first = figures.projections.first();
        let is_drawn = |path: &&String| {
            let projection = projection_of(path);
            layer_of(path) == figures.layer && first.is_some_and(|first| first == projection)
        };
        let path = figures.modules.iter().find(is_drawn);
        let own = path.zip(self.measured());
        let own = own.and_then(|(path, one)| one.adapter(id).adapter.module(path)?.rank);
        own.unwrap_or_else(|| self.adapter_rank(id))
    }

    /// The adapters of figure 8, in the order of the tables; none where there is no W.
    pub fn against_base(&self) -> Vec<AdapterId> {
        let mut shown = self.figures.base.clone();
        match &self.source {
            Source::Adapters(measured) if measured.base.is_none() => shown.clear(),
            Source::Adapters(_) => {
                shown.sort();
                shown.dedup();
            }
            // The order that the study gives them.
            Source::Rows(_) => {}
        }
        shown
    }

    /// Those of figure 8 on a basis: an adapter without factors has no directions of A and B.
    pub fn against_base_on(&self, basis: Basis) -> Vec<AdapterId> {
        let mut shown = self.against_base();
        if let Some(measured) = self.measured().filter(|_| basis.is_of_factor()) {
            shown.retain(|id| measured.adapter(*id).adapter.has_factors());
        }
        shown
    }

    /// All adapters that are measured, in the study's order.
    pub fn measured_ids(&self) -> Vec<AdapterId> {
        let measured = self.measured().into_iter();
        let all = measured.flat_map(|measured| measured.with_ids());
        all.map(|(id, _)| id).collect()
    }

    /// The groups of table 7: each with its label and the names of its runs.
    pub fn table7_groups(&self) -> Vec<RunGroup> {
        let groups = self.measured().map_or(&[][..], |one| &one.table7_groups);
        let named = |(label, runs): &(String, Vec<AdapterId>)| {
            let runs = runs.iter().map(|id| self.adapter_name(*id).to_string());
            (label.clone(), runs.collect())
        };
        groups.iter().map(named).collect()
    }

    /// The runs whose checkpoints are counted, as their step numbers are not known.
    pub fn counted(&self) -> Vec<String> {
        let is_counted = |named: &&NamedAdapter| {
            let steps = named.steps.as_ref();
            steps.is_some_and(|steps| !steps.are_known)
        };
        let counted = self.adapters().iter().filter(is_counted);
        counted.map(|named| named.name.clone()).collect()
    }

    /// Whether everything is made, and so what comes of runs: no weights are read for it.
    pub fn makes_everything(&self) -> bool {
        self.makes.overlap && self.makes.amplification
    }

    /// Whether a table is wanted.
    pub fn makes_table(&self, table: Table) -> bool {
        self.tables.contains(&table)
    }

    /// An operand's name in tables.
    pub fn operand_name(&self, operand: Operand) -> &str {
        match operand {
            Operand::Adapter(id) => self.adapter_name(id),
            Operand::Base => "base",
            Operand::Random => "random",
        }
    }

    /// The operand that a row of a table names; `None` for a name that the study has not.
    pub fn operand(&self, name: &str) -> Option<Operand> {
        let place = match (name, &self.source) {
            ("base", _) => return Some(Operand::Base),
            ("random", _) => return Some(Operand::Random),
            (_, Source::Adapters(measured)) => {
                let mut names = measured.adapters.iter().map(|named| &named.name);
                names.position(|other| other == name)
            }
            (_, Source::Rows(rows)) => rows.adapters().iter().position(|other| other == name),
        };
        place.map(|place| Operand::Adapter(AdapterId(place)))
    }

    /// What figures 3 and 6, or 4 and 7, show, as the tables name it.
    pub fn sides(&self, figure: Figure) -> Option<Sides> {
        let drawn = self.figures.drawn(figure)?;
        let name = |id: AdapterId| self.adapter_name(id).to_string();
        let [_, second] = drawn.first();
        Some(Sides {
            labels: match drawn {
                Drawn::Pair(pair) => pair.map(name),
                Drawn::Mean(pairs) => pairs.labels.clone(),
            },
            mean_of: match drawn {
                Drawn::Pair(_) => None,
                Drawn::Mean(pairs) => Some(pairs.pairs.len()),
            },
            beside: name(second),
        })
    }

    /// Whether a figure shows the grid of a module on a basis between two sides, by their names in
    /// tables.
    pub fn shows(&self, module: &ModuleName, basis: Basis, first: &str, second: &str) -> bool {
        if self.figures.shows_mean(module, basis, [first, second]) {
            return true;
        }
        let (Some(first), Some(second)) = (self.operand(first), self.operand(second)) else {
            return false;
        };
        self.figures
            .shows(module, basis, Comparison { first, second })
    }

    /// Whether a figure shows the cells φ(k,k) of such a grid.
    pub fn shows_diagonal(
        &self,
        module: &ModuleName,
        basis: Basis,
        first: &str,
        second: &str,
    ) -> bool {
        match (self.operand(first), self.operand(second)) {
            (Some(Operand::Adapter(one)), Some(Operand::Adapter(other))) => {
                self.figures.shows_diagonal(module, basis, [one, other])
            }
            _ => false,
        }
    }
}
