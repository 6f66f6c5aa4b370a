//! Every table and figure that a study file asks for.
//!
//! `cargo run --bin regenerate -- --help` has the flags and examples.

use std::process::ExitCode;

use lora_subspace::cli;

fn main() -> ExitCode {
    cli::main::<cli::Regenerate>(cli::regenerate)
}
