//! Maps to SVG.

use crate::error::Result;

use super::chart::{LIGHTEST, Map, Maps, Scale};
use super::layout::{MapsLayout, NAME, Place, label};
use crate::figure::cells::PALE;
use crate::figure::font::{self, CAPITAL};
use crate::figure::label::Text;
use crate::figure::palette::{Palette, Rgb};
use crate::figure::pen::{Drawn, GREY, Hang, INK, PAPER, Pen, Picture, svg, whole};
use crate::figure::place::{Box, TICK_GAP, TICK_LENGTH, TITLE_RISE, fitting};
use crate::paper::Page;

/// A bar has every fifth of its colours: all of them would be half of a picture's bytes.
const STEP: usize = 5;
/// From a bar to the mark of chance beside it.
const MARK: f64 = 4.0;
/// From there to its words.
const TO_MARK: f64 = 3.5;
/// A range shorter than this is one line; half the width of an arrow, and its height.
const BRACKET: f64 = 2.5;
const ARROW: f64 = 2.0;
const ARROW_HEIGHT: f64 = 3.5;

/// Maps as they stand on a page.
pub(in crate::figure) fn draw(maps: &Maps, page: Page) -> Result<Picture> {
    let layout = MapsLayout::on(&page, maps);
    let size = (layout.width, layout.height);
    svg(&maps.name, size, page, |pen| pen.maps(maps, &layout))
}

impl Pen<'_> {
    fn maps(&mut self, maps: &Maps, layout: &MapsLayout) -> Drawn {
        for (group, places) in maps.groups.iter().zip(&layout.maps) {
            for (map, place) in group.maps.iter().zip(places) {
                self.map(map, place, maps.palette)?;
                self.map_frame(maps, map, place, layout)?;
                self.map_bar(&map.scale, place.bar, maps.palette)?;
            }
            let (first, last) = (places.first(), places.last());
            if let (Some(first), Some(last)) = (first, last) {
                let middle = (first.map.y + last.map.bottom()) / 2.0;
                let at = (layout.labels, middle);
                let room = last.map.bottom() - first.map.y + TITLE_RISE;
                let (text, size) = cut(&group.label, self.sizes.title, room);
                self.upright(&text, at, size)?;
            }
        }
        for (line, baseline) in &layout.footer {
            let at = (layout.left, *baseline);
            self.text(&Text::plain(line), at, self.sizes.footer, GREY, Hang::Left)?;
        }
        Ok(())
    }

    /// The cells, with their values where these have room.
    fn map(&mut self, map: &Map, place: &Place, palette: Palette) -> Drawn {
        let of = |value: f64| palette.colour(map.scale.level(value));
        let colour = |i: usize, j: usize| map.cells[(i, j)].map_or(PALE, of);
        let (rows, columns) = map.cells.dim();
        self.grid(place.map, (rows, columns), colour)?;
        let Some(size) = place.printed else {
            return Ok(());
        };
        let (across, down) = (
            place.map.width / columns as f64,
            place.map.height / rows as f64,
        );
        for ((i, j), value) in map.cells.indexed_iter() {
            let Some(value) = value else { continue };
            let x = place.map.x + (j as f64 + 0.5) * across;
            let y = place.map.y + (i as f64 + 0.5) * down + size * CAPITAL / 2.0;
            let ink = if is_light(of(*value)) { INK } else { PAPER };
            let text = Text::plain(&map.printed(*value));
            self.text(&text, (x, y), size, ink, Hang::Centre)?;
        }
        Ok(())
    }

    /// Title, layers and modules.
    fn map_frame(&mut self, maps: &Maps, map: &Map, place: &Place, layout: &MapsLayout) -> Drawn {
        let (at, tick) = (place.map, self.sizes.tick);
        let size = fitting(&map.title, self.sizes.title, at.width + 2.0 * TITLE_RISE);
        self.text(
            &map.title,
            (at.centre(), at.y - TITLE_RISE),
            size,
            INK,
            Hang::Centre,
        )?;
        let across = at.width / maps.modules.len().max(1) as f64;
        for (number, name) in maps.modules.iter().enumerate() {
            let x = at.x + (number as f64 + 0.5) * across;
            self.line((x, at.bottom()), (x, at.bottom() + TICK_LENGTH))?;
            let top = at.bottom() + TICK_LENGTH + TICK_GAP;
            let room = if layout.is_turned {
                NAME
            } else {
                f64::INFINITY
            };
            let (text, _) = cut(name, tick, room);
            if layout.is_turned {
                let middle = top + font::width(&text, tick) / 2.0;
                self.upright(&text, (x + tick * CAPITAL / 2.0, middle), tick)?;
            } else {
                self.text(&text, (x, top + tick * CAPITAL), tick, INK, Hang::Centre)?;
            }
        }
        let down = at.height / maps.layers.len().max(1) as f64;
        for &row in &layout.layers {
            let y = at.y + (row as f64 + 0.5) * down;
            self.line((at.x - TICK_LENGTH, y), (at.x, y))?;
            if place.is_first {
                let text = Text::plain(&label(maps.layers[row]));
                let beside = (at.x - TICK_LENGTH - TICK_GAP, y + tick * CAPITAL / 2.0);
                self.text(&text, beside, tick, INK, Hang::Right)?;
            }
        }
        if place.is_first {
            let above = (at.x - TICK_LENGTH - TICK_GAP, at.y - TITLE_RISE);
            self.text(&Text::plain("layer"), above, tick, INK, Hang::Right)?;
        }
        Ok(())
    }

    fn map_bar(&mut self, scale: &Scale, place: Box, palette: Palette) -> Drawn {
        let levels = (0..=LIGHTEST).step_by(STEP);
        let colours: Vec<Rgb> = levels.map(|level| palette.colour(level)).collect();
        self.ramp(place, &colours)?;
        let at = |value: f64| place.bottom() - place.height * value / scale.high;
        let heights = scale.ticks.iter().map(|&tick| at(tick));
        self.ramp_ticks(place, heights.zip(&scale.labels))?;
        let (Some([least, most]), Some(words)) = (scale.chance, scale.chance_words()) else {
            return Ok(());
        };
        let x = place.x - MARK;
        let [bottom, top] = [least, most].map(|value| at(value.min(scale.high)));
        if most > scale.high {
            self.chance_arrow(x, place.y)?;
        }
        if least <= scale.high && bottom - top >= BRACKET {
            self.line((x, bottom), (x, top))?;
        }
        for (value, y) in [(least, bottom), (most, top)] {
            if value <= scale.high {
                self.line((x, y), (place.x, y))?;
            }
        }
        let text = Text::plain(&words);
        let size = fitting(&text, self.sizes.tick, place.height);
        let half = font::width(&text, size) / 2.0;
        let middle = (bottom + top) / 2.0;
        let middle = middle.clamp(place.y + half, (place.bottom() - half).max(place.y + half));
        self.upright(&text, (x - TO_MARK, middle), size)
    }

    /// An arrow upward from the end of a bar: chance is beyond it.
    fn chance_arrow(&mut self, x: f64, top: f64) -> Drawn {
        let corners = [
            (x, top),
            (x + ARROW, top + ARROW_HEIGHT),
            (x - ARROW, top + ARROW_HEIGHT),
        ];
        let corners = corners.map(|(x, y)| (whole(x), whole(y)));
        self.polygon(corners, INK)?;
        self.line((x, top + ARROW_HEIGHT), (x, top + 3.0 * ARROW_HEIGHT))
    }
}

