//! Tensors to `Adapter { module → ΔW }`, one file per layout. ΔW = s·B·A stays factored.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::tensors::TensorFile;

mod delta;
mod names;
mod peft;
mod peft_config;

pub use delta::Delta;
pub use names::{layer_of, natural_order, projection_of};

/// How an adapter is to be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadOptions {
    /// α to use instead of the one in the config (`--alpha`).
    pub alpha: Option<f64>,
    /// Whether ΔW includes the trained scale (`--no-scale` turns it off: s = 1).
    pub scaled: bool,
    /// Go on although tensors were not understood (`--allow-unmapped`).
    pub allow_unmapped: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            alpha: None,
            scaled: true,
            allow_unmapped: false,
        }
    }
}

/// One module of an adapter as its file describes it; the numbers are read by [`Adapter::delta`].
#[derive(Debug, Clone, PartialEq)]
pub struct AdaptedModule {
    /// Full path, without `base_model.model.`.
    pub path: String,
    /// Name of the tensor with factor A (r × d_in).
    pub a: String,
    /// Name of the tensor with factor B (d_out × r).
    pub b: String,
    /// r.
    pub rank: usize,
    /// Width of the input.
    pub d_in: usize,
    /// Width of the output.
    pub d_out: usize,
    /// s of ΔW = s·B·A.
    pub scale: f64,
}

/// A low-rank adapter: which modules it changes, and where its factors are.
pub struct Adapter {
    file: TensorFile,
    root: PathBuf,
    /// What the file is, in a few words: `PEFT LoRA`.
    pub layout: &'static str,
    /// What gave the layout away.
    pub evidence: String,
    /// The base that the config names.
    pub base_name: Option<String>,
    /// How s was found, in words.
    pub scale_rule: String,
    /// Base weights are stored (in, out), as GPT-2's `Conv1D` does.
    pub fan_in_fan_out: bool,
    /// Adapted modules, in natural order of their paths.
    pub modules: Vec<AdaptedModule>,
    /// Full tensors that travel with the adapter (trained heads, biases): no factors of a ΔW.
    pub replaced: Vec<String>,
    /// Tensors that were not understood.
    pub unmapped: Vec<String>,
}

impl Adapter {
    /// Opens an adapter folder, or its weight file with the config beside it, and checks everything
    /// that can be told from names and shapes.
    ///
    /// # Errors
    ///
    /// One for each way a folder can be wrong: no config, α missing, A without B, shapes that do
    /// not multiply, ranks that contradict, fields that change ΔW and are not supported, a damaged
    /// file.
    pub fn open(path: &Path, options: &ReadOptions) -> Result<Self> {
        peft::open(path, options)
    }

    /// The folder or file as given.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The weight file.
    pub fn weights(&self) -> &Path {
        self.file.path()
    }

    /// The description of one module.
    pub fn module(&self, path: &str) -> Option<&AdaptedModule> {
        self.modules.iter().find(|module| module.path == path)
    }

    /// Largest rank over the modules.
    pub fn rank(&self) -> usize {
        self.modules
            .iter()
            .map(|module| module.rank)
            .max()
            .unwrap_or(0)
    }

    /// Reads ΔW of one module, as factors in f64.
    ///
    /// # Errors
    ///
    /// [`Error::Tensor`] for a NaN or an infinity, and when the adapter has no such module.
    pub fn delta(&self, path: &str) -> Result<Delta> {
        let module = self.module(path).ok_or_else(|| Error::Tensor {
            path: self.weights().into(),
            tensor: path.into(),
            problem: "no such module in this adapter".into(),
            remedy: "`inspect` lists its modules".into(),
        })?;
        Delta::new(
            self.file.matrix(&module.b)?,
            self.file.matrix(&module.a)?,
            module.scale,
        )
    }

    /// Refuses an adapter whose every B is zero: it has no directions. (A single such module has its
    /// rows left empty later.)
    ///
    /// # Errors
    ///
    /// [`Error::Untrained`].
    pub fn check_trained(&self) -> Result<()> {
        for module in &self.modules {
            if !self.file.is_zero(&module.b)? {
                return Ok(());
            }
        }
        Err(Error::Untrained {
            path: self.weights().into(),
            tensor: self
                .modules
                .first()
                .map(|module| module.b.clone())
                .unwrap_or_default(),
            modules: self.modules.len(),
        })
    }
}
