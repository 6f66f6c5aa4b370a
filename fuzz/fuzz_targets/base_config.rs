//! A base's `config.json`, which says how its fused projections are cut: the base is opened, and an
//! adapter on it.
#![no_main]

use lora_subspace::adapter::ReadOptions;
use lora_subspace::base::Base;

mod shared;

const MODULES: [&str; 6] = [
    "h.0.attn.c_attn",
    "h.0.self_attention.query_key_value",
    "layers.0.self_attn.qkv_proj",
    "layers.0.attention.wqkv",
    "layers.0.mlp.gate_up_proj",
    "blocks.0.attn.Wqkv",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared::with_folder(|folder| {
        let (base, adapter) = (folder.join("base"), folder.join("adapter.safetensors"));
        if !base.exists() {
            std::fs::create_dir(&base).expect("made");
            let names = MODULES.map(|module| format!("{module}.weight"));
            let tensors = names.each_ref().map(|name| (name.as_str(), [12, 4]));
            shared::weights(&base.join("model.safetensors"), &tensors);
            let factors = MODULES.map(|module| {
                let name = |factor| format!("base_model.model.{module}.lora_{factor}.weight");
                [(name("A"), [2, 4]), (name("B"), [12, 2])]
            });
            let factors = factors.as_flattened().iter();
            let factors = factors.map(|(name, shape)| (name.as_str(), *shape));
            shared::weights(&adapter, &factors.collect::<Vec<_>>());
        }
        std::fs::write(base.join("config.json"), bytes).expect("written");
        if let Some(base) = shared::hold(Base::open(&base)) {
            shared::use_adapter(&adapter, &ReadOptions::new().alpha(4.0), Some(&base));
        }
    });
});
