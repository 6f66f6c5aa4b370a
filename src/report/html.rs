//! Text into HTML: nothing that a file or a name says can become markup or script.

use std::fmt::Write;

use serde_json::Value;

use crate::figure::Text;
use crate::table::html::escape;

/// JSON for a `<script type="application/json">`, which ends at the first `</script` in it.
pub(super) fn in_script(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

/// A relative path as a link: everything but plain characters and slashes as `%XX`.
pub(super) fn href(path: &str) -> String {
    let mut encoded = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte))
            }
            // Writing to a String cannot fail.
            other => drop(write!(encoded, "%{other:02X}")),
        }
    }
    encoded
}

/// A picture as the address of itself, for a quoted attribute: what would end the attribute, the
/// address or be markup is `%XX`.
pub(super) fn data_of(svg: &str) -> String {
    let mut address = String::from("data:image/svg+xml,");
    for byte in svg.bytes() {
        match byte {
            b'%' | b'"' | b'\'' | b'<' | b'>' | b'&' | b'#' | 0..=31 | 127.. => {
                address += &format!("%{byte:02X}");
            }
            other => address.push(char::from(other)),
        }
    }
    address
}

/// Text with its italics and subscripts.
pub(super) fn rich(text: &Text) -> String {
    let mut html = String::new();
    for run in &text.0 {
        let mut piece = escape(&run.text);
        if run.italic {
            piece = format!("<i>{piece}</i>");
        }
        if run.subscript {
            piece = format!("<sub>{piece}</sub>");
        }
        html += &piece;
    }
    html
}

/// Prose with blank lines between its paragraphs.
pub(super) fn paragraphs(text: &str) -> String {
    let mut html = String::new();
    let mut paragraph = String::new();
    for line in text.lines().map(str::trim).chain([""]) {
        if !line.is_empty() {
            paragraph += if paragraph.is_empty() { "" } else { " " };
            paragraph += line;
        } else if !paragraph.is_empty() {
            html += &format!("<p>{}</p>\n", escape(&paragraph));
            paragraph.clear();
        }
    }
    html
}

/// A template with a value in place of each `{{name}}`; values are not searched for names.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled += before;
        let Some((name, after)) = after.split_once("}}") else {
            filled += "{{";
            rest = after;
            continue;
        };
        let value = values.iter().find(|(known, _)| *known == name);
        filled += value.map_or("", |(_, value)| value);
        rest = after;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_cannot_become_markup() {
        let text = Text::default().symbol("<W>").low_symbol("&");
        assert_eq!(rich(&text), "<i>&lt;W&gt;</i><sub><i>&amp;</i></sub>");
        assert_eq!(href("../a b/ü#?\".svg"), "../a%20b/%C3%BC%23%3F%22.svg");
    }

    #[test]
    fn data_cannot_end_its_script() {
        let value = json!({ "module": "</script><script>alert(1)</script><!--" });
        let text = in_script(&value);
        assert!(!text.contains('<'), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn prose_has_paragraphs() {
        assert_eq!(
            paragraphs("  one\ntwo \n\n\nthree & four"),
            "<p>one two</p>\n<p>three &amp; four</p>\n"
        );
        assert_eq!(paragraphs(" \n"), "");
    }

    #[test]
    fn values_are_filled_in_once() {
        let values = [("a", "{{b}}"), ("b", "no")];
        assert_eq!(fill("1 {{a}} 2 {{b}} {{", &values), "1 {{b}} 2 no {{");
    }
}
