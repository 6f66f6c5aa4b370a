#![no_main]

use lora_subspace::tensors::Checkpoint;

mod shared;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared::with_folder(|folder| {
        let weights = folder.join("a.safetensors");
        if !weights.exists() {
            shared::weights(&weights, &[("q.weight", [2, 3])]);
        }
        std::fs::write(folder.join("model.safetensors.index.json"), bytes).expect("written");
        if let Ok(checkpoint) = Checkpoint::open(folder) {
            for name in checkpoint.names() {
                let _ = checkpoint.matrix(name);
            }
        }
    });
});
