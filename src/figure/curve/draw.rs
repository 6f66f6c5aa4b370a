//! A rank curve to SVG.
//!
//! Lines differ in lightness, dashes and marks, so that they can be told apart in grey and by the
//! colour-blind, and have their names beside them.

use crate::error::Result;

use super::layout::{CurveLayout, TO_NAMES, across, down, labelled, name_gap, spread, title_line};
use super::rank_curve::{Curve, CurveLine, CurvePanel, CurvePoint};
use crate::figure::font::CAPITAL;
use crate::figure::label::Text;
use crate::figure::palette::Rgb;
use crate::figure::pen::{Drawn, GREY, Hang, INK, PAPER, Pen, Picture, svg, whole};
use crate::figure::place::{Box, TICK_GAP, TICK_LENGTH, TITLE_RISE};
use crate::paper::Page;

/// Width of a line, and of a bar of a standard deviation.
const LINE: f64 = 1.1;
const BAR: f64 = 0.6;
/// Half the length of a bar's ends; half the size of a mark, and its edge of paper.
const CAP: f64 = 1.8;
const MARK: f64 = 2.4;
const EDGE: f64 = 0.6;
/// Radius of the dot of a single run.
const DOT: f64 = 0.8;
/// Lines at one rank are set apart by this, so that their bars do not cover each other.
const APART: f64 = 2.6;
/// Level of the lightest line in the palette: lighter ones are lost on paper.
const LIGHTEST: f64 = 176.0;
/// Dashes and gaps, from line to line.
const DASHES: [&[f64]; 5] = [
    &[],
    &[4.0, 1.8],
    &[1.2, 1.4],
    &[4.0, 1.5, 1.2, 1.5],
    &[7.0, 2.0],
];

/// How a line is drawn.
#[derive(Clone, Copy)]
struct Style {
    colour: Rgb,
    dashes: &'static [f64],
    mark: usize,
    /// Sideways.
    shift: f64,
}

/// A curve as it stands on a page.
pub(in crate::figure) fn draw(curve: &Curve, page: Page) -> Result<Picture> {
    let layout = CurveLayout::on(&page, curve);
    let size = (layout.width, layout.height);
    svg(&curve.name, size, page, |pen| pen.curve(curve, &layout))
}

fn style(curve: &Curve, line: usize) -> Style {
    let count = curve.lines.len();
    let share = line as f64 / (count - 1).max(1) as f64;
    Style {
        colour: curve.palette.colour((share * LIGHTEST).round() as u8),
        dashes: DASHES[line % DASHES.len()],
        mark: line,
        shift: (line as f64 - (count - 1) as f64 / 2.0) * APART.min(8.0 / count as f64),
    }
}

