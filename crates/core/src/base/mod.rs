//! A module's W in the base: which tensor it is, which way round, and which part of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis, s};
use serde_json::Value;

use crate::adapter::{AdaptedModule, BaseIndex, Part, Stored};
use crate::error::{Error, Result};
use crate::files::json;
use crate::tensors::Checkpoint;

mod experts;
pub mod fused;
mod orientation;
mod resolve;

use orientation::{Fit, Kept, Orientation};

/// Model types whose attention and MLP weights are `Conv1D`, stored (in, out).
const CONV1D_MODELS: [&str; 3] = ["gpt2", "openai-gpt", "imagegpt"];
/// Their names in those models; a head or an embedding there is stored as elsewhere.
const CONV1D_LAYERS: [&str; 4] = ["c_attn", "c_proj", "c_fc", "q_attn"];
/// Model types whose stacks of experts are stored (expert, in, out).
const TURNED_EXPERTS: [&str; 3] = ["gpt_oss", "llama4", "llama4_text"];

/// What to do when shapes contradict.
const OTHER_WIDTHS: &str =
    "adapter and base have different widths: give the base it was trained on";

/// The frozen model that adapters were trained on.
pub struct Base {
    checkpoint: Checkpoint,
    config: Option<(PathBuf, Value)>,
}

/// What a module's W is in these files.
struct Place {
    /// One tensor, or several one below the other.
    tensors: Vec<String>,
    orientation: Orientation,
}

impl Base {
    /// Opens a folder or file of weights, single or sharded; see [`Checkpoint::open`].
    ///
    /// # Errors
    ///
    /// Those of [`Checkpoint::open`], and [`Error::Config`] for a `config.json` that is no JSON
    /// object.
    pub fn open(path: &Path) -> Result<Self> {
        let checkpoint = Checkpoint::open(path)?;
        let folder = if path.is_dir() {
            path
        } else {
            path.parent().unwrap_or(Path::new(""))
        };
        // Only a hint about orientation and heads: a base without a config is read all the same.
        let file = folder.join("config.json");
        let config = json::read_object_if_there(&file)?;
        let config = config.map(|config| (file, Value::Object(config)));
        Ok(Base { checkpoint, config })
    }

    /// The path as given.
    pub fn path(&self) -> &Path {
        self.checkpoint.path()
    }

    /// The model's `config.json`, where there is one.
    pub fn config(&self) -> Option<&Value> {
        self.config.as_ref().map(|(_, config)| config)
    }

