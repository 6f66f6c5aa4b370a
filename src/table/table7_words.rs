//! Table 7 in Markdown and HTML.

use super::html;
use super::short::{short, spread};
use super::table7::{Column, DRAWN, Table7, three_each};
use super::text::minus;

/// Adapters that stand side by side on a screen: three columns each.
const SIDE_BY_SIDE: usize = 3;

impl Table7 {
    /// As Markdown, a table per projection.
    pub fn markdown(&self) -> String {
        let mut text = format!("{}\n", self.caption());
        for block in self.blocks() {
            let names = self.names(&block);
            text += &format!(
                "\n| {} | {} |\n|:--|{}\n",
                block[0].projection,
                names.join(" | "),
                "--:|".repeat(names.len())
            );
            for (label, cells) in lines_in_words(&block) {
                let cells: Vec<String> = cells.iter().map(|cell| minus(cell)).collect();
                text += &format!("| {label} | {} |\n", cells.join(" | "));
            }
            text += &format!("\n{}\n", base_norm(&block));
        }
        text
    }

    /// As HTML, for a projection a table of each few adapters.
    pub fn html(&self) -> String {
        let mut text = html::paragraph(&self.caption());
        for block in self.blocks() {
            let most = block.len().div_ceil(SIDE_BY_SIDE);
            for part in block.chunks(block.len().div_ceil(most)) {
                text += &self.html_of(part);
            }
            text += &html::paragraph(&base_norm(&block));
        }
        text
    }

    fn html_of(&self, block: &[&Column]) -> String {
        let row = |(label, cells): &(&str, Vec<String>)| {
            let cells = cells.iter().map(|cell| unbroken(&minus(cell)));
            html::row(label, &cells.collect::<Vec<_>>())
        };
        let rows: String = lines_in_words(block).iter().map(row).collect();
        let names: Vec<String> = self
            .names(block)
            .iter()
            .map(|name| unbroken(name))
            .collect();
        html::table(
            &block[0].projection,
            names.iter().map(String::as_str),
            &rows,
        )
    }

    fn caption(&self) -> String {
        let more = self.drawn().map(|words| format!("; {words}"));
        let runs = self.of_runs().map(|words| format!(" {words}"));
        format!(
            "Table 7{}: ‖UᵀWV‖_F for the leading r directions of ΔW and of W. Chance is \
             ‖W‖_F·r/√(d_out·d_in), for Haar-random directions{}.{}",
            self.place(),
            more.unwrap_or_default(),
            runs.unwrap_or_default()
        )
    }

    /// What draws of chance are, where some are shown.
    pub(super) fn drawn(&self) -> Option<String> {
        let drawn = self
            .shown()
            .find(|column| column.random_directions.is_some())?;
        Some(match drawn.draws {
            Some(draws) => format!("drawn is the root mean square of {draws} draws"),
            None => "drawn is what random directions had".into(),
        })
    }

    /// The names of a block's columns, three for each adapter.
    fn names(&self, block: &[&Column]) -> Vec<String> {
        three_each(block, |column| {
            let head = self.heading(column);
            ["ΔW", "W", "chance"].map(|of| format!("{of}, {head}"))
        })
    }
}

/// The lines of a block for Markdown and HTML, with their labels.
fn lines_in_words(block: &[&Column]) -> Vec<(&'static str, Vec<String>)> {
    let empty = String::new;
    let norms = three_each(block, |c| {
        [
            spread(c.delta_directions, c.delta_directions_sd),
            short(c.base_directions),
            short(Some(c.chance)),
        ]
    });
    let drawn = three_each(block, |c| {
        let drawn = c.random_directions;
        let drawn = drawn.map(|_| spread(drawn, c.random_directions_sd));
        [empty(), empty(), drawn.unwrap_or_default()]
    });
    let delta = three_each(block, |c| [short(Some(c.delta_norm)), empty(), empty()]);
    let factors = three_each(block, |c| {
        [
            spread(c.amplification, c.amplification_sd),
            empty(),
            short(c.chance_amplification),
        ]
    });
    let mut lines = vec![("‖UᵀWV‖_F", norms)];
    if block.iter().any(|c| c.random_directions.is_some()) {
        lines.push((DRAWN, drawn));
    }
    lines.extend([("‖ΔW‖_F", delta), ("amplification factor", factors)]);
    lines
}

/// `‖W‖_F = 23.4`, below a block.
fn base_norm(block: &[&Column]) -> String {
    format!("‖W‖_F = {}", minus(&short(Some(block[0].base_norm))))
}

/// With spaces that do not break around its signs: `r = 4`, `0.295 ± 0.050`.
fn unbroken(text: &str) -> String {
    let text = text.replace(" = ", "\u{a0}=\u{a0}");
    text.replace(" ± ", "\u{a0}±\u{a0}")
}
