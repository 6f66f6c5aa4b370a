//! What can be set where an adapter is read, as messages name it.
//!
//! A remedy says which setting helps. The library's user knows it by the name of a function; a
//! program's user knows it by another name, which the program says once.

use std::fmt;
use std::sync::{PoisonError, RwLock};

/// A program's word for each setting of a kind.
type Words<Kind> = fn(Kind) -> &'static str;

/// How a program spells settings of one kind, once it has said so. Each kind has one, for the whole
/// process.
#[derive(Debug)]
pub struct Spelling<Kind>(RwLock<Option<Words<Kind>>>);

impl<Kind> Spelling<Kind> {
    /// No program has spelled them yet.
    pub const fn unset() -> Self {
        Spelling(RwLock::new(None))
    }

    /// Says how a program's user knows the settings. Like a locale, a process sets this at its start:
    /// the last call counts.
    pub fn set(&self, spelling: fn(Kind) -> &'static str) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(spelling);
    }

    /// The program's word for a setting, else its name in the library.
    pub fn of(&self, setting: Kind, name: &'static str) -> &'static str {
        let spelling = *self.0.read().unwrap_or_else(PoisonError::into_inner);
        spelling.map_or(name, |spell| spell(setting))
    }
}

static SPELLING: Spelling<Setting> = Spelling::unset();

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
    /// A prefix of an adapter's paths that is replaced.
    Rename,
    /// The base's W of a module whose ΔW is the difference from it.
    Weight,
    /// All adapters in a folder that holds several.
    Several,
    /// What lists an adapter's modules and tensors.
    Listing,
}

impl Setting {
    /// Says how a program's user knows these settings; see [`Spelling::set`].
    pub fn spell(spelling: fn(Setting) -> &'static str) {
        SPELLING.set(spelling);
    }

    /// The name in this library.
    fn name(self) -> &'static str {
        match self {
            Setting::Alpha => "`ReadOptions::alpha`",
            Setting::Unscaled => "`ReadOptions::unscaled`",
            Setting::AllowUnmapped => "`ReadOptions::allow_unmapped`",
            Setting::Initial => "`ReadOptions::initial`",
            Setting::Base => "`base` of `Adapter::open_on`",
            Setting::Rename => "`ReadOptions::rename`",
            Setting::Weight => "`w` of `Adapter::delta_with`",
            Setting::Several => "open each adapter in",
            Setting::Listing => "`Adapter`",
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(SPELLING.of(*self, self.name()))
    }
}
