//! What is said on stderr: notes, warnings and progress.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::publish::{Listener, Steps};

use super::said;

/// Notes to the person who waits; silent with `-q`.
#[derive(Clone, Copy)]
pub(super) struct Talk {
    pub(super) quiet: bool,
}

impl Listener for Talk {
    fn say(&self, line: &str) {
        if !self.quiet {
            self.tell(line);
        }
    }

    fn tell(&self, line: &str) {
        said::tell(line);
    }

    fn warn(&self, line: &str) {
        self.say(&format!("warning: {line}"));
    }

    /// A bar with the time left on a terminal, a few plain lines elsewhere.
    fn measuring(&self, modules: usize) -> Box<dyn Steps + '_> {
        let bar = (!self.quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(modules as u64);
            let template = "measuring {bar:30} {pos}/{len} modules, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Box::new(Progress {
            talk: *self,
            bar,
            done: AtomicUsize::new(0),
            modules,
        })
    }
}

struct Progress {
    talk: Talk,
    bar: Option<ProgressBar>,
    done: AtomicUsize,
    modules: usize,
}

impl Steps for Progress {
    fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        match &self.bar {
            Some(bar) => bar.inc(1),
            // About four lines, whatever the number of modules.
            None if done == self.modules || done.is_multiple_of(self.modules.div_ceil(4)) => {
                self.talk
                    .say(&format!("measured {done} of {} modules", self.modules));
            }
            None => {}
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
