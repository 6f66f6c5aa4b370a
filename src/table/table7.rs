//! Table 7: ‖UᵀWV‖_F for directions of ΔW, of W and random ones, and as CSV.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::error::{Error, Result};

use super::beside::Beside;
use super::rounded::{nine_digits, nine_digits_or_empty};
use super::rows::{AmplificationRow, round9};
use super::text::place_in_words;
use super::to_csv;
use super::together::together;

/// What the mean of draws is called, beside chance in closed form.
pub(super) const DRAWN: &str = "chance (drawn)";
/// A group of runs: its label, and the names of its runs.
pub type RunGroup = (String, Vec<String>);

/// Rows of `amplification.csv` in the paper's arrangement: a block per projection, a group of three
/// columns per adapter, or per group of runs. The CSV has every layer, the printed forms one.
#[derive(Debug, Clone, PartialEq)]
pub struct Table7 {
    /// The layer of the printed forms.
    layer: Option<usize>,
    /// What tells its modules from others of one layer and name.
    within: String,
    columns: Vec<Column>,
    /// Whether runs of some group use different numbers of directions in a module.
    has_uneven_ranks: bool,
}

/// One adapter, or one group of runs, in a projection of a layer (`table7.csv`). For a group each number
/// is the mean over its runs in `amplification.csv`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Column {
    /// Block number, 0-based; empty where the path has none.
    pub(super) layer: Option<usize>,
    /// Last name of the module's path.
    pub(super) projection: String,
    /// The study's name of the adapter, or the label of a group.
    pub(super) adapter: String,
    /// How many runs this is the mean of. Runs of a group whose ΔW is zero here are left out.
    pub(super) runs: usize,
    /// Number of directions r. Where runs of a group use different numbers here, it is the smallest.
    pub(super) rank: usize,
    /// ‖UᵀWV‖_F for the leading directions of ΔW; empty where ΔW = 0.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub(super) delta_directions: Option<f64>,
    /// Sample standard deviation over the runs; empty for one run.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub(super) delta_directions_sd: Option<f64>,
    /// The same for W's own leading directions: √(Σ_{l≤r} σ_l²).
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub(super) base_directions: Option<f64>,
    /// The same for Haar-random ones: √mean‖UᵀWV‖²_F over the draws.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub(super) random_directions: Option<f64>,
    /// Standard deviation of ‖UᵀWV‖_F over the draws.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub(super) random_directions_sd: Option<f64>,
    /// How many random draws.
    pub(super) draws: Option<usize>,
    /// ‖W‖_F · r / √(d_out·d_in): what random directions are expected to have.
    #[serde(serialize_with = "nine_digits")]
    pub(super) chance: f64,
    /// ‖W‖_F.
    #[serde(serialize_with = "nine_digits")]
    pub(super) base_norm: f64,
    /// ‖ΔW‖_F, scale included.
    #[serde(serialize_with = "nine_digits")]
    pub(super) delta_norm: f64,
    /// delta_norm / delta_directions. For a group it is the mean of its runs' factors.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub(super) amplification: Option<f64>,
    /// Sample standard deviation of the factor over the runs; empty for one run.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub(super) amplification_sd: Option<f64>,
    /// delta_norm / chance: the factor of a random update of this norm.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub(super) chance_amplification: Option<f64>,
}

