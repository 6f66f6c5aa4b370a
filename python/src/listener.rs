//! What a run says, as Python warnings.

use std::ffi::CString;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;

use lora_subspace::cli::shown;
use lora_subspace::publish::{Listener, Silent, Steps};

/// Keeps what must be said until Python's lock is held again. Notes for somebody who waits are not
/// kept.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Vec<String>>);

impl Kept {
    pub(crate) fn keep(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !lines.iter().any(|other| other == line) {
            lines.push(line.into());
        }
    }

    /// Warns of each line in the code that called the package.
    pub(crate) fn warn(self, py: Python<'_>) -> PyResult<()> {
        /// The package's function, and the code that called it.
        const CALLER: i32 = 2;
        let category = py.get_type::<PyUserWarning>();
        for line in self.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            // `shown` leaves no NUL.
            let text = CString::new(shown(&line)).unwrap_or_default();
            PyErr::warn(py, &category, &text, CALLER)?;
        }
        Ok(())
    }
}

impl Listener for Kept {
    fn say(&self, _: &str) {}

    fn tell(&self, line: &str) {
        self.keep(line);
    }

    fn warn(&self, line: &str) {
        self.keep(line);
    }

    fn measuring(&self, _: usize) -> Box<dyn Steps + '_> {
        Box::new(Silent)
    }
}
