//! Whom publishing speaks to.

/// Hears what publishing does; nothing is printed by this room.
pub trait Listener: Sync {
    /// A note for the person who waits.
    fn say(&self, line: &str);

    /// What must be said in any case, as a result without it would be taken for another.
    fn tell(&self, line: &str);

    /// Something valid but suspicious.
    fn warn(&self, line: &str);

    /// Measuring begins, of so many modules.
    fn measuring(&self, modules: usize) -> Box<dyn Steps + '_>;
}

/// Hears how far measuring is.
pub trait Steps: Sync {
    /// One module is done; any thread may say so.
    fn step(&self);

    /// All modules are done, or one failed.
    fn finish(&self) {}
}

/// A listener that says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Listener for Silent {
    fn say(&self, _: &str) {}

    fn tell(&self, _: &str) {}

    fn warn(&self, _: &str) {}

    fn measuring(&self, _: usize) -> Box<dyn Steps + '_> {
        Box::new(Silent)
    }
}

impl Steps for Silent {
    fn step(&self) {}
}
