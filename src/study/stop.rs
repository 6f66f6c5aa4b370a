//! How a program ends a run that it started.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};

/// Asked once, a run ends before its next module or picture. Clones are one.
///
/// ```
/// use lora_subspace::study::{Request, Stop};
/// let (stop, mut request) = (Stop::default(), Request::everything());
/// request.stop = stop.clone();
/// // From another thread, or before the start:
/// stop.ask();
/// assert!(request.stop.is_asked());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks the run to end.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// That nobody asked.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`].
    pub fn check(&self) -> Result<()> {
        match self.is_asked() {
            true => Err(Error::Stopped),
            false => Ok(()),
        }
    }
}
