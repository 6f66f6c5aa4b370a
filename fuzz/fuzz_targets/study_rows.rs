//! A study of tables that people write: overlap.csv, amplification.csv, spectrum.csv, runs.csv and
//! answers.csv, with a byte 0 between them.
#![no_main]

use lora_subspace::paper::Table;
use lora_subspace::study::{Plan, Request};
use lora_subspace::table::{Answers, RunTable, Table7, scores};

mod shared;

const NAMES: [&str; 5] = [
    "overlap.csv",
    "amplification.csv",
    "spectrum.csv",
    "runs.csv",
    "answers.csv",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared::with_empty_folder(|folder| {
        let tables = shared::texts::<5>(bytes);
        for (name, text) in NAMES.iter().zip(tables) {
            shared::write(&folder.join("rows").join(name), text);
        }
        let mut text = "name = \"s\"\nrows = \"rows\"\n".to_string();
        if !tables[4].is_empty() {
            text += "answers = \"rows/answers.csv\"\n";
        }
        let study = folder.join("study.toml");
        shared::write(&study, text.as_bytes());
        if let Some(plan) = shared::hold(Plan::from_file(&study, &Request::everything())) {
            use_plan(&plan);
        }
    });
});

/// Its rows are handed on, module by module, and its tables are made.
fn use_plan(plan: &Plan) {
    let (mut modules, mut amplification) = (0, Vec::new());
    let streamed = plan.stream(&|| (), &mut |results| {
        modules += 1;
        for grid in &results.grids {
            assert_eq!(grid.tidy_cells().count(), grid.cells.len());
            let _ = (grid.whole(), grid.key(), grid.rows().count());
        }
        amplification.extend(results.amplification);
        Ok(())
    });
    streamed.expect("rows are there");
    assert_eq!(modules, plan.modules.len());
    let _ = scores(&plan.runs.rows);
    let answers = Answers::new(&plan.runs.answers);
    for table in [Table::Five, Table::Six, Table::Eighteen] {
        let rows = plan.runs.of_table(table, &plan.runs.rows);
        if let Some(table) = RunTable::with_answers(table, &rows, &answers) {
            shared::hold(table.csv());
            let _ = (
                table.markdown(),
                table.html(),
                table.latex(lora_subspace::table::Widths::from(
                    lora_subspace::paper::Venue::Plain,
                )),
            );
        }
    }
    let (layer, projections) = (plan.figures.layer, &plan.figures.projections);
    let table7 = Table7::new(&amplification, layer, projections, &plan.table7_groups());
    if let Some(table) = shared::hold(table7) {
        shared::hold(table.csv());
        let _ = (
            table.markdown(),
            table.html(),
            table.latex(lora_subspace::table::Widths::from(
                lora_subspace::paper::Venue::Plain,
            )),
        );
    }
}
