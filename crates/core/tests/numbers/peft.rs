//! ΔW of adapters that PEFT wrote, against PEFT's own merged weights (tests/golden/peft_fixtures.py).

use std::fs;
use std::path::PathBuf;

use crate::files::{golden, repository};
use crate::in_parts::in_parts;
use lora_subspace_core::adapter::{Adapter, ReadOptions, Stored};
use lora_subspace_core::base::Base;
use lora_subspace_core::tensors::TensorFile;
use serde_json::Value;

fn root() -> PathBuf {
    golden("peft")
}

fn manifest() -> Value {
    serde_json::from_str(&fs::read_to_string(root().join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn every_update_is_what_peft_merges() {
    let manifest = manifest();
    let cases = manifest["cases"].as_object().unwrap();
    assert!(cases.len() >= 12, "{} cases", cases.len());
    for (name, case) in cases {
        let folder = root().join(name);
        let adapter = Adapter::open(&folder, &ReadOptions::default()).unwrap();
        let golden = TensorFile::open(&folder.join("delta.safetensors")).unwrap();
        let base = Base::open(&folder.join("base")).unwrap();
        assert_eq!(adapter.modules.len(), golden.names().len(), "{name}");
        let mut worst = 0.0f64;
        for module in &adapter.modules {
            let ours = adapter.delta(&module.path).unwrap().dense();
            let theirs = golden.matrix(&module.path).unwrap();
            assert_eq!(ours.dim(), theirs.dim(), "{name}: {}", module.path);
            let largest = theirs.iter().fold(0.0f64, |most, x| most.max(x.abs()));
            let error = ours
                .iter()
                .zip(&theirs)
                .map(|(x, y)| (x - y).abs())
                .fold(0.0, f64::max);
            worst = worst.max(error / largest);

            let told = &case["modules"][&module.path];
            let number = |field: &str| told[field].as_f64().unwrap();
            assert_eq!(
                module.rank.unwrap() as f64,
                number("rank"),
                "{name}: {}",
                module.path
            );
            assert!(
                (module.scale - number("scale")).abs() < 1e-12,
                "{name}: {}",
                module.path
            );

            // W comes out as d_out × d_in, however the base stores it.
            let weight = base.weight(module).unwrap();
            assert_eq!(weight.dim(), theirs.dim(), "{name}: {}", module.path);
            assert_eq!(in_parts(&base, module), weight, "{name}: {}", module.path);
        }
        println!(
            "{name}: {} modules, largest relative difference {worst:.1e}",
            adapter.modules.len()
        );
        assert!(worst < 1e-14, "{name}: {worst:e}");
    }
}

#[test]
fn a_square_conv1d_weight_is_turned() {
    // GPT-2's attn.c_proj is square, so that its shape cannot tell; the flag in the config does.
    let folder = root().join("conv1d");
    let adapter = Adapter::open(&folder, &ReadOptions::default()).unwrap();
    let module = adapter
        .modules
        .iter()
        .find(|module| module.path.ends_with("attn.c_proj"))
        .unwrap();
    assert!(module.target.stored == Stored::Conv1d && module.d_in == module.d_out);
    let stored = TensorFile::open(&folder.join("base/model.safetensors")).unwrap();
    let name = stored
        .names()
        .iter()
        .find(|name| name.ends_with("h.0.attn.c_proj.weight"))
        .unwrap();
    let turned = Base::open(&folder.join("base"))
        .unwrap()
        .weight(module)
        .unwrap();
    assert_eq!(turned, stored.matrix(name).unwrap().t());
    assert_ne!(turned, turned.t());
}

#[test]
fn trained_heads_and_biases_are_listed_as_no_part_of_an_update() {
    let adapter = Adapter::open(&root().join("modules-to-save"), &ReadOptions::default()).unwrap();
    assert!(adapter.unmapped.is_empty());
    for word in [
        "classifier.weight",
        "classifier.bias",
        "query.base_layer.bias",
    ] {
        assert!(
            adapter.replaced.iter().any(|name| name.ends_with(word)),
            "{word}"
        );
    }
}

#[test]
fn adapters_that_others_published() {
    let folder = repository().join("../shared/data/real-adapters");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return;
    }
    let open = |name: &str| Adapter::open(&folder.join(name), &ReadOptions::default());
    let neo = open("gpt-neo-125m-peft").unwrap();
    assert_eq!(
        (neo.modules.len(), neo.rank(), neo.modules[0].scale),
        (24, 8, 2.0)
    );
    let calm = open("open-calm-1b-fused-rank1-f16").unwrap();
    assert_eq!(
        (calm.modules.len(), calm.rank(), calm.modules[0].scale),
        (24, 1, 32.0)
    );
    assert_eq!((calm.modules[0].d_out, calm.modules[0].d_in), (6144, 2048));
    for adapter in [&neo, &calm] {
        let delta = adapter.delta(&adapter.modules[0].path).unwrap();
        assert!(delta.svd().unwrap().sigma[0] > 0.0);
    }
    let given = ReadOptions::new().alpha(16.0);
    for (name, options, modules, rank, scale) in [
        // PEFT ≤ 0.2: two slots of three, each of rank 8, side by side.
        (
            "bloom-560m-mergedlinear",
            &ReadOptions::default(),
            24,
            16,
            2.0,
        ),
        // α is not in the file.
        (
            "roberta-base-mnli-loralib/roberta_base_lora_mnli.bin",
            &given,
            24,
            8,
            2.0,
        ),
        (
            "sd15-cloneofsimo-rank1/lora_disney.safetensors",
            &ReadOptions::default(),
            192,
            1,
            1.0,
        ),
    ] {
        let adapter = Adapter::open(&folder.join(name), options).unwrap();
        let found = (
            adapter.modules.len(),
            adapter.rank(),
            adapter.modules[0].scale,
        );
        assert_eq!(found, (modules, rank, scale), "{name}");
        for module in &adapter.modules {
            let delta = adapter.delta(&module.path).unwrap();
            assert!(delta.sigma().unwrap()[0] > 0.0, "{name}: {}", module.path);
        }
    }
    let error = open("roberta-base-mnli-loralib/roberta_base_lora_mnli.bin")
        .unwrap_err()
        .to_string();
    assert!(error.contains("ReadOptions::alpha"), "{error}");
}

#[test]
fn the_stated_alpha_is_the_files_own() {
    let folder = repository().join("experiments/minilm-sst2/adapters/r8-seed0");
    let stated = |options: ReadOptions| Adapter::open(&folder, &options).unwrap().stated_alpha;
    assert_eq!(stated(ReadOptions::new()), Some(16.0));
    // Where s is another's choice nothing that the files state went into it.
    assert_eq!(stated(ReadOptions::new().alpha(4.0)), None);
    assert_eq!(stated(ReadOptions::new().unscaled()), None);
}
