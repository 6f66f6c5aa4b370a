//! Measures a plan and writes its files, all or none.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use crate::asked::Asked;
use crate::error::Result;
use crate::figure::{Format, Palette};
use crate::parts::Parts;
use crate::results::Results;
use crate::study::{Plan, Request};
use crate::table::Provenance;

use super::claim::Claim;
use super::describe::{describe, describe_cache};
use super::file_list::{FileList, FileSet, Misfit};
use super::listener::Listener;
use super::make::{Wanted, make};
use super::products::Products;
use super::record::{self, Headlines};
use super::stage::Staging;
use super::tables::{Finished, TableFiles};

/// Where a study's files go, and which are made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The folder in which `figures/` and `notebooks-export/` are made.
    pub out: PathBuf,
    /// Kinds of pictures.
    pub formats: Vec<Format>,
    /// Colours of the figures.
    pub palette: Palette,
    /// Whether pictures are drawn, or tables made only.
    pub figures: bool,
    /// Whether a report and a notebook are made too; they need the figures.
    pub report: bool,
    /// Names the run record, `run-COMMAND.json`.
    pub command: String,
    /// Folders with parts of this run ([`super::write_part`]): what they have is taken, and nothing is
    /// measured. Without any, all is measured now.
    pub parts: Vec<PathBuf>,
}

impl Options {
    /// All tables, figures in all formats, report and notebook, under a folder.
    pub fn new(out: impl Into<PathBuf>) -> Self {
        Options {
            out: out.into(),
            formats: Format::ALL.to_vec(),
            palette: Palette::default(),
            figures: true,
            report: true,
            command: "publish".into(),
            parts: Vec::new(),
        }
    }
}

/// Where results go if nobody says: those of a study that is measured and drawn as it stands to the folder
/// that it names or lies in, all others to `out/`.
pub fn own_folder(plan: &Plan, request: &Request, palette: Palette) -> PathBuf {
    let is_plain = request.is_plain() && palette == Palette::default();
    let own = plan.results_folder.clone().filter(|_| is_plain);
    own.unwrap_or_else(|| "out".into())
}

/// What was written.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Written {
    /// The files, under the folder that was given.
    pub files: Vec<PathBuf>,
    /// Settings and headline numbers; the same for the same inputs.
    pub summary: Value,
    /// What was measured in short, as lines for people.
    pub answers: Vec<String>,
    /// Files of earlier runs that this study does not make.
    pub strays: Vec<PathBuf>,
    /// Which grids `overlap.csv` has, in words; `None` where there are none.
    pub grids: Option<String>,
}

/// Measures a plan and writes its files: tables, pictures, report, notebook and the run record.
///
/// # Errors
///
/// Whatever goes wrong, and then no file is written.
pub fn write(plan: &Plan, options: &Options, listener: &dyn Listener) -> Result<Written> {
    let started = Instant::now();
    let out = options.out.as_path();
    let parts = match options.parts.as_slice() {
        [] => None,
        folders => Some(Parts::open(plan, folders)?),
    };
    let claim = Claim::of_study(out, &plan.name, listener)?;
    let Measurements {
        tables:
            Finished {
                mut staging,
                findings,
                grids,
                warnings: _,
            },
        headlines,
    } = measure(plan, parts.as_ref(), Staging::new(&claim, out), listener)?;
    let provenance = plan.provenance()?;
    if let Some(parts) = &parts {
        parts.check_inputs(&provenance.inputs)?;
    }
    let wanted = Wanted {
        palette: options.palette,
        pictures: &options.formats,
        named: &options.formats,
        figures: options.figures,
        report: options.report,
    };
    let tables = |name: &str| staging.open(name);
    let made = make(plan, &tables, &wanted, &provenance, listener)?;
    staging.write_all(made.artifacts)?;
    let products = Products::new(&plan.name, staging.places()).with(made.pictures);
    let findings = if plan.makes_everything() {
        staging.rows("findings.csv")?
    } else {
        findings
    };
    let strays = match plan.makes_everything() {
        true => products.strays(out),
        false => Vec::new(),
    };
    list(plan, out, &mut staging, (&provenance, &strays), listener)?;
    let places = staging.places();
    let summary = record::summary(plan, &headlines, &provenance, &findings, places);
    let took = (started.elapsed(), headlines.reading());
    staging.write(record::artifact(&options.command, plan, &summary, took))?;
    Ok(Written {
        files: staging.persist()?,
        summary,
        answers: headlines.answers(&findings),
        strays,
        grids: grids.in_words(),
    })
}

/// Lists the files with those that other commands made, and says which of these do not fit. Strays
/// belong to nothing any more.
fn list(
    plan: &Plan,
    out: &Path,
    staging: &mut Staging,
    (provenance, strays): (&Provenance, &[PathBuf]),
    listener: &dyn Listener,
) -> Result<()> {
    let (study, files) = (&plan.name, staging.digests()?);
    let before = FileList::read(out, study).unwrap_or_else(|error| {
        listener.warn(&format!("{error}; it is made anew"));
        None
    });
    let mut before = before.unwrap_or_default();
    before.drop_those(|name| {
        let mut strays = strays.iter();
        files.contains_key(name) || strays.any(|stray| stray.ends_with(name))
    });
    let (misfits, made_of) = (before.misfits(out, study)?, provenance.clone());
    for Misfit { path, what, .. } in &misfits {
        listener.warn(&format!("{}: {what}", path.display()));
    }
    let is_gone = |name: &str| {
        let mut misfits = misfits.iter();
        misfits.any(|one| one.is_gone && one.path.ends_with(name))
    };
    before.drop_those(is_gone);
    let list = before.with(FileSet { made_of, files });
    for other in list.of_others(&|made_of| made_of.differs_from(provenance)) {
        listener.warn(&format!(
            "{other}: {} makes all of one study's files",
            Asked::Study
        ));
    }
    staging.write(list.artifact(study)?)
}

/// What was measured.
pub(super) struct Measurements<'a> {
    pub(super) tables: Finished<'a>,
    headlines: Headlines,
}

/// Measures, or takes what parts have, and writes the tables of rows beside their places.
pub(super) fn measure<'a>(
    plan: &'a Plan,
    parts: Option<&Parts>,
    staging: Staging<'a>,
    listener: &dyn Listener,
) -> Result<Measurements<'a>> {
    describe(plan, listener);
    let mut tables = TableFiles::new(plan, staging);
    let mut headlines = Headlines::new(plan);
    let steps = listener.measuring(plan.modules.len());
    let mut take = |results: Results| {
        tables.take(&results)?;
        headlines.take(results);
        Ok(())
    };
    let streamed = match parts {
        Some(parts) => parts.stream(plan, &|| steps.step(), &mut take),
        None => plan.stream(&|| steps.step(), &mut take),
    };
    steps.finish();
    streamed?;
    describe_cache(plan, listener);
    let mut tables = tables.finish(headlines.amplification())?;
    headlines.warn(std::mem::take(&mut tables.warnings));
    for warning in headlines.warnings(plan) {
        listener.warn(warning);
    }
    Ok(Measurements { tables, headlines })
}