    /// The files that hold W of these modules, and the config.
    ///
    /// # Errors
    ///
    /// Those of [`Base::check`].
    pub fn files<'a>(
        &self,
        modules: impl Iterator<Item = &'a AdaptedModule>,
    ) -> Result<Vec<PathBuf>> {
        let mut used = BTreeSet::new();
        for module in modules {
            let tensors = self.locate(module)?.tensors;
            let place = |tensor: &String| self.checkpoint.shape(tensor).map(|(_, file)| file);
            used.extend(tensors.iter().filter_map(place));
        }
        let config = self.config.iter().map(|(file, _)| file.as_path());
        let files = self.checkpoint.files().filter(|file| used.contains(file));
        Ok(config.chain(files).map(Path::to_path_buf).collect())
    }

    /// Checks that a module has one weight here and that it has ΔW's shape; gives its name.
    ///
    /// # Errors
    ///
    /// [`Error::Unresolved`] with the nearest names, [`Error::Ambiguous`] with both candidates,
    /// [`Error::Shape`] when the widths differ, [`Error::Unsupported`] for a quantised weight.
    pub fn check(&self, module: &AdaptedModule) -> Result<String> {
        Ok(self.locate(module)?.tensors.join(", "))
    }

    /// W of a module as d_out × d_in in f64, turned if the base stores it (in, out); a
    /// convolution's kernel as one row per output channel, a slice of a fused projection as its
    /// rows.
    ///
    /// # Errors
    ///
    /// Those of [`Base::check`], and [`Error::Tensor`] for a NaN or an infinity.
    pub fn weight(&self, module: &AdaptedModule) -> Result<Array2<f64>> {
        Ok(module.rows_of(self.whole(module)?))
    }

    /// As [`Base::weight`], of the whole fused projection where the module is a slice of one.
    ///
    /// # Errors
    ///
    /// Those of [`Base::weight`].
    pub fn whole(&self, module: &AdaptedModule) -> Result<Array2<f64>> {
        let place = self.locate(module)?;
        let (d_out, d_in) = whole_shape(module);
        let stored = match place.orientation {
            Orientation::Upright => (d_out, d_in),
            Orientation::Turned => (d_in, d_out),
        };
        let weight = match (module.target.part, place.tensors.as_slice()) {
            (Part::Whole, [tensor]) => self.checkpoint.matrix_as(tensor, stored)?,
            (Part::Third(third), [tensor]) => {
                let all = self.checkpoint.matrix_as(tensor, (3 * d_out, d_in))?;
                let rows = third * d_out..(third + 1) * d_out;
                all.slice(s![rows, ..]).to_owned()
            }
            (Part::Expert(expert), [tensor]) if self.is_stack(tensor) => {
                self.checkpoint.expert(tensor, expert)?
            }
            (_, tensors) => self.stacked(tensors, d_in)?,
        };
        Ok(match place.orientation {
            Orientation::Upright => weight,
            Orientation::Turned => weight.t().as_standard_layout().into_owned(),
        })
    }

    fn model_is_among(&self, models: &[&str]) -> bool {
        let config = self.config();
        let model = config.and_then(|config| config.get("model_type")?.as_str());
        model.is_some_and(|model| models.contains(&model))
    }

    fn is_stack(&self, tensor: &str) -> bool {
        self.shape(tensor).is_some_and(|shape| shape.len() == 3)
    }

    /// Matrices of one width, one below the other.
    fn stacked(&self, tensors: &[String], width: usize) -> Result<Array2<f64>> {
        let mut rows = Array2::zeros((0, width));
        for tensor in tensors {
            let part = self.checkpoint.matrix(tensor)?;
            rows.append(Axis(0), part.view())
                .map_err(|_| Error::Shape {
                    path: self.path().into(),
                    what: format!("tensor `{tensor}`"),
                    found: format!("{} columns", part.ncols()),
                    expected: format!("{width}"),
                    remedy: OTHER_WIDTHS,
                })?;
        }
        Ok(rows)
    }

    /// The weights on disk of one expert that is part of a stack in memory.
    fn separate(&self, module: &AdaptedModule, names: &[&str]) -> Option<Place> {
        let Part::Expert(expert) = module.target.part else {
            return None;
        };
        let tensors = experts::separate(&module.target.tensor, expert, names, self.path());
        let shapes = tensors.iter().map(|tensor| self.shape(tensor));
        let rows: usize = shapes.map(|shape| shape.map_or(0, |shape| shape[0])).sum();
        (rows == module.d_out && rows > 0).then_some(Place {
            tensors,
            orientation: Orientation::Upright,
        })
    }

    fn locate(&self, module: &AdaptedModule) -> Result<Place> {
        let target = &module.target;
        let names: Vec<&str> = self.checkpoint.names().collect();
        if let Some(place) = self.separate(module, &names) {
            return Ok(place);
        }
        let tensor = resolve::resolve(&module.path, &target.tensor, &names, self.path())?;
        self.checkpoint.check_plain(&tensor)?;
        let (shape, file) = self
            .checkpoint
            .shape(&tensor)
            .map_or((&[][..], self.path()), |found| found);
        let misfit = |expected: String, remedy| Error::Shape {
            path: file.into(),
            what: format!("tensor `{tensor}`"),
            found: format!("shape {shape:?}"),
            expected,
            remedy,
        };
        let (d_out, d_in) = whole_shape(module);
        if let Part::Third(_) = target.part {
            if *shape == [3 * d_out, d_in] {
                return Ok(upright(tensor));
            }
            let expected = format!("[{}, {d_in}], three of the adapter's ΔW,", 3 * d_out);
            return Err(misfit(expected, OTHER_WIDTHS));
        }
        let (matrix, inside): (&[usize], _) = match (target.part, shape) {
            (Part::Expert(expert), [experts, matrix @ ..]) => (matrix, expert < *experts),
            (_, shape) => (shape, true),
        };
        let (fit, kept) = (Fit::new(matrix, (d_out, d_in)), self.kept(module));
        if let (Some(orientation), true) = (fit.orientation(kept), inside) {
            return Ok(Place {
                tensors: vec![tensor],
                orientation,
            });
        }
        let (rows, columns) = if kept == Kept::Turned {
            (d_in, d_out)
        } else {
            (d_out, d_in)
        };
        let expected = format!(
            "[{rows}, {columns}], the shape of the adapter's ΔW for module `{}`,",
            module.path
        );
        let remedy = if fit.may_be_turned() {
            "if this layer is a Conv1D, set fan_in_fan_out to true in adapter_config.json"
        } else {
            OTHER_WIDTHS
        };
        Err(misfit(expected, remedy))
    }

    /// Which ways round this base may store a module's weight.
    fn kept(&self, module: &AdaptedModule) -> Kept {
        match (module.target.part, module.target.stored) {
            (Part::Expert(_), _) if self.model_is_among(&TURNED_EXPERTS) => Kept::TurnedOrUpright,
            (Part::Expert(_), _) => Kept::UprightOrTurned,
            (_, Stored::Usual) if self.model_is_among(&CONV1D_MODELS) => Kept::TurnedOrUpright,
            (_, Stored::Usual) => Kept::Upright,
            (_, Stored::Conv1d) => Kept::TurnedOrUpright,
            (_, Stored::Transposed) => Kept::Turned,
        }
    }
}

