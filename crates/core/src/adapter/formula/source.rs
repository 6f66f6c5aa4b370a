//! Where the tensors of a formula are.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::linalg::largest;
use crate::tensors::{Checkpoint, Shards};

use super::held::Held;

/// A tensor of some files.
#[derive(Clone)]
pub(super) struct Leaf {
    source: Source,
    pub(super) name: String,
}

/// Where tensors are.
#[derive(Clone)]
pub(in crate::adapter) enum Source {
    /// As they are stored, in whichever file.
    Files(Arc<Shards>),
    /// As a model's: times the scales that are stored beside them.
    Model(Arc<Checkpoint>),
    /// As a program holds them.
    Held(Arc<Held>),
}

impl Source {
    /// A tensor's shape, if it is there.
    pub(in crate::adapter) fn shape(&self, name: &str) -> Option<&[usize]> {
        match self {
            Source::Files(files) => files.shape(name),
            Source::Model(model) => model.shape(name).map(|(shape, _)| shape),
            Source::Held(held) => held.shape(name),
        }
    }

    fn path(&self, name: &str) -> &Path {
        match self {
            Source::Files(files) => files.path_of(name),
            Source::Model(model) => model.shape(name).map_or(model.path(), |(_, path)| path),
            Source::Held(held) => held.path(),
        }
    }
}

/// The largest entries of tensors, each looked for once: slices of a fused projection share one.
#[derive(Default)]
pub(in crate::adapter) struct Largest {
    known: Mutex<BTreeMap<(PathBuf, String), f64>>,
    /// Held while a whole matrix is: of those there is one at a time.
    whole: Mutex<()>,
}

impl Largest {
    pub(super) fn of(&self, leaf: &Leaf, dim: (usize, usize)) -> Result<f64> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (leaf.path().to_path_buf(), leaf.name.clone());
        if let Some(&found) = known().get(&key) {
            return Ok(found);
        }
        let found = match &leaf.source {
            Source::Files(files) => files.largest(&leaf.name)?,
            Source::Model(_) => self.of_whole(|| leaf.matrix(dim))?,
            Source::Held(held) => largest(&held.matrix(&leaf.name)),
        };
        known().insert(key, found);
        Ok(found)
    }

    /// Of one matrix of a stack of them.
    pub(super) fn of_part(&self, leaf: &Leaf, index: usize) -> Result<f64> {
        self.of_whole(|| leaf.part(index))
    }

    fn of_whole(&self, read: impl FnOnce() -> Result<Array2<f64>>) -> Result<f64> {
        let _whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(largest(&read()?))
    }
}

impl fmt::Debug for Leaf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

impl Leaf {
    /// A tensor by its name, whether it is there or not.
    pub(super) fn new(source: &Source, name: &str) -> Self {
        Leaf {
            source: source.clone(),
            name: name.into(),
        }
    }

    /// The tensor's shape, if it is there.
    pub(super) fn shape(&self) -> Option<&[usize]> {
        self.source.shape(&self.name)
    }

    /// Reads it as a matrix of these sides.
    pub(super) fn matrix(&self, dim: (usize, usize)) -> Result<Array2<f64>> {
        match &self.source {
            Source::Files(files) => files.matrix_as(&self.name, dim),
            Source::Model(model) => model.matrix_as(&self.name, dim),
            Source::Held(held) => Ok(held.matrix(&self.name)),
        }
    }

    /// Whether all its numbers are zero.
    pub(super) fn is_zero(&self, dim: (usize, usize)) -> Result<bool> {
        match &self.source {
            Source::Files(files) => files.is_zero(&self.name),
            Source::Model(_) => Ok(self.matrix(dim)?.iter().all(|&x| x == 0.0)),
            Source::Held(held) => Ok(held.view(&self.name).iter().all(|&x| x == 0.0)),
        }
    }

    /// The file that it is in.
    pub(super) fn path(&self) -> &Path {
        self.source.path(&self.name)
    }

    /// Reads one matrix of a stack of them.
    pub(super) fn part(&self, index: usize) -> Result<Array2<f64>> {
        match &self.source {
            Source::Files(files) => files.matrix_at(&self.name, index),
            Source::Model(model) => model.expert(&self.name, index),
            Source::Held(_) => {
                let problem = format!("a matrix, which has no part {index}");
                Err(self.error(problem, "give each matrix by itself"))
            }
        }
    }

    /// An error about it.
    pub(super) fn error(&self, problem: String, remedy: &str) -> Error {
        Error::Tensor {
            path: self.path().into(),
            tensor: self.name.clone(),
            problem,
            remedy: remedy.into(),
        }
    }
}
