//! Where things stand on the page, in points (1/72 inch).

use super::chart::Chart;
use super::font;

/// Sizes of text.
pub(super) const TITLE: f64 = 8.0;
pub(super) const TICK: f64 = 6.5;
pub(super) const FOOTER: f64 = 6.0;

/// Width of a figure: the text width of a one-column page.
const WIDTH: f64 = 6.75 * 72.0;
/// Room for an axis's tick labels and its letter.
const Y_AXIS: f64 = 26.0;
const X_AXIS: f64 = 22.0;
/// Room above a panel for its title.
const ABOVE: f64 = 14.0;
/// Room for a row's label.
const ROW_LABEL: f64 = 13.0;
/// Room for the heading.
const HEADING: f64 = 14.0;
/// A line of the footer.
const FOOTER_LINE: f64 = 9.0;
/// Around everything.
const MARGIN: f64 = 4.0;
/// The colour bar: room for the chance mark, the bar's own width, room for its labels.
const BAR_MARK: f64 = 24.0;
const BAR: f64 = 8.0;
const BAR_LABELS: f64 = 20.0;
/// Width of a narrow panel.
const NARROW: f64 = 9.0;
/// Panels do not grow beyond this, however few they are.
const WIDEST: f64 = 130.0;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Box {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Box {
    pub(super) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.y + self.height
    }

    pub(super) fn centre(&self) -> f64 {
        self.x + self.width / 2.0
    }

    pub(super) fn middle(&self) -> f64 {
        self.y + self.height / 2.0
    }
}

/// A chart's places.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// As the chart's panels.
    pub(super) panels: Vec<Vec<Box>>,
    pub(super) bar: Box,
    /// Baseline of the heading.
    pub(super) heading: f64,
    /// Centre of the heading.
    pub(super) centre: f64,
    /// Baselines of the footer.
    pub(super) footer: Vec<f64>,
    /// Right edge of the row labels' room.
    pub(super) row_labels: f64,
}

impl Layout {
    /// Places a chart's parts: equal panels, as wide as the page allows; the page as narrow as they
    /// need.
    pub(super) fn of(chart: &Chart) -> Layout {
        let labelled = chart.row_labels.iter().any(|label| !label.0.is_empty());
        let left = MARGIN + if labelled { ROW_LABEL } else { 0.0 };
        let right = BAR_MARK + BAR + BAR_LABELS + MARGIN;
        let side = panel_side(chart, WIDTH - left - right);
        let heading = if chart.heading.0.is_empty() {
            0.0
        } else {
            HEADING
        };
        let (mut y, mut right_edge) = (MARGIN + heading, left);
        let mut panels = Vec::new();
        for row in &chart.panels {
            let (mut x, mut boxes) = (left, Vec::new());
            for panel in row {
                let width = if panel.narrow { NARROW } else { side };
                let place = Box {
                    x: x + Y_AXIS,
                    y: y + ABOVE,
                    width,
                    height: side * chart.aspect,
                };
                x = place.right();
                boxes.push(place);
            }
            right_edge = right_edge.max(x);
            y += ABOVE + side * chart.aspect + X_AXIS;
            panels.push(boxes);
        }
        let (top, bottom) = (MARGIN + heading + ABOVE, y - X_AXIS);
        // Shorter than the panels, and no longer than about two of them.
        let length = ((bottom - top) * 0.86).min(side * chart.aspect * 2.0);
        let footer = (0..chart.footer.len())
            .map(|line| y + (line as f64 + 0.9) * FOOTER_LINE)
            .collect();
        Layout {
            width: right_edge + right,
            height: (y + chart.footer.len() as f64 * FOOTER_LINE + MARGIN).ceil(),
            bar: Box {
                x: right_edge + BAR_MARK,
                y: (top + bottom - length) / 2.0,
                width: BAR,
                height: length,
            },
            heading: MARGIN + TITLE,
            centre: (left + Y_AXIS + right_edge) / 2.0,
            footer,
            row_labels: left,
            panels,
        }
    }
}

/// The width of a panel so that the widest row fills `room`.
fn panel_side(chart: &Chart, room: f64) -> f64 {
    chart
        .panels
        .iter()
        .map(|row| {
            let narrow = row.iter().filter(|panel| panel.narrow).count() as f64;
            let wide = row.len() as f64 - narrow;
            (room - row.len() as f64 * Y_AXIS - narrow * NARROW) / wide.max(1.0)
        })
        .fold(WIDEST, f64::min)
        .max(TITLE)
}

/// The largest size, not above `size`, at which a text is no wider than `room`.
pub(super) fn fitting(text: &super::Text, size: f64, room: f64) -> f64 {
    let width = font::width(text, size);
    if width <= room {
        size
    } else {
        (size * room / width).max(FOOTER)
    }
}
