//! The tables of a run, written while its modules are measured.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::NamedTempFile;

use crate::error::{Error, Result};
use crate::findings::{Evidence, EvidenceTables, findings};
use crate::results::{Grid, Results};
use crate::study::Plan;
use crate::table::{
    self, AmplificationRow, FindingRow, GridArchive, OverlapCell, OverlapWriter, to_csv,
    to_csv_without,
};

use super::artifact::{Artifact, name_of, tables_folder};
use super::pair_means::PairMeans;
use super::stage::Staging;

/// The tables of a run on their way, each begun with its first row: a table without rows is not
/// written.
pub(super) struct TableFiles<'a> {
    plan: &'a Plan,
    overlap: Option<OverlapWriter<NamedTempFile>>,
    archive: Option<GridArchive<NamedTempFile>>,
    spectrum: RowFile,
    amplification: RowFile,
    ranks: RowFile,
    placement: RowFile,
    trajectory: RowFile,
    pairs: RowFile,
    pair_means: PairMeans<'a>,
    shared: RowFile,
    interference: RowFile,
    evidence: Option<Evidence>,
    grids: Grids,
    staging: Staging<'a>,
}

/// The tables of rows, beside their places.
pub(super) struct Finished<'a> {
    pub(super) staging: Staging<'a>,
    /// The findings of a run that does not write them.
    pub(super) findings: Vec<FindingRow>,
    pub(super) grids: Grids,
    /// What is suspicious of all modules together.
    pub(super) warnings: Vec<String>,
}

/// How many grids there are, and how many of them `overlap.csv` has as a whole.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Grids {
    whole: usize,
    all: usize,
}

impl Grids {
    /// Which grids `overlap.csv` has; `None` where there are none.
    pub(super) fn in_words(self) -> Option<String> {
        let Grids { whole, all } = self;
        match all {
            0 => None,
            _ if whole == 0 => Some(
                "no figure shows a grid of overlap.csv, overlap.npz has all \
                 (`cells = \"all\"` in [compare])"
                    .into(),
            ),
            _ if whole == all => Some(format!("overlap.csv has all {all} grids")),
            _ => Some(format!(
                "overlap.csv has the {whole} of {all} grids that figures show, overlap.npz all \
                 (`cells = \"all\"` in [compare])"
            )),
        }
    }
}

impl<'a> TableFiles<'a> {
    /// Tables of a plan, staged.
    pub(super) fn new(plan: &'a Plan, staging: Staging<'a>) -> Self {
        let folder = tables_folder(&plan.name);
        TableFiles {
            overlap: None,
            archive: None,
            spectrum: RowFile::new(folder.join("spectrum.csv")),
            amplification: RowFile::new(folder.join("amplification.csv")),
            ranks: RowFile::new(folder.join("ranks.csv")),
            placement: RowFile::new(folder.join("placement.csv")),
            trajectory: RowFile::new(folder.join("trajectory.csv")),
            pairs: RowFile::new(folder.join("pairs.csv")),
            pair_means: PairMeans::new(plan),
            shared: RowFile::new(folder.join("shared.csv")),
            interference: RowFile::new(folder.join("interference.csv")),
            evidence: plan.makes.findings.then(|| Evidence::of_plan(plan)),
            grids: Grids::default(),
            staging,
            plan,
        }
    }

    /// Writes the rows of the next module.
    pub(super) fn take(&mut self, results: &Results) -> Result<()> {
        if let Some(evidence) = &mut self.evidence {
            evidence.take(results);
        }
        for grid in &results.grids {
            self.archive(grid)?;
            let plan = self.plan;
            let is_whole =
                plan.every_grid || plan.shows(&grid.module, grid.basis, &grid.first, &grid.second);
            self.grids.all += 1;
            if is_whole {
                self.grids.whole += 1;
                self.overlap(grid, grid.tidy_cells())?;
            } else if grid.is_of_group {
                self.overlap(grid, grid.diagonal_cells())?;
            }
        }
        self.spectrum.take(&results.spectrum, &mut self.staging)?;
        self.amplification
            .take(&results.amplification, &mut self.staging)?;
        self.ranks.take(&results.ranks, &mut self.staging)?;
        self.placement.take(&results.placement, &mut self.staging)?;
        self.trajectory
            .take(&results.trajectory, &mut self.staging)?;
        self.many(results)
    }

    /// Writes what many adapters share in a module.
    fn many(&mut self, results: &Results) -> Result<()> {
        let has_rows = self
            .plan
            .many()
            .is_some_and(|many| many.has_rows_of_modules);
        for module in &results.many {
            self.pair_means.take(module);
            if has_rows {
                self.pairs.take_all(module.rows(), &mut self.staging)?;
            }
        }
        self.shared.take(&results.shared, &mut self.staging)?;
        self.interference
            .take(&results.interference, &mut self.staging)
    }

