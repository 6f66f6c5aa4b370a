//! Tensors by their names, whichever files of one set they lie in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayD};

use crate::error::{Error, Result};
use crate::files::InputFile;

use super::index::Index;
use super::sets::{self, Set};
use super::{TensorFile, folder};

/// The tensors of one weight file, or of all shards of one set.
///
/// It answers as [`TensorFile`] does: nobody who reads an adapter sees in how many files it lies.
/// A tensor that two shards have must be the same in both.
pub struct Shards {
    path: PathBuf,
    index: Option<InputFile>,
    files: Vec<TensorFile>,
    missing: Vec<String>,
    /// Tensor name to the file that holds it.
    places: BTreeMap<String, usize>,
    names: Vec<String>,
    metadata: BTreeMap<String, String>,
    /// The first entry of the metadata that two files have differently, and the second of them.
    contradiction: Option<(PathBuf, String)>,
}

impl Shards {
    /// Opens a weight file, an index of shards, a folder with a model's weights, or one file of a set
    /// whose names count (`model-00001-of-00003.safetensors`), which is all of that set.
    ///
    /// Of a set that a single file is given of, files may be [missing](Shards::lacks).
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::open`]; [`Error::NotFound`] for a folder without weights or without a
    /// file that the others count; [`Error::Config`] for an index that is none or lies.
    pub fn open(path: &Path) -> Result<Self> {
        let inside = path.is_dir();
        let place = if inside { path } else { parent(path) };
        let set = if inside {
            folder::weights_in(path)?
        } else if path.extension().is_some_and(|ending| ending == "json") {
            return Self::indexed(path, path);
        } else {
            match path.file_name().and_then(|name| name.to_str()) {
                Some(name) => sets::set_of(name, || names_beside(place)),
                None => return Self::joined(path, None, vec![TensorFile::open(path)?]),
            }
        };
        if set.missing.is_empty() || inside {
            return Self::of_set(place, path, set);
        }
        let missing = set.missing;
        let file = TensorFile::open(path)?;
        Ok(Shards {
            missing,
            ..Self::joined(path, None, vec![file])?
        })
    }

    /// Opens a set of files in a folder; `path` is what was given.
    ///
    /// # Errors
    ///
    /// Those of [`Shards::open`].
    pub(crate) fn of_set(folder: &Path, path: &Path, set: Set) -> Result<Self> {
        if let Some(lacks) = set.lacks() {
            return Err(folder::incomplete(folder, &lacks));
        }
        if let Some(index) = &set.index {
            return Self::indexed(path, &folder.join(index));
        }
        let files = set.files.iter();
        let files = files.map(|file| TensorFile::open(&folder.join(file)));
        Self::joined(path, None, files.collect::<Result<_>>()?)
    }

    fn indexed(path: &Path, index_path: &Path) -> Result<Self> {
        let index = Index::read(index_path)?;
        let files = index.files().into_iter();
        let files = files.map(|file| TensorFile::open(&parent(index_path).join(file)));
        let files: Vec<TensorFile> = files.collect::<Result<_>>()?;
        index.check(&files)?;
        Self::joined(path, Some(index.input), files)
    }

    /// The tensors of files that are open.
    pub(super) fn joined(
        path: &Path,
        index: Option<InputFile>,
        files: Vec<TensorFile>,
    ) -> Result<Self> {
        let (mut places, mut names) = (BTreeMap::new(), Vec::new());
        let mut metadata: BTreeMap<String, String> = BTreeMap::new();
        let mut contradiction = None;
        for (number, file) in files.iter().enumerate() {
            for (key, value) in file.metadata() {
                let first = metadata.entry(key.clone()).or_insert(value.clone());
                if first != value && contradiction.is_none() {
                    let problem = format!(
                        "{key} of its metadata is {value:?}, where another shard of the set has {first:?}"
                    );
                    contradiction = Some((file.path().to_path_buf(), problem));
                }
            }
            for name in file.names() {
                let Some(&held) = places.get(name) else {
                    places.insert(name.clone(), number);
                    names.push(name.clone());
                    continue;
                };
                let held: &TensorFile = &files[held];
                if !held.has_same(name, file)? {
                    return Err(twice(name, held, file));
                }
            }
        }
        Ok(Shards {
            path: path.into(),
            index,
            files,
            missing: Vec::new(),
            places,
            names,
            metadata,
            contradiction,
        })
    }

    /// The path that it was opened by: a file, an index or a folder.
    pub fn given(&self) -> &Path {
        &self.path
    }

    /// The file; of several the index, or the first.
    pub fn path(&self) -> &Path {
        match (&self.index, self.files.first()) {
            (Some(index), _) => index.path(),
            (None, Some(first)) => first.path(),
            (None, None) => &self.path,
        }
    }

    /// The file that holds a tensor; see [`Shards::path`] where there is none of this name.
    pub fn path_of(&self, name: &str) -> &Path {
        self.file(name).map_or(self.path(), TensorFile::path)
    }

    /// The file that holds a tensor.
    pub fn file(&self, name: &str) -> Option<&TensorFile> {
        Some(&self.files[*self.places.get(name)?])
    }

    /// All files, in the order of their names.
    pub fn files(&self) -> &[TensorFile] {
        &self.files
    }

    /// What was read: the index, and all files. Of an archive it is the archive, once.
    pub fn inputs(&self) -> Vec<InputFile> {
        let files = self.files.iter().map(TensorFile::input);
        let mut inputs: Vec<InputFile> = self.index.iter().cloned().chain(files).collect();
        inputs.dedup_by(|one, other| one.path() == other.path());
        inputs
    }

    /// In words, which files of the set are missing, as the names of the others count.
    pub fn lacks(&self) -> Option<String> {
        sets::in_words(&self.missing)
    }

    /// Whether it is called so: a file, or its index, without endings and its place in the set.
    pub fn is_called(&self, is: impl Fn(&str) -> bool) -> bool {
        let index = self.index.iter().map(InputFile::path);
        let mut paths = index.chain(self.files.iter().map(TensorFile::path));
        paths.any(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            is(sets::stem(&name))
        })
    }

    /// The tensors' names, file by file, each as [`TensorFile::names`] gives them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The shape of a tensor, or `None` where no tensor has this name.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.file(name)?.shape(name)
    }

    /// The metadata of all files; of a key that several have, the first's value.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Refuses files whose metadata contradict each other, for those who read numbers there.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] with the key and both values.
    pub(crate) fn check_metadata(&self) -> Result<()> {
        let Some((path, problem)) = &self.contradiction else {
            return Ok(());
        };
        let remedy = "fetch all shards again, from one revision, or correct the wrong entry";
        Err(Error::config(path, problem.clone(), remedy))
    }

    /// What a pickle holds beside tensors, see [`TensorFile::values`]; of several files the first that
    /// has it.
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut found = self.files.iter().filter_map(|file| file.values().get(name));
        found.next().map(String::as_str)
    }

    /// Whether a tensor is stored in whole numbers.
    pub(crate) fn is_integer(&self, name: &str) -> bool {
        self.file(name).is_some_and(|file| file.is_integer(name))
    }

    /// See [`TensorFile::matrix`].
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::matrix`].
    pub fn matrix(&self, name: &str) -> Result<Array2<f64>> {
        self.holder(name)?.matrix(name)
    }

    /// See [`TensorFile::matrix_as`].
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::matrix_as`].
    pub fn matrix_as(&self, name: &str, shape: (usize, usize)) -> Result<Array2<f64>> {
        self.holder(name)?.matrix_as(name, shape)
    }

    /// See [`TensorFile::matrix_at`].
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::matrix_at`].
    pub fn matrix_at(&self, name: &str, index: usize) -> Result<Array2<f64>> {
        self.holder(name)?.matrix_at(name, index)
    }

    /// See [`TensorFile::array`].
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::array`].
    pub fn array(&self, name: &str) -> Result<ArrayD<f64>> {
        self.holder(name)?.array(name)
    }

    /// See [`TensorFile::scalar`].
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::scalar`].
    pub fn scalar(&self, name: &str) -> Result<f64> {
        self.holder(name)?.scalar(name)
    }

    /// See [`TensorFile::is_zero`].
    ///
    /// # Errors
    ///
    /// Those of [`TensorFile::is_zero`].
    pub fn is_zero(&self, name: &str) -> Result<bool> {
        self.holder(name)?.is_zero(name)
    }

    /// See [`TensorFile::largest`].
    pub(crate) fn largest(&self, name: &str) -> Result<f64> {
        self.holder(name)?.largest(name)
    }

    fn holder(&self, name: &str) -> Result<&TensorFile> {
        self.file(name).ok_or_else(|| Error::Tensor {
            path: self.path().into(),
            tensor: name.into(),
            problem: "not in this file".into(),
            remedy: "check the file that names it".into(),
        })
    }
}

fn twice(name: &str, one: &TensorFile, other: &TensorFile) -> Error {
    Error::Tensor {
        path: other.path().into(),
        tensor: name.into(),
        problem: format!(
            "{} has different numbers under this name, and both are shards of one set",
            one.path().display()
        ),
        remedy: "fetch all shards again, from one revision, or give one of the files in a folder of its own".into(),
    }
}

/// The folder that a file lies in.
fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// The names of the files of a folder, none where it cannot be listed.
fn names_beside(folder: &Path) -> Vec<String> {
    let here = folder.as_os_str().is_empty();
    let folder = if here { Path::new(".") } else { folder };
    folder::names_in(folder).unwrap_or_default()
}
