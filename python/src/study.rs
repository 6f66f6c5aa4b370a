//! Studies, run and checked.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;

use lora_subspace::figure::{Format, Palette};
use lora_subspace::publish::{self, Options, Written};
use lora_subspace::study::{Definition, Makes, Plan, Request, Stop};
use lora_subspace::{CoreError, Result};

use crate::listener::Kept;
use crate::plan::Measuring;
use crate::work::{brief, long};

/// A study file that was read.
#[pyclass(frozen, module = "lora_subspace._native")]
pub(crate) struct Study {
    #[pyo3(get)]
    path: PathBuf,
    #[pyo3(get)]
    name: String,
    #[pyo3(get)]
    title: String,
}

/// What a run wrote: the files, lines that say what was measured, and its summary as JSON.
type Told = (Vec<PathBuf>, Vec<String>, String);

#[pymethods]
impl Study {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let definition = brief(py, || Definition::read(&path))?;
        Ok(Study {
            name: definition.name,
            title: definition.title,
            path,
        })
    }

    /// Measures the study and writes its files, all or none: under `out`, or where they belong.
    #[allow(clippy::too_many_arguments)]
    fn run(
        &self,
        py: Python<'_>,
        out: Option<PathBuf>,
        formats: Vec<String>,
        palette: &str,
        figures: bool,
        report: bool,
        measuring: Measuring,
    ) -> PyResult<Told> {
        let (stop, kept) = (Stop::default(), Kept::default());
        let told = long(py, &stop, || {
            let (plan, request) = self.plan(&measuring, &stop)?;
            let palette = palette.parse::<Palette>()?;
            let out = out.unwrap_or_else(|| publish::own_folder(&plan, &request, palette));
            let mut options = Options::new(&out);
            let named = formats.iter().map(|name| name.parse::<Format>());
            options.formats = named.collect::<Result<_>>()?;
            options.palette = palette;
            options.figures = figures;
            options.report = report;
            options.command = "python".into();
            Ok(told(publish::write(&plan, &options, &kept)?, &out))
        })?;
        kept.warn(py)?;
        Ok(told)
    }

    /// The files under `out`, or where they belong, that are not as the study makes them now: each with
    /// what differs.
    fn check(
        &self,
        py: Python<'_>,
        out: Option<PathBuf>,
        measuring: Measuring,
    ) -> PyResult<Vec<(PathBuf, String)>> {
        let (stop, kept) = (Stop::default(), Kept::default());
        let found = long(py, &stop, || {
            let (plan, request) = self.plan(&measuring, &stop)?;
            let own = || publish::own_folder(&plan, &request, Palette::default());
            let out = out.unwrap_or_else(own);
            if !publish::is_anything_made(&out, &plan.name) {
                let study = format!("study {}", plan.name);
                let remedy = "run it first, or give the folder that it was written to with `out=`";
                return Err(CoreError::request(study, "nothing has been made yet", remedy).into());
            }
            let differences = publish::check(&plan, &out, &kept)?.differences.into_iter();
            let found = differences.map(|one| (out.join(one.path), one.what));
            Ok(found.collect())
        })?;
        kept.warn(py)?;
        Ok(found)
    }

    fn __repr__(&self) -> String {
        format!(
            "<lora_subspace.Study {}: {}>",
            self.path.display(),
            self.title
        )
    }
}

impl Study {
    fn plan(&self, measuring: &Measuring, stop: &Stop) -> Result<(Plan, Request)> {
        let request = measuring.request(Makes::ALL, stop)?;
        let plan = Plan::from_file(&self.path, &request)?;
        plan.check_memory()?;
        plan.check_compares(&self.path)?;
        Ok((plan, request))
    }
}

fn told(written: Written, out: &Path) -> Told {
    let files = written.files.iter().map(|file| out.join(file));
    let summary = format!("{:#}", written.summary);
    (files.collect(), written.answers, summary)
}
