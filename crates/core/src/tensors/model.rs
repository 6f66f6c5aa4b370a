//! The weights of one model: one file or many with an index.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ndarray::Array2;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::files::{self, json};

use super::quantised::{Blocks, Quantisation, SCALES};
use super::{TensorFile, folder};

/// Named tensors over one file or several shards.
///
/// Weights in fp8 are multiplied by the scale that is stored beside them; the scales themselves
/// are not among the names. Weights that are packed in other ways are refused when they are asked
/// for.
pub(super) struct Model {
    path: PathBuf,
    shards: Vec<TensorFile>,
    /// Tensor name to the shard that holds it.
    places: BTreeMap<String, usize>,
    /// Names for everybody: weights that are packed too, and no scales.
    names: BTreeSet<String>,
    blocks: Blocks,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Model {
    /// Opens a weight file of any format that [`TensorFile`] reads, an index of shards
    /// (`….index.json`), or a folder that holds `model.safetensors`,
    /// `diffusion_pytorch_model.safetensors` or `pytorch_model.bin`, with or without an index, or
    /// exactly one weight file.
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::open`]; [`Error::NotFound`] when the folder has no weights or a
    /// shard is missing; [`Error::Config`] when the index cannot be read or names a tensor that its
    /// shard has not.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = if path.is_dir() {
            folder::weights_in(path)?
        } else {
            path.to_path_buf()
        };
        if file
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            Self::open_index(path, &file)
        } else {
            let shards = vec![TensorFile::open(&file)?];
            Self::from_shards(path, &file, shards)
        }
    }

    /// The path that it was opened by: a file, an index or a folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The paths of its weight files: one, or every shard that the index names.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.shards.iter().map(TensorFile::path)
    }

    /// The names of all tensors in the order of their bytes. A packed weight has the name that it
    /// would have otherwise.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The shape of a tensor and the file that holds it, or `None` where no tensor has this name.
    pub(super) fn shape(&self, name: &str) -> Option<(&[usize], &Path)> {
        let shard = &self.shards[*self.places.get(name)?];
        shard.shape(name).map(|shape| (shape, shard.path()))
    }

    /// Whether it has a tensor of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Checks that a weight is stored as numbers of its own.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] when it is packed for bitsandbytes, GPTQ, AWQ or the like, or whole
    /// numbers without a rule.
    pub(super) fn check_plain(&self, name: &str) -> Result<()> {
        let has = |name: &str| self.places.contains_key(name);
        let shard = self.places.get(name).map(|&shard| &self.shards[shard]);
        let whole = shard.is_some_and(|shard| shard.is_integer(name));
        let kind = Quantisation::of(name, has).map(Quantisation::name);
        let Some(kind) = kind.or(whole.then_some("whole numbers")) else {
            return Ok(());
        };
        Err(Error::Unsupported {
            path: shard.map_or(self.path(), TensorFile::path).into(),
            feature: format!("weight `{name}`, which is quantised ({kind}),"),
            reason: "its numbers are not W".into(),
            remedy: "give the base in f32, f16, bf16 or fp8 with scales; the model that was quantised is best"
                .into(),
        })
    }

    /// Reads one matrix as [`TensorFile::matrix`] does. An fp8 weight is multiplied by its scale.
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::matrix`] and of [`Model::check_plain`], and [`Error::Tensor`]
    /// when a scale does not fit its weight.
    pub(super) fn matrix(&self, name: &str) -> Result<Array2<f64>> {
        let shard = self.shard(name)?;
        let mut matrix = shard.matrix(name)?;
        if let Some(scale) = self.scale(name, shard) {
            self.blocks
                .apply(&mut matrix, self.shard(&scale)?, &scale, None)?;
        }
        Ok(matrix)
    }

    /// Reads a tensor of any shape as a matrix of the same numbers, as [`TensorFile::matrix_as`]
    /// does.
    ///
    /// # Errors
    ///
    /// As [`Model::matrix`], and [`Error::Tensor`] when the count is another, or for an fp8
    /// weight that has a scale and another shape.
    pub(super) fn matrix_as(&self, name: &str, shape: (usize, usize)) -> Result<Array2<f64>> {
        let shard = self.shard(name)?;
        if shard.shape(name) == Some(&[shape.0, shape.1]) {
            return self.matrix(name);
        }
        if let Some(scale) = self.scale(name, shard) {
            return Err(self.error(
                name,
                format!("it has a scale (`{scale}`) and is not read as a {shape:?} matrix"),
                "scales are for matrices",
            ));
        }
        shard.matrix_as(name, shape)
    }

