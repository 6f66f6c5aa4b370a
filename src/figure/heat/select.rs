//! Rows to panels.

use ndarray::{Array2, Zip};

use crate::error::{Error, Result};
use crate::measure::Basis;
use crate::table::{Limit, OverlapRow};

use super::chart::{Axis, Edges, Panel};
use super::limits::known_so_far;
use super::pair::Pair;
use crate::figure::label::Text;

/// One grid of `overlap.csv`.
#[derive(Debug, Clone)]
pub(super) struct Selected {
    pub(super) module: String,
    /// The i of the first row.
    pub(super) first_i: usize,
    pub(super) cells: Array2<Option<f64>>,
    /// On which side each of `cells` is that is a bound.
    pub(super) limits: Array2<Option<Limit>>,
    /// Smallest and largest chance level.
    pub(super) chance: (f64, f64),
    /// Dimension of the space around.
    pub(super) dimension: usize,
}

/// Which grid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) basis: Basis,
    pub(super) first: &'a str,
    pub(super) second: &'a str,
    pub(super) layer: Option<usize>,
    pub(super) projection: &'a str,
}

impl<'a> Wanted<'a> {
    /// A pair's grid of one projection in one layer.
    pub(super) fn of(
        pair: &'a Pair,
        layer: Option<usize>,
        projection: &'a str,
        basis: Basis,
    ) -> Self {
        Wanted {
            basis,
            first: &pair.first,
            second: &pair.second,
            layer,
            projection,
        }
    }

    /// The grid's cells. Where two modules have one layer and projection (an encoder's and a
    /// decoder's, say), the first in the table is taken.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] when there is none, or cells of it are missing.
    pub(super) fn select(&self, rows: &[OverlapRow]) -> Result<Selected> {
        self.selected(rows, Some(1))
    }

    /// The same of a grid whose rows may begin at a later i than 1, as published ones do.
    pub(super) fn select_from_any(&self, rows: &[OverlapRow]) -> Result<Selected> {
        self.selected(rows, None)
    }

    /// Every cell from a first i, or the least that there is, and from j = 1 on, each once.
    fn selected(&self, rows: &[OverlapRow], first_i: Option<usize>) -> Result<Selected> {
        let mut module = None;
        let here: Vec<&OverlapRow> = rows
            .iter()
            .filter(|row| self.is(row) && *module.get_or_insert(&row.module) == &row.module)
            .collect();
        let i = here.iter().map(|row| row.i).max().unwrap_or(0);
        let j = here.iter().map(|row| row.j).max().unwrap_or(0);
        let least = here.iter().map(|row| row.i).min().unwrap_or(0);
        let first_i = first_i.unwrap_or(least.max(1));
        let all = i
            .saturating_add(1)
            .saturating_sub(first_i)
            .saturating_mul(j);
        if here.is_empty() || here.len() != all || least < first_i {
            return Err(self.missing(here.len(), all));
        }
        check_chance(&here)?;
        let mut cells = Array2::from_elem((i + 1 - first_i, j), None);
        let mut seen = Array2::from_elem(cells.dim(), false);
        let mut limits = Array2::from_elem(cells.dim(), None);
        for row in &here {
            // No place has j = 0.
            let place = (row.i - first_i, row.j.wrapping_sub(1));
            if let Some(seen) = seen.get_mut(place) {
                cells[place] = row.overlap.filter(|value| value.is_finite());
                limits[place] = Limit::of(&row.limit);
                *seen = true;
            }
        }
        let found = seen.iter().filter(|seen| **seen).count();
        if found < all {
            return Err(self.missing(found, all));
        }
        let chances = || here.iter().map(|row| row.chance);
        let largest = chances().fold(0.0, f64::max);
        Ok(Selected {
            module: here[0].module.clone(),
            first_i,
            cells,
            limits,
            chance: (chances().fold(f64::INFINITY, f64::min), largest),
            dimension: (i.max(j) as f64 / largest).round() as usize,
        })
    }

