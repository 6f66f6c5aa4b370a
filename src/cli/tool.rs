//! `lora-subspace`: the commands under one name.

use clap::{CommandFactory, Parser};

use super::completions::{self, Completions};
use super::flags::{Amplification, Inspect, Overlap, Regenerate};
use super::program::{TOOL, named};
use super::{Failure, inspect, job};

/// `lora-subspace`
#[derive(Debug, Parser)]
#[command(
    name = TOOL,
    version,
    about = "What a low-rank adapter learned: overlap, amplification and spectra of ΔW",
    arg_required_else_help = false,
    after_help = "\
Examples:
  {program} inspect runs/r8
  {program} overlap runs/r8 runs/r64
  {program} amplification runs/r8 --base path/to/model
  {program} regenerate --init runs/*

`{program} COMMAND --help` has the flags of a command."
)]
pub enum Tool {
    /// `subspace-overlap`
    Overlap(Overlap),
    /// `amplification`
    Amplification(Amplification),
    /// `regenerate`
    Regenerate(Regenerate),
    /// `inspect`
    Inspect(Inspect),
    /// Completions and manual pages
    Completions(Completions),
}

/// Runs a command.
///
/// # Errors
///
/// Those of the command.
pub fn tool(command: Tool) -> Result<(), Failure> {
    match command {
        Tool::Overlap(flags) => job::subspace_overlap(flags),
        Tool::Amplification(flags) => job::amplification(flags),
        Tool::Regenerate(flags) => job::regenerate(flags),
        Tool::Inspect(flags) => inspect::inspect(flags),
        Tool::Completions(flags) => completions::completions(&flags, named(Tool::command())),
    }
}
