//! What lies at a path: the weight file or the files of one model, and the config beside them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::files::{InputFile, is_there, json};
use crate::tensors::{
    Bundle, Checkpoint, Set, Shards, chosen_among, find_adapter, named, names_in, weights_in,
};

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
            At::Set(folder, set) => folder.join(first_of(set)),
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
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let bytes = bundle.text(&format!("{folder}{name}"))?;
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
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Place {
        root: path.clone(),
        at: At::File(path.clone()),
        config: config_in(folder, &name),
        notes: Vec::new(),
    })
}

/// The config beside these weights: PEFT's, else that of the library that calls its weights so.
fn config_among(has: impl Fn(&str) -> bool, weights: &str) -> Option<&'static str> {
    if has(CONFIG) {
        return Some(CONFIG);
    }
    let mut others = OTHER_CONFIGS.iter();
    let (_, config) = others.find(|(start, _)| weights.starts_with(start))?;
    has(config).then_some(*config)
}

/// The config beside these weights of a folder. What is no regular file is refused when it is read,
/// not passed over.
fn config_in(folder: &Path, weights: &str) -> Option<PathBuf> {
    let config = config_among(|name| is_there(&folder.join(name)), weights)?;
    Some(folder.join(config))
}

/// The first file of a set, else its index.
fn first_of(set: &Set) -> &str {
    let first = set.files.first().or(set.index.as_ref());
    first.map_or("", String::as_str)
}

fn in_folder(folder: &Path) -> Result<Place> {
    let names = names_in(folder)?;
    let place = |at: At, notes| {
        let weights = match &at {
            At::Set(_, set) => first_of(set),
            _ => "",
        };
        Place {
            root: folder.into(),
            config: config_in(folder, weights),
            at,
            notes,
        }
    };
    let sets = named(&names, &WEIGHTS);
    if let [set, rest @ ..] = sets.as_slice() {
        return Ok(place(
            At::Set(folder.into(), set.clone()),
            chosen(set, rest),
        ));
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
            let plain = match config_in(folder, "") {
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

/// The adapter in an archive, chosen as in the same folder unpacked. An index is passed over, as the
/// names of its shards count.
fn in_archive(path: &Path, bundle: Bundle) -> Result<Place> {
    let bad = |problem: String| {
        let remedy = "unpack it and give the folder of one adapter";
        Error::not_found(path, problem, remedy)
    };
    let (folder, names) = folder_in(bundle.names()).map_err(bad)?;
    let is_text = |name: &&String| name.ends_with(".json");
    let files: Vec<String> = names
        .iter()
        .filter(|name| !is_text(name))
        .cloned()
        .collect();
    let sets = named(&files, &WEIGHTS);
    let (set, rest) = match sets.as_slice() {
        [set, rest @ ..] => (set.clone(), rest),
        [] => {
            let only = chosen_among(&files);
            let none = || bad(format!("an archive without {}", WEIGHTS[0]));
            (only.ok_or_else(none)?, &[][..])
        }
    };
    if let Some(lacks) = set.lacks() {
        return Err(bad(format!("{lacks}, as the names of the others count")));
    }
    let config = config_among(among(&names), first_of(&set));
    let config = config.map(|config| bundle.path_of(&format!("{folder}{config}")));
    let mut notes = vec![format!("it was read from {} in the archive", set.name())];
    notes.extend(chosen(&set, rest));
    Ok(Place {
        root: path.into(),
        notes,
        at: At::Zip(bundle, folder, set),
        config,
    })
}

/// The folder of the only adapter in an archive, and the names of the files there; without a config
/// the only folder that has files. Else what is wrong.
fn folder_in(all: &[String]) -> std::result::Result<(String, Vec<String>), String> {
    let mut folders: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for name in all {
        let (folder, name) = name.split_at(name.rfind('/').map_or(0, |end| end + 1));
        folders.entry(folder).or_default().push(name.into());
    }
    let has_config = |names: &[String]| {
        let mut files = names.iter();
        files.any(|weights| config_among(among(names), weights).is_some())
    };
    let with_config = folders.iter().filter(|(_, names)| has_config(names));
    let adapters: Vec<(&&str, &Vec<String>)> = with_config.collect();
    match adapters.as_slice() {
        [(folder, names)] => Ok((folder.to_string(), names.to_vec())),
        [] if folders.len() < 2 => {
            let only = folders.pop_first().unwrap_or_default();
            Ok((only.0.to_string(), only.1))
        }
        [] => Err(format!("an archive with several folders and no {CONFIG}")),
        several => Err(format!("an archive with {} adapters", several.len())),
    }
}

/// Whether a name is among these.
fn among(names: &[String]) -> impl Fn(&str) -> bool {
    |wanted| names.iter().any(|name| name == wanted)
}
