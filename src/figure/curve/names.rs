//! The names of lines, beside a panel and in its corners.

use super::around::TO_NAMES;
use super::draw::{MARK, style};
use super::layout::{across, down, name_gap, spread};
use super::panel::{Curve, CurveLine, CurvePanel, LineStyle, NameAt};
use super::shapes::Point;
use crate::figure::font::{self, CAPITAL};
use crate::figure::label::Text;
use crate::figure::palette::Rgb;
use crate::figure::pen::{Drawn, Hang, INK, Pen};
use crate::figure::place::Box;

/// From a panel's edge to a name inside, and the width of the line to it.
const NAME_INSIDE: f64 = 3.0;
const LEADER: f64 = 0.35;

impl Pen<'_> {
    /// The names right of a panel, with a thin line from each line's end.
    pub(super) fn names(&mut self, curve: &Curve, panel: &CurvePanel, place: Box) -> Drawn {
        let beside = panel
            .lines
            .iter()
            .filter_map(|line| match (&line.name, line.points.last()) {
                (Some((name, NameAt::Beside)), Some(last)) => {
                    let (colour, shift, clear) = match line.style {
                        LineStyle::Series(number) => {
                            let style = style(curve, number);
                            let clear = if style.is_marked { MARK } else { 0.0 };
                            (style.colour, style.shift, clear)
                        }
                        LineStyle::Level(number) => (style(curve, number).colour, 0.0, 0.0),
                        _ => (INK, 0.0, 0.0),
                    };
                    let x = match (line.style, line.points.len()) {
                        // It goes across the panel.
                        (LineStyle::Chance, 1) | (LineStyle::Level(_), _) => place.right(),
                        _ => across(panel, place, last.x) + shift,
                    };
                    let end = (x, down(panel, place, last.y));
                    Some((name, end, colour, clear))
                }
                _ => None,
            });
        let beside: Vec<(&Text, Point, Rgb, f64)> = beside.collect();
        let wanted: Vec<f64> = beside.iter().map(|(_, end, ..)| end.1).collect();
        let size = self.sizes.tick;
        let heights = spread(&wanted, name_gap(&self.sizes), (place.y, place.bottom()));
        for (&(name, (x, y), colour, clear), height) in beside.iter().zip(heights) {
            let start = place.right() + TO_NAMES - 2.0;
            self.stroke((x + clear + 1.0, y), (start, height), LEADER, colour)?;
            let at = (place.right() + TO_NAMES, height + size * CAPITAL / 2.0);
            self.text(name, at, size, INK, Hang::Left)?;
        }
        Ok(())
    }

    /// The names in a panel's corners, with a thin line from each to its line. Of two in one corner
    /// the second stands below the first, whose line then starts beside it.
    pub(super) fn names_inside(&mut self, panel: &CurvePanel, place: Box) -> Drawn {
        let mut before: Vec<NameAt> = Vec::new();
        for line in &panel.lines {
            let is_inside =
                |(_, at): &&(Text, NameAt)| !matches!(at, NameAt::Beside | NameAt::BesideAnother);
            let Some((name, at)) = line.name.as_ref().filter(is_inside) else {
                continue;
            };
            let is_here =
                |other: &&CurveLine| other.name.as_ref().is_some_and(|(_, other)| other == at);
            let count = panel.lines.iter().filter(is_here).count();
            let number = before.iter().filter(|other| *other == at).count();
            before.push(*at);
            let corner = self.corner(name, *at, number, place);
            self.name_inside(panel, place, line, (name, corner, number + 1 == count))?;
        }
        Ok(())
    }

    /// Left edge and baseline of the n-th name in a corner, n from 0.
    fn corner(&self, name: &Text, at: NameAt, number: usize, place: Box) -> Point {
        let size = self.sizes.tick;
        let left = match at {
            NameAt::UpperLeft => place.x + NAME_INSIDE,
            _ => place.right() - NAME_INSIDE - font::width(name, size),
        };
        let below = number as f64 * name_gap(&self.sizes);
        let baseline = match at {
            NameAt::LowerRight => place.bottom() - NAME_INSIDE - below,
            _ => place.y + NAME_INSIDE + size * CAPITAL + below,
        };
        (left, baseline)
    }

    /// One name, and the line from it: from its middle, or around the names below it.
    fn name_inside(
        &mut self,
        panel: &CurvePanel,
        place: Box,
        line: &CurveLine,
        (name, (left, baseline), is_last): (&Text, Point, bool),
    ) -> Drawn {
        let size = self.sizes.tick;
        let points = line.points.iter();
        let points: Vec<Point> = points
            .map(|point| (across(panel, place, point.x), down(panel, place, point.y)))
            .collect();
        let middle = baseline - size * CAPITAL / 2.0;
        let x = match is_last {
            true => left + font::width(name, size) / 2.0,
            false => left - 2.0 * NAME_INSIDE,
        };
        if let Some(y) = height_at(&points, x) {
            let start = match (is_last, y > middle) {
                (false, _) => middle,
                (true, true) => baseline + 1.5,
                (true, false) => baseline - size * CAPITAL - 1.0,
            };
            self.stroke((x, start), (x, y), LEADER, INK)?;
            if !is_last {
                self.stroke(
                    (left - 1.0, middle),
                    (x - LEADER / 2.0, middle),
                    LEADER,
                    INK,
                )?;
            }
        }
        self.text(name, (left, baseline), size, INK, Hang::Left)
    }
}

/// Where a line through points stands at some place across; `None` beside it.
fn height_at(points: &[Point], x: f64) -> Option<f64> {
    let segment = points
        .windows(2)
        .find(|pair| pair[0].0 <= x && x <= pair[1].0)?;
    let [(x0, y0), (x1, y1)] = [segment[0], segment[1]];
    let share = if x1 > x0 { (x - x0) / (x1 - x0) } else { 0.0 };
    Some(y0 + share * (y1 - y0))
}
