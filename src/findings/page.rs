//! `findings.md`.

use crate::table::{FindingRow, minus};

use super::claims::{CLAIMS, RULES};
use super::words::{digits, probability};

/// Findings for people: what a reader must know first, a table, then a sentence a claim, then what
/// could not be judged and what it takes.
///
/// ```
/// let page = lora_subspace::findings::page("tiny", "Exploratory.", &[]);
/// assert!(page.contains("Exploratory."));
/// assert!(page.contains("`seeds`: takes two runs or more of one rank"));
/// ```
pub fn page(title: &str, note: &str, findings: &[FindingRow]) -> String {
    let mut text = format!("# Findings: {title}\n\n");
    text += &format!(
        "What these data say of claims of, and about, section 7 of the LoRA paper. METHODS.md, \"Findings\", \
         has statistic, test and margin of each: rules, version {RULES}.\n"
    );
    if !note.is_empty() {
        text += &format!("\n{note}\n");
    }
    if !findings.is_empty() {
        text += "\n| claim | verdict | holding | statistic | median | chance | p | least p | runs |\n|:--|:--|--:|:--|--:|--:|--:|--:|--:|\n";
    }
    let number = |value: Option<f64>| value.map_or(String::new(), |value| minus(&digits(value)));
    let p_value = |p: Option<f64>| p.map_or(String::new(), |p| minus(&probability(p)));
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
    for row in findings {
        text += &format!(
            "\n- **`{}`: {}.** {} *{}*\n",
            row.claim, row.verdict, row.statement, row.sentence
        );
    }
    let is_missing =
        |claim: &&&super::claims::Claim| findings.iter().all(|row| row.claim != claim.name);
    let missing: Vec<_> = CLAIMS.iter().filter(is_missing).collect();
    if !missing.is_empty() {
        text += "\nNot judged:\n\n";
    }
    for claim in missing {
        text += &format!("- `{}`: takes {}.\n", claim.name, claim.takes);
    }
    text
}
