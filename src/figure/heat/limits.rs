//! Cells of which only a bound is known, in words.

use crate::table::Limit;
use crate::table::rows::round_to;

/// Why cells are marked that are bounds: `only φ ≤ 0.0905 is known`; nothing for none.
pub(super) fn known_so_far(mut bounds: impl Iterator<Item = (f64, Limit)>) -> String {
    let Some((value, limit)) = bounds.next() else {
        return String::new();
    };
    let sign = match limit {
        Limit::Below => "≤",
        Limit::Above => "≥",
    };
    match bounds.all(|other| other == (value, limit)) {
        true => format!("only φ {sign} {} is known", round_to(value, 3)),
        false => "only a bound of φ is known".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bound_is_told_and_several_are_not() {
        let words = |bounds: &[(f64, Limit)]| known_so_far(bounds.iter().copied());
        let darkest = (0.09046, Limit::Below);
        assert_eq!(words(&[darkest, darkest]), "only φ ≤ 0.0905 is known");
        assert_eq!(words(&[(0.5, Limit::Above)]), "only φ ≥ 0.5 is known");
        assert_eq!(
            words(&[darkest, (0.2, Limit::Below)]),
            "only a bound of φ is known"
        );
        assert_eq!(words(&[]), "");
    }
}