    fn is(&self, row: &OverlapRow) -> bool {
        row.layer == self.layer
            && row.projection == self.projection
            && row.basis == self.basis.name()
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

/// Every chance level is one.
fn check_chance(here: &[&OverlapRow]) -> Result<()> {
    if let Some(row) = here
        .iter()
        .find(|row| !(row.chance > 0.0 && row.chance <= 1.0))
    {
        return Err(Error::Table {
            what: "overlap.csv".into(),
            problem: format!(
                "{}: chance {} at ({}, {})",
                row.module, row.chance, row.i, row.j
            ),
            remedy: "chance is max(i,j)/d, above 0 and at most 1; measure again",
        });
    }
    Ok(())
}

impl Selected {
    /// A panel with the cells that `keep(i, j)` keeps, i and j from 1.
    pub(super) fn panel(&self, title: Text, keep: impl Fn(usize, usize) -> bool) -> Panel {
        let (rows, columns) = self.cells.dim();
        let cells = Array2::from_shape_fn((rows, columns), |(i, j)| {
            self.cells[(i, j)].filter(|_| keep(i + self.first_i, j + 1))
        });
        let edges = self.edges(&cells);
        let bounds = Zip::from(&cells)
            .and(&self.limits)
            .map_collect(|cell, limit| cell.zip(*limit));
        Panel {
            title,
            note: String::new(),
            cells,
            mark: known_so_far(bounds.iter().flatten().copied()),
            marked: bounds.map(Option::is_some),
            x: Axis::over(columns, "j"),
            y: Axis::from(self.first_i, rows, "i"),
            narrow: false,
            module: self.module.clone(),
            dimension: Some(self.dimension),
            edges,
        }
    }

    /// Chance along the edges beside which some cell is shown that has it.
    fn edges(&self, shown: &Array2<Option<f64>>) -> Edges {
        let (rows, columns) = shown.dim();
        let places = || {
            let shown = shown.indexed_iter().filter(|(_, cell)| cell.is_some());
            shown.map(|((i, j), _)| (i + self.first_i, j + 1))
        };
        let chance = |direction: usize| direction as f64 / self.dimension as f64;
        let below = places().any(|(i, j)| j > i);
        let beside = places().any(|(i, j)| i > j);
        Edges {
            below: (1..=columns).filter(|_| below).map(chance).collect(),
            beside: (self.first_i..self.first_i + rows)
                .filter(|_| beside)
                .map(chance)
                .collect(),
        }
    }

    /// Its first n rows and columns.
    pub(super) fn corner(&self, n: usize) -> Selected {
        let (rows, columns) = self.cells.dim();
        let corner = ndarray::s![..n.min(rows), ..n.min(columns)];
        Selected {
            cells: self.cells.slice(corner).to_owned(),
            limits: self.limits.slice(corner).to_owned(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::grids::Grids;
    use super::*;
    use crate::figure::label::Ranks;

    fn row(i: usize, j: usize) -> OverlapRow {
        OverlapRow {
            module: "h.0.q".into(),
            component: String::new(),
            layer: None,
            projection: "q".into(),
            basis: "a".into(),
            first: "one".into(),
            second: "two".into(),
            i,
            j,
            overlap: Some(0.5),
            chance: i.max(j) as f64 / 100.0,
            z: None,
            limit: String::new(),
        }
    }

    const WANTED: Wanted = Wanted {
        basis: Basis::A,
        first: "one",
        second: "two",
        layer: None,
        projection: "q",
    };

    fn select(rows: &[OverlapRow]) -> Result<Selected> {
        WANTED.select(rows)
    }

    #[test]
    fn a_published_grid_may_begin_later_and_is_whole_all_the_same() {
        let rows = [row(7, 1), row(7, 2), row(8, 1), row(8, 2)];
        let grid = WANTED.select_from_any(&rows).unwrap();
        assert_eq!((grid.first_i, grid.cells.dim()), (7, (2, 2)));
        assert_eq!((grid.chance, grid.dimension), ((0.07, 0.08), 100));
        let panel = grid.panel(Text::default(), |i, j| (i, j) == (8, 1));
        assert_eq!(panel.cells.iter().flatten().count(), 1);
        assert!(panel.cells[(1, 0)].is_some());
        let labels: Vec<&str> = panel
            .y
            .ticks
            .iter()
            .map(|tick| tick.label.as_str())
            .collect();
        assert_eq!(labels, ["7", "8"]);
        assert!(
            WANTED.select_from_any(&rows[..3]).is_err(),
            "a cell is missing"
        );
        let zero = [row(0, 1), row(1, 1)];
        assert!(
            WANTED.select_from_any(&zero).is_err(),
            "directions count from 1"
        );
    }

    #[test]
    fn cells_that_are_bounds_are_marked_where_they_are_shown() {
        let bound = OverlapRow {
            limit: "below".into(),
            ..row(1, 2)
        };
        let grid = select(&[row(1, 1), bound]).unwrap();
        let marked = |keep: fn(usize, usize) -> bool| {
            let panel = grid.panel(Text::default(), keep);
            let count = panel.marked.iter().filter(|&&mark| mark).count();
            (count, panel.mark)
        };
        assert_eq!(marked(|_, _| true), (1, "only φ ≤ 0.5 is known".into()));
        assert_eq!(marked(|_, j| j == 1), (0, String::new()));
    }

    #[test]
    fn a_grid_is_whole_and_knows_its_dimension() {
        let grid = select(&[row(1, 1), row(1, 2)]).unwrap();
        assert_eq!((grid.cells.dim(), grid.dimension), ((1, 2), 100));
        let grids = Grids(vec![grid.clone(), grid.corner(1)]);
        let second = Ranks { least: 1, most: 2 };
        assert_eq!(grids.ranks(), (1.into(), second));
        assert_eq!(grids.undefined(), None);
        assert_eq!(grids.chance(), Some((0.01, 0.02)));
    }

    #[test]
    fn impossible_rows_are_errors() {
        assert!(select(&[]).is_err(), "no row");
        assert!(select(&[row(1, 2)]).is_err(), "a cell is missing");
        assert!(
            select(&[row(1, 1), row(1, 1)]).is_err(),
            "a cell is there twice"
        );
        let twice = [row(1, 1), row(1, 1), row(2, 2), row(2, 1)];
        assert!(select(&twice).is_err(), "one twice, and one missing");
        assert!(select(&[row(0, 1)]).is_err(), "directions count from 1");
        assert!(select(&[row(1, 0)]).is_err(), "directions count from 1");
        assert!(select(&[row(2, 1)]).is_err(), "the first row is missing");
        assert!(
            select(&[row(usize::MAX, usize::MAX)]).is_err(),
            "no such grid"
        );
        for chance in [0.0, -1.0, 2.0, f64::NAN, f64::INFINITY] {
            let error = select(&[OverlapRow {
                chance,
                ..row(1, 1)
            }])
            .unwrap_err();
            assert!(error.to_string().contains("chance"), "{error}");
        }
    }

    #[test]
    fn what_is_not_a_number_has_no_value() {
        let overlap = Some(f64::NAN);
        let grid = select(&[OverlapRow {
            overlap,
            ..row(1, 1)
        }])
        .unwrap();
        assert_eq!(grid.cells[(0, 0)], None);
        assert!(
            Grids(vec![grid])
                .undefined()
                .unwrap()
                .contains("numerical rank")
        );
    }
}
