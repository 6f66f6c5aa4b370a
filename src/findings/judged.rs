//! A finding on its way: its verdict and numbers, before its words.

use crate::measure::significance::median;
use crate::table::{EvidenceRow, FindingRow};

use super::claims::{Claim, RULES};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    Holds,
    Fails,
    Open,
}

impl Verdict {
    /// What it says of the claim, with names put in.
    fn words(self, claim: &Claim, rows: &[&EvidenceRow], names: &[(&str, &str)]) -> String {
        let [holds, fails, whether] = claim.words;
        let mut said = match self {
            Verdict::Holds => holds.to_string(),
            Verdict::Fails => fails.to_string(),
            Verdict::Open => format!("{whether} cannot be told"),
        };
        let (one, other) = rows
            .first()
            .map_or(("", ""), |row| (&row.first, &row.second));
        let runs = if one == other {
            format!("the runs of {one}")
        } else {
            format!("{one} and {other}")
        };
        let common = [("{one}", one), ("{other}", other), ("{runs}", &runs)];
        for (place, name) in names.iter().chain(&common) {
            said = said.replace(place, name);
        }
        // It may begin with the runs of a group.
        match said.strip_prefix("the ") {
            Some(rest) => format!("The {rest}"),
            None => said,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Fails => "does not hold",
            Verdict::Open => "cannot be told",
        }
    }
}

/// A finding but for its words.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) statistic: String,
    pub(super) test: String,
    pub(super) count: usize,
    pub(super) holding: usize,
    pub(super) median: Option<f64>,
    pub(super) chance: Option<f64>,
    pub(super) p: Option<f64>,
    pub(super) least_p: Option<f64>,
    pub(super) margin: Option<f64>,
}

impl Judged {
    /// Nothing told, by a test.
    pub(super) fn open(test: &str) -> Self {
        Judged {
            verdict: Verdict::Open,
            statistic: String::new(),
            test: test.into(),
            count: 0,
            holding: 0,
            median: None,
            chance: None,
            p: None,
            least_p: None,
            margin: None,
        }
    }

    /// With its sentence: what the verdict says of the claim with `names` put in, then in how many
    /// modules or blocks, then the numbers. Runs whose seeds are not known to differ are no evidence,
    /// and the sentence says so.
    pub(super) fn said(
        mut self,
        claim: &Claim,
        rows: &[&EvidenceRow],
        names: &[(&str, &str)],
        (counts, numbers): (&str, &str),
    ) -> FindingRow {
        let reason = rows.first().and_then(|row| no_seeds(row));
        if reason.is_some() {
            self.verdict = Verdict::Open;
        }
        let said = self.verdict.words(claim, rows, names);
        let (says, reason) = match reason {
            Some(reason) => (format!("{said}: {reason}."), format!("{reason}; ")),
            None => (format!("{said}."), String::new()),
        };
        FindingRow {
            claim: claim.name.into(),
            statement: claim.statement.into(),
            verdict: self.verdict.name().into(),
            says,
            sentence: format!("{said}: {reason}{counts} ({numbers})."),
            statistic: self.statistic,
            test: self.test,
            count: self.count,
            holding: self.holding,
            median: self.median,
            chance: self.chance,
            p: self.p,
            least_p: self.least_p,
            margin: self.margin,
            runs: runs_behind(rows),
            rules: RULES,
        }
    }
}

/// The runs of each side that rows are of; of runs that are compared, all are on the rows.
fn runs_behind(rows: &[&EvidenceRow]) -> usize {
    let mut sides: Vec<(&str, usize)> = Vec::new();
    for row in rows {
        match sides.iter_mut().find(|(first, _)| *first == row.first) {
            Some((_, runs)) => *runs = row.runs.max(*runs),
            None => sides.push((&row.first, row.runs)),
        }
    }
    sides.iter().map(|(_, runs)| runs).sum()
}

/// Why runs cannot stand for different seeds.
fn no_seeds(row: &EvidenceRow) -> Option<&'static str> {
    match row.seeds.as_str() {
        "unknown" => Some(
            "`seed =` is missing in the study (for rows `seeds_are_known`), so the runs may have one seed",
        ),
        "one start" => Some(
            "ΔW of each run still has a part of their common start, B₀ and A₀, so they cannot be compared with chance",
        ),
        "one run" => Some(
            "the runs that are compared are checkpoints of one run, so what they share was kept and not found twice",
        ),
        "alike" => Some(
            "the runs that are compared began as one, as the numbers of A tell, so they cannot be compared with chance",
        ),
        "same" => Some("the runs have one seed, and so share their random stream"),
        _ => None,
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
