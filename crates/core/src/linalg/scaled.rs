//! Numbers whose squares leave the range of f64.
//!
//! # Decisions
//!
//! - Powers of two alone scale, and only where plain arithmetic would lose something. Such a factor
//!   is exact, so that what is in range keeps every bit.
//! - Factors and matrices are scaled before they are decomposed, not each sum inside of it
//!   ([`eased`]). Grams, Cholesky factorisations and LAPACK then see numbers near 1.

use ndarray::{Array1, ArrayView2, CowArray, Ix2};

/// A largest entry between 2⁻¹⁰⁰ and 2¹⁰¹ is left as it is: sums of fourth powers are in range.
const EASY: i32 = 100;
/// A sum of squares that is one: what underflowed beside it is nothing to it.
const SUMS: std::ops::RangeInclusive<f64> = 1e-270..=f64::MAX;
/// The steps in which a number is scaled, so that each power of two is a number.
const STEP: i32 = 1000;

/// The largest |x|; NaN where one is, 0 of none.
pub(crate) fn largest<'a>(numbers: impl IntoIterator<Item = &'a f64>) -> f64 {
    f64::from_bits(numbers.into_iter().map(bits).fold(0, u64::max))
}

/// Bits of a number without its sign. They are in the order of the numbers; then infinity, then NaN.
fn bits(x: &f64) -> u64 {
    x.abs().to_bits()
}

/// The [`largest`] entry of a matrix.
pub(crate) fn largest_of(matrix: &ArrayView2<f64>) -> f64 {
    let Some(numbers) = matrix.as_slice_memory_order() else {
        return largest(matrix);
    };
    // Several side by side: one after the other, each would wait for the one before.
    let (groups, rest) = numbers.as_chunks::<8>();
    let (mut most, mut zero) = ([0.0; 8], [0.0; 8]);
    for group in groups {
        for ((most, zero), x) in most.iter_mut().zip(&mut zero).zip(group) {
            let x = x.abs();
            *most = if x > *most { x } else { *most };
            // It stays 0 while all are numbers.
            *zero += 0.0 * x;
        }
    }
    match zero.iter().sum::<f64>() == 0.0 {
        true => largest(most.iter().chain(rest)),
        false => largest(numbers),
    }
}

/// e of 2^e ≤ |x| < 2^(e+1); `None` of 0, infinity and NaN.
pub(crate) fn exponent(x: f64) -> Option<i32> {
    const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = x.abs().to_bits();
    match i32::try_from(bits >> FRACTION) {
        Ok(0) if bits == 0 => None,
        // Without the one in front: the highest bit tells.
        Ok(0) => Some(-1011 - bits.leading_zeros() as i32),
        Ok(biased) if biased < 2047 => Some(biased - 1023),
        _ => None,
    }
}

/// x·2^e: exact where the result is a normal number.
pub(crate) fn times_power(mut x: f64, mut e: i32) -> f64 {
    let power = |e: i32| f64::from_bits(((e + 1023) as u64) << (f64::MANTISSA_DIGITS - 1));
    while e.abs() > STEP {
        let step = e.clamp(-STEP, STEP);
        x *= power(step);
        e -= step;
    }
    x * power(e)
}

/// The exponent that has to be taken out of numbers with this [`largest`] one; 0 where squares of
/// squares are in range.
pub(crate) fn excess(largest: f64) -> i32 {
    exponent(largest).filter(|e| e.abs() > EASY).unwrap_or(0)
}

/// A matrix over 2^e, and e: its largest entry is near 1, or was in range before.
pub(crate) fn eased<'a>(
    matrix: ArrayView2<'a, f64>,
    largest: f64,
) -> (CowArray<'a, f64, Ix2>, i32) {
    match excess(largest) {
        0 => (matrix.into(), 0),
        e => (matrix.mapv(|x| times_power(x, -e)).into(), e),
    }
}

/// The root of a sum of squares: of `sum` where that is in range, else of what `scaled` makes of the
/// same numbers times 2^e.
pub(super) fn root(
    sum: f64,
    largest: impl FnOnce() -> f64,
    scaled: impl FnOnce(i32) -> f64,
) -> f64 {
    if SUMS.contains(&sum) {
        return sum.sqrt();
    }
    let largest = largest();
    match exponent(largest) {
        Some(e) => times_power(scaled(-e).sqrt(), e),
        None => largest,
    }
}

/// √Σx², wherever the numbers and the result are numbers of f64, although their squares are none.
///
/// ```
/// use lora_subspace_core::linalg::norm;
/// assert_eq!(norm(&[3.0, 4.0]), 5.0);
/// assert!((norm(&[3e200, 4e200]) / 5e200 - 1.0).abs() < 1e-15);
/// assert!((norm(&[3e-200, 4e-200]) / 5e-200 - 1.0).abs() < 1e-15);
/// assert!(norm(&[1.0, f64::NAN]).is_nan() && norm(&[f64::INFINITY]).is_infinite());
/// ```
pub fn norm<'a, Numbers>(numbers: Numbers) -> f64
where
    Numbers: IntoIterator<Item = &'a f64>,
    Numbers::IntoIter: Clone,
{
    let numbers = numbers.into_iter();
    let scaled = |e: i32| {
        let squares = numbers.clone().map(|&x| times_power(x, e)).map(|x| x * x);
        squares.sum()
    };
    let sum = numbers.clone().map(|x| x * x).sum();
    root(sum, || largest(numbers.clone()), scaled)
}

