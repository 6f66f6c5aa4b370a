//! Making a plan, and carrying it out.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::error::Result;
use crate::linalg::use_one_thread;

use super::build::build;
use super::{Definition, Plan, Request, Results, memory, module, naming};

impl Plan {
    /// A plan from a study file.
    ///
    /// # Errors
    ///
    /// Everything that can be told before the numbers are read.
    pub fn from_file(path: &Path, request: &Request) -> Result<Self> {
        build(&Definition::read(path)?, path, request, false)
    }

    /// A plan from adapters on a command line: each pair of them is compared, and each of them with
    /// the base if there is one.
    ///
    /// Of the pairs, the first with different ranks is drawn as figures 3 and 6, and the first with
    /// equal ranks as figures 4 and 7.
    ///
    /// # Errors
    ///
    /// As [`Plan::from_file`].
    pub fn from_paths(paths: &[PathBuf], base: Option<&Path>, request: &Request) -> Result<Self> {
        build(
            &naming::definition(paths, base),
            Path::new(""),
            request,
            true,
        )
    }

    /// Measures every module and hands its rows to `take`, in the plan's order whatever the number
    /// of threads. Modules are measured side by side in groups that fit the memory; only one group
    /// is held at a time. `progress` is called once per finished module, from any thread.
    ///
    /// # Errors
    ///
    /// The first in the plan's order: of a module that could not be measured, or of `take`.
    pub fn stream(
        &self,
        progress: &(dyn Fn() + Sync),
        take: &mut dyn FnMut(Results) -> Result<()>,
    ) -> Result<()> {
        if let Some(rows) = &self.published {
            for module in &self.modules {
                take(rows.of_module(module))?;
                progress();
            }
            return Ok(());
        }
        use_one_thread();
        // Groups and no semaphore: a worker that waits for the parallel parts inside a module may
        // take up another module meanwhile, so that only a group's end bounds what is in flight.
        for group in memory::groups(self) {
            let measured: Vec<Result<Results>> = self.modules[group]
                .par_iter()
                .map(|module| {
                    let results = module::measure(self, module);
                    progress();
                    results
                })
                .collect();
            for results in measured {
                take(results?)?;
            }
        }
        Ok(())
    }

    /// As [`Plan::stream`], with all rows at once.
    ///
    /// # Errors
    ///
    /// The first module's, in the plan's order, that could not be measured.
    pub fn run(&self, progress: &(dyn Fn() + Sync)) -> Result<Results> {
        let mut all = Results::default();
        self.stream(progress, &mut |results| {
            all.append(results);
            Ok(())
        })?;
        Ok(all)
    }
}
