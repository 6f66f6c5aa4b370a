//! Runs that stand in one cell of a table, or at one point of the rank curve.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::paper::Table;
use crate::table::{RunsRow, weight_types};

use super::file::runs_file::RunsFile;

/// Runs in one cell are seeds of one setting; anything else has no standard deviation over seeds.
///
/// # Errors
///
/// With the line of a run that is no seed of the setting of those above it.
pub(super) fn check_cells(
    file: &RunsFile,
    table: Table,
    is_shown: &dyn Fn(&RunsRow) -> bool,
) -> Result<()> {
    let mut cells: BTreeMap<_, Cell> = BTreeMap::new();
    for (line, row) in file.rows.iter().filter(|(_, row)| is_shown(row)) {
        let types = weight_types(&row.weight_types);
        let cell = cells.entry((&row.task, &row.metric, types, row.rank));
        let cell = cell.or_default();
        for (first, other) in &cell.rivals(row) {
            let parameters = [row.trainable_parameters, other.trainable_parameters];
            let differs = match parameters {
                _ if row.alpha != other.alpha => "another alpha than",
                [Some(one), Some(two)] if one != two => "another trainable_parameters than",
                _ if row.seed.is_some() && row.seed == other.seed => "the same seed as",
                _ => continue,
            };
            let problem = format!(
                "`{}` has {differs} `{}` in line {first}, and the same weight_types, rank, task and \
                 metric: they are no two seeds of one setting",
                row.adapter, other.adapter
            );
            let remedy = format!("choose runs with table{table} = [\"NAME*\"] in [tables]");
            return Err(file.error(*line, &problem, remedy));
        }
        cell.add((*line, row));
    }
    Ok(())
}

/// The rows of one cell until now, which are seeds of one setting: of them one has the first α, one the
/// first number of parameters, and one each seed.
#[derive(Default)]
struct Cell<'a> {
    first: Option<(u64, &'a RunsRow)>,
    first_counted: Option<(u64, &'a RunsRow)>,
    seeds: BTreeMap<u64, (u64, &'a RunsRow)>,
}

impl<'a> Cell<'a> {
    fn add(&mut self, row: (u64, &'a RunsRow)) {
        self.first.get_or_insert(row);
        if row.1.trainable_parameters.is_some() {
            self.first_counted.get_or_insert(row);
        }
        if let Some(seed) = row.1.seed {
            self.seeds.entry(seed).or_insert(row);
        }
    }

    /// Those that a further row may contradict, in the order of their lines.
    fn rivals(&self, row: &RunsRow) -> Vec<(u64, &'a RunsRow)> {
        let same_seed = row.seed.and_then(|seed| self.seeds.get(&seed));
        let rivals = self.first.iter().chain(&self.first_counted);
        let mut rivals: Vec<_> = rivals.chain(same_seed).copied().collect();
        rivals.sort_by_key(|(line, _)| *line);
        rivals
    }
}
