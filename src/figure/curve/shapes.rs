//! Shapes of marks, and strokes of lines.

pub(super) type Point = (f64, f64);

/// The shape of a line's marks: circle, square, triangle, diamond, triangle downward, plus, cross,
/// then stars.
pub(super) fn mark(line: usize) -> Vec<Point> {
    match line {
        0 => polygon(24, 0.0),
        1 => polygon(4, 45.0),
        2 => polygon(3, 90.0),
        3 => polygon(4, 0.0),
        4 => polygon(3, -90.0),
        5 => plus(0.0),
        6 => plus(45.0),
        more => star(more - 2),
    }
}

/// The corners of a regular polygon, the first at an angle in degrees, as large to the eye as a
/// circle of radius one.
pub(super) fn polygon(corners: usize, first: f64) -> Vec<Point> {
    let radius = match corners {
        3 => 1.3,
        4 => 1.2,
        _ => 1.0,
    };
    let corner = |n: usize| {
        let angle = first.to_radians() + n as f64 / corners as f64 * std::f64::consts::TAU;
        (radius * angle.cos(), -radius * angle.sin())
    };
    (0..corners).map(corner).collect()
}

/// A plus, turned by an angle in degrees.
fn plus(angle: f64) -> Vec<Point> {
    let (sin, cos) = angle.to_radians().sin_cos();
    let (wide, long) = (0.4, 1.2);
    let arm = [(wide, wide), (wide, long), (-wide, long)];
    // An arm and the corner beside it, four times a quarter further.
    let turned = |quarter: i32, (x, y): Point| match quarter {
        0 => (x, y),
        1 => (-y, x),
        2 => (-x, -y),
        _ => (y, -x),
    };
    (0..4)
        .flat_map(|quarter| arm.map(|corner| turned(quarter, corner)))
        .map(|(x, y)| (x * cos - y * sin, x * sin + y * cos))
        .collect()
}

fn star(points: usize) -> Vec<Point> {
    let corner = |n: usize| {
        let angle = (n as f64 / points as f64 + 0.5) * std::f64::consts::PI;
        let radius = if n.is_multiple_of(2) { 1.4 } else { 0.6 };
        (radius * angle.cos(), -radius * angle.sin())
    };
    (0..2 * points).map(corner).collect()
}

/// The strokes of a line through points; dashes go on around corners.
pub(super) fn dashed(points: &[Point], dashes: &[f64]) -> Vec<(Point, Point)> {
    let segments = points.windows(2).map(|pair| (pair[0], pair[1]));
    if dashes.is_empty() {
        return segments.collect();
    }
    let mut strokes = Vec::new();
    let (mut place, mut left) = (0, dashes[0]);
    for (from, to) in segments {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let at = |way: f64| {
            let share = way / length;
            (
                from.0 + share * (to.0 - from.0),
                from.1 + share * (to.1 - from.1),
            )
        };
        let mut way = 0.0;
        while way < length {
            let end = (way + left).min(length);
            if place % 2 == 0 {
                strokes.push((at(way), at(end)));
            }
            left -= end - way;
            if left <= 1e-9 {
                place = (place + 1) % dashes.len();
                left = dashes[place];
            }
            way = end;
        }
    }
    strokes
}

/// The parts of a line that are not below a height.
pub(super) fn above(points: &[Point], bottom: f64) -> Vec<Vec<Point>> {
    let is_above = |point: &Point| point.1 <= bottom;
    let crossing =
        |(x0, y0): Point, (x1, y1): Point| (x0 + (bottom - y0) / (y1 - y0) * (x1 - x0), bottom);
    let mut parts: Vec<Vec<Point>> = Vec::new();
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        match (is_above(&from), is_above(&to), parts.last_mut()) {
            (true, true, Some(part)) if part.last() == Some(&from) => part.push(to),
            (true, true, _) => parts.push(vec![from, to]),
            (true, false, Some(part)) if part.last() == Some(&from) => {
                part.push(crossing(from, to))
            }
            (true, false, _) => parts.push(vec![from, crossing(from, to)]),
            (false, true, _) => parts.push(vec![crossing(from, to), to]),
            (false, false, _) => {}
        }
    }
    parts
}

