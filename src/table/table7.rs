//! Table 7: ‖UᵀWV‖_F for directions of ΔW, of W and random, in CSV, Markdown and HTML.

use serde::Serialize;

use crate::error::{Error, Result};

use super::html;
use super::rows::{AmplificationRow, round9};
use super::to_csv;

/// One layer's rows of `amplification.csv` in the paper's arrangement: a block per projection, a
/// group of three columns per adapter.
#[derive(Debug, Clone, PartialEq)]
pub struct Table7 {
    layer: Option<usize>,
    columns: Vec<Column>,
}

/// One adapter and projection (`table7.csv`), of the study's layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Column {
    /// Block number, 0-based; empty where the path has none.
    pub(super) layer: Option<usize>,
    /// Last name of the module's path.
    pub(super) projection: String,
    /// The study's name of the adapter.
    pub(super) adapter: String,
    /// Number of directions r.
    pub(super) rank: usize,
    /// ‖UᵀWV‖_F for the leading directions of ΔW; empty where ΔW = 0.
    pub(super) delta_directions: Option<f64>,
    /// The same for W's own leading directions: √(Σ_{l≤r} σ_l²).
    pub(super) base_directions: Option<f64>,
    /// The same for Haar-random ones: √mean‖UᵀWV‖²_F over the draws.
    pub(super) random_directions: Option<f64>,
    /// Standard deviation of ‖UᵀWV‖_F over the draws.
    pub(super) random_directions_sd: Option<f64>,
    /// How many random draws.
    pub(super) draws: Option<usize>,
    /// ‖W‖_F · r / √(d_out·d_in): what random directions are expected to have.
    pub(super) chance: f64,
    /// ‖W‖_F.
    pub(super) base_norm: f64,
    /// ‖ΔW‖_F, scale included.
    pub(super) delta_norm: f64,
    /// delta_norm / delta_directions.
    pub(super) amplification: Option<f64>,
    /// delta_norm / chance: the factor of a random update of this norm.
    pub(super) chance_amplification: Option<f64>,
}

impl Table7 {
    /// Picks the rows of one layer and the projections asked for, in that order.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] when there are none.
    pub fn new(
        rows: &[AmplificationRow],
        layer: Option<usize>,
        projections: &[String],
    ) -> Result<Self> {
        let mut columns = Vec::new();
        for projection in projections {
            let is_panel = |row: &&AmplificationRow| {
                row.layer == layer && &row.projection == projection && row.directions == "delta"
            };
            // As in the figures: of modules with one layer and name, the first.
            let Some(first) = rows.iter().find(is_panel) else {
                continue;
            };
            let here = rows
                .iter()
                .filter(is_panel)
                .filter(|row| row.module == first.module);
            columns.extend(here.map(|delta| column(rows, delta)));
        }
        if columns.is_empty() {
            return Err(Error::Table {
                what: "table 7".into(),
                problem: format!("no amplification rows for layer {layer:?} and {projections:?}"),
                remedy: "choose a layer and projections that were measured",
            });
        }
        Ok(Table7 { layer, columns })
    }

    /// As CSV, one line per projection and adapter.
    ///
    /// # Errors
    ///
    /// Those of [`to_csv`].
    pub fn csv(&self) -> Result<Vec<u8>> {
        to_csv("table7.csv", &self.columns)
    }

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
                text += &format!("| {label} | {} |\n", cells.join(" | "));
            }
            text += &format!("\n{}\n", base_norm(&block));
        }
        text
    }

    /// As HTML, a table per projection.
    pub fn html(&self) -> String {
        let mut text = html::paragraph(&self.caption());
        for block in self.blocks() {
            let rows = lines_in_words(&block);
            let rows: String = rows
                .iter()
                .map(|(label, cells)| html::row(label, cells))
                .collect();
            let names = self.names(&block);
            let names = names.iter().map(String::as_str);
            text += &html::table(&block[0].projection, names, &rows);
            text += &html::paragraph(&base_norm(&block));
        }
        text
    }

    fn caption(&self) -> String {
        format!(
            "Table 7{}: ‖UᵀWV‖_F for directions of ΔW, of W and random ones.",
            self.place()
        )
    }

    /// The names of a block's columns, three for each adapter.
    fn names(&self, block: &[&Column]) -> Vec<String> {
        three_each(block, |column| {
            let head = self.heading(column);
            ["ΔW", "W", "random"].map(|of| format!("{of}, {head}"))
        })
    }

    /// Columns by projection, in order.
    pub(super) fn blocks(&self) -> Vec<Vec<&Column>> {
        let mut blocks: Vec<Vec<&Column>> = Vec::new();
        for column in &self.columns {
            match blocks.last_mut() {
                Some(block) if block[0].projection == column.projection => block.push(column),
                _ => blocks.push(vec![column]),
            }
        }
        blocks
    }

    /// `r = 8`, with the adapter's name where two have one rank.
    pub(super) fn heading(&self, column: &Column) -> String {
        let same =
            |other: &&Column| other.projection == column.projection && other.rank == column.rank;
        match self.columns.iter().filter(same).count() {
            1 => format!("r = {}", column.rank),
            _ => format!("r = {} ({})", column.rank, column.adapter),
        }
    }

    pub(super) fn place(&self) -> String {
        self.layer
            .map_or(String::new(), |layer| format!(", layer {layer}"))
    }
}

