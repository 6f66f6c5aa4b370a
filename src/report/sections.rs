//! The parts of the page that are words and tables.

use std::ops::Range;

use crate::table::html::{boxed, escape, symbols};
use crate::table::{EvidenceRow, FindingRow, minus};

use super::html::{href, paragraphs};
use super::page::{AdapterFacts, Page};

/// The study's own words.
pub(super) fn prose(page: &Page) -> String {
    let parts = page.text.iter().map(|(heading, text)| {
        let text = paragraphs(text);
        if text.is_empty() {
            text
        } else {
            format!("<h2>{heading}</h2>\n{text}")
        }
    });
    parts.collect()
}

/// One claim after the other: verdict, sentence, and the evidence of each module.
pub(super) fn findings(page: &Page) -> String {
    let evidence = page.evidence_by_claim();
    let of = |finding: &FindingRow| evidence.get(finding.claim.as_str());
    if page.findings.is_empty() {
        return String::new();
    }
    let findings = page.findings.iter();
    let findings = findings.map(|row| finding(row, of(row).map_or(&[], Vec::as_slice)));
    paragraphs(page.findings_note) + &findings.collect::<String>()
}

fn finding(row: &FindingRow, evidence: &[&EvidenceRow]) -> String {
    // A sign and a word beside the colour: nobody has to see the colour.
    let (class, sign) = match row.verdict.as_str() {
        "holds" => ("holds", "✓"),
        "does not hold" => ("fails", "✗"),
        _ => ("open", "?"),
    };
    let details = if evidence.is_empty() {
        String::new()
    } else {
        format!(
            "<details><summary>Evidence: {} rows</summary>\n{}</details>\n",
            evidence.len(),
            evidence_table(evidence)
        )
    };
    format!(
        "<article class=\"finding\" id=\"finding-{}\">\n<h3>{}</h3>\n\
         <p><span class=\"badge {class}\"><span aria-hidden=\"true\">{sign}</span> {}</span> {}</p>\n\
         <details><summary>Sentence to cite</summary>\n<p>{}</p></details>\n\
         {details}</article>\n",
        escape(&row.claim),
        symbols(&row.statement),
        escape(&row.verdict),
        symbols(&row.says),
        symbols(&row.sentence),
    )
}

fn evidence_table(rows: &[&EvidenceRow]) -> String {
    let number = |value: Option<f64>| value.map_or("–".into(), short);
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.module.clone(),
                row.basis.clone(),
                row.first.clone(),
                row.second.clone(),
                row.statistic.clone(),
                row.runs.to_string(),
                number(row.value),
                number(row.chance),
                number(row.p),
                number(row.p_adjusted),
            ]
        })
        .collect();
    let header = [
        "module",
        "basis",
        "first",
        "second",
        "statistic",
        "runs",
        "value",
        "chance",
        "p",
        "p, adjusted",
    ];
    table(&header, &rows, 5..10)
}

/// What the colours and numbers mean.
pub(super) fn how_to_read(digits: usize) -> String {
    let precision = match digits {
        9 => "as in overlap.csv".to_string(),
        digits => format!("to {digits} digits; overlap.csv has nine"),
    };
    format!(
        "<p>φ(i,j) is the share of the smaller of two subspaces that lies in the larger one. It is 1 \
         when it is contained, and 0 when they are orthogonal. For random ones it is max(i,j)/d: the \
         strips along the edges, and the bracket over the colour bar. Point at a cell for its value \
         ({precision}), or move there with the arrow keys.</p>\n"
    )
}

/// The tables, and the files that hold them.
pub(super) fn tables(page: &Page) -> String {
    let tables = page.tables.iter();
    let shown: String = tables
        .map(|table| {
            let of_table = |file: &&String| file.split('.').next() == Some(table.name.as_str());
            let files: Vec<&String> = page.files.iter().filter(of_table).collect();
            format!(
                "<div class=\"table\" id=\"{}\">\n{}<p class=\"small\">{}</p>\n</div>\n",
                escape(&table.name),
                table.html,
                links(&files)
            )
        })
        .collect();
    shown
}

/// The frame of the map; `modules.js` fills it.
pub(super) fn modules(page: &Page) -> String {
    if page.modules.modules.is_empty() {
        String::new()
    } else {
        "<p>Each cell is a module. Choose what its colour shows, then choose a cell for that module's \
                  numbers. Numbers here have four digits; the files below have nine.</p>\n\
                  <div id=\"map\"><noscript>The map needs JavaScript; spectrum.csv, ranks.csv, \
                  amplification.csv and overlap.npz have its numbers.</noscript></div>\n"
            .into()
    }
}

