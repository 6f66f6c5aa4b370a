//! Errors as Python raises them: the one line that the commands print.

use pyo3::PyErr;
use pyo3::create_exception;
use pyo3::exceptions::PyException;

use lora_subspace::cli::shown;

create_exception!(
    lora_subspace,
    Error,
    PyException,
    "What went wrong, in one line: the file or name, what was found there, and what to do."
);

/// An error of the library.
pub(crate) fn raised(error: &lora_subspace::Error) -> PyErr {
    Error::new_err(shown(&error.to_string()))
}

/// What a panic becomes: a bug of this package, and no end of the interpreter.
pub(crate) fn bug() -> PyErr {
    Error::new_err("a bug in lora_subspace; please report this with what stands above on stderr")
}
