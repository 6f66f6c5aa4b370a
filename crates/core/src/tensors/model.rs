//! The weights of one model, in one file or many.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use ndarray::Array2;

use crate::error::{Error, Result};

use super::quantised::{Blocks, Quantisation, SCALES};
use super::{Shards, StoredRows, TensorFile};

/// Named tensors over one file or several shards.
///
/// Weights in fp8 are multiplied by the scale that is stored beside them; the scales themselves
/// are not among the names. Weights that are packed in other ways are refused when they are asked
/// for.
pub(super) struct Model {
    files: Arc<Shards>,
    /// Names for everybody: weights that are packed too, and no scales.
    names: BTreeSet<String>,
    blocks: Blocks,
}

impl Model {
    /// Weights that are open.
    ///
    /// # Errors
    ///
    /// When there is a config beside them that cannot be read.
    pub(super) fn of(files: Arc<Shards>) -> Result<Self> {
        let all = files.names();
        let mut names: BTreeSet<String> = all.iter().cloned().collect();
        names.extend(all.iter().filter_map(|name| Quantisation::weight_of(name)));
        for name in all {
            if files.file(name).is_some_and(|file| file.is_fp8(name)) {
                for scale in SCALES.iter().filter_map(|scale| scale.of(name)) {
                    names.remove(&scale);
                }
            }
        }
        let folder = files.path().parent().unwrap_or(Path::new(""));
        Ok(Model {
            blocks: Blocks::beside(folder)?,
            names,
            files,
        })
    }

    /// All files together.
    pub(super) fn files(&self) -> &Arc<Shards> {
        &self.files
    }

    /// The path that it was opened by: a file, an index or a folder.
    pub(super) fn path(&self) -> &Path {
        self.files.given()
    }

    /// The names of all tensors in the order of their bytes. A packed weight has the name that it
    /// would have otherwise.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The shape of a tensor and the file that holds it, or `None` where no tensor has this name.
    pub(super) fn shape(&self, name: &str) -> Option<(&[usize], &Path)> {
        let file = self.files.file(name)?;
        file.shape(name).map(|shape| (shape, file.path()))
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
        let has = |name: &str| self.files.file(name).is_some();
        let shard = self.files.file(name);
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

    /// A matrix, or one of a stack, whose rows are read some at a time; `None` where it has to be read
    /// whole.
    pub(super) fn rows<'a>(
        &'a self,
        name: &'a str,
        index: Option<usize>,
        shape: (usize, usize),
    ) -> Result<Option<StoredRows<'a>>> {
        let shard = self.shard(name)?;
        Ok(match self.scale(name, shard) {
            Some(_) => None,
            None => StoredRows::of(shard, name, index, shape),
        })
    }

    /// The file that has a weight which can be read.
    fn shard(&self, name: &str) -> Result<&TensorFile> {
        self.check_plain(name)?;
        self.files.file(name).ok_or_else(|| {
            let problem = "not in these weights".into();
            self.error(name, problem, "check that this is the right model")
        })
    }

    /// The scale of an fp8 weight, if it has one.
    fn scale(&self, name: &str, shard: &TensorFile) -> Option<String> {
        let candidates = SCALES.iter().filter(|_| shard.is_fp8(name));
        candidates
            .filter_map(|scale| scale.of(name))
            .find(|scale| self.files.file(scale).is_some())
    }

    fn error(&self, tensor: &str, problem: String, remedy: &str) -> Error {
        Error::Tensor {
            path: self.path().into(),
            tensor: tensor.into(),
            problem,
            remedy: remedy.into(),
        }
    }
}
