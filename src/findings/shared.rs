//! What the findings keep of a grid: a few cells.

use crate::measure::Basis;
use crate::measure::chance::overlap_chance;
use crate::results::{Grid, ModuleName};

use super::claims::LEADING;

/// Which cell of a grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    /// φ(1,r): the first direction of `first` in as many of `second` as the smaller has.
    FirstOfFirst,
    /// φ(r,1): the same for `second`.
    FirstOfSecond,
    /// φ(k,k), k ≤ [`LEADING`].
    Leading,
}

/// The cells that findings need of one grid.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) module: ModuleName,
    pub(super) basis: Basis,
    /// Directions asked of both sides.
    pub(super) asked: [usize; 2],
    dimension: usize,
    /// How many directions on the larger side, and φ; for each [`Cell`], in its order.
    cells: [Option<(usize, f64)>; 3],
}

/// A share of directions with its place in R^d.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    /// The smaller of i and j.
    pub(super) few: usize,
    /// The larger.
    pub(super) many: usize,
    pub(super) dimension: usize,
    /// φ.
    pub(super) value: Option<f64>,
}

impl Share {
    pub(super) fn chance(&self) -> f64 {
        overlap_chance(self.few, self.many, self.dimension)
    }

    /// `φ(1,8)`
    pub(super) fn name(&self) -> String {
        format!("φ({},{})", self.few, self.many)
    }
}

impl Shared {
    pub(super) fn of(grid: &Grid) -> Self {
        let (i, j) = grid.cells.dim();
        // Directions beyond a numerical rank are no evidence: as many as are defined.
        let largest = |most: usize, place: &dyn Fn(usize) -> [usize; 2]| {
            (0..most)
                .rev()
                .filter(|_| grid.first_i == 1)
                .find_map(|l| Some((l + 1, grid.cells.get(place(l)).copied()??)))
        };
        Shared {
            module: grid.module.clone(),
            basis: grid.basis,
            asked: [i, j],
            dimension: grid.dimension,
            cells: [
                largest(i.min(j), &|l| [0, l]),
                largest(i.min(j), &|l| [l, 0]),
                largest(i.min(j).min(LEADING), &|l| [l, l]),
            ],
        }
    }

    /// Whether both are slices of one module and show one and the same A.
    pub(super) fn is_the_same_as(&self, other: &Shared) -> bool {
        self.basis == Basis::A
            && other.basis == Basis::A
            && self.parent() == other.parent()
            && self.cells[0].is_some()
            && self.cells == other.cells
    }

    /// The path of what holds the module.
    fn parent(&self) -> Option<&str> {
        self.module.path.rsplit_once('.').map(|(parent, _)| parent)
    }

    /// One of the cells; where none is defined, φ of the one that was asked for is missing.
    pub(super) fn share(&self, cell: Cell) -> Share {
        let [i, j] = self.asked;
        let asked = match cell {
            Cell::Leading => i.min(j).min(LEADING),
            _ => i.min(j),
        };
        let found = self.cells[cell as usize];
        let many = found.map_or(asked, |(many, _)| many);
        Share {
            few: if cell == Cell::Leading { many } else { 1 },
            many,
            dimension: self.dimension,
            value: found.map(|(_, value)| value),
        }
    }
}
