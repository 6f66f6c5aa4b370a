//! Flags, messages and exit codes. A bin parses its flags and calls one function of this room.
//!
//! stdout is data, stderr is talk; the last line of a failure starts with `error:`; exit 0 done,
//! 1 failed, 2 wrong usage.

mod flags;
mod init;
mod inspect;
mod job;
mod kernels;
mod said;
mod signals;
mod talk;
mod unused;

use std::panic;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

pub use flags::{Amplification, Inspect, Overlap, Regenerate};
pub use inspect::inspect;
pub use job::{amplification, regenerate, subspace_overlap};
pub use said::shown;

use crate::asked::Asked;
use crate::error::{CoreError, Error};
use crate::linalg::use_one_thread_from_the_start;
use crate::setting::Setting;

/// How a command can end badly.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line makes no sense: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Anything else: exit code 1.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<CoreError> for Failure {
    fn from(error: CoreError) -> Self {
        Failure::Failed(error.into())
    }
}

/// Parses the command line, runs a command and turns what happens into messages and an exit code.
pub fn main<Flags: Parser + CommandFactory>(
    command: impl FnOnce(Flags) -> Result<(), Failure>,
) -> ExitCode {
    kernels::choose();
    Setting::spell(flags::setting);
    Asked::spell(flags::asked);
    // First of all: until then OpenBLAS's threads are busy looking for work.
    use_one_thread_from_the_start();
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(error) => return usage(&error, &Flags::command()),
    };
    // A panic is a bug of ours; it is reported as one line, and the hook's own output is for us.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        panic::set_hook(Box::new(|_| {}));
    }
    signals::heed();
    let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| command(flags)));
    let (message, code) = match outcome {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(failure @ Failure::Usage(_))) => (failure.to_string(), 2),
        Ok(Err(failure)) => (failure.to_string(), 1),
        Err(_) => {
            let text =
                "a bug in this program; run again with RUST_BACKTRACE=1 and report what it prints";
            (text.to_string(), 1)
        }
    };
    said::error(&message);
    ExitCode::from(code)
}

/// Help and version go to stdout; a usage error puts its `error:` line last.
fn usage(error: &clap::Error, command: &clap::Command) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        return match error
            .print()
            .or_else(said::lost)
            .and_then(|()| said::print(""))
        {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                said::error(&error.to_string());
                ExitCode::FAILURE
            }
        };
    }
    let text = error.render().to_string();
    let (first, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let line = first.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_start_matches("error:").trim();
    let (line, rest) = match unused::of(error, command) {
        Some(words) => (words, ""),
        None => (line.to_string(), rest.trim()),
    };
    if !rest.is_empty() {
        rest.lines().chain([""]).for_each(said::tell);
    }
    said::error(&line);
    ExitCode::from(2)
}
