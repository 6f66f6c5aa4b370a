//! What lies at a path: the weight file or the files of one model, and the config beside them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::files::{InputFile, json};
use crate::tensors::{Bundle, Checkpoint, Set, Shards, find_adapter, named, names_in, weights_in};

use super::absent;
pub(super) use super::absent::CONFIG;

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

/// Where an adapter's files are; nothing of them was read.
pub(super) struct Place {
    /// The file or folder that was found.
    pub(super) root: PathBuf,
    at: At,
    config: Option<PathBuf>,
    /// What was chosen among several, in sentences.
    pub(super) notes: Vec<String>,
}

enum At {
    /// A file, or an index.
    File(PathBuf),
    Set(PathBuf, Set),
    Pipeline(PathBuf),
    /// An archive, the folder in it, and the files there.
    Zip(Bundle, String, Set),
}

/// The tensors at a place.
pub(super) struct Weights {
    /// All of one model.
    pub(super) files: Arc<Shards>,
    /// The models of a pipeline.
    pipeline: Option<Arc<Checkpoint>>,
}

impl Weights {
    /// Whether there are several models.
    pub(super) fn is_pipeline(&self) -> bool {
        self.pipeline.is_some()
    }

    /// As a model, or those of a pipeline.
    pub(super) fn model(self) -> Result<Arc<Checkpoint>> {
        match self.pipeline {
            Some(models) => Ok(models),
            None => Ok(Arc::new(Checkpoint::of(self.files)?)),
        }
    }

    /// All files that were read.
    pub(super) fn inputs(&self) -> Vec<InputFile> {
        match &self.pipeline {
            Some(models) => models.models().flat_map(|model| model.inputs()).collect(),
            None => self.files.inputs(),
        }
    }
}

/// A config that was read: its path, its fields, and what identifies it.
pub(super) type Config = (PathBuf, Map<String, Value>, InputFile);

impl Place {
    /// The file whose first bytes and name tell what is refused.
    pub(super) fn first(&self) -> PathBuf {
        match &self.at {
            At::File(file) | At::Pipeline(file) => file.clone(),
            At::Set(folder, set) => set.files.first().map_or_else(
                || folder.join(set.index.as_deref().unwrap_or_default()),
                |first| folder.join(first),
            ),
            At::Zip(bundle, ..) => bundle.path_of(""),
        }
    }

    /// Opens the weights.
    ///
    /// # Errors
    ///
    /// Those of [`Shards::open`], and [`Error::NotFound`] where a set is not all there.
    pub(super) fn weights(&self) -> Result<Weights> {
        let files = match &self.at {
            At::File(path) => Shards::open(path)?,
            At::Set(folder, set) => Shards::of_set(folder, folder, set.clone())?,
            At::Zip(bundle, folder, set) => {
                let names = set.files.iter().map(|name| format!("{folder}{name}"));
                bundle.weights(&names.collect::<Vec<_>>())?
            }
            At::Pipeline(path) => return pipeline(path),
        };
        if let Some(lacks) = files.lacks() {
            let problem = format!("{lacks}, as its own name counts");
            let remedy = "fetch it too: each file has a part of the adapter's modules";
            return Err(Error::not_found(&self.root, problem, remedy));
        }
        Ok(Weights {
            files: Arc::new(files),
            pipeline: None,
        })
    }

    /// Reads the config, where there is one.
    ///
    /// # Errors
    ///
    /// Those of [`json::read_object`].
    pub(super) fn config(&self) -> Result<Option<Config>> {
        let Some(path) = &self.config else {
            return Ok(None);
        };
        let At::Zip(bundle, folder, _) = &self.at else {
            let (fields, input) = json::read_input(path)?;
            return Ok(Some((path.clone(), fields, input)));
        };
        let bytes = bundle.text(&format!("{folder}{CONFIG}"))?;
        Ok(Some((
            path.clone(),
            json::object(path, &bytes)?,
            bundle.input(),
        )))
    }
}

fn pipeline(path: &Path) -> Result<Weights> {
    let models = Checkpoint::open(path)?;
    let first = models.models().next().cloned();
    match first {
        Some(files) => Ok(Weights {
            files,
            pipeline: Some(Arc::new(models)),
        }),
        None => {
            let remedy = "give the folder that was saved after training";
            Err(Error::not_found(path, "no tensors there", remedy))
        }
    }
}

