//! Texts that were given as weights.

/// So many bytes tell.
pub(super) const ENOUGH: usize = 64;
/// A shorter text may as well be what is left of something else.
const SHORTEST: usize = 12;

/// What a file is that begins with these bytes, where it is a text.
///
/// Weights have zeros in their first eight bytes, or a pickle's or a zip's first byte.
pub(super) fn kind(first: &[u8]) -> Option<&'static str> {
    let valid = match std::str::from_utf8(first) {
        Ok(text) => text,
        // A letter of several bytes that goes on beyond.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&first[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_plain = |c: char| !c.is_control() || "\n\r\t".contains(c);
    if valid.len() < SHORTEST || !valid.chars().all(is_plain) {
        return None;
    }
    Some(match valid.trim_start().chars().next() {
        Some('<') => "a web page: the address led to a page, perhaps because it asks for a login",
        Some('{' | '[') => "JSON",
        _ => "a text",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_told_from_weights() {
        let long = "ä".repeat(40);
        for (bytes, is) in [
            (&b"# An adapter of mine"[..], Some("a text")),
            (b"{\"peft_type\": \"LORA\"}", Some("JSON")),
            (&long.as_bytes()[..63], Some("a text")),
            (b"\x40\0\0\0\0\0\0\0{\"__metadata__\"", None),
            (b"no text\xff\xfe and no weights", None),
            (b"short", None),
            (b"", None),
        ] {
            assert_eq!(kind(bytes), is);
        }
        let page = kind(b"<!DOCTYPE html><html lang=\"en\">").unwrap();
        assert!(page.starts_with("a web page"), "{page}");
    }
}
