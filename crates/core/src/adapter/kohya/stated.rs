//! What is stated of a kohya, LyCORIS or ComfyUI file: its layout, the evidence, the scale rule.

use crate::adapter::found::{Content, Found};
use crate::adapter::keys::{Tensors, unwrapped};

use super::kinds::is_factor;

/// What the file is called, by what is in it.
pub(super) fn layout(modules: &[&Tensors]) -> &'static str {
    let any = |kind: &str| {
        modules
            .iter()
            .any(|tensors| tensors.keys().any(|one| one.starts_with(kind)))
    };
    let dotted = modules.iter().any(|tensors| {
        tensors
            .values()
            .next()
            .is_some_and(|name| unwrapped(name).starts_with("diffusion_model."))
    });
    match (
        any("hada"),
        any("lokr"),
        any("diff") || any("set"),
        any("down"),
    ) {
        (true, false, false, false) => "LyCORIS LoHa",
        (false, true, false, false) => "LyCORIS LoKr",
        (false, false, true, false) => "LyCORIS full",
        (false, false, false, _) if dotted => "ComfyUI LoRA",
        (false, false, false, _) if any("mid") => "LyCORIS LoCon",
        (false, false, false, _) => "kohya LoRA",
        _ => "LyCORIS, several methods",
    }
}

/// The evidence, and the base by the trainer's metadata.
pub(super) fn describe(found: &Found, modules: &[&Tensors], content: &mut Content) {
    let metadata = found.file.metadata();
    let value = |key: &str| metadata.get(key).cloned();
    let first = found.names().iter().find(|name| is_factor(name));
    let mut evidence = format!("names such as `{}`", first.map_or("", |name| name));
    for key in [
        "ss_network_module",
        "ss_network_dim",
        "ss_network_alpha",
        "ss_network_args",
    ] {
        if let Some(value) = value(key).filter(|value| !value.is_empty()) {
            evidence.push_str(&format!("; {key} {value}"));
        }
    }
    content.evidence = evidence;
    let keys = [
        "ss_sd_model_name",
        "ss_base_model_version",
        "modelspec.architecture",
    ];
    content.base_name = keys
        .iter()
        .find_map(|key| value(key).filter(|value| value != "None"));
    let is_whole =
        |tensors: &&&Tensors| tensors.contains_key("lokr_w1") && tensors.contains_key("lokr_w2");
    if let Some(tensors) = modules.iter().find(is_whole) {
        content.notes.push(format!(
            "s = 1 where both of LoKr's factors are whole, as `{}`: LyCORIS's rule, whatever α says",
            tensors["lokr_w1"]
        ));
    }
}
