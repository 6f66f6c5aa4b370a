//! SIGINT, SIGTERM and SIGHUP: temporary files are removed, and the exit code names the signal.
//!
//! # Decisions
//!
//! - Handlers are the command line's. A program that uses the library has its own, and may call
//!   [`crate::publish::abandon`] in them.
//! - A signal that was ignored at the start stays so: `nohup` means it.

/// From now on a signal ends the program as it should, and a second one at once.
#[cfg(unix)]
pub(super) fn heed() {
    if let Some(signals) = unix::asked() {
        let thread = std::thread::Builder::new().name("signals".into());
        // Where no thread can be had, none can be had for the work.
        let _ = thread.spawn(|| unix::wait(signals));
    }
}

#[cfg(not(unix))]
pub(super) fn heed() {}

#[cfg(unix)]
mod unix {
    use std::{fs, thread};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::exit;

    use crate::cli::said;
    use crate::publish::abandon;

    const ENDING: [(i32, &str); 3] = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")];

    /// The signals that are to be heeded: as soon as this is back, none ends the program as the
    /// system would.
    pub(super) fn asked() -> Option<Signals> {
        let ignored = ignored();
        let heeded = ENDING.map(|(number, _)| number).into_iter();
        Signals::new(heeded.filter(|number| ignored >> (number - 1) & 1 == 0)).ok()
    }

    /// Waits for a signal, and ends the program: without what libraries do at the end, as their
    /// threads are at work.
    pub(super) fn wait(mut signals: Signals) {
        let mut is_first = true;
        for number in signals.forever() {
            if !is_first {
                exit(128 + number);
            }
            is_first = false;
            // It waits for files that are being put in place.
            thread::spawn(move || {
                abandon();
                let is_it = |(other, _): &&(i32, &str)| *other == number;
                let name = ENDING
                    .iter()
                    .find(is_it)
                    .map_or("a signal", |(_, name)| name);
                said::error(&format!("stopped by {name}"));
                exit(128 + number)
            });
        }
    }

    /// The signals that are ignored, one bit each; none where the system does not say.
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or(0)
    }
}
