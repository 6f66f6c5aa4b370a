//! Where the parts of maps of many adapters stand, in points.

use super::chart::{ManyMaps, Strip};
use crate::figure::font::{self, CAPITAL, SMALLEST};
use crate::figure::label::Text;
use crate::figure::place::{ABOVE, Box, FOOTER_LINE, MARGIN, TICK_GAP, TICK_LENGTH, wrapped};
use crate::paper::Page;

/// Names are printed up to so many adapters.
const LABELLED: usize = 50;
/// A map of so many adapters leaves room for another beside it.
const BESIDE: usize = 20;
/// Width of the tree, of a strip, and between parts.
const TREE: f64 = 24.0;
pub(super) const STRIP: f64 = 4.5;
const GAP: f64 = 2.5;
/// Between two maps.
const BETWEEN: f64 = 14.0;
/// A cell is no larger, and a map no smaller.
const CELL: f64 = 16.0;
const SMALLEST_MAP: f64 = 84.0;
/// Names are no longer, and stand so far apart, in their size.
pub(super) const NAME: f64 = 80.0;
const LINE: f64 = 1.03;
/// From the names to the bar, and the bar.
const TO_BAR: f64 = 8.0;
const BAR: f64 = 6.0;
const LONGEST_BAR: f64 = 110.0;
/// Below a map: what its triangles are.
const BELOW: f64 = 12.0;

/// The places of maps.
pub(super) struct ManyLayout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// One a map, strips above and left of it.
    pub(super) maps: Vec<Place>,
    pub(super) bar: Box,
    /// The size of names, where they are printed.
    pub(super) names: Option<f64>,
    /// Lines of the key of strips with their baselines: what each begins with, then values with colours.
    pub(super) keys: Vec<(Vec<Key>, f64)>,
    /// The footer's lines with their baselines.
    pub(super) footer: Vec<(String, f64)>,
    pub(super) left: f64,
}

/// Where one map stands.
pub(super) struct Place {
    pub(super) map: Box,
    /// Where the tree is drawn: left of the first map of a row.
    pub(super) tree: Option<Box>,
    /// Whether names stand right of it: of the last map of a row.
    pub(super) is_last: bool,
}

/// A piece of the key of a strip.
pub(super) struct Key {
    pub(super) x: f64,
    pub(super) text: String,
    /// A value has its colour before it: the strip's number, and its own.
    pub(super) of: Option<(usize, usize)>,
}

/// Sizes that all parts have in common.
struct Frame {
    columns: usize,
    rows: usize,
    /// Left of the first map of a row, and above each map.
    left: f64,
    strips: f64,
    /// Width and height of a map.
    across: f64,
    tall: f64,
    /// Names and the bar, right of the last map of a row.
    beside: f64,
    bar: f64,
    names: Option<f64>,
    /// Of an exact page, what is left on either side.
    shift: f64,
    width: f64,
}

impl ManyLayout {
    pub(super) fn on(page: &Page, maps: &ManyMaps) -> Self {
        let keys = keys(&maps.strips, page);
        let frame = Frame::new(page, maps, keys.len());
        let bottom = MARGIN + frame.rows as f64 * frame.step() + GAP;
        let line = |number: usize| bottom + (number as f64 + 0.9) * FOOTER_LINE;
        let (count, shift) = (keys.len(), frame.shift);
        let shifted = |mut key: Key| {
            key.x += shift;
            key
        };
        let keys = keys.into_iter().enumerate();
        let keys =
            keys.map(|(number, keys)| (keys.into_iter().map(shifted).collect(), line(number)));
        let footer = wrapped(&maps.footer, page.footer, frame.width - 2.0 * MARGIN);
        let lines = (count + footer.len()) as f64;
        let footer = footer.into_iter().enumerate();
        let footer = footer.map(|(number, text)| (text, line(count + number) + GAP));
        ManyLayout {
            width: frame.width,
            height: (bottom + lines * FOOTER_LINE + GAP + MARGIN).ceil(),
            maps: (0..maps.maps.len())
                .map(|number| frame.place(number, maps.maps.len()))
                .collect(),
            bar: Box {
                x: frame.used() - MARGIN - frame.bar + TO_BAR + shift,
                y: MARGIN + ABOVE + frame.strips,
                width: BAR,
                height: frame.tall.min(LONGEST_BAR),
            },
            names: frame.names,
            keys: keys.collect(),
            footer: footer.collect(),
            left: MARGIN,
        }
    }
}

