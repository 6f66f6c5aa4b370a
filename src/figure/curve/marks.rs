//! Marks at single places of lines, which tell by their shapes what they stand for.

use super::draw::style;
use super::layout::{across, down};
use super::panel::{Curve, CurvePanel, MarkKind};
use super::shapes::{Point, mark, polygon};
use crate::figure::palette::Rgb;
use crate::figure::pen::{Drawn, GREY, PAPER, Pen};
use crate::figure::place::Box;

/// Half the height of a bar across a line, its width, and its edge of paper.
const BAR: f64 = 3.4;
const BAR_WIDTH: f64 = 1.3;
const EDGE: f64 = 0.5;
/// Half the size of a triangle; that of a ring, and of the paper inside.
const TRIANGLE: f64 = 1.8;
const RING: f64 = 2.4;
const INSIDE: f64 = 1.4;

impl Pen<'_> {
    /// The marks of a panel's lines: rings below, then bars, triangles above all, so that those of one
    /// place are all seen.
    pub(super) fn line_marks(&mut self, curve: &Curve, panel: &CurvePanel, place: Box) -> Drawn {
        for kind in [
            MarkKind::EffectiveRank,
            MarkKind::NumericalRank,
            MarkKind::EnergyRank,
        ] {
            for mark in panel.marks.iter().filter(|mark| mark.kind == kind) {
                let colour = mark.of.map_or(GREY, |number| style(curve, number).colour);
                let y = mark.y.map_or(place.bottom(), |y| down(panel, place, y));
                self.line_mark(kind, (across(panel, place, mark.x), y), colour)?;
            }
        }
        Ok(())
    }

    fn line_mark(&mut self, kind: MarkKind, at: Point, colour: Rgb) -> Drawn {
        match kind {
            MarkKind::NumericalRank => {
                let ends = |half: f64| ((at.0, at.1 - half), (at.0, at.1 + half));
                let (top, bottom) = ends(BAR + EDGE);
                self.stroke(top, bottom, BAR_WIDTH + 2.0 * EDGE, PAPER)?;
                let (top, bottom) = ends(BAR);
                self.stroke(top, bottom, BAR_WIDTH, colour)
            }
            MarkKind::EnergyRank => {
                self.shape(&mark(2), at, TRIANGLE + EDGE, PAPER)?;
                self.shape(&mark(2), at, TRIANGLE, colour)
            }
            MarkKind::EffectiveRank => {
                let ring = polygon(24, 0.0);
                self.shape(&ring, at, RING, colour)?;
                self.shape(&ring, at, INSIDE, PAPER)
            }
        }
    }
}