impl Table7 {
    /// Picks the rows of the projections asked for, layer by layer. The runs of a
    /// group have no columns of their own; it stands where its first run would.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] when there are none of the layer that is printed.
    pub fn new(
        rows: &[AmplificationRow],
        layer: Option<usize>,
        projections: &[String],
        groups: &[RunGroup],
    ) -> Result<Self> {
        let of_delta = rows.iter().filter(|row| row.directions == "delta");
        let panels = together(of_delta, |row| (row.layer, &row.projection)).into_iter();
        let panels: BTreeMap<_, Vec<&AmplificationRow>> = panels.collect();
        let layers: BTreeSet<Option<usize>> = panels.keys().map(|(layer, _)| *layer).collect();
        let beside = Beside::of(rows);
        let (mut columns, mut has_uneven_ranks) = (Vec::new(), false);
        for one in layers {
            for projection in projections {
                // As in the figures: of modules with one layer and name, the first.
                let Some(here) = panels.get(&(one, projection)) else {
                    continue;
                };
                let is_first = |row: &&&AmplificationRow| row.module == here[0].module;
                let here: Vec<&AmplificationRow> = here.iter().filter(is_first).copied().collect();
                for (label, deltas) in grouped(&here, groups) {
                    has_uneven_ranks |=
                        one == layer && deltas.iter().any(|delta| delta.rank != deltas[0].rank);
                    columns.push(column(&beside, label, &deltas));
                }
            }
        }
        if !columns.iter().any(|column: &Column| column.layer == layer) {
            return Err(Error::Table {
                what: "table 7".into(),
                problem: format!("no amplification rows for layer {layer:?} and {projections:?}"),
                remedy: "choose a layer and projections that were measured",
            });
        }
        Ok(Table7 {
            layer,
            within: String::new(),
            columns,
            has_uneven_ranks,
        })
    }

    /// With what tells its modules from others of one layer and name, for the caption.
    pub fn within(self, words: &str) -> Self {
        Table7 {
            within: words.into(),
            ..self
        }
    }

    /// As CSV, one line per layer, projection and adapter or group.
    ///
    /// # Errors
    ///
    /// Those of [`to_csv`].
    pub fn csv(&self) -> Result<Vec<u8>> {
        to_csv("table7.csv", &self.columns)
    }

    /// What a reader has to know of groups of runs, where some are shown.
    pub(super) fn of_runs(&self) -> Option<&'static str> {
        let is_group = |column: &&Column| column.runs > 1;
        self.shown().find(is_group)?;
        Some(match self.has_uneven_ranks {
            false => "Of several runs: mean ± sample standard deviation.",
            true => {
                "Of several runs: mean ± sample standard deviation. Where their numerical ranks \
                 differ, each run uses its own, and r is the smallest."
            }
        })
    }

    /// The columns of the layer that is printed.
    pub(super) fn shown(&self) -> impl Iterator<Item = &Column> {
        self.columns
            .iter()
            .filter(|column| column.layer == self.layer)
    }

    /// Columns by projection, in order.
    pub(super) fn blocks(&self) -> Vec<Vec<&Column>> {
        let mut blocks: Vec<Vec<&Column>> = Vec::new();
        for column in self.shown() {
            match blocks.last_mut() {
                Some(block) if block[0].projection == column.projection => block.push(column),
                _ => blocks.push(vec![column]),
            }
        }
        blocks
    }

    /// `r = 8`, with the number of runs where it is of several, and the adapter's name or the group's
    /// label where two have one rank.
    pub(super) fn heading(&self, column: &Column) -> String {
        let same =
            |other: &&Column| other.projection == column.projection && other.rank == column.rank;
        let name = match self.shown().filter(same).count() {
            1 => None,
            _ => Some(column.adapter.clone()),
        };
        let runs = (column.runs > 1).then(|| format!("{} runs", column.runs));
        let more: Vec<String> = name.into_iter().chain(runs).collect();
        match more.is_empty() {
            true => format!("r = {}", column.rank),
            false => format!("r = {} ({})", column.rank, more.join(", ")),
        }
    }

    /// `, decoder, layer 5`
    pub(super) fn place(&self) -> String {
        place_in_words(&self.within, self.layer)
    }
}

