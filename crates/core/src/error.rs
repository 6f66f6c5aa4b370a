//! What can go wrong with weights and numbers. Every variant names the place (file, tensor,
//! module), what was found there or expected, and what to do. Every message is one line, so that a
//! terminal shows it whole.

use std::io;
use std::path::PathBuf;

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong, in the words a user reads.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused something.
    #[error("{}: cannot {action}: {source}; {remedy}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: "read", "create a file here", …
        action: &'static str,
        /// The system's own words.
        source: io::Error,
        /// What to do.
        remedy: String,
    },

    /// A path that should be there is not.
    #[error("{}: {problem}; {remedy}", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
        /// What is missing there.
        problem: String,
        /// What to do.
        remedy: String,
    },

    /// A configuration file says something impossible, or leaves out what is needed.
    #[error("{}: {problem}; {remedy}", path.display())]
    Config {
        /// The configuration file.
        path: PathBuf,
        /// What is wrong, with the name of the field.
        problem: String,
        /// What to do.
        remedy: String,
    },

    /// Nothing states α, so that the scale of ΔW is not known.
    #[error("{}: {problem}; {remedy}", path.display())]
    UnknownScale {
        /// The file that should state it.
        path: PathBuf,
        /// What is missing there.
        problem: String,
        /// What to do.
        remedy: String,
    },

    /// A weight file is damaged, or is not what its name says.
    #[error("{}: not a valid {kind} file: {problem}; {remedy}", path.display())]
    Corrupt {
        /// The weight file.
        path: PathBuf,
        /// What it should be: "safetensors" or "PyTorch".
        kind: &'static str,
        /// What its header or length says.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },

    /// Git LFS left a pointer where the file should be.
    #[error(
        "{}: it is a Git LFS pointer, not the file itself; fetch the file with `git lfs pull` in {}, or again from where \
         the pointer came", path.display(), repository.display()
    )]
    LfsPointer {
        /// The file.
        path: PathBuf,
        /// The clone that it lies in.
        repository: PathBuf,
    },

    /// Somebody wrote to a file while it was read.
    #[error("{}: it changed while it was read: {how}; wait until nobody writes to it, and start again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// What is another.
        how: String,
    },

    /// One tensor is not usable.
    #[error("{}: tensor `{tensor}`: {problem}; {remedy}", path.display())]
    Tensor {
        /// The weight file.
        path: PathBuf,
        /// The tensor's name in that file.
        tensor: String,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        remedy: String,
    },

    /// Something that would change ΔW and is not supported: refused, never computed wrong.
    #[error("{}: {feature} is not supported: {reason}; {remedy}", path.display())]
    Unsupported {
        /// The file that asks for it.
        path: PathBuf,
        /// The field and its value, or the tensor.
        feature: String,
        /// Why going on would give a wrong ΔW.
        reason: String,
        /// What to do instead.
        remedy: String,
    },

    /// Every ΔW of an adapter is zero, and has no directions: every factor B is, or what was learned
    /// cancels.
    #[error(
        "{}: tensor `{tensor}`: this adapter is untrained: {cause} in all of its {modules} modules, so ΔW = 0 \
         and has no directions; give the folder that was saved after training", path.display()
    )]
    Untrained {
        /// The weight file.
        path: PathBuf,
        /// The first of its B tensors.
        tensor: String,
        /// Why ΔW is 0.
        cause: &'static str,
        /// How many modules it adapts.
        modules: usize,
    },

    /// Two adapters that share no module cannot be compared.
    #[error(
        "{} and {}: no module in common: the first adapts {}, the second adapts {}; \
         compare adapters of one model and with common target_modules",
        first.display(), second.display(), abbreviate(first_modules), abbreviate(second_modules)
    )]
    NoCommonModule {
        /// The first adapter.
        first: PathBuf,
        /// The second adapter.
        second: PathBuf,
        /// Modules of the first.
        first_modules: Vec<String>,
        /// Modules of the second.
        second_modules: Vec<String>,
    },

    /// A module of the adapter has no weight in the base.
    #[error(
        "{}: no weight for module `{module}`; the nearest names there are {}; \
         {remedy}", path.display(), abbreviate(nearest)
    )]
    Unresolved {
        /// The base.
        path: PathBuf,
        /// The module as the adapter names it.
        module: String,
        /// The most similar tensor names.
        nearest: Vec<String>,
        /// What to do.
        remedy: String,
    },

    /// A module of the adapter could be any of several weights in the base.
    #[error(
        "{}: module `{module}` could be any of {}; {remedy}",
        path.display(), abbreviate(candidates)
    )]
    Ambiguous {
        /// The base.
        path: PathBuf,
        /// The module as the adapter names it.
        module: String,
        /// The tensors that match.
        candidates: Vec<String>,
        /// What to do.
        remedy: String,
    },

    /// Two things that must have the same shape do not.
    #[error(
        "{}: {what}: {found} where {expected} was expected; {remedy}", path.display()
    )]
    Shape {
        /// The file that holds what was found.
        path: PathBuf,
        /// The tensor or module.
        what: String,
        /// The shape found.
        found: String,
        /// The shape expected, and by whom.
        expected: String,
        /// What to do.
        remedy: &'static str,
    },

    /// A request that these inputs cannot answer.
    #[error("{what}: {problem}; {remedy}")]
    Request {
        /// The flag or the field of the study.
        what: String,
        /// Why it cannot be.
        problem: String,
        /// What to do.
        remedy: String,
    },

    /// A numerical routine did not succeed, or was given what it does not accept.
    #[error("{routine}: {problem}; {remedy}")]
    Numerical {
        /// The routine, with the matrix it was given.
        routine: String,
        /// What happened.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
}

impl Error {
    /// [`Error::Io`]: the system refused an action on a file or folder.
    pub fn io(
        path: impl Into<PathBuf>,
        action: &'static str,
        source: io::Error,
        remedy: impl Into<String>,
    ) -> Self {
        Error::Io {
            path: path.into(),
            action,
            source,
            remedy: remedy.into(),
        }
    }

    /// [`Error::NotFound`]: what is missing at a path.
    pub fn not_found(
        path: impl Into<PathBuf>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Error::NotFound {
            path: path.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// [`Error::Config`]: what is wrong in a file that people or programs write.
    pub fn config(
        path: impl Into<PathBuf>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Error::Config {
            path: path.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// [`Error::Request`]: what cannot be asked of these inputs.
    pub fn request(
        what: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Error::Request {
            what: what.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

/// The first six names of a list, as messages quote them, and how many more there are; `nothing` of
/// none.
///
/// ```
/// use lora_subspace_core::error::abbreviate;
/// assert_eq!(abbreviate(&["a", "b"]), "`a`, `b`");
/// assert_eq!(abbreviate(&["a"; 8]), "`a`, `a`, `a`, `a`, `a`, `a` and 2 more");
/// ```
pub fn abbreviate(names: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 6;
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect::<Vec<_>>()
        .join(", ");
    if names.is_empty() {
        text.push_str("nothing");
    }
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::abbreviate;

    #[test]
    fn long_lists_are_cut_and_counted() {
        let names: Vec<String> = (0..8).map(|n| n.to_string()).collect();
        assert_eq!(
            abbreviate(&names),
            "`0`, `1`, `2`, `3`, `4`, `5` and 2 more"
        );
        assert_eq!(abbreviate(&[] as &[&str]), "nothing");
    }
}
