//! A module that an adapter changes, and where its W is in the base.

use std::collections::BTreeSet;
use std::ops::Range;

use ndarray::Array2;

use crate::error::{Error, Result};

use super::component;
use super::delta;
use super::formula::Formula;
use super::names;
use super::rename::Rename;
use super::update::Update;

/// A base on which an adapter can be laid.
pub trait BaseIndex: Sync {
    /// The base with an adapter laid on it as a whole. `tensors` are the weights that the adapter
    /// changes, by its own paths before `renames`; one change of prefix is found for each of its
    /// components.
    fn laid<'a>(
        &'a self,
        tensors: &BTreeSet<String>,
        renames: &'a [Rename],
    ) -> Box<dyn LaidIndex + 'a>;
}

/// What a layout may ask of the base that its adapter is laid on: names and shapes, no numbers.
pub trait LaidIndex: Sync {
    /// The names of all its tensors.
    fn names(&self) -> Vec<&str>;
    /// The shape of a tensor, if the base has it.
    fn shape(&self, tensor: &str) -> Option<Vec<usize>>;
    /// The tensor that a module's parameter is stored as, although prefixes differ.
    fn find(&self, tensor: &str) -> Option<String>;
    /// Whether a linear layer's matrix, or a stack of them, is stored (in, out), as far as the
    /// model's type tells.
    fn is_turned(&self, tensor: &str) -> bool;
    /// The rows and columns of one expert of a 3-D parameter, as they are stored.
    fn expert(&self, parameter: &str) -> Option<(usize, usize)>;
    /// Finds a module's weight and sets its target to it; what was not found is kept in mind.
    fn place(&self, module: &mut AdaptedModule);
    /// The changes of prefix that took more than a wrapper: the adapter's start, and the base's.
    fn changes(&self) -> Vec<(String, String)>;
}

/// Whether a module's weight was looked for in a base, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placed {
    NotAsked,
    /// The target is the tensor's exact name.
    There,
    Nowhere {
        nearest: Vec<String>,
    },
    Several(Vec<String>),
    /// The base has fewer rows than training had, and the adapter's file keeps a copy of W.
    InAdapter,
    /// It would be another module's weight.
    Shared {
        tensor: String,
        with: String,
    },
}

/// Where a module's W is in the base.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// The tensor that W is in, by the adapter's own path: it is `MODULE.weight` most often.
    pub tensor: String,
    /// Which way round the tensor is stored.
    pub stored: Stored,
    /// Which part of the tensor is W.
    pub part: Part,
}

/// The component that a path says it is of.
pub(super) fn component_of(path: &str) -> &'static str {
    component::of_path(path).0.map_or("", |found| found.name)
}

/// Which way round the base stores a weight. A square shape cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is (out, in), unless the base's model type says otherwise.
    Usual,
    /// It is (in, out) where the shape allows it, as GPT-2's `Conv1D` (`fan_in_fan_out`).
    Conv1d,
    /// It is (in, out), as an embedding's rows are tokens.
    Transposed,
}

impl Stored {
    /// Which way round a base stores the weight of a module with factors. Its shape tells, and for
    /// a square one its name.
    pub(super) fn in_base(
        base: Option<&dyn LaidIndex>,
        path: &str,
        (d_out, d_in): (usize, usize),
    ) -> Self {
        let tensor = format!("{path}.weight");
        let shape = base.and_then(|base| base.shape(&base.find(&tensor)?));
        let is_turned = match shape.as_deref() {
            Some(&[rows, columns]) if rows != columns => (rows, columns) == (d_in, d_out),
            _ => names::is_embedding(path),
        };
        if is_turned {
            Stored::Transposed
        } else {
            Stored::Usual
        }
    }
}

/// The part of a stored tensor that is a module's W.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// All of the tensor is W.
    Whole,
    /// W is the matrix with this number in a stack (expert, rows, columns).
    Expert(usize),
    /// W is q (0), k (1) or v (2): they stand one below the other, and each has a ΔW of its own.
    Third(usize),
    /// W is the slice of this name of a fused projection.
    Slice(&'static str),
    /// W is the first (0) or second (1) half of the rows of one expert in a stack.
    Half {
        /// The expert's number.
        expert: usize,
        /// Which half.
        half: usize,
    },
}

/// The slices of a fused projection: their names and their rows.
pub type Parts = Vec<(String, Vec<Range<usize>>)>;

/// How a fused projection is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cut {
    /// What is known of the rows, and from where, in words.
    pub rule: String,
    /// The slices.
    pub parts: Parts,
}

/// The rows of a fused projection that are one of its slices.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slice {
    /// The rows, in the order in which the slice has them.
    pub rows: Vec<Range<usize>>,
    /// The fused projection's d_out.
    pub height: usize,
}

