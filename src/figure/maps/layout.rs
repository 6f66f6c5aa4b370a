//! Where the parts of maps stand, in points.

use super::chart::{Map, Maps};
use crate::figure::font::{self, CAPITAL, SMALLEST};
use crate::figure::label::Text;
use crate::figure::place::{ABOVE, Box, FOOTER_LINE, MARGIN, TICK_GAP, TICK_LENGTH, wrapped};
use crate::paper::Page;

/// Values are printed for so many layers at most.
const PRINTED: usize = 12;
/// Widths of a map: what it needs in any case, and of a cell at most.
const NARROWEST: f64 = 26.0;
const WIDEST_CELL: f64 = 34.0;
/// Heights of a cell with a value, of one without, of a map at least and where it has many layers.
const CELL: f64 = 11.0;
const SMALL_CELL: f64 = 4.0;
const LOWEST: f64 = 54.0;
const TALLEST: f64 = 190.0;
/// What a value keeps from the sides of its cell.
const INSIDE: f64 = 1.5;
/// Between a map and its bar without chance, and with its mark; the bar; and to the next map.
const TO_BAR: f64 = 4.0;
const CHANCE: f64 = 17.0;
const BAR: f64 = 6.0;
const CLEAR: f64 = 7.0;
/// How much longer than its cell the name of the only module may be; turned names are no longer than
/// this.
const OVER: f64 = 14.0;
pub(super) const NAME: f64 = 60.0;
/// From an adapter's label to the layers.
const TO_LAYERS: f64 = 4.0;
/// A figure in one column is no taller than this share of a page.
const IN_COLUMN: f64 = 0.6;

/// The places of maps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MapsLayout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// The maps of each group.
    pub(super) maps: Vec<Vec<Place>>,
    /// Right edge of the groups' labels, which are turned.
    pub(super) labels: f64,
    /// Whether the names of modules are turned.
    pub(super) is_turned: bool,
    /// The layers that are labelled, by their rows.
    pub(super) layers: Vec<usize>,
    /// The footer's lines as they fit, their left edge, and their baselines.
    pub(super) footer: Vec<(String, f64)>,
    pub(super) left: f64,
}

/// Where one map stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub(super) map: Box,
    pub(super) bar: Box,
    /// Whether layers are labelled left of it: those of the first in a row are.
    pub(super) is_first: bool,
    /// Size of the values in its cells, where they are printed.
    pub(super) printed: Option<f64>,
}

impl MapsLayout {
    /// Places maps of equal size: those of an adapter in one row or two, in one column where that is
    /// not too tall, else in the whole width. A way in which all values have room comes first.
    pub(super) fn on(page: &Page, maps: &Maps) -> MapsLayout {
        let count = maps.groups.first().map_or(1, |group| group.maps.len());
        let narrow = (page.column, IN_COLUMN * page.height);
        let wide = (page.text, page.height);
        let ways = [narrow, wide].into_iter().flat_map(|(width, height)| {
            let rows = [count, count.div_ceil(2)];
            rows.map(|columns| (Frame::new(page, maps, width, columns), height))
        });
        let mut best: Option<Frame> = None;
        for (frame, height) in ways {
            let more = best
                .as_ref()
                .is_none_or(|best| best.printed() < frame.printed());
            if frame.fits(height) && more {
                best = Some(frame);
            }
        }
        let best = best.unwrap_or_else(|| Frame::new(page, maps, page.text, count));
        best.placed()
    }
}

/// One way to place maps.
struct Frame<'a> {
    page: &'a Page,
    maps: &'a Maps,
    width: f64,
    columns: usize,
    /// Right edge of the groups' labels.
    labels: f64,
    /// Left of the first map of a row.
    left: f64,
    /// Right of each map: its bar with labels.
    beside: Vec<f64>,
    /// Width and height of a map.
    size: (f64, f64),
    is_turned: bool,
    /// Below each map: the names of modules.
    below: f64,
    footer: Vec<String>,
}

