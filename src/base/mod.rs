//! A module's W in the base: which tensor it is, and which way round.

use std::fs;
use std::path::Path;

use ndarray::Array2;

use crate::adapter::AdaptedModule;
use crate::error::{Error, Result};
use crate::tensors::Checkpoint;

mod resolve;

/// Model types whose attention and MLP weights are `Conv1D`, stored (in, out).
const CONV1D_MODELS: [&str; 3] = ["gpt2", "openai-gpt", "imagegpt"];

/// The frozen model that adapters were trained on.
pub struct Base {
    checkpoint: Checkpoint,
    model_type: Option<String>,
}

impl Base {
    /// Opens a folder or file of weights, single or sharded; see [`Checkpoint::open`].
    ///
    /// # Errors
    ///
    /// Those of [`Checkpoint::open`].
    pub fn open(path: &Path) -> Result<Self> {
        let checkpoint = Checkpoint::open(path)?;
        let folder = if path.is_dir() {
            path
        } else {
            path.parent().unwrap_or(Path::new(""))
        };
        // Only a hint about orientation: a base without a config is read all the same.
        let model_type = fs::read_to_string(folder.join("config.json"))
            .ok()
            .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
            .and_then(|config| Some(config.get("model_type")?.as_str()?.to_string()));
        Ok(Base {
            checkpoint,
            model_type,
        })
    }

    /// The path as given.
    pub fn path(&self) -> &Path {
        self.checkpoint.path()
    }

    /// Checks that a module has one weight here and that it has ΔW's shape; gives its name.
    ///
    /// # Errors
    ///
    /// [`Error::Unresolved`] with the nearest names, [`Error::Ambiguous`] with both candidates,
    /// [`Error::Shape`] when the widths differ, [`Error::Unsupported`] for a quantised weight.
    pub fn check(&self, module: &AdaptedModule, fan_in_fan_out: bool) -> Result<String> {
        Ok(self.locate(module, fan_in_fan_out)?.0)
    }

    /// W of a module as d_out × d_in in f64, turned if the base stores it (in, out).
    ///
    /// # Errors
    ///
    /// Those of [`Base::check`], and [`Error::Tensor`] for a NaN or an infinity.
    pub fn weight(&self, module: &AdaptedModule, fan_in_fan_out: bool) -> Result<Array2<f64>> {
        let (name, transposed) = self.locate(module, fan_in_fan_out)?;
        let weight = self.checkpoint.matrix(&name)?;
        Ok(if transposed {
            weight.t().as_standard_layout().into_owned()
        } else {
            weight
        })
    }

    /// The tensor's name, and whether it is stored (in, out).
    fn locate(&self, module: &AdaptedModule, fan_in_fan_out: bool) -> Result<(String, bool)> {
        let names: Vec<&str> = self.checkpoint.names().collect();
        let name = resolve::resolve(&module.path, &names, self.path())?;
        self.checkpoint.check_plain(&name)?;
        let (shape, file) = self
            .checkpoint
            .shape(&name)
            .map_or((&[][..], self.path()), |found| found);
        let conv1d = fan_in_fan_out
            || self
                .model_type
                .as_deref()
                .is_some_and(|model| CONV1D_MODELS.contains(&model));
        let (d_out, d_in) = (module.d_out, module.d_in);
        // A square shape cannot tell, so the flag decides; a shape that fits one way only does.
        if conv1d && shape == [d_in, d_out] {
            return Ok((name, true));
        }
        if shape == [d_out, d_in] {
            return Ok((name, false));
        }
        Err(Error::Shape {
            path: file.into(),
            what: format!("tensor `{name}`"),
            found: format!("shape {shape:?}"),
            expected: format!(
                "[{d_out}, {d_in}], the shape of the adapter's ΔW for module `{}`,",
                module.path
            ),
            remedy: match shape == [d_in, d_out] {
                true => {
                    "if this layer is a Conv1D, set fan_in_fan_out to true in adapter_config.json"
                }
                false => "adapter and base have different widths: give the base it was trained on",
            },
        })
    }
}
