//! What the findings keep of grids: a few lines of cells, and their means over pairs of runs.

use crate::measure::Basis;
use crate::measure::chance::{overlap_chance, overlap_sd};
use crate::results::{Grid, ModuleName};

use super::claims::LEADING;
use super::judged::mean;

/// Which share of directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    /// φ(1,r): the first direction of `first` in as many of `second` as the smaller has.
    FirstOfFirst,
    /// φ(r,1): the same for `second`.
    FirstOfSecond,
    /// φ(k,k), k ≤ [`LEADING`].
    Leading,
}

/// What is known of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Known {
    /// Nothing: it is beyond a numerical rank.
    Beyond,
    /// A bound, which no claim takes.
    Bound,
    Value(f64),
}

/// One pair's grid of a module, as far as findings need it.
#[derive(Debug, Clone, PartialEq)]
struct Lines {
    /// Which of the pairs.
    pair: usize,
    /// φ(1,l), φ(l,1) and φ(l,l) for l = 1, 2, ….
    first_row: Vec<Known>,
    first_column: Vec<Known>,
    diagonal: Vec<Known>,
}

/// What pairs of runs share in one module on one basis.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) module: ModuleName,
    pub(super) basis: Basis,
    /// Directions asked of both sides, the fewest of any pair.
    pub(super) asked: [usize; 2],
    pub(super) dimension: usize,
    lines: Vec<Lines>,
}

/// A share of directions with its place in R^d, the mean over pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    /// The smaller of i and j.
    pub(super) few: usize,
    /// The larger.
    pub(super) many: usize,
    pub(super) dimension: usize,
    /// Mean φ over the pairs.
    pub(super) value: Option<f64>,
}

impl Share {
    pub(super) fn chance(&self) -> f64 {
        overlap_chance(self.few, self.many, self.dimension)
    }

    /// Exact standard deviation of φ of one pair of random subspaces.
    pub(super) fn sd(&self) -> f64 {
        overlap_sd(self.few, self.many, self.dimension) / self.few.max(1) as f64
    }

    /// `φ(1,8)`
    pub(super) fn name(&self) -> String {
        format!("φ({},{})", self.few, self.many)
    }
}

impl Shared {
    pub(super) fn of(grid: &Grid, pair: usize) -> Self {
        let (i, j) = grid.cells.dim();
        let least = i.min(j);
        // Published grids may begin later: then there are no leading directions in them.
        let line = |most: usize, place: &dyn Fn(usize) -> [usize; 2]| {
            let cells = (0..most).filter(|_| grid.first_i == 1);
            cells.map(|l| Known::of(grid, place(l))).collect::<Vec<_>>()
        };
        Shared {
            module: grid.module.clone(),
            basis: grid.basis,
            asked: [i, j],
            dimension: grid.dimension,
            lines: vec![Lines {
                pair,
                first_row: line(least, &|l| [0, l]),
                first_column: line(least, &|l| [l, 0]),
                diagonal: line(least, &|l| [l, l]),
            }],
        }
    }

    /// Adds another pair's grid of the same module and basis.
    pub(super) fn add(&mut self, other: Shared) {
        for side in 0..2 {
            self.asked[side] = self.asked[side].min(other.asked[side]);
        }
        self.lines.extend(other.lines);
    }

