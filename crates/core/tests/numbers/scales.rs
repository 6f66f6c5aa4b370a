//! α by every name that a file may state it under, and the scale that follows.

use std::fs;
use std::path::PathBuf;

use crate::files::Tensors;
use lora_subspace_core::adapter::{Adapter, ReadOptions, ScaleKind};

/// Names of the factors of one module in a file of each kind, and the kind's name of the rank.
const NAMES: [([&str; 2], &str); 5] = [
    (
        [
            "lora_unet_blocks_0_attn_to_q.lora_down.weight",
            "lora_unet_blocks_0_attn_to_q.lora_up.weight",
        ],
        "dim",
    ),
    (
        [
            "diffusion_model.blocks.0.attn.to_q.lora_A.weight",
            "diffusion_model.blocks.0.attn.to_q.lora_B.weight",
        ],
        "dim",
    ),
    (
        [
            "transformer.blocks.0.attn.to_q.lora_A.weight",
            "transformer.blocks.0.attn.to_q.lora_B.weight",
        ],
        "r",
    ),
    (
        [
            "blocks.0.attn.to_q.lora_A.my_run.weight",
            "blocks.0.attn.to_q.lora_B.my_run.weight",
        ],
        "r",
    ),
    (
        [
            "base_model.model.layers.0.q_proj.lora_A.weight",
            "base_model.model.layers.0.q_proj.lora_B.weight",
        ],
        "r",
    ),
];

fn tensors([a, b]: [&str; 2]) -> Tensors {
    Tensors::default().with(a, &[4, 6], 1).with(b, &[5, 4], 2)
}

fn open(tensors: &Tensors, metadata: &[(&str, &str)]) -> lora_subspace_core::Result<Adapter> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.safetensors");
    tensors.save_with(&path, metadata);
    Adapter::open(&path, &ReadOptions::default())
}

#[test]
fn alpha_is_found_under_every_name_in_files_of_every_kind() {
    let object =
        r#"{"transformer.r": 4, "transformer.lora_alpha": 2, "transformer.rank_pattern": {}}"#;
    let ways: [(&[(&str, &str)], &str); 8] = [
        (
            &[("lora_adapter_metadata", object)],
            "`transformer.lora_alpha` of the file's lora_adapter_metadata",
        ),
        (
            &[("transformer.lora_alpha", "2"), ("transformer.r", "4")],
            "`transformer.lora_alpha`",
        ),
        (
            &[("lora_alpha", "2.0"), ("r", "4")],
            "`lora_alpha` of the file's metadata",
        ),
        (
            &[("alpha", "2"), ("rank", "4")],
            "`alpha` of the file's metadata",
        ),
        (&[("alpha", "2"), ("rank", "None")], "`alpha`"),
        (
            &[("network_alpha", "2"), ("network_dim", "4")],
            "`network_alpha`",
        ),
        (
            &[("ss_network_alpha", "2"), ("ss_network_dim", "4")],
            "`ss_network_alpha`",
        ),
        (
            &[("ss_network_alpha", "2"), ("ss_network_dim", "Dynamic")],
            "`ss_network_alpha`",
        ),
    ];
    for (names, rank) in NAMES {
        for (metadata, key) in &ways {
            let adapter = open(&tensors(names), metadata).unwrap();
            assert_eq!(adapter.modules[0].scale, 0.5, "{names:?} {metadata:?}");
            let rule = format!("s = α/{rank}, α = 2 from {key}");
            assert!(
                adapter.scale_rule.starts_with(&rule),
                "{}",
                adapter.scale_rule
            );
            assert_eq!(adapter.scale_kind, ScaleKind::AlphaOverRank);
            assert_eq!(adapter.stated_alpha, Some(2.0));
        }
    }
}

#[test]
fn what_training_used_is_taken_and_what_loaders_take_is_said() {
    let [_, comfy, diffusers, ..] = NAMES;
    let object = r#"{"transformer.r": 4, "transformer.lora_alpha": 2}"#;
    let object = [("lora_adapter_metadata", object)];
    let says = |names, metadata: &[(&str, &str)]| {
        let adapter = open(&tensors(names), metadata).unwrap();
        adapter.notes.iter().any(|note| note.contains("take s = 1"))
    };
    assert!(says(comfy.0, &object) && says(diffusers.0, &[("alpha", "2")]));
    assert!(
        !says(diffusers.0, &object),
        "diffusers' own loader reads it"
    );
}

#[test]
fn patterns_and_roots_in_metadata_are_those_of_a_config() {
    let object = r#"{"unet.r": 16, "unet.lora_alpha": 2, "unet.use_rslora": true,
        "unet.rank_pattern": {"(?!.*to_k).*\\.to_[qk]": 4}, "unet.alpha_pattern": {"to_q": 6}}"#;
    let adapter = open(
        &tensors(NAMES[2].0),
        &[(
            "lora_adapter_metadata",
            &object.replace("unet", "transformer"),
        )],
    )
    .unwrap();
    assert_eq!(adapter.modules[0].scale, 3.0);
    assert_eq!(adapter.scale_kind, ScaleKind::AlphaOverRoot);
    assert!(adapter.scale_rule.contains("α from alpha_pattern, else 2"));
    // The other component's α is not its own.
    let text = object.replace("unet", "text_encoder");
    let adapter = open(&tensors(NAMES[2].0), &[("lora_adapter_metadata", &text)]).unwrap();
    assert_eq!(
        (adapter.modules[0].scale, adapter.scale_kind),
        (1.0, ScaleKind::One)
    );
    let plain = [("lora_alpha", "2"), ("use_rslora", "True")];
    let adapter = open(&tensors(NAMES[1].0), &plain).unwrap();
    assert_eq!(adapter.modules[0].scale, 1.0);
    assert_eq!(adapter.scale_kind, ScaleKind::AlphaOverRoot);
}

