//! Projections that a model keeps in one matrix, and which rows are whose.
#![allow(
    clippy::single_range_in_vec_init,
    reason = "rows that lie together are one range of a list"
)]

use std::ops::Range;

use serde_json::Value;

use crate::adapter::{AdaptedModule, Parts};

use super::Base;

/// How the rows of a fused projection are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// q, k and v as long as the input is wide, then whatever is left.
    AsWideAsInput(&'static [&'static str]),
    /// Equal parts.
    Equal(&'static [&'static str]),
    /// All heads of q, all of k, all of v.
    Heads,
    /// q, k and v of each key-value group side by side: its query heads, its key, its value.
    Groups,
}

struct Family {
    /// `model_type`s in the base's config; empty: any, and no config is needed.
    models: &'static [&'static str],
    /// The last name of the module's path.
    module: &'static str,
    order: Order,
}

const QKV: &[&str] = &["q", "k", "v"];
const GATE_UP: &[&str] = &["gate", "up"];
const QKV_MLP: &[&str] = &["q", "k", "v", "mlp"];

/// The first that fits counts.
const FAMILIES: &[Family] = &[
    Family {
        models: &["gpt_bigcode"],
        module: "c_attn",
        order: Order::Groups,
    },
    Family {
        models: &[],
        module: "c_attn",
        order: Order::AsWideAsInput(QKV),
    },
    Family {
        models: &["gpt_neox", "bloom", "falcon", "gpt_neox_japanese"],
        module: "query_key_value",
        order: Order::Groups,
    },
    Family {
        models: &["chatglm"],
        module: "query_key_value",
        order: Order::Heads,
    },
    Family {
        models: &["internlm2"],
        module: "wqkv",
        order: Order::Groups,
    },
    Family {
        models: &["phi3", "phi4_multimodal", "qwen", "exaone", "glm", "glm4"],
        module: "qkv_proj",
        order: Order::Heads,
    },
    Family {
        models: &["dbrx", "mpt"],
        module: "Wqkv",
        order: Order::Heads,
    },
    Family {
        models: &[],
        module: "Wqkv",
        order: Order::AsWideAsInput(QKV),
    },
    Family {
        models: &[],
        module: "W_pack",
        order: Order::AsWideAsInput(QKV),
    },
    Family {
        models: &[],
        module: "qkv_proj",
        order: Order::AsWideAsInput(QKV),
    },
    Family {
        models: &[],
        module: "qkv",
        order: Order::AsWideAsInput(QKV),
    },
    Family {
        models: &[],
        module: "linear1",
        order: Order::AsWideAsInput(QKV_MLP),
    },
    Family {
        models: &[],
        module: "gate_up_proj",
        order: Order::Equal(GATE_UP),
    },
];

/// The slices of a fused projection: their names and their rows. Empty where the module is none, or
/// where only a config could tell and there is none.
///
/// An adapter on a fused projection has one A for all slices, so that their right directions in the
/// basis `a` are the same.
pub fn slices(module: &AdaptedModule, base: Option<&Base>) -> Parts {
    let config = base.and_then(Base::config);
    let last = module.path.rsplit('.').next().unwrap_or_default();
    let model = config.and_then(|config| config.get("model_type")?.as_str());
    let is_attention = module.target.tensor.ends_with(".in_proj_weight");
    let fits = |family: &&Family| {
        family.module == last
            && (family.models.is_empty()
                || model.is_some_and(|model| family.models.contains(&model)))
    };
    let order = if is_attention {
        Some(Order::Equal(QKV))
    } else {
        FAMILIES.iter().find(fits).map(|family| family.order)
    };
    let (d_out, d_in) = (module.d_out, module.d_in);
    let parts = match order {
        None => None,
        Some(Order::AsWideAsInput(names)) => as_wide_as(d_in, d_out, names),
        Some(Order::Equal(names)) => equal(d_out, names),
        Some(order) => config.and_then(|config| by_heads(order, d_out, config)),
    };
    let named = |(name, rows): (&str, Vec<Range<usize>>)| (name.to_string(), rows);
    parts.unwrap_or_default().into_iter().map(named).collect()
}

