//! A model's weights: one safetensors file or many with an index.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ndarray::Array2;
use serde::Deserialize;

use crate::error::{Error, Result};

use super::TensorFile;

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// Named tensors over one file or several shards.
pub struct Checkpoint {
    path: PathBuf,
    shards: Vec<TensorFile>,
    /// Tensor name to the shard that holds it.
    places: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Checkpoint {
    /// Opens a `.safetensors` file, a `.safetensors.index.json`, or a folder that holds
    /// `model.safetensors.index.json`, `model.safetensors` or exactly one `.safetensors` file.
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::open`]; [`Error::NotFound`] when the folder has no weights or a
    /// shard is missing; [`Error::Config`] when the index cannot be read or names a tensor that its
    /// shard has not.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Error::NotFound {
                path: path.into(),
                problem: "no such file or folder".into(),
                remedy: "give a folder with model.safetensors, or the file itself".into(),
            });
        }
        let file = if path.is_dir() {
            weights_in(path)?
        } else {
            path.to_path_buf()
        };
        if file
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            Self::open_index(path, &file)
        } else {
            Ok(Self::from_shards(path, vec![TensorFile::open(&file)?]))
        }
    }

    /// The path as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All tensor names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The shape of a tensor and the file that holds it.
    pub fn shape(&self, name: &str) -> Option<(&[usize], &Path)> {
        let shard = &self.shards[*self.places.get(name)?];
        shard.shape(name).map(|shape| (shape, shard.path()))
    }

    /// One matrix in f64; see [`TensorFile::matrix`].
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::matrix`].
    pub fn matrix(&self, name: &str) -> Result<Array2<f64>> {
        match self.places.get(name) {
            Some(&shard) => self.shards[shard].matrix(name),
            None => Err(Error::Tensor {
                path: self.path.clone(),
                tensor: name.into(),
                problem: "not in these weights".into(),
                remedy: "check that this is the right model".into(),
            }),
        }
    }

    /// A tensor of any shape, its numbers row by row in a matrix of the given one.
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::matrix_as`].
    pub fn matrix_as(&self, name: &str, dim: (usize, usize)) -> Result<Array2<f64>> {
        match self.places.get(name) {
            Some(&shard) => self.shards[shard].matrix_as(name, dim),
            None => self.matrix(name),
        }
    }

    /// One matrix of a stack of them (expert, rows, columns).
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::matrix_as`].
    pub fn expert(&self, name: &str, expert: usize) -> Result<Array2<f64>> {
        let shape = self.shape(name).map(|(shape, _)| shape.to_vec());
        let Some([experts, rows, columns]) = shape.as_deref() else {
            return self.matrix(name);
        };
        let all = self.matrix_as(name, (experts * rows, *columns))?;
        Ok(all
            .slice(ndarray::s![expert * rows..(expert + 1) * rows, ..])
            .to_owned())
    }

    fn from_shards(path: &Path, shards: Vec<TensorFile>) -> Self {
        let mut places = BTreeMap::new();
        for (number, shard) in shards.iter().enumerate() {
            places.extend(shard.names().iter().map(|name| (name.clone(), number)));
        }
        Checkpoint {
            path: path.into(),
            shards,
            places,
        }
    }

    fn open_index(path: &Path, index_path: &Path) -> Result<Self> {
        let bad = |problem: String| Error::Config {
            path: index_path.into(),
            problem,
            remedy: "fetch the index and all its shards again, from one revision".into(),
        };
        let text = fs::read_to_string(index_path).map_err(|source| Error::Io {
            path: index_path.into(),
            action: "read",
            source,
            remedy: "check that you may read it",
        })?;
        let index: Index =
            serde_json::from_str(&text).map_err(|error| bad(format!("not an index: {error}")))?;
        let folder = index_path.parent().unwrap_or(Path::new("."));
        let mut files: Vec<&String> = index.weight_map.values().collect();
        files.sort();
        files.dedup();
        if let Some(file) = files.iter().find(|file| !is_plain_name(file)) {
            return Err(bad(format!("shard `{file}` is not a file name")));
        }
        let shards = files
            .iter()
            .map(|file| TensorFile::open(&folder.join(file)))
            .collect::<Result<_>>()?;
        let checkpoint = Self::from_shards(path, shards);
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
}

/// An index must not lead out of its folder.
fn is_plain_name(file: &str) -> bool {
    Path::new(file).file_name().is_some_and(|name| name == file)
}

fn weights_in(folder: &Path) -> Result<PathBuf> {
    for name in [INDEX, SINGLE] {
        if folder.join(name).is_file() {
            return Ok(folder.join(name));
        }
    }
    let entries = fs::read_dir(folder).map_err(|source| Error::Io {
        path: folder.into(),
        action: "list",
        source,
        remedy: "check that you may read it",
    })?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|file| {
            file.extension()
                .is_some_and(|extension| extension == "safetensors")
        })
        .collect();
    files.sort();
    match files.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Error::NotFound {
            path: folder.into(),
            problem: format!("neither {INDEX} nor {SINGLE} nor another .safetensors file"),
            remedy: "give the folder of the base model (torch .bin weights: save them as safetensors first)"
                .into(),
        }),
        several => Err(Error::NotFound {
            path: folder.into(),
            problem: format!("{} .safetensors files and no {INDEX}", several.len()),
            remedy: "name the file that is meant".into(),
        }),
    }
}