    /// Completes all tables of rows; `amplified` are all rows of `amplification.csv`. A run that does
    /// not make everything writes no findings, so as to leave those of one that does, and gives them
    /// here.
    pub(super) fn finish(mut self, amplified: &[AmplificationRow]) -> Result<Finished<'a>> {
        let (overlap, archive) = (self.place("overlap.csv"), self.place("overlap.npz"));
        let folder = tables_folder(&self.plan.name);
        let staging = &mut self.staging;
        if let Some(writer) = self.overlap {
            staging.complete(overlap, writer.finish())?;
        }
        if let Some(writer) = self.archive {
            staging.complete(archive, writer.finish())?;
        }
        self.spectrum.finish(staging)?;
        self.placement.finish(staging)?;
        self.trajectory.finish(staging)?;
        self.pairs.take_all(self.pair_means.rows(), staging)?;
        self.pairs.finish(staging)?;
        self.shared.finish(staging)?;
        self.interference.finish(staging)?;
        if !amplified.is_empty() {
            self.amplification.finish(staging)?;
        }
        if self.plan.makes.amplification {
            self.ranks.finish(staging)?;
        }
        if self.plan.makes_everything() {
            let runs = &self.plan.runs;
            if !runs.rows.is_empty() {
                let bytes = to_csv_without("runs.csv", &runs.rows, &["items"])?;
                staging.write(Artifact::in_tables(&self.plan.name, "runs.csv", bytes))?;
            }
            let mut file = RowFile::new(folder.join("answers.csv"));
            file.take(&runs.answers, staging)?;
            file.finish(staging)?;
        }
        let mut found = Vec::new();
        if let Some(evidence) = self.evidence {
            let tables = evidence.finish(amplified)?;
            if self.plan.makes_everything() {
                write_evidence(&self.plan.name, &tables, staging)?;
            } else {
                found = findings(&tables);
                // Claims that this command could say nothing of go without saying.
                found.retain(|row| row.count > 0);
            }
        }
        Ok(Finished {
            staging: self.staging,
            findings: found,
            grids: self.grids,
            warnings: self.pair_means.same_start().into_iter().collect(),
        })
    }

    fn place(&self, name: &str) -> PathBuf {
        tables_folder(&self.plan.name).join(name)
    }

    fn overlap(&mut self, grid: &Grid, cells: impl Iterator<Item = OverlapCell>) -> Result<()> {
        let place = self.place("overlap.csv");
        let writer = match &mut self.overlap {
            Some(writer) => writer,
            none => none.insert(OverlapWriter::new(self.staging.create(&place)?)),
        };
        let written = writer.grid(&grid.names(), cells);
        written.map_err(|source| unwritten(&self.staging, &place, source))
    }

    fn archive(&mut self, grid: &Grid) -> Result<()> {
        let place = self.place("overlap.npz");
        let writer = match &mut self.archive {
            Some(writer) => writer,
            none => none.insert(GridArchive::new(self.staging.create(&place)?)),
        };
        let written = writer.add(grid.key(), &grid.whole());
        written.map_err(|source| unwritten(&self.staging, &place, source))
    }
}

/// Writes the tables behind the findings; one without rows is not written.
fn write_evidence(study: &str, tables: &EvidenceTables, staging: &mut Staging) -> Result<()> {
    let files = [
        ("evidence.csv", to_csv("evidence.csv", &tables.evidence)?),
        ("draws.csv", to_csv("draws.csv", &tables.draws)?),
        ("layers.csv", to_csv("layers.csv", &tables.layers)?),
    ];
    for (name, bytes) in files.into_iter().filter(|(_, bytes)| !bytes.is_empty()) {
        staging.write(Artifact::in_tables(study, name, bytes))?;
    }
    Ok(())
}

/// What went wrong with a row or a grid: the system, or a number that is none.
fn unwritten(staging: &Staging, place: &Path, source: io::Error) -> Error {
    match source.downcast::<Error>() {
        Ok(told) => told,
        Err(source) => staging.failed(place, source),
    }
}

/// A CSV table of few rows.
struct RowFile {
    place: PathBuf,
    writer: Option<csv::Writer<NamedTempFile>>,
}

impl RowFile {
    fn new(place: PathBuf) -> Self {
        RowFile {
            place,
            writer: None,
        }
    }

    fn take<Row: Serialize>(&mut self, rows: &[Row], staging: &mut Staging) -> Result<()> {
        self.take_all(rows.iter(), staging)
    }

    /// Rows that nobody holds together.
    fn take_all<Row: Serialize>(
        &mut self,
        rows: impl Iterator<Item = Row>,
        staging: &mut Staging,
    ) -> Result<()> {
        for row in rows {
            let writer = match &mut self.writer {
                Some(writer) => writer,
                none => none.insert(csv::Writer::from_writer(staging.create(&self.place)?)),
            };
            writer.serialize(&row).map_err(|error| match error.kind() {
                csv::ErrorKind::Io(_) => staging.failed(&self.place, error.into()),
                _ => table::unwritten(&name_of(&self.place), &row, &error),
            })?;
        }
        Ok(())
    }

    fn finish(self, staging: &mut Staging) -> Result<()> {
        let Some(writer) = self.writer else {
            return Ok(());
        };
        let file = writer.into_inner().map_err(|error| error.into_error());
        staging.complete(self.place, file)
    }
}
