#![no_main]

use lora_subspace::adapter::{Adapter, ReadOptions};

mod shared;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared::with_folder(|folder| {
        let weights = folder.join("adapter_model.safetensors");
        if !weights.exists() {
            let (a, b) = (
                "base_model.model.q.lora_A.weight",
                "base_model.model.q.lora_B.weight",
            );
            shared::weights(&weights, &[(a, [2, 3]), (b, [4, 2])]);
        }
        std::fs::write(folder.join("adapter_config.json"), bytes).expect("written");
        if let Ok(adapter) = Adapter::open(folder, &ReadOptions::default()) {
            let _ = adapter.check_trained();
        }
    });
});
