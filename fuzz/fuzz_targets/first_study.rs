//! `--init` on a folder: the name and config of two runs, the name of a checkpoint, a trainer's state and
//! the name of a loose weight file, with a byte 0 between them. What it writes is a study that runs.
#![no_main]

use std::fs;
use std::path::Path;

use lora_subspace::init::FirstStudy;
use lora_subspace::study::{Definition, Plan, Request};

mod shared;

const FACTORS: [(&str, [usize; 2]); 4] = [
    ("base_model.model.layers.0.q_proj.lora_A.weight", [2, 3]),
    ("base_model.model.layers.0.q_proj.lora_B.weight", [4, 2]),
    ("base_model.model.layers.1.v_proj.lora_A.weight", [2, 3]),
    ("base_model.model.layers.1.v_proj.lora_B.weight", [4, 2]),
];
const CONFIG: &[u8] = br#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4}"#;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared::with_empty_folder(|folder| {
        let [one, config, other, other_config, checkpoint, state, loose] =
            shared::texts::<7>(bytes);
        let runs = folder.join("runs");
        fs::create_dir(&runs).expect("made");
        for (salt, name, config) in [(1, one, config), (2, other, other_config)] {
            let Some(run) = shared::below(&runs, name) else {
                continue;
            };
            adapter(&run, config, salt);
            if let Some(step) = shared::below(&run, checkpoint) {
                adapter(&step, CONFIG, salt + 2);
                shared::write(&step.join("trainer_state.json"), state);
            }
        }
        if let Some(path) = shared::below(&runs, loose).filter(|path| !path.exists()) {
            shared::write(&path, b"");
            let parent = path.parent().expect("a folder");
            if parent.is_dir() {
                shared::numbered(&path, &FACTORS, 9);
            }
        }
        let Some(first) = shared::hold(FirstStudy::of(&[runs], folder)) else {
            return;
        };
        shared::write(&first.place, first.text.as_bytes());
        if let Err(error) = Definition::read(&first.place) {
            panic!("{error}\n{}", first.text);
        }
        if let Err(error) = Plan::from_file(&first.place, &Request::everything()) {
            panic!("{error}\n{}", first.text);
        }
    });
});

/// A run's folder, where nothing stands in its way.
fn adapter(folder: &Path, config: &[u8], salt: u8) {
    if fs::create_dir_all(folder).is_ok() {
        let config_file = folder.join("adapter_config.json");
        if !config_file.is_dir() {
            shared::write(&config_file, config);
            shared::numbered(&folder.join("adapter_model.safetensors"), &FACTORS, salt);
        }
    }
}
