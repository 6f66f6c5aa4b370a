//! The paper's tables, groups of many adapters, and the findings, from rows as written.

use crate::error::Result;
use crate::findings::{EvidenceTables, findings, page};
use crate::paper::Table;
use crate::report::TableFile;
use crate::study::Plan;
use crate::table::{AmplificationRow, Answers, RunTable, RunsRow, Table7, to_csv};

use super::artifact::Artifact;
use super::groups::{groups, means, shown};
use super::written::{Tables, rows};

/// The paper's tables of a study: their files, and what the report shows of them.
#[derive(Default)]
pub(super) struct PaperTables {
    pub(super) artifacts: Vec<Artifact>,
    pub(super) shown: Vec<TableFile>,
}

impl PaperTables {
    /// Tables 5, 6, 7 and 18 and the findings, as far as a plan wants them and the rows give them.
    pub(super) fn of(plan: &Plan, tables: Tables) -> Result<Self> {
        let mut made = PaperTables::default();
        let answers = Answers::new(&rows(tables, "answers.csv")?);
        made.run_tables(plan, &rows(tables, "runs.csv")?, &answers)?;
        made.table7(plan, &rows(tables, "amplification.csv")?)?;
        let evidence = EvidenceTables::new(
            rows(tables, "evidence.csv")?,
            rows(tables, "draws.csv")?,
            rows(tables, "layers.csv")?,
        );
        made.groups(plan, tables)?;
        let findings = findings_of(plan, &evidence)?;
        made.artifacts.extend(findings);
        made.shown.sort_by_key(place_in_report);
        Ok(made)
    }

    /// Tables 5, 6 and 18.
    fn run_tables(&mut self, plan: &Plan, rows: &[RunsRow], answers: &Answers) -> Result<()> {
        for number in RunTable::TABLES {
            if !(plan.makes_everything() && plan.makes_table(number)) {
                continue;
            }
            let rows = plan.runs.of_table(number, rows);
            if let Some(table) = RunTable::with_answers(number, &rows, answers) {
                let latex = table.latex(plan.figures.venue.into());
                let forms = [table.csv()?, table.markdown().into(), latex.into()];
                self.add(plan, number, forms, table.html());
            }
        }
        Ok(())
    }

    /// Groups of many adapters.
    fn groups(&mut self, plan: &Plan, tables: Tables) -> Result<()> {
        let rows = groups(plan, &means(tables)?);
        if !rows.is_empty() {
            let bytes = to_csv("groups.csv", &rows)?;
            self.artifacts
                .push(Artifact::in_tables(&plan.name, "groups.csv", bytes));
            self.shown.push(shown(&rows));
        }
        Ok(())
    }

    /// Table 7.
    fn table7(&mut self, plan: &Plan, rows: &[AmplificationRow]) -> Result<()> {
        if rows.is_empty() || !plan.makes_table(Table::Seven) {
            return Ok(());
        }
        let figures = &plan.figures;
        let is_drawn = |row: &&AmplificationRow| figures.modules.contains(&row.module);
        let rows: Vec<AmplificationRow> = rows.iter().filter(is_drawn).cloned().collect();
        let groups = plan.table7_groups();
        let table = Table7::new(&rows, figures.layer, &figures.projections, &groups)?;
        let table = table.within(&figures.within);
        let latex = table.latex(plan.figures.venue.into());
        let forms = [table.csv()?, table.markdown().into(), latex.into()];
        self.add(plan, Table::Seven, forms, table.html());
        Ok(())
    }

    /// A table as CSV, Markdown and LaTeX, and as HTML.
    fn add(&mut self, plan: &Plan, table: Table, forms: [Vec<u8>; 3], html: String) {
        let name = table.stem();
        let forms = ["csv", "md", "tex"].into_iter().zip(forms);
        self.artifacts.extend(
            forms.map(|(end, bytes)| {
                Artifact::in_tables(&plan.name, &format!("{name}.{end}"), bytes)
            }),
        );
        self.shown.push(TableFile { name, html });
    }
}

/// Tables stand in the report in the order of the paper, others after them.
fn place_in_report(table: &TableFile) -> usize {
    let mut all = Table::ALL.iter();
    let place = all.position(|known| known.stem() == table.name);
    place.unwrap_or(Table::ALL.len())
}

/// What stands above the findings: the study's words, and why claims are judged on other bases.
fn note(plan: &Plan) -> String {
    let differences = plan.measured().and_then(|one| one.differences.as_ref());
    let judged = differences.map(|note| {
        format!("{note}. So no claim between such runs can be told, and `b-as-a` is not judged.")
    });
    let study = Some(plan.text.findings.clone()).filter(|text| !text.is_empty());
    let parts: Vec<String> = study.into_iter().chain(judged).collect();
    parts.join("\n\n")
}

/// Findings as a table and for people, where there is evidence.
fn findings_of(plan: &Plan, evidence: &EvidenceTables) -> Result<Vec<Artifact>> {
    if evidence.evidence.is_empty() {
        return Ok(Vec::new());
    }
    let found = findings(evidence);
    let note = note(plan);
    let forms = [
        ("findings.csv", to_csv("findings.csv", &found)?),
        ("findings.md", page(&plan.title, &note, &found).into()),
    ];
    Ok(forms
        .map(|(name, bytes)| Artifact::in_tables(&plan.name, name, bytes))
        .into())
}
