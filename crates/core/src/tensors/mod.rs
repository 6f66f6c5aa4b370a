//! Files to named tensors: the only room that opens weight files.
//!
//! One matrix at a time is read and converted to f64; a NaN or an infinity is an error with the
//! tensor's name, so that nothing downstream has to ask.

mod checkpoint;
mod contents;
mod digest;
mod file;
mod folder;
mod header;
mod hub;
mod model;
mod npz;
mod number;
mod quantised;
mod stored;
mod torch;
mod zipped;

pub use checkpoint::Checkpoint;
pub use digest::{same_bytes, sha256};
pub use file::TensorFile;
pub use hub::{find_model, find_model_near};
pub use number::Number;
