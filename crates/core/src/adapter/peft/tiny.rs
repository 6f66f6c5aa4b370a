//! PEFT's TinyLoRA (LoRA-XS): frozen A and B of W, and a small core that a few numbers make.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::adapter::factors::{both, check_factors, give_base};
use crate::adapter::found::{Content, Found};
use crate::adapter::keys::{group, module_and_kind};
use crate::adapter::names::natural_order;
use crate::adapter::scale_rule::ScaleRule;
use crate::adapter::update::Update;
use crate::error::Result;

use super::config::PeftConfig;
use super::grouped::modules;
use super::lora::check_rank;
use super::refused;

/// Orders in which models register the parts of a module. No file has them, and which vector is
/// whose follows from them.
const ORDERS: [&[&str]; 18] = [
    &["q_proj", "k_proj", "v_proj", "o_proj"],
    &["k_proj", "v_proj", "q_proj", "out_proj"],
    &["q_proj", "k_proj", "v_proj", "dense"],
    &["q", "k", "v", "o"],
    &["query", "key", "value"],
    &["c_attn", "q_attn", "c_proj"],
    &["query_key_value", "dense"],
    &["gate_proj", "up_proj", "down_proj"],
    &["c_fc", "c_proj"],
    &["fc1", "fc2"],
    &["dense_h_to_4h", "dense_4h_to_h"],
    &["self_attn", "encoder_attn", "mlp", "fc1", "fc2"],
    &["attn", "crossattention", "mlp"],
    &["attention", "mlp"],
    &["attention", "crossattention", "intermediate", "output"],
    &["self", "output"],
    &["encoder", "decoder"],
    &["embed_tokens", "layers"],
];

/// ΔW = B·(Σᵤ vᵤ·Pᵤ)·A with A (r, in), B (out, r), P (u, r, r) of the module and v (u) of its
/// group; s = 1.
///
/// With n modules and g vectors, the modules in the model's order are in groups of ⌊n/g⌋, the last
/// with what is left.
///
/// # Errors
///
/// [`crate::Error::Unsupported`] where P was not saved; one when several vectors cannot be told
/// apart.
pub(super) fn read(found: &Found, path: &Path, fields: &Map<String, Value>) -> Result<Content> {
    let any = |kind: &str| found.names().iter().any(|name| name.contains(kind));
    if !any(".tinylora_P") {
        let what = "its projections P (save_projection is false)";
        return Err(refused::without_projection(path, "TINYLORA", what));
    }
    let config = PeftConfig::new(path, fields)?;
    let kinds = ["tinylora_A", "tinylora_B", "tinylora_P"];
    let groups = groups(found, &kinds)?;
    let mut content = modules(found, &kinds, |module, tensors| {
        let (a, b) = both(found, module, tensors, ("tinylora_A", "tinylora_B"))?;
        let (a, b) = (found.tensor(a)?, found.tensor(b)?);
        let rank = check_factors(&b, &a)?;
        check_rank(&config, module, rank, &a)?;
        let (Some(p), Some(v)) = (tensors.get("tinylora_P"), groups.get(module)) else {
            let problem = format!("module `{module}` has no tinylora_P");
            return Err(a.error(problem, "save the adapter again, with save_projection"));
        };
        let v = found.tensor(v)?.transposed();
        let core = v.times(found.tensor(p)?)?.reshaped(rank, rank)?;
        let a = core.times(a)?;
        Ok(Some((Update::Product { b, a }, 1.0)))
    })?;
    content.replaced.retain(|name| group_of(name).is_none());
    content.layout = "PEFT TINYLORA";
    content.scale_rule = Some(ScaleRule::one("TinyLoRA has no α"));
    let vectors: Vec<_> = found
        .names()
        .iter()
        .filter_map(|name| group_of(name))
        .collect();
    if vectors.len() > 1 {
        content.notes.push(format!(
            "the file does not say which of its {} vectors v belongs to which module: the order of \
             the model's modules tells it",
            vectors.len()
        ));
    }
    Ok(content)
}

