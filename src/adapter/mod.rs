//! Tensors to `Adapter { module → ΔW }`, one file per layout. What has factors stays factored.

use std::ops::Range;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};

mod checkpoint;
mod cloneofsimo;
mod delta;
mod diffusers;
mod factors;
mod formula;
mod found;
mod keys;
mod kohya;
mod located;
mod loralib;
mod mlx;
mod names;
mod peft;
mod products;
mod refused;
mod torchtune;
mod update;

pub use delta::{Decomposed, Delta};
pub use names::{block_of, layer_of, natural_order, projection_of};

use update::Update;

/// How an adapter is to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// α to use instead of the one in the config (`--alpha`).
    pub alpha: Option<f64>,
    /// Whether ΔW includes the trained scale (`--no-scale` turns it off: s = 1).
    pub scaled: bool,
    /// Go on although tensors were not understood (`--allow-unmapped`).
    pub allow_unmapped: bool,
    /// The adapter as it was before training (`--init-adapter`), where its initialisation took a
    /// part out of the base.
    pub initial: Option<PathBuf>,
    /// Only look: where α is unknown go on with s = 1, and say so in
    /// [`Adapter::scale_is_known`].
    pub looking: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            alpha: None,
            scaled: true,
            allow_unmapped: false,
            initial: None,
            looking: false,
        }
    }
}

/// What a layout may ask of the base while it sorts tensors: names and shapes, no numbers.
pub trait BaseIndex: Sync {
    /// All tensor names.
    fn names(&self) -> Vec<&str>;
    /// The shape of a tensor.
    fn shape(&self, tensor: &str) -> Option<Vec<usize>>;
    /// The tensor that a module's parameter is stored as, although prefixes differ.
    fn find(&self, tensor: &str) -> Option<String>;
    /// Whether a linear layer's matrix, or a stack of them, is stored (in, out), as far as the
    /// model's type tells.
    fn is_turned(&self, tensor: &str) -> bool;
    /// Rows and columns of one expert of a 3-D parameter, as they are stored.
    fn expert(&self, parameter: &str) -> Option<(usize, usize)>;
}

/// Where a module's W is in the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The tensor as the adapter's paths give it: `MODULE.weight` most often.
    pub tensor: String,
    /// Which way round it is stored.
    pub stored: Stored,
    /// Which part of it is W.
    pub part: Part,
}

/// Which way round the base stores a weight. A square shape cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// (out, in), unless the base's model type says otherwise.
    Usual,
    /// (in, out) where the shape allows it, as GPT-2's `Conv1D` (`fan_in_fan_out`).
    Conv1d,
    /// (in, out): an embedding's rows are tokens.
    Transposed,
}

/// The part of a stored tensor that is a module's W.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// One matrix of a stack (expert, rows, columns).
    Expert(usize),
    /// q, k or v where the three stand one below the other and are adapted each by itself.
    Third(usize),
}

/// The slices of a fused projection: their names and their rows.
pub type Parts = Vec<(String, Vec<Range<usize>>)>;

/// Rows of a fused projection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// In the order in which the slice has them.
    pub rows: Vec<Range<usize>>,
    /// d_out of the fused projection.
    pub height: usize,
}

/// One module of an adapter as its file describes it; the numbers are read by [`Adapter::delta`].
#[derive(Debug, Clone)]
pub struct AdaptedModule {
    /// Full path, without `base_model.model.`; a slice of a fused projection has its name behind
    /// it (`….c_attn.q`).
    pub path: String,
    /// r; `None` where ΔW is a whole matrix.
    pub rank: Option<usize>,
    /// Width of the input.
    pub d_in: usize,
    /// Width of the output.
    pub d_out: usize,
    /// s of ΔW = s·B·A.
    pub scale: f64,
    /// Where its W is.
    pub target: Target,
    /// What it is a slice of, where it is one.
    pub slice: Option<Slice>,
    update: Update,
    /// What a layout knows of slices: rows and an update of their own.
    slots: Vec<(Range<usize>, Update)>,
    /// Whether `update` is that of the slice alone.
    is_slot: bool,
}

