//! Figure 8: W's own directions against ΔW's.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::table::{OverlapRow, SpectrumRow};

use super::chart::{Axis, Bar, Chart, Panel, in_rows};
use super::determined::{ill_determined, legend};
use super::select::{Selected, Wanted, chance_span, layer_in_words, undefined};
use crate::figure::label::{directions, in_words, phi_of, weight};
use crate::figure::{Options, Text};

/// An adapter as the rows name it, and its rank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// Its name.
    pub name: String,
    /// r.
    pub rank: usize,
}

/// Panels are taller than wide: i runs over 10 % of d, j to 4.
const ASPECT: f64 = 1.6;

/// φ between the leading i directions of W and the leading j of each adapter's ΔW, then of random
/// directions, and beside them what chance gives: i/d.
///
/// The paper clips its random panel at the lowest colour although chance reaches 0.0999; here chance
/// has a strip of its own in the same colours.
///
/// Rows where W's leading directions are ill-determined by `spectrum` (see [`super::SURE`]) are
/// marked.
///
/// # Errors
///
/// [`crate::Error::Table`] when the rows lack a grid.
pub fn figure8(
    rows: &[OverlapRow],
    spectrum: &[SpectrumRow],
    basis: &str,
    adapters: &[Ranked],
    layer: Option<usize>,
    projection: &str,
    options: &Options,
) -> Result<Chart> {
    let mut grids = Vec::new();
    let mut panels = Vec::new();
    let learned = adapters
        .iter()
        .map(|adapter| (adapter.name.as_str(), Some(adapter.rank)));
    for (second, rank) in learned.chain([("random", None)]) {
        let grid = against_base(basis, second, layer, projection).select_from_any(rows)?;
        let title = phi_of(weight(projection), directions(basis, rank));
        panels.push(Panel {
            marked: ill_determined(&grid, spectrum),
            ..grid.panel(title, |_, _| true)
        });
        grids.push(grid);
    }
    let Some(grid) = grids.last() else {
        return Err(Error::Table {
            what: "figure 8".into(),
            problem: "no adapter is named".into(),
            remedy: "name one at least",
        });
    };
    let rows = |grid: &Selected| (grid.first_i, grid.cells.nrows());
    if grids.iter().any(|other| rows(other) != rows(grid)) {
        return Err(Error::Table {
            what: "figure 8".into(),
            problem: "its grids have other i in one panel than in the next".into(),
            remedy: "make the tables again: W's directions are the same in all panels",
        });
    }
    let mut panels = in_rows(panels);
    if let Some(row) = panels.last_mut() {
        row.push(chance_strip(grid));
    }
    let mut footer = footer(basis, adapters, &grids, &layer_in_words(layer));
    footer.extend(legend(&panels));
    Ok(Chart {
        name: "figure8".into(),
        heading: Text::default(),
        bar: Bar::over(&panels, options.range, chance_span(grids.iter()), false)?,
        row_labels: vec![Text::default(); panels.len()],
        panels,
        aspect: ASPECT,
        footer,
        palette: options.palette,
    })
}

fn against_base<'a>(
    basis: &'a str,
    second: &'a str,
    layer: Option<usize>,
    projection: &'a str,
) -> Wanted<'a> {
    Wanted {
        basis,
        first: "base",
        second,
        layer,
        projection,
    }
}

fn chance_strip(grid: &Selected) -> Panel {
    let (rows, d) = (grid.cells.nrows(), grid.dimension);
    Panel {
        title: Text::default().symbol("i").upright("/").symbol("d"),
        marked: Array2::default((rows, 1)),
        cells: Array2::from_shape_fn((rows, 1), |(i, _)| {
            Some((i + grid.first_i) as f64 / d as f64)
        }),
        x: Axis::silent(),
        y: Axis::from(grid.first_i, rows, "i"),
        narrow: true,
        module: String::new(),
        dimension: None,
    }
}

fn footer(basis: &str, adapters: &[Ranked], grids: &[Selected], place: &str) -> Vec<String> {
    let names: Vec<&str> = adapters
        .iter()
        .map(|adapter| adapter.name.as_str())
        .collect();
    let side = if matches!(basis, "a" | "delta-right") {
        "Right"
    } else {
        "Left"
    };
    vec![
        format!(
            "{side}-singular vectors of W (i) against {} of {} and random directions (j){place}.",
            in_words(basis),
            names.join(", "),
        ),
        format!(
            "Strip and mark on the bar: chance, max(i,\u{a0}j)/d, which is i/d for i ≥ j; d = {}.{}",
            grids[0].dimension,
            undefined(grids)
        ),
    ]
}
