//! A module's W in the base: which tensor it is, which way round, and which part of it.

use std::collections::BTreeSet;
use std::path::Path;

use ndarray::{Array2, Axis};
use serde_json::Value;

use crate::adapter::{AdaptedModule, Part, rows_of};
use crate::error::{Error, Result};
use crate::files::{InputFile, is_there, json};
use crate::tensors::{Checkpoint, TensorFile, find_model};

mod catalogue;
mod experts;
pub mod fused;
mod joined_parts;
mod kept;
mod laid;
mod laid_index;
mod meet;
mod nearest;
mod orientation;
mod parts;
mod place;
mod prefixes;
mod rows;

pub use meet::meet;
pub use parts::parts;
pub use rows::WeightRows;

use catalogue::Catalogue;
use orientation::Orientation;

/// What to do when shapes contradict.
const OTHER_WIDTHS: &str =
    "adapter and base have different widths: give the base it was trained on";

/// The frozen model that adapters were trained on.
pub struct Base {
    checkpoint: Checkpoint,
    config: Option<(Value, InputFile)>,
    catalogue: Catalogue,
}

impl Base {
    /// Opens a folder or file of weights, single or sharded (see [`Checkpoint::open`]), or a model of
    /// the Hugging Face cache by its id (see [`find_model`]).
    ///
    /// # Errors
    ///
    /// Those of [`find_model`] and [`Checkpoint::open`], and [`Error::Config`] for a `config.json` that
    /// is no JSON object.
    pub fn open(path: &Path) -> Result<Self> {
        // A name that is not UTF-8 is a path, and no id.
        let path = &if is_there(path) {
            path.to_path_buf()
        } else {
            find_model(&path.to_string_lossy())?
        };
        let checkpoint = Checkpoint::open(path)?;
        let folder = if path.is_dir() {
            path.as_path()
        } else {
            path.parent().unwrap_or(Path::new(""))
        };
        // Only a hint about orientation and heads: a base without a config is read all the same.
        let file = folder.join("config.json");
        let config = json::read_input_if_there(&file)?;
        let config = config.map(|(config, input)| (Value::Object(config), input));
        let ties = config.as_ref().is_none_or(|(config, _)| ties(config));
        let names: Vec<&str> = checkpoint.names().collect();
        let catalogue = Catalogue::new(&names, ties);
        Ok(Base {
            checkpoint,
            config,
            catalogue,
        })
    }

    /// The path as given.
    pub fn path(&self) -> &Path {
        self.checkpoint.path()
    }

    /// The model's `config.json`, where there is one.
    pub fn config(&self) -> Option<&Value> {
        self.config.as_ref().map(|(config, _)| config)
    }

    /// The files that hold W of these modules, and the config.
    ///
    /// # Errors
    ///
    /// Those of [`Base::check`].
    pub fn files<'a>(
        &self,
        modules: impl Iterator<Item = &'a AdaptedModule>,
    ) -> Result<Vec<InputFile>> {
        let mut used = BTreeSet::new();
        for module in modules {
            let tensors = self.locate(module)?.tensors;
            let place = |tensor: &String| self.checkpoint.shape(tensor).map(|(_, file)| file);
            used.extend(tensors.iter().filter_map(place));
        }
        let config = self.config.iter().map(|(_, input)| input.clone());
        let files = self.checkpoint.models().flat_map(|model| model.files());
        let files = files.filter(|file| used.contains(file.path()));
        Ok(config.chain(files.map(TensorFile::input)).collect())
    }

    /// Checks that a module has one weight here and that it has ΔW's shape; gives its name. It is empty
    /// where the weight is the adapter's own copy.
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
        if place.tensors.is_empty() {
            return module.copy();
        }
        let (height, d_in) = place.sides;
        let stored = match place.orientation {
            Orientation::Upright => (height, d_in),
            Orientation::Turned => (d_in, height),
        };
        let weight = match (module.target.part, place.tensors.as_slice()) {
            (Part::Expert(expert) | Part::Half { expert, .. }, [tensor])
                if self.is_stack(tensor) =>
            {
                self.checkpoint.expert(tensor, expert)?
            }
            (_, [tensor]) => self.checkpoint.matrix_as(tensor, stored)?,
            (_, tensors) => self.stacked(tensors, d_in)?,
        };
        let weight = match place.orientation {
            Orientation::Upright => weight,
            Orientation::Turned => weight.t().as_standard_layout().into_owned(),
        };
        Ok(match place.rows {
            Some(rows) => rows_of(weight.view(), &rows),
            None => weight,
        })
    }

    fn model_is_among(&self, models: &[&str]) -> bool {
        let config = self.config();
        let model = config.and_then(|config| config.get("model_type")?.as_str());
        model.is_some_and(|model| models.contains(&model))
    }

    fn shape(&self, tensor: &str) -> Option<Vec<usize>> {
        self.checkpoint
            .shape(tensor)
            .map(|(shape, _)| shape.to_vec())
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
}

/// Whether a model shares its head's weight with its embedding, which is usual where its config, or
/// that of the language model in it, does not say otherwise.
fn ties(config: &Value) -> bool {
    let inner = ["text_config", "llm_config"].map(|name| config.get(name));
    let mut configs = std::iter::once(Some(config)).chain(inner).flatten();
    let said = configs.find_map(|config| config.get("tie_word_embeddings")?.as_bool());
    said.unwrap_or(true)
}