impl Pen<'_> {
    fn curve(&mut self, curve: &Curve, layout: &CurveLayout) -> Drawn {
        let places = layout.panels.iter().zip(&layout.titles);
        for (panel, (&place, title)) in curve.panels.iter().zip(places) {
            self.curve_title(title, place)?;
            self.curve_axes(panel, place)?;
            for CurveLine { line, points } in &panel.lines {
                self.curve_line(panel, place, points, style(curve, *line))?;
            }
            self.names(curve, panel, place)?;
        }
        for (line, baseline) in &layout.footer {
            let at = (layout.left, *baseline);
            self.text(&Text::plain(line), at, self.sizes.footer, GREY, Hang::Left)?;
        }
        Ok(())
    }

    /// Lines of a title, the last one just above its panel.
    fn curve_title(&mut self, (lines, size): &(Vec<String>, f64), place: Box) -> Drawn {
        for (up, line) in lines.iter().rev().enumerate() {
            let rise = TITLE_RISE + up as f64 * title_line(&self.sizes);
            let at = (place.centre(), place.y - rise);
            self.text(&Text::plain(line), at, *size, INK, Hang::Centre)?;
        }
        Ok(())
    }

    /// Axes and ticks.
    fn curve_axes(&mut self, panel: &CurvePanel, place: Box) -> Drawn {
        let (bottom, tick) = (place.bottom(), self.sizes.tick);
        self.line((place.x, place.y), (place.x, bottom))?;
        self.line((place.x, bottom), (place.right(), bottom))?;
        for (&value, label) in panel.y.ticks.iter().zip(panel.y.labels()) {
            let y = down(panel, place, value);
            self.line((place.x - TICK_LENGTH, y), (place.x, y))?;
            let at = (place.x - TICK_LENGTH - TICK_GAP, y + tick * CAPITAL / 2.0);
            self.text(&Text::plain(&label), at, tick, INK, Hang::Right)?;
        }
        let baseline = bottom + TICK_LENGTH + TICK_GAP + tick * CAPITAL;
        for &rank in &panel.ranks {
            let x = across(panel, place, rank);
            self.line((x, bottom), (x, bottom + TICK_LENGTH))?;
        }
        for rank in labelled(panel, place, tick) {
            let at = (across(panel, place, rank), baseline);
            self.text(&Text::plain(&rank.to_string()), at, tick, INK, Hang::Centre)?;
        }
        let below = (place.centre(), bottom + TICK_LENGTH + 2.0 * tick + 3.0);
        let letter = Text::default().symbol("r");
        self.text(&letter, below, self.sizes.title, INK, Hang::Centre)
    }

    fn curve_line(
        &mut self,
        panel: &CurvePanel,
        place: Box,
        points: &[CurvePoint],
        style: Style,
    ) -> Drawn {
        let at = |rank: usize, score: f64| {
            (
                across(panel, place, rank) + style.shift,
                down(panel, place, score),
            )
        };
        let means: Vec<Point> = points
            .iter()
            .map(|point| at(point.rank, point.mean))
            .collect();
        for (from, to) in dashed(&means, style.dashes) {
            self.stroke(from, to, LINE, style.colour)?;
        }
        for (point, &(x, y)) in points.iter().zip(&means) {
            if let Some(sd) = point.sd {
                let [(_, top), (_, bottom)] =
                    [1.0, -1.0].map(|sign| at(point.rank, point.mean + sign * sd));
                self.stroke((x, top), (x, bottom), BAR, style.colour)?;
                for end in [top, bottom] {
                    self.stroke((x - CAP, end), (x + CAP, end), BAR, style.colour)?;
                }
                for &value in &point.values {
                    let (_, y) = at(point.rank, value);
                    self.shape(&polygon(12, 0.0), (x, y), DOT, style.colour)?;
                }
            }
            let shape = mark(style.mark);
            self.shape(&shape, (x, y), MARK + EDGE, PAPER)?;
            self.shape(&shape, (x, y), MARK, style.colour)?;
        }
        Ok(())
    }

    /// The lines' names right of a panel, with a thin line from each line's end.
    fn names(&mut self, curve: &Curve, panel: &CurvePanel, place: Box) -> Drawn {
        let ends: Vec<Point> = panel
            .lines
            .iter()
            .filter_map(|CurveLine { line, points }| {
                let last = points.last()?;
                let x = across(panel, place, last.rank) + style(curve, *line).shift;
                Some((x, down(panel, place, last.mean)))
            })
            .collect();
        let wanted: Vec<f64> = ends.iter().map(|end| end.1).collect();
        let size = self.sizes.tick;
        let heights = spread(&wanted, name_gap(&self.sizes), (place.y, place.bottom()));
        for ((CurveLine { line, .. }, &(x, y)), height) in
            panel.lines.iter().zip(&ends).zip(heights)
        {
            let colour = style(curve, *line).colour;
            let start = place.right() + TO_NAMES - 2.0;
            self.stroke((x + MARK + 1.0, y), (start, height), 0.35, colour)?;
            let at = (place.right() + TO_NAMES, height + size * CAPITAL / 2.0);
            self.text(&curve.lines[*line], at, size, INK, Hang::Left)?;
        }
        Ok(())
    }

    /// A straight line of some width.
    fn stroke(&mut self, from: Point, to: Point, width: f64, colour: Rgb) -> Drawn {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        if length == 0.0 {
            return Ok(());
        }
        let (nx, ny) = (-dy / length * width / 2.0, dx / length * width / 2.0);
        let corners = [
            (from.0 + nx, from.1 + ny),
            (to.0 + nx, to.1 + ny),
            (to.0 - nx, to.1 - ny),
            (from.0 - nx, from.1 - ny),
        ];
        self.polygon(corners.map(|(x, y)| (whole(x), whole(y))), colour)
    }

    /// A shape of a radius around a point.
    fn shape(&mut self, shape: &[Point], at: Point, radius: f64, colour: Rgb) -> Drawn {
        let corner = |&(x, y): &Point| (whole(at.0 + radius * x), whole(at.1 + radius * y));
        self.polygon(shape.iter().map(corner).collect::<Vec<_>>(), colour)
    }
}

