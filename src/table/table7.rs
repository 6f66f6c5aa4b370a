//! Table 7: ‖UᵀWV‖_F for directions of ΔW, of W and random, in LaTeX, Markdown and CSV.

use std::ops::Range;

use serde::Serialize;

use crate::error::{Error, Result};

use super::rows::{AmplificationRow, round9};
use super::sheet::LETTER;
use super::text::{PACKAGES, latex_symbol, latex_text, s_cell, s_column};
use super::to_csv;
use super::widths::{Place, Widths};

/// Size of its type, relative to 10 pt, and what is between two columns.
const SIZE: (&str, f64) = ("footnotesize", 0.8);
const BETWEEN: f64 = 6.0;

/// One layer's rows of `amplification.csv` in the paper's arrangement: a block per projection, a
/// group of three columns per adapter.
#[derive(Debug, Clone, PartialEq)]
pub struct Table7 {
    layer: Option<usize>,
    columns: Vec<Column>,
}

/// One adapter and projection (`table7.csv`), of the study's layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Column {
    /// Block number, 0-based; empty where the path has none.
    layer: Option<usize>,
    /// Last name of the module's path.
    projection: String,
    /// The study's name of the adapter.
    adapter: String,
    /// Number of directions r.
    rank: usize,
    /// ‖UᵀWV‖_F for the leading directions of ΔW; empty where ΔW = 0.
    delta_directions: Option<f64>,
    /// The same for W's own leading directions: √(Σ_{l≤r} σ_l²).
    base_directions: Option<f64>,
    /// The same for Haar-random ones: √mean‖UᵀWV‖²_F over the draws.
    random_directions: Option<f64>,
    /// Standard deviation of ‖UᵀWV‖_F over the draws.
    random_directions_sd: Option<f64>,
    /// How many random draws.
    draws: Option<usize>,
    /// ‖W‖_F · r / √(d_out·d_in): what random directions are expected to have.
    chance: f64,
    /// ‖W‖_F.
    base_norm: f64,
    /// ‖ΔW‖_F, scale included.
    delta_norm: f64,
    /// delta_norm / delta_directions.
    amplification: Option<f64>,
    /// delta_norm / chance: the factor of a random update of this norm.
    chance_amplification: Option<f64>,
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
        let mut text = format!(
            "Table 7{}: ‖UᵀWV‖_F for directions of ΔW, of W and random ones.\n",
            self.place()
        );
        for block in self.blocks() {
            let w = &block[0].projection;
            let cells = |line: &dyn Fn(&Column) -> [String; 3]| {
                block
                    .iter()
                    .flat_map(|c| line(c))
                    .collect::<Vec<_>>()
                    .join(" | ")
            };
            let names = cells(&|c| {
                let head = self.heading(c);
                [
                    format!("ΔW, {head}"),
                    format!("W, {head}"),
                    format!("random, {head}"),
                ]
            });
            text += &format!(
                "\n| {w} | {names} |\n|:--|{}\n",
                "--:|".repeat(3 * block.len())
            );
            let norms = cells(&|c| {
                [
                    short(c.delta_directions),
                    short(c.base_directions),
                    spread(c, " ± "),
                ]
            });
            text += &format!("| ‖UᵀWV‖_F | {norms} |\n");
            let chance = cells(&|c| [String::new(), String::new(), short(Some(c.chance))]);
            text += &format!("| chance, ‖W‖_F·r/√(d_out·d_in) | {chance} |\n");
            let delta = cells(&|c| [short(Some(c.delta_norm)), String::new(), String::new()]);
            text += &format!("| ‖ΔW‖_F | {delta} |\n");
            let factors = cells(&|c| {
                [
                    short(c.amplification),
                    String::new(),
                    short(c.chance_amplification),
                ]
            });
            text += &format!("| amplification factor | {factors} |\n");
            text += &format!("\n‖W‖_F = {}\n", short(Some(block[0].base_norm)));
        }
        text
    }

    /// As a LaTeX table with booktabs and siunitx, which it needs and nothing else. On a page it
    /// stands across both columns where one is too narrow, and adapters that do not fit side by side
    /// stand below each other.
    pub fn latex(&self, page: Option<Widths>) -> String {
        let blocks = self.blocks();
        let most = blocks.iter().map(Vec::len).max().unwrap_or(0);
        let place = Place::of(page, &[SIZE], |_| self.width(&blocks));
        let groups = match page {
            None => place.groups(most, |_| 0.0),
            Some(_) => place.groups(most, |group| self.width(&part(&blocks, group))),
        };
        let (environment, size) = (place.environment, place.size);
        let mut text = format!(
            "{PACKAGES}\\begin{{{environment}}}\n\\centering\n\\{size}\n\\setlength{{\\tabcolsep}}{{{}pt}}\n",
            BETWEEN / 2.0
        );
        for (number, group) in groups.into_iter().enumerate() {
            if number > 0 {
                text += "\n\\medskip\n";
            }
            text += &self.tabular(&part(&blocks, group));
        }
        text += &format!(
            "\\caption{{$\\|U^\\top W V\\|_F$ for the leading $r$ directions of $\\Delta W$, of $W$ and \
             Haar-random ones{}; the closed form for random ones is $\\|W\\|_F\\, r/\\sqrt{{d_\\mathrm{{out}} d_\\mathrm{{in}}}}$.}}\n",
            self.place()
        );
        text + &format!("\\label{{tab:amplification}}\n\\end{{{environment}}}\n")
    }

    fn tabular(&self, blocks: &[Vec<&Column>]) -> String {
        let mut text = format!(
            "\\begin{{tabular}}{{@{{}}l\n  {}@{{}}}}\n\\toprule\n",
            specs(blocks).join("\n  ")
        );
        for (number, block) in blocks.iter().enumerate() {
            if number > 0 {
                text += "\\midrule\n";
            }
            text += &latex_block(block, |column| self.heading(column));
        }
        text + "\\bottomrule\n\\end{tabular}\n"
    }

    /// About how wide a table of some blocks is, in points.
    fn width(&self, blocks: &[Vec<&Column>]) -> f64 {
        let letter = LETTER * SIZE.1;
        let most = blocks.iter().map(Vec::len).max().unwrap_or(0);
        let of_adapter = |place: usize| {
            let columns = || blocks.iter().filter_map(|block| block.get(place));
            let cells = |number: usize| {
                let heads = [2.0, 1.0, 6.0];
                let lines = columns().flat_map(|column| lines(&[column]));
                let lengths = lines.map(|(_, cells)| cells[number].chars().count() as f64);
                lengths.fold(heads[number], f64::max) * letter
            };
            let cells = (0..3).map(cells).sum::<f64>() + 3.0 * BETWEEN;
            let heads = columns().map(|column| self.heading(column).chars().count() as f64);
            heads
                .fold(0.0, f64::max)
                .mul_add(letter, BETWEEN)
                .max(cells)
        };
        let has_draws = blocks.iter().flatten().any(|column| column.draws.is_some());
        let label = if has_draws { 17.0 } else { 13.0 };
        label * letter + (0..most).map(of_adapter).sum::<f64>()
    }

    /// Columns by projection, in order.
    fn blocks(&self) -> Vec<Vec<&Column>> {
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
    fn heading(&self, column: &Column) -> String {
        let same =
            |other: &&Column| other.projection == column.projection && other.rank == column.rank;
        match self.columns.iter().filter(same).count() {
            1 => format!("r = {}", column.rank),
            _ => format!("r = {} ({})", column.rank, column.adapter),
        }
    }

    fn place(&self) -> String {
        self.layer
            .map_or(String::new(), |layer| format!(", layer {layer}"))
    }
}

