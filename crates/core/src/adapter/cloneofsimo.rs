//! cloneofsimo/lora: pairs of factors by number, in the order in which layers were injected.

use std::collections::BTreeMap;

use crate::error::Result;

use super::AdaptedModule;
use super::alpha::{Alphas, Asked, Without};
use super::factors::{METADATA, both, check_factors, check_stated};
use super::found::{Content, Found};
use super::keys::group;
use super::update::Update;

/// `unet:0:up`, `unet:0:down`: ΔW = up·down.
fn parse(name: &str) -> Option<(String, &'static str)> {
    let (module, side) = name.rsplit_once(':')?;
    let (component, number) = module.rsplit_once(':')?;
    number.parse::<usize>().ok()?;
    let kind = match side {
        "up" => "lora_B",
        "down" => "lora_A",
        _ => return None,
    };
    Some((format!("{component}.{number}"), kind))
}

/// Whether the names, or a list without any, are of this kind.
pub(super) fn fits(found: &Found) -> bool {
    found.names().iter().any(|name| parse(name).is_some()) || is_list(found)
}

/// A pickled list [up₀, down₀, up₁, …].
fn is_list(found: &Found) -> bool {
    let names = found.names();
    let is_number = |name: &String| name.parse::<usize>().is_ok();
    !names.is_empty() && names.iter().all(is_number)
}

/// Reads either; s = 1.
///
/// # Errors
///
/// [`crate::Error::Tensor`] for a factor without its partner, factors that do not multiply, or a
/// rank that the metadata contradicts.
pub(super) fn read(found: &Found) -> Result<Content> {
    let is_list = is_list(found);
    let path = found.file.path().to_string_lossy();
    let component = if path.contains("text_encoder") {
        "text_encoder"
    } else {
        "unet"
    };
    let grouped = group(found.names(), |name| match name.parse::<usize>() {
        Ok(place) if is_list => {
            let kind = ["lora_B", "lora_A"][place % 2];
            Some((format!("{component}.{}", place / 2), kind))
        }
        _ => parse(name),
    });
    let (layout, evidence) = if is_list {
        ("cloneofsimo list", "a list of tensors without names")
    } else {
        (
            "cloneofsimo safetensors",
            "keys COMPONENT:NUMBER:up and COMPONENT:NUMBER:down",
        )
    };
    let mut content = Content {
        layout,
        evidence: evidence.into(),
        ..Content::default()
    };
    let alphas = Alphas::new(found, "r", Without::One("this format has no α"), "")?;
    for (path, tensors) in &grouped.modules {
        let (a, b) = both(found, path, tensors, ("lora_A", "lora_B"))?;
        let (a, b) = (found.tensor(a)?, found.tensor(b)?);
        let rank = check_factors(&b, &a)?;
        let key = format!("{}:rank", path.replace('.', ":"));
        let stated = found.metadata(&key).and_then(|rank| rank.parse().ok());
        check_stated(stated, METADATA, rank, &a)?;
        content.ranks_are_stated |= stated.is_some();
        let (component, number) = path.split_once('.').unwrap_or(("", path));
        let scale = alphas.scale(&Asked {
            component,
            path: number,
            rank,
            tensor: None,
            a: &a,
        })?;
        let update = Update::Product { b, a };
        content
            .modules
            .push(AdaptedModule::new(path.clone(), update, scale));
    }
    content.scale_rule = alphas.rule();
    // Trained tokens travel beside the pairs.
    let is_token =
        |name: &&String| found.metadata(name) == Some("<embed>") || name.ends_with(":embed");
    content.replaced = grouped.others.iter().filter(is_token).cloned().collect();
    content.notes.push(note(found, &content.modules));
    Ok(content)
}

/// What the numbers stand for, as far as the file says it.
fn note(found: &Found, modules: &[AdaptedModule]) -> String {
    let mut components: BTreeMap<&str, usize> = BTreeMap::new();
    for module in modules {
        let component = module.path.split('.').next().unwrap_or_default();
        *components.entry(component).or_default() += 1;
    }
    let list = components.iter().map(|(component, count)| {
        let classes = found
            .metadata(component)
            .unwrap_or("classes that the file does not name");
        format!("{component} {count} in {classes}")
    });
    let list: Vec<String> = list.collect();
    format!(
        "modules are numbered in the order in which layers were injected ({}); their names are not in the file, so no base can be held against them",
        list.join("; ")
    )
}
