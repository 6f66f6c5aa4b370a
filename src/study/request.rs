//! What is asked beside a study file, or in place of one.

use crate::adapter::ReadOptions;
use crate::asked::Asked;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::measure::Basis;
use crate::paper::RowOf;

use super::file::Selection;
use super::file::bounds::MOST_DRAWS;
use super::file::select::check_list;
use super::stop::Stop;

/// What is made of the modules of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Makes {
    /// Overlaps.
    pub overlap: bool,
    /// Amplification and ranks.
    pub amplification: bool,
    /// What findings need beside them.
    pub findings: bool,
}

/// What the command line adds to a study, or says in place of one.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Request {
    /// Which modules.
    pub selection: Selection,
    /// Bases to measure and draw, in place of the study's.
    pub bases: Vec<Basis>,
    /// Directions used, in place of the adapters' ranks.
    pub rank: Option<usize>,
    /// How adapters are read.
    pub read: ReadOptions,
    /// Whether a module that cannot be measured is an error, and is not left out.
    pub strict: bool,
    /// Whether fused projections are left whole, as a study can say too.
    pub whole: bool,
    /// Random draws.
    pub draws: Option<usize>,
    /// Directions of which table 7 has rows, in place of the study's.
    pub directions: Vec<RowOf>,
    /// Seed of the random directions.
    pub seed: Option<u64>,
    /// Bytes that measuring may take, in place of half of what is free.
    pub memory: Option<u64>,
    /// Whether adapters without a study file are put side by side, as `[many]` does, in place of each pair of
    /// them by itself.
    pub many: bool,
    /// What is made.
    pub makes: Makes,
    /// Ends the run when it is asked.
    pub stop: Stop,
    /// Where numbers of large weights are kept for later runs; nowhere by default.
    pub cache: Cache,
}

impl Makes {
    /// Everything.
    pub const ALL: Makes = Makes {
        overlap: true,
        amplification: true,
        findings: true,
    };
}

impl Request {
    /// Asks for everything that a study makes: overlaps, amplification and findings.
    ///
    /// ```
    /// use lora_subspace::study::Request;
    /// let mut request = Request::everything();
    /// request.seed = Some(7);
    /// let makes = request.makes;
    /// assert!(makes.overlap && makes.amplification && makes.findings);
    /// ```
    pub fn everything() -> Self {
        Request {
            makes: Makes::ALL,
            ..Request::default()
        }
    }

    /// Whether a study is measured as it stands: nothing is asked in place of what it says.
    ///
    /// ```
    /// use lora_subspace::study::Request;
    /// let mut request = Request::everything();
    /// request.strict = true;
    /// assert!(request.is_plain());
    /// request.seed = Some(7);
    /// assert!(!request.is_plain());
    /// ```
    pub fn is_plain(&self) -> bool {
        let Request {
            selection: _,
            bases,
            rank,
            read,
            strict: _,
            whole,
            draws,
            directions,
            seed,
            memory: _,
            many: _,
            makes: _,
            stop: _,
            cache: _,
        } = self;
        self.selected(*whole).is_empty()
            && bases.is_empty()
            && rank.is_none()
            && read.initial.is_none()
            && draws.is_none()
            && directions.is_empty()
            && seed.is_none()
    }

    /// That no number of it is beyond its bound, and no list has an entry twice.
    ///
    /// # Errors
    ///
    /// [`CoreError::Request`](crate::CoreError::Request) that names it.
    pub(super) fn check(&self) -> Result<()> {
        let names: Vec<&str> = self.bases.iter().map(|basis| basis.name()).collect();
        check_list(Asked::Bases, &names)?;
        let renames = self.read.renames.iter().map(ToString::to_string);
        check_list(Asked::Directions, &self.directions)?;
        check_list(Asked::Rename, &renames.collect::<Vec<_>>())?;
        match self.draws {
            Some(0) => Err(Error::request(
                format!("{} 0", Asked::Draws),
                "without random updates a factor has nothing to be compared with",
                "ask for 1 or more",
            )),
            Some(draws) if draws > MOST_DRAWS => Err(Error::request(
                format!("{} {draws}", Asked::Draws),
                format!("at most {MOST_DRAWS} are made"),
                "ask for fewer",
            )),
            _ => Ok(()),
        }
    }

    /// What it changes beside seed, draws, bases and rank, in words; `whole` is what it and the study
    /// say together.
    pub(super) fn selected(&self, whole: bool) -> Vec<(&'static str, String)> {
        let ReadOptions {
            alpha,
            scaled,
            renames,
            ..
        } = &self.read;
        let renames: Vec<String> = renames.iter().map(|rename| rename.to_string()).collect();
        let renames = (!renames.is_empty()).then(|| renames.join(", "));
        let scale = match (alpha, scaled) {
            (_, false) => Some("1, without the trained scale".to_string()),
            (Some(alpha), true) => Some(format!("with α = {alpha}")),
            (None, true) => None,
        };
        [
            ("modules", self.selection.globs()),
            ("layers", self.selection.layers()),
            ("scale", scale),
            ("rename", renames),
            ("fused projections", whole.then(|| "left whole".to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}
