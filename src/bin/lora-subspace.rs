//! All commands under one name.
//!
//! `cargo run --bin lora-subspace -- --help` lists them.

use std::process::ExitCode;

use lora_subspace::cli;

fn main() -> ExitCode {
    cli::main::<cli::Tool>(cli::tool)
}
