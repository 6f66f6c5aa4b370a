//! The rows of q, k, v and their like in a fused projection, by its shape and the config's heads.

use std::ops::Range;

use serde_json::Value;

/// Names of slices and their rows.
pub(super) type Named = Vec<(&'static str, Vec<Range<usize>>)>;

/// Fields with the number of query heads.
pub(super) const HEADS: &[&str] = &["num_attention_heads", "n_head", "num_heads", "n_heads"];
/// Fields with the width of the input.
const WIDTHS: &[&str] = &["hidden_size", "n_embd", "n_embed", "d_model"];
/// Fields that hold a text model's own config inside another's.
const INNER: [&str; 4] = [
    "text_config",
    "llm_config",
    "language_config",
    "thinker_config",
];

/// Rows that lie together.
pub(super) fn together(rows: Range<usize>) -> Vec<Range<usize>> {
    vec![rows]
}

/// The config and those inside it, the outermost first.
pub(super) fn configs(config: &Value) -> Vec<&Value> {
    let inner = INNER.iter().filter_map(|name| config.get(name));
    let inner: Vec<&Value> = inner.flat_map(configs).collect();
    [vec![config], inner].concat()
}

/// Three parts as high as the input is wide; a fourth is whatever is left, if anything is.
pub(super) fn as_wide_as(
    (d_out, d_in): (usize, usize),
    names: &'static [&'static str],
) -> Option<Named> {
    let mut parts = Named::new();
    for (place, &name) in names.iter().enumerate() {
        let start = place * d_in;
        let end = if place < 3 { start + d_in } else { d_out };
        if place == 3 && start == end {
            break;
        }
        if start >= end || end > d_out {
            return None;
        }
        parts.push((name, together(start..end)));
    }
    // A matrix that is longer is none of this kind.
    (parts.last()?.1[0].end == d_out).then_some(parts)
}