type Named = Vec<(&'static str, Vec<Range<usize>>)>;

fn as_wide_as(d_in: usize, d_out: usize, names: &'static [&'static str]) -> Option<Named> {
    let mut parts = Named::new();
    for (place, &name) in names.iter().enumerate() {
        let start = place * d_in;
        let end = if place < 3 { start + d_in } else { d_out };
        if start >= end || end > d_out {
            return None;
        }
        parts.push((name, vec![start..end]));
    }
    // A matrix that is longer is none of this kind.
    (parts.last()?.1[0].end == d_out).then_some(parts)
}

fn equal(d_out: usize, names: &'static [&'static str]) -> Option<Named> {
    let each = d_out / names.len();
    let part =
        |(place, &name): (usize, &&'static str)| (name, vec![place * each..(place + 1) * each]);
    d_out
        .is_multiple_of(names.len())
        .then(|| names.iter().enumerate().map(part).collect())
}

/// q, k and v by the numbers of heads in the config.
fn by_heads(order: Order, d_out: usize, config: &Value) -> Option<Named> {
    let config = config.get("text_config").unwrap_or(config);
    let number = |names: &[&str]| {
        let mut values = names.iter().filter_map(|name| config.get(name)?.as_u64());
        values.next().map(|value| value as usize)
    };
    let heads = number(&["num_attention_heads", "n_head", "num_heads", "n_heads"])?;
    let is = |name: &str| config.get(name).and_then(Value::as_bool);
    let shared = match (is("new_decoder_architecture"), is("multi_query")) {
        (Some(true), _) => None,
        (_, Some(true)) => Some(1),
        (_, Some(false)) => Some(heads),
        _ => None,
    };
    let keys = [
        "num_key_value_heads",
        "num_kv_heads",
        "multi_query_group_num",
        "n_head_kv",
    ];
    let groups = shared.or_else(|| number(&keys)).unwrap_or(heads);
    if groups == 0 || !heads.is_multiple_of(groups) || !d_out.is_multiple_of(heads + 2 * groups) {
        return None;
    }
    let (size, each) = (d_out / (heads + 2 * groups), heads / groups);
    let span = |start: usize, count: usize| start * size..(start + count) * size;
    Some(match order {
        Order::Groups => {
            let stride = each + 2;
            let of = |first: usize, count: usize| -> Vec<Range<usize>> {
                (0..groups)
                    .map(|g| span(g * stride + first, count))
                    .collect()
            };
            vec![
                ("q", of(0, each)),
                ("k", of(each, 1)),
                ("v", of(each + 1, 1)),
            ]
        }
        _ => vec![
            ("q", vec![span(0, heads)]),
            ("k", vec![span(heads, groups)]),
            ("v", vec![span(heads + groups, groups)]),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn heads_side_by_side_and_one_after_the_other() {
        // Two heads of width 3, each with its own key and value.
        let parts = by_heads(Order::Groups, 18, &json!({"num_attention_heads": 2})).unwrap();
        assert_eq!(parts[0], ("q", vec![0..3, 9..12]));
        assert_eq!(parts[2], ("v", vec![6..9, 15..18]));
        // Four query heads that share one key and one value.
        let config = json!({"n_head": 4, "multi_query": true});
        let parts = by_heads(Order::Groups, 12, &config).unwrap();
        assert_eq!(parts[0], ("q", vec![0..8]));
        assert_eq!(parts[1], ("k", vec![8..10]));
        let config = json!({"num_attention_heads": 4, "num_key_value_heads": 2});
        let parts = by_heads(Order::Heads, 16, &config).unwrap();
        assert_eq!(parts[1], ("k", vec![8..12]));
        assert_eq!(by_heads(Order::Heads, 17, &config), None);
    }

    #[test]
    fn thirds_must_fill_the_matrix() {
        assert_eq!(as_wide_as(4, 12, QKV).unwrap()[2], ("v", vec![8..12]));
        assert_eq!(as_wide_as(4, 16, QKV), None);
        assert_eq!(
            as_wide_as(4, 28, QKV_MLP).unwrap()[3],
            ("mlp", vec![12..28])
        );
        assert_eq!(as_wide_as(4, 12, QKV_MLP), None);
    }
}
