//! A verdict a claim, from the rows of `evidence.csv` alone.

use crate::table::{EvidenceRow, FindingRow};

use super::between::same_layer_of;
use super::claims::{
    B_AS_A, B_FOLLOWS_TASK, CLAIMS, CORRELATES, Claim, FACTOR, LOCKS_EARLY, LOW_RANK,
    NEW_DIRECTIONS, QUERY_VALUE, RANKS, RANKS_OTHERS, SEEDS, SEEDS_LAYERS,
};
use super::contained::new_directions;
use super::evidence::EvidenceTables;
use super::follows::b_follows_task;
use super::low_rank::low_rank;
use super::majority::{others, shared};
use super::paired::{both_factors, query_and_value};
use super::pooled::{correlates, factor};
use super::steps::locks_early;

/// What the data say of each claim that they speak of, in the tables' order.
///
/// The rows are those of `evidence.csv`, `draws.csv` and `layers.csv`; a claim of which no module says
/// anything is left out.
///
/// # Example
///
/// Three modules in which the top direction is shared:
///
/// ```
/// use lora_subspace::findings::{EvidenceTables, findings};
/// use lora_subspace::table::EvidenceRow;
/// let row = |layer: usize| EvidenceRow {
///     claim: "ranks".into(),
///     module: format!("h.{layer}.query"),
///     component: String::new(),
///     layer: Some(layer),
///     projection: "query".into(),
///     basis: "a".into(),
///     first: "r8".into(),
///     second: "r64".into(),
///     runs: 2,
///     pairs: Some(1),
///     seeds: "differ".into(),
///     statistic: "φ(1,8)".into(),
///     value: Some(0.4),
///     chance: Some(8.0 / 384.0),
///     sd: None,
///     bound: None,
///     p: Some(1e-9),
///     p_adjusted: Some(3e-9),
/// };
/// let rows = vec![row(0), row(1), row(2)];
/// let found = findings(&EvidenceTables::new(rows, vec![], vec![]));
/// assert_eq!((found[0].verdict.as_str(), found[0].holding), ("holds", 3));
/// ```
pub fn findings(tables: &EvidenceTables) -> Vec<FindingRow> {
    let judge = |claim: &&Claim| {
        let is_its = |row: &&EvidenceRow| row.claim == claim.name;
        let all: Vec<&EvidenceRow> = tables.evidence.iter().filter(is_its).collect();
        let says = |row: &&EvidenceRow| row.value.is_some() && row.chance.is_some();
        let rows: Vec<&EvidenceRow> = all.iter().copied().filter(says).collect();
        match claim.name {
            // That its rows are empty says something.
            name if name == NEW_DIRECTIONS.name => new_directions(&all),
            name if name == LOCKS_EARLY.name => locks_early(&all),
            name if name == SEEDS_LAYERS.name => same_layer_of(&all, &tables.layers),
            _ if rows.is_empty() => None,
            name if name == RANKS.name => shared(&RANKS, &rows),
            name if name == RANKS_OTHERS.name => others(&rows),
            name if name == SEEDS.name => shared(&SEEDS, &rows),
            name if name == QUERY_VALUE.name => query_and_value(&rows),
            name if name == CORRELATES.name => correlates(&rows, &tables.draws),
            name if name == FACTOR.name => factor(&rows, &tables.draws),
            name if name == B_AS_A.name => both_factors(&rows),
            name if name == LOW_RANK.name => low_rank(&rows),
            name if name == B_FOLLOWS_TASK.name => b_follows_task(&rows),
            _ => None,
        }
    };
    CLAIMS
        .iter()
        .chain([&&LOCKS_EARLY, &&LOW_RANK, &&B_FOLLOWS_TASK])
        .filter_map(judge)
        .collect()
}
