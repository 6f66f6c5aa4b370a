//! What lies at a path, and which layout it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::tensors::TensorFile;

use super::formula::Formula;
use super::names::natural_order;
use super::peft_config::PeftConfig;
use super::{AdaptedModule, Adapter, BaseIndex, ReadOptions, kohya, peft, peft_methods};

/// The config beside the weights, of PEFT and those who took its name.
pub(super) const CONFIG: &str = "adapter_config.json";
/// Weight files beside such a config, the likeliest first.
const WEIGHTS: [&str; 5] = [
    "adapter_model.safetensors",
    "adapter_model.bin",
    "adapters.safetensors",
    "adapter_model.pt",
    "pytorch_lora_weights.safetensors",
];

/// A weight file, its config, and what is asked: all that a layout has to go by.
pub(super) struct Found<'a> {
    /// The path as given.
    pub(super) root: &'a Path,
    pub(super) file: Arc<TensorFile>,
    /// The config beside it and its fields.
    pub(super) config: Option<(PathBuf, Map<String, Value>)>,
    pub(super) options: &'a ReadOptions,
    pub(super) base: Option<&'a dyn BaseIndex>,
}

/// What a layout makes of it.
#[derive(Default)]
pub(super) struct Content {
    pub(super) layout: &'static str,
    pub(super) evidence: String,
    pub(super) base_name: Option<String>,
    /// `None` where α is not known.
    pub(super) scale_rule: Option<String>,
    pub(super) modules: Vec<AdaptedModule>,
    pub(super) replacements: Vec<AdaptedModule>,
    /// Full tensors beside the factors.
    pub(super) replaced: Vec<String>,
    /// Tensors that are understood and say nothing about ΔW (α, buffers).
    pub(super) known: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// Opens whatever it is.
pub(super) fn open(
    path: &Path,
    options: &ReadOptions,
    base: Option<&dyn BaseIndex>,
) -> Result<Adapter> {
    let (weights, config) = locate(path)?;
    let found = Found {
        root: path,
        file: Arc::new(TensorFile::open(&weights)?),
        config: config.map(|path| read_config(&path)).transpose()?,
        options,
        base,
    };
    found.finish(read(&found)?)
}

/// Decides by the config, else by the tensors' names, which layout it is.
fn read(found: &Found) -> Result<Content> {
    let any = |part: &str| found.names().iter().any(|name| name.contains(part));
    let Some((path, fields)) = &found.config else {
        if any("base_model.") {
            return without_config(found);
        }
        if kohya::is_named_so(found.names()) {
            return kohya::read(found);
        }
        return Err(found.unknown());
    };
    match peft::method(path, fields)?.as_str() {
        "LORA" => peft::read(found, path, &PeftConfig::new(path, fields)?),
        other => peft_methods::read(found, path, fields, other),
    }
}

/// PEFT's names and nothing to tell α: it must be given.
fn without_config(found: &Found) -> Result<Content> {
    let (alpha, looking) = (found.options.alpha, found.options.looking);
    if alpha.is_none() && found.options.scaled && !looking {
        return Err(Error::NotFound {
            path: found.root.into(),
            problem: format!("no {CONFIG} there, so α of the scale α/r is unknown"),
            remedy: "copy it from where the adapter was trained, or give --alpha".into(),
        });
    }
    let nothing = Map::new();
    peft::read(found, found.root, &PeftConfig::new(found.root, &nothing)?)
}

/// The weight file of a folder or the file itself, and the config beside it.
pub(super) fn locate(path: &Path) -> Result<(PathBuf, Option<PathBuf>)> {
    let missing = |at: &Path, problem: String, remedy: &str| {
        Err(Error::NotFound {
            path: at.into(),
            problem,
            remedy: remedy.into(),
        })
    };
    if !path.exists() {
        let remedy = "give the folder of a PEFT adapter, or a weight file";
        return missing(path, "no such file or folder".into(), remedy);
    }
    let is_folder = path.is_dir();
    let folder = match is_folder {
        true => path,
        false => path.parent().unwrap_or(Path::new("")),
    };
    let config = Some(folder.join(CONFIG)).filter(|config| config.is_file());
    if !is_folder {
        return Ok((path.into(), config));
    }
    if let Some(name) = WEIGHTS.iter().find(|name| path.join(name).is_file()) {
        return Ok((path.join(name), config));
    }
    if let Some(inner) = only_adapter_inside(path)? {
        return locate(&inner);
    }
    let remedy = "copy it from where the adapter was trained";
    missing(path, format!("no {} there", WEIGHTS[0]), remedy)
}

/// PEFT saves an adapter that is not called `default` in a folder of its own name.
fn only_adapter_inside(folder: &Path) -> Result<Option<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|source| Error::Io {
        path: folder.into(),
        action: "list",
        source,
        remedy: "check that you may read it",
    })?;
    let mut inner: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join(CONFIG).is_file())
        .collect();
    inner.sort();
    match inner.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only.clone())),
        several => Err(Error::NotFound {
            path: folder.into(),
            problem: format!(
                "it holds {} adapters in folders of their own",
                several.len()
            ),
            remedy: format!("give one of them, such as {}", several[0].display()),
        }),
    }
}

