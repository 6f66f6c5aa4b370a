//! A figure as plain data.

use ndarray::Array2;

use super::bar::Bar;
use crate::figure::Palette;
use crate::figure::label::Text;
use crate::figure::palette::Rgb;

/// As many as the paper's figures have.
pub(super) const PANELS_IN_A_ROW: usize = 4;

/// A figure before it is drawn: panels in a grid, one colour bar, words around them.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// It is the file's name and the title: `figure3`.
    pub name: String,
    /// It stands above the panels and says what is drawn: φ(A_{r=8}, A_{r=64}, i, j).
    pub heading: Text,
    /// The panels row by row, from the left; a row may be shorter than others.
    pub panels: Vec<Vec<Panel>>,
    /// Each row of panels has a label to its left, which may be empty.
    pub row_labels: Vec<Text>,
    /// The colour bar stands right of the panels.
    pub bar: Bar,
    /// This is the height of a panel over its width.
    pub aspect: f64,
    /// Small lines below say which directions are compared and what chance is.
    pub footer: Vec<String>,
    /// The colours of the cells and of the bar.
    pub palette: Palette,
}

impl Chart {
    /// The colours of the bar's levels, from 0 to 255.
    pub(in crate::figure) fn colours(&self) -> Vec<Rgb> {
        self.bar.colours(self.palette)
    }
}

/// One heat map: row i = 1 at the top, column j = 1 at the left.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// It stands above the panel: ΔW_q.
    pub title: Text,
    /// What tells it from panels of the same title, below that: `leading 8, j ≤ i`; may be empty.
    pub note: String,
    /// The values; `None` is drawn as masked.
    pub cells: Array2<Option<f64>>,
    /// Whether each of `cells` has a value that is not sure; such cells are hatched.
    pub marked: Array2<bool>,
    /// Why, in words; empty where none is marked.
    pub mark: String,
    /// The horizontal axis, along the columns.
    pub x: Axis,
    /// The vertical axis, along the rows.
    pub y: Axis,
    /// Whether it has one narrow column, as the chance i/d beside figure 8.
    pub narrow: bool,
    /// The module whose rows these are; empty for a panel of no module.
    pub module: String,
    /// Dimension d of the space around: chance is max(i,j)/d. `None` where the cells are chance.
    pub dimension: Option<usize>,
    /// Chance along its edges.
    pub edges: Edges,
}

/// What chance is along two edges of a panel, in the colours of its cells: max(i,j)/d is j/d above
/// the diagonal, and i/d below it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edges {
    /// j/d of each column, below the panel; empty where no cell with j > i is shown.
    pub below: Vec<f64>,
    /// i/d of each row, right of the panel; empty where no cell with i > j is shown.
    pub beside: Vec<f64>,
}

/// What stands along a side of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Its letter is *i* or *j*.
    pub label: Text,
    /// The direction of its first cell, from 1: published grids may begin later.
    pub first: usize,
    /// The ticks from the first cell on.
    pub ticks: Vec<Tick>,
}

/// A tick in the middle of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The cell is counted from 1.
    pub cell: usize,
    /// This is written beside the tick.
    pub label: String,
}

impl Axis {
    /// An axis over n cells: the first and the last are labelled, and round numbers between.
    pub fn over(n: usize, symbol: &str) -> Self {
        Self::from(1, n, symbol)
    }

    /// The same where the first cell is that of a later direction.
    pub fn from(first: usize, n: usize, symbol: &str) -> Self {
        let ticks = tick_cells(first, first + n.max(1) - 1)
            .into_iter()
            .map(|direction| Tick {
                cell: direction + 1 - first,
                label: direction.to_string(),
            })
            .collect();
        Axis {
            label: Text::default().symbol(symbol),
            first,
            ticks,
        }
    }

    /// An axis without words.
    pub fn silent() -> Self {
        Axis {
            label: Text::default(),
            first: 1,
            ticks: Vec::new(),
        }
    }
}

/// Directions to label of some: all up to 8; else the first, the last and the multiples of a round
/// step that leave room.
fn tick_cells(first: usize, last: usize) -> Vec<usize> {
    let n = last + 1 - first;
    if n <= 8 {
        return (first..=last).collect();
    }
    let step = (0..)
        .flat_map(|power| [1, 2, 5].map(|digit| digit * 10usize.pow(power)))
        .find(|step| n / step <= 4)
        .unwrap_or(n);
    let room = 2 * step / 5;
    let multiples = (first / step..).map(|k| k * step);
    let between = multiples.take_while(|cell| cell + room <= last);
    let mut cells = vec![first];
    cells.extend(between.filter(|&cell| cell > first + room / 2));
    cells.push(last);
    cells
}

/// A row of panels, or several of about equal length where one would make them too small.
pub(super) fn in_rows(panels: Vec<Panel>) -> Vec<Vec<Panel>> {
    let rows = panels.len().div_ceil(PANELS_IN_A_ROW).max(1);
    let length = panels.len().div_ceil(rows).max(1);
    panels.chunks(length).map(<[Panel]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_true_and_never_crowd() {
        assert_eq!(tick_cells(1, 1), [1]);
        assert_eq!(tick_cells(1, 8), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(tick_cells(1, 16), [1, 5, 10, 16]);
        assert_eq!(tick_cells(1, 39), [1, 10, 20, 30, 39]);
        assert_eq!(tick_cells(1, 64), [1, 20, 40, 64]);
        assert_eq!(tick_cells(1, 1229), [1, 500, 1000, 1229]);
        assert_eq!(
            tick_cells(401, 1228),
            [401, 600, 800, 1000, 1228],
            "a grid that begins later"
        );
        for n in 1..3000 {
            let cells = tick_cells(1, n);
            assert_eq!((cells[0], *cells.last().unwrap()), (1, n));
            assert!(
                cells.windows(2).all(|pair| pair[0] < pair[1]),
                "{n}: {cells:?}"
            );
            assert!(
                cells.len() <= 8 && (n <= 8 || cells.len() <= 6),
                "{n}: {cells:?}"
            );
        }
    }

    #[test]
    fn rows_of_panels_are_balanced() {
        let panel = Panel {
            title: Text::default(),
            note: String::new(),
            cells: Array2::from_elem((1, 1), None),
            marked: Array2::default((1, 1)),
            mark: String::new(),
            x: Axis::silent(),
            y: Axis::silent(),
            narrow: false,
            module: String::new(),
            dimension: None,
            edges: Edges::default(),
        };
        let lengths = |n| -> Vec<usize> {
            let rows = in_rows(vec![panel.clone(); n]);
            rows.iter().map(Vec::len).collect()
        };
        assert_eq!(lengths(4), [4]);
        assert_eq!(lengths(5), [3, 2]);
        assert_eq!(lengths(7), [4, 3]);
        assert_eq!(lengths(9), [3, 3, 3]);
        assert!(lengths(0).is_empty());
    }
}
