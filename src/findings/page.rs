//! `findings.md`.

use crate::table::{FindingRow, minus};

use super::claims::{CLAIMS, RULES};
use super::words::{digits, probability};

/// Findings for people: what a reader must know first, each verdict with a sentence, the numbers in a
/// table, a sentence a claim to be cited, then what could not be judged and what it takes.
///
/// ```
/// let page = lora_subspace::findings::page("tiny", "Exploratory.", &[]);
/// assert!(page.contains("Exploratory."));
/// assert!(page.contains("`seeds`: takes two runs or more of one rank"));
/// ```
pub fn page(title: &str, note: &str, findings: &[FindingRow]) -> String {
    let mut text = format!("# Findings: {title}\n\n");
    text += &format!(
        "This page says what these data say about section 7 of the LoRA paper, claim by claim. METHODS.md, \
         \"Findings\", has the statistic, test and margin of each claim. The rules have version {RULES}.\n"
    );
    if !note.is_empty() {
        text += &format!("\n{note}\n");
    }
    if !findings.is_empty() {
        text += &verdicts(findings);
        text += &numbers(findings);
        text += &to_cite(findings);
    }
    let is_missing =
        |claim: &&&super::claims::Claim| findings.iter().all(|row| row.claim != claim.name);
    let missing: Vec<_> = CLAIMS.iter().filter(is_missing).collect();
    if !missing.is_empty() {
        text += "\n## Not judged\n\n";
    }
    for claim in missing {
        text += &format!("- `{}`: takes {}.\n", claim.name, claim.takes);
    }
    text
}

fn verdicts(findings: &[FindingRow]) -> String {
    let one = |row: &FindingRow| format!("- **`{}`: {}.** {}\n", row.claim, row.verdict, row.says);
    let lines: String = findings.iter().map(one).collect();
    format!("\n## Verdicts\n\n{lines}")
}

fn numbers(findings: &[FindingRow]) -> String {
    let number = |value: Option<f64>| value.map_or(String::new(), |value| minus(&digits(value)));
    let p_value = |p: Option<f64>| p.map_or(String::new(), |p| minus(&probability(p)));
    let mut text = String::from(
        "\n## Numbers\n\n| claim | verdict | holding | statistic | median | chance | p | least p | runs |\n\
         |:--|:--|--:|:--|--:|--:|--:|--:|--:|\n",
    );
    for row in findings {
        text += &format!(
            "| `{}` | {} | {} of {} | {} | {} | {} | {} | {} | {} |\n",
            row.claim,
            row.verdict,
            row.holding,
            row.count,
            // A bar would end the cell.
            row.statistic.replace('|', "\\|"),
            number(row.median),
            number(row.chance),
            p_value(row.p),
            p_value(row.least_p),
            row.runs,
        );
    }
    text
}

/// Each claim in general, and the sentence with its evidence.
fn to_cite(findings: &[FindingRow]) -> String {
    let one = |row: &FindingRow| {
        let (claim, statement) = (&row.claim, &row.statement);
        format!("- **`{claim}`.** {statement} *{}*\n", row.sentence)
    };
    let lines: Vec<String> = findings.iter().map(one).collect();
    format!("\n## To cite\n\n{}", lines.join("\n"))
}
