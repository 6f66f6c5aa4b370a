#![no_main]

use lora_subspace::study::Definition;

mod shared;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared::with_folder(|folder| {
        let path = folder.join("study.toml");
        std::fs::write(&path, bytes).expect("written");
        let _ = Definition::read(&path);
    });
});
