//! A module's name may hold anything, line breaks too: it is parsed as any other.

use std::fs;

use lora_subspace_core::adapter::{Adapter, ReadOptions};

use crate::files::Tensors;

/// A module's last name with a line break, a carriage return, an escape and a separator of lines.
const ODD: &str = "q\n\r\u{1b}[2J\u{2028}proj";

fn opened(tensors: &Tensors, config: Option<&str>) -> Adapter {
    let folder = tempfile::tempdir().unwrap();
    let name = if config.is_some() {
        "adapter_model.safetensors"
    } else {
        "lora.safetensors"
    };
    tensors.save(&folder.path().join(name));
    if let Some(config) = config {
        fs::write(folder.path().join("adapter_config.json"), config).unwrap();
    }
    let options = ReadOptions::new().alpha(2.0);
    let path = folder.path().join(if config.is_some() { "" } else { name });
    Adapter::open(&path, &options).unwrap()
}

#[test]
fn every_layout_parses_a_name_with_line_breaks() {
    let peft = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4}"#;
    let cases = [
        (
            Some(peft),
            "base_model.model.m.0.Q.lora_A.weight",
            "base_model.model.m.0.Q.lora_B.weight",
            "m.0.Q",
        ),
        (
            Some(peft),
            "base_model.model.m.0.Q.lora_A.default.weight",
            "base_model.model.m.0.Q.lora_B.default.weight",
            "m.0.Q",
        ),
        (
            None,
            "unet.m.0.Q.lora.down.weight",
            "unet.m.0.Q.lora.up.weight",
            "m.0.Q",
        ),
        (
            None,
            "lora_unet_m_0_Q.lora_down.weight",
            "lora_unet_m_0_Q.lora_up.weight",
            "m_0_Q",
        ),
        (
            None,
            "m.0.Q.loras.task.lora_A",
            "m.0.Q.loras.task.lora_B",
            "m.0.Q",
        ),
        (None, "m.0.Q.lora_A", "m.0.Q.lora_B", "m.0.Q"),
    ];
    for (config, a, b, path) in cases {
        let [a, b, path] = [a, b, path].map(|name| name.replace('Q', ODD));
        let tensors = Tensors::default().with(&a, &[2, 5], 1).with(&b, &[6, 2], 2);
        let adapter = opened(&tensors, config);
        let found: Vec<&str> = adapter
            .modules
            .iter()
            .map(|module| module.path.as_str())
            .collect();
        assert_eq!(found.len(), 1, "{}: {a:?}", adapter.layout);
        assert!(found[0].ends_with(&path), "{}: {found:?}", adapter.layout);
        assert!(adapter.unmapped.is_empty() && adapter.replaced.is_empty());
        assert_eq!(adapter.module(found[0]).unwrap().rank, Some(2));
        assert!(adapter.delta(found[0]).unwrap().frobenius_norm().unwrap() > 0.0);
    }
}

#[test]
fn a_tensor_of_an_unknown_name_is_refused_beside_peft_s_factors() {
    let folder = tempfile::tempdir().unwrap();
    let factors = Tensors::default()
        .with("base_model.model.m.0.q.lora_A.weight", &[2, 5], 1)
        .with("base_model.model.m.0.q.lora_B.weight", &[6, 2], 2);
    let config = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4}"#;
    fs::write(folder.path().join("adapter_config.json"), config).unwrap();
    let open = |name: &str| {
        let tensors = factors.clone().with(name, &[2, 2], 3);
        tensors.save(&folder.path().join("adapter_model.safetensors"));
        Adapter::open(folder.path(), &ReadOptions::new())
    };
    for odd in [
        "evil\nerror: x",
        "something",
        "m.0.q.lora_C.weight",
        "base_model.model.m.0.lora_Z",
    ] {
        let error = open(odd).unwrap_err().to_string();
        assert!(
            error.contains("PEFT LoRA has no tensor of this name and shape"),
            "{odd:?}: {error}"
        );
    }
    for saved in [
        "base_model.model.score.weight",
        "score.weight",
        "base_model.model.vit.pos_embed",
    ] {
        assert_eq!(open(saved).unwrap().replaced, [saved]);
    }
}

#[test]
fn an_adapter_of_whole_weights_alone_is_not_called_untrained() {
    let config = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4}"#;
    let tensors = Tensors::default().with("base_model.model.score.weight", &[3, 5], 1);
    let adapter = opened(&tensors, Some(config));
    assert!(adapter.modules.is_empty() && adapter.check_trained().is_ok());
}
