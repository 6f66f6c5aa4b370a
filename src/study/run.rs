//! Making a plan, and carrying it out.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::error::Result;
use crate::linalg::use_one_thread;

use super::build::build;
use super::{Definition, Plan, Request, Results, module, naming};

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

    /// Measures every module, in parallel, and gives the rows in the plan's order whatever the
    /// number of threads. `progress` is called once per finished module, from any thread.
    ///
    /// # Errors
    ///
    /// The first module's, in the plan's order, that could not be measured.
    pub fn run(&self, progress: &(dyn Fn() + Sync)) -> Result<Results> {
        use_one_thread();
        let parts: Vec<Result<Results>> = self
            .modules
            .par_iter()
            .map(|module| {
                let part = module::measure(self, module);
                progress();
                part
            })
            .collect();
        let mut results = Results::default();
        for part in parts {
            results.append(part?);
        }
        Ok(results)
    }
}
