//! One safetensors file.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use ndarray::Array2;
use safetensors::tensor::{Dtype, Metadata, SafeTensorError, SafeTensors, TensorInfo};

use crate::error::{Error, Result};

use super::Float;

const DAMAGED: &str = "the download or the copy was probably cut short: fetch the file again";

/// Bytes read at a time: they stay in the cache until they are converted.
const CHUNK: usize = 128 * 1024;
/// The longest header that the format allows.
const LONGEST_HEADER: u64 = 100_000_000;

/// An open safetensors file whose header has been checked against its length.
///
/// Tensors are read, not mapped: what was converted takes no memory any more, and a file that
/// someone shortens meanwhile is an error instead of a signal.
pub struct TensorFile {
    path: PathBuf,
    file: File,
    data_start: u64,
    header: Metadata,
    /// In the order of their bytes.
    names: Vec<String>,
}

impl TensorFile {
    /// Opens a file and checks its header: sizes, offsets and shapes must agree and fill the file.
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
        let io = |source| io_error(path, source);
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let head = read_head(&file, length).map_err(io)?;
        let header = parse_head(&head, length).map_err(|problem| corrupt(path, problem))?;
        let names = header.offset_keys();
        Ok(TensorFile {
            path: path.into(),
            file,
            data_start: head.len() as u64,
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
        match self.shape(name) {
            Some(&[rows, columns]) => self.matrix_as(name, (rows, columns)),
            Some(shape) => {
                let problem = format!("shape {shape:?}, where a matrix was expected");
                Err(self.tensor_error(name, problem, "only two-dimensional weights are read"))
            }
            None => Err(self.absent(name)),
        }
    }

    /// A tensor of any shape, its numbers row by row in a matrix of the given one.
    ///
    /// # Errors
    ///
    /// As [`TensorFile::matrix`], and when the sizes differ.
    pub fn matrix_as(&self, name: &str, (rows, columns): (usize, usize)) -> Result<Array2<f64>> {
        let info = self.header.info(name).ok_or_else(|| self.absent(name))?;
        if Some(info.shape.iter().product()) != rows.checked_mul(columns) {
            let problem = format!(
                "shape {:?}, where {rows} × {columns} was expected",
                info.shape
            );
            return Err(self.tensor_error(name, problem, "check the file that names it"));
        }
        let mut values = vec![0.0; rows * columns];
        let mut bad = None;
        self.read(name, info, Some(&mut values), |start, chunk| {
            // Without a branch per number, so that it costs next to nothing.
            if !chunk.iter().fold(true, |fine, x| fine & x.is_finite()) {
                let place = chunk.iter().position(|x| !x.is_finite());
                bad = place.map(|place| start + place);
            }
            bad.is_none()
        })?;
        if let Some(position) = bad {
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
    ///
    /// # Errors
    ///
    /// As [`TensorFile::matrix`], but for the values.
    pub fn is_zero(&self, name: &str) -> Result<bool> {
        let info = self.header.info(name).ok_or_else(|| {
            self.tensor_error(
                name,
                "not in this file".into(),
                "check the file that names it",
            )
        })?;
        let mut zero = true;
        self.read(name, info, None, |_, chunk| {
            zero = chunk.iter().all(|&x| x == 0.0);
            zero
        })?;
        Ok(zero)
    }

    /// Shows a tensor's numbers in order, a chunk and its place at a time, until `take` has seen
    /// enough. They are left in `all` where somebody wants to keep them.
    fn read(
        &self,
        name: &str,
        info: &TensorInfo,
        mut all: Option<&mut [f64]>,
        mut take: impl FnMut(usize, &[f64]) -> bool,
    ) -> Result<()> {
        let float = match info.dtype {
            Dtype::F64 => Float::F64,
            Dtype::F32 => Float::F32,
            Dtype::F16 => Float::F16,
            Dtype::BF16 => Float::Bf16,
            other => {
                let problem = format!("stored as {other:?}");
                let remedy = "f64, f32, f16 and bf16 are read: save the weights in one of these";
                return Err(self.tensor_error(name, problem, remedy));
            }
        };
        let (start, end) = info.data_offsets;
        let length = end - start;
        let mut bytes = vec![0; CHUNK.min(length)];
        let mut passing = vec![
            0.0;
            if all.is_some() {
                0
            } else {
                bytes.len() / float.size()
            }
        ];
        for place in (0..length).step_by(CHUNK) {
            let bytes = &mut bytes[..CHUNK.min(length - place)];
            let (first, count) = (place / float.size(), bytes.len() / float.size());
            let numbers = match &mut all {
                Some(all) => &mut all[first..first + count],
                None => &mut passing[..count],
            };
            read_exact_at(&self.file, bytes, self.data_start + (start + place) as u64)
                .map_err(|source| io_error(&self.path, source))?;
            float.decode(bytes, numbers);
            if !take(first, numbers) {
                break;
            }
        }
        Ok(())
    }

    fn absent(&self, name: &str) -> Error {
        self.tensor_error(
            name,
            "not in this file".into(),
            "check the file that names it",
        )
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

/// The eight bytes of the header's length and the header; fewer where the file has not that many
/// or the length cannot be meant.
fn read_head(file: &File, length: u64) -> std::io::Result<Vec<u8>> {
    let mut size = [0; 8];
    let available = length.min(8) as usize;
    read_exact_at(file, &mut size[..available], 0)?;
    let header = u64::from_le_bytes(size);
    if available < 8 || header > LONGEST_HEADER || header > length - 8 {
        return Ok(size[..available].to_vec());
    }
    let mut head = vec![0; 8 + header as usize];
    read_exact_at(file, &mut head, 0)?;
    Ok(head)
}

fn parse_head(head: &[u8], length: u64) -> std::result::Result<Metadata, String> {
    if length == 0 {
        return Err("the file is empty".into());
    }
    // The library checks everything before it asks whether the data follow, which they do not here.
    match SafeTensors::read_metadata(head) {
        Ok(_) | Err(SafeTensorError::MetadataIncompleteBuffer) => {}
        Err(error) => return Err(explain(&error, length)),
    }
    let header: Metadata = serde_json::from_slice(&head[8..])
        .map_err(|error| format!("its header is not JSON ({error})"))?;
    if head.len() as u64 + header.data_len() as u64 != length {
        return Err(explain(&SafeTensorError::MetadataIncompleteBuffer, length));
    }
    Ok(header)
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => {
                bytes = &mut bytes[count..];
                offset += count as u64;
            }
        }
    }
    Ok(())
}

fn io_error(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.into(),
        action: "read",
        source,
        remedy: "check that it is a file and that you may read it",
    }
}

fn corrupt(path: &Path, problem: String) -> Error {
    Error::Corrupt {
        path: path.into(),
        problem,
        remedy: DAMAGED,
    }
}

/// The library's variants in a user's words.
fn explain(error: &SafeTensorError, length: u64) -> String {
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
