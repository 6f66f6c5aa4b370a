//! A figure as plain data.

use ndarray::Array2;

use crate::error::{Error, Result};

use crate::figure::Palette;
use crate::figure::label::Text;
use crate::table::rows::round_to;

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

/// The colour bar says which colour is which value.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Value of the darkest colour.
    pub low: f64,
    /// Value of the lightest colour.
    pub high: f64,
    /// Values that are labelled.
    pub ticks: Vec<f64>,
    /// Smallest and largest chance level of the cells drawn.
    pub chance: Option<(f64, f64)>,
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
            ticks,
        }
    }

    /// An axis without words.
    pub fn silent() -> Self {
        Axis {
            label: Text::default(),
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

impl Bar {
    /// A bar over `range`, or over the values (and their chance levels) rounded outward.
    ///
    /// `from_zero`: start at 0 and end at a tenth, as figures 3, 4, 6 and 7; otherwise both ends are
    /// rounded to a hundredth, as figure 8.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] when a fixed range is empty.
    pub fn over(
        panels: &[Vec<Panel>],
        range: Option<(f64, f64)>,
        chance: Option<(f64, f64)>,
        from_zero: bool,
    ) -> Result<Self> {
        let values = || {
            panels
                .iter()
                .flatten()
                .flat_map(|panel| panel.cells.iter().flatten())
        };
        let least = values().copied().fold(f64::INFINITY, f64::min);
        let most = values().copied().fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = match range {
            Some(range) => range,
            // Nothing to show: every cell is undefined.
            None if !most.is_finite() => (0.0, 1.0),
            None if from_zero => (0.0, ((most * 10.0 - 1e-9).ceil() / 10.0).clamp(0.1, 1.0)),
            None => {
                let low = (least * 100.0 + 1e-9).floor() / 100.0;
                (low, ((most * 100.0 - 1e-9).ceil() / 100.0).max(low + 0.01))
            }
        };
        if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
            return Err(Error::Table {
                what: "colour range".into(),
                problem: format!("{low} to {high} is empty"),
                remedy: "give a low end below the high end",
            });
        }
        Ok(Bar {
            low,
            high,
            ticks: bar_ticks(low, high),
            chance,
        })
    }

    /// The ticks' labels, with as many decimals as they need together: 0.10, 0.15, 0.20.
    pub fn labels(&self) -> Vec<String> {
        let exact = |places: usize| {
            let scale = 10f64.powi(places as i32);
            let whole = |tick: &f64| ((tick * scale).round() - tick * scale).abs() < 1e-6;
            self.ticks.iter().all(whole)
        };
        let places = (0..3).find(|&places| exact(places)).unwrap_or(3);
        let label = |tick: &f64| format!("{tick:.places$}");
        self.ticks.iter().map(label).collect()
    }

    /// What stands at the mark of chance, in two lines: `chance` and its number, or its ends where the
    /// lower one is not as good as 0 beside the upper one.
    pub(super) fn chance_in_words(&self) -> Option<[String; 2]> {
        let (least, most) = self.chance?;
        let range = match least >= most / 10.0 {
            true if least < most => format!("{}–{}", two_digits(least), two_digits(most)),
            true => two_digits(most),
            false => format!("≤ {}", two_digits(most)),
        };
        Some(["chance".into(), range])
    }

    /// The colour level of a value, clipped to the range.
    pub fn level(&self, value: f64) -> u8 {
        (((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0) * 255.0).round() as u8
    }
}

/// A row of panels, or several of about equal length where one would make them too small.
pub(super) fn in_rows(panels: Vec<Panel>) -> Vec<Vec<Panel>> {
    let rows = panels.len().div_ceil(PANELS_IN_A_ROW).max(1);
    let length = panels.len().div_ceil(rows).max(1);
    panels.chunks(length).map(<[Panel]>::to_vec).collect()
}

/// Two significant digits: 0.17, 0.0052.
fn two_digits(value: f64) -> String {
    let rounded = round_to(value, 2);
    match rounded >= 1e-4 {
        true => rounded.to_string(),
        false => format!("{rounded:e}"),
    }
}

/// Round values in a range, at most six.
fn bar_ticks(low: f64, high: f64) -> Vec<f64> {
    // Whole numbers of a thousandth avoid sums of rounded steps.
    let (low, high) = (
        (low * 1000.0).round() as i64,
        (high * 1000.0).round() as i64,
    );
    let step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
        .into_iter()
        .find(|step| (high - low) / step <= 5)
        .unwrap_or(high - low);
    let first = (low + step - 1).div_euclid(step) * step;
    (first..=high)
        .step_by(step.max(1) as usize)
        .map(|tick| tick as f64 / 1000.0)
        .collect()
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
    fn bars_have_round_ticks() {
        assert_eq!(bar_ticks(0.0, 1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(bar_ticks(0.0, 0.5), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]);
        assert_eq!(bar_ticks(0.0, 0.8), [0.0, 0.2, 0.4, 0.6, 0.8]);
        assert_eq!(bar_ticks(0.09, 0.21), [0.1, 0.15, 0.2]);
    }

    #[test]
    fn the_labels_of_a_bar_have_equal_decimals() {
        let labels = |low, high| {
            Bar::over(&[], Some((low, high)), None, true)
                .unwrap()
                .labels()
        };
        assert_eq!(labels(0.0, 0.5), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(labels(0.09, 0.21), ["0.10", "0.15", "0.20"]);
        assert_eq!(labels(0.001, 0.004), ["0.001", "0.002", "0.003", "0.004"]);
    }

    #[test]
    fn rows_of_panels_are_balanced() {
        let panel = Panel {
            title: Text::default(),
            note: String::new(),
            cells: Array2::from_elem((1, 1), None),
            marked: Array2::default((1, 1)),
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

    #[test]
    fn levels_span_the_range_and_are_clipped() {
        let bar = Bar::over(&[], Some((0.0, 0.5)), None, true).unwrap();
        assert_eq!(
            [
                bar.level(-1.0),
                bar.level(0.25),
                bar.level(0.5),
                bar.level(2.0)
            ],
            [0, 128, 255, 255]
        );
        assert!(Bar::over(&[], Some((0.5, 0.5)), None, true).is_err());
    }
}
