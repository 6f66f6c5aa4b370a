//! A Hugging Face cache: an id, the name and the text of a ref, and the names of two snapshots, with a
//! byte 0 between them. No id leads out of the cache.
#![no_main]

use std::fs;
use std::path::Path;

use lora_subspace::tensors::{find_adapter_near, find_model_near};

mod shared;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared::with_empty_folder(|folder| {
        let [id, name, text, one, other] = shared::texts::<5>(bytes);
        let id = String::from_utf8_lossy(id);
        let cache = folder.join("cache");
        let model = id.split('@').next().unwrap_or_default().replace('/', "--");
        let Some(model) = shared::below(&cache, format!("models--{model}").as_bytes()) else {
            return;
        };
        for snapshot in [one, other] {
            if let Some(place) = shared::below(&model.join("snapshots"), snapshot) {
                fs::create_dir_all(place).expect("made");
            }
        }
        if let Some(place) = shared::below(&model.join("refs"), name) {
            shared::write(&place, text);
        }
        let here = folder.join("here");
        fs::create_dir(&here).expect("made");
        // SAFETY: this process has one thread.
        unsafe { std::env::set_var("HF_HUB_CACHE", &cache) };
        let model = shared::hold(find_model_near(&id, &here));
        let adapter = shared::hold(find_adapter_near(Path::new(&*id), &here));
        for found in model.into_iter().chain(adapter) {
            if here.join(&*id).exists() {
                continue;
            }
            let found = found.canonicalize().expect("what is found is there");
            let cache = cache.canonicalize().expect("the cache is there");
            let inside = found.strip_prefix(&cache).expect("it is in the cache");
            let mut parts = inside.components().skip(1);
            let second = parts.next().expect("below a model");
            assert!(second.as_os_str() == "snapshots" && parts.next().is_some());
        }
    });
});
