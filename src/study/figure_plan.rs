//! What is drawn, every name resolved.

use std::collections::BTreeSet;

use crate::measure::Basis;
use crate::paper::{Figure, Notes, Show, Venue};
use crate::results::ModuleName;

use super::named::{AdapterId, Comparison, Operand};
use super::pairs::Pairs;

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FigurePlan {
    /// Figures that are drawn, where the comparisons allow them.
    pub which: Vec<Figure>,
    /// Bases drawn.
    pub bases: Vec<Basis>,
    /// Figures 3 and 6: adapters of two ranks.
    pub ranks: Option<Pairs>,
    /// Figures 4 and 7, and the curve of seeds: adapters of two seeds; of groups, that of the largest
    /// rank.
    pub seeds: Option<Pairs>,
    /// Groups of seeds of other ranks, which are measured and not drawn.
    pub other_seeds: Vec<Pairs>,
    /// Two runs of a group that are drawn in place of its mean.
    pub pair: Option<[AdapterId; 2]>,
    /// Figure 8: adapters held against W.
    pub base: Vec<AdapterId>,
    /// The modules that may be drawn: of several with one layer and name, one.
    pub modules: BTreeSet<String>,
    /// What tells the drawn ones from others of one layer and name; empty where there are no others.
    pub within: String,
    /// The layer of figures 3, 4 and 8 and table 7.
    pub layer: Option<usize>,
    /// The layers of figures 6 and 7, and of the curve of seeds.
    pub layers: Vec<Option<usize>>,
    /// Names of the panels' projections.
    pub projections: Vec<String>,
    /// Page and type sizes.
    pub venue: Venue,
    /// What the heat maps of overlaps show.
    pub show: Show,
    /// Where the notes of figures stand.
    pub captions: Notes,
    /// A last line below every figure of overlaps.
    pub footnote: Option<String>,
    /// Which layers were picked, where the study names none.
    pub notes: Vec<String>,
}

/// What a figure of pairs shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Drawn<'a> {
    /// Two runs.
    Pair([AdapterId; 2]),
    /// The mean over the pairs of a group.
    Mean(&'a Pairs),
}

impl Drawn<'_> {
    /// The pair, or the first of the group.
    pub fn first(&self) -> [AdapterId; 2] {
        match self {
            Drawn::Pair(pair) => *pair,
            Drawn::Mean(pairs) => pairs.first(),
        }
    }
}

impl FigurePlan {
    /// Whether a figure is wanted.
    pub fn draws(&self, figure: Figure) -> bool {
        self.which.contains(&figure)
    }

    /// The groups that are measured, each once.
    pub fn groups(&self) -> Vec<&Pairs> {
        let seeds = self.other_seeds.iter().chain(&self.seeds);
        let all = self.ranks.iter().chain(seeds);
        all.filter(|pairs| pairs.is_group).collect()
    }

    /// What figures 3 and 6, or 4 and 7, show; `None` where nothing is compared for them, and for
    /// other figures.
    pub fn drawn(&self, figure: Figure) -> Option<Drawn<'_>> {
        let (pairs, others) = match figure {
            Figure::Three | Figure::Six => (self.ranks.as_ref()?, &[][..]),
            Figure::Four | Figure::Seven => (self.seeds.as_ref()?, self.other_seeds.as_slice()),
            _ => return None,
        };
        let mut all = others.iter().chain([pairs]);
        Some(match self.pair {
            Some(pair) if all.any(|pairs| pairs.pairs.contains(&pair)) => Drawn::Pair(pair),
            _ if pairs.is_group => Drawn::Mean(pairs),
            _ => Drawn::Pair(pairs.first()),
        })
    }

    /// Whether a figure shows the mean grid of a group with these labels.
    pub(super) fn shows_mean(&self, module: &ModuleName, basis: Basis, labels: [&str; 2]) -> bool {
        let is_it = |figure: &Figure| match self.drawn(*figure) {
            Some(Drawn::Mean(pairs)) => pairs.labels.each_ref().map(String::as_str) == labels,
            _ => false,
        };
        let mut figures = Figure::ALL.iter();
        figures.any(|figure| is_it(figure) && self.shows_module(*figure, module, basis))
    }

    /// Whether a figure of pairs has a panel of this module.
    fn shows_module(&self, figure: Figure, module: &ModuleName, basis: Basis) -> bool {
        let is_here = match figure {
            Figure::Three | Figure::Four | Figure::Eight => module.layer == self.layer,
            Figure::Six | Figure::Seven | Figure::Seeds => self.layers.contains(&module.layer),
            _ => false,
        };
        let is_panel =
            self.projections.contains(&module.projection) && self.modules.contains(&module.path);
        self.draws(figure) && self.bases.contains(&basis) && is_panel && is_here
    }

    /// Whether the curve of seeds shows φ(k,k) of two runs in a module.
    pub(super) fn shows_diagonal(
        &self,
        module: &ModuleName,
        basis: Basis,
        pair: [AdapterId; 2],
    ) -> bool {
        let is_it = |seeds: &Pairs| seeds.pairs.contains(&pair);
        self.seeds.as_ref().is_some_and(is_it) && self.shows_module(Figure::Seeds, module, basis)
    }

    /// Whether a figure shows this grid.
    pub(super) fn shows(&self, module: &ModuleName, basis: Basis, sides: Comparison) -> bool {
        let has_panel = |figure: Figure| self.shows_module(figure, module, basis);
        match (sides.first, sides.second) {
            (Operand::Adapter(one), Operand::Adapter(other)) => {
                let is_it = |figure| self.drawn(figure) == Some(Drawn::Pair([one, other]));
                let mut figures = Figure::ALL.into_iter();
                let is_pair = !self.seeds.as_ref().is_some_and(|seeds| seeds.is_group);
                figures.any(|figure| is_it(figure) && has_panel(figure))
                    || is_pair && self.shows_diagonal(module, basis, [one, other])
            }
            (Operand::Random, second) => {
                let is_beside = |drawn: Drawn| {
                    let [_, other] = drawn.first();
                    second == Operand::Adapter(other) || second == Operand::Random
                };
                has_panel(Figure::Four) && self.drawn(Figure::Four).is_some_and(is_beside)
            }
            (Operand::Base, second) => {
                let is_shown = match second {
                    Operand::Adapter(id) => self.base.contains(&id),
                    Operand::Random => true,
                    Operand::Base => false,
                };
                has_panel(Figure::Eight) && is_shown
            }
            (Operand::Adapter(_), _) => false,
        }
    }
}