    /// Reads one expert's matrix, the part at `index` (from 0) of the first of three axes: d × e of
    /// an n × d × e tensor. The others are not read.
    ///
    /// # Errors
    ///
    /// As [`Model::matrix`] and [`TensorFile::matrix_at`].
    pub(super) fn expert(&self, name: &str, index: usize) -> Result<Array2<f64>> {
        let shard = self.shard(name)?;
        let mut matrix = shard.matrix_at(name, index)?;
        if let Some(scale) = self.scale(name, shard) {
            let scales = self.shard(&scale)?;
            self.blocks
                .apply(&mut matrix, scales, &scale, Some(index))?;
        }
        Ok(matrix)
    }

    /// The file that has a weight which can be read.
    fn shard(&self, name: &str) -> Result<&TensorFile> {
        self.check_plain(name)?;
        match self.places.get(name) {
            Some(&shard) => Ok(&self.shards[shard]),
            None => Err(self.error(
                name,
                "not in these weights".into(),
                "check that this is the right model",
            )),
        }
    }

    /// The scale of an fp8 weight, if it has one.
    fn scale(&self, name: &str, shard: &TensorFile) -> Option<String> {
        let candidates = SCALES.iter().filter(|_| shard.is_fp8(name));
        candidates
            .filter_map(|scale| scale.of(name))
            .find(|scale| self.places.contains_key(scale))
    }

    fn from_shards(path: &Path, file: &Path, shards: Vec<TensorFile>) -> Result<Self> {
        let mut places = BTreeMap::new();
        for (number, shard) in shards.iter().enumerate() {
            places.extend(shard.names().iter().map(|name| (name.clone(), number)));
        }
        let mut names: BTreeSet<String> = places.keys().cloned().collect();
        names.extend(
            places
                .keys()
                .filter_map(|name| Quantisation::weight_of(name)),
        );
        for (name, &shard) in &places {
            for scale in SCALES.iter().filter_map(|scale| scale.of(name)) {
                if shards[shard].is_fp8(name) {
                    names.remove(&scale);
                }
            }
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        Ok(Model {
            path: path.into(),
            shards,
            places,
            names,
            blocks: Blocks::beside(folder)?,
        })
    }

    fn open_index(path: &Path, index_path: &Path) -> Result<Self> {
        let bad = |problem: String| {
            Error::config(
                index_path,
                problem,
                "fetch the index and all its shards again, from one revision",
            )
        };
        let text = files::read_text(index_path)?;
        let index: Index =
            json::parse(&text).map_err(|error| bad(format!("not an index: {error}")))?;
        let folder = index_path.parent().unwrap_or(Path::new("."));
        let mut files: Vec<&String> = index.weight_map.values().collect();
        files.sort();
        files.dedup();
        if let Some(file) = files.iter().find(|file| !is_plain_name(file)) {
            return Err(bad(format!("shard {file:?} is not a file name")));
        }
        let shards = files
            .iter()
            .map(|file| TensorFile::open(&folder.join(file)))
            .collect::<Result<_>>()?;
        let checkpoint = Self::from_shards(path, index_path, shards)?;
        for (tensor, file) in &index.weight_map {
            let held = checkpoint
                .shape(tensor)
                .is_some_and(|(_, shard)| shard.ends_with(file));
            if !held {
                return Err(bad(format!(
                    "tensor `{tensor}` is not in `{file}`, as it says"
                )));
            }
        }
        Ok(checkpoint)
    }

    fn error(&self, tensor: &str, problem: String, remedy: &str) -> Error {
        Error::Tensor {
            path: self.path.clone(),
            tensor: tensor.into(),
            problem,
            remedy: remedy.into(),
        }
    }
}

/// An index must not lead out of its folder.
fn is_plain_name(file: &str) -> bool {
    Path::new(file).file_name().is_some_and(|name| name == file)
}
