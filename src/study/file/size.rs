//! Amounts of memory as people write them.

use super::bounds::MOST_MEMORY;

const UNITS: [(&str, u32); 4] = [("K", 1), ("M", 2), ("G", 3), ("T", 4)];

/// Bytes of `500M`, `4GB`, `1.5GiB` or `800000`: K, M, G and T are powers of 1000, with `iB` of
/// 1024.
///
/// ```
/// use lora_subspace::study::parse_size;
/// assert_eq!(parse_size("1.5GiB"), Ok(3 << 29));
/// assert_eq!(parse_size("500M"), parse_size("500MB"));
/// assert!(parse_size("much").is_err());
/// ```
///
/// # Errors
///
/// A sentence about what is wrong.
pub fn parse_size(text: &str) -> std::result::Result<u64, String> {
    let wrong = || format!("`{text}` is not a size such as 500M, 4GB or 1.5GiB");
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &text[..text.len() - unit.len()];
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let unit = unit.trim().to_ascii_uppercase();
    let factor = if unit.is_empty() || unit == "B" {
        1.0
    } else {
        let named = UNITS.iter().find_map(|(letter, power)| {
            let base = match unit.strip_prefix(letter)? {
                "" | "B" => 1000f64,
                "IB" => 1024.0,
                _ => return None,
            };
            Some(base.powi(*power as i32))
        });
        named.ok_or_else(wrong)?
    };
    let bytes = number * factor;
    match bytes {
        // Half a byte is none.
        _ if bytes.is_nan() || bytes < 1.0 => Err(wrong()),
        _ if bytes > MOST_MEMORY as f64 => {
            let most = human_size(MOST_MEMORY);
            Err(format!(
                "`{text}` is more than {most}, which no machine has"
            ))
        }
        _ => Ok(bytes as u64),
    }
}

/// `3.2 GB`, rounded up, so that it can be given to `--memory`.
///
/// ```
/// assert_eq!(lora_subspace::study::human_size(3_140_000_000), "3.2 GB");
/// ```
pub fn human_size(bytes: u64) -> String {
    let unit = UNITS
        .iter()
        .rev()
        .map(|(letter, power)| (letter, 1000u64.pow(*power)))
        .find(|(_, size)| bytes >= *size);
    match unit {
        None => format!("{bytes} bytes"),
        Some((letter, size)) => {
            let tenths = (u128::from(bytes) * 10).div_ceil(size.into());
            format!("{}.{} {letter}B", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_write_them() {
        for (text, bytes) in [
            ("800", 800),
            ("800b", 800),
            ("500M", 500_000_000),
            ("800MB", 800_000_000),
            ("4g", 4_000_000_000),
            ("1.5GiB", 3 << 29),
            ("2 KiB", 2048),
            ("1T", 1_000_000_000_000),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "G",
            "-1G",
            "4X",
            "4GBs",
            "1.2.3M",
            "1e9",
            "0",
            "0.1",
            "nan",
            "inf",
            "99999999T",
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_printed_size_is_enough_and_can_be_given_back() {
        for bytes in [1, 999, 1000, 1001, 123_456_789, 999_999_999, 5 << 40] {
            let text = human_size(bytes).replace(" bytes", "");
            assert!(parse_size(&text).unwrap() >= bytes, "{text}");
        }
    }
}
