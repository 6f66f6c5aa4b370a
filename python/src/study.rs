//! Studies, run and checked.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;

use lora_subspace::figure::{Format, Palette};
use lora_subspace::publish::{self, Options, Written};
use lora_subspace::study::{Definition, Makes, Plan, Stop};
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

    /// Measures the study and writes its files under `out`, all or none.
    #[allow(clippy::too_many_arguments)]
    fn run(
        &self,
        py: Python<'_>,
        out: PathBuf,
        formats: Vec<String>,
        palette: &str,
        figures: bool,
        report: bool,
        measuring: Measuring,
    ) -> PyResult<Told> {
        let (stop, kept) = (Stop::default(), Kept::default());
        let written = long(py, &stop, || {
            let plan = self.plan(&measuring, &stop)?;
            let mut options = Options::new(&out);
            let named = formats.iter().map(|name| name.parse::<Format>());
            options.formats = named.collect::<Result<_>>()?;
            options.palette = palette.parse::<Palette>()?;
            options.figures = figures;
            options.report = report;
            options.command = "python".into();
            publish::write(&plan, &options, &kept)
        })?;
        kept.warn(py)?;
        Ok(told(written, &out))
    }

    /// The files under `out` that are not as the study makes them now, each with what differs.
    fn check(
        &self,
        py: Python<'_>,
        out: PathBuf,
        measuring: Measuring,
    ) -> PyResult<Vec<(PathBuf, String)>> {
        let (stop, kept) = (Stop::default(), Kept::default());
        let checked = long(py, &stop, || {
            let plan = self.plan(&measuring, &stop)?;
            if !publish::is_anything_made(&out, &plan.name) {
                let study = format!("study {}", plan.name);
                let remedy = "run it first, or give the folder that it was written to with `out=`";
                return Err(CoreError::request(study, "nothing has been made yet", remedy).into());
            }
            publish::check(&plan, &out, &kept)
        })?;
        kept.warn(py)?;
        let differences = checked.differences.into_iter();
        Ok(differences
            .map(|difference| (out.join(difference.path), difference.what))
            .collect())
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
    fn plan(&self, measuring: &Measuring, stop: &Stop) -> Result<Plan> {
        let request = measuring.request(Makes::ALL, stop)?;
        let plan = Plan::from_file(&self.path, &request)?;
        plan.check_memory()?;
        plan.check_compares(&self.path)?;
        Ok(plan)
    }
}

fn told(written: Written, out: &Path) -> Told {
    let files = written.files.iter().map(|file| out.join(file));
    let summary = format!("{:#}", written.summary);
    (files.collect(), written.answers, summary)
}
