//! A module that an adapter changes, and where its W is in the base.

use std::ops::Range;

use ndarray::Array2;

use super::delta;
use super::formula::Formula;
use super::names;
use super::update::Update;

/// What a layout may ask of the base while it sorts tensors: names and shapes, no numbers.
pub trait BaseIndex: Sync {
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
    /// All of the tensor is W.
    Whole,
    /// W is the matrix with this number in a stack (expert, rows, columns).
    Expert(usize),
    /// W is q (0), k (1) or v (2): they stand one below the other, and each has a ΔW of its own.
    Third(usize),
}

/// The slices of a fused projection: their names and their rows.
pub type Parts = Vec<(String, Vec<Range<usize>>)>;

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

    /// The module that is these rows of the same ΔW, with a name of its own behind the path. It is
    /// `None` where nothing adapts the rows.
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