/// The columns of a module: each with its label and its runs' rows of ΔW's directions.
fn grouped<'a>(
    here: &[&'a AmplificationRow],
    groups: &'a [RunGroup],
) -> Vec<(&'a str, Vec<&'a AmplificationRow>)> {
    let mut columns: Vec<(&str, Vec<&AmplificationRow>)> = Vec::new();
    for &delta in here {
        let group = groups
            .iter()
            .find(|(_, runs)| runs.contains(&delta.adapter));
        let label = group.map_or(delta.adapter.as_str(), |(label, _)| label);
        match columns.iter_mut().find(|(known, _)| *known == label) {
            Some((_, runs)) if group.is_some() => runs.push(delta),
            _ => columns.push((label, vec![delta])),
        }
    }
    columns
}

/// One adapter's numbers, or the means over a group's runs.
fn column(all: &Beside, label: &str, deltas: &[&AmplificationRow]) -> Column {
    let trained = deltas.iter().filter(|delta| delta.projected_norm.is_some());
    let trained: Vec<&AmplificationRow> = trained.copied().collect();
    // Where no run has directions the norms of W and of random ones stand all the same.
    let runs = if trained.is_empty() { deltas } else { &trained };
    let beside = |directions: &str| -> Vec<&AmplificationRow> {
        let rows = runs.iter();
        rows.filter_map(|delta| all.find(delta, directions))
            .collect()
    };
    let (base, random) = (beside("base"), beside("random"));
    let (first, of_all) = (runs[0], |value: fn(&AmplificationRow) -> f64| {
        let sum: f64 = runs.iter().map(|row| value(row)).sum();
        round9(sum / runs.len() as f64)
    });
    let norms: Vec<f64> = runs.iter().filter_map(|row| row.projected_norm).collect();
    let factors: Vec<f64> = runs.iter().filter_map(|row| row.amplification).collect();
    let rank = runs.iter().map(|row| row.rank).min();
    Column {
        layer: first.layer,
        projection: first.projection.clone(),
        adapter: label.into(),
        runs: runs.len(),
        rank: rank.unwrap_or(first.rank),
        delta_directions: mean(&norms),
        delta_directions_sd: sample_sd(&norms),
        base_directions: mean_of(&base, |row| row.projected_norm),
        random_directions: mean_of(&random, |row| row.projected_norm),
        random_directions_sd: mean_of(&random, |row| row.projected_norm_sd),
        draws: random.first().and_then(|row| row.draws),
        chance: of_all(|row| row.chance_projected_norm),
        base_norm: of_all(|row| row.base_norm),
        delta_norm: of_all(|row| row.delta_norm),
        amplification: mean(&factors),
        amplification_sd: sample_sd(&factors),
        chance_amplification: mean_of(&random, |row| row.amplification),
    }
}

/// The mean of a number of some rows, over those that have it.
fn mean_of(
    rows: &[&AmplificationRow],
    value: impl Fn(&AmplificationRow) -> Option<f64>,
) -> Option<f64> {
    mean(&rows.iter().filter_map(|row| value(row)).collect::<Vec<_>>())
}

fn mean(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    (!values.is_empty()).then(|| round9(values.iter().sum::<f64>() / count))
}

/// √(Σ(x − mean)²/(n − 1)); `None` for one value.
fn sample_sd(values: &[f64]) -> Option<f64> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let furthest = values.iter().map(|value| (value - mean).abs());
    let furthest = furthest.fold(0.0, f64::max);
    // Near 1, where a square may be beyond f64's range.
    let unit = match (1e-100..1e100).contains(&furthest) || furthest == 0.0 {
        true => 1.0,
        false => furthest,
    };
    let square = |value: &f64| ((value - mean) / unit).powi(2);
    let squares: f64 = values.iter().map(square).sum();
    (values.len() > 1).then(|| round9((squares / (count - 1.0)).sqrt() * unit))
}

/// Three cells for each column of a block.
pub(super) fn three_each(block: &[&Column], cells: impl Fn(&Column) -> [String; 3]) -> Vec<String> {
    block.iter().flat_map(|column| cells(column)).collect()
}
