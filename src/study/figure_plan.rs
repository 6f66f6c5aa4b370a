//! What is drawn, every name resolved.

use crate::measure::Basis;
use crate::paper::{Figure, Venue};
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
    /// Figures 4 and 7, and the curve of seeds: adapters of two seeds.
    pub seeds: Option<Pairs>,
    /// Figure 8: adapters held against W.
    pub base: Vec<AdapterId>,
    /// The layer of figures 3, 4 and 8 and table 7.
    pub layer: Option<usize>,
    /// The layers of figures 6 and 7, and of the curve of seeds.
    pub layers: Vec<Option<usize>>,
    /// Names of the panels' projections.
    pub projections: Vec<String>,
    /// Page and type sizes.
    pub venue: Venue,
    /// A last line below every figure of overlaps.
    pub footnote: Option<String>,
    /// Which layers were picked, where the study names none.
    pub notes: Vec<String>,
}

impl FigurePlan {
    /// Whether a figure is wanted.
    pub fn draws(&self, figure: Figure) -> bool {
        self.which.contains(&figure)
    }

    /// Whether a figure shows this grid.
    pub(super) fn shows(&self, module: &ModuleName, basis: Basis, sides: Comparison) -> bool {
        if !self.bases.contains(&basis) || !self.projections.contains(&module.projection) {
            return false;
        }
        let one_layer = module.layer == self.layer;
        let several = self.layers.contains(&module.layer);
        match (sides.first, sides.second) {
            (Operand::Adapter(one), Operand::Adapter(other)) => {
                let pairs = [
                    (&self.ranks, Figure::Three, &[Figure::Six][..]),
                    (&self.seeds, Figure::Four, &[Figure::Seven, Figure::Seeds]),
                ];
                pairs.into_iter().any(|(pairs, of_one, of_several)| {
                    let is_it = |pairs: &Pairs| pairs.pairs.contains(&[one, other]);
                    let draws_several = of_several.iter().any(|&figure| self.draws(figure));
                    pairs.as_ref().is_some_and(is_it)
                        && (one_layer && self.draws(of_one) || several && draws_several)
                })
            }
            (Operand::Random, second) => {
                let is_beside = |pairs: &Pairs| {
                    let [_, other] = pairs.first();
                    second == Operand::Adapter(other) || second == Operand::Random
                };
                one_layer && self.draws(Figure::Four) && self.seeds.as_ref().is_some_and(is_beside)
            }
            (Operand::Base, second) => {
                let is_shown = match second {
                    Operand::Adapter(id) => self.base.contains(&id),
                    Operand::Random => true,
                    Operand::Base => false,
                };
                one_layer && self.draws(Figure::Eight) && is_shown
            }
            (Operand::Adapter(_), _) => false,
        }
    }
}
