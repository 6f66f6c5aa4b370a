//! Which layout a file is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::tensors::TensorFile;

use super::formula::{Formula, Source};
use super::keys::unwrapped;
use super::located::{CONFIG, Weights, locate, read_config};
use super::names::natural_order;
use super::peft::PeftConfig;
use super::update::Update;
use super::{
    AdaptedModule, Adapter, BaseIndex, ReadOptions, Stored, checkpoint, cloneofsimo, diffusers,
    kohya, loralib, mlx, names, peft, refused, torchtune,
};

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
    /// Names in further files of the same checkpoint.
    pub(super) elsewhere: Vec<String>,
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
    refused::check_file(&weights)?;
    let model = Weights::new(weights)?;
    let found = Found {
        root: path,
        file: Arc::new(TensorFile::open(&model.first)?),
        config: config.map(|path| read_config(&path)).transpose()?,
        options,
        base,
    };
    let mut files = model.files();
    files.extend(found.config.iter().map(|(path, _)| path.clone()));
    if let Some(initial) = &options.initial {
        let (weights, config) = locate(initial)?;
        files.extend(Weights::new(weights)?.files());
        files.extend(config);
    }
    files.sort();
    found.finish(read(&found, model)?, files)
}

/// Decides by the config, else by the tensors' names, which layout it is.
fn read(found: &Found, weights: Weights) -> Result<Content> {
    refused::check_names(found)?;
    let any = |part: &str| found.names().iter().any(|name| name.contains(part));
    if torchtune::fits(found) {
        return torchtune::read(found);
    }
    let Some((path, fields)) = &found.config else {
        return match () {
            _ if weights.is_sharded() => checkpoint::read(found, weights.model()?),
            _ if any("base_model.") => without_config(found),
            _ if kohya::is_named_so(found.names()) => kohya::read(found),
            _ if cloneofsimo::fits(found) => cloneofsimo::read(found),
            _ if diffusers::fits(found) => diffusers::read(found),
            _ if loralib::fits(found) => loralib::read(found),
            _ if any(".lora_A.") => without_config(found),
            _ => checkpoint::read(found, weights.model()?),
        };
    };
    if mlx::fits(fields) {
        return mlx::read(found, path, fields);
    }
    match peft::method(path, fields)?.as_str() {
        "LORA" => peft::read(found, path, &PeftConfig::new(path, fields)?),
        other => peft::read_method(found, path, fields, other),
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
        Formula::tensor(&Source::File(self.file.clone()), name)
    }

    /// One matrix of a tensor of three axes.
    pub(super) fn part(&self, name: &str, index: usize) -> Result<Formula> {
        Formula::part(&Source::File(self.file.clone()), name, index)
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

    /// A value of the file's own metadata.
    pub(super) fn metadata(&self, key: &str) -> Option<&str> {
        self.file.metadata().get(key).map(String::as_str)
    }

    /// Which way round the base stores the weight of a module with factors: told by its shape, for
    /// a square one by its name.
    pub(super) fn stored(&self, path: &str, (d_out, d_in): (usize, usize)) -> Stored {
        let tensor = format!("{path}.weight");
        let shape = self.base.and_then(|base| base.shape(&base.find(&tensor)?));
        match shape.as_deref() {
            Some([rows, columns]) if rows != columns => match (*rows, *columns) == (d_in, d_out) {
                true => Stored::Transposed,
                false => Stored::Usual,
            },
            _ if names::is_embedding(path) => Stored::Transposed,
            _ => Stored::Usual,
        }
    }

    /// A module whose trained weight is stored whole: ΔW = W′ − W.
    /// `tensor` is its name in the base.
    pub(super) fn whole(&self, tensor: &str, weight: Formula, is_matrix: bool) -> AdaptedModule {
        let path = [".weight", ".in_proj_weight"]
            .iter()
            .find_map(|end| tensor.strip_suffix(end));
        let path = path.unwrap_or(tensor);
        let base = self.base.filter(|_| is_matrix);
        let is_turned = base.is_some_and(|base| {
            base.find(tensor)
                .is_some_and(|tensor| base.is_turned(&tensor))
        });
        let stored = match (is_matrix && names::is_embedding(path), is_turned) {
            (true, _) => Stored::Transposed,
            (_, true) => Stored::Conv1d,
            _ => Stored::Usual,
        };
        let weight = match stored {
            Stored::Usual => weight,
            _ => weight.transposed(),
        };
        let mut module = AdaptedModule::new(path.into(), Update::Replaced(weight), 1.0);
        module.target.tensor = tensor.into();
        module.target.stored = stored;
        module
    }

    /// Full tensors beside the factors: they are named, and matrices can be measured. What has
    /// another name than a model's tensors is left, as nobody understands it.
    pub(super) fn keep(&self, content: &mut Content, names: &[String]) -> Result<()> {
        for name in names {
            let tensor = unwrapped(name);
            let is_factor = name.contains("lora") && !name.ends_with(".bias");
            if is_factor || !["weight", "bias"].iter().any(|end| name.ends_with(end)) {
                continue;
            }
            let axes = self.shape(name).len();
            if name.ends_with("weight") && axes >= 2 {
                let module = self.whole(&tensor, self.tensor(name)?, axes == 2);
                content.replacements.push(module);
            }
            content.replaced.push(name.clone());
        }
        Ok(())
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
    pub(super) fn unknown(&self) -> Error {
        let some: Vec<&str> = self.names().iter().take(3).map(String::as_str).collect();
        Error::NotFound {
            path: self.file.path().into(),
            problem: format!(
                "its tensors ({}, …) are named as no adapter's",
                some.join(", ")
            ),
            remedy: format!(
                "if it is a PEFT adapter, put its {CONFIG} beside it; if it is a whole model, give the one that its training began with as --base"
            ),
        }
    }

    /// The adapter, when every tensor was understood.
    fn finish(&self, content: Content, files: Vec<PathBuf>) -> Result<Adapter> {
        let mut used: BTreeSet<&str> = content.replaced.iter().map(String::as_str).collect();
        used.extend(content.known.iter().map(String::as_str));
        for module in content.modules.iter().chain(&content.replacements) {
            used.extend(module.update.tensors());
        }
        let is_unused = |name: &&String| !used.contains(name.as_str());
        let all = self.names().iter().chain(&content.elsewhere);
        let unmapped: Vec<String> = all.filter(is_unused).cloned().collect();
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
            files,
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
