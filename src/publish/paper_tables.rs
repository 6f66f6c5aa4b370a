//! The paper's tables and the findings, from rows as written.

use crate::error::Result;
use crate::findings::{findings, page};
use crate::paper::Table;
use crate::study::Plan;
use crate::table::{AmplificationRow, EvidenceRow, RunTable, RunsRow, Table7, Widths, to_csv};

use super::artifact::Artifact;
use super::written::{Tables, rows};

/// Tables 5, 6, 7 and 18 and the findings, as far as a plan wants them and the rows give them.
pub(super) fn paper_tables(plan: &Plan, tables: Tables) -> Result<Vec<Artifact>> {
    let mut made = run_tables(plan, &rows(tables, "runs.csv")?)?;
    made.extend(table7(plan, &rows(tables, "amplification.csv")?)?);
    made.extend(findings_of(plan, &rows(tables, "evidence.csv")?)?);
    Ok(made)
}

/// Tables 5, 6 and 18.
fn run_tables(plan: &Plan, rows: &[RunsRow]) -> Result<Vec<Artifact>> {
    let mut files = Vec::new();
    for number in RunTable::TABLES {
        if !(plan.makes_everything() && plan.makes_table(number)) {
            continue;
        }
        if let Some(table) = RunTable::new(number, &plan.runs.of_table(number, rows)) {
            let latex = table.latex(widths(plan));
            let forms = [table.csv()?, table.markdown().into(), latex.into()];
            files.extend(in_forms(plan, number, forms));
        }
    }
    Ok(files)
}

/// Table 7.
fn table7(plan: &Plan, rows: &[AmplificationRow]) -> Result<Vec<Artifact>> {
    if rows.is_empty() || !plan.makes_table(Table::Seven) {
        return Ok(Vec::new());
    }
    let figures = &plan.figures;
    let table = Table7::new(rows, figures.layer, &figures.projections)?;
    let latex = table.latex(widths(plan));
    let forms = [table.csv()?, table.markdown().into(), latex.into()];
    Ok(in_forms(plan, Table::Seven, forms).into())
}

/// A table as CSV, Markdown and LaTeX.
fn in_forms(plan: &Plan, table: Table, [csv, markdown, latex]: [Vec<u8>; 3]) -> [Artifact; 3] {
    let name = table.stem();
    let forms = [("csv", csv), ("md", markdown), ("tex", latex)];
    forms.map(|(end, bytes)| Artifact::in_tables(&plan.name, &format!("{name}.{end}"), bytes))
}

/// The page that tables are set for, where the study names a venue.
fn widths(plan: &Plan) -> Option<Widths> {
    let widths = plan.figures.venue.widths();
    widths.map(|[column, text]| Widths { column, text })
}

/// Findings as a table and for people, where there is evidence.
fn findings_of(plan: &Plan, evidence: &[EvidenceRow]) -> Result<Vec<Artifact>> {
    if evidence.is_empty() {
        return Ok(Vec::new());
    }
    let found = findings(evidence);
    let forms = [
        ("findings.csv", to_csv("findings.csv", &found)?),
        ("findings.md", page(&plan.title, &found).into()),
    ];
    Ok(forms
        .map(|(name, bytes)| Artifact::in_tables(&plan.name, name, bytes))
        .into())
}
