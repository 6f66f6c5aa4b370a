//! What many lines come to.

/// The median over lines wherever one has a point and all reach; between its own points a line is
/// straight over the logarithm of k/n.
pub(super) fn medians(lines: &[&[[f64; 2]]]) -> Vec<[f64; 2]> {
    let mut places: Vec<f64> = lines
        .iter()
        .flat_map(|line| line.iter().map(|point| point[0]))
        .collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let median_at = |x: f64| {
        let values: Option<Vec<f64>> = lines.iter().map(|line| value_at(line, x)).collect();
        Some([x, quantile(values?, 0.5)?])
    };
    places.into_iter().filter_map(median_at).collect()
}

fn value_at(line: &[[f64; 2]], x: f64) -> Option<f64> {
    let after = line.iter().position(|point| point[0] >= x)?;
    let [right, high] = line[after];
    if right == x {
        return Some(high);
    }
    let [left, low] = *line.get(after.checked_sub(1)?)?;
    let share = (x / left).ln() / (right / left).ln();
    Some(low + share * (high - low))
}

/// A quantile, between neighbours where it falls between them.
pub(super) fn quantile(mut values: Vec<f64>, at: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let place = at * (values.len().checked_sub(1)?) as f64;
    let (below, above) = (
        values[place.floor() as usize],
        values[place.ceil() as usize],
    );
    Some(below + place.fract() * (above - below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(quantile(vec![3.0, 1.0, 2.0], 0.5), Some(2.0));
        assert_eq!(quantile(vec![4.0, 1.0], 0.25), Some(1.75));
        assert_eq!(quantile(Vec::new(), 0.5), None);
    }

    #[test]
    fn lines_are_followed_between_their_points() {
        let one = [[0.01, 1.0], [1.0, 3.0]];
        let other = [[0.1, 4.0], [1.0, 5.0], [2.0, 9.0]];
        // At 0.1 the first is half way; before it the second is not known, and beyond 1 the first.
        let [[x, y], last] = medians(&[&one, &other])[..] else {
            panic!("two places")
        };
        assert!(x == 0.1 && (y - 3.0).abs() < 1e-12);
        assert_eq!(last, [1.0, 4.0]);
    }
}
