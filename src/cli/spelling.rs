//! How messages spell what can be set and asked: by flags and commands.

use crate::asked::Asked;
use crate::setting::Setting;

use super::program::either;

/// How messages spell a setting here.
pub(super) fn setting(setting: Setting) -> &'static str {
    match setting {
        Setting::Alpha => "--alpha",
        Setting::Unscaled => "--no-scale",
        Setting::AllowUnmapped => "--allow-unmapped",
        Setting::Initial => "--init-adapter",
        Setting::Rename => "--rename",
        Setting::Base | Setting::Weight => "--base",
        Setting::Several => either(
            "make a study of all: lora-subspace regenerate --init",
            "make a study of all: regenerate --init",
        ),
        Setting::Listing => either("`lora-subspace inspect`", "`inspect`"),
    }
}

/// How messages spell what is asked of a study here.
pub(super) fn asked(asked: Asked) -> &'static str {
    match asked {
        Asked::Adapters => "--init",
        Asked::Base => "--base",
        Asked::Modules => "--modules",
        Asked::Layers => "--layers",
        Asked::Bases => "--basis",
        Asked::Rank => "--rank",
        Asked::Draws => "--draws",
        Asked::Directions => "--directions",
        Asked::Seed => "--seed",
        Asked::Alpha => "--alpha",
        Asked::Unscaled => "--no-scale",
        Asked::Initial => "--init-adapter",
        Asked::AllowUnmapped => "--allow-unmapped",
        Asked::Rename => "--rename",
        Asked::Strict => "--strict",
        Asked::Whole => "--whole",
        Asked::Memory => "--memory",
        Asked::Shard => "--shard",
        Asked::Out => "--out",
        Asked::Listing => setting(Setting::Listing),
        Asked::Study => either("`lora-subspace regenerate`", "`regenerate`"),
    }
}