    /// The pairs that have this module.
    pub(super) fn pairs(&self) -> impl Iterator<Item = usize> + '_ {
        self.lines.iter().map(|lines| lines.pair)
    }

    /// Whether both are slices of one module and show one and the same A.
    pub(super) fn is_the_same_as(&self, other: &Shared) -> bool {
        let is_defined = |lines: &Lines| lines.first_row.iter().any(|cell| *cell != Known::Beyond);
        self.basis == Basis::A
            && other.basis == Basis::A
            && self.parent() == other.parent()
            && self.lines.iter().any(is_defined)
            && self.lines == other.lines
    }

    /// The path of what holds the module.
    pub(super) fn parent(&self) -> Option<&str> {
        self.module.path.rsplit_once('.').map(|(parent, _)| parent)
    }

    /// How many leading directions both sides of every pair have.
    pub(super) fn defined(&self) -> usize {
        self.defined_along(Cell::Leading)
    }

    fn defined_along(&self, cell: Cell) -> usize {
        let of = |lines: &Lines| {
            let last = lines
                .along(cell)
                .iter()
                .rposition(|cell| *cell != Known::Beyond);
            last.map_or(0, |place| place + 1)
        };
        self.lines.iter().map(of).min().unwrap_or(0)
    }

    /// The mean of the pairs' cells at l, from 1; `None` unless all have one.
    fn mean_at(&self, cell: Cell, l: usize) -> Option<f64> {
        let place = l.checked_sub(1)?;
        let of = |lines: &Lines| match lines.along(cell).get(place) {
            Some(Known::Value(value)) => Some(*value),
            _ => None,
        };
        mean(&self.lines.iter().map(of).collect::<Option<Vec<f64>>>()?)
    }

    /// One of the shares, of as many directions as are defined in every pair; where none is, φ of the
    /// one that was asked for is missing.
    pub(super) fn share(&self, cell: Cell) -> Share {
        let asked = self.asked[0].min(self.asked[1]);
        let asked = match cell {
            Cell::Leading => asked.min(LEADING),
            _ => asked,
        };
        let found = self.defined_along(cell);
        let many = if found == 0 { asked } else { found.min(asked) };
        Share {
            few: if cell == Cell::Leading { many } else { 1 },
            many,
            dimension: self.dimension,
            value: self.mean_at(cell, many),
        }
    }

    /// φ(k,k), where it is defined.
    pub(super) fn leading(&self, k: usize) -> Share {
        Share {
            few: k,
            many: k,
            dimension: self.dimension,
            value: self.mean_at(Cell::Leading, k),
        }
    }

    /// The share of the directions after the first, which `first` is of: (r·φ(r,r) − φ(1,r))/(r − 1);
    /// `None` at r = 1.
    pub(super) fn others(&self, first: Cell) -> Option<Share> {
        let r = self.defined().min(self.asked[0].min(self.asked[1]));
        if r < 2 {
            return None;
        }
        let value = self.leading(r).value.zip(self.mean_at(first, r));
        let rest = |(all, one): (f64, f64)| (r as f64 * all - one) / (r - 1) as f64;
        Some(Share {
            few: r - 1,
            many: r,
            dimension: self.dimension,
            value: value.map(rest),
        })
    }
}

impl Known {
    fn of(grid: &Grid, place: [usize; 2]) -> Self {
        match (grid.cells[place], grid.value(place)) {
            (None, _) => Known::Beyond,
            (Some(_), None) => Known::Bound,
            (_, Some(value)) => Known::Value(value),
        }
    }
}

impl Lines {
    fn along(&self, cell: Cell) -> &[Known] {
        match cell {
            Cell::FirstOfFirst => &self.first_row,
            Cell::FirstOfSecond => &self.first_column,
            Cell::Leading => &self.diagonal,
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;
    use crate::table::Limit;

    #[test]
    fn a_bound_leaves_a_claim_about_as_many_directions_and_without_a_value() {
        let grid = Grid {
            module: ModuleName::new("h.0.q", ""),
            basis: Basis::A,
            first: "one".into(),
            second: "other".into(),
            dimension: 10,
            first_i: 1,
            is_measured: false,
            pairs: 1,
            is_of_group: false,
            cells: arr2(&[[Some(0.5), Some(0.6)], [Some(0.55), Some(0.4)]]),
            limits: [([0, 1], Limit::Below)].into(),
        };
        let share = Shared::of(&grid, 0).share(Cell::FirstOfFirst);
        assert_eq!((share.name().as_str(), share.value), ("φ(1,2)", None));
        let share = Shared::of(&grid, 0).share(Cell::Leading);
        assert_eq!((share.name().as_str(), share.value), ("φ(2,2)", Some(0.4)));
        let undefined = Grid {
            cells: arr2(&[[Some(0.5), None], [None, None]]),
            limits: Default::default(),
            ..grid
        };
        let share = Shared::of(&undefined, 0).share(Cell::FirstOfFirst);
        assert_eq!((share.name().as_str(), share.value), ("φ(1,1)", Some(0.5)));
    }
}
