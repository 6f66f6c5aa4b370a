//! A figure of lines to SVG.
//!
//! Lines differ in lightness, dashes and marks, so that they can be told apart in grey and by the
//! colour-blind, and have their names beside them.

use crate::error::Result;

use super::layout::{CurveLayout, across, down, evenly_labelled, labelled, title_line};
use super::panel::{Band, Curve, CurveBar, CurveLine, CurvePanel, CurvePoint, LineStyle};
use super::shapes::{Point, above, dashed, mark, polygon, ribbon};
use crate::figure::font::CAPITAL;
use crate::figure::label::Text;
use crate::figure::palette::Rgb;
use crate::figure::pen::{Drawn, GREY, Hang, INK, PAPER, Pen, Picture, svg, whole};
use crate::figure::place::{Box, TICK_GAP, TICK_LENGTH, TITLE_RISE, fitting};
use crate::paper::Page;

/// Width of a line, and of a bar of a standard deviation.
const LINE: f64 = 1.1;
const BAR: f64 = 0.6;
/// Half the length of a bar's ends; half the size of a mark, and its edge of paper.
const CAP: f64 = 1.8;
pub(super) const MARK: f64 = 2.4;
const EDGE: f64 = 0.6;
/// Radius of the dot of a single run among several, and of a line that is one point.
const VALUE: f64 = 1.2;
const DOT: f64 = 0.8;
/// Widths of lines without marks, the dashes of chance, and how much ink bars and thin lines take.
const THIN: f64 = 0.4;
const BOLD: f64 = 1.5;
const CHANCE: f64 = 0.9;
const CHANCE_DASHES: [f64; 2] = [3.0, 1.6];
const THIN_INK: f64 = 0.42;
const BAR_INK: f64 = 0.4;
/// Width of a bar, of the distance between two.
const BAR_WIDTH: f64 = 0.62;
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
pub(super) struct Style {
    pub(super) colour: Rgb,
    dashes: &'static [f64],
    mark: usize,
    /// Whether every point has its mark.
    pub(super) is_marked: bool,
    /// Sideways.
    pub(super) shift: f64,
}

/// A curve as it stands on a page.
pub(in crate::figure) fn draw(curve: &Curve, page: Page) -> Result<Picture> {
    let layout = CurveLayout::on(&page, curve);
    let size = (layout.width, layout.height);
    svg(&curve.name, size, page, |pen| pen.curve(curve, &layout))
}

pub(super) fn style(curve: &Curve, line: usize) -> Style {
    let count = curve.series;
    let share = line as f64 / (count - 1).max(1) as f64;
    Style {
        colour: curve.palette.colour((share * LIGHTEST).round() as u8),
        dashes: DASHES[line % DASHES.len()],
        mark: line,
        is_marked: !curve.is_dense,
        shift: match curve.is_dense {
            true => 0.0,
            false => (line as f64 - (count - 1) as f64 / 2.0) * APART.min(8.0 / count as f64),
        },
    }
}

