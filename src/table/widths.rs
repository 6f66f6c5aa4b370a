//! How much room a page has for tables.

use crate::paper::Venue;

/// What our estimates of a table's width are not sure of.
const SURE: f64 = 0.97;

/// Widths of a page in TeX's points, of which an inch has 72.27.
///
/// ```
/// use lora_subspace::paper::Venue;
/// use lora_subspace::table::Widths;
/// assert_eq!(Widths::from(Venue::Plain).text, 345.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Widths {
    /// Of a column.
    pub column: f64,
    /// Of all columns, with what is between them.
    pub text: f64,
}

impl From<Venue> for Widths {
    fn from(venue: Venue) -> Self {
        let [column, text] = venue.widths();
        Widths { column, text }
    }
}

/// Where a table stands, how large its type is relative to 10 pt, and how wide it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// `table`, or `table*` across both columns.
    pub(super) environment: &'static str,
    pub(super) size: &'static str,
    pub(super) factor: f64,
    pub(super) room: f64,
}

impl Place {
    /// The first place that takes a table: in a column, else across the text; each time at the
    /// largest size that fits, of those that the table allows. Where none does it is the last, and
    /// the table must be cut. A document of one column sets `table*` as it sets `table`. What is too
    /// little for both columns does not span.
    pub(super) fn of(
        page: Widths,
        may_span: bool,
        sizes: &[(&'static str, f64)],
        width: impl Fn(f64) -> f64,
    ) -> Self {
        let mut rooms = vec![("table", page.column)];
        if may_span && page.text > page.column {
            rooms.push(("table*", page.text));
        }
        let mut place = Place {
            environment: "table",
            size: "small",
            factor: 0.9,
            room: page.column * SURE,
        };
        for (environment, room) in rooms {
            for &(size, factor) in sizes {
                place = Place {
                    environment,
                    size,
                    factor,
                    room: room * SURE,
                };
                if width(factor) <= place.room {
                    return place;
                }
            }
        }
        place
    }

    /// Neighbours of so many that fit side by side, as few groups as can be and alike in number where
    /// that fits: `width` says how wide some are.
    pub(super) fn groups(
        &self,
        count: usize,
        width: impl Fn(std::ops::Range<usize>) -> f64,
    ) -> Vec<std::ops::Range<usize>> {
        let (mut groups, mut start) = (Vec::new(), 0);
        for end in 1..=count {
            if end - start > 1 && width(start..end) > self.room {
                groups.push(start..end - 1);
                start = end - 1;
            }
        }
        groups.push(start..count);
        let each = count.div_ceil(groups.len());
        let even: Vec<_> = (0..count)
            .step_by(each.max(1))
            .map(|start| start..(start + each).min(count))
            .collect();
        let fits = even.iter().all(|group| width(group.clone()) <= self.room);
        if fits { even } else { groups }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_a_column_if_it_can() {
        let sizes = [("small", 0.9), ("footnotesize", 0.8)];
        let icml = Widths::from(Venue::Icml);
        let place = |page, width: f64| {
            let place = Place::of(page, true, &sizes, |factor| factor * width);
            (place.environment, place.size)
        };
        assert_eq!(place(icml, 250.0), ("table", "small"));
        assert_eq!(place(icml, 270.0), ("table", "footnotesize"));
        assert_eq!(place(icml, 400.0), ("table*", "small"));
        assert_eq!(place(icml, 900.0), ("table*", "footnotesize"));
        let colm = Widths::from(Venue::Colm);
        assert_eq!(place(colm, 400.0), ("table", "small"));
        assert_eq!(
            place(Widths::from(Venue::Plain), 370.0),
            ("table*", "small")
        );
        let wide = Place::of(icml, true, &sizes, |factor| factor * 900.0);
        let groups = wide.groups(9, |of| of.len() as f64 * 80.0);
        assert_eq!(groups, [0..5, 5..9]);
        assert_eq!(wide.groups(7, |of| of.len() as f64 * 80.0), [0..4, 4..7]);
        let uneven = |of: std::ops::Range<usize>| if of.contains(&0) { 400.0 } else { 90.0 };
        assert!(matches!(wide.groups(3, uneven).as_slice(), [whole] if *whole == (0..3)));
        let one_row = Place::of(icml, false, &sizes, |factor| factor * 900.0);
        assert_eq!(one_row.environment, "table");
        assert!((one_row.room - 3.25 * 72.27 * SURE).abs() < 1e-9);
    }
}
