//! Numbers as the csv crate writes them, without a string for each.

use std::io::{self, Write};

use super::rounded::round9;

/// Significant digits.
const DIGITS: usize = 9;
/// Longest `{:.8e}` of a size below 1e290: digits, point, `e`, sign and three digits.
const LONGEST: usize = DIGITS + 6;
/// The first number of nine digits.
const FIRST: f64 = 1e8;
/// Powers of ten by their exponents, all of them exact.
const POWERS: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// Appends a whole number.
pub(super) fn push_count(out: &mut Vec<u8>, count: usize) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = count;
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends [`round9`] of a value, in the digits that the csv crate gives it.
///
/// That crate writes the shortest decimal which reads back as the same f64. Of a number with nine
/// digits that is the number itself without its trailing zeros, as any two decimals of at most 15
/// digits are two f64s.
pub(super) fn push_nine_digits(out: &mut Vec<u8>, value: f64) -> io::Result<()> {
    if !value.is_finite() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            value.to_string(),
        ));
    }
    if value == 0.0 {
        out.extend_from_slice(if value.is_sign_negative() {
            b"-0.0"
        } else {
            b"0.0"
        });
        return Ok(());
    }
    let size = value.abs();
    // Beyond these, f64s lie further apart, or are no numbers.
    if !(1e-290..1e290).contains(&size) {
        return push_by_csv(out, value);
    }
    if value < 0.0 {
        out.push(b'-');
    }
    let (digits, exponent) = match scaled(size) {
        Some(found) => found,
        None => formatted(size)?,
    };
    let zeros = digits.iter().rev().take_while(|&&digit| digit == b'0');
    lay_out(out, &digits[..DIGITS - zeros.count()], exponent);
    Ok(())
}

/// Nine digits d and the exponent of d.ddd·10^exponent by one multiplication, for sizes as overlaps
/// have them; `None` where it could round the wrong way.
fn scaled(size: f64) -> Option<([u8; DIGITS], i32)> {
    let in_range = |power: &f64| size * power >= FIRST;
    let place = POWERS.iter().position(in_range)?;
    // The power is exact, so the product is off by less than 1e-6: no matter but near a half.
    let product = size * POWERS[place];
    let whole = product.floor();
    let rest = product - whole;
    if product >= 10.0 * FIRST || (rest - 0.5).abs() < 1e-6 {
        return None;
    }
    let mut number = whole as u32 + u32::from(rest > 0.5);
    let mut exponent = 8 - place as i32;
    if f64::from(number) >= 10.0 * FIRST {
        number /= 10;
        exponent += 1;
    }
    let mut digits = [0; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    Some((digits, exponent))
}

/// The same by the standard library, which is exact.
fn formatted(size: f64) -> io::Result<([u8; DIGITS], i32)> {
    let mut text = [0; LONGEST];
    let mut rest = &mut text[..];
    write!(rest, "{size:.8e}")?;
    let length = LONGEST - rest.len();
    let mut digits = [text[0]; DIGITS];
    digits[1..].copy_from_slice(&text[2..DIGITS + 1]);
    Ok((digits, exponent(&text[DIGITS + 2..length])))
}

/// `-12` of `1.00000000e-12`.
fn exponent(text: &[u8]) -> i32 {
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        digits => (1, digits),
    };
    let value = |value: i32, digit: &u8| 10 * value + i32::from(digit - b'0');
    sign * digits.iter().fold(0, value)
}

/// d.ddd·10^exponent: a plain decimal near 1, else with an exponent.
fn lay_out(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    let point = exponent + 1;
    let zeros = |out: &mut Vec<u8>, count: usize| out.resize(out.len() + count, b'0');
    match usize::try_from(point) {
        Ok(point) if (digits.len()..=16).contains(&point) => {
            out.extend_from_slice(digits);
            zeros(out, point - digits.len());
            out.extend_from_slice(b".0");
        }
        Ok(point) if (1..=16).contains(&point) => {
            out.extend_from_slice(&digits[..point]);
            out.push(b'.');
            out.extend_from_slice(&digits[point..]);
        }
        _ if (-4..=0).contains(&point) => {
            out.extend_from_slice(b"0.");
            zeros(out, point.unsigned_abs() as usize);
            out.extend_from_slice(digits);
        }
        _ => {
            out.push(digits[0]);
            if digits.len() > 1 {
                out.push(b'.');
                out.extend_from_slice(&digits[1..]);
            }
            out.push(b'e');
            if exponent < 0 {
                out.push(b'-');
            }
            push_count(out, exponent.unsigned_abs() as usize);
        }
    }
}

/// The slow way, for numbers that hardly ever come.
fn push_by_csv(out: &mut Vec<u8>, value: f64) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.serialize(round9(value))?;
    let line = writer.into_inner().map_err(|error| error.into_error())?;
    out.extend_from_slice(line.trim_ascii_end());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees(value: f64) {
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        push_nine_digits(&mut fast, value).unwrap();
        push_by_csv(&mut slow, value).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        assert_eq!(text(fast), text(slow), "{value:e}");
    }

    #[test]
    fn the_digits_are_those_of_the_csv_crate() {
        let awkward = [
            0.0,
            1.0,
            10.0,
            1e-5,
            1e-17,
            0.1 + 0.2,
            1.0 / 3.0,
            0.9999999995,
            0.99999999949,
            9.9999999996e-6,
            99999999.96,
            999999999.6,
            123456789.5,
            1e15,
            1e16,
            1.5e16,
            1e17,
            2.0f64.powi(60),
            f64::MIN_POSITIVE,
            5e-324,
            2.5e-310,
            1e-290,
            1e290,
            f64::MAX,
        ];
        for value in awkward {
            agrees(value);
            agrees(-value);
        }
    }

    #[test]
    fn what_is_no_number_is_an_error() {
        for value in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let error = push_nine_digits(&mut Vec::new(), value).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert_eq!(error.to_string(), value.to_string());
        }
    }

    #[test]
    fn at_every_size() {
        for exponent in -300..300 {
            for number in 1..40 {
                let digits = f64::from(number * number * number) * 0.1234567891;
                agrees(digits * 10f64.powi(exponent));
                agrees(-f64::from(number) * 10f64.powi(exponent));
            }
        }
    }

    #[test]
    fn at_and_beside_halves() {
        for number in [100000000u32, 123456789, 999999998, 999999999] {
            for power in POWERS {
                let half = (f64::from(number) + 0.5) / power;
                agrees(half);
                agrees(half.next_up());
                agrees(half.next_down());
            }
        }
    }

    #[test]
    fn whole_numbers() {
        for count in [0, 7, 10, 4096, usize::MAX] {
            let mut out = Vec::new();
            push_count(&mut out, count);
            assert_eq!(out, count.to_string().into_bytes());
        }
    }
}
