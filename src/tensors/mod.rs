//! Files to named tensors: the only room that opens weight files.
//!
//! Files are memory-mapped and one matrix at a time is converted to f64; a NaN or an infinity is an
//! error with the tensor's name, so that nothing downstream has to ask.

mod checkpoint;
mod file;

pub use checkpoint::Checkpoint;
pub use file::TensorFile;
