//! Cells of colour, in grids and in ramps.
//!
//! # Decisions
//!
//! - Cells are shapes that reach under their neighbours. They are exact to zoom into and leave no
//!   hairlines in any viewer. Runs of one colour are one shape, without the corner that would
//!   fleck its neighbours.

use super::font::CAPITAL;
use super::label::Text;
use super::palette::Rgb;
use super::pen::{Drawn, Hang, INK, PAPER, Pen, whole};
use super::place::{Box, TICK_GAP, TICK_LENGTH, edge};

/// Cells without a value.
pub(super) const PALE: Rgb = [234, 234, 242];

/// Every cell reaches this far under its right and lower neighbours, which are drawn after it:
/// otherwise viewers show hairlines between them.
const UNDERLAP: f64 = 0.6;

impl Pen<'_> {
    /// A grid of cells: runs of one colour in a row are one shape.
    pub(super) fn grid(
        &mut self,
        place: Box,
        (rows, columns): (usize, usize),
        colour: impl Fn(usize, usize) -> Rgb,
    ) -> Drawn {
        for i in 0..rows {
            let top = edge(place.y, place.height, i, rows) - outer(i == 0);
            let bottom = edge(place.y, place.height, i + 1, rows) + UNDERLAP;
            let mut start = 0;
            while start < columns {
                let same = colour(i, start);
                let end = (start..columns)
                    .find(|&j| colour(i, j) != same)
                    .unwrap_or(columns);
                let left = edge(place.x, place.width, start, columns) - outer(start == 0);
                let right = edge(place.x, place.width, end, columns) + UNDERLAP;
                let run = Box {
                    x: left,
                    y: top,
                    width: right - left,
                    height: bottom - top,
                };
                self.run(run, same)?;
                start = end;
            }
        }
        self.trim(place)
    }

    /// Colours on top of each other, the first one at the bottom.
    pub(super) fn ramp(&mut self, place: Box, colours: &[Rgb]) -> Drawn {
        let steps = colours.len();
        for (number, &colour) in colours.iter().rev().enumerate() {
            let top = edge(place.y, place.height, number, steps) - outer(number == 0);
            let bottom = edge(place.y, place.height, number + 1, steps) + UNDERLAP;
            let step = Box {
                x: place.x - UNDERLAP,
                y: top,
                width: place.width + 2.0 * UNDERLAP,
                height: bottom - top,
            };
            self.fill(step, colour)?;
        }
        self.trim(place)
    }

    /// Ticks right of a ramp, at heights, with their labels.
    pub(super) fn ramp_ticks<'a>(
        &mut self,
        place: Box,
        ticks: impl Iterator<Item = (f64, &'a String)>,
    ) -> Drawn {
        let size = self.sizes.tick;
        for (y, label) in ticks {
            let end = place.right() + TICK_LENGTH;
            self.line((place.right(), y), (end, y))?;
            let at = (end + TICK_GAP, y + size * CAPITAL / 2.0);
            self.text(&Text::plain(label), at, size, INK, Hang::Left)?;
        }
        Ok(())
    }

    /// A run of cells, its upper right corner cut off by the underlap: were it whole, its upper edge
    /// would be blended into the pixels that the next run's upper edge covers in part, and a bright
    /// cell would leave flecks in a dark one.
    fn run(&mut self, place: Box, colour: Rgb) -> Drawn {
        let (left, right) = (whole(place.x), whole(place.right()));
        let (top, bottom) = (whole(place.y), whole(place.bottom()));
        let cut = whole(UNDERLAP);
        let corners = [
            (left, top),
            (right - cut, top),
            (right, top + cut),
            (right, bottom),
            (left, bottom),
        ];
        self.polygon(corners, colour)
    }

    /// Cuts a heat map that reaches over its edges: where partly covered pixels were painted
    /// several times, the edge would look serrated.
    fn trim(&mut self, place: Box) -> Drawn {
        let wide = 2.0 * UNDERLAP;
        let across = Box {
            x: place.x - wide,
            width: place.width + 2.0 * wide,
            height: wide,
            ..place
        };
        let down = Box {
            width: wide,
            ..place
        };
        self.fill(
            Box {
                y: place.y - wide,
                ..across
            },
            PAPER,
        )?;
        self.fill(
            Box {
                y: place.bottom(),
                ..across
            },
            PAPER,
        )?;
        self.fill(
            Box {
                x: place.x - wide,
                ..down
            },
            PAPER,
        )?;
        self.fill(
            Box {
                x: place.right(),
                ..down
            },
            PAPER,
        )
    }
}

/// How far the first cells reach over the edge.
fn outer(first: bool) -> f64 {
    if first { UNDERLAP } else { 0.0 }
}
