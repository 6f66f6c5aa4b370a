//! Measuring: a plan's modules, each read and decomposed once, as rows.

mod chances;
mod costs;
mod free;
mod known;
mod many;
mod many_chances;
mod memory;
mod module;
mod overlaps;
mod placed;
mod placements;
mod spectra;
mod table7;
mod trajectories;

use rayon::prelude::*;

use crate::error::Result;
use crate::findings::Wanted;
use crate::linalg::use_one_thread;
use crate::results::Results;
use crate::study::{Plan, Source};

use chances::RankChances;
use many_chances::ManyChances;

impl Plan {
    /// Measures every module and hands its rows to `take`, in the plan's order whatever the number
    /// of threads. Modules are measured side by side in groups that fit the memory; only one group
    /// is held at a time. `progress` is called once per finished module, from any thread.
    ///
    /// # Errors
    ///
    /// [`Plan::check_memory`]'s, then the first in the plan's order: of a module that could not be
    /// measured, or of `take`; [`Error::Stopped`](crate::Error::Stopped) once [`Plan::stop`] is asked.
    pub fn stream(
        &self,
        progress: &(dyn Fn() + Sync),
        take: &mut dyn FnMut(Results) -> Result<()>,
    ) -> Result<()> {
        self.stream_of(&self.modules, progress, take)
    }

    /// As [`Plan::stream`], of some of the plan's modules.
    ///
    /// # Errors
    ///
    /// Those of [`Plan::stream`].
    pub fn stream_of(
        &self,
        modules: &[String],
        progress: &(dyn Fn() + Sync),
        take: &mut dyn FnMut(Results) -> Result<()>,
    ) -> Result<()> {
        let measured = match &self.source {
            Source::Adapters(measured) => measured,
            Source::Rows(rows) => {
                for module in modules {
                    self.stop.check()?;
                    take(rows.of_module(module))?;
                    progress();
                }
                return Ok(());
            }
        };
        self.check_memory()?;
        use_one_thread();
        // Groups and no semaphore: a worker that waits for the parallel parts inside a module may
        // take up another module meanwhile, so that only a group's end bounds what is in flight.
        let beside = module::Beside {
            wanted: Wanted::of(self, measured),
            chances: RankChances::of(self, measured, modules)?,
            many: ManyChances::of(self, measured, modules)?,
        };
        for group in memory::groups(self, measured, modules) {
            let results: Vec<Result<Results>> = modules[group]
                .par_iter()
                .map(|module| {
                    self.stop.check()?;
                    let results = module::measure((self, measured), &beside, module);
                    progress();
                    results
                })
                .collect();
            for results in results {
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
