//! Where a module's W is among a base's tensors, by its target's exact name: which tensors, which way
//! round, and which rows of them.

use std::ops::Range;

use crate::adapter::{AdaptedModule, Part, Placed, Stored};
use crate::error::{Error, Result};
use crate::setting::Setting;

use super::catalogue::is_table;
use super::orientation::{Fit, Kept, Orientation};
use super::{Base, OTHER_WIDTHS, experts, fused};

/// Model types whose attention and MLP weights are `Conv1D`, stored (in, out).
pub(super) const CONV1D_MODELS: [&str; 3] = ["gpt2", "openai-gpt", "imagegpt"];
/// Model types whose stacks of experts are stored (expert, in, out).
pub(super) const TURNED_EXPERTS: [&str; 3] = ["gpt_oss", "llama4", "llama4_text"];
/// Of those, the ones that keep gate and up in turns, column by column.
const IN_TURNS: [&str; 1] = ["gpt_oss"];

const LONGER: &str =
    "the vocabulary was made longer before training: give a base with as many rows";
const MORE_INPUTS: &str = "it reads more inputs than the base's layer, as adapters for control images do: \
                           give the base that was made wider";

/// What a module's W is in these files.
pub(super) struct Place {
    /// One tensor, or several one below the other.
    pub(super) tensors: Vec<String>,
    pub(super) orientation: Orientation,
    /// The sides of what is read, once it is upright.
    pub(super) sides: (usize, usize),
    /// Which of its rows are W, where not all are.
    pub(super) rows: Option<Vec<Range<usize>>>,
}

impl Base {
    pub(super) fn locate(&self, module: &AdaptedModule) -> Result<Place> {
        match &module.placed {
            Placed::Nowhere { nearest } => Err(Error::Unresolved {
                path: self.path().into(),
                module: module.path.clone(),
                nearest: nearest.clone(),
                remedy: format!(
                    "is this the base that the adapter was trained on? If only the starts of its \
                     paths differ, give OLD=NEW with {}",
                    Setting::Rename
                ),
            }),
            Placed::Several(candidates) => Err(Error::Ambiguous {
                path: self.path().into(),
                module: module.path.clone(),
                candidates: candidates.clone(),
                remedy: format!(
                    "say which by the start of its path: give OLD=NEW with {}",
                    Setting::Rename
                ),
            }),
            Placed::Shared { tensor, with } => Err(Error::Request {
                what: format!("module `{}`", module.path),
                problem: format!("its weight would be `{tensor}`, which is that of `{with}`"),
                remedy: format!(
                    "two modules never share a weight: say which is which, by OLD=NEW with {}",
                    Setting::Rename
                ),
            }),
            Placed::There => self.place(module),
            Placed::InAdapter => Ok(Place {
                tensors: Vec::new(),
                orientation: Orientation::Upright,
                sides: (module.d_out, module.d_in),
                rows: None,
            }),
            Placed::NotAsked => {
                let mut alone = module.clone();
                self.lay_alone(&mut alone);
                self.locate(&alone)
            }
        }
    }

    /// Where the target's tensor has W.
    fn place(&self, module: &AdaptedModule) -> Result<Place> {
        let target = &module.target;
        if let Some(place) = self.separate(module) {
            return Ok(place);
        }
        let tensor = &target.tensor;
        self.checkpoint.check_plain(tensor)?;
        let (shape, _) = self
            .checkpoint
            .shape(tensor)
            .map_or((&[][..], self.path()), |found| found);
        let (matrix, inside): (&[usize], _) = match (target.part, shape) {
            (Part::Expert(expert) | Part::Half { expert, .. }, [experts, matrix @ ..]) => {
                (matrix, expert < *experts)
            }
            (_, shape) => (shape, true),
        };
        let kept = self.kept(module);
        let Some(Cut { height, rows }) = self.cut(module, matrix, kept) else {
            let sides = (module.d_out, module.d_in);
            return Err(self.unfitting(module, matrix, sides, kept));
        };
        let sides = (height, module.d_in);
        let fit = Fit::new(matrix, sides);
        if let (Some(orientation), true) = (fit.orientation(kept), inside) {
            return Ok(Place {
                tensors: vec![tensor.clone()],
                orientation,
                sides,
                rows,
            });
        }
        Err(self.unfitting(module, matrix, sides, kept))
    }

