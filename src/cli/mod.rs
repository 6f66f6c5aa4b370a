//! Flags, messages and exit codes. A bin parses its flags and calls one function of this room.
//!
//! stdout is data, stderr is talk; the last line of a failure starts with `error:`; exit 0 done,
//! 1 failed, 2 wrong usage.

mod card;
mod completions;
mod demo;
mod flags;
mod init;
mod inspect;
mod job;
mod kernels;
mod program;
mod row;
mod said;
mod signals;
mod spelling;
mod talk;
mod tool;
mod unused;

use std::ffi::OsString;
use std::panic;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

pub use flags::{Amplification, Inspect, Overlap, Regenerate};
pub use inspect::inspect;
pub use job::{amplification, regenerate, subspace_overlap};
pub use said::shown;
pub use tool::{Tool, tool};

use crate::asked::Asked;
use crate::error::{CoreError, Error};
use crate::linalg::use_one_thread_from_the_start;
use crate::setting::Setting;

use program::{Program, TOOL, named};

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
    // First of all: until then OpenBLAS's threads are busy looking for work.
    use_one_thread_from_the_start();
    ExitCode::from(run(std::env::args_os().collect(), command))
}

/// As [`main`], in a process that has loaded OpenBLAS in its own way, such as Python's. Returns the exit
/// code.
pub fn run<Flags: Parser + CommandFactory>(
    arguments: Vec<OsString>,
    command: impl FnOnce(Flags) -> Result<(), Failure>,
) -> u8 {
    Setting::spell(spelling::setting);
    Asked::spell(spelling::asked);
    let parser = named(Flags::command());
    Program::runs_as(parser.get_name());
    let flags = match parsed(parser.clone(), &arguments) {
        Ok(flags) => flags,
        Err(error) => return usage(&error, &typed(&parser, &arguments)),
    };
    // A panic is a bug of ours; it is reported as one line, and the hook's own output is for us.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        panic::set_hook(Box::new(|_| {}));
    }
    signals::heed();
    let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| command(flags)));
    let (message, code) = match outcome {
        Ok(Ok(())) => return 0,
        Ok(Err(failure @ Failure::Usage(_))) => (failure.to_string(), 2),
        Ok(Err(failure)) => (failure.to_string(), 1),
        Err(_) => {
            let text =
                "a bug in this program; run again with RUST_BACKTRACE=1 and report what it prints";
            (text.to_string(), 1)
        }
    };
    said::error(&message);
    code
}

fn parsed<Flags: Parser>(
    mut parser: clap::Command,
    arguments: &[OsString],
) -> Result<Flags, clap::Error> {
    let mut matches = parser.try_get_matches_from_mut(arguments)?;
    Flags::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut parser))
}

/// Help and version go to stdout; a usage error puts its `error:` line last.
fn usage(error: &clap::Error, typed: &str) -> u8 {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        return match error
            .print()
            .or_else(said::lost)
            .and_then(|()| said::print(""))
        {
            Ok(()) => 0,
            Err(error) => {
                said::error(&error.to_string());
                1
            }
        };
    }
    if error.kind() == ErrorKind::MissingSubcommand {
        said::error(&no_command());
        return 2;
    }
    let text = error.render().to_string();
    let (first, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let line = first.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_start_matches("error:").trim();
    let (line, rest) = match unused::of(error, typed) {
        Some(words) => (words, ""),
        None => (line.to_string() + &meant(error), rest.trim()),
    };
    if !rest.is_empty() {
        let is_tip = |line: &&str| line.trim_start().starts_with("tip:");
        let lines = rest.lines().filter(|line| !is_tip(line));
        lines.chain([""]).for_each(said::tell);
    }
    said::error(&line);
    2
}

/// The word that may be meant for one that is wrong.
fn meant(error: &clap::Error) -> String {
    let kinds = [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ];
    let word = kinds.into_iter().find_map(|kind| match error.get(kind)? {
        ContextValue::String(word) => Some(word),
        ContextValue::Strings(words) => words.first(),
        _ => None,
    });
    word.map_or(String::new(), |word| format!("; did you mean `{word}`?"))
}

/// What was typed to run a command: of the one program with the command that it was given.
fn typed(command: &clap::Command, arguments: &[OsString]) -> String {
    let name = command.get_name();
    match arguments
        .get(1)
        .and_then(|given| command.find_subcommand(given))
    {
        Some(inner) => format!("{name} {}", inner.get_name()),
        None => name.into(),
    }
}

/// What is said where the one program is given none of its commands.
fn no_command() -> String {
    let example = Program::Overlap;
    format!("give a command, as in `{example} runs/r8 runs/r64`; `{TOOL} --help` lists them")
}
