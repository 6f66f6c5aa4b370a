//! PEFT's methods whose ΔW is not made of the file's tensors by matrix products alone.

use std::path::Path;

use crate::error::Error;
use crate::setting::Setting;

const MULTIPLIES: &str = "it multiplies W, so that its ΔW is not in the file";
const SEEDED: &str = "its ΔW is spread by random numbers that only a seed in the config tells";
const ROUTED: &str = "which ΔW acts depends on the input";
const BLOCKS: &str = "its ΔW is laid out in blocks by rules of its own";
const NO_MATRIX: &str = "it has no matrix ΔW";

/// `peft_type`, and why it is not read.
const REASONS: [(&str, &str); 33] = [
    ("IA3", MULTIPLIES),
    ("OFT", MULTIPLIES),
    ("BOFT", MULTIPLIES),
    ("HRA", MULTIPLIES),
    ("HIRA", MULTIPLIES),
    ("ROAD", MULTIPLIES),
    ("PSOFT", MULTIPLIES),
    ("OSF", MULTIPLIES),
    ("GLORA", MULTIPLIES),
    ("DEFT", MULTIPLIES),
    ("FROD", MULTIPLIES),
    ("PEANUT", MULTIPLIES),
    ("FOURIERFT", SEEDED),
    ("WAVEFT", SEEDED),
    ("RANDLORA", SEEDED),
    ("PVERA", SEEDED),
    ("UNILORA", SEEDED),
    ("SHIRA", "its ΔW is sparse, not of low rank"),
    ("VBLORA", "its factors are mixed from a bank of vectors"),
    (
        "DELORA",
        "its factors are normalised and its ΔW has a strength of its own",
    ),
    ("XLORA", ROUTED),
    ("POLY", ROUTED),
    ("LILY", ROUTED),
    ("MISS", BLOCKS),
    ("BONE", BLOCKS),
    ("GRALORA", BLOCKS),
    ("C3A", BLOCKS),
    ("LN_TUNING", NO_MATRIX),
    ("TRAINABLE_TOKENS", NO_MATRIX),
    ("PROMPT_TUNING", NO_MATRIX),
    ("PREFIX_TUNING", NO_MATRIX),
    ("P_TUNING", NO_MATRIX),
    ("MULTITASK_PROMPT_TUNING", NO_MATRIX),
];

/// The way that is open to every method.
fn merge() -> String {
    format!(
        "merge it with PEFT (merge_and_unload), save the model, and give that checkpoint in its \
         place, with the original one as {}",
        Setting::Base
    )
}

fn nothing_to_merge() -> String {
    format!(
        "there is nothing to measure here: give an adapter that changes weights, or two \
         checkpoints, the original one as {}",
        Setting::Base
    )
}

/// Refuses a method by name.
pub(super) fn refusal(path: &Path, method: &str) -> Error {
    let known = REASONS.iter().find(|(name, _)| *name == method);
    let reason = known.map_or("how its ΔW is made is not known here", |(_, reason)| {
        reason
    });
    unsupported(path, format!("peft_type \"{method}\""), reason)
}

/// Refuses an adapter whose frozen factors stayed with the seed.
pub(super) fn without_projection(path: &Path, method: &str, what: &str) -> Error {
    let feature = format!("peft_type \"{method}\" without {what}");
    unsupported(path, feature, SEEDED)
}

fn unsupported(path: &Path, feature: String, reason: &str) -> Error {
    Error::Unsupported {
        path: path.into(),
        feature,
        reason: reason.into(),
        remedy: match reason {
            NO_MATRIX => nothing_to_merge(),
            _ => merge(),
        },
    }
}