pub(super) fn read_config(path: &Path) -> Result<(PathBuf, Map<String, Value>)> {
    let text = fs::read_to_string(path).map_err(|source| Error::Io {
        path: path.into(),
        action: "read",
        source,
        remedy: "check that you may read it",
    })?;
    let fields = serde_json::from_str(&text).map_err(|error| Error::Config {
        path: path.into(),
        problem: format!("not a JSON object: {error}"),
        remedy: "save it again".into(),
    })?;
    Ok((path.into(), fields))
}

impl Found<'_> {
    /// The names of all tensors.
    pub(super) fn names(&self) -> &[String] {
        self.file.names()
    }

    /// A tensor's shape; empty where there is no such tensor.
    pub(super) fn shape(&self, name: &str) -> &[usize] {
        self.file.shape(name).unwrap_or_default()
    }

    /// A tensor as a matrix, one row for each of its first axis.
    pub(super) fn tensor(&self, name: &str) -> Result<Formula> {
        Formula::tensor(&self.file, name)
    }

    /// An error about one of its tensors.
    pub(super) fn error(&self, tensor: &str, problem: String, remedy: &str) -> Error {
        Error::Tensor {
            path: self.file.path().into(),
            tensor: tensor.into(),
            problem,
            remedy: remedy.into(),
        }
    }

    /// Something about the file that would make ΔW another matrix.
    pub(super) fn refuse(&self, feature: String, reason: &str, remedy: &str) -> Error {
        Error::Unsupported {
            path: self.file.path().into(),
            feature,
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }

    /// The scale by a layout's rule: 1 where none is wanted, or where α is unknown and only looked.
    pub(super) fn scale(&self, rule: impl FnOnce(Option<f64>) -> Result<f64>) -> Result<f64> {
        match (self.options.scaled, rule(self.options.alpha)) {
            (false, _) => Ok(1.0),
            (true, Err(_)) if self.options.looking => Ok(1.0),
            (true, scale) => scale,
        }
    }

    /// No layout's names.
    fn unknown(&self) -> Error {
        let some: Vec<&str> = self.names().iter().take(3).map(String::as_str).collect();
        Error::NotFound {
            path: self.file.path().into(),
            problem: format!(
                "its tensors ({}, …) are named as no adapter's",
                some.join(", ")
            ),
            remedy: format!("if it is a PEFT adapter, put its {CONFIG} beside it"),
        }
    }

    /// The adapter, when every tensor was understood.
    fn finish(&self, content: Content) -> Result<Adapter> {
        let mut used: BTreeSet<&str> = content.replaced.iter().map(String::as_str).collect();
        used.extend(content.known.iter().map(String::as_str));
        for module in content.modules.iter().chain(&content.replacements) {
            used.extend(module.update.tensors());
        }
        let is_unused = |name: &&String| !used.contains(name.as_str());
        let unmapped: Vec<String> = self.names().iter().filter(is_unused).cloned().collect();
        if let (Some(first), false) = (unmapped.first(), self.options.allow_unmapped) {
            let problem = format!(
                "shape {:?} under this name is nothing that {} has ({} such tensors in all)",
                self.shape(first),
                content.layout,
                unmapped.len()
            );
            let remedy = "`inspect` lists them; --allow-unmapped leaves them out";
            return Err(self.error(first, problem, remedy));
        }
        if content.modules.is_empty() && content.replacements.is_empty() {
            return Err(Error::NotFound {
                path: self.file.path().into(),
                problem: format!("none of its {} tensors makes a ΔW", self.names().len()),
                remedy: "give the folder that was saved after training".into(),
            });
        }
        let sorted = |mut modules: Vec<AdaptedModule>| {
            modules.sort_by(|one, other| natural_order(&one.path, &other.path));
            modules
        };
        Ok(Adapter {
            root: self.root.into(),
            weights: self.file.path().into(),
            layout: content.layout,
            evidence: content.evidence,
            base_name: content.base_name,
            scale_is_known: content.scale_rule.is_some() || !self.options.scaled,
            scale_rule: match (self.options.scaled, content.scale_rule) {
                (false, _) => "s = 1, from --no-scale".into(),
                (true, Some(rule)) => rule,
                (true, None) => "unknown: α is not in the file; give it with --alpha".into(),
            },
            modules: sorted(content.modules),
            replacements: sorted(content.replacements),
            replaced: content.replaced,
            unmapped,
            notes: content.notes,
        })
    }
}
