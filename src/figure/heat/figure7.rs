//! Figure 7: two seeds over several layers.

use crate::error::Result;
use crate::figure::label::update;
use crate::paper::Figure;
use crate::table::OverlapRow;

use super::chart::{Chart, PANELS_IN_A_ROW, Panel, in_rows};
use super::grids::Grids;
use super::pair::Pair;
use super::phi::Words;
use super::shown::Shown;

/// As the paper sets it: layers 1 and 32 in the first row, 64 and 96 in the second.
const LAYERS_IN_A_ROW: usize = 2;

/// φ between two seeds: two layers a row, each with its projections; layers with more than two
/// projections have rows of their own.
///
/// # Errors
///
/// [`crate::Error::Table`] when the rows lack a grid.
pub fn figure7(
    rows: &[OverlapRow],
    pair: &Pair,
    layers: &[Option<usize>],
    shown: &Shown,
) -> Result<Chart> {
    let (mut panels, mut grids) = (Vec::new(), Grids::default());
    let together = LAYERS_IN_A_ROW * shown.projections.len() <= PANELS_IN_A_ROW;
    for group in layers.chunks(if together { LAYERS_IN_A_ROW } else { 1 }) {
        let mut row = Vec::new();
        for &layer in group {
            let of_layer = Grids::select(rows, pair, layer, shown)?;
            for (grid, projection) in of_layer.0.iter().zip(shown.projections) {
                row.push(Panel {
                    note: layer.map_or(String::new(), |layer| format!("layer {layer}")),
                    ..grid.panel(update(projection), |_, _| true)
                });
            }
            grids.0.extend(of_layer.0);
        }
        panels.extend(in_rows(row));
    }
    let mut words = Words::of_seeds(&grids, pair, shown, &shown.place(None));
    words.footer.extend(grids.undefined());
    Chart::of_phi(Figure::Seven, panels, &grids, words, &shown.options)
}
