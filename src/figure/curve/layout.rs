//! Where the parts of a figure of lines stand, in points.

use super::around::{Around, TO_NAMES, named_beside};
use super::panel::{Curve, CurvePanel, LineStyle};
use crate::figure::font;
use crate::figure::label::Text;
use crate::figure::place::{ABOVE, Box, FOOTER_LINE, MARGIN, X_AXIS, fitting, wrapped};
use crate::paper::Page;

/// Panels in a row at most, and their width.
const IN_A_ROW: usize = 4;
const NARROWEST: f64 = 64.0;
const WIDEST: f64 = 190.0;
/// Height of a panel over its width, and its least height.
const ASPECT: f64 = 0.75;
const LOWEST: f64 = 40.0;
/// What marks, which may be set apart, and bars keep from a panel's sides; and other lines.
const INSIDE: f64 = 9.0;
const INSIDE_OF_LINES: f64 = 2.0;
/// Least distance of two labels of ticks.
const APART: f64 = 3.0;

/// A curve's places.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CurveLayout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// As the curve's panels.
    pub(super) panels: Vec<Box>,
    /// Whether the vertical axis of each panel has values: where all have one axis, the first of a row.
    pub(super) values: Vec<bool>,
    /// How far left of each panel the words of its vertical axis stand, where it has some.
    pub(super) y_labels: Vec<Option<f64>>,
    /// The lines of each panel's title as they fit, and their size.
    pub(super) titles: Vec<(Vec<String>, f64)>,
    /// The footer's lines as they fit, their left edge, and their baselines.
    pub(super) footer: Vec<(String, f64)>,
    pub(super) left: f64,
}

impl CurveLayout {
    /// Places equal panels: in one column if two of them fit side by side there, or there is only
    /// one, or all that belong in a row; else in the whole width.
    pub(super) fn on(page: &Page, curve: &Curve) -> CurveLayout {
        let around = Around::of(page, curve);
        let count = curve.panels.len().max(1);
        let fits = |width: f64, n: usize| around.side(width, n) >= NARROWEST;
        let in_column = fits(page.column, curve.in_row.unwrap_or(count.min(2)));
        let width = if in_column { page.column } else { page.text };
        // What belongs in a row is broken into equal parts, if it must be.
        let is_even = |n: usize| curve.in_row.is_none_or(|row| row.is_multiple_of(n));
        let counts = || (1..=curve.in_row.unwrap_or(IN_A_ROW.min(count))).rev();
        let fitting = counts().find(|&n| fits(width, n)).unwrap_or(1);
        // Five or seven have no equal parts but single ones.
        let most = counts()
            .find(|&n| is_even(n) && fits(width, n))
            .filter(|&even| 2 * even >= fitting)
            .unwrap_or(fitting);
        let rows = count.div_ceil(most);
        let columns = curve.in_row.map_or(count.div_ceil(rows), |_| most);
        let side = around.side(width, columns).clamp(NARROWEST / 2.0, WIDEST);
        let used = 2.0 * MARGIN + around.width(columns) + side * columns as f64;
        let spare = if page.is_exact {
            (width - used).max(0.0) / 2.0
        } else {
            0.0
        };
        let width = if page.is_exact { width } else { used };
        let lefts = around.lefts(columns, side, MARGIN + spare);
        let left = lefts[0];
        let footer_lines = wrapped(&curve.footer, page.footer, width - MARGIN - left);
        let footer = footer_lines.len() as f64 * FOOTER_LINE + MARGIN;
        let titles: Vec<_> = curve
            .panels
            .iter()
            .map(|panel| title(page, panel, side + 2.0 * TO_NAMES))
            .collect();
        let most = titles.iter().map(|(lines, _)| lines.len()).max();
        let above = ABOVE + most.unwrap_or(1).saturating_sub(1) as f64 * title_line(page);
        let down = (page.height - MARGIN - footer) / rows as f64 - above - X_AXIS;
        let beside = curve.panels.iter().map(|panel| named_beside(panel).count());
        let names = beside.max().unwrap_or(0) as f64 * name_gap(page);
        let tall = (side * ASPECT).min(down).max(LOWEST).max(names);
        let place = |number: usize| Box {
            x: lefts[number % columns],
            y: MARGIN + above + (number / columns) as f64 * (above + tall + X_AXIS),
            width: side,
            height: tall,
        };
        let bottom = MARGIN + rows as f64 * (above + tall + X_AXIS);
        let baseline = |line: usize| bottom + (line as f64 + 0.9) * FOOTER_LINE;
        CurveLayout {
            width,
            height: (bottom + footer).ceil(),
            panels: (0..curve.panels.len()).map(place).collect(),
            values: (0..curve.panels.len())
                .map(|number| number % columns == 0 || !around.is_shared)
                .collect(),
            y_labels: around.y_labels(curve, columns),
            titles,
            footer: footer_lines
                .into_iter()
                .enumerate()
                .map(|(n, line)| (line, baseline(n)))
                .collect(),
            left,
        }
    }
}

