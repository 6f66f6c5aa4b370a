//! Marks on cells whose values are not sure: where their shapes stand.
//!
//! Diagonal lines over the cells, each with an edge of paper on both sides, so that it stands out
//! from dark cells and from light ones; and a line beside their rows, which can be seen where a
//! single row is too thin for lines across it.
//!
//! # Decisions
//!
//! - Cells that are not sure have hatching and a line beside them. In one row of a thousand, a
//!   tenth of a point high, hatching cannot be seen: there the line has a least height. Both are
//!   filled shapes clipped to whole blocks of cells, so that the three formats agree.

use std::ops::Range;

use ndarray::Array2;

use crate::figure::place::{Box, edge};

/// From diagonal to diagonal, along a side, in points.
const SPACING: f64 = 6.0;
/// Width of a diagonal along a side: half a point across.
const DIAGONAL: f64 = 0.7;
/// The same with its edges of paper.
const EDGED: f64 = 2.5 * DIAGONAL;
/// Width and least height of the line beside, and its distance from the panel.
const BESIDE: (f64, f64, f64) = (1.0, 0.5, 0.35);

type Point = (f64, f64);

/// A convex polygon.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    pub(super) corners: Vec<Point>,
    /// In the colour of lines, or of paper.
    pub(super) dark: bool,
}

/// The marks of a panel that stands at `place`, in the order of drawing.
pub(super) fn shapes(marked: &Array2<bool>, place: Box) -> Vec<Shape> {
    let (rows, columns) = marked.dim();
    let mut shapes = Vec::new();
    for block in blocks(marked) {
        let x = |column| edge(place.x, place.width, column, columns);
        let y = |row| edge(place.y, place.height, row, rows);
        let (left, top) = (x(block.columns.start), y(block.rows.start));
        let inside = Box {
            x: left,
            y: top,
            width: x(block.columns.end) - left,
            height: y(block.rows.end) - top,
        };
        for (width, dark) in [(EDGED, false), (DIAGONAL, true)] {
            let lines = diagonals(inside, (place.x, place.y), width);
            shapes.extend(lines.into_iter().map(|corners| Shape { corners, dark }));
        }
        let (width, least, distance) = BESIDE;
        let height = inside.height.max(least);
        let line = Box {
            x: place.right() + distance,
            y: inside.middle() - height / 2.0,
            width,
            height,
        };
        shapes.push(Shape {
            corners: corners(line),
            dark: true,
        });
    }
    shapes
}

/// Marked cells that make a rectangle.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    rows: Range<usize>,
    columns: Range<usize>,
}

/// Marked cells as rectangles: neighbouring rows with the same columns are one, so that there are
/// few shapes however many rows there are.
fn blocks(marked: &Array2<bool>) -> Vec<Block> {
    let (rows, columns) = marked.dim();
    let mut blocks = Vec::new();
    let mut start = 0;
    while start < rows {
        let row = marked.row(start);
        let end = (start..rows)
            .find(|&i| marked.row(i) != row)
            .unwrap_or(rows);
        let mut left = 0;
        while left < columns {
            let right = (left..columns)
                .find(|&j| row[j] != row[left])
                .unwrap_or(columns);
            if row[left] {
                let (rows, columns) = (start..end, left..right);
                blocks.push(Block { rows, columns });
            }
            left = right;
        }
        start = end;
    }
    blocks
}

/// The parts of rising diagonals inside a rectangle. Those of all rectangles with one origin
/// continue each other.
fn diagonals(inside: Box, origin: Point, width: f64) -> Vec<Vec<Point>> {
    // x + y is constant on a rising line, as y points down.
    let level = |(x, y): Point| x - origin.0 + y - origin.1;
    let half = width / 2.0;
    let lowest = level((inside.x, inside.y)) - half;
    let highest = level((inside.right(), inside.bottom())) + half;
    let first = (lowest / SPACING).ceil() as i64;
    let last = (highest / SPACING).floor() as i64;
    (first..=last)
        .map(|n| {
            let middle = n as f64 * SPACING;
            let below = clipped(&corners(inside), |point| level(point) - (middle - half));
            clipped(&below, |point| middle + half - level(point))
        })
        .filter(|polygon| polygon.len() > 2)
        .collect()
}

fn corners(place: Box) -> Vec<Point> {
    let (right, bottom) = (place.right(), place.bottom());
    vec![
        (place.x, place.y),
        (right, place.y),
        (right, bottom),
        (place.x, bottom),
    ]
}

/// The part of a convex polygon where a linear function is not negative.
fn clipped(polygon: &[Point], function: impl Fn(Point) -> f64) -> Vec<Point> {
    let mut kept = Vec::new();
    for (n, &point) in polygon.iter().enumerate() {
        let next = polygon[(n + 1) % polygon.len()];
        let (here, there) = (function(point), function(next));
        if here >= 0.0 {
            kept.push(point);
        }
        if here * there < 0.0 {
            let t = here / (here - there);
            let between = |from: f64, to: f64| from + t * (to - from);
            kept.push((between(point.0, next.0), between(point.1, next.1)));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Box = Box {
        x: 10.0,
        y: 20.0,
        width: 40.0,
        height: 100.0,
    };

    #[test]
    fn rows_with_the_same_cells_are_one_block() {
        let mut marked = Array2::default((9, 4));
        assert_eq!(blocks(&marked), []);
        marked.slice_mut(ndarray::s![2..5, ..]).fill(true);
        marked[(8, 0)] = true;
        marked[(8, 3)] = true;
        let block = |rows, columns| Block { rows, columns };
        let expected = [block(2..5, 0..4), block(8..9, 0..1), block(8..9, 3..4)];
        assert_eq!(blocks(&marked), expected);
    }

    #[test]
    fn diagonals_stay_in_their_cells_and_continue_one_another() {
        let area = |polygon: &Vec<Point>| {
            let twice: f64 = (0..polygon.len())
                .map(|n| (polygon[n], polygon[(n + 1) % polygon.len()]))
                .map(|(one, next)| one.0 * next.1 - next.0 * one.1)
                .sum();
            twice / 2.0
        };
        let hatched = |from: usize, to: usize| -> f64 {
            let top = edge(PLACE.y, PLACE.height, from, 410);
            let height = edge(PLACE.y, PLACE.height, to, 410) - top;
            let inside = Box {
                y: top,
                height,
                ..PLACE
            };
            let polygons = diagonals(inside, (PLACE.x, PLACE.y), DIAGONAL);
            for &(x, y) in polygons.iter().flatten() {
                assert!(x >= PLACE.x - 1e-9 && x <= PLACE.right() + 1e-9);
                assert!(y >= top - 1e-9 && y <= top + height + 1e-9);
            }
            polygons.iter().map(area).sum()
        };
        let parts: f64 = (0..410).map(|row| hatched(row, row + 1)).sum();
        assert!((parts - hatched(0, 410)).abs() < 1e-6);
        let share = parts / (PLACE.width * PLACE.height);
        assert!((share - DIAGONAL / SPACING).abs() < 0.01, "{share}");
    }

    #[test]
    fn a_single_row_of_many_has_a_mark_that_can_be_seen() {
        for row in [0, 600, 1228] {
            let mut marked = Array2::default((1229, 4));
            marked.row_mut(row).fill(true);
            let beside = shapes(&marked, PLACE).pop().unwrap().corners;
            assert!(beside[2].1 - beside[0].1 > BESIDE.1 - 1e-9);
            assert!(beside[0].0 > PLACE.right());
        }
    }
}
