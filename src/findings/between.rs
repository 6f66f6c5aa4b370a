//! `seeds-layers`: whether runs share more in the same layer than between layers.

use crate::measure::same_layer::same_layer;
use crate::table::{EvidenceRow, FindingRow, LayerRow};

use super::claims::{EXCESS, LEVEL, SEEDS_LAYERS};
use super::judged::{Judged, Verdict, mean, median_of};
use super::layers::Tables;
use super::words::{common, count, equals, of_basis, shown, signed};

/// The verdict on rows of `layers.csv`; `rows` have what is left of each module's overlap.
pub(super) fn same_layer_of(rows: &[&EvidenceRow], between: &[LayerRow]) -> Option<FindingRow> {
    let first = rows.first()?;
    let tables = Tables::of(between);
    let layers = tables.modules.first().map_or(0, Vec::len);
    let key = format!("findings/{}", SEEDS_LAYERS.name);
    let Some(found) = same_layer(&tables.tables, &key) else {
        let judged = Judged {
            statistic: first.statistic.clone(),
            ..Judged::open("permutations of layers")
        };
        let counts = "it takes four layers that all projections have";
        let numbers = count(layers, "layer");
        return Some(judged.said(&SEEDS_LAYERS, rows, &[], (counts, &numbers)));
    };
    let (same, other) = tables.means();
    let test = format!(
        "{} permutations of {}, p {}",
        found.permutations,
        count(layers, "layer"),
        equals(found.p)
    );
    let judged = Judged {
        verdict: match (found.mean_rest >= EXCESS, found.p <= LEVEL) {
            (false, _) => Verdict::Fails,
            (true, true) => Verdict::Holds,
            _ => Verdict::Open,
        },
        statistic: common(rows.iter().map(|row| row.statistic.as_str())),
        test,
        count: rows.len(),
        holding: rows.iter().filter(|row| row.value >= Some(EXCESS)).count(),
        median: median_of(rows, |row| row.value),
        chance: Some(0.0),
        p: Some(found.p),
        least_p: Some(found.least_p),
        margin: Some(EXCESS),
    };
    let counts = format!(
        "a rest of {EXCESS} or more in {} of {}",
        judged.holding,
        count(rows.len(), "module")
    );
    let chances: Vec<f64> = tables.tables.iter().map(|table| table.chance).collect();
    let chance = mean(&chances);
    let phi = judged.statistic.trim_start_matches("rest of ");
    let numbers = format!(
        "mean {phi}{} {} in the same layer, {} between layers, chance {}; mean rest {}; {}, margin {EXCESS}",
        of_basis(&first.basis),
        shown(same),
        shown(other),
        shown(chance),
        signed(Some(found.mean_rest)),
        judged.test,
    );
    Some(judged.said(&SEEDS_LAYERS, rows, &[], (&counts, &numbers)))
}
