//! Rows of `evidence.csv`, begun.

use crate::measure::significance::holm;
use crate::results::ModuleName;
use crate::table::EvidenceRow;

use super::claims::Claim;
use super::compared::{Compared, seeds_word};
use super::shared::{Share, Shared};

pub(super) fn blank(claim: &Claim, module: &ModuleName, statistic: String) -> EvidenceRow {
    EvidenceRow {
        claim: claim.name.into(),
        module: module.path.clone(),
        component: module.component.clone(),
        layer: module.layer,
        projection: module.projection.clone(),
        basis: String::new(),
        first: String::new(),
        second: String::new(),
        runs: 1,
        pairs: None,
        seeds: String::new(),
        statistic,
        value: None,
        chance: None,
        sd: None,
        bound: None,
        p: None,
        p_adjusted: None,
    }
}

/// What runs share in a module; `labels` are its two sides.
pub(super) fn of_share(
    claim: &Claim,
    (shared, compared): (&Shared, &Compared),
    labels: [&str; 2],
    share: &Share,
) -> EvidenceRow {
    let [first, second] = labels;
    let mut runs: Vec<&String> = shared
        .pairs()
        .filter_map(|pair| compared.pairs.get(pair))
        .flatten()
        .collect();
    runs.sort();
    runs.dedup();
    EvidenceRow {
        basis: shared.basis.name().into(),
        first: first.into(),
        second: second.into(),
        runs: runs.len(),
        pairs: Some(shared.pairs().count()),
        seeds: seeds_word(compared.seeds).into(),
        value: share.value,
        chance: Some(share.chance()),
        ..blank(claim, &shared.module, share.name())
    }
}

/// An adapter's ΔW beside W.
pub(super) fn of_adapter(
    claim: &Claim,
    module: &ModuleName,
    adapter: &str,
    statistic: String,
) -> EvidenceRow {
    EvidenceRow {
        first: adapter.into(),
        second: "base".into(),
        ..blank(claim, module, statistic)
    }
}

/// With Holm's correction over the rows that have a p.
pub(super) fn adjusted(mut rows: Vec<EvidenceRow>) -> Vec<EvidenceRow> {
    let p: Vec<f64> = rows.iter().filter_map(|row| row.p).collect();
    let tested = rows.iter_mut().filter(|row| row.p.is_some());
    for (row, adjusted) in tested.zip(holm(&p)) {
        row.p_adjusted = Some(adjusted);
    }
    rows
}
