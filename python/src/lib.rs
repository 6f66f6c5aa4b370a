//! `lora_subspace._native`: what the Python package asks of the library, with NumPy arrays for
//! numbers. The package beside `src/` gives it its names and its documentation.
//!
//! # Decisions
//!
//! - A call that measures works on another thread, without Python's lock. The thread that called
//!   looks for Ctrl-C meanwhile (`work.rs`).
//! - What the commands do is asked in the same way: a plan of adapters, measured by the room `run`. So
//!   the numbers are theirs to the last bit.
//! - Kernels are asked for before Python imports the extension (`kernels.rs`).

mod adapter;
mod errors;
mod figure;
mod kernels;
mod listener;
mod measured;
mod overlaps;
mod plan;
mod spelling;
mod study;
mod table;
mod work;

use std::ffi::OsString;

use pyo3::prelude::*;

use lora_subspace::cli;
use lora_subspace::linalg::{blas_version, use_one_thread};

/// Classes and functions behind the package's.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    use_one_thread();
    spelling::spell();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("Error", module.py().get_type::<errors::Error>())?;
    module.add_class::<adapter::Adapter>()?;
    module.add_class::<adapter::Module>()?;
    module.add_class::<overlaps::Grids>()?;
    module.add_class::<figure::Figure>()?;
    module.add_class::<study::Study>()?;
    module.add_function(wrap_pyfunction!(measured::overlap, module)?)?;
    module.add_function(wrap_pyfunction!(measured::amplification, module)?)?;
    module.add_function(wrap_pyfunction!(measured::spectrum, module)?)?;
    module.add_function(wrap_pyfunction!(measured::ranks, module)?)?;
    module.add_function(wrap_pyfunction!(measured::findings, module)?)?;
    module.add_function(wrap_pyfunction!(blas, module)?)?;
    module.add_function(wrap_pyfunction!(command, module)?)?;
    Ok(())
}

/// The program `lora-subspace`: runs what was typed, and gives the exit code. Its signals and messages
/// are the program's from then on, so that it is for a process of its own.
#[pyfunction]
fn command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| cli::run::<cli::Tool>(arguments, cli::tool))
}

/// OpenBLAS's version and the kernels that it chose, in its own words.
#[pyfunction]
fn blas() -> Option<String> {
    blas_version()
}
