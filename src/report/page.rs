//! What a page is made of.

use std::collections::BTreeMap;

use crate::figure::{Chart, Palette};
use crate::table::{EvidenceRow, FindingRow, Input, Provenance};

use super::modules::Modules;

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
    /// What a reader of the findings must know first.
    pub findings_note: &'a str,
    /// Rows of `evidence.csv`.
    pub evidence: &'a [EvidenceRow],
    /// The figures.
    pub figures: Vec<Figure<'a>>,
    /// Endings of the figures' files.
    pub formats: Vec<String>,
    /// The paper's tables, as far as the study gives them.
    pub tables: Vec<TableFile>,
    /// The map of modules.
    pub modules: Modules,
    /// The colours of cells.
    pub palette: Palette,
    /// The adapters.
    pub adapters: Vec<AdapterFacts>,
    /// Modules that are not measured: each with its cause.
    pub left_out: Vec<[String; 2]>,
    /// What all of it was made from.
    pub provenance: &'a Provenance,
    /// Files of the published figures that are shown beside.
    pub beside: Vec<Input>,
    /// Names of the files beside the page.
    pub files: Vec<String>,
}

/// A figure as the page shows it.
#[derive(Debug, Clone)]
pub struct Figure<'a> {
    /// Name of its pictures without their ending: `figure3-b`.
    pub name: &'a str,
    /// What headings call it: `Figure 3, basis b`.
    pub title: String,
    /// What the figure shows.
    pub content: Content<'a>,
    /// The same figure as it was published on other weights, and whose it is.
    pub published: Option<(&'a str, &'a Chart)>,
}

/// What a figure shows.
#[derive(Debug, Clone)]
pub enum Content<'a> {
    /// Heat maps, with a value on every cell.
    HeatMaps(&'a Chart),
    /// Anything else, as it was drawn.
    Picture {
        /// The words below it.
        caption: String,
        /// What it shows, for those who do not see it.
        description: String,
        /// The picture as SVG.
        svg: String,
        /// The same for a narrow screen; empty where there is none.
        narrow: String,
    },
}

/// A table in HTML, under the name that its files have: `table7`.
#[derive(Debug, Clone)]
pub struct TableFile {
    /// The name of its files without an ending.
    pub name: String,
    /// The table, and the sentences around it.
    pub html: String,
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
    /// Its rank, or the range of its modules' ranks.
    pub rank: String,
    /// How many modules it adapts.
    pub modules: usize,
    /// Where its scale comes from.
    pub scale_rule: String,
    /// What a reader of the results must know.
    pub notes: Vec<String>,
}

impl Page<'_> {
    /// Rows of evidence by claim.
    pub(super) fn evidence_by_claim(&self) -> BTreeMap<&str, Vec<&EvidenceRow>> {
        let mut by_claim: BTreeMap<&str, Vec<&EvidenceRow>> = BTreeMap::new();
        for row in self.evidence {
            by_claim.entry(&row.claim).or_default().push(row);
        }
        by_claim
    }
}
