//! What was found at a path and is asked of it, and what a layout makes of it.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::setting::Setting;
use crate::tensors::Shards;

use super::formula::{Formula, Source};
use super::keys::{is_a_model_s, unwrapped};
use super::left_out::LeftOut;
use super::module::{AdaptedModule, LaidIndex};
use super::rename::Rename;
use super::scale_rule::ScaleRule;

/// How an adapter is to be read.
///
/// ```
/// use lora_subspace_core::adapter::ReadOptions;
/// let options = ReadOptions::new().alpha(16.0).allow_unmapped();
/// assert_eq!(options.alpha, Some(16.0));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// This α is used instead of the one that the adapter's files state.
    pub alpha: Option<f64>,
    /// Whether ΔW includes the trained scale s; without it s is 1.
    pub scaled: bool,
    /// Whether to go on although tensors were not understood.
    pub allow_unmapped: bool,
    /// The adapter as it was before training, where its initialisation took a part out of the
    /// base.
    pub initial: Option<PathBuf>,
    /// Whether somebody only looks. Where α is unknown reading goes on with s = 1, and
    /// [`Adapter::scale_is_known`](super::Adapter::scale_is_known) says so.
    pub looking: bool,
    /// Prefixes of the adapter's paths that are replaced before anything is made of them.
    pub renames: Vec<Rename>,
}

impl ReadOptions {
    /// The adapter's own α and scale; every tensor must be understood.
    pub fn new() -> Self {
        ReadOptions {
            alpha: None,
            scaled: true,
            allow_unmapped: false,
            initial: None,
            looking: false,
            renames: Vec::new(),
        }
    }

    /// Adds to [`ReadOptions::renames`](field@ReadOptions::renames).
    pub fn rename(mut self, rename: Rename) -> Self {
        self.renames.push(rename);
        self
    }

    /// Sets [`ReadOptions::alpha`](field@ReadOptions::alpha).
    pub fn alpha(self, alpha: f64) -> Self {
        ReadOptions {
            alpha: Some(alpha),
            ..self
        }
    }

    /// Leaves the trained scale out of ΔW; see [`ReadOptions::scaled`](field@ReadOptions::scaled).
    pub fn unscaled(self) -> Self {
        ReadOptions {
            scaled: false,
            ..self
        }
    }

    /// Sets [`ReadOptions::allow_unmapped`](field@ReadOptions::allow_unmapped).
    pub fn allow_unmapped(self) -> Self {
        ReadOptions {
            allow_unmapped: true,
            ..self
        }
    }

    /// Sets [`ReadOptions::initial`](field@ReadOptions::initial).
    pub fn initial(self, path: impl Into<PathBuf>) -> Self {
        ReadOptions {
            initial: Some(path.into()),
            ..self
        }
    }

    /// Sets [`ReadOptions::looking`](field@ReadOptions::looking).
    pub fn looking(self) -> Self {
        ReadOptions {
            looking: true,
            ..self
        }
    }
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions::new()
    }
}

/// The weights, their config, and what is asked: all that a layout has to go by.
pub(super) struct Found<'a> {
    /// The path as given.
    pub(super) root: &'a Path,
    /// All files that its tensors lie in.
    pub(super) file: Arc<Shards>,
    /// The config beside it and its fields.
    pub(super) config: Option<(PathBuf, Map<String, Value>)>,
    pub(super) options: &'a ReadOptions,
    pub(super) base: Option<&'a dyn LaidIndex>,
    /// Whether somebody looked at a module whose α is not known.
    pub(super) is_unscaled: Cell<bool>,
}

