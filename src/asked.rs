//! What can be asked of a study, as messages name it: by the library's option, unless a program
//! spells it in its own way.

use std::fmt;

use crate::setting::Spelling;

static SPELLING: Spelling<Asked> = Spelling::unset();

/// Something that can be asked and that a message may name.
///
/// ```
/// use lora_subspace::asked::Asked;
/// assert_eq!(Asked::Rank.to_string(), "`Request::rank`");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Adapters for a first study.
    Adapters,
    /// The base of adapters without a study file.
    Base,
    /// Patterns of the modules that are looked at.
    Modules,
    /// Numbers of the layers that are looked at.
    Layers,
    /// Bases to measure and draw.
    Bases,
    /// Directions used.
    Rank,
    /// Random draws.
    Draws,
    /// Directions of which table 7 has rows.
    Directions,
    /// Seed of the random directions.
    Seed,
    /// Another α than the adapters' own.
    Alpha,
    /// ΔW without its scale.
    Unscaled,
    /// The adapter as it was before training.
    Initial,
    /// To go on with tensors that are not understood.
    AllowUnmapped,
    /// Prefixes of an adapter's paths that are replaced.
    Rename,
    /// That no module may be left out.
    Strict,
    /// Fused projections left whole.
    Whole,
    /// Bytes that measuring may take.
    Memory,
    /// One of several parts of a run.
    Shard,
    /// The folder that is written to.
    Out,
    /// What lists an adapter's modules.
    Listing,
    /// What makes all files of a study.
    Study,
}

impl Asked {
    /// Says how a program's user knows these; see [`Spelling::set`].
    pub fn spell(spelling: fn(Asked) -> &'static str) {
        SPELLING.set(spelling);
    }

    /// The name in this library.
    fn name(self) -> &'static str {
        match self {
            Asked::Adapters => "`paths` of `FirstStudy::of`",
            Asked::Base => "`base` of `Plan::from_paths`",
            Asked::Modules => "`globs` of `Selection::new`",
            Asked::Layers => "`layers` of `Selection::new`",
            Asked::Bases => "`Request::bases`",
            Asked::Rank => "`Request::rank`",
            Asked::Draws => "`Request::draws`",
            Asked::Directions => "`Request::directions`",
            Asked::Seed => "`Request::seed`",
            Asked::Alpha => "`alpha` of `Request::read`",
            Asked::Unscaled => "`scaled` of `Request::read`",
            Asked::Initial => "`initial` of `Request::read`",
            Asked::AllowUnmapped => "`allow_unmapped` of `Request::read`",
            Asked::Rename => "`renames` of `Request::read`",
            Asked::Strict => "`Request::strict`",
            Asked::Whole => "`Request::whole`",
            Asked::Memory => "`Request::memory`",
            Asked::Shard => "`publish::write_part`",
            Asked::Out => "`publish::Options::out`",
            Asked::Listing => "`Adapter::modules`",
            Asked::Study => "`publish::write` with `Request::everything`",
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(SPELLING.of(*self, self.name()))
    }
}