type Point = (f64, f64);

/// The shape of a line's marks: circle, square, triangle, diamond, triangle downward, plus, cross,
/// then stars.
fn mark(line: usize) -> Vec<Point> {
    match line {
        0 => polygon(24, 0.0),
        1 => polygon(4, 45.0),
        2 => polygon(3, 90.0),
        3 => polygon(4, 0.0),
        4 => polygon(3, -90.0),
        5 => plus(0.0),
        6 => plus(45.0),
        more => star(more - 2),
    }
}

/// The corners of a regular polygon, the first at an angle in degrees, as large to the eye as a
/// circle of radius one.
fn polygon(corners: usize, first: f64) -> Vec<Point> {
    let radius = match corners {
        3 => 1.3,
        4 => 1.2,
        _ => 1.0,
    };
    let corner = |n: usize| {
        let angle = first.to_radians() + n as f64 / corners as f64 * std::f64::consts::TAU;
        (radius * angle.cos(), -radius * angle.sin())
    };
    (0..corners).map(corner).collect()
}

/// A plus, turned by an angle in degrees.
fn plus(angle: f64) -> Vec<Point> {
    let (sin, cos) = angle.to_radians().sin_cos();
    let (wide, long) = (0.4, 1.2);
    let arm = [(wide, wide), (wide, long), (-wide, long)];
    // An arm and the corner beside it, four times a quarter further.
    let turned = |quarter: i32, (x, y): Point| match quarter {
        0 => (x, y),
        1 => (-y, x),
        2 => (-x, -y),
        _ => (y, -x),
    };
    (0..4)
        .flat_map(|quarter| arm.map(|corner| turned(quarter, corner)))
        .map(|(x, y)| (x * cos - y * sin, x * sin + y * cos))
        .collect()
}

fn star(points: usize) -> Vec<Point> {
    let corner = |n: usize| {
        let angle = (n as f64 / points as f64 + 0.5) * std::f64::consts::PI;
        let radius = if n.is_multiple_of(2) { 1.4 } else { 0.6 };
        (radius * angle.cos(), -radius * angle.sin())
    };
    (0..2 * points).map(corner).collect()
}

/// The strokes of a line through points; dashes go on around corners.
fn dashed(points: &[Point], dashes: &[f64]) -> Vec<(Point, Point)> {
    let segments = points.windows(2).map(|pair| (pair[0], pair[1]));
    if dashes.is_empty() {
        return segments.collect();
    }
    let mut strokes = Vec::new();
    let (mut place, mut left) = (0, dashes[0]);
    for (from, to) in segments {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let at = |way: f64| {
            let share = way / length;
            (
                from.0 + share * (to.0 - from.0),
                from.1 + share * (to.1 - from.1),
            )
        };
        let mut way = 0.0;
        while way < length {
            let end = (way + left).min(length);
            if place % 2 == 0 {
                strokes.push((at(way), at(end)));
            }
            left -= end - way;
            if left <= 1e-9 {
                place = (place + 1) % dashes.len();
                left = dashes[place];
            }
            way = end;
        }
    }
    strokes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_their_share_and_turn_corners() {
        let points = [(0.0, 0.0), (30.0, 0.0), (30.0, 30.0)];
        let strokes = dashed(&points, &[4.0, 2.0]);
        let length = |(from, to): &(Point, Point)| (to.0 - from.0).hypot(to.1 - from.1);
        let drawn: f64 = strokes.iter().map(length).sum();
        assert!((drawn - 40.0).abs() < 1e-9, "{drawn} of 60");
        assert_eq!(dashed(&points, &[]).len(), 2);
        assert!(dashed(&points[..1], &[1.0, 1.0]).is_empty());
        assert!(dashed(&[(1.0, 1.0), (1.0, 1.0)], &[1.0, 1.0]).is_empty());
    }

    #[test]
    fn marks_are_about_as_large() {
        for line in 0..8 {
            let shape = mark(line);
            let twice: f64 = (0..shape.len())
                .map(|n| (shape[n], shape[(n + 1) % shape.len()]))
                .map(|(one, next)| one.0 * next.1 - next.0 * one.1)
                .sum();
            let area = twice.abs() / 2.0;
            assert!((1.5..3.5).contains(&area), "{line}: {area}");
        }
    }
}
