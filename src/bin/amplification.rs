//! How much ΔW amplifies what W does in its directions: table 7.
//!
//! `cargo run --bin amplification -- --help` has the flags and examples.

use std::process::ExitCode;

use lora_subspace::cli;

fn main() -> ExitCode {
    cli::main::<cli::Amplification>(cli::amplification)
}
