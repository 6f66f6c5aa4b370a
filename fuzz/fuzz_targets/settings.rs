//! What stands beside an adapter's tensors: keys of metadata, configs and their fields.

pub const METADATA: [&str; 8] = [
    "lora_adapter_metadata",
    "ss_network_alpha",
    "ss_network_dim",
    "ss_network_module",
    "ss_network_args",
    "ss_base_model_version",
    "format",
    "scale",
];

/// Configs: a file, and the fields that it always has.
pub const CONFIGS: [(&str, &str); 12] = [
    (
        "adapter_config.json",
        r#"{"peft_type": "LORA", "lora_alpha": 4}"#,
    ),
    (
        "adapter_config.json",
        r#"{"peft_type": "LOHA", "alpha": 4}"#,
    ),
    (
        "adapter_config.json",
        r#"{"peft_type": "LOKR", "alpha": 4}"#,
    ),
    (
        "adapter_config.json",
        r#"{"peft_type": "ADALORA", "lora_alpha": 4}"#,
    ),
    (
        "adapter_config.json",
        r#"{"peft_type": "VERA", "projection_prng_key": 0}"#,
    ),
    ("adapter_config.json", r#"{"peft_type": "TINYLORA"}"#),
    (
        "adapter_config.json",
        r#"{"fine_tune_type": "lora", "num_layers": 2, "lora_parameters": {"rank": 2, "scale": 2.0}}"#,
    ),
    (
        "adapter_config.json",
        r#"{"rank": 2, "alpha": 4.0, "dropout": 0}"#,
    ),
    (
        "adapter_config.json",
        r#"{"config": {"architecture": "lora", "r": 2, "alpha": 4}}"#,
    ),
    ("lora_config.json", r#"{"lora_alpha": 4}"#),
    ("params.json", r#"{"lora": {"rank": 2, "scaling": 2.0}}"#),
    ("adapter_config.json", "{}"),
];

/// Fields of configs, each with values.
pub const FIELDS: [(&str, &[&str]); 20] = [
    (
        "lora_alpha",
        &["8", "0", "-1", "1e300", "\"8\"", "null", "0.5"],
    ),
    ("alpha", &["8", "0", "1e-300", "null"]),
    ("use_rslora", &["true", "false", "\"yes\"", "1"]),
    ("use_dora", &["true", "false", "1"]),
    ("fan_in_fan_out", &["true", "false"]),
    (
        "init_lora_weights",
        &[
            "true",
            "\"pissa\"",
            "\"olora\"",
            "\"gaussian\"",
            "\"pissa_niter_4\"",
            "7",
        ],
    ),
    (
        "rank_pattern",
        &[
            "{}",
            "{\"q_proj\": 1}",
            "{\"(\": 1}",
            "{\".*\": 2}",
            "{\"q\": 0}",
        ],
    ),
    (
        "alpha_pattern",
        &["{}", "{\"q_proj\": 1}", "{\"layers.0\": 3}", "[]"],
    ),
    (
        "target_modules",
        &["[\"q_proj\"]", "\".*\"", "\"all-linear\"", "[]", "7"],
    ),
    (
        "target_parameters",
        &[
            "[\"mlp.experts.gate_up_proj\"]",
            "[]",
            "[\"layers.0.mlp.experts\"]",
        ],
    ),
    ("modules_to_save", &["[\"lm_head\"]", "null", "[\"q\"]"]),
    (
        "enable_lora",
        &["[true, false, true]", "[true]", "[]", "null"],
    ),
    (
        "layer_replication",
        &[
            "[[0, 2], [1, 3]]",
            "[[0, 0]]",
            "[[5, 1]]",
            "[]",
            "[[0, 9999999999]]",
        ],
    ),
    (
        "trainable_token_indices",
        &["[0, 1]", "{\"embed_tokens\": [0]}", "[99]", "[-1]"],
    ),
    ("bias", &["\"none\"", "\"all\"", "\"lora_only\""]),
    (
        "base_model_name_or_path",
        &["\"org/name\"", "null", "\"../x\"", "7"],
    ),
    ("lora_bias", &["true", "false"]),
    ("rank", &["2", "0", "99"]),
    ("block_size", &["2", "0"]),
    ("decompose_factor", &["2", "-1", "0"]),
];

pub const MODELS: [&str; 8] = [
    "gpt2",
    "gpt_neox",
    "bloom",
    "falcon",
    "phi3",
    "llama",
    "chatglm",
    "gpt_bigcode",
];