fn column(rows: &[AmplificationRow], delta: &AmplificationRow) -> Column {
    let find = |directions: &str| {
        rows.iter().find(|row| {
            row.module == delta.module
                && row.adapter == delta.adapter
                && row.directions == directions
        })
    };
    let (base, random) = (find("base"), find("random"));
    let rounded = |value: Option<f64>| value.map(round9);
    Column {
        layer: delta.layer,
        projection: delta.projection.clone(),
        adapter: delta.adapter.clone(),
        rank: delta.rank,
        delta_directions: rounded(delta.projected_norm),
        base_directions: rounded(base.and_then(|row| row.projected_norm)),
        random_directions: rounded(random.and_then(|row| row.projected_norm)),
        random_directions_sd: rounded(random.and_then(|row| row.projected_norm_sd)),
        draws: random.and_then(|row| row.draws),
        chance: round9(delta.chance_projected_norm),
        base_norm: round9(delta.base_norm),
        delta_norm: round9(delta.delta_norm),
        amplification: rounded(delta.amplification),
        chance_amplification: rounded(random.and_then(|row| row.amplification)),
    }
}

/// Two decimals as the paper prints them, three significant digits below 1; a dash for missing.
pub(super) fn short(value: Option<f64>) -> String {
    match value {
        None => "–".into(),
        Some(value) if value.abs() >= 1.0 || value == 0.0 => format!("{value:.2}"),
        Some(value) => {
            let decimals = (2.0 - value.abs().log10().floor()).clamp(2.0, 12.0) as usize;
            format!("{value:.decimals$}")
        }
    }
}

/// A random norm with its spread.
fn spread(column: &Column) -> String {
    let norm = short(column.random_directions);
    match spread_alone(column) {
        None => norm,
        Some(sd) => format!("{norm} ± {sd}"),
    }
}

/// The spread of a random norm, to the digits of the norm.
pub(super) fn spread_alone(column: &Column) -> Option<String> {
    let norm = short(column.random_directions);
    let decimals = norm.split_once('.').map_or(0, |(_, digits)| digits.len());
    Some(format!("{:.decimals$}", column.random_directions_sd?))
}

/// Three cells for each column of a block.
pub(super) fn three_each(block: &[&Column], cells: impl Fn(&Column) -> [String; 3]) -> Vec<String> {
    block.iter().flat_map(|column| cells(column)).collect()
}

/// The lines of a block for Markdown and HTML, with their labels.
fn lines_in_words(block: &[&Column]) -> [(&'static str, Vec<String>); 4] {
    let empty = String::new;
    let norms = three_each(block, |c| {
        [
            short(c.delta_directions),
            short(c.base_directions),
            spread(c),
        ]
    });
    let chance = three_each(block, |c| [empty(), empty(), short(Some(c.chance))]);
    let delta = three_each(block, |c| [short(Some(c.delta_norm)), empty(), empty()]);
    let factors = three_each(block, |c| {
        [
            short(c.amplification),
            empty(),
            short(c.chance_amplification),
        ]
    });
    [
        ("‖UᵀWV‖_F", norms),
        ("chance, ‖W‖_F·r/√(d_out·d_in)", chance),
        ("‖ΔW‖_F", delta),
        ("amplification factor", factors),
    ]
}

/// `‖W‖_F = 23.4`, below a block.
fn base_norm(block: &[&Column]) -> String {
    format!("‖W‖_F = {}", short(Some(block[0].base_norm)))
}
