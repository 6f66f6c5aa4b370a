//! The notebook: the same figures and tables from the same files, in pandas and matplotlib.
//!
//! Its code is `notebook.py`, cell by cell; here is which cells a study takes, and the calls.
//!
//! # Decisions
//!
//! - The notebook's code is a Python file, and what a study adds are calls. Its tests run it, and
//!   hold what it rebuilds to the report's data, which came another way.
//! - Scores are made again in pandas, from `runs.csv`. What pandas cannot know stands there as
//!   literals: spellings of weight types, which metrics are better high, which runs a table
//!   shows.

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::figure::Palette;
use crate::measure::Basis;
use crate::paper::Show;
use crate::table::{RunGroup, RunsRow};

use super::cells::Cells;
use super::line_figures::RebuiltLines;
use super::python::{anchors, and_groups, better, names, number, spelt, text};

/// Everything that a notebook shows.
#[derive(Debug, Clone)]
pub struct Notebook<'a> {
    /// The study's name.
    pub study: &'a str,
    /// Its title; empty for its name.
    pub title: &'a str,
    /// Version of this crate.
    pub version: &'a str,
    /// Colours of the figures.
    pub palette: Palette,
    /// What the heat maps of overlaps show.
    pub show: Show,
    /// Figures of heat maps.
    pub figures: Vec<Rebuilt<'a>>,
    /// Figures of lines but the rank curve.
    pub lines: Vec<RebuiltLines<'a>>,
    /// Projections and groups of runs of table 7, where there is one.
    pub table7: Option<(&'a [String], &'a [RunGroup])>,
    /// What comes of runs, where there are some.
    pub runs: Option<RebuiltRuns<'a>>,
    /// CSV tables that are shown as they are.
    pub shown: Vec<String>,
    /// Whether there is an `overlap.npz`.
    pub every_grid: bool,
    /// What the columns of the tables mean, in Markdown.
    pub columns: &'a str,
}

/// Tables of runs and the rank curve, each with the names of the runs that it shows: `None` is all.
#[derive(Debug, Clone)]
pub struct RebuiltRuns<'a> {
    /// Rows of `runs.csv`.
    pub rows: &'a [RunsRow],
    /// Tables by name: `table5`.
    pub tables: Vec<(String, Option<Vec<String>>)>,
    /// The runs of the rank curve, where there is one.
    pub curve: Option<Option<Vec<String>>>,
}

/// A figure, and the rows that it shows.
#[derive(Debug, Clone)]
pub struct Rebuilt<'a> {
    /// Name of its pictures without their ending.
    pub name: &'a str,
    /// What its heading calls it.
    pub title: &'a str,
    /// The directions that are compared.
    pub basis: Basis,
    /// Layers of its panels.
    pub layers: &'a [Option<usize>],
    /// Projections of its panels.
    pub projections: &'a [String],
    /// What the figure compares.
    pub compared: Compared<'a>,
}

