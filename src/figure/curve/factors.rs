//! Factors of table 7 over those of random updates, as points of lines: an adapter's, or of a group's
//! runs the mean.

use crate::figure::label::Text;
use crate::table::{AmplificationRow, RunGroup};

use super::panel::CurvePoint;

/// What has a line of its own: an adapter, or the runs of a group.
pub(super) struct Series<'a> {
    /// The adapter's name, or the group's label.
    pub(super) label: &'a str,
    /// Of which group it is.
    group: Option<usize>,
    /// The runs that have a factor, in the order of the rows.
    pub(super) runs: Vec<&'a str>,
}

/// What has a line, in the order of the rows.
pub(super) fn series<'a>(rows: &'a [AmplificationRow], groups: &'a [RunGroup]) -> Vec<Series<'a>> {
    let mut series: Vec<Series> = Vec::new();
    for row in rows.iter().filter(|row| over_random(row).is_some()) {
        let name = row.adapter.as_str();
        if series.iter().any(|one| one.runs.contains(&name)) {
            continue;
        }
        let is_of = |(_, runs): &RunGroup| runs.contains(&row.adapter);
        let group = groups.iter().position(is_of);
        let known = series.iter_mut().find(|one| one.group == group);
        match known.filter(|_| group.is_some()) {
            Some(one) => one.runs.push(name),
            None => series.push(Series {
                label: group.map_or(name, |group| &groups[group].0),
                group,
                runs: vec![name],
            }),
        }
    }
    series
}

/// `r = 8`, with the number of runs where it is of several, and the adapter's name or the group's
/// label where two have one rank.
pub(super) fn names(rows: &[AmplificationRow], series: &[Series]) -> Vec<Text> {
    let rank = |one: &Series| {
        let of = rows
            .iter()
            .filter(|row| one.runs.contains(&row.adapter.as_str()));
        of.map(|row| row.rank).max().unwrap_or(0)
    };
    let ranks: Vec<usize> = series.iter().map(rank).collect();
    let name = |(one, rank): (&Series, &usize)| {
        let text = Text::default().symbol("r").upright(&format!(" = {rank}"));
        let is_alone = ranks.iter().filter(|other| *other == rank).count() == 1;
        let label = (!is_alone).then(|| one.label.to_string());
        let runs = (one.runs.len() > 1).then(|| format!("{} runs", one.runs.len()));
        let more: Vec<String> = label.into_iter().chain(runs).collect();
        match more.is_empty() {
            true => text,
            false => text.upright(&format!(" ({})", more.join(", "))),
        }
    };
    series.iter().zip(&ranks).map(name).collect()
}

/// How many times the factor of a random update a row of ΔW's directions has.
pub(super) fn over_random(row: &AmplificationRow) -> Option<f64> {
    let norm = row.projected_norm.filter(|&norm| norm > 0.0)?;
    (row.directions == "delta").then(|| row.chance_projected_norm / norm)
}

/// The geometric mean of some rows' factors at each layer that has one.
pub(super) fn means(rows: &[&AmplificationRow]) -> Vec<CurvePoint> {
    let mean = |layer: usize| {
        let here = rows.iter().filter(|row| row.layer.unwrap_or(0) == layer);
        let factors: Vec<f64> = here.filter_map(|row| over_random(row)).collect();
        let mean = match factors[..] {
            [] => return None,
            [one] => one,
            [..] => {
                let logs: f64 = factors.iter().map(|factor| factor.ln()).sum();
                (logs / factors.len() as f64).exp()
            }
        };
        Some(CurvePoint::at(layer as f64, mean))
    };
    layers(rows).into_iter().filter_map(mean).collect()
}

/// An adapter's rows by layer; as in the heat maps, of modules with one layer and name, the first.
pub(super) fn of_adapter<'a>(
    rows: &[&'a AmplificationRow],
    adapter: &str,
) -> Vec<&'a AmplificationRow> {
    let of = |row: &&&AmplificationRow| row.adapter == adapter;
    let rows: Vec<&AmplificationRow> = rows.iter().filter(of).copied().collect();
    let mut by_layer: Vec<&AmplificationRow> = Vec::new();
    for row in rows {
        let place = |other: &AmplificationRow| (other.layer, other.directions.clone());
        if !by_layer.iter().any(|other| place(other) == place(row)) {
            by_layer.push(row);
        }
    }
    by_layer.sort_by_key(|row| row.layer);
    by_layer
}

/// The layers of some rows, rising; 0 for none.
pub(super) fn layers(rows: &[&AmplificationRow]) -> Vec<usize> {
    let mut layers: Vec<usize> = rows.iter().map(|row| row.layer.unwrap_or(0)).collect();
    layers.sort_unstable();
    layers.dedup();
    layers
}
