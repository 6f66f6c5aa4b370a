//! Flags that a command does not use: which, and what to do.

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::flags::{Amplification, Inspect, Overlap, Regenerate};
use super::program::Program;

/// Flags that say what is done, and refuse others.
const MODES: [&str; 6] = [
    "--schema",
    "--columns",
    "--demo",
    "--init",
    "--check",
    "--no-figures",
];

/// What is said of a flag that another command has, or that another flag excludes; `None` of any other
/// mistake. `name` is what was typed to run the command.
pub(super) fn of(error: &clap::Error, name: &str) -> Option<String> {
    let given = flag(error, ContextKind::InvalidArg)?;
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let users = users(&given);
            (!users.is_empty()).then(|| {
                let users = users.join(" and ");
                format!("{name} does not use {given}, a flag of {users}: leave it out")
            })
        }
        ErrorKind::ArgumentConflict => {
            let other = flag(error, ContextKind::PriorArg)?;
            // Whichever was typed first, a mode refuses a flag, and not the other way round.
            let rank = |flag: &String| {
                MODES
                    .iter()
                    .position(|mode| mode == flag)
                    .unwrap_or(MODES.len())
            };
            let (mode, unused) = if rank(&other) < rank(&given) {
                (other, given)
            } else {
                (given, other)
            };
            Some(format!(
                "{name} {mode} does not use {unused}: leave one of the two out"
            ))
        }
        _ => None,
    }
}

/// A flag of an error without its value.
fn flag(error: &clap::Error, kind: ContextKind) -> Option<String> {
    let text = match error.get(kind)? {
        ContextValue::String(text) => text,
        ContextValue::Strings(texts) => texts.first()?,
        _ => return None,
    };
    let end = text.find([' ', '=']).unwrap_or(text.len());
    Some(text[..end].to_string())
}

/// The commands that have a flag.
fn users(flag: &str) -> Vec<String> {
    let has = |program: &Program| {
        let command = match program {
            Program::Overlap => Overlap::command(),
            Program::Amplification => Amplification::command(),
            Program::Regenerate => Regenerate::command(),
            Program::Inspect => Inspect::command(),
        };
        let mut names = command.get_arguments().filter_map(|one| one.get_long());
        names.any(|name| flag.strip_prefix("--") == Some(name))
    };
    let with_it = Program::ALL.into_iter().filter(has);
    with_it.map(|program| program.to_string()).collect()
}
