//! What people write on a command line and in a config as a pattern: modules, layers, sizes, renames, and
//! keys of PEFT's `rank_pattern`.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use lora_subspace::adapter::{Adapter, ReadOptions, Rename, renamed};
use lora_subspace::study::{Selection, human_size, parse_layers, parse_size};

mod shared;

#[derive(Debug, Arbitrary)]
struct Case<'a> {
    glob: &'a str,
    path: &'a str,
    layers: &'a str,
    size: &'a str,
    bytes: u64,
    rename: &'a str,
    key: &'a str,
    other_key: &'a str,
}

libfuzzer_sys::fuzz_target!(|case: Case| {
    modules(&case);
    if let Some(layers) = shared::hold(parse_layers(case.layers)) {
        let again: Vec<String> = layers.iter().map(usize::to_string).collect();
        assert_eq!(parse_layers(&again.join(",")), Ok(layers));
    }
    if let Some(bytes) = shared::hold(parse_size(case.size)) {
        assert!(bytes > 0);
    }
    // Rounded up, so that it can be given back; more than 10¹⁸ bytes cannot.
    if (1..900_000_000_000_000_000).contains(&case.bytes) {
        let said = human_size(case.bytes).replace(" bytes", "");
        let back = parse_size(&said);
        assert!(
            back.clone().is_ok_and(|back| back >= case.bytes),
            "{said}: {back:?}"
        );
    }
    if let Some(rename) = shared::hold(case.rename.parse::<Rename>()) {
        let _ = renamed(case.path, &[rename]);
    }
    keys(&case);
});

/// A pattern and its opposite take every module together, and none both.
fn modules(case: &Case) {
    let glob = case.glob.trim_start_matches('!');
    let with = Selection::new(&[glob.to_string()], &[]);
    let without = Selection::new(&[format!("!{glob}")], &[]);
    let (with, without) = (shared::hold(with), shared::hold(without));
    assert_eq!(with.is_some(), without.is_some());
    if let (Some(with), Some(without)) = (with, without) {
        assert_ne!(with.takes(case.path), without.takes(case.path));
        assert_eq!(with.takes(case.path), with.names(case.path));
    }
}

/// Keys hit the module, or not, or are refused.
fn keys(case: &Case) {
    shared::with_folder(|folder| {
        let weights = folder.join("adapter_model.safetensors");
        if !weights.exists() {
            let name = |factor| format!("base_model.model.layers.0.q_proj.lora_{factor}.weight");
            shared::weights(&weights, &[(&name("A"), [2, 3]), (&name("B"), [4, 2])]);
        }
        let config = serde_json::json!({
            "peft_type": "LORA", "r": 2, "lora_alpha": 4,
            "alpha_pattern": {case.key: 8}, "rank_pattern": {case.other_key: 2},
        });
        std::fs::write(folder.join("adapter_config.json"), config.to_string()).expect("written");
        let Some(adapter) = shared::hold(Adapter::open(folder, &ReadOptions::new())) else {
            return;
        };
        let delta = adapter.delta("layers.0.q_proj").expect("the one module");
        assert!([2.0, 4.0].contains(&delta.scale()), "{}", delta.scale());
    });
}
