//! The page as one file: the order of its parts, and the data that its scripts draw.

use serde_json::{Value, json};

use crate::table::html::escape;

use super::figures;
use super::html::{fill, in_script};
use super::modules;
use super::page::Page;
use super::sections;

const FRAME: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");
const SCRIPTS: [&str; 2] = [include_str!("report.js"), include_str!("modules.js")];

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
        let (digits, palette) = (figures::digits(&self.figures), self.palette);
        let figures: Vec<Value> = self
            .figures
            .iter()
            .map(|figure| figures::data(figure, digits))
            .collect();
        json!({
            "colours": figures::hexadecimal((0..=255).map(|level| palette.colour(level))),
            "figures": figures,
            "modules": modules::data(&self.modules),
        })
    }
}