impl BaseIndex for Base {
    fn names(&self) -> Vec<&str> {
        self.checkpoint.names().collect()
    }

    fn shape(&self, tensor: &str) -> Option<Vec<usize>> {
        self.checkpoint
            .shape(tensor)
            .map(|(shape, _)| shape.to_vec())
    }

    fn expert(&self, parameter: &str) -> Option<(usize, usize)> {
        if let Some(tensor) = self.find(parameter)
            && let Some(&[_, rows, columns]) = self.shape(&tensor).as_deref()
        {
            return Some((rows, columns));
        }
        let names: Vec<&str> = self.checkpoint.names().collect();
        let parts = experts::separate(parameter, 0, &names, self.path());
        let shapes: Option<Vec<_>> = parts.iter().map(|tensor| self.shape(tensor)).collect();
        let shapes = shapes?;
        let columns = *shapes.first()?.get(1)?;
        Some((shapes.iter().map(|shape| shape[0]).sum(), columns))
    }

    fn find(&self, tensor: &str) -> Option<String> {
        let names: Vec<&str> = self.checkpoint.names().collect();
        resolve::resolve(tensor, tensor, &names, self.path()).ok()
    }

    fn is_turned(&self, tensor: &str) -> bool {
        let path = tensor.strip_suffix(".weight").unwrap_or(tensor);
        let last = path.rsplit('.').next().unwrap_or_default();
        match self.checkpoint.shape(tensor).map(|(shape, _)| shape) {
            Some([_, _, _]) => self.model_is_among(&TURNED_EXPERTS),
            // Of a square one `locate` takes the same to be true.
            Some([rows, columns]) => {
                self.model_is_among(&CONV1D_MODELS)
                    && (rows == columns || CONV1D_LAYERS.contains(&last))
            }
            _ => false,
        }
    }
}

/// A tensor that is stored as it is used.
fn upright(tensor: String) -> Place {
    Place {
        tensors: vec![tensor],
        orientation: Orientation::Upright,
    }
}

/// (d_out, d_in) of the module, or of what it is a slice of.
fn whole_shape(module: &AdaptedModule) -> (usize, usize) {
    let height = module.slice.as_ref().map(|slice| slice.height);
    (height.unwrap_or(module.d_out), module.d_in)
}