    /// Which rows of which matrix are the module's; `None` where the matrix has other parts.
    fn cut(&self, module: &AdaptedModule, matrix: &[usize], kept: Kept) -> Option<Cut> {
        let d_out = module.d_out;
        let part = |place: usize, count: usize| Cut {
            height: count * d_out,
            rows: Some(std::iter::once(place * d_out..(place + 1) * d_out).collect()),
        };
        match module.target.part {
            Part::Whole | Part::Expert(_) => Some(Cut {
                height: whole_shape(module).0,
                rows: None,
            }),
            Part::Third(third) => Some(part(third, 3)),
            Part::Half { half, .. } if self.model_is_among(&IN_TURNS) => Some(Cut {
                height: 2 * d_out,
                rows: Some(
                    (half..2 * d_out)
                        .step_by(2)
                        .map(|row| row..row + 1)
                        .collect(),
                ),
            }),
            Part::Half { half, .. } => Some(part(half, 2)),
            Part::Slice(name) => {
                let height = match (matrix, kept) {
                    (&[_, height], Kept::Turned | Kept::TurnedOrUpright) => height,
                    (&[height, ..], _) => height,
                    _ => return None,
                };
                let sides = (height, module.d_in);
                let slice = (name, d_out);
                let rows = fused::rows_of_slice(self, &module.target.tensor, sides, slice)?;
                let count: usize = rows.iter().map(Range::len).sum();
                let rows = Some(rows).filter(|_| count == d_out)?;
                Some(Cut {
                    height,
                    rows: Some(rows),
                })
            }
        }
    }

    /// The weights on disk of one expert that is part of a stack in memory.
    fn separate(&self, module: &AdaptedModule) -> Option<Place> {
        let Part::Expert(expert) = module.target.part else {
            return None;
        };
        let has = |path: &str| self.catalogue.tensor(path);
        let tensors = experts::separate(&module.target.tensor, expert, &has);
        let shapes = tensors.iter().map(|tensor| self.shape(tensor));
        let rows: usize = shapes.map(|shape| shape.map_or(0, |shape| shape[0])).sum();
        (rows == module.d_out && rows > 0).then_some(Place {
            tensors,
            orientation: Orientation::Upright,
            sides: (rows, module.d_in),
            rows: None,
        })
    }

    /// Which ways round this base may store a module's weight.
    fn kept(&self, module: &AdaptedModule) -> Kept {
        match (module.target.part, module.target.stored) {
            (Part::Expert(_) | Part::Half { .. }, _) if self.model_is_among(&TURNED_EXPERTS) => {
                Kept::TurnedOrUpright
            }
            (Part::Expert(_) | Part::Half { .. }, _) => Kept::UprightOrTurned,
            (_, Stored::Usual) if self.model_is_among(&CONV1D_MODELS) => Kept::TurnedOrUpright,
            (_, Stored::Usual) => Kept::Upright,
            (_, Stored::Conv1d) => Kept::TurnedOrUpright,
            (_, Stored::Transposed) => Kept::Turned,
        }
    }

    /// The error about a weight whose shape is none that the module's ΔW may have.
    fn unfitting(
        &self,
        module: &AdaptedModule,
        matrix: &[usize],
        sides: (usize, usize),
        kept: Kept,
    ) -> Error {
        let (rows, columns) = match kept {
            Kept::Turned => (sides.1, sides.0),
            _ => sides,
        };
        let is_longer = |own: usize, stored: usize| own > stored && is_table(&module.path);
        let remedy = match (matrix, kept) {
            _ if Fit::new(matrix, sides).may_be_turned() => {
                "if this layer is a Conv1D, set fan_in_fan_out to true in adapter_config.json"
            }
            (&[stored, width], _) if width == columns && is_longer(rows, stored) => LONGER,
            (&[height, width, ..], Kept::Upright)
                if height == rows && columns > width && columns.is_multiple_of(width) =>
            {
                MORE_INPUTS
            }
            _ => OTHER_WIDTHS,
        };
        let tensor = &module.target.tensor;
        let (shape, file) = self
            .checkpoint
            .shape(tensor)
            .map_or((&[][..], self.path()), |found| found);
        let of = match module.target.part {
            Part::Whole | Part::Expert(_) => "the shape of the adapter's ΔW",
            _ => "several of the adapter's ΔW",
        };
        Error::Shape {
            path: file.into(),
            what: format!("tensor `{tensor}`"),
            found: format!("shape {shape:?}"),
            expected: format!("[{rows}, {columns}], {of} for module `{}`,", module.path),
            remedy,
        }
    }
}

/// Rows of a matrix.
struct Cut {
    height: usize,
    rows: Option<Vec<Range<usize>>>,
}

/// (d_out, d_in) of the module, or of what it is a slice of.
fn whole_shape(module: &AdaptedModule) -> (usize, usize) {
    let height = module.slice.as_ref().map(|slice| slice.height);
    (height.unwrap_or(module.d_out), module.d_in)
}
