//! What stands left and right of panels: values, words and names of lines.

use super::panel::{Curve, CurvePanel, NameAt};
use crate::figure::font;
use crate::figure::label::Text;
use crate::figure::place::{MARGIN, TICK_GAP, TICK_LENGTH};
use crate::paper::Page;

/// From a panel to the names of its lines.
pub(super) const TO_NAMES: f64 = 7.0;
/// Between a panel's names and the next panel's axis.
const CLEAR: f64 = 5.0;
/// Room right of a panel without names, for half of a tick's label.
const WITHOUT_NAMES: f64 = 9.0;
/// From the values beside a vertical axis to its words.
const TO_Y_LABEL: f64 = 3.0;

/// What stands around panels, by its widths.
pub(super) struct Around {
    /// Left of a panel with values: these.
    axis: f64,
    /// Whether all panels have one vertical axis, so that the first of a row has its values.
    pub(super) is_shared: bool,
    /// Left of the first of each row: what all measure.
    first: f64,
    /// Left of each panel: what it measures, where they measure different things.
    each: f64,
    /// Right of each panel: names of lines.
    names: Vec<f64>,
}

impl Around {
    pub(super) fn of(page: &Page, curve: &Curve) -> Self {
        let labels = curve.panels.windows(2);
        let are_alike = labels
            .into_iter()
            .all(|pair| pair[0].y_label == pair[1].y_label);
        let is_there = curve.panels.iter().any(has_y_label);
        let room = if is_there {
            TO_Y_LABEL + page.title
        } else {
            0.0
        };
        Around {
            axis: axis(page, curve),
            is_shared: curve.panels.windows(2).all(|pair| pair[0].y == pair[1].y),
            first: if are_alike { room } else { 0.0 },
            each: if are_alike { 0.0 } else { room },
            names: curve
                .panels
                .iter()
                .map(|panel| names(page, panel))
                .collect(),
        }
    }

    /// Room for the names of a column's panels.
    fn names(&self, column: usize, columns: usize) -> f64 {
        let of_column = self.names.iter().skip(column).step_by(columns);
        of_column.copied().fold(WITHOUT_NAMES, f64::max)
    }

    /// Of all but the panels.
    pub(super) fn width(&self, columns: usize) -> f64 {
        let names: f64 = (0..columns).map(|column| self.names(column, columns)).sum();
        let axes: f64 = (0..columns).map(|column| self.before(column)).sum();
        axes + names
    }

    /// Left of the panel of a column.
    fn before(&self, column: usize) -> f64 {
        match (column, self.is_shared) {
            (0, _) => self.first + self.each + self.axis,
            (_, false) => self.each + self.axis,
            (_, true) => self.each + TICK_LENGTH,
        }
    }

    /// How wide a panel is where so many share a width.
    pub(super) fn side(&self, width: f64, columns: usize) -> f64 {
        (width - 2.0 * MARGIN - self.width(columns)) / columns as f64
    }

    /// The left edges of a row's panels.
    pub(super) fn lefts(&self, columns: usize, side: f64, start: f64) -> Vec<f64> {
        let mut left = start + self.before(0);
        let mut lefts = vec![left];
        for column in 1..columns {
            left += side + self.names(column - 1, columns) + self.before(column);
            lefts.push(left);
        }
        lefts
    }

    /// How far left of each panel the words of its vertical axis stand; `None` where it has none, or
    /// the panel before says it.
    pub(super) fn y_labels(&self, curve: &Curve, columns: usize) -> Vec<Option<f64>> {
        let at = |(number, panel): (usize, &CurvePanel)| {
            let is_said = self.each == 0.0 && number % columns > 0;
            (has_y_label(panel) && !is_said).then_some(self.axis + TO_Y_LABEL)
        };
        curve.panels.iter().enumerate().map(at).collect()
    }
}

fn has_y_label(panel: &CurvePanel) -> bool {
    !panel.y_label.0.is_empty()
}

/// Room left of a panel: the widest label of a value.
fn axis(page: &Page, curve: &Curve) -> f64 {
    let labels = curve.panels.iter().flat_map(|panel| &panel.y.labels);
    let widest = labels.map(|label| font::width(&Text::plain(label), page.tick));
    TICK_LENGTH + TICK_GAP + widest.fold(0.0, f64::max)
}

/// The names that stand right of a panel.
pub(super) fn named_beside(panel: &CurvePanel) -> impl Iterator<Item = &Text> {
    let names = panel.lines.iter().filter_map(|line| line.name.as_ref());
    names.filter_map(|(name, at)| (*at == NameAt::Beside).then_some(name))
}

/// Room right of a panel: the widest name of a line; nothing where no line has one there.
fn names(page: &Page, panel: &CurvePanel) -> f64 {
    let widest = named_beside(panel).map(|name| font::width(name, page.tick));
    let widest = widest.reduce(f64::max);
    widest.map_or(0.0, |widest| TO_NAMES + widest + CLEAR)
}