/// What a layout makes of it.
#[derive(Default)]
pub(super) struct Content {
    pub(super) layout: &'static str,
    pub(super) evidence: String,
    pub(super) base_name: Option<String>,
    /// `None` where α is not known.
    pub(super) scale_rule: Option<ScaleRule>,
    pub(super) modules: Vec<AdaptedModule>,
    pub(super) replacements: Vec<AdaptedModule>,
    /// Modules that no ΔW is made of, and why.
    pub(super) left_out: Vec<LeftOut>,
    /// The initialisation, where it put a part of the base into B·A.
    pub(super) base_changing_init: Option<String>,
    /// The names of all tensors, where they are those of several models.
    pub(super) of_models: Option<Vec<String>>,
    /// Whether something beside the shapes says what the ranks are.
    pub(super) ranks_are_stated: bool,
    /// Full tensors beside the factors.
    pub(super) replaced: Vec<String>,
    /// Tensors that are understood and say nothing about ΔW (α, buffers).
    pub(super) known: Vec<String>,
    pub(super) notes: Vec<String>,
    /// Whether the layout replaced prefixes itself, before it made paths of names.
    pub(super) is_renamed: bool,
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
        Formula::tensor(&Source::Files(self.file.clone()), name)
    }

    /// One matrix of a tensor of three axes.
    pub(super) fn part(&self, name: &str, index: usize) -> Result<Formula> {
        Formula::part(&Source::Files(self.file.clone()), name, index)
    }

    /// An error about one of its tensors.
    pub(super) fn error(&self, tensor: &str, problem: String, remedy: &str) -> Error {
        Error::Tensor {
            path: self.file.path_of(tensor).into(),
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

    /// Full tensors beside the factors: they are named, and matrices can be measured. What has
    /// another name than a model's tensors is left, as nobody understands it.
    pub(super) fn keep(&self, content: &mut Content, names: &[String]) -> Result<()> {
        for name in names {
            let tensor = unwrapped(name);
            let is_factor = name.contains("lora") && !name.ends_with(".bias");
            if is_factor || !is_a_model_s(name) {
                continue;
            }
            let axes = self.shape(name).len();
            if name.ends_with("weight") && axes >= 2 {
                let module =
                    AdaptedModule::replaced(self.base, &tensor, self.tensor(name)?, axes == 2);
                content.replacements.push(module);
            }
            content.replaced.push(name.clone());
        }
        Ok(())
    }

    /// The scale by a layout's rule: 1 where none is wanted, or where α is unknown and somebody only
    /// looks. What is there and cannot be read is an error for everybody.
    pub(super) fn scale(&self, rule: impl FnOnce(Option<f64>) -> Result<f64>) -> Result<f64> {
        if !self.options.scaled {
            return Ok(1.0);
        }
        match rule(self.options.alpha) {
            Err(Error::UnknownScale { .. }) if self.options.looking => {
                self.is_unscaled.set(true);
                Ok(1.0)
            }
            scale => scale,
        }
    }

    /// The number of a tensor that is a module's α; NaN where it is none, or infinite: the module cannot
    /// be measured then, and others can.
    pub(super) fn alpha(&self, name: &str) -> Result<f64> {
        match self.shape(name).iter().product::<usize>() {
            1 if !self.file.largest(name)?.is_finite() => Ok(f64::NAN),
            1 => self.file.scalar(name),
            count => {
                let problem = format!("{count} numbers, where α is one");
                let remedy = format!("give it with {}", Setting::Alpha);
                Err(self.error(name, problem, &remedy))
            }
        }
    }

    /// No layout's names.
    pub(super) fn unknown(&self) -> Error {
        let some: Vec<&str> = self.names().iter().take(3).map(String::as_str).collect();
        let merged = format!(
            "merge it with the program that trained it, and give the merged model, and the original one with {}",
            Setting::Base
        );
        let remedy = if self.names().iter().any(|name| name.contains("lora")) {
            format!("if these are factors under other names, {merged}")
        } else {
            format!(
                "if it is an adapter, {merged}; if it is a whole model, give the model that its training began with in the same way"
            )
        };
        Error::not_found(
            self.file.path(),
            format!(
                "its tensors ({}, …) are named as no adapter's",
                some.join(", ")
            ),
            remedy,
        )
    }
}
