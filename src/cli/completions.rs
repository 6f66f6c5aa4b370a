//! `completions`: what a shell completes, and manual pages.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::error::{Error, Result};

use super::Failure;
use super::program::TOOL;
use super::said::print;

/// `completions`
#[derive(Debug, Args)]
#[command(
    about = "Completions for a shell, printed on stdout; or manual pages, written into a folder",
    after_help = "\
Examples:
  {program} bash > ~/.local/share/bash-completion/completions/lora-subspace
  {program} zsh > ~/.zfunc/_lora-subspace
  {program} man ~/.local/share/man/man1"
)]
pub struct Completions {
    /// The shell, or `man` for manual pages
    #[arg(value_name = "SHELL|man", value_enum)]
    what: What,
    /// The folder for the manual pages
    #[arg(value_name = "DIR", required_if_eq("what", "man"))]
    folder: Option<PathBuf>,
}

/// What is made.
#[derive(Debug, Clone, Copy)]
enum What {
    Shell(Shell),
    Man,
}

impl ValueEnum for What {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [What; 6] = [
            What::Shell(Shell::Bash),
            What::Shell(Shell::Elvish),
            What::Shell(Shell::Fish),
            What::Shell(Shell::PowerShell),
            What::Shell(Shell::Zsh),
            What::Man,
        ];
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            What::Shell(shell) => shell.to_possible_value(),
            What::Man => Some(PossibleValue::new("man")),
        }
    }
}

/// Prints or writes what is made of the one program, `tool`.
///
/// # Errors
///
/// When a folder is given for a shell, and when a page cannot be written.
pub(super) fn completions(
    flags: &Completions,
    mut tool: Command,
) -> std::result::Result<(), Failure> {
    match (flags.what, &flags.folder) {
        (What::Shell(shell), None) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut tool, TOOL, &mut script);
            Ok(print(&String::from_utf8_lossy(&script))?)
        }
        (What::Shell(shell), Some(folder)) => Err(Failure::Usage(format!(
            "completions of {shell} go to standard output: leave out {}",
            folder.display()
        ))),
        (What::Man, folder) => {
            let folder = folder.as_deref().unwrap_or(Path::new("."));
            tool.build();
            Ok(pages(&tool, folder)?)
        }
    }
}

/// Writes the page of a command and those of its commands: `lora-subspace-overlap.1`.
fn pages(command: &Command, folder: &Path) -> Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let place = folder.join(format!("{name}.1"));
    let failed = |source: io::Error| {
        let remedy = "name a folder that you may write to";
        Error::io(place.clone(), "write a manual page there", source, remedy)
    };
    let mut page = Vec::new();
    Man::new(command.clone())
        .render(&mut page)
        .map_err(failed)?;
    fs::create_dir_all(folder).map_err(failed)?;
    fs::write(&place, page).map_err(failed)?;
    let is_shown = |inner: &&Command| inner.get_name() != "help" && !inner.is_hide_set();
    let mut inner = command.get_subcommands().filter(is_shown);
    inner.try_for_each(|inner| pages(inner, folder))
}
