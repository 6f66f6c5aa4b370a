//! Figure 4: two seeds of one rank in one layer, and random directions.

use crate::error::Result;
use crate::table::OverlapRow;

use super::chart::{Bar, Chart, in_rows};
use super::figure3::footer;
use super::select::{Pair, Selected, Wanted, chance_span, layer_in_words, ranks, undefined};
use crate::figure::label::{directions, phi, primed, update};
use crate::figure::{Options, Text};

/// φ between two seeds, a panel per projection, nothing masked; the last panel has Haar-random
/// directions of the first seed's rank in its place.
///
/// By invariance a random subspace against an adapter is distributed as two random ones, which is
/// what the paper's third panel shows; rows of two random ones are taken where there are some.
///
/// # Errors
///
/// [`crate::Error::Table`] when the rows lack a grid.
pub fn figure4(
    rows: &[OverlapRow],
    basis: &str,
    pair: &Pair,
    layer: Option<usize>,
    projections: &[String],
    options: &Options,
) -> Result<Chart> {
    let wanted = |projection| Wanted {
        basis,
        first: &pair.first,
        second: &pair.second,
        layer,
        projection,
    };
    let mut grids = projections
        .iter()
        .map(|projection| wanted(projection).select(rows))
        .collect::<Result<Vec<_>>>()?;
    let mut titles: Vec<Text> = projections
        .iter()
        .map(|projection| update(projection))
        .collect();
    let mut against = String::new();
    if let Some(projection) = projections.first() {
        let (grid, second) = random(rows, wanted(projection))?;
        grids.push(grid);
        titles.push(Text::plain("Random"));
        against = second;
    }
    let panels = grids
        .iter()
        .zip(titles)
        .map(|(grid, title)| grid.panel(title, |_, _| true))
        .collect();
    let panels = in_rows(panels);
    let ranks = ranks(&grids);
    let mut footer = footer(basis, pair, &grids, &layer_in_words(layer));
    footer.push(format!(
        "Random: Haar-random directions (i) against {against} (j).{}",
        undefined(&grids)
    ));
    Ok(Chart {
        name: "figure4".into(),
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

/// Random directions against others where there are such rows, else against those of the second
/// seed; and the latter in words.
fn random(rows: &[OverlapRow], wanted: Wanted) -> Result<(Selected, String)> {
    let first = "random";
    let second = "random";
    let both = Wanted {
        first,
        second,
        ..wanted
    };
    if let Ok(grid) = both.select(rows) {
        return Ok((grid, "others".into()));
    }
    let grid = Wanted { first, ..wanted }.select(rows)?;
    Ok((grid, format!("{} of {}", wanted.projection, wanted.second)))
}
