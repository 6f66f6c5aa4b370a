//! Everything that comes of a study's tables: a run writes it, a check compares it.

use crate::error::Result;
use crate::figure::{Format, Palette};
use crate::study::Plan;
use crate::table::Provenance;

use super::artifact::Artifact;
use super::charts::Beside;
use super::describe::describe_figures;
use super::drawn::Drawn;
use super::listener::Listener;
use super::paper_tables::PaperTables;
use super::pictures::{captions, pictures};
use super::report::{Sources, report};
use super::written::{Tables, Written};

/// What is to be made beside the tables.
pub(super) struct Wanted<'a> {
    pub(super) palette: Palette,
    /// Formats that are drawn.
    pub(super) pictures: &'a [Format],
    /// Formats that the report names.
    pub(super) named: &'a [Format],
    /// Whether there are pictures at all.
    pub(super) figures: bool,
    /// Whether there is a report and a notebook.
    pub(super) report: bool,
}

/// What was made.
pub(super) struct Made {
    pub(super) artifacts: Vec<Artifact>,
    /// Names of pictures and captions without endings; `None` where none were wanted.
    pub(super) pictures: Option<Vec<String>>,
}

/// Makes a study's files from its tables as they are on disk.
pub(super) fn make(
    plan: &Plan,
    tables: Tables,
    wanted: &Wanted,
    provenance: &Provenance,
    listener: &dyn Listener,
) -> Result<Made> {
    let PaperTables {
        mut artifacts,
        shown,
    } = PaperTables::of(plan, tables)?;
    if !wanted.figures {
        return Ok(Made {
            artifacts,
            pictures: None,
        });
    }
    let drawn = Drawn::of(plan, tables, wanted.palette)?;
    describe_figures(plan, drawn.stems().len(), listener);
    let mut later = pictures(plan, &drawn, provenance, wanted.pictures)?;
    later.extend(captions(plan, &drawn));
    if wanted.report {
        let beside = Beside::of(plan, wanted.palette)?;
        let sources = Sources {
            drawn: &drawn,
            beside: beside.as_ref(),
            formats: wanted.named,
            tables: Written {
                tables,
                made: &artifacts,
            },
            shown: &shown,
            provenance,
            palette: wanted.palette,
        };
        later.extend(report(plan, &sources)?);
    }
    artifacts.extend(later);
    Ok(Made {
        artifacts,
        pictures: Some(drawn.files(plan)),
    })
}
