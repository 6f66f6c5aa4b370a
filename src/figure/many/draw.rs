//! Maps of many adapters to SVG.

use crate::error::Result;
use crate::figure::cells::PALE;
use crate::figure::font::CAPITAL;
use crate::figure::label::Text;
use crate::figure::maps::{LIGHTEST, cut};
use crate::figure::palette::Rgb;
use crate::figure::pen::{Drawn, GREY, Hang, INK, PAPER, Pen, Picture, svg};
use crate::figure::place::{Box, TICK_GAP, TITLE_RISE, fitting};
use crate::paper::Page;

use super::chart::{ManyMap, ManyMaps, Strip, colour, side};
use super::layout::{ManyLayout, NAME, Place, STRIP};

/// A bar has every fifth of its colours: all of them would be half of a picture's bytes.
const STEP: usize = 5;
/// From so many adapters on a map has every eighth colour: runs of one colour are one shape.
const COARSE: usize = 60;

/// Maps as they stand on a page.
pub(in crate::figure) fn draw(maps: &ManyMaps, page: Page) -> Result<Picture> {
    let layout = ManyLayout::on(&page, maps);
    let size = (layout.width, layout.height);
    svg(&maps.name, size, page, |pen| pen.many(maps, &layout))
}

impl Pen<'_> {
    fn many(&mut self, maps: &ManyMaps, layout: &ManyLayout) -> Drawn {
        for (map, place) in maps.maps.iter().zip(&layout.maps) {
            self.many_map(maps, map, place)?;
            self.label_strips(&maps.strips, place)?;
            if let Some(tree) = place.tree {
                self.tree(maps, tree)?;
            }
            if let Some(size) = layout.names.filter(|_| place.is_last) {
                self.adapter_names(maps, place.map, size)?;
            }
        }
        self.many_bar(maps, layout.bar)?;
        self.keys(maps, layout)?;
        for (line, baseline) in &layout.footer {
            let at = (layout.left, *baseline);
            self.text(&Text::plain(line), at, self.sizes.footer, GREY, Hang::Left)?;
        }
        Ok(())
    }

    /// Cells, title, and what the triangles are.
    fn many_map(&mut self, maps: &ManyMaps, map: &ManyMap, place: &Place) -> Drawn {
        let step = if maps.adapters.len() > COARSE { 8 } else { 1 };
        let of = |value: f64| {
            let level = usize::from(maps.scale.level(value)) / step * step;
            maps.palette.colour(level.min(255) as u8)
        };
        let colour = |i: usize, j: usize| match map.cells[(i, j)] {
            Some(value) => of(value),
            None if i == j => PAPER,
            None => PALE,
        };
        self.grid(place.map, map.cells.dim(), colour)?;
        let strips = (maps.strips.len() as f64) * STRIP;
        let size = fitting(&map.title, self.sizes.title, place.map.width);
        let above = place.map.y - TITLE_RISE - strips;
        self.text(
            &map.title,
            (place.map.centre(), above),
            size,
            INK,
            Hang::Centre,
        )?;
        let [below, over] = maps.bases.map(side);
        let tick = self.sizes.tick;
        let under = place.map.bottom() + 2.0 * TICK_GAP + tick * CAPITAL;
        let low = Text::plain(&format!("below: {below}"));
        self.text(&low, (place.map.x, under), tick, INK, Hang::Left)?;
        let high = Text::plain(&format!("above: {over}"));
        self.text(&high, (place.map.right(), under), tick, INK, Hang::Right)
    }

    /// Left of the first map of a row, and above each.
    fn label_strips(&mut self, strips: &[Strip], place: &Place) -> Drawn {
        let map = place.map;
        for (number, strip) in strips.iter().enumerate() {
            let from = (strips.len() - number) as f64 * STRIP;
            let count = strip.values.len();
            let colour =
                |value: Option<usize>| value.map_or(PALE, |value| colour(strips, number, value));
            let across = Box {
                y: map.y - from - 1.0,
                height: STRIP - 1.0,
                ..map
            };
            self.grid(across, (1, count), |_, j| colour(strip.values[j]))?;
            if place.tree.is_some() {
                let down = Box {
                    x: map.x - from - 1.0,
                    width: STRIP - 1.0,
                    ..map
                };
                self.grid(down, (count, 1), |i, _| colour(strip.values[i]))?;
            }
        }
        Ok(())
    }

    /// Merges as brackets that open to the right, the highest at the left edge.
    fn tree(&mut self, maps: &ManyMaps, place: Box) -> Drawn {
        let count = maps.adapters.len();
        let heights = maps.merges.iter().map(|merge| merge.height);
        let (least, most) = heights.fold((f64::INFINITY, f64::MIN), |(least, most), height| {
            (least.min(height), most.max(height))
        });
        // From a little below the nearest merge, as all may be far.
        let low = least - 0.1 * (most - least).max(1e-9);
        let x = |height: f64| {
            let share = (height - low) / (most - low).max(1e-9);
            place.right() - place.width * share.clamp(0.0, 1.0)
        };
        let row = |one: usize| place.y + (one as f64 + 0.5) * place.height / count as f64;
        let mut ends: Vec<(f64, f64)> = (0..count).map(|one| (place.right(), row(one))).collect();
        for merge in &maps.merges {
            let [one, other] = merge.clusters.map(|cluster| ends[cluster]);
            let left = x(merge.height);
            for (right, y) in [one, other] {
                self.line((left, y), (right, y))?;
            }
            self.line((left, one.1), (left, other.1))?;
            ends.push((left, (one.1 + other.1) / 2.0));
        }
        Ok(())
    }

    fn adapter_names(&mut self, maps: &ManyMaps, place: Box, size: f64) -> Drawn {
        let down = place.height / maps.adapters.len().max(1) as f64;
        for (number, name) in maps.adapters.iter().enumerate() {
            let y = place.y + (number as f64 + 0.5) * down + size * CAPITAL / 2.0;
            let (text, size) = cut(name, size, NAME);
            self.text(&text, (place.right() + TICK_GAP, y), size, INK, Hang::Left)?;
        }
        Ok(())
    }

    fn many_bar(&mut self, maps: &ManyMaps, place: Box) -> Drawn {
        let levels = (0..=LIGHTEST).step_by(STEP);
        let colours: Vec<Rgb> = levels.map(|level| maps.palette.colour(level)).collect();
        self.ramp(place, &colours)?;
        let at = |value: f64| place.bottom() - place.height * value / maps.scale.high;
        let heights = maps.scale.ticks.iter().map(|&tick| at(tick));
        self.ramp_ticks(place, heights.zip(&maps.scale.labels))?;
        let words = Text::plain("excess");
        let above = (place.right(), place.y - TITLE_RISE);
        self.text(&words, above, self.sizes.tick, INK, Hang::Centre)
    }

    fn keys(&mut self, maps: &ManyMaps, layout: &ManyLayout) -> Drawn {
        let size = self.sizes.footer;
        for &(ref line, baseline) in &layout.keys {
            for key in line {
                let mut x = key.x;
                if let Some((strip, value)) = key.of {
                    let side = size * CAPITAL;
                    let square = Box {
                        x,
                        y: baseline - side,
                        width: side,
                        height: side,
                    };
                    self.fill(square, colour(&maps.strips, strip, value))?;
                    x += side + 2.0;
                }
                self.text(
                    &Text::plain(&key.text),
                    (x, baseline),
                    size,
                    INK,
                    Hang::Left,
                )?;
            }
        }
        Ok(())
    }
}
