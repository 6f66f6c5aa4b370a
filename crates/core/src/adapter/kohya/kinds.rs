//! What a tensor of a kohya, LyCORIS or ComfyUI file is to ΔW, by the end of its name.

use crate::adapter::component::is_token;
use crate::adapter::found::Found;
use crate::adapter::keys::unwrapped;
use crate::error::Error;
use crate::setting::Setting;

/// What a name ends with, and what the tensor is. The longest of several that fit comes first.
const KINDS: [(&str, &str); 37] = [
    (".lora_down.weight", "down"),
    (".lora_up.weight", "up"),
    (".lora_mid.weight", "mid"),
    (".lora_A.weight", "down"),
    (".lora_B.weight", "up"),
    (".lora_A", "down"),
    (".lora_B", "up"),
    (".alpha", "alpha"),
    (".reshape_weight", "reshape"),
    (".dora_scale", "magnitude"),
    (".lora_magnitude_vector.weight", "magnitude"),
    (".lora_magnitude_vector", "magnitude"),
    (".magnitude", "magnitude"),
    (".hada_w1_a", "hada_w1_a"),
    (".hada_w1_b", "hada_w1_b"),
    (".hada_w2_a", "hada_w2_a"),
    (".hada_w2_b", "hada_w2_b"),
    (".hada_t1", "hada_t1"),
    (".hada_t2", "hada_t2"),
    (".lokr_w1", "lokr_w1"),
    (".lokr_w1_a", "lokr_w1_a"),
    (".lokr_w1_b", "lokr_w1_b"),
    (".lokr_w2", "lokr_w2"),
    (".lokr_w2_a", "lokr_w2_a"),
    (".lokr_w2_b", "lokr_w2_b"),
    (".lokr_t1", "lokr_t1"),
    (".lokr_t2", "lokr_t2"),
    (".diff", "diff"),
    (".set_weight", "set"),
    (".diff_b", "vector"),
    (".diff_m", "vector"),
    (".w_norm", "vector"),
    (".b_norm", "vector"),
    (".set_bias", "vector"),
    (".lora_up.bias", "vector"),
    (".lora_B.bias", "vector"),
    (".bias", "vector"),
];

/// What a name ends with that makes ΔW something that is not read, what it is, and why.
const REFUSED: [(&str, &str, &str); 9] = [
    (".oft_blocks", "OFT or BOFT", MULTIPLIES),
    (".oft_diag", "OFT", MULTIPLIES),
    (".oft_R.weight", "OFT", MULTIPLIES),
    (".on_input", "IA3", MULTIPLIES),
    (".a1.weight", "GLoRA", MULTIPLIES),
    (".b1.weight", "GLoRA", MULTIPLIES),
    (".bm.weight", "GLoRA", MULTIPLIES),
    (
        ".q_layer.weight",
        "T-LoRA",
        "its ΔW depends on the time step",
    ),
    (".lambda_layer", "T-LoRA", "its ΔW depends on the time step"),
];
const MULTIPLIES: &str = "it multiplies W, so that its ΔW is not in the file";
/// Ends of names that no other layout has.
const OWN: [&str; 7] = [
    ".lora_down.weight",
    ".lora_up.weight",
    ".dora_scale",
    ".diff",
    ".diff_b",
    ".set_weight",
    ".w_norm",
];

/// Whether these are names of such a file.
pub(in crate::adapter) fn is_named_so(names: &[String]) -> bool {
    let is_own = |name: &String| {
        let name = unwrapped(name);
        (is_token(&name) && is_factor(&name))
            || OWN.iter().any(|end| name.ends_with(end))
            || [".hada_", ".lokr_", ".oft_"]
                .iter()
                .any(|part| name.contains(part))
    };
    names.iter().any(is_own)
}

/// Whether a name says what a tensor is to ΔW, read here or not.
pub(super) fn is_factor(name: &str) -> bool {
    parse(name).is_some() || REFUSED.iter().any(|(end, ..)| name.ends_with(end))
}

/// A module's name and what a tensor is to its ΔW; vectors are nothing to it.
pub(super) fn parse(name: &str) -> Option<(String, &'static str)> {
    let name = unnamed(&unwrapped(name));
    let named = |end: &str| name.strip_suffix(end).filter(|module| !module.is_empty());
    let (module, kind) = KINDS
        .iter()
        .find_map(|(end, kind)| Some((named(end)?, *kind)))?;
    (kind != "vector").then(|| (module.to_string(), kind))
}

/// A name without that of the adapter: `MODULE.lora_A.ADAPTER.weight` is `MODULE.lora_A.weight`.
fn unnamed(name: &str) -> String {
    let parts = name.strip_suffix(".weight").and_then(|name| {
        let (factor, _) = name.rsplit_once('.')?;
        let ends = [".lora_A", ".lora_B", ".lora_magnitude_vector"];
        ends.iter()
            .any(|end| factor.ends_with(end))
            .then_some(factor)
    });
    parts.map_or(name.into(), |factor| format!("{factor}.weight"))
}

/// A module's name, and why it is not read, by the name of one of its tensors.
pub(super) fn refused(name: &str) -> Option<(String, &'static str, &'static str)> {
    let name = unwrapped(name);
    REFUSED.iter().find_map(|(end, what, reason)| {
        let module = name.strip_suffix(end)?;
        Some((module.to_string(), *what, *reason))
    })
}

/// Refuses a file of which a tensor makes ΔW something that is not read, and no other module is.
pub(super) fn refuse(found: &Found, name: &str) -> Error {
    let (_, what, reason) = refused(name).unwrap_or_default();
    let remedy = format!(
        "merge it with LyCORIS or ComfyUI, save the model, and give that checkpoint in its place, \
         with the original one as {}",
        Setting::Base
    );
    found.refuse(format!("{what} (tensor `{name}`)"), reason, &remedy)
}

/// Whether it is a parameter of no layer: a modulation that is added to.
pub(super) fn is_modulation(name: &str) -> bool {
    name.ends_with(".diff_m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_with_what_they_are() {
        assert_eq!(
            parse("lora_te_x.lora_down.weight"),
            Some(("lora_te_x".into(), "down"))
        );
        assert_eq!(parse("a.b.lokr_w1_a"), Some(("a.b".into(), "lokr_w1_a")));
        assert_eq!(parse("a.diff_b"), None);
        for name in [
            "a.b.lora_A.my_run.weight",
            "x.base_model.model.a.lora_A.weight",
        ] {
            assert_eq!(parse(name).unwrap().1, "down", "{name}");
        }
        assert_eq!(parse(".alpha"), None);
    }
}
