//! One safetensors file.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use memmap2::Mmap;
use ndarray::Array2;
use safetensors::tensor::{Dtype, Metadata, SafeTensorError, SafeTensors, TensorInfo};

use crate::error::{Error, Result};

const DAMAGED: &str = "the download or the copy was probably cut short: fetch the file again";

/// A memory-mapped safetensors file whose header has been checked against its length.
pub struct TensorFile {
    path: PathBuf,
    map: Mmap,
    data_start: usize,
    header: Metadata,
    /// In the order of their bytes.
    names: Vec<String>,
}

impl TensorFile {
    /// Maps a file and checks its header: sizes, offsets and shapes must agree and fill the file.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Io`], or [`Error::Corrupt`] with what the header says.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Error::NotFound {
                path: path.into(),
                problem: "no such file".into(),
                remedy: "check the path; a .safetensors file was expected".into(),
            });
        }
        let map = map_file(path)?;
        let (header_length, header) = SafeTensors::read_metadata(&map)
            .map_err(|error| corrupt(path, explain(&error, map.len())))?;
        let names = header.offset_keys();
        Ok(TensorFile {
            path: path.into(),
            data_start: header_length + 8,
            map,
            header,
            names,
        })
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The tensors' names, in the order of their bytes in the file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The shape of a tensor, if the file has it.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.header.info(name).map(|info| info.shape.as_slice())
    }

    /// The free-form metadata of the header.
    pub fn metadata(&self) -> Option<&HashMap<String, String>> {
        self.header.metadata().as_ref()
    }

    /// A two-dimensional tensor in f64, exactly as stored (f64, f32, f16 and bf16 are all exact).
    ///
    /// # Errors
    ///
    /// [`Error::Tensor`] when there is no such tensor, it is not a matrix, its type is not a
    /// floating-point type that is read here, or an entry is NaN or infinite.
    pub fn matrix(&self, name: &str) -> Result<Array2<f64>> {
        let info = self.header.info(name).ok_or_else(|| {
            self.tensor_error(
                name,
                "not in this file".into(),
                "check the file that names it",
            )
        })?;
        let &[rows, columns] = info.shape.as_slice() else {
            let problem = format!("shape {:?}, where a matrix was expected", info.shape);
            return Err(self.tensor_error(name, problem, "only two-dimensional weights are read"));
        };
        let values = self.values(name, info)?;
        if let Some(position) = values.iter().position(|x| !x.is_finite()) {
            let problem = format!(
                "entry [{}, {}] is {}",
                position / columns,
                position % columns,
                values[position]
            );
            let remedy = "training has diverged or the file is damaged: save this tensor again";
            return Err(self.tensor_error(name, problem, remedy));
        }
        Array2::from_shape_vec((rows, columns), values).map_err(|error| {
            self.tensor_error(name, error.to_string(), "the header and the data disagree")
        })
    }

    /// Whether every entry is zero (of a floating-point tensor: −0 counts as zero, NaN does not).
    pub fn is_zero(&self, name: &str) -> Result<bool> {
        let info = self.header.info(name).ok_or_else(|| {
            self.tensor_error(
                name,
                "not in this file".into(),
                "check the file that names it",
            )
        })?;
        Ok(self.values(name, info)?.iter().all(|&x| x == 0.0))
    }

    fn values(&self, name: &str, info: &TensorInfo) -> Result<Vec<f64>> {
        let (start, end) = info.data_offsets;
        let bytes = self
            .map
            .get(self.data_start + start..self.data_start + end)
            .ok_or_else(|| corrupt(&self.path, format!("tensor `{name}` ends beyond the file")))?;
        // `chunks_exact` copies each number out, so the mapping's alignment does not matter.
        Ok(match info.dtype {
            Dtype::F64 => convert(bytes, f64::from_le_bytes),
            Dtype::F32 => convert(bytes, |b| f64::from(f32::from_le_bytes(b))),
            Dtype::F16 => convert(bytes, |b| f16::from_le_bytes(b).to_f64()),
            Dtype::BF16 => convert(bytes, |b| bf16::from_le_bytes(b).to_f64()),
            other => {
                let problem = format!("stored as {other:?}");
                let remedy = "f64, f32, f16 and bf16 are read: save the weights in one of these";
                return Err(self.tensor_error(name, problem, remedy));
            }
        })
    }

    fn tensor_error(&self, tensor: &str, problem: String, remedy: &str) -> Error {
        Error::Tensor {
            path: self.path.clone(),
            tensor: tensor.into(),
            problem,
            remedy: remedy.into(),
        }
    }
}

#[allow(unsafe_code)]
fn map_file(path: &Path) -> Result<Mmap> {
    let io = |source| Error::Io {
        path: path.into(),
        action: "read",
        source,
        remedy: "check that it is a file and that you may read it",
    };
    let file = File::open(path).map_err(io)?;
    if file.metadata().map_err(io)?.len() == 0 {
        return Err(corrupt(path, "the file is empty".into()));
    }
    // SAFETY: mapped read-only and private. A program that shortens the file meanwhile would end
    // this one with SIGBUS, as with every reader of mapped weights; nothing here writes to it.
    unsafe { Mmap::map(&file) }.map_err(io)
}

fn convert<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|&chunk| number(chunk))
        .collect()
}

fn corrupt(path: &Path, problem: String) -> Error {
    Error::Corrupt {
        path: path.into(),
        problem,
        remedy: DAMAGED,
    }
}

/// The library's variants in a user's words.
fn explain(error: &SafeTensorError, length: usize) -> String {
    match error {
        SafeTensorError::HeaderTooSmall => {
            format!("its {length} bytes are too few for a header")
        }
        SafeTensorError::HeaderTooLarge | SafeTensorError::InvalidHeaderLength => {
            format!("its header is said to be longer than the file of {length} bytes")
        }
        SafeTensorError::InvalidHeader(_) | SafeTensorError::InvalidHeaderDeserialization(_) => {
            format!("its header is not JSON ({error})")
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            format!("its tensors do not end where the file of {length} bytes does")
        }
        SafeTensorError::InvalidOffset(name) => {
            format!("tensor `{name}` has offsets that overlap, leave a hole or run backwards")
        }
        SafeTensorError::TensorInvalidInfo => {
            "a tensor's shape and type do not fit its offsets".to_string()
        }
        other => other.to_string(),
    }
}
