//! The grids of one figure together: what its bar and its words say of all of them.

use crate::error::Result;
use crate::figure::label::Ranks;
use crate::table::OverlapRow;

use super::pair::Pair;
use super::select::{Selected, Wanted};
use super::shown::Shown;

/// The grids of one figure, in the order of its panels.
#[derive(Debug, Clone, Default)]
pub(super) struct Grids(pub(super) Vec<Selected>);

impl Grids {
    /// One layer's grids of a pair, one for each projection that is shown.
    ///
    /// # Errors
    ///
    /// Those of [`Wanted::select`].
    pub(super) fn select(
        rows: &[OverlapRow],
        pair: &Pair,
        layer: Option<usize>,
        shown: &Shown,
    ) -> Result<Self> {
        let mut grids = Vec::new();
        for projection in shown.projections {
            grids.push(Wanted::of(pair, layer, projection, shown.basis).select(rows)?);
        }
        Ok(Grids(grids))
    }

    /// The ranks of the two adapters, over the grids.
    pub(super) fn ranks(&self) -> (Ranks, Ranks) {
        let sizes = self.0.iter().map(|grid| grid.cells.dim());
        (
            Ranks::over(sizes.clone().map(|(i, _)| i)),
            Ranks::over(sizes.map(|(_, j)| j)),
        )
    }

    /// The smallest and the largest chance level.
    pub(super) fn chance(&self) -> Option<(f64, f64)> {
        let chances = self.0.iter().map(|grid| grid.chance);
        chances.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    /// The dimensions of the spaces around, each named once: `384, 1536`.
    pub(super) fn dimensions(&self) -> String {
        let mut dimensions: Vec<String> = Vec::new();
        for dimension in self.0.iter().map(|grid| grid.dimension.to_string()) {
            if !dimensions.contains(&dimension) {
                dimensions.push(dimension);
            }
        }
        dimensions.join(", ")
    }

    /// What pale cells are, where a grid has cells without a value.
    pub(super) fn undefined(&self) -> Option<String> {
        let mut cells = self.0.iter().flat_map(|grid| &grid.cells);
        cells
            .any(Option::is_none)
            .then(|| "Directions beyond a numerical rank have no value and are pale.".to_string())
    }
}
