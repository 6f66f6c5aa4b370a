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

`{program} COMMAND --help` lists the flags of a command."
)]
#[allow(
    missing_docs,
    reason = "in help it would stand in place of what a command says of itself"
)]
pub enum Tool {
    Overlap(Overlap),
    Amplification(Amplification),
    Regenerate(Regenerate),
    Inspect(Inspect),
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