/// Two modules of ranks 4 and 2, each with an .alpha.
fn of_two_ranks(alphas: [f32; 2]) -> Tensors {
    let token = |n: usize| format!("lora_unet_blocks_{n}_attn_to_q");
    let module = |tensors: Tensors, n: usize, rank: usize| {
        tensors
            .with(&format!("{}.lora_down.weight", token(n)), &[rank, 6], 1)
            .with(&format!("{}.lora_up.weight", token(n)), &[5, rank], 2)
            .constant(&format!("{}.alpha", token(n)), &[], alphas[n])
    };
    module(module(Tensors::default(), 0, 4), 1, 2)
}

#[test]
fn a_tensor_wins_over_metadata_and_a_difference_is_said_once() {
    let metadata = [("ss_network_alpha", "2"), ("ss_network_dim", "16")];
    let notes = |alphas, metadata: &[(&str, &str)]| {
        let adapter = open(&of_two_ranks(alphas), metadata).unwrap();
        let scales = adapter.modules.iter().map(|module| module.scale);
        let expected = [alphas[0] as f64 / 4.0, alphas[1] as f64 / 2.0];
        assert!(scales.eq(expected), "{alphas:?}");
        assert_eq!(adapter.scale_rule, "s = α/dim, α from each module's .alpha");
        adapter.notes
    };
    assert!(
        notes([2.0, 2.0], &metadata).is_empty(),
        "several ranks are no contradiction"
    );
    let said = notes([1.0, 1.0], &metadata);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("α = 2 by `ss_network_alpha`") && said[0].contains("2 of 2"),
        "{said:?}"
    );
    let said = notes([4.0, 2.0], &metadata);
    assert!(
        said[0].contains("times √r, as rs_lora") && said[0].contains("1 of 2"),
        "{said:?}"
    );
    for nothing in ["None", "Dynamic", "0", "large"] {
        let metadata = [("ss_network_alpha", nothing), ("alpha", nothing)];
        assert!(notes([1.0, 1.0], &metadata).is_empty(), "{nothing}");
    }
}

#[test]
fn a_tensor_is_found_beside_factors_of_any_name() {
    for (names, _) in NAMES {
        let module = names[0].split(".lora_").next().unwrap();
        let with = tensors(names).constant(&format!("{module}.alpha"), &[1], 2.0);
        let adapter = open(&with, &[("alpha", "16"), ("rank", "4")]).unwrap();
        assert_eq!(adapter.modules[0].scale, 0.5, "{names:?}");
        assert!(adapter.unmapped.is_empty() && adapter.replaced.is_empty());
    }
}

/// A start that changes the base, told in metadata, is treated like the same in a PEFT folder.
#[test]
fn a_start_that_changes_the_base_is_subtracted_wherever_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let names = [
        "transformer.a.to_q.lora_A.weight",
        "transformer.a.to_q.lora_B.weight",
    ];
    let start = Tensors::default()
        .with(names[0], &[4, 6], 3)
        .with(names[1], &[5, 4], 4);
    let text = r#"{"transformer.r": 4, "transformer.lora_alpha": 2, "transformer.init_lora_weights": "pissa_niter_4"}"#;
    let save = |tensors: &Tensors, name: &str, metadata: &[(&str, &str)]| -> PathBuf {
        let path = folder.path().join(name);
        tensors.save_with(&path, metadata);
        path
    };
    let metadata = [("lora_adapter_metadata", text)];
    let after = save(&tensors(names), "after.safetensors", &metadata);
    let before = save(&start, "before.safetensors", &metadata);
    let told = Adapter::open(&after, &ReadOptions::new().initial(&before)).unwrap();
    let config =
        r#"{"peft_type": "LORA", "r": 4, "lora_alpha": 2, "init_lora_weights": "pissa_niter_4"}"#;
    for (name, tensors) in [("after", tensors(names)), ("before", start)] {
        save(&tensors, &format!("{name}/adapter_model.safetensors"), &[]);
        fs::write(folder.path().join(name).join("adapter_config.json"), config).unwrap();
    }
    let [after, before] = ["after", "before"].map(|name| folder.path().join(name));
    let peft = Adapter::open(&after, &ReadOptions::new().initial(&before)).unwrap();
    let path = "transformer.a.to_q";
    let [one, other] = [told, peft].map(|adapter| adapter.delta(path).unwrap().dense());
    assert_eq!(one, other);
    let alone = Adapter::open(&after, &ReadOptions::new())
        .unwrap_err()
        .to_string();
    assert!(alone.contains("pissa_niter_4"), "{alone}");
}