/// One module of an adapter as its file describes it; the numbers are read by
/// [`Adapter::delta`](super::Adapter::delta).
#[derive(Debug, Clone)]
pub struct AdaptedModule {
    /// The full path, without `base_model.model.`. A slice of a fused projection has its name behind
    /// the projection's (`….c_attn.q`).
    pub path: String,
    /// The part of a model that the file says it is of, as diffusers calls it (`text_encoder_2`); empty
    /// where the file says nothing.
    pub component: &'static str,
    /// The rank r; `None` where ΔW is a whole matrix.
    pub rank: Option<usize>,
    /// The width of the input.
    pub d_in: usize,
    /// The width of the output.
    pub d_out: usize,
    /// The scale s of ΔW = s·B·A.
    pub scale: f64,
    /// Where the module's W is in the base.
    pub target: Target,
    /// Which rows of a fused projection the module is, where it is a slice of one.
    pub slice: Option<Slice>,
    /// Whether A reads the module's inputs for certain. An expert of a stack that PEFT before 0.19
    /// wrote may read its outputs.
    pub side_is_known: bool,
    pub(super) update: Update,
    /// Whether `update` is that of the slice alone.
    pub(super) is_apart: bool,
    /// Whether `target` is the base's own name.
    pub(crate) placed: Placed,
    /// Whether the model ties its weight to another layer's.
    pub(crate) is_tied: bool,
    /// W as it was before training, where the adapter's file keeps it.
    pub(super) copy: Option<Formula>,
}

impl AdaptedModule {
    pub(super) fn new(path: String, update: Update, scale: f64) -> Self {
        let (d_out, d_in) = update.dim();
        AdaptedModule {
            target: Target {
                tensor: format!("{path}.weight"),
                stored: Stored::Usual,
                part: Part::Whole,
            },
            component: component_of(&path),
            path,
            rank: update.rank(),
            d_in,
            d_out,
            scale,
            slice: None,
            update,
            side_is_known: true,
            is_apart: false,
            placed: Placed::NotAsked,
            is_tied: false,
            copy: None,
        }
    }

    /// A module whose trained weight is stored whole: ΔW = W′ − W. `tensor` is its name in the
    /// base.
    pub(super) fn replaced(
        base: Option<&dyn LaidIndex>,
        tensor: &str,
        weight: Formula,
        is_matrix: bool,
    ) -> Self {
        let path = [".weight", ".in_proj_weight"]
            .iter()
            .find_map(|end| tensor.strip_suffix(end));
        let path = path.unwrap_or(tensor);
        let base = base.filter(|_| is_matrix);
        let is_turned = base.is_some_and(|base| {
            base.find(tensor)
                .is_some_and(|tensor| base.is_turned(&tensor))
        });
        let stored = match (is_matrix && names::is_embedding(path), is_turned) {
            (true, _) => Stored::Transposed,
            (_, true) => Stored::Conv1d,
            _ => Stored::Usual,
        };
        let weight = match stored {
            Stored::Usual => weight,
            _ => weight.transposed(),
        };
        let mut module = AdaptedModule::new(path.into(), Update::Replaced(weight), 1.0);
        module.target.tensor = tensor.into();
        module.target.stored = stored;
        module
    }

    /// The adapter's own copy of W, d_out × d_in.
    ///
    /// # Errors
    ///
    /// [`Error::Numerical`](crate::Error::Numerical) where it has none, and those of reading.
    pub(crate) fn copy(&self) -> Result<Array2<f64>> {
        let copy = self.copy.as_ref().ok_or_else(|| Error::Numerical {
            routine: format!("W of module `{}`", self.path),
            problem: "the adapter has no copy of it".into(),
            remedy: "please report this",
        })?;
        let weight = copy.evaluate()?;
        Ok(match self.target.stored {
            Stored::Usual => weight,
            _ => weight.t().as_standard_layout().into_owned(),
        })
    }

    /// Whether ΔW is a difference of two products, what was learned since a start that the base lost:
    /// its factors are then not its own ([`Delta::has_own_factors`](super::Delta::has_own_factors)).
    pub fn is_difference(&self) -> bool {
        matches!(self.update, Update::Difference { .. })
    }

    /// Whether the module's ΔW is formed with W.
    pub fn needs_base(&self) -> bool {
        self.update.needs_base()
    }

    /// Takes a slice's rows out of the fused projection's W; another module's W stays as it is.
    pub fn rows_of(&self, w: Array2<f64>) -> Array2<f64> {
        match &self.slice {
            Some(slice) => delta::rows_of(w.view(), &slice.rows),
            None => w,
        }
    }

    /// The name of one of its tensors, for messages.
    pub fn tensor(&self) -> &str {
        self.update.tensors().first().copied().unwrap_or("")
    }
}
