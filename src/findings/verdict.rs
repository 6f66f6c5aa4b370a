//! A verdict a claim, from the rows of `evidence.csv` alone.

use crate::table::{EvidenceRow, FindingRow};

use super::claims::{
    B_AS_A, CLAIMS, CORRELATES, Claim, FACTOR, NEW_DIRECTIONS, QUERY_VALUE, RANKS, SEEDS,
};
use super::majority::{correlates, new_directions, shared};
use super::paired::{both_factors, factor, query_and_value};

/// What the data say of each claim that they speak of, in the tables' order.
///
/// The rows are those of `evidence.csv`; a claim of which no module says anything is left out.
///
/// # Example
///
/// Three modules in which the top direction is shared:
///
/// ```
/// use lora_subspace::findings::findings;
/// use lora_subspace::table::EvidenceRow;
/// let row = |layer: usize| EvidenceRow {
///     claim: "ranks".into(),
///     module: format!("h.{layer}.query"),
///     layer: Some(layer),
///     projection: "query".into(),
///     basis: "a".into(),
///     first: "r8".into(),
///     second: "r64".into(),
///     statistic: "φ(1,8)".into(),
///     value: Some(0.4),
///     chance: Some(8.0 / 384.0),
///     p: Some(1e-9),
///     p_adjusted: Some(3e-9),
/// };
/// let found = findings(&[row(0), row(1), row(2)]);
/// assert_eq!((found[0].verdict.as_str(), found[0].holding), ("holds", 3));
/// ```
pub fn findings(rows: &[EvidenceRow]) -> Vec<FindingRow> {
    let of = |claim: &Claim, judge: Judge| {
        let says = |row: &&EvidenceRow| {
            row.claim == claim.name && row.value.is_some() && row.chance.is_some()
        };
        let rows: Vec<&EvidenceRow> = rows.iter().filter(says).collect();
        (!rows.is_empty()).then(|| judge(&rows)).flatten()
    };
    let judge = |claim: &&Claim| match claim.name {
        name if name == RANKS.name => of(claim, |rows| shared(&RANKS, rows)),
        name if name == SEEDS.name => of(claim, |rows| shared(&SEEDS, rows)),
        name if name == QUERY_VALUE.name => of(claim, query_and_value),
        name if name == CORRELATES.name => of(claim, correlates),
        name if name == NEW_DIRECTIONS.name => of(claim, new_directions),
        name if name == FACTOR.name => of(claim, factor),
        name if name == B_AS_A.name => of(claim, both_factors),
        _ => None,
    };
    CLAIMS.iter().filter_map(judge).collect()
}

type Judge = fn(&[&EvidenceRow]) -> Option<FindingRow>;