impl<'a> Frame<'a> {
    fn new(page: &'a Page, maps: &'a Maps, width: f64, columns: usize) -> Self {
        let layers = maps.layers.iter().map(|layer| label(*layer));
        let layers = layers.chain(["layer".to_string()]);
        let widest = layers.map(|label| font::width(&Text::plain(&label), page.tick));
        let axis = TICK_LENGTH + TICK_GAP + widest.fold(0.0, f64::max);
        let labels = MARGIN + page.title * CAPITAL + 2.0;
        let left = labels + TO_LAYERS + axis;
        let beside = besides(page, maps, columns);
        let room = width - left - MARGIN - beside.iter().sum::<f64>();
        let count = maps.modules.len().max(1) as f64;
        let across = (room / columns as f64).min((count * WIDEST_CELL).max(LOWEST));
        let (is_turned, below) = names_below(page, maps, across);
        let used = left + MARGIN + beside.iter().sum::<f64>() + across * columns as f64;
        // An exact page has room on both sides, else there is none.
        let (end, spare) = match page.is_exact {
            true => (width, (width - used).max(0.0) / 2.0),
            false => (used, 0.0),
        };
        let footer = wrapped(&maps.footer, page.footer, end - MARGIN - left - spare);
        let around = 2.0 * MARGIN + footer.len() as f64 * FOOTER_LINE;
        let rows = rows(maps, columns) as f64;
        let down = (page.height - around) / rows - ABOVE - below;
        let wanted = match maps.layers.len() {
            few if few <= PRINTED => (few as f64 * CELL).max(LOWEST),
            many => (many as f64 * SMALL_CELL).clamp(12.0 * CELL, TALLEST),
        };
        Frame {
            page,
            maps,
            width: end,
            columns,
            labels: labels + spare,
            left: left + spare,
            beside,
            size: (across, wanted.min(down)),
            is_turned,
            below,
            footer,
        }
    }

    fn fits(&self, height: f64) -> bool {
        let (across, down) = self.size;
        let mut maps = self.maps.groups.iter().flat_map(|group| &group.maps);
        let titles = maps.all(|map| font::width(&map.title, SMALLEST) <= across + CLEAR);
        across >= NARROWEST && down >= LOWEST.min(40.0) && self.height() <= height && titles
    }

    fn height(&self) -> f64 {
        let rows = rows(self.maps, self.columns) as f64;
        let footer = self.footer.len() as f64 * FOOTER_LINE;
        2.0 * MARGIN + rows * (ABOVE + self.size.1 + self.below) + footer
    }

    /// How many maps have their values printed.
    fn printed(&self) -> usize {
        let maps = self.maps.groups.iter().flat_map(|group| &group.maps);
        maps.filter(|map| self.value_size(map).is_some()).count()
    }

    /// The size of a map's values, where all of them have room.
    fn value_size(&self, map: &Map) -> Option<f64> {
        let (rows, columns) = map.cells.dim();
        if rows > PRINTED {
            return None;
        }
        let (across, down) = (self.size.0 / columns as f64, self.size.1 / rows as f64);
        let widths = map.cells.iter().flatten();
        let widths = widths.map(|value| font::width(&Text::plain(&map.printed(*value)), 1.0));
        let widest = widths.fold(0.0, f64::max);
        let size = ((across - 2.0 * INSIDE) / widest).min((down - 2.0 * INSIDE) / CAPITAL);
        (size >= SMALLEST).then_some(size.min(self.page.tick))
    }

    fn placed(&self) -> MapsLayout {
        let (across, down) = self.size;
        let (mut y, mut maps) = (MARGIN, Vec::new());
        for group in &self.maps.groups {
            let mut places = Vec::new();
            for row in group.maps.chunks(self.columns) {
                let mut x = self.left;
                for (column, map) in row.iter().enumerate() {
                    let place = Box {
                        x,
                        y: y + ABOVE,
                        width: across,
                        height: down,
                    };
                    let mark = mark_room(self.maps, self.columns, column);
                    let bar = Box {
                        x: place.right() + mark,
                        width: BAR,
                        ..place
                    };
                    let printed = self.value_size(map);
                    places.push(Place {
                        map: place,
                        bar,
                        is_first: column == 0,
                        printed,
                    });
                    x = place.right() + self.beside[column];
                }
                y += ABOVE + down + self.below;
            }
            maps.push(places);
        }
        let baseline = |line: usize| y + (line as f64 + 0.9) * FOOTER_LINE;
        let footer = self.footer.iter().enumerate();
        MapsLayout {
            width: self.width,
            height: (y + self.footer.len() as f64 * FOOTER_LINE + MARGIN).ceil(),
            maps,
            labels: self.labels,
            is_turned: self.is_turned,
            layers: labelled(&self.maps.layers, down, self.page.tick),
            footer: footer
                .map(|(number, line)| (line.clone(), baseline(number)))
                .collect(),
            left: self.left,
        }
    }
}

