//! Where things stand on the page, in points (1/72 inch).

use super::chart::{Chart, Panel};
use super::room::{
    BAR, above, axis_before, bar_mark, left_of, right_of_panels, strip_below, strip_beside,
};
use crate::figure::font::{self, SMALLEST};
use crate::figure::place::{Box, FOOTER_LINE, MARGIN, X_AXIS, wrapped};
use crate::paper::Page;

/// How much wider than its panel a title may be.
pub(super) const TITLE_OVER: f64 = 8.0;
/// Room for the heading.
const HEADING: f64 = 14.0;
/// Width of a narrow panel.
const NARROW: f64 = 9.0;
/// Panels do not grow beyond this, however few they are.
const WIDEST: f64 = 130.0;
/// Many rows of panels, and a column of a two-column page, make smaller panels, down to a size at
/// which the ticks of eight cells do not touch; a figure that does not fit a column takes both.
const NARROWEST: f64 = 46.0;

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
    /// The footer's lines as they fit, and their baselines.
    pub(super) footer: Vec<(String, f64)>,
    /// Right edge of the row labels' room.
    pub(super) row_labels: f64,
}

impl Layout {
    /// Places a chart's parts: equal panels, as large as the page allows; in one column if they fit,
    /// else in the whole width. Where the page is not exact the figure is as narrow as they need.
    pub(super) fn on(page: &Page, chart: &Chart) -> Layout {
        let fits = |width: f64| {
            let heading = font::width(&chart.heading, SMALLEST);
            let side = side_within(page, chart, width);
            let wide = chart.panels.iter().flatten().filter(|panel| !panel.narrow);
            let titles = wide.map(|panel| font::width(&panel.title, SMALLEST));
            let titles = titles.fold(0.0, f64::max) <= side + TITLE_OVER;
            side >= NARROWEST && heading <= width / 2.0 && titles
        };
        let width = if fits(page.column) {
            page.column
        } else {
            page.text
        };
        Self::within(page, chart, width)
    }

    fn within(page: &Page, chart: &Chart, width: f64) -> Layout {
        let (left, right) = (left_of(chart), right_of_panels(page, chart));
        let side = side_within(page, chart, width);
        let heading = if chart.heading.0.is_empty() {
            0.0
        } else {
            HEADING
        };
        let top = MARGIN + heading;
        let (_, narrowest) = places(page, chart, side, (left, top));
        let spare = if page.is_exact {
            (width - narrowest - right).max(0.0) / 2.0
        } else {
            0.0
        };
        let left = left + spare;
        let (panels, right_edge) = places(page, chart, side, (left, top));
        let first = panels.iter().flatten().next();
        let last = panels.iter().flatten().last();
        let (top, bottom) = match (first, last) {
            (Some(first), Some(last)) => (first.y, last.bottom()),
            _ => (top, top),
        };
        // Shorter than the panels, and no longer than about two of them.
        let length = ((bottom - top) * 0.86).min(side * chart.aspect * 2.0);
        let width = right_edge + right + spare;
        let start = first.map_or(left, |panel| panel.x);
        let lines = wrapped(&chart.footer, page.footer, width - MARGIN - start);
        let last_row = chart.panels.last().map_or(0.0, |row| strip_below(row));
        let below = bottom + last_row + X_AXIS;
        let height = below + lines.len() as f64 * FOOTER_LINE + MARGIN;
        let baseline = |line: usize| below + (line as f64 + 0.9) * FOOTER_LINE;
        Layout {
            width,
            height: height.ceil(),
            bar: Box {
                x: right_edge + bar_mark(page, chart),
                y: (top + bottom - length) / 2.0,
                width: BAR,
                height: length,
            },
            heading: MARGIN + page.title,
            centre: (start + right_edge) / 2.0,
            footer: lines
                .into_iter()
                .enumerate()
                .map(|(n, line)| (line, baseline(n)))
                .collect(),
            row_labels: left,
            panels,
        }
    }
}

fn side_within(page: &Page, chart: &Chart, width: f64) -> f64 {
    panel_side(
        page,
        chart,
        width - left_of(chart) - right_of_panels(page, chart),
    )
}

/// Where the panels stand, from their upper left corner on, and their right edge.
fn places(page: &Page, chart: &Chart, side: f64, (left, top): (f64, f64)) -> (Vec<Vec<Box>>, f64) {
    let height = side * chart.aspect;
    let room = strip_beside(chart);
    let (mut y, mut right_edge) = (top, left);
    let mut places = Vec::new();
    for row in &chart.panels {
        let (mut x, mut boxes) = (left, Vec::new());
        let above = above(page, row);
        for (number, panel) in row.iter().enumerate() {
            let place = Box {
                x: x + axis_before(page, chart, row, number),
                y: y + above,
                width: if panel.narrow { NARROW } else { side },
                height,
            };
            x = place.right() + room;
            boxes.push(place);
        }
        right_edge = right_edge.max(x);
        y += above + height + strip_below(row) + X_AXIS;
        places.push(boxes);
    }
    (places, right_edge)
}

