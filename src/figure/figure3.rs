//! Figure 3: a smaller rank against a larger one in one layer, whole and zoomed.

use crate::error::Result;
use crate::table::OverlapRow;

use super::chart::{Bar, Chart, Panel};
use super::label::{directions, in_words, phi, update};
use super::select::{Pair, Selected, Wanted, chance_span, layer_in_words};
use super::{Options, Text};

/// The zoom shows this many directions of each.
const ZOOM: usize = 8;

/// φ between a smaller rank (i) and a larger one (j): a panel per projection with the cells j < i
/// masked, then the same zoomed to the leading 8 × 8 with only j ≤ i.
///
/// The zoom's lower-left triangle holds other values than the whole panel's upper right: it is not
/// its mirror image.
///
/// # Errors
///
/// [`crate::Error::Table`] when the rows lack a grid.
pub fn figure3(
    rows: &[OverlapRow],
    basis: &str,
    pair: &Pair,
    layer: Option<usize>,
    projections: &[String],
    options: &Options,
) -> Result<Chart> {
    let (panels, grids) = rank_panels(rows, basis, pair, layer, projections)?;
    let panels = vec![panels];
    rank_chart(
        "figure3",
        basis,
        pair,
        panels,
        &grids,
        options,
        &layer_in_words(layer),
    )
}

/// One layer's panels: whole ones, then zooms.
pub(super) fn rank_panels(
    rows: &[OverlapRow],
    basis: &str,
    pair: &Pair,
    layer: Option<usize>,
    projections: &[String],
) -> Result<(Vec<Panel>, Vec<Selected>)> {
    let select = |projection: &String| {
        let (first, second) = (&pair.first, &pair.second);
        Wanted {
            basis,
            first,
            second,
            layer,
            projection,
        }
        .select(rows)
    };
    let grids = projections.iter().map(select).collect::<Result<Vec<_>>>()?;
    let titled = || grids.iter().zip(projections);
    let whole = titled().map(|(grid, name)| grid.panel(update(name), |i, j| j >= i));
    let zoomed = titled().map(|(grid, name)| grid.corner(ZOOM).panel(update(name), |i, j| j <= i));
    Ok((whole.chain(zoomed).collect(), grids))
}

/// A chart of such panels, for figures 3 and 6.
pub(super) fn rank_chart(
    name: &str,
    basis: &str,
    pair: &Pair,
    panels: Vec<Vec<Panel>>,
    grids: &[Selected],
    options: &Options,
    place: &str,
) -> Result<Chart> {
    let ranks = grids.first().map_or((0, 0), |grid| grid.cells.dim());
    Ok(Chart {
        name: name.into(),
        heading: phi(
            directions(basis, Some(ranks.0)),
            directions(basis, Some(ranks.1)),
        ),
        bar: Bar::over(&panels, options.range, chance_span(grids.iter()), true)?,
        row_labels: vec![Text::default(); panels.len()],
        panels,
        aspect: 1.0,
        footer: footer(basis, pair, grids, place),
        palette: options.palette,
    })
}

/// Which directions of what, and what chance is.
pub(super) fn footer(basis: &str, pair: &Pair, grids: &[Selected], place: &str) -> Vec<String> {
    let mut dimensions: Vec<String> = grids
        .iter()
        .map(|grid| grid.dimension.to_string())
        .collect();
    dimensions.dedup();
    vec![format!(
        "{} (i) against {} (j){place}; {}. Chance: max(i, j)/d, d = {}.",
        pair.first,
        pair.second,
        in_words(basis),
        dimensions.join(", ")
    )]
}