/// Adapters, settings, input files, and the files beside the page.
pub(super) fn provenance(page: &Page) -> String {
    let provenance = page.provenance;
    let mut html = String::new();
    if !page.adapters.is_empty() {
        html += &format!("<h3>Adapters</h3>\n{}", adapters(&page.adapters));
    }
    if !page.left_out.is_empty() {
        let rows: Vec<Vec<String>> = page.left_out.iter().map(|one| one.to_vec()).collect();
        let rows = table(&["module", "cause"], &rows, 0..0);
        html += &format!("<h3>Modules that are left out</h3>\n{rows}");
    }
    let mut settings = vec![vec![
        "lora-subspace".to_string(),
        provenance.version.clone(),
    ]];
    let named = provenance.settings.iter();
    settings.extend(named.map(|(name, value)| vec![name.clone(), value.clone()]));
    html += &format!(
        "<h3>Settings</h3>\n{}",
        table(&["setting", "value"], &settings, 0..0)
    );
    let inputs = || provenance.inputs.iter().chain(&page.beside);
    if inputs().next().is_some() {
        let rows: Vec<Vec<String>> = inputs()
            .map(|input| vec![input.of.clone(), input.file.clone(), input.sha256.clone()])
            .collect();
        html += &format!(
            "<h3>Files that were read</h3>\n{}",
            table(&["of", "file", "SHA-256"], &rows, 0..0)
        );
    }
    if !page.files.is_empty() {
        let files: Vec<&String> = page.files.iter().collect();
        html += &format!(
            "<h3>Files beside this page</h3>\n<p>{}</p>\n",
            links(&files)
        );
    }
    html
}

fn adapters(adapters: &[AdapterFacts]) -> String {
    const TOLD: [&str; 3] = ["label", "task", "seed"];
    // A column that the study says nothing in is left out.
    let is_told = |place: usize| adapters.iter().any(|adapter| adapter.told[place].is_some());
    let rows: Vec<Vec<String>> = adapters
        .iter()
        .map(|adapter| {
            let told = (0..TOLD.len()).filter(|&place| is_told(place));
            let told = told.map(|place| adapter.told[place].clone().unwrap_or_default());
            let found = [
                adapter.rank.clone(),
                adapter.modules.to_string(),
                adapter.layout.clone(),
                adapter.scale_rule.clone(),
                adapter.notes.join("; "),
            ];
            let name = std::iter::once(adapter.name.clone());
            name.chain(told).chain(found).collect()
        })
        .collect();
    let told = (0..TOLD.len()).filter(|&place| is_told(place));
    let mut header = vec!["adapter"];
    header.extend(told.map(|place| TOLD[place]));
    let numbers = header.len()..header.len() + 2;
    header.extend(["rank", "modules", "layout", "scale", "notes"]);
    table(&header, &rows, numbers)
}

/// A table; `numbers` are the columns that hold numbers.
fn table(header: &[&str], rows: &[Vec<String>], numbers: Range<usize>) -> String {
    let class = |place: usize| {
        if numbers.contains(&place) {
            " class=\"number\""
        } else {
            ""
        }
    };
    let head: String = header
        .iter()
        .enumerate()
        .map(|(place, name)| format!("<th scope=\"col\"{}>{}</th>", class(place), symbols(name)))
        .collect();
    let body: String = rows
        .iter()
        .map(|row| {
            let cells = row.iter().enumerate().map(|(place, cell)| match place {
                0 => format!("<th scope=\"row\">{}</th>", symbols(cell)),
                _ => format!("<td{}>{}</td>", class(place), symbols(cell)),
            });
            format!("<tr>{}</tr>\n", cells.collect::<String>())
        })
        .collect();
    boxed(
        &format!("<table>\n<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody>\n</table>"),
        "table",
    )
}

fn links(files: &[&String]) -> String {
    let links = files
        .iter()
        .map(|file| format!("<a href=\"{}\">{}</a>", href(file), escape(file)));
    links.collect::<Vec<_>>().join(" · ")
}

/// Three significant digits, without an exponent where that is short.
fn short(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e5).contains(&size) {
        return minus(&format!("{value:.2e}"));
    }
    let whole = if size == 0.0 {
        0.0
    } else {
        size.log10().floor()
    };
    let places = (2.0 - whole).clamp(0.0, 6.0) as usize;
    minus(&format!("{value:.places$}"))
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 0.00260416667, 0.67, 1.0, 23.4175533, 1234.5, 2.5e-7];
        assert_eq!(
            shown.map(short),
            [
                "0.00",
                "0.00260",
                "0.670",
                "1.00",
                "23.4",
                "1234",
                "2.50e−7"
            ]
        );
    }
}
