//! The Markdown that our tables are written in (paragraphs, pipe tables, bold) as HTML.

use super::html::escape;

/// Paragraphs and pipe tables; a line that starts with `|` is a table's.
pub(super) fn to_html(markdown: &str) -> String {
    let mut html = String::new();
    let mut table: Vec<&str> = Vec::new();
    for line in markdown.lines().map(str::trim).chain([""]) {
        if line.starts_with('|') {
            table.push(line);
            continue;
        }
        if !table.is_empty() {
            html += &table_html(&table);
            table.clear();
        }
        match line.trim_start_matches('#').trim() {
            "" => {}
            text => html += &format!("<p>{}</p>\n", inline(text)),
        }
    }
    html
}

/// Text whose `**pairs**` are bold, and in which a backslash takes a sign as it is.
fn inline(text: &str) -> String {
    let (mut html, mut bold, mut rest) = (String::new(), false, text);
    while let Some(character) = rest.chars().next() {
        let (piece, after) = rest.split_at(character.len_utf8());
        let escaped = after.chars().next().filter(|next| "\\|*`".contains(*next));
        rest = after;
        if let ('\\', Some(next)) = (character, escaped) {
            html += &escape(&next.to_string());
            rest = &after[1..];
        } else if character == '*' && after.starts_with('*') && (bold || after[1..].contains("**"))
        {
            html += if bold { "</strong>" } else { "<strong>" };
            bold = !bold;
            rest = &after[1..];
        } else {
            html += &escape(piece);
        }
    }
    html
}

/// A pipe table: the first line is its header, the second says how columns are aligned.
fn table_html(lines: &[&str]) -> String {
    let rule = lines.get(1).filter(is_rule);
    let right: Vec<bool> = rule.map_or(Vec::new(), |rule| {
        let cells = cells(rule);
        cells.iter().map(|cell| cell.ends_with(':')).collect()
    });
    let row = |line: &str, tag: &str| -> String {
        let cells = cells(line);
        let cells = cells.iter().enumerate().map(|(place, cell)| {
            let class = match right.get(place) {
                Some(true) => " class=\"number\"",
                _ => "",
            };
            // The first cell of a row is what the row is about.
            match (tag, place) {
                ("th", _) => format!("<th scope=\"col\"{class}>{}</th>", inline(cell)),
                (_, 0) => format!("<th scope=\"row\">{}</th>", inline(cell)),
                _ => format!("<td{class}>{}</td>", inline(cell)),
            }
        });
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let body = lines.iter().skip(1 + usize::from(rule.is_some()));
    let body: String = body.map(|line| row(line, "td")).collect();
    let head = lines.first().map_or(String::new(), |line| row(line, "th"));
    scrolling(
        &format!("<table>\n<thead>{head}</thead>\n<tbody>{body}</tbody>\n</table>"),
        "table",
    )
}

/// A box in which something wide scrolls, by keyboard too.
pub(super) fn scrolling(html: &str, what: &str) -> String {
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">{html}</div>\n",
        escape(what)
    )
}

fn is_rule(line: &&&str) -> bool {
    line.chars().all(|c| "|:- ".contains(c))
}

/// The cells of a line; `\|` is a bar inside one.
fn cells(line: &str) -> Vec<String> {
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = line.strip_suffix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for character in line.chars() {
        match cells.last_mut() {
            Some(cell) if escaped || character != '|' => cell.push(character),
            _ => cells.push(String::new()),
        }
        escaped = character == '\\' && !escaped;
    }
    cells.iter().map(|cell| cell.trim().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_headers_alignment_and_escapes() {
        let html = to_html("# Table <7>\n\n| a | b |\n|:--|--:|\n| x\\|y | 1 < 2 |\n\nend\n");
        assert!(html.starts_with("<p>Table &lt;7&gt;</p>\n<div class=\"scroll\""));
        assert!(html.contains("<th scope=\"col\">a</th><th scope=\"col\" class=\"number\">b</th>"));
        assert!(html.contains("<th scope=\"row\">x|y</th><td class=\"number\">1 &lt; 2</td>"));
        assert!(!html.contains("--"));
        assert!(html.ends_with("<p>end</p>\n"));
    }

    #[test]
    fn pairs_of_stars_are_bold() {
        assert_eq!(inline("**<1>** ± 2"), "<strong>&lt;1&gt;</strong> ± 2");
        assert_eq!(inline("a ** b"), "a ** b");
        assert_eq!(inline("a **b** c **"), "a <strong>b</strong> c **");
        assert_eq!(inline("\\*\\*a\\*\\* \\\\ \\` \\x"), "**a** \\ ` \\x");
    }

    #[test]
    fn a_table_without_a_rule_has_its_rows() {
        assert_eq!(to_html("|a|\n|b|").matches("<tr>").count(), 2);
        assert_eq!(to_html(""), "");
    }
}
