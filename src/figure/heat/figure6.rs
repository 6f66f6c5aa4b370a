//! Figure 6: figure 3 over several layers.

use crate::error::Result;
use crate::figure::Text;
use crate::paper::Figure;
use crate::table::OverlapRow;

use super::chart::Chart;
use super::figure3::{rank_panels, rank_words};
use super::grids::Grids;
use super::pair::Pair;
use super::shown::Shown;
use super::turned::smaller_first;

/// The panels of figure 3, a row per layer (or as many as figure 3 has).
///
/// # Errors
///
/// [`crate::Error::Table`] when the rows lack a grid.
pub fn figure6(
    rows: &[OverlapRow],
    pair: &Pair,
    layers: &[Option<usize>],
    shown: &Shown,
) -> Result<Chart> {
    let (table, pair) = smaller_first(rows, pair);
    let (mut panels, mut grids, mut row_labels) = (Vec::new(), Grids::default(), Vec::new());
    for (number, &layer) in layers.iter().enumerate() {
        let (mut rows, of_layer) = rank_panels(&table, &pair, layer, shown)?;
        if number > 0 {
            // As above them.
            rows.iter_mut()
                .flatten()
                .for_each(|panel| panel.note.clear());
        }
        row_labels.extend(vec![row_label(layer); rows.len()]);
        panels.extend(rows);
        grids.0.extend(of_layer.0);
    }
    let words = rank_words(&grids, &pair, shown, &shown.place(None));
    Ok(Chart {
        row_labels,
        ..Chart::of_phi(Figure::Six, panels, &grids, words, &shown.options)?
    })
}

fn row_label(layer: Option<usize>) -> Text {
    layer.map_or(Text::default(), |layer| {
        Text::plain(&format!("Layer {layer}"))
    })
}
