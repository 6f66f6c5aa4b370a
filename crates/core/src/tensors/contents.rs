//! What a weight file holds, whatever its format.

use std::collections::BTreeMap;
use std::io;

use super::stored::Stored;

/// Tensors by name, and what is beside them.
pub(super) struct Contents {
    /// In the order of the file.
    pub(super) names: Vec<String>,
    pub(super) tensors: BTreeMap<String, Stored>,
    /// What a pickle has that is no tensor.
    pub(super) values: BTreeMap<String, String>,
    /// What a safetensors header has beside its tensors.
    pub(super) metadata: BTreeMap<String, String>,
}

/// Why a file was not read; [`super::TensorFile`] adds the path.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    /// It holds no tensors: a text of this kind.
    Text(&'static str),
    /// It is not what it seems to be.
    Corrupt(String),
    /// It is fine, perhaps, and asks for something that is never done.
    Refused(String),
    /// An entry of an archive is compressed.
    Compressed(String),
    /// One tensor lies.
    Tensor(String, String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Io(error)
    }
}