/// Equal parts, one below the other.
pub(super) fn equal(d_out: usize, names: &'static [&'static str]) -> Option<Named> {
    let each = d_out / names.len();
    let part =
        |(place, &name): (usize, &&'static str)| (name, together(place * each..(place + 1) * each));
    d_out
        .is_multiple_of(names.len())
        .then(|| names.iter().enumerate().map(part).collect())
}

/// The numbers of heads that a config states.
pub(super) struct Heads {
    /// Query heads.
    pub(super) queries: usize,
    /// Keys, of which there are as many as values.
    pub(super) keys: usize,
}

impl Heads {
    /// Reads the heads of a projection of this shape. `None` where the config has none, or where it
    /// contradicts the shape: then they are another tower's.
    pub(super) fn of(config: &Value, shape: (usize, usize)) -> Option<Self> {
        let queries = first_number(config, HEADS)?;
        let keys = shared_keys(config, queries).unwrap_or(queries);
        Heads { queries, keys }.fitting(config, shape)
    }

    /// As [`Heads::of`], of a model in which every query head has a key of its own.
    pub(super) fn each_with_a_key(config: &Value, shape: (usize, usize)) -> Option<Self> {
        let queries = first_number(config, HEADS)?;
        let keys = queries;
        Heads { queries, keys }.fitting(config, shape)
    }

    fn fitting(self, config: &Value, (d_out, d_in): (usize, usize)) -> Option<Self> {
        let Heads { queries, keys } = self;
        if keys == 0 || !queries.is_multiple_of(keys) || !d_out.is_multiple_of(queries + 2 * keys) {
            return None;
        }
        let size = d_out / (queries + 2 * keys);
        let is = |names: &[&str], found| first_number(config, names).is_none_or(|n| n == found);
        (is(WIDTHS, d_in) && is(&["head_dim", "kv_channels"], size)).then_some(self)
    }

    /// All heads of q, all of k, all of v.
    pub(super) fn one_after_the_other(&self, d_out: usize) -> Named {
        let span = self.span(d_out);
        vec![
            ("q", vec![span(0, self.queries)]),
            ("k", vec![span(self.queries, self.keys)]),
            ("v", vec![span(self.queries + self.keys, self.keys)]),
        ]
    }

    /// Each key with its query heads before it and its value behind it.
    pub(super) fn side_by_side(&self, d_out: usize) -> Named {
        let (span, each) = (self.span(d_out), self.queries / self.keys);
        let of = |first: usize, count: usize| -> Vec<Range<usize>> {
            let groups = 0..self.keys;
            groups
                .map(|g| span(g * (each + 2) + first, count))
                .collect()
        };
        vec![
            ("q", of(0, each)),
            ("k", of(each, 1)),
            ("v", of(each + 1, 1)),
        ]
    }

    fn span(&self, d_out: usize) -> impl Fn(usize, usize) -> Range<usize> {
        let size = d_out / (self.queries + 2 * self.keys);
        move |start, count| start * size..(start + count) * size
    }
}

/// Blocks of rows, each of them a part of q, then of v, then of k.
pub(super) fn in_blocks(
    config: &Value,
    (d_out, d_in): (usize, usize),
    blocks: usize,
) -> Option<Named> {
    let heads = first_number(config, HEADS)?;
    let has_width = first_number(config, WIDTHS).is_none_or(|width| width == d_in);
    if !has_width
        || d_out != 3 * d_in
        || !heads.is_multiple_of(blocks)
        || !d_in.is_multiple_of(heads)
    {
        return None;
    }
    let each = d_in / blocks;
    let of = |place: usize| -> Vec<Range<usize>> {
        let start = |block: usize| (3 * block + place) * each;
        let rows = (0..blocks).map(|block| start(block)..start(block) + each);
        rows.collect()
    };
    Some(vec![("q", of(0)), ("k", of(2)), ("v", of(1))])
}

/// How many keys the query heads share, where the config says it.
fn shared_keys(config: &Value, queries: usize) -> Option<usize> {
    let is = |name: &str| config.get(name).and_then(Value::as_bool);
    let attention = config.get("attn_config").unwrap_or(&Value::Null);
    let keys = [
        "num_key_value_heads",
        "num_kv_heads",
        "multi_query_group_num",
        "n_head_kv",
    ];
    if attention.get("attn_type").and_then(Value::as_str) == Some("multiquery_attention") {
        return Some(1);
    }
    if is("new_decoder_architecture") != Some(true) {
        match (is("multi_query"), is("multi_query_attention")) {
            (Some(true), _) => return Some(1),
            (Some(false), _) | (_, Some(false)) => return Some(queries),
            _ => {}
        }
    }
    first_number(config, &keys).or_else(|| first_number(attention, &["kv_n_heads"]))
}

/// The first of these fields that is a number.
pub(super) fn first_number(config: &Value, names: &[&str]) -> Option<usize> {
    let mut values = names.iter().filter_map(|name| config.get(name)?.as_u64());
    values.next().and_then(|value| usize::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const QKV: &[&str] = &["q", "k", "v"];
    const QKV_MLP: &[&str] = &["q", "k", "v", "mlp"];

    fn heads(config: Value, shape: (usize, usize)) -> Option<Heads> {
        Heads::of(&config, shape)
    }

    #[test]
    fn heads_side_by_side_and_one_after_the_other() {
        // Two heads of width 3, each with its own key and value.
        let two = heads(json!({"num_attention_heads": 2}), (18, 6)).unwrap();
        let parts = two.side_by_side(18);
        assert_eq!(parts[0], ("q", vec![0..3, 9..12]));
        assert_eq!(parts[2], ("v", vec![6..9, 15..18]));
        // Four query heads that share one key and one value.
        let config = json!({"n_head": 4, "multi_query": true});
        let parts = heads(config, (12, 8)).unwrap().side_by_side(12);
        assert_eq!(parts[0], ("q", together(0..8)));
        assert_eq!(parts[1], ("k", together(8..10)));
        let config = json!({"num_attention_heads": 4, "num_key_value_heads": 2});
        let parts = heads(config.clone(), (16, 8)).unwrap();
        assert_eq!(parts.one_after_the_other(16)[1], ("k", together(8..12)));
        assert!(heads(config, (17, 8)).is_none());
    }

    #[test]
    fn keys_are_found_where_each_family_states_them() {
        let keys = |config: Value| heads(config, (64, 8)).map(|heads| heads.keys);
        for (config, expected) in [
            (json!({"n_heads": 6, "attn_config": {"kv_n_heads": 1}}), 1),
            (
                json!({"n_heads": 6, "attn_config": {"attn_type": "multiquery_attention"}}),
                1,
            ),
            (json!({"n_head": 6, "multi_query": true, "n_head_kv": 3}), 1),
            (
                json!({"n_head": 12, "multi_query": true, "n_head_kv": 2, "new_decoder_architecture": true}),
                2,
            ),
            (
                json!({"n_head": 12, "multi_query_attention": true, "multi_query_group_num": 2}),
                2,
            ),
        ] {
            assert_eq!(keys(config.clone()), Some(expected), "{config}");
        }
    }

    #[test]
    fn heads_of_another_tower_do_not_cut() {
        let with = |field: &str, number: usize| {
            let mut config = json!({"num_attention_heads": 2});
            config[field] = number.into();
            heads(config, (18, 6)).is_some()
        };
        assert!(with("hidden_size", 6) && with("head_dim", 3) && with("kv_channels", 3));
        assert!(!with("hidden_size", 8) && !with("head_dim", 4) && !with("n_embd", 12));
    }

    #[test]
    fn blocks_have_value_before_key() {
        let blocks = |heads: usize, shape| in_blocks(&json!({"n_head": heads}), shape, 4);
        let parts = blocks(8, (24, 8)).unwrap();
        assert_eq!(parts[0], ("q", vec![0..2, 6..8, 12..14, 18..20]));
        assert_eq!(parts[1], ("k", vec![4..6, 10..12, 16..18, 22..24]));
        assert_eq!(parts[2], ("v", vec![2..4, 8..10, 14..16, 20..22]));
        assert_eq!(blocks(6, (24, 8)), None);
        assert_eq!(blocks(8, (28, 8)), None);
        assert_eq!(
            in_blocks(&json!({"n_head": 8, "n_embd": 9}), (24, 8), 4),
            None
        );
    }

    #[test]
    fn thirds_must_fill_the_matrix() {
        assert_eq!(as_wide_as((12, 4), QKV).unwrap()[2], ("v", together(8..12)));
        assert_eq!(as_wide_as((16, 4), QKV), None);
        assert_eq!(
            as_wide_as((28, 4), QKV_MLP).unwrap()[3],
            ("mlp", together(12..28))
        );
        assert_eq!(as_wide_as((12, 4), QKV_MLP), as_wide_as((12, 4), QKV));
        assert_eq!(as_wide_as((11, 4), QKV_MLP), None);
        assert_eq!(
            equal(6, &["gate", "up"]).unwrap()[1],
            ("up", together(3..6))
        );
        assert_eq!(equal(7, &["gate", "up"]), None);
    }

    #[test]
    fn a_config_inside_another_is_found() {
        let config = json!({"model_type": "x", "thinker_config": {"text_config": {"n_head": 2}}});
        let found = configs(&config);
        assert_eq!(found.len(), 3);
        assert_eq!(first_number(found[2], &["n_head"]), Some(2));
    }
}
