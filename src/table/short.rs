//! Numbers as the cells of table 7 have them.

/// Sizes that are shown without an exponent.
const PLAIN: std::ops::Range<f64> = 1e-10..1e9;

/// Two decimals as the paper prints them, three significant digits below 1; an exponent where these are
/// too few digits or too many; a dash for missing.
pub(super) fn short(value: Option<f64>) -> String {
    match value {
        None => "–".into(),
        Some(value) if value != 0.0 && !PLAIN.contains(&value.abs()) => format!("{value:.2e}"),
        Some(value) if value.abs() >= 1.0 || value == 0.0 => format!("{value:.2}"),
        Some(value) => {
            let decimals = (2.0 - value.abs().log10().floor()).clamp(2.0, 12.0) as usize;
            format!("{value:.decimals$}")
        }
    }
}

/// A number with its spread, where that is known.
pub(super) fn spread(value: Option<f64>, sd: Option<f64>) -> String {
    match spread_alone(value, sd) {
        None => short(value),
        Some(sd) => format!("{} ± {sd}", short(value)),
    }
}

/// The spread of a number, to the digits of the number.
pub(super) fn spread_alone(value: Option<f64>, sd: Option<f64>) -> Option<String> {
    let number = short(value);
    if number.contains('e') || sd.is_some_and(|sd| sd >= PLAIN.end) {
        return sd.map(|sd| short(Some(sd)));
    }
    let decimals = number.split_once('.').map_or(0, |(_, digits)| digits.len());
    Some(format!("{:.decimals$}", sd?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_sizes_have_decimals_and_others_an_exponent() {
        let cases = [
            (Some(21.594), "21.59"),
            (Some(0.012345), "0.0123"),
            (Some(0.0), "0.00"),
            (Some(1.25e161), "1.25e161"),
            (Some(-2e-300), "-2.00e-300"),
            (None, "–"),
        ];
        for (value, expected) in cases {
            assert_eq!(short(value), expected);
        }
        assert_eq!(spread(Some(0.5), Some(0.25)), "0.500 ± 0.250");
        assert_eq!(spread(Some(0.0), Some(0.25)), "0.00 ± 0.25");
        assert_eq!(spread(Some(3e200), Some(1.5e199)), "3.00e200 ± 1.50e199");
        assert_eq!(spread(Some(2.0), Some(5e20)), "2.00 ± 5.00e20");
        assert_eq!(spread(Some(2.0), None), "2.00");
    }
}
