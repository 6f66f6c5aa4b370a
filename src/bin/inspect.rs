//! What an adapter's file is.
//!
//! `cargo run --bin inspect -- --help` has the flags and examples.

use std::process::ExitCode;

use lora_subspace::cli;

fn main() -> ExitCode {
    cli::main::<cli::Inspect>(cli::inspect)
}
