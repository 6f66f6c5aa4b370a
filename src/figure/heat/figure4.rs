//! Figure 4: two seeds of one rank in one layer, and random directions.

use crate::error::Result;
use crate::figure::Text;
use crate::figure::label::update;
use crate::paper::Figure;
use crate::table::OverlapRow;

use super::chart::{Chart, Panel, in_rows};
use super::grids::Grids;
use super::pair::Pair;
use super::phi::Words;
use super::select::{Selected, Wanted};
use super::shown::Shown;

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
    pair: &Pair,
    layer: Option<usize>,
    shown: &Shown,
) -> Result<Chart> {
    let of_pair = Grids::select(rows, pair, layer, shown)?;
    let mut grids = of_pair.clone();
    let mut titles: Vec<Text> = shown.projections.iter().map(|name| update(name)).collect();
    let mut against = String::new();
    if let Some(projection) = shown.projections.first() {
        let wanted = Wanted::of(pair, layer, projection, shown.basis);
        let (grid, second) = random(rows, wanted, &pair.beside)?;
        grids.0.push(grid);
        titles.push(Text::plain("Random"));
        against = second;
    }
    // Where spaces differ each panel says which is its own.
    let is_one = grids
        .0
        .iter()
        .all(|grid| grid.dimension == grids.0[0].dimension);
    let panel = |(grid, title): (&Selected, Text)| Panel {
        note: match is_one {
            true => String::new(),
            false => format!("d = {}", grid.dimension),
        },
        ..grid.panel(title, |_, _| true)
    };
    let panels = in_rows(grids.0.iter().zip(titles).map(panel).collect());
    let mut words = Words::of_seeds(&of_pair, pair, shown, &shown.place(layer));
    words.footer.push(format!(
        "Random: Haar-random directions (i) against {against} (j)."
    ));
    words.footer.extend(grids.undefined());
    Chart::of_phi(Figure::Four, panels, &grids, words, &shown.options)
}

/// Random directions against others where there are such rows, else against those of the run beside;
/// and the latter in words.
fn random(rows: &[OverlapRow], wanted: Wanted, beside: &str) -> Result<(Selected, String)> {
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
    let one = Wanted {
        first,
        second: beside,
        ..wanted
    };
    let grid = one.select(rows)?;
    Ok((grid, format!("{} of {beside}", wanted.projection)))
}
