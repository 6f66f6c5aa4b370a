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
const SMALLEST_MAP: f64 = 60.0;
/// Names are no longer.
const NAME: f64 = 80.0;
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
    /// Lines of the key of strips: what each begins with, then values with colours.
    pub(super) keys: Vec<Vec<Key>>,
    /// The key's baselines, then the footer's lines with theirs.
    pub(super) key_lines: Vec<f64>,
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
    /// A value has its colour before it.
    pub(super) of: Option<(usize, usize)>,
}

impl ManyLayout {
    pub(super) fn on(page: &Page, maps: &ManyMaps) -> Self {
        let count = maps.adapters.len().max(1);
        let columns = match count {
            few if few <= BESIDE || few > LABELLED => maps.maps.len().clamp(1, 2),
            _ => 1,
        };
        let rows = maps.maps.len().div_ceil(columns).max(1);
        let widths = maps.adapters.iter().map(|name| width(name, page.tick));
        let names = widths.fold(0.0, f64::max).min(NAME);
        let ticks = maps
            .scale
            .labels
            .iter()
            .map(|label| width(label, page.tick));
        let bar = TO_BAR + BAR + TICK_LENGTH + TICK_GAP + ticks.fold(0.0, f64::max);
        let strips = maps.strips.len() as f64 * STRIP + GAP;
        let left = MARGIN + TREE + GAP + strips;
        let room =
            |names: f64| page.text - left - names - bar - MARGIN - BETWEEN * (columns as f64 - 1.0);
        let keys = keys(&maps.strips, page, left);
        let footer = wrapped(&maps.footer, page.footer, page.text - 2.0 * MARGIN);
        let around = 2.0 * MARGIN + (keys.len() + footer.len()) as f64 * FOOTER_LINE + GAP;
        let down = (page.height - around) / rows as f64 - ABOVE - strips - BELOW;
        let most = (count as f64 * CELL).max(SMALLEST_MAP);
        let side = |names: f64| (room(names) / columns as f64).min(down).min(most);
        let labelled = side(TICK_GAP + names);
        let size = page.tick.min(labelled / count as f64 * 0.98);
        let is_labelled = count <= LABELLED && size >= SMALLEST;
        let (across, beside) = match is_labelled {
            true => (labelled, TICK_GAP + names),
            false => (side(0.0), 0.0),
        };
        let used = left
            + across * columns as f64
            + BETWEEN * (columns as f64 - 1.0)
            + beside
            + bar
            + MARGIN;
        let end = if page.is_exact {
            page.text
        } else {
            used.max(page.column.min(page.text))
        };
        let shift = if page.is_exact {
            (page.text - used).max(0.0) / 2.0
        } else {
            0.0
        };
        let mut places = Vec::new();
        for number in 0..maps.maps.len() {
            let (row, column) = ((number / columns) as f64, number % columns);
            let map = Box {
                x: left + shift + column as f64 * (across + BETWEEN),
                y: MARGIN + row * (ABOVE + strips + across + BELOW) + ABOVE + strips,
                width: across,
                height: across,
            };
            places.push(Place {
                tree: (column == 0).then_some(Box {
                    x: MARGIN + shift,
                    width: TREE,
                    ..map
                }),
                is_last: column + 1 == columns || number + 1 == maps.maps.len(),
                map,
            });
        }
        let top = MARGIN + ABOVE + strips;
        let mut y = MARGIN + rows as f64 * (ABOVE + strips + across + BELOW) + GAP;
        let mut line = || {
            y += FOOTER_LINE;
            y - 0.1 * FOOTER_LINE
        };
        let key_lines: Vec<f64> = keys.iter().map(|_| line()).collect();
        let keys = shifted(keys, shift);
        let footer = wrapped(&maps.footer, page.footer, end - 2.0 * MARGIN);
        let footer: Vec<(String, f64)> = footer.into_iter().map(|text| (text, line())).collect();
        ManyLayout {
            width: end,
            height: (y + MARGIN).ceil(),
            maps: places,
            bar: Box {
                x: used - MARGIN - bar + TO_BAR + shift,
                y: top,
                width: BAR,
                height: across.min(LONGEST_BAR),
            },
            names: is_labelled.then_some(size),
            keys,
            key_lines,
            footer,
            left: MARGIN,
        }
    }
}

fn shifted(mut keys: Vec<Vec<Key>>, shift: f64) -> Vec<Vec<Key>> {
    for key in keys.iter_mut().flatten() {
        key.x += shift;
    }
    keys
}

/// The lines of the key: `task` with its values, from line to line where there are many.
fn keys(strips: &[Strip], page: &Page, left: f64) -> Vec<Vec<Key>> {
    let mut lines = Vec::new();
    let start = left.min(MARGIN + TREE);
    for (number, strip) in strips.iter().enumerate() {
        let order = match number {
            0 => "outer",
            last if last + 1 == strips.len() => "inner",
            _ => "next",
        };
        let head = match strips.len() {
            1 => strip.title.clone(),
            _ => format!("{} ({order} strip)", strip.title),
        };
        let mut x = start + width(&head, page.footer) + 3.0 * GAP;
        let mut line = vec![Key {
            x: start,
            text: head,
            of: None,
        }];
        if !strip.is_named() {
            let (first, last) = (strip.names.first(), strip.names.last());
            if let (Some(first), Some(last)) = (first, last) {
                line.push(Key {
                    x,
                    text: format!(
                        "{} values, from {first} (dark) to {last} (light)",
                        strip.names.len()
                    ),
                    of: None,
                });
            }
            lines.push(line);
            continue;
        }
        for (value, name) in strip.names.iter().enumerate() {
            let wide = page.footer * CAPITAL + GAP + width(name, page.footer) + 4.0 * GAP;
            if x + wide > page.text - MARGIN && line.len() > 1 {
                lines.push(std::mem::take(&mut line));
                x = start + 4.0 * GAP;
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

fn width(text: &str, size: f64) -> f64 {
    font::width(&Text::plain(text), size)
}
