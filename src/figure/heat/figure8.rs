//! Figure 8: W's own directions against ΔW's.
//!
//! # Decisions
//!
//! - Figure 8 alone takes a grid that begins at a later i, and then all of its grids do.
//!   Elsewhere a missing first row is an error.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::figure::Text;
use crate::figure::label::{Ranks, directions, in_words, phi_of, weight};
use crate::measure::Side;
use crate::paper::{Figure, Show};
use crate::table::{OverlapRow, SpectrumRow};

use super::chart::{Axis, Chart, Edges, Panel, in_rows};
use super::determined::{legends, told_apart};
use super::grids::Grids;
use super::phi::{Words, chance_in_words};
use super::select::{Selected, Wanted};
use super::shown::Shown;

/// An adapter as the rows name it, and its rank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// The adapter's name in the rows.
    pub name: String,
    /// The adapter's rank r; 0 where its ΔW has no factors.
    pub rank: usize,
}

impl Ranked {
    /// `r = 4`; the name of an adapter whose ΔW has no factors, and so no rank.
    pub(in crate::figure) fn words(&self) -> Text {
        match self.rank {
            0 => Text::plain(&self.name),
            rank => Text::default().symbol("r").upright(&format!(" = {rank}")),
        }
    }

    /// Ranks rising, and what has none last.
    pub(in crate::figure) fn order(&self) -> (bool, usize) {
        (self.rank == 0, self.rank)
    }
}

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
/// [`Error::Table`] when the rows lack a grid, or no projection is to be shown.
pub fn figure8(
    rows: &[OverlapRow],
    spectrum: &[SpectrumRow],
    adapters: &[Ranked],
    layer: Option<usize>,
    shown: &Shown,
) -> Result<Chart> {
    let Some(projection) = shown.projections.first() else {
        return Err(impossible("no projection is named", "name one"));
    };
    let learned = adapters
        .iter()
        .map(|one| (one.name.as_str(), Some(one.rank)));
    let (mut grids, mut panels) = (Grids::default(), Vec::new());
    for (second, rank) in learned.chain([("random", None)]) {
        let wanted = Wanted {
            basis: shown.basis,
            first: "base",
            second,
            layer,
            projection,
        };
        let grid = wanted.select_from_any(rows)?;
        // Two runs of one rank are told apart by their names.
        let of_rank = adapters.iter().filter(|one| Some(one.rank) == rank);
        let what = match of_rank.count() {
            0 | 1 => directions(shown.basis, rank.map(Ranks::from)),
            _ => Text::plain(second),
        };
        let title = phi_of(weight(projection), what);
        let panel = told_apart(grid.panel(title, |_, _| true), &grid, spectrum);
        panels.push(Panel {
            // The strip after the panels is alike for all of them.
            edges: Edges::default(),
            ..panel
        });
        grids.0.push(grid);
    }
    let rows = |grid: &Selected| (grid.first_i, grid.cells.nrows());
    if grids.0.iter().any(|grid| rows(grid) != rows(&grids.0[0])) {
        return Err(impossible(
            "the grids of its panels have different i",
            "make the tables again: W's directions are the same in all panels",
        ));
    }
    let mut panels = in_rows(panels);
    let is_excess = shown.options.show == Show::Excess;
    if let Some(row) = panels.last_mut().filter(|_| !is_excess) {
        row.extend(grids.0.last().map(chance_strip));
    }
    let mut footer = footer(adapters, &grids, shown, &shown.place(layer));
    footer.extend(grids.undefined());
    footer.extend(legends(&panels));
    let words = Words {
        heading: match shown.within {
            "" => Text::default(),
            within => Text::plain(within),
        },
        footer,
    };
    Chart::of_phi(Figure::Eight, panels, &grids, words, &shown.options)
}

fn impossible(problem: &str, remedy: &'static str) -> Error {
    Error::Table {
        what: "figure 8".into(),
        problem: problem.into(),
        remedy,
    }
}

fn chance_strip(grid: &Selected) -> Panel {
    let (rows, d) = (grid.cells.nrows(), grid.dimension);
    Panel {
        title: Text::default().symbol("i").upright("/").symbol("d"),
        note: String::new(),
        marked: Array2::default((rows, 1)),
        mark: String::new(),
        cells: Array2::from_shape_fn((rows, 1), |(i, _)| {
            Some((i + grid.first_i) as f64 / d as f64)
        }),
        x: Axis::silent(),
        y: Axis::from(grid.first_i, rows, "i"),
        narrow: true,
        module: String::new(),
        dimension: None,
        edges: Edges::default(),
    }
}

fn footer(adapters: &[Ranked], grids: &Grids, shown: &Shown, place: &str) -> Vec<String> {
    let names: Vec<&str> = adapters
        .iter()
        .map(|adapter| adapter.name.as_str())
        .collect();
    let side = match shown.basis.side() {
        Side::Right => "Right",
        Side::Left => "Left",
    };
    let d = grids.0[0].dimension;
    vec![
        format!(
            "{side}-singular vectors of W (i) against {} of {} and random directions (j){place}.",
            in_words(shown.basis),
            names.join(", "),
        ),
        match shown.options.show {
            Show::Overlap => format!(
                "The strip and the mark on the bar show chance, max(i,\u{a0}j)/d, d = {d}. It is i/d for i ≥ j."
            ),
            excess => chance_in_words(excess, &d.to_string()),
        },
    ]
}
