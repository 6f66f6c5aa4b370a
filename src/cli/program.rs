//! What somebody types to run a command: a program of its own, or a command of the one program.

use std::fmt;
use std::sync::OnceLock;

use clap::Command;

/// The one program, which has the others as its commands.
pub(super) const TOOL: &str = "lora-subspace";

/// Whether the one program runs.
static IS_TOOL: OnceLock<bool> = OnceLock::new();

/// A command. It is displayed as it is typed where this process was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    Overlap,
    Amplification,
    Regenerate,
    Inspect,
}

impl Program {
    pub(super) const ALL: [Program; 4] = [
        Program::Overlap,
        Program::Amplification,
        Program::Regenerate,
        Program::Inspect,
    ];

    /// Says once which program runs, by its name.
    pub(super) fn runs_as(name: &str) {
        IS_TOOL.get_or_init(|| name == TOOL);
    }

    /// Its name as a program of its own, which files of a run have too.
    pub(super) fn name(self) -> &'static str {
        match self {
            Program::Overlap => "subspace-overlap",
            Program::Amplification => "amplification",
            Program::Regenerate => "regenerate",
            Program::Inspect => "inspect",
        }
    }

    /// As it is typed.
    pub(super) fn typed(self) -> &'static str {
        let of_tool = match self {
            Program::Overlap => "lora-subspace overlap",
            Program::Amplification => "lora-subspace amplification",
            Program::Regenerate => "lora-subspace regenerate",
            Program::Inspect => "lora-subspace inspect",
        };
        either(of_tool, self.name())
    }
}

impl fmt::Display for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.typed())
    }
}

/// What is said where the one program runs, else what its commands say as programs of their own.
pub(super) fn either(of_tool: &'static str, of_own: &'static str) -> &'static str {
    match IS_TOOL.get() {
        Some(true) => of_tool,
        _ => of_own,
    }
}

/// What stands in a command's examples where its name belongs.
const NAME: &str = "{program}";

/// A command whose examples have the name that is typed, and so each of its commands.
pub(super) fn named(command: Command) -> Command {
    let name = command.get_name().to_string();
    with_name(command, &name)
}

fn with_name(command: Command, typed: &str) -> Command {
    let help = command.get_after_help();
    let help = help.map(|help| help.to_string().replace(NAME, typed));
    let command = match help {
        Some(help) => command.after_help(help),
        None => command,
    };
    command.mut_subcommands(|inner| {
        let typed = format!("{typed} {}", inner.get_name());
        with_name(inner, &typed)
    })
}
