//! The error type of commands and studies. Every message is one line: the place, what was found
//! there or expected, and what to do.

use std::io;
use std::path::PathBuf;

pub use lora_subspace_core::Error as CoreError;
pub(crate) use lora_subspace_core::error::abbreviate;

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong, in the words a user reads.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What can go wrong with files, weights and numbers.
    #[error(transparent)]
    Core(#[from] CoreError),

    /// What a study names is not as it should be: the line that names it, and what is wrong there.
    #[error("{}: line {line}: {what}: {source}", path.display())]
    Study {
        /// The study file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What the line names.
        what: String,
        /// What is wrong with it, and what to do.
        source: Box<Error>,
    },

    /// A table on disk is not what was written there, or a figure asks for rows that it has not.
    #[error("{what}: {problem}; {remedy}")]
    Table {
        /// The table or figure.
        what: String,
        /// What is missing or wrong.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },

    /// A picture could not be made.
    #[error("{figure}: cannot draw: {problem}; please report this with the tables beside it")]
    Drawing {
        /// The figure.
        figure: String,
        /// What the drawing library said.
        problem: String,
    },

    /// `regenerate --check` found differences.
    #[error(
        "{study}: {differences} of {files} generated files differ from what is committed; run `{command}` and look at the changes"
    )]
    CheckFailed {
        /// The study.
        study: String,
        /// How many files differ.
        differences: usize,
        /// How many were compared.
        files: usize,
        /// What makes them anew.
        command: String,
    },

    /// Somebody asked a run to stop.
    #[error("the run was stopped before its end; start it again for its results")]
    Stopped,
}

impl Error {
    /// [`CoreError::Io`]: the system refused an action on a file or folder.
    pub(crate) fn io(
        path: impl Into<PathBuf>,
        action: &'static str,
        source: io::Error,
        remedy: impl Into<String>,
    ) -> Self {
        CoreError::io(path, action, source, remedy).into()
    }

    /// [`CoreError::NotFound`]: what is missing at a path.
    pub(crate) fn not_found(
        path: impl Into<PathBuf>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        CoreError::not_found(path, problem, remedy).into()
    }

    /// [`CoreError::Config`]: what is wrong in a file that people or programs write.
    pub(crate) fn config(
        path: impl Into<PathBuf>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        CoreError::config(path, problem, remedy).into()
    }

    /// [`CoreError::Request`]: what cannot be asked of these inputs.
    pub(crate) fn request(
        what: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        CoreError::request(what, problem, remedy).into()
    }
}
