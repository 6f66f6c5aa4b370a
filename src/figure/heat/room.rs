//! Room around panels: axes, titles, strips of chance and the colour bar, in points.

use super::chart::{Chart, Panel};
use crate::figure::font;
use crate::figure::label::Text;
use crate::figure::place::{ABOVE, MARGIN, TICK_GAP, TICK_LENGTH};
use crate::paper::Page;

/// Between the widest tick label of a vertical axis and the axis's letter.
pub(super) const LETTER_GAP: f64 = 5.0;
/// Least room for a vertical axis, and what its letter keeps from the panel before it.
const Y_AXIS: f64 = 26.0;
pub(super) const Y_AXIS_CLEAR: f64 = 6.0;
/// Room between a panel and the next one that has the same vertical axis.
pub(super) const SHARED_AXIS: f64 = 10.0;
/// A strip along an edge of a panel: its width, and the gap before it.
pub(super) const STRIP: f64 = 3.5;
pub(super) const STRIP_GAP: f64 = 1.5;
/// Room for a row's label.
const ROW_LABEL: f64 = 13.0;
/// The colour bar: between the panels and the chance mark, the mark's length and the gap to its words,
/// and the bar's own width.
const BAR_CLEAR: f64 = 7.0;
pub(super) const MARK: f64 = 4.0;
pub(super) const MARK_GAP: f64 = 2.0;
pub(super) const BAR: f64 = 8.0;

/// Room for the strips below a row of panels: none where none of them has one.
pub(super) fn strip_below(row: &[Panel]) -> f64 {
    match row.iter().any(|panel| !panel.edges.below.is_empty()) {
        true => STRIP_GAP + STRIP,
        false => 0.0,
    }
}

/// Room for the strips right of the panels, the same for all.
pub(super) fn strip_beside(chart: &Chart) -> f64 {
    let mut panels = chart.panels.iter().flatten();
    match panels.any(|panel| !panel.edges.beside.is_empty()) {
        true => STRIP_GAP + STRIP,
        false => 0.0,
    }
}

/// Room above a row of panels for their titles, and the notes below those.
pub(super) fn above(page: &Page, row: &[Panel]) -> f64 {
    let is_noted = row.iter().any(|panel| !panel.note.is_empty());
    ABOVE + if is_noted { note_line(page) } else { 0.0 }
}

/// From a title's baseline to that of the note below it.
pub(super) fn note_line(page: &Page) -> f64 {
    1.25 * page.tick
}

/// Room left of the panels and their axes.
pub(super) fn left_of(chart: &Chart) -> f64 {
    let labelled = chart.row_labels.iter().any(|label| !label.0.is_empty());
    MARGIN + if labelled { ROW_LABEL } else { 0.0 }
}

/// Room between the panels and the bar: for the chance mark and its words.
pub(super) fn bar_mark(page: &Page, chart: &Chart) -> f64 {
    let words = chart.bar.chance_in_words();
    let widest = words
        .iter()
        .flatten()
        .map(|word| font::width(&Text::plain(word), page.tick));
    let mark = match widest.reduce(f64::max) {
        Some(widest) => MARK + MARK_GAP + widest,
        None => 0.0,
    };
    BAR_CLEAR + mark
}

/// Room right of the panels, for the colour bar.
pub(super) fn right_of_panels(page: &Page, chart: &Chart) -> f64 {
    bar_mark(page, chart) + BAR + bar_labels(page, chart) + MARGIN
}

/// Room right of the bar, for its ticks and their labels.
pub(super) fn bar_labels(page: &Page, chart: &Chart) -> f64 {
    let labels = chart.bar.labels().into_iter();
    let widest = labels.map(|label| font::width(&Text::plain(&label), page.tick));
    TICK_LENGTH + TICK_GAP + widest.fold(0.0, f64::max)
}

/// Whether a panel's vertical axis is labelled: not where the panel before it has the same one.
pub(super) fn has_own_axis(row: &[Panel], number: usize) -> bool {
    let before = number.checked_sub(1).and_then(|before| row.get(before));
    before.is_none_or(|before| before.y != row[number].y)
}

/// Room left of a panel.
pub(super) fn axis_before(page: &Page, chart: &Chart, row: &[Panel], number: usize) -> f64 {
    match has_own_axis(row, number) {
        true => y_axis(page, chart),
        false => SHARED_AXIS,
    }
}

/// Room for a labelled axis, the same for all: enough for the widest of their tick labels and a
/// letter.
pub(super) fn y_axis(page: &Page, chart: &Chart) -> f64 {
    let needed = |panel: &Panel| {
        let letter = font::width(&panel.y.label, page.title);
        let labels = ticks_width(panel, page.tick) + LETTER_GAP + letter;
        TICK_LENGTH + TICK_GAP + labels + Y_AXIS_CLEAR
    };
    chart
        .panels
        .iter()
        .flatten()
        .map(needed)
        .fold(Y_AXIS, f64::max)
}

/// Width of the widest tick label of a panel's vertical axis, at a size.
pub(super) fn ticks_width(panel: &Panel, size: f64) -> f64 {
    let labels = panel.y.ticks.iter();
    labels
        .map(|tick| font::width(&Text::plain(&tick.label), size))
        .fold(0.0, f64::max)
}
