//! Projections that a model keeps in one matrix, and which rows are whose.
//!
//! # Decisions
//!
//! - A module is cut where the base's config or the names around it say how. A last name alone
//!   (`linear1`, `qkv`) says nothing: feed-forward layers and models with another order have it too.
//! - A family that a `model_type` names goes before the names around a module. Where its config
//!   contradicts the module's shape, the module stays whole.

use std::ops::Range;

use serde_json::Value;

use crate::adapter::{AdaptedModule, Cut};

use super::Base;
use super::kept::path_of;

mod rows;

use rows::{HEADS, Heads, Named, as_wide_as, configs, equal, first_number, in_blocks};

/// How the rows of a fused projection are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// q, k and v as high as the input is wide, then whatever is left.
    AsWideAsInput(&'static [&'static str]),
    /// Equal parts.
    Equal(&'static [&'static str]),
    /// All heads of q, all of k, all of v.
    Heads,
    /// q, k and v of each key-value group side by side: its query heads, its key, its value.
    Groups,
    /// As `Heads` where the config sets this field, else as `Groups` of one head each.
    HeadsIf(&'static str),
    /// Whole, as another order than that of its like is in the model's code alone.
    Whole,
    /// So many blocks, each with a part of q, of v and of k, in this order.
    Blocks(usize),
}

/// What must be known beside the last name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// One of these `model_type`s in the base's config.
    Model(&'static [&'static str]),
    /// One of these ends of the path above the last name, in which `N` is any number.
    Under(&'static [&'static str]),
}

struct Family {
    /// The last name of the module's path.
    module: &'static str,
    evidence: Evidence,
    order: Order,
}

const QKV: &[&str] = &["q", "k", "v"];
const GATE_UP: &[&str] = &["gate", "up"];
const QKV_MLP: &[&str] = &["q", "k", "v", "mlp"];
/// What the module around an attention's projections is called.
const ATTENTION: Evidence = Evidence::Under(&[
    "attn",
    "attn2",
    "img_attn",
    "txt_attn",
    "window_attn",
    "channel_attn",
    "self_attn",
    "attention",
    "self_attention",
]);

