//! Tables as HTML: nothing that a file or a name says can become markup or script.

/// Text for an element or a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A box in which something wide scrolls, by keyboard too.
pub(crate) fn scrolling(html: &str, what: &str) -> String {
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">{html}</div>\n",
        escape(what)
    )
}

/// A sentence beside a table.
pub(super) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text.trim()))
}

/// A row of a table's body: its label is text, its cells are HTML.
pub(super) fn row(label: &str, cells: &[String]) -> String {
    let cells: String = cells
        .iter()
        .map(|cell| format!("<td class=\"number\">{}</td>", cell.trim()))
        .collect();
    let label = escape(label.trim());
    format!("<tr><th scope=\"row\">{label}</th>{cells}</tr>\n")
}

/// A table of numbers: what its rows are, the names of its columns, and its rows in HTML.
pub(super) fn table<'a>(
    corner: &str,
    columns: impl IntoIterator<Item = &'a str>,
    rows: &str,
) -> String {
    let columns: String = columns
        .into_iter()
        .map(|name| {
            let name = escape(name.trim());
            format!("<th scope=\"col\" class=\"number\">{name}</th>")
        })
        .collect();
    let head = format!(
        "<tr><th scope=\"col\">{}</th>{columns}</tr>\n",
        escape(corner.trim())
    );
    scrolling(
        &format!("<table>\n<thead>{head}</thead>\n<tbody>{rows}</tbody>\n</table>"),
        "table",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        assert_eq!(
            escape("<b a=\"1\" c='2'>&\u{1}"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;\u{fffd}"
        );
        let html = table("<a>", ["b"], &row("x|y", &["1".into()]));
        assert!(html.starts_with("<div class=\"scroll\""));
        assert!(
            html.contains("<th scope=\"col\">&lt;a&gt;</th><th scope=\"col\" class=\"number\">b")
        );
        assert!(html.contains("<th scope=\"row\">x|y</th><td class=\"number\">1</td>"));
    }
}
