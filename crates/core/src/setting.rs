//! What can be set where an adapter is read, as messages name it.
//!
//! A remedy says which setting helps. The library's user knows it by the name of a function; a
//! program's user knows it by another name, which the program says once.

use std::fmt;
use std::sync::OnceLock;

/// How a program spells the settings, if it has said so.
static SPELLING: OnceLock<fn(Setting) -> &'static str> = OnceLock::new();

/// Something that can be set and that a message may name.
///
/// It is displayed by its name in this library, unless a program spells it in its own way.
///
/// ```
/// use lora_subspace_core::setting::Setting;
/// assert_eq!(Setting::Alpha.to_string(), "`ReadOptions::alpha`");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// The α that is used instead of the adapter's own.
    Alpha,
    /// That ΔW leaves out the trained scale.
    Unscaled,
    /// That tensors which were not understood are left out.
    AllowUnmapped,
    /// The adapter as it was before training.
    Initial,
    /// The base, where it tells how an adapter is to be read.
    Base,
    /// The base's W of a module whose ΔW is the difference from it.
    Weight,
}

impl Setting {
    /// Says how a program's user knows the settings. Like a locale, a process sets this once, at
    /// its start: the first call counts.
    pub fn spell(spelling: fn(Setting) -> &'static str) {
        SPELLING.get_or_init(|| spelling);
    }

    /// The name in this library.
    fn name(self) -> &'static str {
        match self {
            Setting::Alpha => "`ReadOptions::alpha`",
            Setting::Unscaled => "`ReadOptions::unscaled`",
            Setting::AllowUnmapped => "`ReadOptions::allow_unmapped`",
            Setting::Initial => "`ReadOptions::initial`",
            Setting::Base => "`base` of `Adapter::open_on`",
            Setting::Weight => "`w` of `Adapter::delta_with`",
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = SPELLING.get().map_or(self.name(), |spell| spell(*self));
        formatter.write_str(name)
    }
}
