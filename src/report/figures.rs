//! Figures in the page: words and links as HTML, panels as data that `report.js` draws.
//!
//! # Decisions
//!
//! - The page has the tables' digits. Up to 200,000 cells it embeds all nine (0.8 MB for the
//!   built-in study). Beyond that it embeds four, and says so.
//! - Panels are canvases drawn from that data. SVG would be five times as large, and could say no
//!   value.
//! - A figure and the published one beside it have one scale, over what both show. Equal colours
//!   are so equal φ. The pictures stand alone and keep their own.

use serde_json::{Value, json};

use crate::figure::{Axis, Bar, Chart, Panel, Text};
use crate::paper::Show;
use crate::table::html::{escape, symbols};
use crate::table::rows::round_to;

use super::html::{data_of, href, rich};
use super::page::{Content, Figure};

/// Up to so many cells all nine digits of the tables are in the page; beyond, four, so that it
/// stays quick to open.
const CELLS_IN_FULL: usize = 200_000;

/// Significant digits of the cells in a page.
pub(super) fn digits(figures: &[Figure]) -> usize {
    let charts = figures.iter().filter_map(chart);
    let panels = charts.flat_map(|chart| chart.panels.iter().flatten());
    match panels.map(|panel| panel.cells.len()).sum::<usize>() {
        cells if cells <= CELLS_IN_FULL => 9,
        _ => 4,
    }
}

fn chart<'a>(figure: &Figure<'a>) -> Option<&'a Chart> {
    match figure.content {
        Content::HeatMaps(chart) => Some(chart),
        Content::Picture { .. } => None,
    }
}

/// One figure: `place` is its place in the data.
pub(super) fn section(figure: &Figure, place: usize, study: &str, formats: &[String]) -> String {
    let title = figure.title.as_str();
    let picture = |format: &str| href(&format!("../../figures/{study}/{}.{format}", figure.name));
    let links = formats.iter().map(|format| {
        let name = format.to_uppercase();
        format!(
            "<a href=\"{}\" aria-label=\"{} as {name}\">{name}</a>",
            picture(format),
            escape(title)
        )
    });
    let links: Vec<String> = links.collect();
    let without = formats.first().map(|format| picture(format));
    let (shown, caption) = shown(figure, place, title, without);
    // In a frame of its own, so that each caption stands below its own panels.
    let beside = match figure.published {
        Some((whose, _)) => format!(
            "<figure class=\"published\" data-figure=\"{place}\" aria-label=\"{}, {}\"></figure>\n",
            escape(title),
            escape(whose)
        ),
        None => String::new(),
    };
    format!(
        "<figure id=\"{}\">\n<h3>{}</h3>\n{shown}\n<figcaption>{caption} <span class=\"links\">{}</span></figcaption>\n</figure>\n{beside}",
        escape(figure.name),
        escape(title),
        links.join(" ")
    )
}

/// What a figure shows and its caption; `without` is a picture for those without scripts.
fn shown(figure: &Figure, place: usize, title: &str, without: Option<String>) -> (String, String) {
    match &figure.content {
        Content::HeatMaps(chart) => {
            let footer = chart.footer.iter().map(|line| symbols(line));
            let heading = rich(&chart.heading);
            let heading = (!heading.is_empty()).then(|| format!("{heading}."));
            let words: Vec<String> = heading.into_iter().chain(footer).collect();
            let without = without.map_or(String::new(), |picture| {
                let alt = escape(title);
                format!("<noscript><img src=\"{picture}\" alt=\"{alt}\"></noscript>")
            });
            let maps = format!("<div class=\"heatmaps\" data-figure=\"{place}\"></div>{without}");
            (maps, words.join(" "))
        }
        Content::Picture {
            caption,
            description,
            svg,
            narrow,
        } => {
            let of = |svg: &str, class: &str| {
                let source = data_of(svg);
                let width = width(svg).map_or(String::new(), |inches| {
                    format!(" style=\"width: {:.2}in\"", inches * ENLARGED)
                });
                let alt = escape(description);
                format!("<img class=\"picture{class}\"{width} src=\"{source}\" alt=\"{alt}\">")
            };
            let images = match narrow.is_empty() {
                true => of(svg, ""),
                false => of(svg, " wide") + &of(narrow, " narrow"),
            };
            (
                format!("<div class=\"card\">{images}</div>"),
                symbols(caption),
            )
        }
    }
}

/// A picture is shown larger than it is printed: small type is harder to read on a screen.
const ENLARGED: f64 = 1.25;

/// Width of an SVG that gives it in inches.
fn width(svg: &str) -> Option<f64> {
    let (_, rest) = svg.split_once(" width=\"")?;
    rest.split_once("in\"")?.0.parse().ok()
}

/// The bars of two figures over what both of them show, so that one colour is one value; each keeps
/// its own levels of chance.
fn common(one: &Bar, other: &Bar) -> [Bar; 2] {
    let range = Some((one.low.min(other.low), one.high.max(other.high)));
    let over = |bar: &Bar| Bar::over(&[], range, (bar.chance, bar.show), 1.0);
    [one, other].map(|bar| over(bar).unwrap_or_else(|_| bar.clone()))
}

