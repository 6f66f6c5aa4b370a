//! Which projections are cut, and how.

use super::rows::together;
use super::*;
use serde_json::json;

/// How a module of 12 × 4 is cut, in a word.
fn cut(path: &str, model: Option<&str>) -> String {
    let config = model.map(|model| json!({"model_type": model, "num_attention_heads": 4}));
    match by_family(path, (12, 4), config.as_ref()) {
        Some((rule, _)) => rule,
        None => "whole".into(),
    }
}

#[test]
fn a_last_name_alone_cuts_nothing() {
    for path in [
        "encoder.layers.0.linear1",
        "blocks.0.qkv",
        "input_blocks.7.1.qkv",
        "layers.0.feed_forward.gate_up_proj",
        "h.0.attn.qkv_proj",
        "h.0.c_attn",
        "Wqkv",
        "layers.0.self_attn.query_key_value",
        "layers.0.attention.wqkv",
        "single_blocks.linear1",
        "stages.0.blocks.0.attn_grid.attn.qkv",
        "mlp.1",
    ] {
        assert_eq!(cut(path, None), "whole", "{path}");
        assert_eq!(cut(path, Some("unheard-of")), "whole", "{path}");
    }
}

#[test]
fn names_around_a_module_tell() {
    for (path, name) in [
        ("visual.blocks.0.attn.qkv", "attn.qkv"),
        ("double_blocks.3.txt_attn.qkv", "txt_attn.qkv"),
        (
            "double_blocks.3.img_attn_qkv",
            "double_blocks.N.img_attn_qkv",
        ),
        ("h.0.attn.c_attn", "attn.c_attn"),
        ("layers.0.attention.self.Wqkv", "attention.self.Wqkv"),
        ("layers.0.self_attn.W_pack", "self_attn.W_pack"),
        ("layers.0.self_attn.qkv_proj", "self_attn.qkv_proj"),
        ("encoder.layer.0.attention.qkv_proj", "attention.qkv_proj"),
        ("blocks.0.attn.layernorm_qkv.1", "attn.layernorm_qkv.1"),
    ] {
        let rule = format!("thirds, by the name `{name}`");
        assert_eq!(cut(path, None), rule);
        assert_eq!(cut(path, Some("unheard-of")), rule);
    }
    assert_eq!(
        cut("layers.0.mlp.gate_up_proj", None),
        "halves, by the name `mlp.gate_up_proj`"
    );
    let (rule, parts) = by_family("x.single_blocks.0.linear1", (28, 4), None).unwrap();
    assert!(rule.contains("`single_blocks.N.linear1`"), "{rule}");
    assert_eq!(parts[3], ("mlp", together(12..28)));
    // B of q, k and v alone, where no base tells the height of mlp.
    let (_, parts) = by_family("single_blocks.0.linear1", (12, 4), None).unwrap();
    assert_eq!((parts.len(), parts[2].0), (3, "v"));
    // A shape that the rule has no place for.
    assert_eq!(by_family("blocks.0.attn.qkv", (20, 4), None), None);
}

#[test]
fn a_model_s_type_goes_before_names() {
    let rows = |path: &str, config: Value| {
        let (_, parts) = by_family(path, (24, 8), Some(&config))?;
        let of = |name: &str| parts.iter().find(|part| part.0 == name).unwrap().1.clone();
        Some((of("q"), of("k")))
    };
    let glm = |fields: Value| {
        let mut config = json!({"model_type": "chatglm", "num_attention_heads": 4});
        config
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        rows("layers.0.attention.query_key_value", config).unwrap()
    };
    // By head: two rows each of q, k and v, whatever `multi_query_group_num` is.
    let (q, k) = glm(json!({"multi_query_group_num": 1}));
    assert_eq!((q[1].clone(), k[1].clone()), (6..8, 8..10));
    let (q, k) = glm(json!({"multi_query_attention": true, "multi_query_group_num": 2}));
    assert_eq!((q, k), (together(0..12), together(12..18)));
    let codegen = |config| rows("h.0.attn.qkv_proj", config);
    let (q, k) = codegen(json!({"model_type": "codegen", "n_head": 4})).unwrap();
    assert_eq!((q[1].clone(), k[0].clone()), (6..8, 4..6));
    let second = json!({"model_type": "codegen", "n_head": 8, "head_dim": 1});
    assert_eq!(codegen(second).unwrap().0.len(), 8);
    let progen = json!({"model_type": "progen", "num_attention_heads": 8});
    assert_eq!(codegen(progen).unwrap().1[0], 2..3);
    // Too few heads for the blocks, and a config without any.
    assert_eq!(codegen(json!({"model_type": "codegen", "n_head": 2})), None);
    let phi = "layers.0.self_attn.qkv_proj";
    assert_eq!(rows(phi, json!({"model_type": "phi3"})), None);
    let inside = json!({"model_type": "internvl_chat", "llm_config": {"model_type": "internlm2", "num_attention_heads": 4, "num_key_value_heads": 2}});
    let (q, _) = rows("language_model.layers.0.attention.wqkv", inside).unwrap();
    assert_eq!(q, [0..6, 12..18]);
}
