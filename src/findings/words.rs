//! Numbers and names as sentences have them.

use crate::measure::Basis;

/// Three digits: `0.412`, `0.00206`, `21.6`, `343`; `below 0.0001` from there on.
pub(super) fn digits(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".into();
    }
    if size < 1e-4 {
        return if value > 0.0 {
            "below 0.0001"
        } else {
            "above −0.0001"
        }
        .into();
    }
    // Rounding may lift 9.996 to 10.0, which has a digit more before the point.
    let rounded: f64 = format!("{size:.2e}").parse().unwrap_or(size);
    let decimals = (2.0 - rounded.log10().floor()).max(0.0) as usize;
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}{size:.decimals$}")
}

/// [`digits`], or a dash.
pub(super) fn shown(value: Option<f64>) -> String {
    value.map_or("–".into(), digits)
}

/// A difference in three digits, four decimals at most; or a dash.
pub(super) fn signed(value: Option<f64>) -> String {
    match value {
        Some(value) if value.abs() < 1e-4 => "0.0000".into(),
        value => shown(value),
    }
}

/// A probability: never 0, whatever underflowed.
pub(super) fn probability(p: f64) -> String {
    digits(p.max(f64::MIN_POSITIVE))
}

/// `= 0.0312`, `below 0.0001`.
pub(super) fn equals(p: f64) -> String {
    match probability(p) {
        small if small.starts_with("below") => small,
        number => format!("= {number}"),
    }
}

/// `1 module`, `12 modules`.
pub(super) fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

/// Whose directions a basis is.
pub(super) fn of_basis(basis: &str) -> &'static str {
    match basis.parse() {
        Ok(Basis::A) => " of A's directions",
        Ok(Basis::B) => " of B's directions",
        Ok(Basis::DeltaRight) => " of ΔW's right directions",
        Ok(Basis::DeltaLeft) => " of ΔW's left directions",
        // Rows about W have none.
        Err(_) => "",
    }
}

/// What all names have in common up to their numbers: the name itself where there is one, else the
/// first with `r` for its numbers, as ranks differ between modules.
pub(super) fn common<'a>(mut names: impl Iterator<Item = &'a str>) -> String {
    let Some(first) = names.next() else {
        return String::new();
    };
    if names.all(|name| name == first) {
        return first.into();
    }
    let end = first
        .rfind(|c: char| c.is_ascii_digit())
        .map_or(first.len(), |place| place + 1);
    let start = first[..end]
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .len();
    let (before, number, after) = (&first[..start], &first[start..end], &first[end..]);
    if number.is_empty() {
        return first.into();
    }
    // φ(4,4) is φ(r,r): both numbers are one.
    let twice = before.strip_suffix(&format!("{number},"));
    match twice.filter(|head| !head.ends_with(|c: char| c.is_ascii_digit())) {
        Some(head) => format!("{head}r,r{after}"),
        None => format!("{before}r{after}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits() {
        let shown = [
            0.4123, 0.02083, 21.579, 342.6, 9.996, 1.0, 0.0, -0.5, 2e-9, 0.99999,
        ];
        let words = [
            "0.412",
            "0.0208",
            "21.6",
            "343",
            "10.0",
            "1.00",
            "0",
            "−0.500",
            "below 0.0001",
            "1.00",
        ];
        assert_eq!(shown.map(digits), words);
        assert_eq!(
            (equals(0.03125), equals(0.0)),
            ("= 0.0312".into(), "below 0.0001".into())
        );
    }

    #[test]
    fn names_of_several_ranks() {
        assert_eq!(common(["φ(1,8)", "φ(1,8)"].into_iter()), "φ(1,8)");
        assert_eq!(common(["φ(1,8)", "φ(1,6)"].into_iter()), "φ(1,r)");
        assert_eq!(common(["φ(4,4)", "φ(2,2)"].into_iter()), "φ(r,r)");
        assert_eq!(common(["φ(2…8,8)", "φ(2…4,4)"].into_iter()), "φ(2…r,r)");
        assert_eq!(
            common(["factor, r = 64", "factor, r = 8"].into_iter()),
            "factor, r = r"
        );
    }
}
