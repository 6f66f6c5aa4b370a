//! Work without Python's lock, which Ctrl-C ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

use lora_subspace::study::Stop;
use lora_subspace::{Error, Result};

use crate::errors::{bug, raised};

/// How long a signal may wait until it is looked for.
const BEAT: Duration = Duration::from_millis(50);

/// Does short work without Python's lock.
pub(crate) fn brief<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    finished(py.detach(|| catch_unwind(AssertUnwindSafe(work))))
}

/// Does long work on a thread of its own. Where Python has a signal meanwhile, such as Ctrl-C,
/// `stop` is asked, the work's end is waited for, so that it cleans up, and the signal's exception is
/// raised.
pub(crate) fn long<T: Send>(
    py: Python<'_>,
    stop: &Stop,
    work: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    let mut signal = None;
    let outcome = thread::scope(|scope| {
        let caller = thread::current();
        let worker = scope.spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(work));
            caller.unpark();
            outcome
        });
        while !worker.is_finished() {
            py.detach(|| thread::park_timeout(BEAT));
            if let Err(raised) = py.check_signals() {
                stop.ask();
                signal.get_or_insert(raised);
            }
        }
        worker.join().and_then(|outcome| outcome)
    });
    match signal {
        Some(signal) => Err(signal),
        None => finished(outcome),
    }
}

fn finished<T>(outcome: thread::Result<Result<T>>) -> PyResult<T> {
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(raised(&error)),
        Err(_) => Err(bug()),
    }
}

/// An error of core as one of the library.
pub(crate) fn core<T>(outcome: std::result::Result<T, lora_subspace::CoreError>) -> Result<T> {
    outcome.map_err(Error::from)
}
