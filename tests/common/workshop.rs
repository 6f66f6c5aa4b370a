//! Small adapters and their base, on disk: what most commands are tried on.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::Tensors;
use serde_json::{Value, json};

/// A PEFT folder in the making: rank 2, α = 4, modules `m.layers.{0,1}.{q_proj,v_proj}` of 6 × 5.
#[derive(Clone)]
pub(crate) struct AdapterFolder {
    pub(crate) config: Value,
    pub(crate) tensors: Tensors,
}

pub(crate) const MODULES: [&str; 4] = [
    "layers.0.q_proj",
    "layers.0.v_proj",
    "layers.1.q_proj",
    "layers.1.v_proj",
];
pub(crate) const D_OUT: usize = 6;
pub(crate) const D_IN: usize = 5;

pub(crate) fn factor(module: &str, factor: char) -> String {
    format!("base_model.model.m.{module}.lora_{factor}.weight")
}

impl AdapterFolder {
    pub(crate) fn new(rank: usize, salt: u32) -> Self {
        let mut tensors = Tensors::default();
        for (number, module) in MODULES.iter().enumerate() {
            let salt = salt + 10 * number as u32;
            tensors = tensors.with(&factor(module, 'A'), &[rank, D_IN], salt);
            tensors = tensors.with(&factor(module, 'B'), &[D_OUT, rank], salt + 5);
        }
        let config = json!({"peft_type": "LORA", "r": rank, "lora_alpha": 4, "base_model_name_or_path": "tiny"});
        AdapterFolder { config, tensors }
    }

    /// Sets a field of the config; null removes it.
    pub(crate) fn field(mut self, name: &str, value: Value) -> Self {
        let config = self.config.as_object_mut().unwrap();
        if value.is_null() {
            config.remove(name)
        } else {
            config.insert(name.into(), value)
        };
        self
    }

    pub(crate) fn tensors(mut self, change: impl FnOnce(Tensors) -> Tensors) -> Self {
        self.tensors = change(self.tensors);
        self
    }

    pub(crate) fn save(&self, folder: &Path) -> PathBuf {
        self.tensors.save(&folder.join("adapter_model.safetensors"));
        fs::write(folder.join("adapter_config.json"), self.config.to_string()).unwrap();
        folder.to_path_buf()
    }
}

/// The base of those adapters, without their `m.` prefix.
pub(crate) fn base_tensors() -> Tensors {
    MODULES
        .iter()
        .enumerate()
        .fold(Tensors::default(), |tensors, (number, module)| {
            tensors.with(
                &format!("{module}.weight"),
                &[D_OUT, D_IN],
                100 + number as u32,
            )
        })
}

/// A folder with `one` (rank 2), `two` (rank 3), `three` (rank 2) and `base/`.
pub(crate) fn workshop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    AdapterFolder::new(2, 1).save(&folder.path().join("one"));
    AdapterFolder::new(3, 2).save(&folder.path().join("two"));
    AdapterFolder::new(2, 3).save(&folder.path().join("three"));
    base_tensors().save(&folder.path().join("base/model.safetensors"));
    folder
}
