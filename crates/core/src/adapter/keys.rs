//! Tensor names as saved, without what wrappers put into them.

use std::collections::BTreeMap;

/// Wrappers that a name may begin with, and that say nothing about the module.
const PREFIXES: [&str; 5] = [
    "base_model.model.",
    "module.",
    "_orig_mod.",
    // DiffSynth's pipelines.
    "pipe.dit.",
    "pipe.",
];
/// Names that wrappers put between those of modules.
const INFIXES: [&str; 3] = [
    "_orig_mod.",
    "_fsdp_wrapped_module.",
    "_checkpoint_wrapped_module.",
];

/// Whether a tensor is called as those of a model are.
pub(crate) fn is_a_model_s(name: &str) -> bool {
    name.ends_with("weight") || name.ends_with("bias")
}

/// A name without the wrappers of PEFT, FSDP, DeepSpeed and `torch.compile`.
///
/// `unet.base_model.model.` keeps its `unet.`.
pub(crate) fn unwrapped(name: &str) -> String {
    let mut name = name.to_string();
    for infix in INFIXES {
        name = name.replace(infix, "");
    }
    loop {
        let shorter = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
        match shorter {
            Some(shorter) => name = shorter.to_string(),
            None => return name.replace(".base_model.model.", "."),
        }
    }
}

/// Where the name of a module ends and that of one of its factors begins.
const FACTORS: [&str; 6] = [
    ".lora",
    "_lora.",
    ".hada_",
    ".lokr_",
    ".vera_",
    ".processor.",
];

/// The weight that a tensor of an adapter belongs to, as far as names alone tell.
pub(super) fn weight_of(name: &str) -> String {
    let name = unwrapped(name);
    let end = FACTORS.iter().filter_map(|factor| name.find(factor)).min();
    match end {
        Some(end) => format!("{}.weight", &name[..end]),
        None => name,
    }
}

/// One module's tensors by what they are (`lora_A`, `alpha`).
pub(super) type Tensors = BTreeMap<&'static str, String>;

/// Tensors sorted by module.
#[derive(Default)]
pub(super) struct Grouped {
    pub(super) modules: BTreeMap<String, Tensors>,
    /// Names that are no module's.
    pub(super) others: Vec<String>,
    /// Two names for the same thing, where there are such.
    pub(super) twins: Option<(String, String)>,
}

/// `MODULE.KIND[.ADAPTER][.weight]` with one of the given kinds, wrappers taken off.
pub(super) fn module_and_kind(
    name: &str,
    kinds: &[&'static str],
) -> Option<(String, &'static str)> {
    let name = unwrapped(name);
    let name = name.strip_suffix(".weight").unwrap_or(&name);
    let known = |part: &str| kinds.iter().find(|kind| **kind == part).copied();
    let (parents, last) = name.rsplit_once('.')?;
    if let Some(kind) = known(last) {
        return Some((parents.into(), kind));
    }
    let (module, part) = parents.rsplit_once('.')?;
    Some((module.into(), known(part)?))
}

/// Sorts names into modules: `parse` gives a name's module and what the tensor is.
pub(super) fn group(
    names: &[String],
    parse: impl Fn(&str) -> Option<(String, &'static str)>,
) -> Grouped {
    let mut grouped = Grouped::default();
    for name in names {
        match parse(name) {
            None => grouped.others.push(name.clone()),
            Some((module, kind)) => {
                let tensors = grouped.modules.entry(module).or_default();
                if let Some(earlier) = tensors.insert(kind, name.clone()) {
                    grouped.twins.get_or_insert((name.clone(), earlier));
                }
            }
        }
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_come_off() {
        for name in [
            "base_model.model.m.0.q",
            "base_model.model.base_model.model.m.0.q",
            "module.base_model.model.m.0.q",
            "base_model.model._orig_mod.m.0._fsdp_wrapped_module.q",
            "_fsdp_wrapped_module.base_model.model.m._checkpoint_wrapped_module.0.q",
            "pipe.dit.m.0.q",
        ] {
            assert_eq!(unwrapped(name), "m.0.q", "{name}");
        }
        assert_eq!(unwrapped("unet.base_model.model.m.q"), "unet.m.q");
        assert_eq!(unwrapped("neck.module.q"), "neck.module.q");
    }
}