/// Some adapters of every block that has them.
fn part<'a>(blocks: &[Vec<&'a Column>], group: Range<usize>) -> Vec<Vec<&'a Column>> {
    let of = |block: &Vec<&'a Column>| -> Vec<&'a Column> {
        let columns = block.iter().skip(group.start).take(group.len());
        columns.copied().collect()
    };
    let parts = blocks.iter().map(of);
    parts.filter(|block| !block.is_empty()).collect()
}

/// The columns' types: as many as the widest block has, each with room for its numbers.
fn specs(blocks: &[Vec<&Column>]) -> Vec<String> {
    let lines: Vec<Vec<String>> = blocks
        .iter()
        .flat_map(|block| lines(block))
        .map(|(_, cells)| cells)
        .collect();
    let widest = lines.iter().map(Vec::len).max().unwrap_or(3);
    let numbers = |place: usize| lines.iter().filter_map(move |line| line.get(place));
    (0..widest)
        .map(|place| s_column(numbers(place).map(String::as_str)))
        .collect()
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
fn short(value: Option<f64>) -> String {
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
fn spread(column: &Column, sign: &str) -> String {
    let norm = short(column.random_directions);
    match spread_alone(column) {
        None => norm,
        Some(sd) => format!("{norm}{sign}{sd}"),
    }
}

/// The spread of a random norm, to the digits of the norm.
fn spread_alone(column: &Column) -> Option<String> {
    let norm = short(column.random_directions);
    let decimals = norm.split_once('.').map_or(0, |(_, digits)| digits.len());
    Some(format!("{:.decimals$}", column.random_directions_sd?))
}

/// The lines of a block with their labels: three cells for each of its columns.
fn lines(block: &[&Column]) -> Vec<(String, Vec<String>)> {
    let w = latex_symbol(&block[0].projection);
    let cells =
        |line: &dyn Fn(&Column) -> [String; 3]| block.iter().flat_map(|c| line(c)).collect();
    let empty = String::new;
    let norms = cells(&|c| {
        [
            short(c.delta_directions),
            short(c.base_directions),
            short(c.random_directions),
        ]
    });
    let mut lines = vec![(format!("$\\|U^\\top {w} V\\|_F$"), norms)];
    let drawn = block.iter().find(|c| c.random_directions_sd.is_some());
    if let Some(draws) = drawn.and_then(|c| c.draws) {
        let sd = cells(&|c| [empty(), empty(), spread_alone(c).unwrap_or_default()]);
        lines.push((format!("\\quad $\\pm$ sd, {draws} draws"), sd));
    }
    let chance = cells(&|c| [empty(), empty(), short(Some(c.chance))]);
    lines.push(("\\quad closed form".into(), chance));
    let delta = cells(&|c| [short(Some(c.delta_norm)), empty(), empty()]);
    lines.push((format!("$\\|\\Delta {w}\\|_F$"), delta));
    let factors = cells(&|c| {
        [
            short(c.amplification),
            empty(),
            short(c.chance_amplification),
        ]
    });
    lines.push(("amplification".into(), factors));
    lines
}

fn latex_block(block: &[&Column], heading: impl Fn(&Column) -> String) -> String {
    let w = latex_symbol(&block[0].projection);
    let groups: String = block
        .iter()
        .map(|c| {
            let heading = latex_text(&heading(c)).replace("r = ", "$r$ = ");
            format!(" & \\multicolumn{{3}}{{c}}{{{heading}}}")
        })
        .collect();
    let rules: String = (0..block.len())
        .map(|g| format!("\\cmidrule(lr){{{}-{}}}", 2 + 3 * g, 4 + 3 * g))
        .collect();
    let names = format!(" & {{$\\Delta {w}$}} & {{${w}$}} & {{Random}}").repeat(block.len());
    let mut text = format!("{groups} \\\\\n{rules}\n{names} \\\\\n\\midrule\n");
    for (label, cells) in lines(block) {
        let cells: String = cells
            .iter()
            .map(|cell| format!(" & {}", s_cell(cell)))
            .collect();
        text += &format!("{label}{cells} \\\\\n");
    }
    let base_norm = short(Some(block[0].base_norm));
    text + &format!(
        "$\\|{w}\\|_F$ & \\multicolumn{{{}}}{{c}}{{{base_norm}}} \\\\\n",
        3 * block.len()
    )
}
