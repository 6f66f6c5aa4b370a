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

/// Text with the subscripts of our symbols: ‖W‖_F, W_q and ΔW_q, d_out and d_in. All other
/// underscores stay.
pub(crate) fn symbols(text: &str) -> String {
    let escaped = escape(text);
    let (mut html, mut rest) = (String::new(), escaped.as_str());
    while let Some((before, after)) = rest.split_once('_') {
        let end = after.find(|one: char| !(one.is_alphanumeric() || one == '_'));
        let (low, others) = after.split_at(end.unwrap_or(after.len()));
        let (head, symbol) = match before.char_indices().next_back() {
            Some((place, _)) => before.split_at(place),
            None => ("", ""),
        };
        let is_alone = !head.ends_with(|one: char| one.is_alphanumeric() && one != 'Δ');
        let is_low = match symbol {
            "‖" => low == "F",
            "W" => is_alone && !low.is_empty(),
            "d" => is_alone && ["out", "in"].contains(&low),
            _ => false,
        };
        match is_low {
            true if symbol == "‖" => html += &format!("{before}<sub>{low}</sub>"),
            true => html += &format!("{head}<i>{symbol}</i><sub>{low}</sub>"),
            false => html += &format!("{before}_{low}"),
        }
        rest = others;
    }
    html + rest
}

/// A box for something that may be wide, reached by keyboard.
pub(crate) fn boxed(html: &str, what: &str) -> String {
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">{html}</div>\n",
        escape(what)
    )
}

/// A sentence beside a table.
pub(super) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", symbols(text.trim()))
}

/// A row of a table's body: its label is text, its cells are HTML.
pub(super) fn row(label: &str, cells: &[String]) -> String {
    let cells: String = cells
        .iter()
        .map(|cell| format!("<td class=\"number\">{}</td>", cell.trim()))
        .collect();
    let label = symbols(label.trim());
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
            let name = symbols(name.trim());
            format!("<th scope=\"col\" class=\"number\">{name}</th>")
        })
        .collect();
    let head = format!(
        "<tr><th scope=\"col\">{}</th>{columns}</tr>\n",
        symbols(corner.trim())
    );
    boxed(
        &format!("<table>\n<thead>{head}</thead>\n<tbody>{rows}</tbody>\n</table>"),
        "table",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_have_their_subscripts_and_names_keep_their_underscores() {
        assert_eq!(
            symbols("W_q, ΔW_v"),
            "<i>W</i><sub>q</sub>, Δ<i>W</i><sub>v</sub>"
        );
        assert_eq!(symbols("W_up_proj"), "<i>W</i><sub>up_proj</sub>");
        assert_eq!(
            symbols("‖W‖_F·r/√(d_out·d_in)"),
            "‖W‖<sub>F</sub>·r/√(<i>d</i><sub>out</sub>·<i>d</i><sub>in</sub>)"
        );
        assert_eq!(symbols("new_W_q a_b d_x _ W_"), "new_W_q a_b d_x _ W_");
        assert_eq!(symbols("W_<b>_F"), "W_&lt;b&gt;_F");
    }

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
