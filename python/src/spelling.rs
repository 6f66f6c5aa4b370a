//! How messages name what can be set: by the arguments of the Python package.

use lora_subspace::asked::Asked;
use lora_subspace::setting::Setting;

/// From now on messages speak of Python's arguments.
pub(crate) fn spell() {
    Setting::spell(setting);
    Asked::spell(asked);
}

fn setting(setting: Setting) -> &'static str {
    match setting {
        Setting::Alpha => "`alpha=`",
        Setting::Unscaled => "`scaled=False`",
        Setting::AllowUnmapped => "`allow_unmapped=True`",
        Setting::Initial => "`initial=`",
        Setting::Base | Setting::Weight => "`base=`",
        Setting::Rename => "`rename=`",
        Setting::Several => "open each adapter in",
        Setting::Listing => "`modules` of an adapter",
    }
}

fn asked(asked: Asked) -> &'static str {
    match asked {
        Asked::Adapters => "the adapters",
        Asked::Base => "`base=`",
        Asked::Modules => "`modules=`",
        Asked::Layers => "`layers=`",
        Asked::Bases => "`basis=`",
        Asked::Rank => "`rank=`",
        Asked::Draws => "`draws=`",
        Asked::Directions => "`directions=`",
        Asked::Seed => "`seed=`",
        Asked::Alpha => "`alpha=`",
        Asked::Unscaled => "`scaled=False`",
        Asked::Initial => "`initial=`",
        Asked::AllowUnmapped => "`allow_unmapped=True`",
        Asked::Rename => "`rename=`",
        Asked::Strict => "`strict=True`",
        Asked::Whole => "`whole=True`",
        Asked::Memory => "`memory=`",
        Asked::Shard => "`--shard` of the program",
        Asked::Out => "`out=`",
        Asked::Listing => "`modules` of an adapter",
        Asked::Study => "`Study(PATH).run()`",
    }
}
