//! A module that an adapter changes, and where its W is in the base.

use std::ops::Range;

use ndarray::Array2;

use super::delta;
use super::formula::Formula;
use super::names;
use super::update::Update;

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
#[non_exhaustive]
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

impl Stored {
    /// Which way round a base stores the weight of a module with factors. Its shape tells, and for
    /// a square one its name.
    pub(super) fn in_base(
        base: Option<&dyn BaseIndex>,
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
#[non_exhaustive]
pub struct Slice {
    /// In the order in which the slice has them.
    pub rows: Vec<Range<usize>>,
    /// d_out of the fused projection.
    pub height: usize,
}

/// One module of an adapter as its file describes it; the numbers are read by
/// [`Adapter::delta`](super::Adapter::delta).
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
    pub(super) update: Update,
    /// What a layout knows of slices: rows and an update of their own.
    pub(super) slots: Vec<(Range<usize>, Update)>,
    /// Whether `update` is that of the slice alone.
    pub(super) is_slot: bool,
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

    /// A module whose trained weight is stored whole: ΔW = W′ − W. `tensor` is its name in the
    /// base.
    pub(super) fn replaced(
        base: Option<&dyn BaseIndex>,
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