/// What `report.js` draws of a figure.
pub(super) fn data(figure: &Figure, digits: usize) -> Value {
    let Some(chart) = chart(figure) else {
        return Value::Null;
    };
    let bars = figure
        .published
        .map(|(_, other)| common(&chart.bar, &other.bar));
    let [own, others] = bars.unwrap_or_else(|| [chart.bar.clone(), chart.bar.clone()]);
    let published = figure.published.map(|(whose, chart)| {
        let words = chart.footer.join(" ");
        json!({ "whose": whose, "words": words, "rows": rows(chart, digits), "bar": bar(&others, chart) })
    });
    json!({
        "name": figure.name,
        "title": figure.title,
        "aspect": chart.aspect,
        "bar": bar(&own, chart),
        "rows": rows(chart, digits),
        "published": published,
    })
}

/// A bar; with its own colours where these are not the page's.
fn bar(bar: &Bar, chart: &Chart) -> Value {
    let own = (bar.show == Show::Excess).then(|| hexadecimal(bar.colours(chart.palette)));
    let ticks: Vec<Value> = bar
        .ticks
        .iter()
        .zip(bar.labels())
        .map(|(tick, label)| json!([tick, label]))
        .collect();
    json!({ "low": bar.low, "high": bar.high, "ticks": ticks, "chance": bar.chance,
            "shows": bar.show.name(), "colours": own })
}

fn rows(chart: &Chart, digits: usize) -> Vec<Value> {
    let labels = chart
        .row_labels
        .iter()
        .map(Some)
        .chain(std::iter::repeat(None));
    let labelled = chart.panels.iter().zip(labels);
    labelled
        .map(|(row, label)| {
            let panels: Vec<Value> = row.iter().map(|shown| panel(shown, digits)).collect();
            json!({ "label": label.map(runs), "panels": panels })
        })
        .collect()
}

fn panel(panel: &Panel, digits: usize) -> Value {
    let (rows, columns) = panel.cells.dim();
    let cells: Vec<Option<f64>> = panel
        .cells
        .iter()
        .map(|cell| cell.map(|value| round_to(value, digits)))
        .collect();
    let marked = panel.marked.iter().enumerate();
    let marked: Vec<usize> = marked
        .filter(|(_, mark)| **mark)
        .map(|(at, _)| at)
        .collect();
    json!({
        "title": runs(&panel.title),
        "module": panel.module,
        "dimension": panel.dimension,
        "shape": [rows, columns],
        "first": [panel.y.first, panel.x.first],
        "note": panel.note,
        "mark": panel.mark,
        "edges": [panel.edges.below, panel.edges.beside],
        "cells": cells,
        "marked": spans(&marked),
        "x": axis(&panel.x),
        "y": axis(&panel.y),
        "narrow": panel.narrow,
    })
}

fn axis(axis: &Axis) -> Value {
    let ticks: Vec<Value> = axis
        .ticks
        .iter()
        .map(|tick| json!([tick.cell, tick.label]))
        .collect();
    json!({ "label": runs(&axis.label), "ticks": ticks })
}

/// Colours, six hexadecimal digits each.
pub(super) fn hexadecimal(colours: impl IntoIterator<Item = [u8; 3]>) -> String {
    let colours = colours.into_iter();
    colours
        .map(|[red, green, blue]| format!("{red:02x}{green:02x}{blue:02x}"))
        .collect()
}

/// Each piece with its style: 1 italic, 2 a subscript, 3 both.
fn runs(text: &Text) -> Vec<Value> {
    let style = |italic: bool, low: bool| u8::from(italic) + 2 * u8::from(low);
    text.0
        .iter()
        .map(|run| json!([run.text, style(run.italic, run.subscript)]))
        .collect()
}

/// Neighbouring numbers as first and count.
fn spans(numbers: &[usize]) -> Vec<[usize; 2]> {
    let mut spans: Vec<[usize; 2]> = Vec::new();
    for &number in numbers {
        match spans.last_mut() {
            Some([first, count]) if *first + *count == number => *count += 1,
            _ => spans.push([number, 1]),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_side_by_side_have_one_scale() {
        let bar = |low, high, chance| {
            Bar::over(&[], Some((low, high)), (Some(chance), Show::Overlap), 0.1).unwrap()
        };
        let [one, other] = common(&bar(0.09, 0.15, (0.1, 0.11)), &bar(0.12, 0.3, (0.2, 0.25)));
        assert_eq!((one.low, one.high), (0.09, 0.3));
        assert_eq!((other.low, other.high), (0.09, 0.3));
        assert_eq!(one.ticks, other.ticks);
        assert_eq!(
            (one.chance, other.chance),
            (Some((0.1, 0.11)), Some((0.2, 0.25)))
        );
    }

    #[test]
    fn marks_are_spans() {
        assert_eq!(spans(&[0, 1, 2, 7, 9, 10]), [[0, 3], [7, 1], [9, 2]]);
        assert!(spans(&[]).is_empty());
    }

    #[test]
    fn a_picture_stands_in_the_page_itself() {
        let figure = Figure {
            name: "figure9",
            title: "Figure 9".into(),
            content: Content::Picture {
                caption: "A <curve>".into(),
                description: "Rising \"lines\"".into(),
                svg: "<svg onload=\"x\"></svg>".into(),
                narrow: "<svg width=\"2in\"/>".into(),
            },
            published: None,
        };
        let html = section(&figure, 0, "a study", &["svg".into()]);
        assert!(html.contains("src=\"data:image/svg+xml,%3Csvg onload=%22x%22%3E"));
        assert!(html.contains("class=\"picture narrow\" style=\"width: 2.50in\""));
        assert!(html.contains("alt=\"Rising &quot;lines&quot;\""));
        assert!(html.contains("A &lt;curve&gt;") && html.contains("a%20study/figure9.svg"));
        assert_eq!(data(&figure, 9), Value::Null);
    }
}
