//! Adapters of Stable Diffusion whose names are one library's on bases whose names are another's.

use std::path::PathBuf;

use crate::files::Tensors;
use lora_subspace_core::adapter::{Adapter, BaseIndex, ReadOptions};
use lora_subspace_core::base::Base;

/// An adapter of rank 2 on one module of 6 × 5, and a base, both on disk.
struct Pair {
    _folder: tempfile::TempDir,
    adapter: PathBuf,
    base: Base,
}

fn pair(token: &str, base: &Tensors) -> Pair {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    Tensors::default()
        .with(&format!("{token}.lora_down.weight"), &[2, 5], 1)
        .with(&format!("{token}.lora_up.weight"), &[6, 2], 2)
        .save(&path("adapter.safetensors"));
    base.save(&path("base.safetensors"));
    Pair {
        adapter: path("adapter.safetensors"),
        base: Base::open(&path("base.safetensors")).unwrap(),
        _folder: folder,
    }
}

impl Pair {
    fn open(&self) -> Adapter {
        let index: &dyn BaseIndex = &self.base;
        Adapter::open_on(&self.adapter, &ReadOptions::default(), Some(index)).unwrap()
    }
}

#[test]
fn either_name_finds_the_weight_under_the_other() {
    let inner = "transformer_blocks.0.attn1.to_q";
    let ldm = format!("input_blocks.4.1.{inner}");
    let diffusers = format!("down_blocks.1.attentions.0.{inner}");
    let stored = [
        format!("model.diffusion_model.{ldm}"),
        format!("unet.{diffusers}"),
        diffusers.clone(),
    ];
    for token in [&ldm, &diffusers].map(|path| format!("lora_unet_{}", path.replace('.', "_"))) {
        for path in &stored {
            let pair = pair(
                &token,
                &Tensors::default().with(&format!("{path}.weight"), &[6, 5], 3),
            );
            let adapter = pair.open();
            assert_eq!(&adapter.modules[0].path, path, "{token}");
            assert_eq!(pair.base.weight(&adapter.modules[0]).unwrap().dim(), (6, 5));
        }
    }
}

#[test]
fn q_k_and_v_of_the_larger_text_encoder_are_thirds() {
    let attention = "conditioner.embedders.1.model.transformer.resblocks.3.attn";
    let stored = format!("{attention}.in_proj_weight");
    let base = Tensors::default().with(&stored, &[18, 5], 3);
    for (third, part) in ["q", "k", "v"].iter().enumerate() {
        let token = format!("lora_te2_text_model_encoder_layers_3_self_attn_{part}_proj");
        let pair = pair(&token, &base);
        let adapter = pair.open();
        let module = &adapter.modules[0];
        assert_eq!(module.path, format!("{attention}.{part}"));
        let (weight, index) = (pair.base.weight(module).unwrap(), third * 6);
        // The salt is 3, as `Tensors::with` has it.
        for row in 0..6 {
            let n = ((index + row) * 5) as u32;
            let angle = (n * n + 3 * n + 3 * 17) as f32 * 0.37 + (n * 3) as f32 * 0.731;
            let expected = angle.sin();
            assert_eq!(weight[(row, 0)], f64::from(expected));
        }
    }
    let wrong = pair(
        "lora_te2_text_model_encoder_layers_3_self_attn_q_proj",
        &Tensors::default().with(&stored, &[15, 5], 3),
    );
    let error = wrong.base.check(&wrong.open().modules[0]).unwrap_err();
    assert!(error.to_string().contains("[18, 5]"), "{error}");
}