/// From one line of a title to the next.
pub(super) fn title_line(page: &Page) -> f64 {
    1.2 * page.title
}

/// A panel's title, set smaller where that helps, and then in lines.
fn title(page: &Page, panel: &CurvePanel, room: f64) -> (Vec<String>, f64) {
    /// Of the width of a text that was just made to fit.
    const ROUNDING: f64 = 1e-6;
    let size = fitting(&panel.title, page.title, room);
    (wrapped(&[panel.title.bare()], size, room + ROUNDING), size)
}

/// From one name of a line to the next below it.
pub(super) fn name_gap(page: &Page) -> f64 {
    1.25 * page.tick
}

/// What stands in a panel keeps from its sides.
fn inside(panel: &CurvePanel) -> f64 {
    let is_series = |style| matches!(style, LineStyle::Series(_));
    let has_marks = !(panel.bars.is_empty() && panel.marks.is_empty());
    if has_marks || panel.lines.iter().any(|line| is_series(line.style)) {
        INSIDE
    } else {
        INSIDE_OF_LINES
    }
}

/// Where something stands in its panel.
pub(super) fn across(panel: &CurvePanel, place: Box, x: f64) -> f64 {
    let inside = inside(panel);
    place.x + inside + panel.x.share(x) * (place.width - 2.0 * inside)
}

/// Where a value stands in its panel.
pub(super) fn down(panel: &CurvePanel, place: Box, value: f64) -> f64 {
    place.bottom() - panel.y.share(value) * place.height
}

/// The ticks that are labelled, by their places: the first and the last, and between them those that
/// have room.
pub(super) fn labelled(panel: &CurvePanel, place: Box, size: f64) -> Vec<usize> {
    let apart = |one, next| labels_are_apart(panel, place, size, [one, next]);
    let Some(last) = panel.x.ticks.len().checked_sub(1) else {
        return Vec::new();
    };
    let mut kept: Vec<usize> = Vec::new();
    for tick in 0..last {
        let is_first = kept.is_empty();
        if is_first || kept.last().is_some_and(|&one| apart(one, tick)) && apart(tick, last) {
            kept.push(tick);
        }
    }
    kept.push(last);
    kept
}

/// The ticks of [`Span::evenly`](super::span::Span::evenly) that are labelled: every one, every
/// second and so on as there is room, and the last where there is room after these.
pub(super) fn evenly_labelled(panel: &CurvePanel, place: Box, size: f64) -> Vec<usize> {
    let apart = |one, next| labels_are_apart(panel, place, size, [one, next]);
    let ticks = &panel.x.ticks;
    let is_even =
        |&number: &usize| number < 2 || ticks[number] - ticks[number - 1] == ticks[1] - ticks[0];
    let even = (0..ticks.len()).take_while(is_even).count();
    let every = |step: usize| (0..even).step_by(step).collect::<Vec<_>>();
    let has_room = |kept: &Vec<usize>| kept.windows(2).all(|pair| apart(pair[0], pair[1]));
    let mut kept = (1..=even).map(every).find(has_room).unwrap_or_default();
    let last = ticks.len().checked_sub(1);
    kept.extend(last.filter(|&last| {
        kept.last()
            .is_some_and(|&one| one < last && apart(one, last))
    }));
    kept
}

/// Whether the labels of two ticks do not crowd.
fn labels_are_apart(panel: &CurvePanel, place: Box, size: f64, [one, next]: [usize; 2]) -> bool {
    let half = |tick: usize| font::width(&Text::plain(&panel.x.labels[tick]), size) / 2.0;
    let at = |tick: usize| across(panel, place, panel.x.ticks[tick]);
    at(next) - at(one) >= half(one) + half(next) + APART
}