/// The outline of a line of some width through points, with corners of at most twice the width.
pub(super) fn ribbon(points: &[Point], width: f64) -> Vec<Point> {
    let mut points = points.to_vec();
    points.dedup();
    let directions: Vec<Point> = points
        .windows(2)
        .map(|pair| {
            let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
            let length = dx.hypot(dy);
            (dx / length, dy / length)
        })
        .collect();
    let offset = |at: usize| {
        let before = directions.get(at.wrapping_sub(1)).or(directions.get(at))?;
        let after = directions.get(at).unwrap_or(before);
        let (sum, other) = (before.0 + after.0, before.1 + after.1);
        let square = (sum * sum + other * other).max(1.0);
        // Along the bisector, so that both edges keep their distance.
        let long = width / square;
        Some((-other * long, sum * long))
    };
    let moved = |sign: f64| {
        let points = points.iter().enumerate();
        let moved = points.filter_map(move |(at, point)| {
            let (dx, dy) = offset(at)?;
            Some((point.0 + sign * dx, point.1 + sign * dy))
        });
        moved.collect::<Vec<_>>()
    };
    let (there, mut back) = (moved(1.0), moved(-1.0));
    back.reverse();
    [there, back].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_their_share_and_turn_corners() {
        let points = [(0.0, 0.0), (30.0, 0.0), (30.0, 30.0)];
        let strokes = dashed(&points, &[4.0, 2.0]);
        let length = |(from, to): &(Point, Point)| (to.0 - from.0).hypot(to.1 - from.1);
        let drawn: f64 = strokes.iter().map(length).sum();
        assert!((drawn - 40.0).abs() < 1e-9, "{drawn} of 60");
        assert_eq!(dashed(&points, &[]).len(), 2);
        assert!(dashed(&points[..1], &[1.0, 1.0]).is_empty());
        assert!(dashed(&[(1.0, 1.0), (1.0, 1.0)], &[1.0, 1.0]).is_empty());
    }

    #[test]
    fn marks_are_about_as_large() {
        for line in 0..8 {
            let shape = mark(line);
            let twice: f64 = (0..shape.len())
                .map(|n| (shape[n], shape[(n + 1) % shape.len()]))
                .map(|(one, next)| one.0 * next.1 - next.0 * one.1)
                .sum();
            let area = twice.abs() / 2.0;
            assert!((1.5..3.5).contains(&area), "{line}: {area}");
        }
    }

    #[test]
    fn a_ribbon_is_as_wide_as_it_says() {
        let straight = ribbon(&[(0.0, 0.0), (4.0, 0.0), (10.0, 0.0)], 2.0);
        let expected = [
            (0.0, 1.0),
            (4.0, 1.0),
            (10.0, 1.0),
            (10.0, -1.0),
            (4.0, -1.0),
            (0.0, -1.0),
        ];
        assert_eq!(straight, expected);
        // At a right angle the outer corner is as far out on both sides.
        let corner = ribbon(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], 2.0);
        assert!((corner[1].0 - 9.0).abs() < 1e-12 && (corner[1].1 - 1.0).abs() < 1e-12);
        assert!(ribbon(&[(1.0, 1.0)], 2.0).is_empty());
    }

    #[test]
    fn a_line_is_cut_where_it_leaves_a_panel() {
        // Heights grow downward.
        let line = [(0.0, 5.0), (1.0, 1.0), (2.0, 2.0), (3.0, 6.0), (4.0, 4.0)];
        let parts = above(&line, 4.0);
        let expected = [
            vec![(0.25, 4.0), (1.0, 1.0), (2.0, 2.0), (2.5, 4.0)],
            vec![(4.0, 4.0), (4.0, 4.0)],
        ];
        assert_eq!(parts, expected);
        assert_eq!(above(&line[1..3], 4.0), [line[1..3].to_vec()]);
        assert!(above(&line, 0.0).is_empty());
    }
}