/// A text that is no longer than `room`: set smaller where that helps, else cut.
pub(in crate::figure) fn cut(text: &str, size: f64, room: f64) -> (Text, f64) {
    let whole = Text::plain(text);
    let size = fitting(&whole, size, room);
    let mut kept: Vec<char> = text.chars().collect();
    let mut shown = whole;
    while font::width(&shown, size) > room && kept.pop().is_some() {
        shown = Text::plain(&(kept.iter().collect::<String>() + "…"));
    }
    (shown, size)
}

/// Whether dark text reads better on a colour than text of paper: by the contrast of their relative
/// luminances (WCAG 2).
fn is_light(colour: Rgb) -> bool {
    let linear = |channel: u8| {
        let share = f64::from(channel) / 255.0;
        match share <= 0.03928 {
            true => share / 12.92,
            false => ((share + 0.055) / 1.055).powf(2.4),
        }
    };
    let light = |[red, green, blue]: Rgb| {
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) + 0.05
    };
    light(colour) / light(INK) > light(PAPER) / light(colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_set_smaller_and_then_cut() {
        assert_eq!(cut("r = 8", 8.0, 54.0), (Text::plain("r = 8"), 8.0));
        let (text, size) = cut(&"long-name".repeat(9), 8.0, 54.0);
        assert!(size == 6.0 && font::width(&text, size) <= 54.0 && text.bare().ends_with('…'));
    }

    #[test]
    fn values_read_on_dark_and_on_light_cells() {
        assert!(is_light(PALE) && !is_light([3, 5, 26]));
        assert!(!is_light([203, 27, 79]) && is_light([240, 92, 66]));
    }
}