/// A positive factor m·2^e. It may lie beyond f64's range where what it multiplies does not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    mantissa: f64,
    exponent: i32,
}

impl Scale {
    /// |factor|·2^e.
    pub(crate) fn new(factor: f64, e: i32) -> Self {
        let own = exponent(factor).unwrap_or(0);
        Scale {
            mantissa: times_power(factor.abs(), -own),
            exponent: own + e,
        }
    }

    /// The product with a number; infinity or 0 where that is beyond f64's range.
    pub fn times(self, x: f64) -> f64 {
        times_power(x * self.mantissa, self.exponent)
    }

    /// The product with each of some numbers.
    pub fn times_all(self, numbers: &Array1<f64>) -> Array1<f64> {
        numbers.mapv(|x| self.times(x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn exponents_of_all_kinds_of_numbers() {
        for (x, expected) in [
            (1.0, Some(0)),
            (-1.999, Some(0)),
            (0.5, Some(-1)),
            (f64::MAX, Some(1023)),
            (f64::MIN_POSITIVE, Some(-1022)),
            (f64::MIN_POSITIVE / 2.0, Some(-1023)),
            (5e-324, Some(-1074)),
            (0.0, None),
            (f64::INFINITY, None),
            (f64::NAN, None),
        ] {
            assert_eq!(exponent(x), expected, "{x:e}");
        }
    }

    #[test]
    fn powers_are_exact_over_all_of_the_range() {
        for x in [1.0, 1.1, -f64::MAX, f64::MIN_POSITIVE, 5e-324] {
            let e = exponent(x).unwrap();
            let near_one = times_power(x, -e);
            assert!((1.0..2.0).contains(&near_one.abs()), "{x:e}");
            assert_eq!(times_power(near_one, e), x, "{x:e}");
        }
        assert_eq!(times_power(1.0, 1024), f64::INFINITY);
        assert_eq!(times_power(1.0, -2000), 0.0);
        assert_eq!(times_power(0.0, 5000), 0.0);
    }

    #[test]
    fn the_largest_is_infinity_before_any_number_and_nan_before_that() {
        assert_eq!(largest(&[]), 0.0);
        assert_eq!(largest(&[-0.0, -3.0, 2.0]), 3.0);
        assert_eq!(largest(&[1.0, f64::NEG_INFINITY]), f64::INFINITY);
        assert!(largest(&[f64::NAN, f64::INFINITY, 1.0]).is_nan());
        for place in 0..19 {
            let mut matrix = Array2::zeros((1, 19));
            matrix[(0, place)] = -2.0;
            assert_eq!(largest_of(&matrix.view()), 2.0);
            matrix[(0, 18 - place)] = f64::NAN;
            assert!(largest_of(&matrix.view()).is_nan());
        }
        let matrix = array![[1.0, -7.0], [2.0, 3.0]];
        assert_eq!(largest_of(&matrix.view().slice(ndarray::s![.., ..1])), 2.0);
    }

    #[test]
    fn a_norm_in_range_is_the_plain_sum() {
        let numbers: Vec<f64> = (1..50).map(|k| (k as f64).sin()).collect();
        let plain = numbers.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert_eq!(norm(&numbers), plain);
        for e in [-1000, -600, -140, 0, 140, 600, 1010] {
            let scaled: Vec<f64> = numbers.iter().map(|&x| times_power(x, e)).collect();
            assert_eq!(norm(&scaled), times_power(plain, e), "{e}");
        }
        assert_eq!(norm(&[0.0, -0.0]).to_bits(), 0);
        assert_eq!(norm(&[f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(norm(&[5e-324]), 5e-324);
    }

    #[test]
    fn only_what_is_out_of_range_is_eased() {
        let matrix = array![[1e200, 1.0], [0.0, -3e200]];
        let (near, e) = eased(matrix.view(), largest_of(&matrix.view()));
        assert_eq!((e, near.mapv(|x| times_power(x, e))), (665, matrix.clone()));
        assert!((1.0..2.0).contains(&largest_of(&near.view())));
        let ordinary = array![[1e30, 1e-30]];
        assert_eq!(eased(ordinary.view(), 1e30).1, 0);
        assert_eq!([excess(0.0), excess(f64::NAN), excess(1e-31)], [0, 0, -103]);
    }

    #[test]
    fn a_scale_beyond_the_range_multiplies_what_is_in_it() {
        let scale = Scale::new(-3.0, 2000);
        assert_eq!(scale.times(times_power(1.0, -1000)), times_power(3.0, 1000));
        assert_eq!(scale.times(1.0), f64::INFINITY);
        assert_eq!(Scale::new(0.0, 5).times(7.0), 0.0);
        assert_eq!(Scale::new(0.3, 0).times(0.7), 0.3 * 0.7);
    }
}
