//! Tensors that a program holds, beside those of files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{ArcArray2, Array2, ArrayView2};

/// Matrices by their names. Clones of one share the numbers.
#[derive(Debug)]
pub(in crate::adapter) struct Held {
    /// What messages name in place of a file.
    path: PathBuf,
    tensors: BTreeMap<String, ArcArray2<f64>>,
}

impl Held {
    /// The tensors of something with this name.
    pub(in crate::adapter) fn new(
        path: impl Into<PathBuf>,
        tensors: BTreeMap<String, ArcArray2<f64>>,
    ) -> Self {
        Held {
            path: path.into(),
            tensors,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|matrix| matrix.shape())
    }

    /// The numbers of a tensor; none of one that is not there.
    pub(super) fn view(&self, name: &str) -> ArrayView2<'_, f64> {
        let found = self.tensors.get(name).map(|matrix| matrix.view());
        found.unwrap_or_else(|| ArrayView2::from_shape((0, 0), &[]).expect("no numbers fit 0 × 0"))
    }

    pub(super) fn matrix(&self, name: &str) -> Array2<f64> {
        self.view(name).as_standard_layout().into_owned()
    }
}