impl Frame {
    fn new(page: &Page, maps: &ManyMaps, key_lines: usize) -> Self {
        let count = maps.adapters.len().max(1);
        let columns = match count {
            few if few <= BESIDE || few > LABELLED => maps.maps.len().clamp(1, 2),
            _ => 1,
        };
        let rows = maps.maps.len().div_ceil(columns).max(1);
        let widest = |texts: &[String]| {
            let widths = texts.iter().map(|text| width(text, page.tick));
            widths.fold(0.0, f64::max)
        };
        let names = TICK_GAP + widest(&maps.adapters).min(NAME);
        let bar = TO_BAR + BAR + TICK_LENGTH + TICK_GAP + widest(&maps.scale.labels);
        let strips = maps.strips.len() as f64 * STRIP + GAP;
        let left = MARGIN + TREE + GAP + strips;
        let footer = wrapped(&maps.footer, page.footer, page.text - 2.0 * MARGIN);
        let lines = (key_lines + footer.len()) as f64 * FOOTER_LINE;
        let room = page.height - 2.0 * MARGIN - lines - 2.0 * GAP;
        let down = room / rows as f64 - ABOVE - strips - BELOW;
        let most = (count as f64 * CELL).max(SMALLEST_MAP);
        let between = BETWEEN * (columns as f64 - 1.0);
        let wide = |beside: f64| {
            let room = page.text - left - beside - bar - MARGIN - between;
            (room / columns as f64).min(most).min(down)
        };
        // Cells are square where names have room beside them, else taller than wide.
        let tall = wide(names).max(count as f64 * SMALLEST * LINE);
        let (across, tall, beside) = match count <= LABELLED && tall <= down {
            true => (wide(names), tall, names),
            false => (wide(0.0), wide(0.0), 0.0),
        };
        let frame = Frame {
            columns,
            rows,
            left,
            strips,
            across,
            tall,
            beside,
            bar,
            names: (beside > 0.0).then(|| page.tick.min(tall / count as f64 / LINE)),
            shift: 0.0,
            width: 0.0,
        };
        let used = frame.used();
        // An exact page has room on both sides, else there is none.
        let (width, shift) = match page.is_exact {
            true => (page.text, (page.text - used).max(0.0) / 2.0),
            false => (used.max(page.column.min(page.text)), 0.0),
        };
        Frame {
            width,
            shift,
            ..frame
        }
    }

    /// The width of all parts.
    fn used(&self) -> f64 {
        let columns = self.columns as f64;
        self.left
            + self.across * columns
            + BETWEEN * (columns - 1.0)
            + self.beside
            + self.bar
            + MARGIN
    }

    /// From one row of maps to the next.
    fn step(&self) -> f64 {
        ABOVE + self.strips + self.tall + BELOW
    }

    fn place(&self, number: usize, count: usize) -> Place {
        let (row, column) = ((number / self.columns) as f64, number % self.columns);
        let map = Box {
            x: self.left + self.shift + column as f64 * (self.across + BETWEEN),
            y: MARGIN + row * self.step() + ABOVE + self.strips,
            width: self.across,
            height: self.tall,
        };
        Place {
            tree: (column == 0).then_some(Box {
                x: MARGIN + self.shift,
                width: TREE,
                ..map
            }),
            is_last: column + 1 == self.columns || number + 1 == count,
            map,
        }
    }
}

/// The lines of the key: `task` with its values, from line to line where there are many.
fn keys(strips: &[Strip], page: &Page) -> Vec<Vec<Key>> {
    let start = MARGIN + TREE;
    let heads = heads(strips);
    let widest = heads.iter().map(|head| width(head, page.footer));
    let first = start + widest.fold(0.0, f64::max) + 3.0 * GAP;
    let mut lines = Vec::new();
    for (number, (strip, head)) in strips.iter().zip(heads).enumerate() {
        let mut line = vec![Key {
            x: start,
            text: head,
            of: None,
        }];
        if !strip.is_named() {
            let [first_name, last_name] = [strip.names.first(), strip.names.last()]
                .map(|name| name.map_or("", String::as_str));
            let count = strip.names.len();
            line.push(Key {
                x: first,
                text: format!("{count} values, from {first_name} (dark) to {last_name} (light)"),
                of: None,
            });
            lines.push(line);
            continue;
        }
        let mut x = first;
        for (value, name) in strip.names.iter().enumerate() {
            let wide = page.footer * CAPITAL + GAP + width(name, page.footer) + 4.0 * GAP;
            if x + wide > page.text - MARGIN && x > first {
                lines.push(std::mem::take(&mut line));
                x = first;
            }
            line.push(Key {
                x,
                text: name.clone(),
                of: Some((number, value)),
            });
            x += wide;
        }
        lines.push(line);
    }
    lines
}

/// What the lines of the key begin with.
fn heads(strips: &[Strip]) -> Vec<String> {
    let place = |number: usize| match number {
        0 => "outer",
        last if last + 1 == strips.len() => "inner",
        _ => "middle",
    };
    let head = |(number, strip): (usize, &Strip)| match strips.len() {
        1 => strip.title.clone(),
        _ => format!("{} ({} strip)", strip.title, place(number)),
    };
    strips.iter().enumerate().map(head).collect()
}

fn width(text: &str, size: f64) -> f64 {
    font::width(&Text::plain(text), size)
}