/// What a figure compares.
#[derive(Debug, Clone)]
pub enum Compared<'a> {
    /// Two ranks: figures 3 and 6.
    Ranks([&'a str; 2]),
    /// Two seeds, and in figure 4 the run that random directions stand beside: figures 4 and 7.
    Seeds([&'a str; 2], Option<&'a str>),
    /// Adapters against W: figure 8.
    Base(Vec<&'a str>),
}

impl Compared<'_> {
    /// The cell of `notebook.py` that draws it.
    fn function(&self) -> &'static str {
        match self {
            Compared::Ranks(_) => "ranks",
            Compared::Seeds(..) => "seeds",
            Compared::Base(_) => "base",
        }
    }
}

impl Notebook<'_> {
    /// The notebook in nbformat 4.5, without outputs.
    ///
    /// # Errors
    ///
    /// [`Error::Table`], which no notebook of this crate causes.
    pub fn json(&self) -> Result<Vec<u8>> {
        let notebook = json!({
            "cells": self.cells(),
            "metadata": {
                "kernelspec": {
                    "display_name": "Python 3", "language": "python", "name": "python3",
                },
                "language_info": { "name": "python" },
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        });
        let mut bytes = Vec::new();
        // One space, as Jupyter writes it: opening and saving changes no line.
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
        notebook
            .serialize(&mut serializer)
            .map_err(|error| Error::Table {
                what: format!("{}.ipynb", self.study),
                problem: error.to_string(),
                remedy: "please report this",
            })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn cells(&self) -> Vec<Value> {
        let named = if self.title.is_empty() {
            self.study
        } else {
            self.title
        };
        let anchors = anchors(self.palette);
        let excess = match self.show {
            Show::Overlap => "False",
            Show::Excess => "True",
        };
        let (heading, study) = (escaped(named), escaped(self.study));
        let rows = self.runs.as_ref().map_or(&[][..], |runs| runs.rows);
        let (spelt, better) = (spelt(rows), better(rows));
        let values = [
            ("title", heading.as_str()),
            ("study", study.as_str()),
            ("version", self.version),
            ("anchors", anchors.as_str()),
            ("excess", excess),
            ("spelt", spelt.as_str()),
            ("better", better.as_str()),
        ];
        let mut cells = Cells::with(&values);
        cells.take("title");
        cells.markdown(
            "columns",
            &format!("## The tables\n\n{}", self.columns.trim_end()),
        );
        cells.take("setup");
        self.of_figures(&mut cells);
        for figure in &self.lines {
            figure.add(&mut cells);
        }
        self.of_runs(&mut cells);
        self.of_table7(&mut cells);
        self.of_shown(&mut cells);
        if self.every_grid {
            cells.take("every-module");
            cells.take("every-module-cells");
        }
        cells.finish()
    }

    fn of_figures(&self, cells: &mut Cells) {
        if !self.figures.is_empty() {
            cells.take("colours");
            cells.take("grids");
        }
        for figure in &self.figures {
            cells.take(figure.compared.function());
            cells.markdown(
                &format!("{}-title", figure.name),
                &format!("## {}", figure.title),
            );
            cells.code(figure.name, &figure.call());
        }
    }

    /// The rank curve and the tables of runs.
    fn of_runs(&self, cells: &mut Cells) {
        let Some(runs) = &self.runs else {
            return;
        };
        let chosen =
            |chosen: &Option<Vec<String>>| chosen.as_deref().map(names).unwrap_or_default();
        if let Some(of_curve) = &runs.curve {
            cells.take("colours");
            cells.take("scores");
            cells.take("curve");
            cells.markdown("rank-curve-title", "## Rank curve");
            cells.code("rank-curve", &format!("rank_curve({})", chosen(of_curve)));
        }
        for (table, of_table) in &runs.tables {
            cells.take("scores");
            let number = table.trim_start_matches("table");
            cells.markdown(&format!("{table}-title"), &format!("## Table {number}"));
            rebuild(cells, table, &format!("{table}({})", chosen(of_table)));
        }
    }

    fn of_table7(&self, cells: &mut Cells) {
        let Some((projections, groups)) = self.table7 else {
            return;
        };
        cells.markdown("table7-title", "## Table 7");
        cells.take("amplification");
        let groups = and_groups(groups);
        let projections = names(projections);
        rebuild(cells, "table7", &format!("table7({projections}{groups})"));
    }

    /// The tables that are shown as they are.
    fn of_shown(&self, cells: &mut Cells) {
        for name in &self.shown {
            cells.markdown(&format!("{name}-title"), &format!("## {name}.csv"));
            rebuild(
                cells,
                name,
                &format!("read({})", text(&format!("{name}.csv"))),
            );
        }
    }
}

/// A cell that makes a table by a call, keeps it under its name and shows it.
fn rebuild(cells: &mut Cells, name: &str, call: &str) {
    let key = text(name);
    cells.code(name, &format!("rebuilt[{key}] = {call}\nrebuilt[{key}]"));
}

impl Rebuilt<'_> {
    fn call(&self) -> String {
        let start = format!(
            "{}({}, {}",
            self.compared.function(),
            text(self.name),
            text(self.basis.name())
        );
        let projections = names(self.projections);
        let layers: Vec<String> = self.layers.iter().map(|layer| number(*layer)).collect();
        let layers = format!("[{}]", layers.join(", "));
        let pair =
            |[first, second]: &[&str; 2]| format!("first={}, second={}", text(first), text(second));
        match &self.compared {
            Compared::Ranks(names) => format!(
                "{start}, {}, layers={layers}, projections={projections})",
                pair(names)
            ),
            Compared::Seeds(names, random) => {
                let random = match random {
                    None => String::new(),
                    Some(beside) if *beside == names[1] => ", random=True".into(),
                    Some(beside) => format!(", random={}", text(beside)),
                };
                format!(
                    "{start}, {}, layers={layers}, projections={projections}{random})",
                    pair(names)
                )
            }
            Compared::Base(adapters) => {
                let adapters: Vec<String> = adapters.iter().map(|name| text(name)).collect();
                let layer = number(self.layers.first().copied().flatten());
                let projection = self.projections.first().map_or("", String::as_str);
                format!(
                    "{start}, adapters=[{}], layer={layer}, projection={})",
                    adapters.join(", "),
                    text(projection)
                )
            }
        }
    }
}

/// A name or title as Markdown text: none of its characters is markup, and it is one line.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '$' | '~' | '!' => {
                escaped.extend(['\\', character]);
            }
            other if other.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_code() {
        let names = ["a\"b\\", "c\nd"];
        let layers = [None, Some(3)];
        let figure = Rebuilt {
            name: "figure4",
            title: "Figure 4",
            basis: Basis::A,
            layers: &layers,
            projections: &["q".to_string()],
            compared: Compared::Seeds(names, Some(names[1])),
        };
        assert_eq!(
            figure.call(),
            r#"seeds("figure4", "a", first="a\"b\\", second="c\nd", layers=[None, 3], projections=["q"], random=True)"#
        );
        let group = Rebuilt {
            compared: Compared::Seeds(["r64", "r64"], Some("r64-s1")),
            ..figure
        };
        assert!(group.call().ends_with(", random=\"r64-s1\")"));
    }

    #[test]
    fn titles_are_text() {
        assert_eq!(
            escaped("r8_seed0 *vs* <b>`x`</b>\n# $1$ [a](b)"),
            "r8\\_seed0 \\*vs\\* &lt;b&gt;\\`x\\`&lt;/b&gt; \\# \\$1\\$ \\[a\\](b)"
        );
    }

    #[test]
    fn a_notebook_has_the_cells_that_its_study_takes() {
        let notebook = Notebook {
            study: "s",
            title: "T",
            version: "0",
            palette: Palette::Rocket,
            show: Show::Overlap,
            figures: Vec::new(),
            lines: Vec::new(),
            table7: Some((&[], &[("r8".into(), vec!["r8-\"0".into(), "r8-1".into()])])),
            runs: None,
            shown: vec!["findings".into()],
            every_grid: false,
            columns: "",
        };
        let cells = notebook.cells();
        let ids: Vec<&str> = cells
            .iter()
            .map(|cell| cell["id"].as_str().unwrap())
            .collect();
        assert_eq!(
            ids,
            [
                "title",
                "columns",
                "setup",
                "table7-title",
                "amplification",
                "table7",
                "findings-title",
                "findings"
            ]
        );
        assert_eq!(cells[0]["source"][0], "# T\n");
        assert_eq!(
            cells[5]["source"][0],
            "rebuilt[\"table7\"] = table7([], [(\"r8\", [\"r8-\\\"0\", \"r8-1\"])])\n"
        );
    }
}
