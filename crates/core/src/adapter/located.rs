//! What lies at a path: the weight file or the files of one model, and the config beside them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::files::{self, json};
use crate::tensors::Checkpoint;

/// The config beside the weights, of PEFT and those who took its name.
pub(super) const CONFIG: &str = "adapter_config.json";
/// Weight files beside such a config, the likeliest first.
const WEIGHTS: [&str; 13] = [
    "adapter_model.safetensors",
    "adapter_model.bin",
    "adapters.safetensors",
    "adapters.npz",
    "adapter_model.pt",
    "pytorch_lora_weights.safetensors",
    "pytorch_lora_weights.bin",
    "lit_model.pth.lora",
    "adapter.safetensors",
    "pytorch_adapter.bin",
    "peft_model.safetensors",
    "lora.safetensors",
    "lora_model_state.pdparams",
];
/// How other libraries' weight files begin, and their config.
const OTHER_CONFIGS: [(&str, &str); 3] = [
    ("peft_model", PADDLE_CONFIG),
    ("lora_model_state", PADDLE_CONFIG),
    ("lora.safetensors", MISTRAL_CONFIG),
];
/// PaddleNLP's.
pub(super) const PADDLE_CONFIG: &str = "lora_config.json";
/// mistral-finetune's.
pub(super) const MISTRAL_CONFIG: &str = "params.json";

/// What lies at a path of weights: a file, or the files of one model.
pub(super) struct Weights {
    path: PathBuf,
    /// All files together, where there may be several.
    model: Option<Arc<Checkpoint>>,
    /// The file itself, or one of them.
    pub(super) first: PathBuf,
}

impl Weights {
    pub(super) fn new(path: PathBuf) -> Result<Self> {
        let is_index = path.extension().is_some_and(|ending| ending == "json");
        if !is_index && !path.is_dir() {
            return Ok(Weights {
                first: path.clone(),
                path,
                model: None,
            });
        }
        let model = Checkpoint::open(&path)?;
        let first = model.names().next().and_then(|name| model.shape(name));
        let Some((_, first)) = first else {
            return Err(Error::not_found(
                path,
                "no tensors there",
                "give the folder that was saved after training",
            ));
        };
        Ok(Weights {
            first: first.into(),
            path,
            model: Some(Arc::new(model)),
        })
    }

    /// Whether no one file has all tensors.
    pub(super) fn is_sharded(&self) -> bool {
        let model = self.model.iter();
        let mut places = model.flat_map(|model| model.names().map(|name| model.shape(name)));
        places.any(|place| place.is_some_and(|(_, file)| file != self.first))
    }

    pub(super) fn files(&self) -> Vec<PathBuf> {
        match &self.model {
            Some(model) => model.files().map(Path::to_path_buf).collect(),
            None => vec![self.first.clone()],
        }
    }

    pub(super) fn model(self) -> Result<Arc<Checkpoint>> {
        match self.model {
            Some(model) => Ok(model),
            None => Ok(Arc::new(Checkpoint::open(&self.path)?)),
        }
    }
}

/// The weight file of a folder, the file itself, or a folder that may be a model's; and the config
/// beside it.
pub(super) fn locate(path: &Path) -> Result<(PathBuf, Option<PathBuf>)> {
    let missing =
        |at: &Path, problem: String, remedy: &str| Err(Error::not_found(at, problem, remedy));
    if !path.exists() {
        let remedy = "give the folder of a PEFT adapter, or a weight file";
        return missing(path, "no such file or folder".into(), remedy);
    }
    let is_folder = path.is_dir();
    let folder = if is_folder {
        path
    } else {
        path.parent().unwrap_or(Path::new(""))
    };
    // What is no regular file is refused when it is read, not passed over.
    let config = Some(folder.join(CONFIG)).filter(|config| config.exists());
    if !is_folder {
        return Ok((path.into(), config.or_else(|| other_config(path))));
    }
    if let Some(name) = WEIGHTS.iter().find(|name| path.join(name).is_file()) {
        let weights = path.join(name);
        let config = config.or_else(|| other_config(&weights));
        return Ok((weights, config));
    }
    if let Some(inner) = only_adapter_inside(path)? {
        return locate(&inner);
    }
    // Without a config it may be a whole model; with one, a weight file of another name.
    if config.is_none() || Checkpoint::open(path).is_ok() {
        return Ok((path.into(), config));
    }
    let remedy = "copy it from where the adapter was trained";
    missing(path, format!("no {} there", WEIGHTS[0]), remedy)
}

/// The config of a library with names of its own, beside a weight file of its name.
fn other_config(weights: &Path) -> Option<PathBuf> {
    let name = weights.file_name()?.to_string_lossy();
    let mut configs = OTHER_CONFIGS.iter();
    let (_, config) = configs.find(|(start, _)| name.starts_with(start))?;
    Some(weights.with_file_name(config)).filter(|config| config.exists())
}

/// PEFT saves an adapter that is not called `default` in a folder of its own name.
fn only_adapter_inside(folder: &Path) -> Result<Option<PathBuf>> {
    let mut inner = files::list(folder)?;
    inner.retain(|path| path.join(CONFIG).is_file());
    match inner.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only.clone())),
        several => Err(Error::not_found(
            folder,
            format!(
                "it holds {} adapters in folders of their own",
                several.len()
            ),
            format!("give one of them, such as {}", several[0].display()),
        )),
    }
}

pub(super) fn read_config(path: &Path) -> Result<(PathBuf, Map<String, Value>)> {
    Ok((path.into(), json::read_object(path)?))
}
