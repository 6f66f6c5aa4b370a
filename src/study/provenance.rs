//! What a plan's results are made of.

use std::path::Path;

use rayon::prelude::*;

use crate::error::Result;
use crate::files::InputFile;
use crate::table::{Input, Provenance};

use super::many::Many;
use super::named::NamedAdapter;
use super::plan::{Plan, Source};

impl Plan {
    /// Version, settings and input files with their SHA-256, of the bytes that were read: weight files
    /// and tables are read again for that, through the handles that their numbers are read by.
    ///
    /// # Errors
    ///
    /// [`CoreError::Io`](crate::CoreError::Io) when a file cannot be read any more, and
    /// [`CoreError::Changed`](crate::CoreError::Changed) when somebody wrote to it meanwhile.
    pub fn provenance(&self) -> Result<Provenance> {
        Ok(Provenance {
            version: env!("CARGO_PKG_VERSION").into(),
            study: self.name.clone(),
            settings: self.settings(),
            inputs: self.inputs_of(&self.modules)?,
        })
    }

    /// All that decides which numbers are measured, but for the bytes of files, as text.
    pub(crate) fn identity(&self) -> String {
        let measured = self.measured().map(|one| {
            let of_adapter = |named: &NamedAdapter| {
                let steps = named.steps.iter().flat_map(|steps| &steps.earlier);
                let steps: Vec<u64> = steps.map(|step| step.number).collect();
                (named.name.clone(), named.directions, steps)
            };
            let adapters: Vec<_> = one.adapters.iter().map(of_adapter).collect();
            (
                adapters,
                &one.comparisons,
                &one.many,
                &one.amplified,
                &one.table7_groups,
            )
        });
        let plan = (
            self.settings(),
            &self.modules,
            &self.components,
            self.makes,
            &self.figures,
        );
        format!("{plan:?} {measured:?}")
    }

    /// Settings that decide numbers, each in words.
    fn settings(&self) -> Vec<(String, String)> {
        let bases: Vec<&str> = self.bases.iter().map(|basis| basis.name()).collect();
        let mut settings = vec![("bases", bases.join(", "))];
        if let Some(measured) = self.measured() {
            let directions = match measured.rank {
                Some(rank) => rank.to_string(),
                None => {
                    let whole = measured.adapters.iter();
                    let whole = whole.filter_map(|one| Some((&one.name, one.directions?)));
                    let whole = whole.map(|(name, count)| format!("; of {name} {count}"));
                    format!("each adapter's rank{}", whole.collect::<String>())
                }
            };
            settings.extend([
                ("seed", measured.seed.to_string()),
                ("draws", measured.draws.to_string()),
                ("directions", directions),
            ]);
            if let Some(many) = &measured.many {
                settings.push(("many", many_in_words(self, many)));
            }
            if !measured.with_own_directions {
                settings.push(("rows of table 7", "delta, random".into()));
            }
        }
        settings.extend(self.selected.iter().cloned());
        let named = |(name, value): (&str, String)| (name.to_string(), value);
        settings.into_iter().map(named).collect()
    }

    /// The adapters' files in the study's order, those of the base that hold a W of these modules, then
    /// tables that others made.
    ///
    /// # Errors
    ///
    /// Those of [`Plan::provenance`].
    pub(crate) fn inputs_of(&self, modules: &[String]) -> Result<Vec<Input>> {
        let mut files: Vec<(String, InputFile)> = Vec::new();
        match &self.source {
            Source::Adapters(measured) => {
                for named in &measured.adapters {
                    let of_adapter = named.adapter.files().iter().cloned();
                    files.extend(of_adapter.map(|file| (named.name.clone(), file)));
                    files.extend(of_steps(named));
                }
                if let Some(base) = &measured.base {
                    let modules = modules.iter();
                    let used = base.files(modules.filter_map(|path| measured.module(path)))?;
                    files.extend(used.into_iter().map(|file| ("base".into(), file)));
                }
            }
            Source::Rows(rows) => {
                let tables = rows.files.iter().cloned();
                files.extend(tables.map(|file| ("rows".into(), file)));
            }
        }
        let tables = self.runs.files.iter().cloned();
        files.extend(tables.map(|(of, file)| (of.into(), file)));
        let name = |file: &Path| file.file_name().map(|name| name.to_string_lossy().into());
        files
            .into_par_iter()
            .map(|(of, file)| {
                Ok(Input {
                    of,
                    sha256: file.sha256()?,
                    file: name(file.path()).unwrap_or_default(),
                })
            })
            .collect()
    }
}

/// Which adapters are put side by side, and how.
fn many_in_words(plan: &Plan, many: &Many) -> String {
    let bases: Vec<&str> = many.bases.iter().map(|basis| basis.name()).collect();
    let which = match many.adapters.len() == plan.adapters().len() {
        true => "all adapters".into(),
        false => {
            let names = many.adapters.iter().map(|id| plan.adapter_name(*id));
            names.collect::<Vec<_>>().join(", ")
        }
    };
    format!(
        "{which}; {}; k = {}; {} draws",
        bases.join(", "),
        many.k,
        many.draws
    )
}

/// The files of a run's checkpoints, but for those that the adapter has in common with them.
fn of_steps(named: &NamedAdapter) -> impl Iterator<Item = (String, InputFile)> {
    let steps = named.steps.iter().flat_map(|steps| &steps.earlier);
    steps.flat_map(|step| {
        let files = step.adapter.files().iter();
        let of_last = named.adapter.files().iter().map(InputFile::path);
        let own = files.filter(move |file| !of_last.clone().any(|last| last == file.path()));
        own.map(|file| {
            (
                format!("{}, step {}", named.name, step.number),
                file.clone(),
            )
        })
    })
}
