//! Figure 7: two seeds over several layers.

use crate::error::Result;
use crate::table::OverlapRow;

use super::chart::{Bar, Chart, PANELS_IN_A_ROW, Panel, in_rows};
use super::figure3::footer;
use super::select::{Pair, Wanted, chance_span, ranks, undefined};
use crate::figure::label::{directions, phi, primed, update};
use crate::figure::{Options, Text};

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
    basis: &str,
    pair: &Pair,
    layers: &[Option<usize>],
    projections: &[String],
    options: &Options,
) -> Result<Chart> {
    let mut grids = Vec::new();
    let mut panels: Vec<Vec<Panel>> = Vec::new();
    let together = LAYERS_IN_A_ROW * projections.len() <= PANELS_IN_A_ROW;
    for group in layers.chunks(if together { LAYERS_IN_A_ROW } else { 1 }) {
        let mut row = Vec::new();
        for &layer in group {
            for projection in projections {
                let (first, second) = (&pair.first, &pair.second);
                let grid = Wanted {
                    basis,
                    first,
                    second,
                    layer,
                    projection,
                }
                .select(rows)?;
                row.push(grid.panel(title(projection, layer), |_, _| true));
                grids.push(grid);
            }
        }
        panels.extend(in_rows(row));
    }
    let ranks = ranks(&grids);
    let mut footer = footer(basis, pair, &grids, "");
    let undefined = undefined(&grids).trim_start();
    if !undefined.is_empty() {
        footer.push(undefined.into());
    }
    Ok(Chart {
        name: "figure7".into(),
        heading: phi(
            directions(basis, Some(ranks.0)),
            primed(directions(basis, Some(ranks.1))),
        ),
        bar: Bar::over(&panels, options.range, chance_span(grids.iter()), true)?,
        row_labels: vec![Text::default(); panels.len()],
        panels,
        aspect: 1.0,
        footer,
        palette: options.palette,
    })
}

fn title(projection: &str, layer: Option<usize>) -> Text {
    let layer = layer.map_or(String::new(), |layer| format!("Layer {layer}, "));
    Text::plain(&layer).then(update(projection))
}
