//! Weights that are not stored as they are: fp8 with scales, which is read, and what is not.

use std::path::Path;

use ndarray::{Array2, ArrayD, Axis, s};

use crate::error::{Error, Result};
use crate::files::json;

use super::TensorFile;

/// The name of a scale: what `ends` stands for at the end of a weight's name.
pub(super) struct ScaleName {
    ends: &'static str,
    becomes: &'static str,
}

/// DeepSeek's, compressed-tensors' and FBGEMM's, ComfyUI's. All are multiplied.
pub(super) const SCALES: [ScaleName; 3] = [
    ScaleName {
        ends: "",
        becomes: "_scale_inv",
    },
    ScaleName {
        ends: "",
        becomes: "_scale",
    },
    ScaleName {
        ends: ".weight",
        becomes: ".scale_weight",
    },
];

impl ScaleName {
    /// The scale's name for a weight.
    pub(super) fn of(&self, weight: &str) -> Option<String> {
        let stem = weight.strip_suffix(self.ends)?;
        Some(format!("{stem}{}", self.becomes))
    }
}

/// The size of the blocks that have one scale each.
pub(super) struct Blocks {
    rows: usize,
    columns: usize,
}

/// DeepSeek's, where the config says nothing.
const USUAL: Blocks = Blocks {
    rows: 128,
    columns: 128,
};

impl Blocks {
    /// `quantization_config.weight_block_size` of the config in a folder.
    ///
    /// # Errors
    ///
    /// When there is a config that cannot be read.
    pub(super) fn beside(folder: &Path) -> Result<Blocks> {
        let config = json::read_object_if_there(&folder.join("config.json"))?;
        let config = serde_json::Value::Object(config.unwrap_or_default());
        let size = &config["quantization_config"]["weight_block_size"];
        let length = |place: usize| size[place].as_u64().filter(|&length| length > 0);
        Ok(match (length(0), length(1)) {
            (Some(rows), Some(columns)) => Blocks {
                rows: rows as usize,
                columns: columns as usize,
            },
            _ => USUAL,
        })
    }

    /// Multiplies a weight by its scale: one number, one a row, or one a block. Of scales for
    /// experts, the one at `index`.
    pub(super) fn apply(
        &self,
        weight: &mut Array2<f64>,
        scales: &TensorFile,
        name: &str,
        index: Option<usize>,
    ) -> Result<()> {
        let mut scale = scales.array(name)?;
        if let Some(index) = index.filter(|_| scale.ndim() > 0 && scale.len() > 1) {
            let bad = scale.shape()[0] <= index;
            if bad {
                return Err(self.misfit(weight, scales, name, &scale));
            }
            scale = scale.index_axis_move(Axis(0), index);
        }
        let (rows, columns) = weight.dim();
        let grid = [rows.div_ceil(self.rows), columns.div_ceil(self.columns)];
        if scale.len() == 1 {
            *weight *= scale.sum();
        } else if [&[rows][..], &[rows, 1]].contains(&scale.shape()) {
            for (mut row, &scale) in weight.rows_mut().into_iter().zip(&scale) {
                row *= scale;
            }
        } else if scale.shape() == grid {
            for (index, &scale) in scale.indexed_iter() {
                let (top, left) = (index[0] * self.rows, index[1] * self.columns);
                let bottom = rows.min(top + self.rows);
                let right = columns.min(left + self.columns);
                let mut block = weight.slice_mut(s![top..bottom, left..right]);
                block *= scale;
            }
        } else {
            return Err(self.misfit(weight, scales, name, &scale));
        }
        Ok(())
    }

    fn misfit(
        &self,
        weight: &Array2<f64>,
        scales: &TensorFile,
        name: &str,
        scale: &ArrayD<f64>,
    ) -> Error {
        Error::Tensor {
            path: scales.path().into(),
            tensor: name.into(),
            problem: format!(
                "shape {:?}, where the scale of a {:?} weight was expected: one number, one a row, or one for each {} × {} block",
                scale.shape(),
                weight.shape(),
                self.rows,
                self.columns
            ),
            remedy: "keep the model's config.json, which has weight_block_size, beside its weights"
                .into(),
        }
    }
}

/// Ways of packing that are refused, by what is stored instead of or beside a weight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantisation {
    name: &'static str,
    /// What takes the place of `ends` in the weight's name.
    ends: &'static str,
    becomes: &'static str,
    /// Whether the weight's own name is still there.
    beside: bool,
}

const PACKED: [Quantisation; 6] = [
    Quantisation {
        name: "bitsandbytes, 4 bits",
        ends: "",
        becomes: ".absmax",
        beside: true,
    },
    Quantisation {
        name: "bitsandbytes, 4 bits",
        ends: "",
        becomes: ".quant_map",
        beside: true,
    },
    Quantisation {
        name: "bitsandbytes, 8 bits",
        ends: ".weight",
        becomes: ".SCB",
        beside: true,
    },
    Quantisation {
        name: "GPTQ or AWQ",
        ends: ".weight",
        becomes: ".qweight",
        beside: false,
    },
    Quantisation {
        name: "compressed-tensors, packed",
        ends: ".weight",
        becomes: ".weight_packed",
        beside: false,
    },
    Quantisation {
        name: "MXFP4",
        ends: "",
        becomes: "_blocks",
        beside: false,
    },
];

impl Quantisation {
    /// How a weight is packed, if it is.
    pub(super) fn of(weight: &str, has: impl Fn(&str) -> bool) -> Option<Quantisation> {
        PACKED.into_iter().find(|packed| {
            let stem = weight.strip_suffix(packed.ends);
            stem.is_some_and(|stem| has(&format!("{stem}{}", packed.becomes)))
        })
    }

    /// The name that a packed tensor's weight would have, where only the packed one is stored.
    pub(super) fn weight_of(packed: &str) -> Option<String> {
        PACKED.iter().filter(|kind| !kind.beside).find_map(|kind| {
            let stem = packed.strip_suffix(kind.becomes)?;
            Some(format!("{stem}{}", kind.ends))
        })
    }

    pub(super) fn name(self) -> &'static str {
        self.name
    }
}
