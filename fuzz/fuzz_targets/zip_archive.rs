//! An archive that somebody made of an adapter's folder, and the same bytes as a file of any name.
#![no_main]

use lora_subspace::adapter::ReadOptions;

mod shared;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared::with_folder(|folder| {
        for name in ["a.zip", "adapter"] {
            let path = folder.join(name);
            std::fs::write(&path, bytes).expect("written");
            shared::use_adapter(&path, &ReadOptions::new().looking(), None);
        }
    });
});