/// The width of a panel so that the widest row fills `room` and all rows fit on a page.
fn panel_side(page: &Page, chart: &Chart, room: f64) -> f64 {
    let strip = strip_beside(chart);
    let across = |row: &Vec<Panel>| {
        let narrow = row.iter().filter(|panel| panel.narrow).count() as f64;
        let wide = row.len() as f64 - narrow;
        let axes = (0..row.len()).map(|number| axis_before(page, chart, row, number));
        let around = axes.sum::<f64>() + row.len() as f64 * strip + narrow * NARROW;
        (room - around) / wide.max(1.0)
    };
    let across = chart.panels.iter().map(across).fold(WIDEST, f64::min);
    let rows = chart.panels.len().max(1) as f64;
    let notes = wrapped(&chart.footer, page.footer, room).len();
    let around = 2.0 * MARGIN + HEADING + notes as f64 * FOOTER_LINE;
    let around_rows = chart
        .panels
        .iter()
        .map(|row| above(page, row) + strip_below(row) + X_AXIS);
    let of_row = around_rows.sum::<f64>() / rows;
    let down = ((page.height - around) / rows - of_row) / chart.aspect;
    across.min(down.max(NARROWEST)).max(page.title)
}

#[cfg(test)]
mod tests {
    use super::super::room::{
        LETTER_GAP, SHARED_AXIS, Y_AXIS_CLEAR, bar_labels, has_own_axis, ticks_width,
    };
    use super::*;
    use crate::figure::label::Text;
    use crate::figure::place::{TICK_GAP, TICK_LENGTH};
    use crate::figure::{Axis, Bar, Edges, Palette};
    use crate::paper::{Show, Venue};
    use ndarray::Array2;

    fn chart(panels_per_row: &[usize], (rows, columns): (usize, usize)) -> Chart {
        let panel = Panel {
            title: Text::plain("title"),
            note: String::new(),
            cells: Array2::from_elem((rows, columns), Some(0.5)),
            marked: Array2::default((rows, columns)),
            mark: String::new(),
            x: Axis::over(columns, "j"),
            y: Axis::over(rows, "i"),
            narrow: false,
            module: String::new(),
            dimension: None,
            edges: Edges::default(),
        };
        let panels: Vec<_> = panels_per_row
            .iter()
            .map(|&n| vec![panel.clone(); n])
            .collect();
        Chart {
            name: "figure".into(),
            heading: Text::plain("heading"),
            bar: Bar::over([0.5], None, (Some((0.01, 0.2)), Show::Overlap), 0.1).unwrap(),
            row_labels: vec![Text::default(); panels.len()],
            panels,
            aspect: 1.0,
            footer: vec!["a-name-of-an-adapter ".repeat(12) + &"x".repeat(300)],
            palette: Palette::Rocket,
        }
    }

    #[test]
    fn no_axis_reaches_into_the_panel_before_it() {
        for rows in [1, 8, 64, 410, 1229] {
            let chart = chart(&[4], (rows, 4));
            let page = Venue::Plain.page();
            let layout = Layout::on(&page, &chart);
            assert!(layout.width <= page.text + 1e-9, "{rows} rows");
            assert!(!has_own_axis(&chart.panels[0], 1));
            for pair in layout.panels[0].windows(2) {
                assert!((pair[1].x - pair[0].right() - SHARED_AXIS).abs() < 1e-9);
            }
            let mut chart = chart;
            for (place, panel) in chart.panels[0].iter_mut().enumerate() {
                panel.y.first += place;
            }
            let layout = Layout::on(&page, &chart);
            for (panel, pair) in chart.panels[0].iter().zip(layout.panels[0].windows(2)) {
                let letter = LETTER_GAP + font::width(&panel.y.label, page.title);
                let outermost =
                    pair[1].x - TICK_LENGTH - TICK_GAP - ticks_width(panel, page.tick) - letter;
                assert!(
                    outermost >= pair[0].right() + Y_AXIS_CLEAR - 1e-9,
                    "{rows} rows"
                );
            }
        }
    }

    #[test]
    fn many_rows_fit_on_a_page() {
        let page = Venue::Plain.page();
        for rows in 1..=5 {
            let layout = Layout::on(&page, &chart(&vec![4; rows], (8, 8)));
            assert!(
                layout.height <= page.height + layout.footer.len() as f64 * FOOTER_LINE,
                "{rows} rows"
            );
            let bar = layout.bar;
            assert!(
                bar.y > layout.panels[0][0].y && bar.bottom() < layout.panels[rows - 1][0].bottom()
            );
        }
    }

    #[test]
    fn figures_are_as_wide_as_a_column_or_the_text() {
        for venue in Venue::ALL
            .into_iter()
            .filter(|venue| *venue != Venue::Plain)
        {
            let page = venue.page();
            for panels in 1..=4 {
                let chart = chart(&[panels], (64, 64));
                let layout = Layout::on(&page, &chart);
                let wanted = match panels {
                    1 | 2 => page.column,
                    _ => page.text,
                };
                assert!((layout.width - wanted).abs() < 1e-9, "{venue}, {panels}");
                let (first, last) = (layout.panels[0][0], layout.panels[0][panels - 1]);
                assert!(first.width >= NARROWEST && last.right() < layout.bar.x);
                assert!(layout.bar.right() + bar_labels(&page, &chart) < layout.width);
            }
            for size in [page.title, page.tick, page.footer] {
                assert!(size >= SMALLEST);
            }
        }
    }

    #[test]
    fn footers_are_broken_where_the_page_ends_and_lose_nothing() {
        let page = Venue::Plain.page();
        for panels in [1, 2, 4] {
            let chart = chart(&[panels], (8, 8));
            let layout = Layout::on(&page, &chart);
            let start = layout.panels[0][0].x;
            for (line, baseline) in &layout.footer {
                assert!(start + font::width(&Text::plain(line), page.footer) <= layout.width);
                assert!(*baseline < layout.height);
            }
            let visible = |text: &str| text.replace(' ', "");
            let lines: String = layout
                .footer
                .iter()
                .map(|(line, _)| visible(line))
                .collect();
            assert_eq!(lines, visible(&chart.footer[0]));
        }
    }
}
