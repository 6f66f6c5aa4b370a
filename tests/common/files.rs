//! Files of tensors that a test makes, and files of this repository.
#![allow(dead_code, reason = "each test crate uses a part of this")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, TensorView};

/// The repository, from whichever of its packages is tested.
pub(crate) fn repository() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let above = package.ancestors();
    let mut repositories = above.filter(|folder| folder.join("tests/golden").is_dir());
    repositories
        .next()
        .expect("tests/golden is in the repository")
}

/// A file or folder of `tests/golden`.
pub(crate) fn golden(name: &str) -> PathBuf {
    repository().join("tests/golden").join(name)
}

/// Named f32 tensors that can be saved as a safetensors file.
#[derive(Clone, Default)]
pub(crate) struct Tensors(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Tensors {
    /// Adds a tensor whose entries are small and irregular; rows of two `salt` are not alike.
    pub(crate) fn with(mut self, name: &str, shape: &[usize], salt: u32) -> Self {
        let count = shape.iter().product::<usize>() as u32;
        let values = (0..count)
            .map(|n| ((n * n + 3 * n + salt * 17) as f32 * 0.37 + (n * salt) as f32 * 0.731).sin())
            .collect();
        self.0.insert(name.into(), (shape.to_vec(), values));
        self
    }

    /// Adds a tensor with every entry the same.
    pub(crate) fn constant(mut self, name: &str, shape: &[usize], value: f32) -> Self {
        self.0.insert(
            name.into(),
            (shape.to_vec(), vec![value; shape.iter().product()]),
        );
        self
    }

    /// Adds a tensor with the numbers of a matrix.
    pub(crate) fn values(
        mut self,
        name: &str,
        shape: &[usize],
        matrix: &ndarray::Array2<f64>,
    ) -> Self {
        let values = matrix.iter().map(|x| *x as f32).collect();
        self.0.insert(name.into(), (shape.to_vec(), values));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        assert!(self.0.remove(name).is_some(), "there is no {name}");
        self
    }

    pub(crate) fn save(&self, path: &Path) {
        self.save_with(path, &[]);
    }

    /// Saves with entries in the file's own metadata.
    pub(crate) fn save_with(&self, path: &Path, metadata: &[(&str, &str)]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = self
            .0
            .iter()
            .map(|(name, (shape, values))| {
                let bytes = values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect();
                (name.clone(), shape.clone(), bytes)
            })
            .collect();
        let views = bytes.iter().map(|(name, shape, bytes)| {
            (
                name.clone(),
                TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap(),
            )
        });
        let entries = metadata.iter();
        let metadata = entries.map(|(key, value)| (key.to_string(), value.to_string()));
        let metadata = (metadata.len() > 0).then(|| metadata.collect());
        fs::write(path, safetensors::serialize(views, metadata).unwrap()).unwrap();
    }
}
