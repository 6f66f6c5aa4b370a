//! Numbers as rows have them: nine significant digits, and nothing that is no number.

use serde::Serializer;
use serde::ser::Error;

/// `value` with nine significant digits.
///
/// ```
/// use lora_subspace::table::rows::round9;
/// assert_eq!(round9(0.123456789012), 0.123456789);
/// assert_eq!(round9(0.0), 0.0);
/// ```
pub fn round9(value: f64) -> f64 {
    round_to(value, 9)
}

/// `value` with so many significant digits.
pub fn round_to(value: f64, digits: usize) -> f64 {
    // Through decimal text: scaling by a power of ten would round twice.
    let places = digits.saturating_sub(1);
    format!("{value:.places$e}").parse().unwrap_or(value)
}

/// A field of nine digits; an infinity or NaN is an error. A form that nobody reads, such as that of a
/// part, has every digit.
pub(super) fn nine_digits<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if !serializer.is_human_readable() {
        return serializer.serialize_f64(*value);
    }
    match round9(*value) {
        value if value.is_finite() => serializer.serialize_f64(value),
        value => Err(S::Error::custom(value)),
    }
}

/// As [`nine_digits`]; a missing value is an empty field.
pub(super) fn nine_digits_or_empty<S: Serializer>(
    value: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) if !serializer.is_human_readable() => serializer.serialize_some(value),
        Some(value) => nine_digits(value, serializer),
        None => serializer.serialize_none(),
    }
}
