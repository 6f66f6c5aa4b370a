//! Figure 6: figure 3 over several layers.

use crate::error::Result;
use crate::table::OverlapRow;

use super::chart::Chart;
use super::figure3::{rank_chart, rank_panels};
use super::select::{Pair, smaller_first};
use crate::figure::{Options, Text};

/// The panels of figure 3, a row per layer (or as many as figure 3 has).
///
/// # Errors
///
/// [`crate::Error::Table`] when the rows lack a grid.
pub fn figure6(
    rows: &[OverlapRow],
    basis: &str,
    pair: &Pair,
    layers: &[Option<usize>],
    projections: &[String],
    options: &Options,
) -> Result<Chart> {
    let (table, pair) = smaller_first(rows, pair);
    let (mut panels, mut grids, mut row_labels) = (Vec::new(), Vec::new(), Vec::new());
    for &layer in layers {
        let (rows, of_layer) = rank_panels(&table, basis, &pair, layer, projections)?;
        row_labels.extend(vec![row_label(layer); rows.len()]);
        panels.extend(rows);
        grids.extend(of_layer);
    }
    let chart = rank_chart("figure6", basis, &pair, panels, &grids, options, "")?;
    Ok(Chart {
        row_labels,
        ..chart
    })
}

fn row_label(layer: Option<usize>) -> Text {
    layer.map_or(Text::default(), |layer| {
        Text::plain(&format!("Layer {layer}"))
    })
}
