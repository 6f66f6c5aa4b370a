//! Figure 4: two seeds of one rank in one layer, and random directions.

use crate::error::Result;
use crate::table::OverlapRow;

use super::chart::{Bar, Chart, in_rows};
use super::figure3::footer;
use super::label::{directions, phi, primed, update};
use super::select::{Pair, Wanted, chance_span, layer_in_words, ranks, undefined};
use super::{Options, Text};

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
    let select = |[first, second]: [&str; 2], projection: &String| {
        Wanted {
            basis,
            first,
            second,
            layer,
            projection,
        }
        .select(rows)
    };
    let mut grids = projections
        .iter()
        .map(|projection| select([&pair.first, &pair.second], projection))
        .collect::<Result<Vec<_>>>()?;
    let is_random = |row: &OverlapRow| {
        [&row.first, &row.second]
            .iter()
            .all(|name| *name == "random")
    };
    let (random, second) = match rows.iter().any(is_random) {
        true => (["random"; 2], "others".to_string()),
        false => {
            let projection = projections.first().map_or("", String::as_str);
            let second = format!("{projection} of {}", pair.second);
            (["random", pair.second.as_str()], second)
        }
    };
    let mut titles: Vec<Text> = projections
        .iter()
        .map(|projection| update(projection))
        .collect();
    if let Some(projection) = projections.first() {
        grids.push(select(random, projection)?);
        titles.push(Text::plain("Random"));
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
        "Random: Haar-random directions (i) against {second} (j).{}",
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
