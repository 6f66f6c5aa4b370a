//! Checkpoints of a run: what `steps` of a study says, the names of three folders and the states in them,
//! with a byte 0 between them.
#![no_main]

use lora_subspace::study::{Plan, Request};

mod shared;

const FACTORS: [(&str, [usize; 2]); 2] = [
    ("base_model.model.layers.0.q_proj.lora_A.weight", [2, 3]),
    ("base_model.model.layers.0.q_proj.lora_B.weight", [4, 2]),
];
const CONFIG: &[u8] = br#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4}"#;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared::with_empty_folder(|folder| {
        let [pattern, names @ .., first, second, third] = shared::texts::<7>(bytes);
        // A pattern that begins elsewhere would look through this computer.
        let pattern = String::from_utf8_lossy(pattern);
        if pattern.starts_with('/') || pattern.contains("..") {
            return;
        }
        let places = [(names[0], first), (names[1], second), (names[2], third)];
        for (salt, (name, state)) in (1..).zip(places) {
            let Some(place) = shared::below(folder, name) else {
                return;
            };
            if std::fs::create_dir_all(&place).is_err() {
                continue;
            }
            let weights = place.join("adapter_model.safetensors");
            if weights.is_dir() || place.join("adapter_config.json").is_dir() {
                continue;
            }
            shared::numbered(&weights, &FACTORS, salt);
            shared::write(&place.join("adapter_config.json"), CONFIG);
            if !place.join("trainer_state.json").is_dir() {
                shared::write(&place.join("trainer_state.json"), state);
            }
        }
        let quoted = |bytes: &[u8]| {
            serde_json::to_string(&String::from_utf8_lossy(bytes)).expect("a string")
        };
        let text = format!(
            "name = \"s\"\n[[adapter]]\nname = \"run\"\npath = {}\nsteps = [{}]\n\
             [[adapter]]\nname = \"other\"\npath = {}\n[compare]\nseeds = [\"run\", \"other\"]\n",
            quoted(names[2]),
            quoted(pattern.as_bytes()),
            quoted(names[0]),
        );
        let study = folder.join("study.toml");
        if study.exists() {
            return;
        }
        shared::write(&study, text.as_bytes());
        let Some(plan) = shared::hold(Plan::from_file(&study, &Request::everything())) else {
            return;
        };
        for named in plan.adapters() {
            let Some(steps) = &named.steps else { continue };
            let numbers: Vec<u64> = steps.earlier.iter().map(|step| step.number).collect();
            assert!(numbers.is_sorted(), "{numbers:?}");
            assert!(numbers.last().is_none_or(|last| *last < steps.last));
        }
    });
});
