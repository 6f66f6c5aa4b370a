//! A small study of adapters that nobody trained: a first look at what a study gives, and numbers whose
//! truth is known.
//!
//! # Decisions
//!
//! - What is made is drawn by [`Stream`](crate::linalg::Stream), whose definition is short enough to
//!   repeat in NumPy. Every key begins with `demo`.
//! - ΔW of a module has one direction that all adapters share, and others of each adapter's own. So
//!   φ(1,1) is near 1, and the rest near chance.

mod file;
mod weights;

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::error::{Error, Result};

use file::{Named, bytes};
use weights::{Adapter, modules};

/// α of every adapter.
const ALPHA: usize = 8;

/// Two ranks, two seeds each.
const ADAPTERS: [Adapter; 4] = [
    Adapter { rank: 4, seed: 0 },
    Adapter { rank: 4, seed: 1 },
    Adapter { rank: 16, seed: 0 },
    Adapter { rank: 16, seed: 1 },
];

/// The study.
const STUDY: &str = include_str!("study.toml");

/// Writes the study with its base and adapters into a folder that is there.
///
/// # Errors
///
/// [`CoreError::Io`](crate::CoreError::Io) where a file cannot be written.
pub fn write(folder: &Path) -> Result<()> {
    let weight =
        |module: weights::Module| (format!("{}.weight", module.path()), weights::base(&module));
    let base: Vec<Named> = modules().map(weight).collect();
    save(folder, "base/model.safetensors", &bytes(&base))?;
    for adapter in &ADAPTERS {
        let place = format!("adapters/{}", adapter.name());
        let name = |file: &str| format!("{place}/{file}");
        save(
            folder,
            &name("adapter_model.safetensors"),
            &bytes(&tensors(adapter)),
        )?;
        let config = format!("{:#}\n", config(adapter));
        save(folder, &name("adapter_config.json"), config.as_bytes())?;
    }
    save(folder, "study.toml", STUDY.as_bytes())
}

/// The factors of an adapter, as PEFT names them.
fn tensors(adapter: &Adapter) -> Vec<Named> {
    let factors = modules().flat_map(|module| {
        let [a, b] = adapter.factors(&module);
        let name = |factor| format!("base_model.model.{}.lora_{factor}.weight", module.path());
        [(name('A'), a), (name('B'), b)]
    });
    factors.collect()
}

/// Its config, as PEFT writes it.
fn config(adapter: &Adapter) -> Value {
    json!({
        "base_model_name_or_path": "made-up",
        "lora_alpha": ALPHA,
        "peft_type": "LORA",
        "r": adapter.rank,
        "target_modules": weights::PROJECTIONS,
    })
}

fn save(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let place = folder.join(name);
    let failed = |source: io::Error| {
        let remedy = "name a folder that you may write to";
        Error::io(place.clone(), "write it", source, remedy)
    };
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(&place, bytes).map_err(failed)
}