impl AdaptedModule {
    fn new(path: String, update: Update, scale: f64) -> Self {
        let (d_out, d_in) = update.dim();
        AdaptedModule {
            target: Target {
                tensor: format!("{path}.weight"),
                stored: Stored::Usual,
                part: Part::Whole,
            },
            path,
            rank: update.rank(),
            d_in,
            d_out,
            scale,
            slice: None,
            update,
            slots: Vec::new(),
            is_slot: false,
        }
    }

    /// Whether its ΔW is formed with W.
    pub fn needs_base(&self) -> bool {
        self.update.needs_base()
    }

    /// Of the fused projection's W this slice's rows; of another module's W all of it.
    pub fn rows_of(&self, w: Array2<f64>) -> Array2<f64> {
        match &self.slice {
            Some(slice) => delta::rows_of(w.view(), &slice.rows),
            None => w,
        }
    }

    /// A tensor of it, for messages.
    pub fn tensor(&self) -> &str {
        self.update.tensors().first().copied().unwrap_or("")
    }

    /// Rows of the same ΔW under a name of their own; `None` where nothing adapts them.
    pub fn sliced(&self, name: &str, rows: Vec<Range<usize>>) -> Option<Self> {
        let slot = self.slots.iter().find(|(range, _)| rows == [range.clone()]);
        let is_apart = |(range, _): &(Range<usize>, Update)| {
            rows.iter()
                .all(|part| part.end <= range.start || range.end <= part.start)
        };
        if !self.slots.is_empty() && self.slots.iter().all(is_apart) {
            return None;
        }
        let update = slot.map_or(&self.update, |(_, update)| update);
        Some(AdaptedModule {
            path: format!("{}.{name}", self.path),
            rank: update.rank(),
            d_out: rows.iter().map(Range::len).sum(),
            slice: Some(Slice {
                rows,
                height: self.d_out,
            }),
            update: update.clone(),
            is_slot: slot.is_some(),
            slots: Vec::new(),
            ..self.clone()
        })
    }
}

/// An adapter: which modules it changes, and where its tensors are.
#[derive(Debug)]
pub struct Adapter {
    root: PathBuf,
    weights: PathBuf,
    files: Vec<PathBuf>,
    /// What the file is, in a few words: `PEFT LoRA`.
    pub layout: &'static str,
    /// What gave the layout away.
    pub evidence: String,
    /// The base that the config names.
    pub base_name: Option<String>,
    /// How s was found, in words.
    pub scale_rule: String,
    /// Whether it was: only somebody who looks goes on without.
    pub scale_is_known: bool,
    /// Adapted modules, in natural order of their paths.
    pub modules: Vec<AdaptedModule>,
    /// Modules whose trained weight travels whole beside the factors (a head): measured where
    /// somebody names them.
    pub replacements: Vec<AdaptedModule>,
    /// Full tensors that travel with the adapter (trained heads, biases): no factors of a ΔW.
    pub replaced: Vec<String>,
    /// Tensors that were not understood.
    pub unmapped: Vec<String>,
    /// What a reader of the results must know.
    pub notes: Vec<String>,
}

impl Adapter {
    /// Opens an adapter without its base; see [`Adapter::open_on`].
    ///
    /// # Errors
    ///
    /// As [`Adapter::open_on`].
    pub fn open(path: &Path, options: &ReadOptions) -> Result<Self> {
        Self::open_on(path, options, None)
    }

    /// Opens an adapter folder or weight file of any layout, and checks everything that can be told
    /// from names and shapes. Some layouts name their modules only by the base's help.
    ///
    /// # Errors
    ///
    /// One for each way a folder can be wrong: no config, α missing, A without B, shapes that do
    /// not multiply, ranks that contradict, fields that change ΔW and are not supported, tensors
    /// that were not understood (unless allowed), a damaged file.
    pub fn open_on(
        path: &Path,
        options: &ReadOptions,
        base: Option<&dyn BaseIndex>,
    ) -> Result<Self> {
        found::open(path, options, base)
    }