/// Whether the names of modules are turned, and the room below a map of a width for them.
fn names_below(page: &Page, maps: &Maps, across: f64) -> (bool, f64) {
    let count = maps.modules.len().max(1);
    let names = maps.modules.iter();
    let widths = names.map(|name| font::width(&Text::plain(name), page.tick));
    let longest = widths.fold(0.0, f64::max);
    let over = if count == 1 { OVER } else { -INSIDE };
    let is_turned = longest > across / count as f64 + over;
    let line = match is_turned {
        true => longest.min(NAME),
        false => page.tick * CAPITAL,
    };
    (is_turned, TICK_LENGTH + TICK_GAP + line + 4.0)
}

/// How many rows of maps there are.
fn rows(maps: &Maps, columns: usize) -> usize {
    let groups = maps.groups.iter();
    groups
        .map(|group| group.maps.len().div_ceil(columns))
        .sum::<usize>()
        .max(1)
}

/// The maps of a column.
fn of_column(maps: &Maps, columns: usize, column: usize) -> impl Iterator<Item = &Map> {
    let groups = maps.groups.iter();
    groups.flat_map(move |group| group.maps.iter().skip(column).step_by(columns))
}

/// Between a map and its bar: room for the mark of chance where a map of the column has one.
fn mark_room(maps: &Maps, columns: usize, column: usize) -> f64 {
    match of_column(maps, columns, column).any(|map| map.scale.chance.is_some()) {
        true => CHANCE,
        false => TO_BAR,
    }
}

/// Right of the maps of each column.
fn besides(page: &Page, maps: &Maps, columns: usize) -> Vec<f64> {
    let beside = |column: usize| {
        let labels = of_column(maps, columns, column).flat_map(|map| &map.scale.labels);
        let widest = labels.map(|label| font::width(&Text::plain(label), page.tick));
        let widest = widest.fold(0.0, f64::max);
        let last = if column + 1 == columns { 0.0 } else { CLEAR };
        mark_room(maps, columns, column) + BAR + TICK_LENGTH + TICK_GAP + widest + last
    };
    (0..columns).map(beside).collect()
}

/// What a layer is called.
pub(super) fn label(layer: Option<usize>) -> String {
    layer.map_or("–".into(), |layer| layer.to_string())
}

/// The rows whose layers are labelled: all, or those at multiples of a round step that leave room.
fn labelled(layers: &[Option<usize>], height: f64, size: f64) -> Vec<usize> {
    let row = height / layers.len().max(1) as f64;
    let powers = (0..).map(|power| 10usize.saturating_pow(power));
    let mut steps = powers.flat_map(|power| [1, 2, 5].map(|unit| power.saturating_mul(unit)));
    let step = steps.find(|&step| step as f64 * row >= 1.1 * size || step > layers.len());
    let step = step.unwrap_or(1);
    let is_round = |layer: Option<usize>| layer.is_none_or(|layer| layer.is_multiple_of(step));
    let rows = (0..layers.len()).filter(|&row| step == 1 || is_round(layers[row]));
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_layers_leave_room() {
        let layers: Vec<Option<usize>> = (0..32).map(Some).collect();
        assert_eq!(labelled(&layers, 320.0, 6.5).len(), 32);
        assert_eq!(
            labelled(&layers, 128.0, 6.5),
            [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30]
        );
        assert_eq!(labelled(&layers, 54.0, 6.5), [0, 5, 10, 15, 20, 25, 30]);
        assert_eq!(labelled(&[None], 54.0, 6.5), [0]);
        let some: Vec<Option<usize>> = [3, 7, 11].map(Some).into();
        assert_eq!(labelled(&some, 60.0, 6.5), [0, 1, 2]);
    }
}
