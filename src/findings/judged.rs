//! A finding on its way: its verdict and numbers, before its words.

use crate::measure::significance::median;
use crate::table::{EvidenceRow, FindingRow};

use super::claims::Claim;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    Holds,
    Fails,
    Open,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Fails => "does not hold",
            Verdict::Open => "cannot be told",
        }
    }
}

/// A finding but for its words.
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) statistic: String,
    pub(super) test: String,
    pub(super) count: usize,
    pub(super) holding: usize,
    pub(super) median: Option<f64>,
    pub(super) chance: Option<f64>,
    pub(super) p: Option<f64>,
    pub(super) margin: Option<f64>,
}

impl Judged {
    /// With its sentence: what the verdict says of the claim with `names` put in, then in how many
    /// modules or blocks, then the numbers.
    pub(super) fn said(
        self,
        claim: &Claim,
        names: &[(&str, &str)],
        (counts, numbers): (&str, &str),
    ) -> FindingRow {
        let [holds, fails, whether] = claim.words;
        let mut said = match self.verdict {
            Verdict::Holds => holds.to_string(),
            Verdict::Fails => fails.to_string(),
            Verdict::Open => format!("{whether} cannot be told"),
        };
        for (place, name) in names {
            said = said.replace(place, name);
        }
        FindingRow {
            claim: claim.name.into(),
            statement: claim.statement.into(),
            verdict: self.verdict.name().into(),
            sentence: format!("{said}: {counts} ({numbers})."),
            statistic: self.statistic,
            test: self.test,
            count: self.count,
            holding: self.holding,
            median: self.median,
            chance: self.chance,
            p: self.p,
            margin: self.margin,
        }
    }
}

/// (φ − chance)/(1 − chance): 0 by chance, 1 when one subspace contains the other. `None` where
/// chance contains all.
pub(super) fn excess(row: &EvidenceRow) -> Option<f64> {
    let (value, chance) = (row.value?, row.chance?);
    (chance < 1.0).then(|| (value - chance) / (1.0 - chance))
}

pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

pub(super) fn median_of(
    rows: &[&EvidenceRow],
    field: impl Fn(&EvidenceRow) -> Option<f64>,
) -> Option<f64> {
    median(&rows.iter().filter_map(|row| field(row)).collect::<Vec<_>>())
}