/// The number of a group's vector, by its name `base_model.tinylora_v.NUMBER`.
fn group_of(name: &str) -> Option<usize> {
    let (_, rest) = name.split_once("tinylora_v.")?;
    rest.rsplit('.').next()?.parse().ok()
}

/// Module to the name of its group's v.
fn groups(found: &Found, kinds: &[&'static str]) -> Result<BTreeMap<String, String>> {
    let vectors: BTreeMap<usize, &String> = found
        .names()
        .iter()
        .filter_map(|name| Some((group_of(name)?, name)))
        .collect();
    let grouped = group(found.names(), |name| module_and_kind(name, kinds));
    let modules: Vec<&str> = grouped.modules.keys().map(String::as_str).collect();
    let count = vectors.len();
    let (Some(first), true) = (found.names().first(), count > 0 && count <= modules.len()) else {
        let first = found.names().first().map_or("", String::as_str);
        let problem = format!("{count} vectors tinylora_v for {} modules", modules.len());
        return Err(found.error(first, problem, "save the adapter again"));
    };
    let ordered = match count {
        1 => modules.iter().map(|module| module.to_string()).collect(),
        _ => in_model_order(found, "", &modules).map_err(|siblings| {
            let problem = format!(
                "which of {count} vectors tinylora_v belongs to which module depends on the model's order of {siblings}"
            );
            found.error(first, problem, &give_base())
        })?,
    };
    let size = ordered.len() / count;
    let vectors: Vec<&String> = vectors.into_values().collect();
    let of =
        |(place, module): (usize, String)| (module, vectors[(place / size).min(count - 1)].clone());
    Ok(ordered.into_iter().enumerate().map(of).collect())
}

/// Paths below `parent` in the order in which the model registers them; else the siblings whose
/// order is not known.
fn in_model_order(
    found: &Found,
    parent: &str,
    paths: &[&str],
) -> std::result::Result<Vec<String>, String> {
    let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in paths {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        children.entry(first).or_default().push(rest);
    }
    let mut names: Vec<&str> = children.keys().copied().collect();
    let is_numbered = names.iter().all(|name| name.parse::<usize>().is_ok());
    if is_numbered {
        names.sort_by(|one, other| natural_order(one, other));
    } else if names.len() > 1 {
        names = order_of(found, parent, &names).ok_or_else(|| names.join(", "))?;
    }
    let mut ordered = Vec::new();
    for name in names {
        let path = match parent {
            "" => name.to_string(),
            parent => format!("{parent}.{name}"),
        };
        let below: Vec<&str> = children[name]
            .iter()
            .copied()
            .filter(|rest| !rest.is_empty())
            .collect();
        if below.is_empty() {
            ordered.push(path);
        } else {
            ordered.extend(in_model_order(found, &path, &below)?);
        }
    }
    Ok(ordered)
}

/// Siblings in the one order that models have them in, or in that of the base's kind of model.
fn order_of<'a>(found: &Found, parent: &str, names: &[&'a str]) -> Option<Vec<&'a str>> {
    let sorted = |order: &&[&str]| -> Option<Vec<&'a str>> {
        let place = |name: &&str| order.iter().position(|known| known == name);
        let mut placed: Vec<(usize, &'a str)> = names
            .iter()
            .map(|name| Some((place(name)?, *name)))
            .collect::<Option<_>>()?;
        placed.sort();
        Some(placed.into_iter().map(|(_, name)| name).collect())
    };
    let fitting: Vec<_> = ORDERS
        .iter()
        .filter_map(|order| Some((order, sorted(order)?)))
        .collect();
    let (_, first) = fitting.first()?;
    if fitting.iter().all(|(_, other)| other == first) {
        return Some(first.clone());
    }
    let base = found.base?;
    let is_there = |name: &&str| base.find(&format!("{parent}.{name}.weight")).is_some();
    let mut of_base = fitting
        .iter()
        .filter(|(order, _)| order.iter().all(is_there));
    let (_, only) = of_base.next()?;
    of_base.next().is_none().then(|| only.clone())
}