/// Heights as near as can be to those wanted, at least `gap` apart and between two ends: names
/// beside their lines. Those wanted come in any order.
pub(super) fn spread(wanted: &[f64], gap: f64, (top, bottom): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&one, &other| wanted[one].total_cmp(&wanted[other]));
    // Less a gap for each before it, heights only have to rise: neighbours that do not are pooled.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (rank, &place) in order.iter().enumerate() {
        pools.push((wanted[place] - rank as f64 * gap, 1));
        while let [.., (before, some), (after, more)] = pools.as_slice()
            && before > after
        {
            let count = some + more;
            let mean = (before * *some as f64 + after * *more as f64) / count as f64;
            pools.truncate(pools.len() - 2);
            pools.push((mean, count));
        }
    }
    let room = (bottom - gap * wanted.len().saturating_sub(1) as f64).max(top);
    let mut placed = vec![0.0; wanted.len()];
    let levels = pools
        .iter()
        .flat_map(|&(level, count)| std::iter::repeat_n(level, count));
    for (rank, (level, &place)) in levels.zip(&order).enumerate() {
        placed[place] = level.clamp(top, room) + rank as f64 * gap;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::curve::Span;
    use crate::figure::place::TITLE_RISE;
    use crate::figure::{Options, rank_curve};
    use crate::paper::Venue;
    use crate::table::RunsRow;

    /// A rank curve of a task.
    fn curve(task: &str) -> Curve {
        let run = |rank: usize| RunsRow {
            adapter: format!("r{rank}"),
            weight_types: "q".into(),
            rank: Some(rank),
            alpha: None,
            seed: None,
            task: task.into(),
            metric: "accuracy".into(),
            value: rank as f64,
            trainable_parameters: None,
            items: None,
        };
        rank_curve(&[run(1), run(2)], &Options::default()).unwrap()
    }

    #[test]
    fn a_long_title_is_set_in_lines() {
        let curve =
            curve(&"a task whose name says at some length what it was that was trained".repeat(2));
        let page = Venue::Icml.page();
        let layout = CurveLayout::on(&page, &curve);
        let ((lines, size), place) = (&layout.titles[0], layout.panels[0]);
        assert!(lines.len() > 1, "{lines:?}");
        for line in lines {
            let half = font::width(&Text::plain(line), *size) / 2.0;
            assert!(place.centre() - half >= 0.0 && place.centre() + half <= layout.width);
        }
        let top = place.y - TITLE_RISE - (lines.len() - 1) as f64 * title_line(&page);
        assert!(top - size >= 0.0, "the first line is on the page");
    }

    #[test]
    fn labels_of_even_ticks_stay_even() {
        let curve = curve("t");
        let x = Span::evenly(&(0..30).collect::<Vec<_>>());
        let panel = CurvePanel {
            x,
            ..curve.panels[0].clone()
        };
        let labels = |width: f64| {
            let place = Box {
                width,
                ..CurveLayout::on(&Venue::Icml.page(), &curve).panels[0]
            };
            let labelled = evenly_labelled(&panel, place, 7.0);
            let labels = labelled.iter().map(|&tick| panel.x.labels[tick].as_str());
            labels.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(labels(190.0), "0 5 10 15 20 25 29");
        assert_eq!(labels(95.0), "0 5 10 15 20 25", "29 would crowd 25");
        assert_eq!(labels(64.0), "0 10 20 29");
    }

    #[test]
    fn names_do_not_touch_and_stay_near() {
        let ends = (0.0, 100.0);
        assert_eq!(spread(&[50.0], 8.0, ends), [50.0]);
        assert_eq!(spread(&[80.0, 20.0], 8.0, ends), [80.0, 20.0]);
        assert_eq!(spread(&[50.0, 50.0, 50.0], 8.0, ends), [42.0, 50.0, 58.0]);
        assert_eq!(spread(&[99.0, 100.0], 8.0, ends), [92.0, 100.0]);
        let many = spread(&[3.0, 1.0, 2.0, 60.0], 10.0, ends);
        assert_eq!(many, [20.0, 0.0, 10.0, 60.0]);
        assert!(spread(&[], 8.0, ends).is_empty());
    }
}
