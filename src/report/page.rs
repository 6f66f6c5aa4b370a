//! The page: what it is made of, and the order of its parts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::figure::Palette;
use crate::table::{EvidenceRow, FindingRow, Input, Provenance};

use super::figures::{self, Content, Figure};
use super::html::{escape, fill, in_script};
use super::modules::{self, Modules};
use super::sections;

const FRAME: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");
const SCRIPTS: [&str; 2] = [include_str!("report.js"), include_str!("modules.js")];

/// Everything that a report shows, in its order.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// The study's name.
    pub study: &'a str,
    /// Its title; empty for its name.
    pub title: &'a str,
    /// Headings and prose of the study; empty prose is left out.
    pub text: [(&'static str, &'a str); 4],
    /// Rows of `findings.csv`.
    pub findings: &'a [FindingRow],
    /// Rows of `evidence.csv`.
    pub evidence: &'a [EvidenceRow],
    /// The figures.
    pub figures: Vec<Figure<'a>>,
    /// Endings of the figures' files.
    pub formats: Vec<String>,
    /// Tables, as written in Markdown.
    pub tables: Vec<TableFile>,
    /// The map of modules.
    pub modules: Modules,
    /// The adapters.
    pub adapters: Vec<AdapterFacts>,
    /// What all of it was made from.
    pub provenance: &'a Provenance,
    /// Files of the published figures that are shown beside.
    pub beside: Vec<Input>,
    /// Names of the files beside the page.
    pub files: Vec<String>,
}

/// A table in Markdown, under the name that its files have: `table7`.
#[derive(Debug, Clone)]
pub struct TableFile {
    /// Name without ending.
    pub name: String,
    /// Text.
    pub markdown: String,
}

/// An adapter, in words.
#[derive(Debug, Clone)]
pub struct AdapterFacts {
    /// The study's name for it.
    pub name: String,
    /// What the study calls it in the report, what it was trained on, and with which seed, as far as
    /// the study says so.
    pub told: [Option<String>; 3],
    /// What its file is.
    pub layout: String,
    /// Its rank.
    pub rank: usize,
    /// How many modules it adapts.
    pub modules: usize,
    /// Where its scale comes from.
    pub scale_rule: String,
    /// What a reader of the results must know.
    pub notes: Vec<String>,
}

impl Page<'_> {
    /// The page as one file.
    pub fn html(&self) -> String {
        let parts: Vec<(&str, &str, String)> = [
            ("findings", "Findings", sections::findings(self)),
            ("figures", "Figures", self.figures_section()),
            ("tables", "Tables", sections::tables(self)),
            ("modules", "Modules", sections::modules(self)),
            (
                "provenance",
                "Settings and provenance",
                sections::provenance(self),
            ),
        ]
        .into_iter()
        .filter(|(_, _, html)| !html.is_empty())
        .collect();
        let links: String = parts
            .iter()
            .map(|(id, heading, _)| format!("<a href=\"#{id}\">{heading}</a>\n"))
            .collect();
        let body: String = parts
            .iter()
            .map(|(id, heading, html)| {
                format!("<section id=\"{id}\">\n<h2>{heading}</h2>\n{html}</section>\n")
            })
            .collect();
        let title = if self.title.is_empty() {
            self.study
        } else {
            self.title
        };
        fill(
            FRAME,
            &[
                ("title", &escape(title)),
                ("study", &escape(self.study)),
                ("version", &escape(&self.provenance.version)),
                ("style", STYLE),
                ("links", &links),
                ("text", &sections::prose(self)),
                ("body", &body),
                ("data", &in_script(&self.data())),
                ("script", &SCRIPTS.concat()),
            ],
        )
    }

    fn figures_section(&self) -> String {
        let shown = self.figures.iter().enumerate();
        let shown: String = shown
            .map(|(place, figure)| figures::section(figure, place, self.study, &self.formats))
            .collect();
        if shown.is_empty() {
            return shown;
        }
        let digits = figures::digits(&self.figures);
        sections::how_to_read(digits) + &shown
    }

    fn data(&self) -> Value {
        let digits = figures::digits(&self.figures);
        let figures: Vec<Value> = self
            .figures
            .iter()
            .map(|figure| figures::data(figure, digits))
            .collect();
        json!({
            "colours": colours(self.palette()),
            "figures": figures,
            "modules": modules::data(&self.modules),
        })
    }

    /// The figures' palette: one for all of a run.
    fn palette(&self) -> Palette {
        let mut palettes = self
            .figures
            .iter()
            .filter_map(|figure| match figure.content {
                Content::HeatMaps(chart) => Some(chart.palette),
                Content::Picture { .. } => None,
            });
        palettes.next().unwrap_or_default()
    }

    /// Rows of evidence by claim.
    pub(super) fn evidence_by_claim(&self) -> BTreeMap<&str, Vec<&EvidenceRow>> {
        let mut by_claim: BTreeMap<&str, Vec<&EvidenceRow>> = BTreeMap::new();
        for row in self.evidence {
            by_claim.entry(&row.claim).or_default().push(row);
        }
        by_claim
    }
}

/// All 256 colours, six hexadecimal digits each.
fn colours(palette: Palette) -> String {
    let colours = (0..=255).map(|level| palette.colour(level));
    colours
        .map(|[red, green, blue]| format!("{red:02x}{green:02x}{blue:02x}"))
        .collect()
}
