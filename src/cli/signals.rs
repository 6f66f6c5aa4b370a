//! SIGINT, SIGTERM and SIGHUP: temporary files are removed, and the exit code names the signal.
//!
//! # Decisions
//!
//! - Handlers are the command line's. A program that uses the library has its own, and may call
//!   [`crate::publish::abandon`] in them.
//! - A signal that was ignored at the start stays so: `nohup` means it.

/// From now on a signal ends the program as it should.
#[cfg(unix)]
pub(super) fn heed() {
    use std::thread;

    // The thread asks for the signals, so that none is taken where no thread can be had.
    let heeding = thread::Builder::new().name("signals".into());
    let _ = heeding.spawn(unix::wait);
}

#[cfg(not(unix))]
pub(super) fn heed() {}

#[cfg(unix)]
mod unix {
    use std::fs;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::exit;

    use crate::cli::said;
    use crate::publish::abandon;

    const ENDING: [(i32, &str); 3] = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")];

    /// Waits for the first signal, and ends the program.
    pub(super) fn wait() {
        let ignored = ignored();
        let heeded = ENDING.map(|(number, _)| number).into_iter();
        let heeded = heeded.filter(|number| ignored >> (number - 1) & 1 == 0);
        let Ok(mut signals) = Signals::new(heeded) else {
            return;
        };
        let Some(number) = signals.forever().next() else {
            return;
        };
        abandon();
        let is_it = |(other, _): &&(i32, &str)| *other == number;
        let name = ENDING
            .iter()
            .find(is_it)
            .map_or("a signal", |(_, name)| name);
        said::error(&format!("stopped by {name}"));
        // Without what a library does at the end: its threads are at work.
        exit(128 + number)
    }

    /// The signals that are ignored, one bit each; none where the system does not say.
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or(0)
    }
}
