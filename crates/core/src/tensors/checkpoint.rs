//! A model's weights, or those of all models of a pipeline.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::files::{self, is_there};

use super::model::Model;
use super::{Shards, StoredRows, TensorFile, folder};

/// What diffusers calls the list of a pipeline's models.
const PIPELINE: &str = "model_index.json";

/// Named tensors over one file or several shards, or over the models of a pipeline.
///
/// Weights in fp8 are multiplied by the scale that is stored beside them; the scales themselves
/// are not among the names. Weights that are packed in other ways are refused when they are asked
/// for.
pub struct Checkpoint {
    path: PathBuf,
    /// What the names of each model begin with, and the model. A model alone begins with nothing.
    models: Vec<(String, Model)>,
    /// The names of all tensors.
    names: Vec<String>,
}

impl Checkpoint {
    /// Opens a weight file of any format that [`TensorFile`] reads, an index of shards
    /// (`….index.json`), or a folder that holds `model.safetensors`,
    /// `diffusion_pytorch_model.safetensors` or `pytorch_model.bin`, with or without an index, shards
    /// that their names count (`x-00001-of-00003.safetensors`), or exactly one weight file.
    ///
    /// Files beside such shards are refused by name, as either may be meant. Only
    /// `consolidated.safetensors` beside `model-00001-of-…` is passed over: it has the same weights.
    ///
    /// The folder of a pipeline (`model_index.json`) is all models in its sub-folders; the names of each
    /// begin with the folder's, such as `unet.`.
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::open`]; [`Error::NotFound`] when the folder has no weights or a
    /// shard is missing; [`Error::Config`] when the index cannot be read or names a tensor that its
    /// shard has not.
    pub fn open(path: &Path) -> Result<Self> {
        if !is_there(path) {
            return Err(Error::not_found(
                path,
                "no such file or folder",
                "give a folder with model.safetensors, or the file itself",
            ));
        }
        let models = if Self::is_pipeline(path) {
            pipeline(path)?
        } else {
            return Self::of(Arc::new(Shards::open(path)?));
        };
        Ok(Self::new(path, models))
    }

    /// The model whose files are open.
    ///
    /// # Errors
    ///
    /// When there is a `config.json` beside them that cannot be read.
    pub fn of(files: Arc<Shards>) -> Result<Self> {
        let path = files.given().to_path_buf();
        Ok(Self::new(&path, vec![(String::new(), Model::of(files)?)]))
    }

    fn new(path: &Path, models: Vec<(String, Model)>) -> Self {
        let of = |(start, model): &(String, Model)| -> Vec<String> {
            model.names().map(|name| format!("{start}{name}")).collect()
        };
        let mut names: Vec<String> = models.iter().flat_map(of).collect();
        names.sort();
        Checkpoint {
            path: path.into(),
            models,
            names,
        }
    }

    /// Whether a folder is a pipeline's.
    pub(crate) fn is_pipeline(folder: &Path) -> bool {
        folder.join(PIPELINE).is_file()
    }

    /// The files of each model.
    pub fn models(&self) -> impl Iterator<Item = &Arc<Shards>> {
        self.models.iter().map(|(_, model)| model.files())
    }

    /// The path that it was opened by: a file, an index or a folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The paths of its weight files: one, or every shard that the index names.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let files = self.models().flat_map(|model| model.files());
        files.map(TensorFile::path)
    }

    /// The names of all tensors in the order of their bytes. A packed weight has the name that it
    /// would have otherwise.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The shape of a tensor and the file that holds it, or `None` where no tensor has this name.
    pub fn shape(&self, name: &str) -> Option<(&[usize], &Path)> {
        let (model, name) = self.model(name).ok()?;
        model.shape(name)
    }

    /// Checks that a weight is stored as numbers of its own.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] when it is packed for bitsandbytes, GPTQ, AWQ or the like, or whole
    /// numbers without a rule.
    pub fn check_plain(&self, name: &str) -> Result<()> {
        let (model, name) = self.model(name)?;
        model.check_plain(name)
    }

    /// Reads one matrix as [`TensorFile::matrix`] does. An fp8 weight is multiplied by its scale.
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::matrix`] and of [`Checkpoint::check_plain`], and [`Error::Tensor`]
    /// when a scale does not fit its weight.
    pub fn matrix(&self, name: &str) -> Result<Array2<f64>> {
        let (model, name) = self.model(name)?;
        model.matrix(name)
    }

    /// Reads a tensor of any shape as a matrix of the same numbers, as [`TensorFile::matrix_as`]
    /// does.
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::matrix`], and [`Error::Tensor`] when the count is another, or for an fp8
    /// weight that has a scale and another shape.
    pub fn matrix_as(&self, name: &str, shape: (usize, usize)) -> Result<Array2<f64>> {
        let (model, name) = self.model(name)?;
        model.matrix_as(name, shape)
    }

    /// Reads one expert's matrix, the part at `index` (from 0) of the first of three axes: d × e of
    /// an n × d × e tensor. The others are not read.
    ///
    /// # Errors
    ///
    /// As [`Checkpoint::matrix`] and [`TensorFile::matrix_at`].
    pub fn expert(&self, name: &str, index: usize) -> Result<Array2<f64>> {
        let (model, name) = self.model(name)?;
        model.expert(name, index)
    }

    /// A matrix, or the part at `index` of a stack, whose rows are read some at a time; `None` where it
    /// has to be read whole.
    pub(crate) fn rows<'a>(
        &'a self,
        name: &'a str,
        index: Option<usize>,
        shape: (usize, usize),
    ) -> Result<Option<StoredRows<'a>>> {
        let (model, name) = self.model(name)?;
        model.rows(name, index, shape)
    }

    /// The model that a name is of, and its name there.
    fn model<'a>(&self, name: &'a str) -> Result<(&Model, &'a str)> {
        let of = |(start, model): &'_ (String, Model)| -> Option<&'a str> {
            let inner = name.strip_prefix(start.as_str())?;
            (start.is_empty() || model.has(inner)).then_some(inner)
        };
        let found = self.models.iter().find_map(|one| Some((&one.1, of(one)?)));
        found.ok_or_else(|| Error::Tensor {
            path: self.path.clone(),
            tensor: name.into(),
            problem: "not in these weights".into(),
            remedy: "check that this is the right model".into(),
        })
    }
}

/// All models of a pipeline, by their folders' names.
fn pipeline(folder: &Path) -> Result<Vec<(String, Model)>> {
    let mut models = Vec::new();
    for inner in files::list(folder)?
        .into_iter()
        .filter(|inner| inner.is_dir())
    {
        // A tokenizer or a scheduler has no weights.
        if folder::has_weights(&inner)? {
            let name = inner.file_name().unwrap_or_default().to_string_lossy();
            let files = Arc::new(Shards::open(&inner)?);
            models.push((format!("{name}."), Model::of(files)?));
        }
    }
    if models.is_empty() {
        return Err(Error::not_found(
            folder,
            format!("{PIPELINE} is there, and no folder beside it has weights"),
            "fetch the pipeline's models, such as unet/ and text_encoder/, too",
        ));
    }
    Ok(models)
}
