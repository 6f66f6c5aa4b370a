//! Rows to panels.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::table::OverlapRow;

use super::chart::{Axis, Panel};
use super::label::Text;

/// Two names as the rows have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Whose directions i counts.
    pub first: String,
    /// Whose directions j counts.
    pub second: String,
}

/// One grid of `overlap.csv`.
#[derive(Debug, Clone)]
pub(super) struct Selected {
    pub(super) cells: Array2<Option<f64>>,
    /// Smallest and largest chance level.
    pub(super) chance: (f64, f64),
    /// Dimension of the space around.
    pub(super) dimension: usize,
}

/// Which grid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) basis: &'a str,
    pub(super) first: &'a str,
    pub(super) second: &'a str,
    pub(super) layer: Option<usize>,
    pub(super) projection: &'a str,
}

impl Wanted<'_> {
    /// The grid's cells. Where two modules have one layer and projection (an encoder's and a
    /// decoder's, say), the first in the table is taken.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] when there is none, or cells of it are missing.
    pub(super) fn select(&self, rows: &[OverlapRow]) -> Result<Selected> {
        let mut module = None;
        let here: Vec<&OverlapRow> = rows
            .iter()
            .filter(|row| self.is(row) && *module.get_or_insert(&row.module) == &row.module)
            .collect();
        let i = here.iter().map(|row| row.i).max().unwrap_or(0);
        let j = here.iter().map(|row| row.j).max().unwrap_or(0);
        if here.is_empty() || here.len() != i * j || here.iter().any(|row| row.i * row.j == 0) {
            return Err(self.missing(here.len(), i * j));
        }
        let mut cells = Array2::from_elem((i, j), None);
        for row in &here {
            cells[(row.i - 1, row.j - 1)] = row.overlap.filter(|value| value.is_finite());
        }
        let chances = || here.iter().map(|row| row.chance);
        let largest = chances().fold(0.0, f64::max);
        Ok(Selected {
            cells,
            chance: (chances().fold(f64::INFINITY, f64::min), largest),
            dimension: (i.max(j) as f64 / largest).round() as usize,
        })
    }

    fn is(&self, row: &OverlapRow) -> bool {
        row.layer == self.layer
            && row.projection == self.projection
            && row.basis == self.basis
            && row.first == self.first
            && row.second == self.second
    }

    fn missing(&self, found: usize, wanted: usize) -> Error {
        let layer = self
            .layer
            .map_or("no layer".into(), |layer| format!("layer {layer}"));
        Error::Table {
            what: "overlap.csv".into(),
            problem: format!(
                "{} of {} against {}, basis {}, {layer}: {found} cells, where {} are needed",
                self.projection,
                self.first,
                self.second,
                self.basis,
                if wanted == 0 {
                    "some".to_string()
                } else {
                    wanted.to_string()
                }
            ),
            remedy: "draw a layer and projections that both were measured on",
        }
    }
}

impl Selected {
    /// A panel with the cells that `keep(i, j)` keeps, i and j from 1.
    pub(super) fn panel(&self, title: Text, keep: impl Fn(usize, usize) -> bool) -> Panel {
        let (rows, columns) = self.cells.dim();
        let cells = Array2::from_shape_fn((rows, columns), |(i, j)| {
            self.cells[(i, j)].filter(|_| keep(i + 1, j + 1))
        });
        Panel {
            title,
            cells,
            x: Axis::over(columns, "j"),
            y: Axis::over(rows, "i"),
            narrow: false,
        }
    }

    /// Its first n rows and columns.
    pub(super) fn corner(&self, n: usize) -> Selected {
        let (rows, columns) = self.cells.dim();
        let cells = self
            .cells
            .slice(ndarray::s![..n.min(rows), ..n.min(columns)])
            .to_owned();
        Selected {
            cells,
            ..self.clone()
        }
    }
}

/// The chance levels of several grids together.
pub(super) fn chance_span<'a>(grids: impl Iterator<Item = &'a Selected>) -> Option<(f64, f64)> {
    grids
        .map(|grid| grid.chance)
        .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
}

/// `layer 5`, for a footer.
pub(super) fn layer_in_words(layer: Option<usize>) -> String {
    layer.map_or(String::new(), |layer| format!(", layer {layer}"))
}