const fn model(module: &'static str, models: &'static [&'static str], order: Order) -> Family {
    Family {
        module,
        evidence: Evidence::Model(models),
        order,
    }
}

const fn under(module: &'static str, evidence: Evidence, order: Order) -> Family {
    Family {
        module,
        evidence,
        order,
    }
}

/// The first that fits counts.
const FAMILIES: &[Family] = &[
    model("c_attn", &["gpt_bigcode"], Order::Groups),
    model(
        "query_key_value",
        &[
            "gpt_neox",
            "gpt_neox_japanese",
            "bloom",
            "falcon",
            "RefinedWeb",
            "RefinedWebModel",
            "phi3small",
        ],
        Order::Groups,
    ),
    // The first generation has each head's q, k and v side by side.
    model(
        "query_key_value",
        &["chatglm"],
        Order::HeadsIf("multi_query_attention"),
    ),
    model("wqkv", &["internlm2"], Order::Groups),
    model(
        "qkv_proj",
        &["phi3", "phi4mm", "phi4_multimodal"],
        Order::Heads,
    ),
    model("qkv_proj", &["codegen", "moss"], Order::Blocks(4)),
    model("qkv_proj", &["progen"], Order::Blocks(8)),
    model("Wqkv", &["dbrx", "mpt"], Order::Heads),
    // GPT-2, its relatives, and Qwen's first generation.
    under(
        "c_attn",
        Evidence::Under(&["attn"]),
        Order::AsWideAsInput(QKV),
    ),
    under(
        "Wqkv",
        Evidence::Under(&["attn", "attention", "attention.self", "self_attn", "mixer"]),
        Order::AsWideAsInput(QKV),
    ),
    // ESM C.
    under(
        "1",
        Evidence::Under(&["attn.layernorm_qkv"]),
        Order::AsWideAsInput(QKV),
    ),
    under(
        "W_pack",
        Evidence::Under(&["self_attn"]),
        Order::AsWideAsInput(QKV),
    ),
    // Not `attn.qkv_proj`, which is CodeGen's.
    under(
        "qkv_proj",
        Evidence::Under(&["self_attn", "attention"]),
        Order::AsWideAsInput(QKV),
    ),
    // MaxViT: by head, and the heads are in no config.
    under(
        "qkv",
        Evidence::Under(&["attn_block.attn", "attn_grid.attn"]),
        Order::Whole,
    ),
    under("qkv", ATTENTION, Order::AsWideAsInput(QKV)),
    under(
        "img_attn_qkv",
        Evidence::Under(&["double_blocks.N"]),
        Order::AsWideAsInput(QKV),
    ),
    under(
        "txt_attn_qkv",
        Evidence::Under(&["double_blocks.N"]),
        Order::AsWideAsInput(QKV),
    ),
    under(
        "linear1",
        Evidence::Under(&["single_blocks.N"]),
        Order::AsWideAsInput(QKV_MLP),
    ),
    under(
        "gate_up_proj",
        Evidence::Under(&["mlp"]),
        Order::Equal(GATE_UP),
    ),
];

/// How a fused projection is cut: its slices' names and rows, and the rule. `None` where the module
/// is none, or where neither the base's config nor the names around the module tell.
///
/// A LoRA on a fused projection has one A for all slices, so that their right directions in the
/// basis `a` are the same.
pub fn slices(module: &AdaptedModule, base: Option<&Base>) -> Option<Cut> {
    let shape = (module.d_out, module.d_in);
    let (path, tensor) = (&module.path, &module.target.tensor);
    let (rule, parts) = of_tensor(path, tensor, shape, base.and_then(Base::config))?;
    let parts = parts.into_iter();
    Some(Cut {
        rule,
        parts: parts.map(|(name, rows)| (name.into(), rows)).collect(),
    })
}

/// The rows of a slice, of this height, of a base's fused matrix with these sides: as the matrix is
/// cut where an adapter is on all of it. A linear attention's `in_proj_qkv` has q and k of one height
/// and then v.
pub(super) fn rows_of_slice(
    base: &Base,
    tensor: &str,
    sides: (usize, usize),
    (slice, height): (&str, usize),
) -> Option<Vec<Range<usize>>> {
    let path = path_of(tensor);
    if let Some((_, parts)) = of_tensor(path, tensor, sides, base.config()) {
        let mut parts = parts.into_iter();
        return parts.find(|(name, _)| *name == slice).map(|(_, rows)| rows);
    }
    let is_linear = path.ends_with(".in_proj_qkv");
    let rows = match slice {
        "q" => 0..height,
        "k" => height..2 * height,
        _ => sides.0.checked_sub(height)?..sides.0,
    };
    let fits = match slice {
        "v" => (sides.0 - height).is_multiple_of(2),
        _ => 2 * height < sides.0,
    };
    (is_linear && fits).then(|| vec![rows])
}

/// The rule and the rows of a fused matrix with this path, stored as this tensor.
fn of_tensor(
    path: &str,
    tensor: &str,
    shape: (usize, usize),
    config: Option<&Value>,
) -> Option<(String, Named)> {
    if tensor.ends_with(".in_proj_weight") {
        let rule = "thirds, as nn.MultiheadAttention has them in its in_proj_weight";
        return Some((rule.to_string(), as_wide_as(shape, QKV)?));
    }
    by_family(path, shape, config)
}

/// The rule and the rows of the first family that the path and the config fit.
fn by_family(path: &str, shape: (usize, usize), config: Option<&Value>) -> Option<(String, Named)> {
    let (above, last) = path.rsplit_once('.').unwrap_or(("", path));
    let known = config.map(configs).unwrap_or_default();
    let families = FAMILIES.iter().filter(|family| family.module == last);
    for family in families {
        match family.evidence {
            Evidence::Model(models) => {
                let Some((model, config)) = of_models(&known, models) else {
                    continue;
                };
                let rule = format!("rows by heads of config.json (model_type {model})");
                return Some((rule, by_heads(family.order, shape, config)?));
            }
            Evidence::Under(names) => {
                if let Some(name) = names.iter().find(|name| is_under(above, name)) {
                    return by_shape(family.order, shape, &format!("{name}.{last}"));
                }
            }
        }
    }
    None
}

/// The first config of one of these models, or the one inside it that has the heads.
fn of_models<'a>(known: &[&'a Value], models: &[&str]) -> Option<(&'a str, &'a Value)> {
    let model = |config: &&'a Value| {
        let model = config.get("model_type")?.as_str()?;
        models.contains(&model).then_some((model, *config))
    };
    let (model, config) = known.iter().find_map(model)?;
    let mut within = configs(config).into_iter();
    let with_heads = within.find(|config| first_number(config, HEADS).is_some());
    Some((model, with_heads.unwrap_or(config)))
}

/// Whether a path ends with these names; `N` is any number.
fn is_under(path: &str, names: &str) -> bool {
    let mut parts = path.rsplit('.');
    names.rsplit('.').all(|name| {
        let part = parts.next();
        part.is_some_and(|part| match name {
            "N" => part.parse::<usize>().is_ok(),
            name => part == name,
        })
    })
}

fn by_shape(order: Order, shape: (usize, usize), name: &str) -> Option<(String, Named)> {
    let (how, parts) = match order {
        Order::AsWideAsInput(names) => {
            let how = if names.len() == 3 {
                "thirds"
            } else {
                "three as high as the input is wide, then the rest"
            };
            (how, as_wide_as(shape, names)?)
        }
        Order::Equal(names) => ("halves", equal(shape.0, names)?),
        _ => return None,
    };
    Some((format!("{how}, by the name `{name}`"), parts))
}

/// q, k and v by the numbers of heads in the config.
fn by_heads(order: Order, shape: (usize, usize), config: &Value) -> Option<Named> {
    let d_out = shape.0;
    match order {
        Order::Heads => Some(Heads::of(config, shape)?.one_after_the_other(d_out)),
        Order::Groups => Some(Heads::of(config, shape)?.side_by_side(d_out)),
        Order::HeadsIf(field) if config.get(field).and_then(Value::as_bool) == Some(true) => {
            Some(Heads::of(config, shape)?.one_after_the_other(d_out))
        }
        Order::HeadsIf(_) => Some(Heads::each_with_a_key(config, shape)?.side_by_side(d_out)),
        Order::Blocks(blocks) => {
            // CodeGen2 of 1 and 3.7 billion: twice the blocks, and a `head_dim` that others lack.
            let is_second = blocks == 4 && config.get("head_dim").is_some_and(Value::is_u64);
            in_blocks(config, shape, if is_second { 8 } else { blocks })
        }
        Order::AsWideAsInput(_) | Order::Equal(_) | Order::Whole => None,
    }
}

#[cfg(test)]
mod tests;