impl Pen<'_> {
    fn curve(&mut self, curve: &Curve, layout: &CurveLayout) -> Drawn {
        let places = layout.panels.iter().zip(&layout.titles);
        let places = places.zip(layout.y_labels.iter().zip(&layout.values));
        for (panel, ((&place, title), (&y_label, &has_values))) in curve.panels.iter().zip(places) {
            self.curve_title(panel, title, place)?;
            if let Some(left) = y_label {
                let size = fitting(&panel.y_label, self.sizes.title, place.height);
                self.upright(&panel.y_label, (place.x - left, place.middle()), size)?;
            }
            for band in &panel.bands {
                let full = band.of.map_or(INK, |number| style(curve, number).colour);
                self.band(panel, place, band, tint(full, band.ink))?;
            }
            for bar in &panel.bars {
                self.standing_bar(panel, place, bar)?;
            }
            self.curve_axes(panel, (place, has_values), curve.is_dense)?;
            for line in &panel.lines {
                self.curve_line(curve, panel, place, line)?;
            }
            self.line_marks(curve, panel, place)?;
            self.names(curve, panel, place)?;
            self.names_inside(panel, place)?;
        }
        for (line, baseline) in &layout.footer {
            let at = (layout.left, *baseline);
            self.text(&Text::plain(line), at, self.sizes.footer, GREY, Hang::Left)?;
        }
        Ok(())
    }

    /// Lines of a title, the last one just above its panel; a single one with its subscripts.
    fn curve_title(
        &mut self,
        panel: &CurvePanel,
        (lines, size): &(Vec<String>, f64),
        place: Box,
    ) -> Drawn {
        for (up, line) in lines.iter().rev().enumerate() {
            let rise = TITLE_RISE + up as f64 * title_line(&self.sizes);
            let at = (place.centre(), place.y - rise);
            let text = match lines.len() {
                1 => panel.title.clone(),
                _ => Text::plain(line),
            };
            self.text(&text, at, *size, INK, Hang::Centre)?;
        }
        Ok(())
    }

    /// Axes and ticks, the vertical one with its values or without.
    fn curve_axes(
        &mut self,
        panel: &CurvePanel,
        (place, has_values): (Box, bool),
        is_dense: bool,
    ) -> Drawn {
        let (bottom, tick) = (place.bottom(), self.sizes.tick);
        self.line((place.x, place.y), (place.x, bottom))?;
        self.line((place.x, bottom), (place.right(), bottom))?;
        for (&value, label) in panel.y.ticks.iter().zip(&panel.y.labels) {
            let y = down(panel, place, value);
            self.line((place.x - TICK_LENGTH, y), (place.x, y))?;
            if !has_values {
                continue;
            }
            let at = (place.x - TICK_LENGTH - TICK_GAP, y + tick * CAPITAL / 2.0);
            self.text(&Text::plain(label), at, tick, INK, Hang::Right)?;
        }
        let baseline = bottom + TICK_LENGTH + TICK_GAP + tick * CAPITAL;
        for &tick in &panel.x.ticks {
            let x = across(panel, place, tick);
            self.line((x, bottom), (x, bottom + TICK_LENGTH))?;
        }
        let labelled = match is_dense && !panel.x.is_log {
            true => evenly_labelled(panel, place, tick),
            false => labelled(panel, place, tick),
        };
        for number in labelled {
            let at = (across(panel, place, panel.x.ticks[number]), baseline);
            let label = Text::plain(&panel.x.labels[number]);
            self.text(&label, at, tick, INK, Hang::Centre)?;
        }
        let below = (place.centre(), bottom + TICK_LENGTH + 2.0 * tick + 3.0);
        self.text(&panel.x_label, below, self.sizes.title, INK, Hang::Centre)
    }

    /// The area between two values, as far as it is on the panel; across it where it is at one place.
    fn band(&mut self, panel: &CurvePanel, place: Box, band: &Band, colour: Rgb) -> Drawn {
        if let [[_, low, high]] = band.points[..] {
            let [low, high] =
                [low, high].map(|value| down(panel, place, value.clamp(panel.y.low, panel.y.high)));
            let across = Box {
                y: high,
                height: low - high,
                ..place
            };
            return self.fill(across, colour);
        }
        let edge = |side: usize| {
            let at = move |point: &[f64; 3]| {
                let value = point[side].clamp(panel.y.low, panel.y.high);
                let (x, y) = (across(panel, place, point[0]), down(panel, place, value));
                (whole(x), whole(y))
            };
            band.points.iter().map(at)
        };
        self.polygon(edge(1).chain(edge(2).rev()).collect::<Vec<_>>(), colour)
    }

    /// A bar from the axis up, with its spread.
    fn standing_bar(&mut self, panel: &CurvePanel, place: Box, bar: &CurveBar) -> Drawn {
        let (x, top) = (across(panel, place, bar.x), down(panel, place, bar.value));
        let width = BAR_WIDTH * (across(panel, place, bar.x + 1.0) - x);
        let filled = Box {
            x: x - width / 2.0,
            y: top,
            width,
            height: place.bottom() - top,
        };
        self.fill(filled, grey(BAR_INK))?;
        let [low, high] = bar.spread.map(|value| down(panel, place, value));
        self.stroke((x, low), (x, high), BAR, INK)?;
        for end in [low, high] {
            self.stroke((x - CAP, end), (x + CAP, end), BAR, INK)?;
        }
        Ok(())
    }

    fn curve_line(
        &mut self,
        curve: &Curve,
        panel: &CurvePanel,
        place: Box,
        line: &CurveLine,
    ) -> Drawn {
        let at = |point: &CurvePoint| (across(panel, place, point.x), down(panel, place, point.y));
        let points: Vec<Point> = line.points.iter().map(at).collect();
        let bold = curve.palette.colour(LIGHTEST as u8 / 2);
        match (line.style, points.as_slice()) {
            (LineStyle::Series(number), _) => {
                self.series(panel, place, &line.points, style(curve, number))
            }
            (LineStyle::Chance, &[(_, y)]) => {
                self.dashed_line(&[(place.x, y), (place.right(), y)], INK)
            }
            (LineStyle::Chance, points) => above(points, place.bottom())
                .iter()
                .try_for_each(|part| self.dashed_line(part, INK)),
            (LineStyle::Level(number), points) => points.iter().try_for_each(|&(_, y)| {
                let ends = [(place.x, y), (place.right(), y)];
                self.dashed_line(&ends, style(curve, number).colour)
            }),
            (LineStyle::Thin, &[at]) => self.shape(&polygon(12, 0.0), at, DOT, grey(THIN_INK)),
            (LineStyle::Thin, points) => above(points, place.bottom())
                .iter()
                .try_for_each(|part| self.ribbon(part, THIN, grey(THIN_INK))),
            (LineStyle::Base, &[at]) => self.shape(&polygon(12, 0.0), at, DOT, GREY),
            (LineStyle::Base, points) => self.ribbon(points, LINE, GREY),
            (LineStyle::Bold, &[at]) => self.shape(&mark(0), at, MARK, bold),
            (LineStyle::Bold, points) => above(points, place.bottom())
                .iter()
                .try_for_each(|part| self.ribbon(part, BOLD, bold)),
        }
    }

    /// The line of chance and of what is level.
    fn dashed_line(&mut self, points: &[Point], colour: Rgb) -> Drawn {
        for (from, to) in dashed(points, &CHANCE_DASHES) {
            self.stroke(from, to, CHANCE, colour)?;
        }
        Ok(())
    }

    /// A line through points as one shape.
    fn ribbon(&mut self, points: &[Point], width: f64, colour: Rgb) -> Drawn {
        let outline = ribbon(points, width);
        if outline.is_empty() {
            return Ok(());
        }
        let corner = |(x, y): Point| (whole(x), whole(y));
        self.polygon(outline.into_iter().map(corner).collect::<Vec<_>>(), colour)
    }

    /// A line with its marks, and the spread and the single values of each point. A lone point has
    /// a mark in any case.
    fn series(
        &mut self,
        panel: &CurvePanel,
        place: Box,
        points: &[CurvePoint],
        style: Style,
    ) -> Drawn {
        let at = |x: f64, value: f64| {
            (
                across(panel, place, x) + style.shift,
                down(panel, place, value),
            )
        };
        let means: Vec<Point> = points.iter().map(|point| at(point.x, point.y)).collect();
        for (from, to) in dashed(&means, style.dashes) {
            self.stroke(from, to, LINE, style.colour)?;
        }
        for (point, &(x, y)) in points.iter().zip(&means) {
            if let Some(sd) = point.sd {
                let [(_, top), (_, bottom)] =
                    [1.0, -1.0].map(|sign| at(point.x, point.y + sign * sd));
                self.stroke((x, top), (x, bottom), BAR, style.colour)?;
                for end in [top, bottom] {
                    self.stroke((x - CAP, end), (x + CAP, end), BAR, style.colour)?;
                }
                for &value in &point.values {
                    let (_, y) = at(point.x, value);
                    // With an edge of paper, or it would be lost on its bar.
                    self.shape(&polygon(12, 0.0), (x, y), VALUE + EDGE, PAPER)?;
                    self.shape(&polygon(12, 0.0), (x, y), VALUE, style.colour)?;
                }
            }
            if !style.is_marked && points.len() > 1 {
                continue;
            }
            let shape = mark(style.mark);
            self.shape(&shape, (x, y), MARK + EDGE, PAPER)?;
            self.shape(&shape, (x, y), MARK, style.colour)?;
        }
        Ok(())
    }

    /// A straight line of some width.
    pub(super) fn stroke(&mut self, from: Point, to: Point, width: f64, colour: Rgb) -> Drawn {
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
    pub(super) fn shape(&mut self, shape: &[Point], at: Point, radius: f64, colour: Rgb) -> Drawn {
        let corner = |&(x, y): &Point| (whole(at.0 + radius * x), whole(at.1 + radius * y));
        self.polygon(shape.iter().map(corner).collect::<Vec<_>>(), colour)
    }
}

/// Grey of so much ink, from 0 to 1.
fn grey(ink: f64) -> Rgb {
    tint(INK, ink)
}

/// So much of a colour on paper, from 0 to 1.
fn tint(colour: Rgb, ink: f64) -> Rgb {
    let level = |paper: u8, full: u8| {
        let (paper, full) = (f64::from(paper), f64::from(full));
        (paper + ink * (full - paper)).round() as u8
    };
    [0, 1, 2].map(|channel| level(PAPER[channel], colour[channel]))
}