/// Finds the weights at a path, which may be an adapter's name in the Hugging Face cache: the weight
/// file of a folder, the file itself, an archive, or a folder that may be a model's; and the config
/// beside it.
///
/// # Errors
///
/// [`Error::NotFound`] where there is none, or which of several cannot be told; it names them.
pub(super) fn locate(path: &Path) -> Result<Place> {
    let path = &find_adapter(path)?;
    if path.is_dir() {
        return in_folder(path);
    }
    if let Some(bundle) = Bundle::open(path)? {
        return in_archive(path, bundle);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok(Place {
        root: path.clone(),
        at: At::File(path.clone()),
        config: config_in(folder).or_else(|| other_config(path)),
        notes: Vec::new(),
    })
}

/// The config of a library with names of its own, beside a weight file of its name.
fn other_config(weights: &Path) -> Option<PathBuf> {
    let name = weights.file_name()?.to_string_lossy();
    let mut configs = OTHER_CONFIGS.iter();
    let (_, config) = configs.find(|(start, _)| name.starts_with(start))?;
    Some(weights.with_file_name(config)).filter(|config| config.exists())
}

/// What is no regular file is refused when it is read, not passed over.
fn config_in(folder: &Path) -> Option<PathBuf> {
    Some(folder.join(CONFIG)).filter(|config| config.exists())
}

fn in_folder(folder: &Path) -> Result<Place> {
    let names = names_in(folder)?;
    let place = |at, notes| Place {
        root: folder.into(),
        at,
        config: config_in(folder),
        notes,
    };
    let sets = named(&names, &WEIGHTS);
    if let [set, rest @ ..] = sets.as_slice() {
        let mut found = place(At::Set(folder.into(), set.clone()), chosen(set, rest));
        if found.config.is_none() {
            found.config = other_config(&found.first());
        }
        return Ok(found);
    }
    if let Some(inner) = absent::only_inside(folder)? {
        let mut found = in_folder(&inner)?;
        found.root = folder.into();
        let name = inner.strip_prefix(folder).unwrap_or(&inner);
        found.notes.push(format!(
            "it was read from the sub-folder {}, the only one with an adapter",
            name.display()
        ));
        return Ok(found);
    }
    // Without a config it may be a whole model; with one, a weight file of another name.
    if Checkpoint::is_pipeline(folder) {
        return Ok(place(At::Pipeline(folder.into()), Vec::new()));
    }
    match (weights_in(folder), absent::only_foreign(&names)) {
        (Ok(set), _) => Ok(place(At::Set(folder.into(), set), Vec::new())),
        // It is refused by its name.
        (Err(_), Some(file)) => Ok(place(At::File(folder.join(file)), Vec::new())),
        (Err(error), None) => {
            let plain = match config_in(folder) {
                None => error,
                Some(_) => {
                    let remedy = "copy it from where the adapter was trained";
                    Error::not_found(folder, format!("no {} there", WEIGHTS[0]), remedy)
                }
            };
            Err(absent::explained(folder, plain))
        }
    }
}

/// Which of several weights were read.
fn chosen(set: &Set, rest: &[Set]) -> Vec<String> {
    let names: Vec<String> = rest.iter().map(Set::name).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let are = if names.len() == 1 { "was" } else { "were" };
    vec![format!(
        "it was read from {}: {} beside it {are} not read",
        set.name(),
        names.join(" and ")
    )]
}

/// The adapter in an archive: in the folder of its config, else the only weights.
fn in_archive(path: &Path, bundle: Bundle) -> Result<Place> {
    let bad = |problem: String| {
        let remedy = "unpack it and give the folder of one adapter";
        Error::not_found(path, problem, remedy)
    };
    let folder_of = |name: &str| name.rfind('/').map_or(0, |end| end + 1);
    let mut configs: Vec<String> = Vec::new();
    for name in bundle.names() {
        let (folder, name) = name.split_at(folder_of(name));
        if name == CONFIG {
            configs.push(folder.into());
        }
    }
    let folder = match configs.as_slice() {
        [only] => only.clone(),
        [] => {
            let mut folders = bundle.names().iter().map(|name| &name[..folder_of(name)]);
            let first = folders.next().unwrap_or_default();
            match folders.find(|folder| *folder != first) {
                None => first.to_string(),
                Some(_) => {
                    return Err(bad(format!(
                        "an archive with several folders and no {CONFIG}"
                    )));
                }
            }
        }
        several => return Err(bad(format!("an archive with {} adapters", several.len()))),
    };
    let inside = bundle.names().iter().filter_map(|name| {
        let name = name.strip_prefix(&folder)?;
        (!name.contains('/')).then(|| name.to_string())
    });
    let names: Vec<String> = inside.collect();
    let sets = named(&names, &WEIGHTS);
    let with_files = |set: &&Set| !set.files.is_empty();
    let set = match sets.iter().find(with_files) {
        Some(set) => set.clone(),
        None => absent::only_weights(&names)
            .ok_or_else(|| bad(format!("an archive without {}", WEIGHTS[0])))?,
    };
    if let Some(lacks) = set.lacks() {
        return Err(bad(format!("{lacks}, as the names of the others count")));
    }
    let config = (!configs.is_empty()).then(|| bundle.path_of(&format!("{folder}{CONFIG}")));
    Ok(Place {
        root: path.into(),
        notes: vec![format!("it was read from {} in the archive", set.name())],
        at: At::Zip(bundle, folder, set),
        config,
    })
}
