//! Numbers that figures show: their ends, and how they are printed.

/// The least and the largest of some values; `None` of none.
pub(super) fn ends(values: impl IntoIterator<Item = f64>) -> Option<[f64; 2]> {
    let both = values.into_iter().map(|value| [value, value]);
    both.reduce(|[least, most], [value, _]| [least.min(value), most.max(value)])
}

/// Two significant digits: `0.012`, `2.1`, `23`, `4.1e-5`.
pub(super) fn two_digits(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    // Rounded first: 9.96 has as many places as 10.
    let rounded = format!("{value:.1e}");
    let (_, power) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    match power.parse::<i32>().unwrap_or(0) {
        power @ -3..=0 => format!("{value:.*}", (1 - power) as usize),
        1..=4 => format!("{value:.0}"),
        _ => rounded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_are_kept() {
        let cases = [
            (0.0, "0"),
            (0.0123, "0.012"),
            (0.996, "1.0"),
            (1.0, "1.0"),
            (2.07, "2.1"),
            (9.96, "10"),
            (22.8, "23"),
            (1234.0, "1234"),
            (4.1e-5, "4.1e-5"),
            (2.5e7, "2.5e7"),
        ];
        for (value, text) in cases {
            assert_eq!(two_digits(value), text, "{value}");
        }
    }
}
