//! The header of a safetensors file.

use std::collections::BTreeMap;
use std::fs::File;

use safetensors::tensor::{Dtype, Metadata, SafeTensorError, SafeTensors};

use crate::files::read_exact_at;

use super::Number;
use super::contents::{Contents, Fault};
use super::stored::{Stored, product};

/// The longest header that the format allows.
const LONGEST_HEADER: u64 = 100_000_000;

/// Checks the header: sizes, offsets and shapes must agree and fill the file.
pub(super) fn read(file: &File, length: u64) -> Result<Contents, Fault> {
    let head = read_head(file, length)?;
    let header = parse_head(&head, length).map_err(Fault::Corrupt)?;
    let names = header.offset_keys();
    let mut tensors = BTreeMap::new();
    for (name, info) in header.tensors() {
        // An axis of no length hides any other from the library.
        if product(info.shape.iter().map(|&n| n as u64)).is_none() {
            let problem = format!("shape {:?} is larger than any file", info.shape);
            return Err(Fault::Tensor(name, problem));
        }
        let stored = Stored {
            number: number(info.dtype),
            shape: info.shape.clone(),
            start: (head.len() + info.data_offsets.0) as u64,
            strides: None,
        };
        tensors.insert(name, stored);
    }
    let metadata = header.metadata().iter().flatten();
    Ok(Contents {
        names,
        tensors,
        values: BTreeMap::new(),
        metadata: metadata.map(|(k, v)| (k.clone(), v.clone())).collect(),
    })
}

fn number(dtype: Dtype) -> Result<Number, String> {
    Ok(match dtype {
        Dtype::F64 => Number::F64,
        Dtype::F32 => Number::F32,
        Dtype::F16 => Number::F16,
        Dtype::BF16 => Number::Bf16,
        Dtype::F8_E4M3 => Number::F8E4M3,
        Dtype::F8_E5M2 => Number::F8E5M2,
        Dtype::I64 => Number::I64,
        Dtype::I32 => Number::I32,
        Dtype::I16 => Number::I16,
        Dtype::I8 => Number::I8,
        Dtype::U8 => Number::U8,
        Dtype::BOOL => Number::Bool,
        other => return Err(format!("{other:?}")),
    })
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
