//! φ(i,j): which directions two adapters share.
//!
//! `cargo run --bin subspace-overlap -- --help` has the flags and examples.

use std::process::ExitCode;

use lora_subspace::cli;

fn main() -> ExitCode {
    cli::main::<cli::Overlap>(cli::subspace_overlap)
}