    /// The folder or file as given.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The weight file.
    pub fn weights(&self) -> &Path {
        &self.weights
    }

    /// All files that were read for it: configs and weights, its own and those of the adapter as it
    /// was before training.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The description of one module.
    pub fn module(&self, path: &str) -> Option<&AdaptedModule> {
        let mut all = self.modules.iter().chain(&self.replacements);
        all.find(|module| module.path == path)
    }

    /// Largest rank over the modules that have factors.
    pub fn rank(&self) -> usize {
        let ranks = self.modules.iter().filter_map(|module| module.rank);
        ranks.max().unwrap_or(0)
    }

    /// How many numbers were trained as factors, Σ r·(d_in + d_out) over its modules; `None` where a
    /// module's ΔW is more than two factors as they are stored. To be asked before
    /// [`Adapter::split`], as slices of a fused projection share a factor.
    pub fn factor_entries(&self) -> Option<u64> {
        let entries = |module: &AdaptedModule| match &module.update {
            Update::Product { b, a } if b.is_stored() && a.is_stored() => {
                let (d_out, rank) = b.dim();
                Some((rank * (d_out + a.dim().1)) as u64)
            }
            _ => None,
        };
        self.modules.iter().map(entries).sum()
    }

    /// Reads ΔW of one module in f64, as factors where it has some. `base` is W as d_out × d_in, of
    /// the whole fused projection where the module is a slice of one; it is needed where
    /// [`AdaptedModule::needs_base`]. Of a ΔW without factors `directions` will be asked for.
    ///
    /// # Errors
    ///
    /// [`Error::Tensor`] for a NaN or an infinity, and when the adapter has no such module or W is
    /// needed and not there.
    pub fn delta(
        &self,
        path: &str,
        base: Option<ArrayView2<f64>>,
        directions: usize,
    ) -> Result<Delta> {
        let module = self.module(path).ok_or_else(|| Error::Tensor {
            path: self.weights.clone(),
            tensor: path.into(),
            problem: "no such module in this adapter".into(),
            remedy: "`inspect` lists its modules".into(),
        })?;
        let delta = module.update.delta(module.scale, base, directions)?;
        match &module.slice {
            Some(slice) if !module.is_slot => delta.rows(&slice.rows),
            _ => Ok(delta),
        }
    }

    /// Refuses an adapter whose every ΔW is zero: it has no directions. (A single such module has
    /// its rows left empty later.)
    ///
    /// # Errors
    ///
    /// [`Error::Untrained`].
    pub fn check_trained(&self) -> Result<()> {
        for module in &self.modules {
            if !module.update.is_zero()? {
                return Ok(());
            }
        }
        let first = self.modules.first();
        Err(Error::Untrained {
            path: self.weights.clone(),
            tensor: first.map_or(String::new(), |module| module.tensor().into()),
            modules: self.modules.len(),
        })
    }

    /// Puts slices in the place of each fused projection that `parts` knows: their names and rows.
    pub fn split(&mut self, parts: &dyn Fn(&AdaptedModule) -> Parts) {
        let split = |module: &AdaptedModule| match parts(module) {
            parts if parts.is_empty() => vec![module.clone()],
            parts => parts
                .into_iter()
                .filter_map(|(name, rows)| module.sliced(&name, rows))
                .collect(),
        };
        let modules: Vec<_> = self.modules.iter().flat_map(split).collect();
        let fused = self
            .modules
            .iter()
            .filter(|one| modules.iter().all(|two| two.path != one.path));
        let shared = fused
            .clone()
            .filter(|module| module.slots.is_empty())
            .count();
        if let (Some(first), true) = (fused.clone().next(), shared > 0) {
            self.notes.push(format!(
                "{shared} fused modules such as `{}` are cut into slices, which share one A: in the \
                 basis a their directions are the same",
                first.path
            ));
        }
        self.modules = modules;
    }
}
