//! Files to named tensors: the only room that reads weights.
//!
//! One matrix at a time is read and converted to f64; a NaN or an infinity is an error with the
//! tensor's name, so that nothing downstream has to ask.

mod bundle;
mod checkpoint;
mod contents;
mod file;
mod folder;
mod header;
mod hub;
mod index;
mod model;
mod npz;
mod number;
mod quantised;
mod rows;
mod scan;
mod sets;
mod shards;
mod stored;
mod text;
mod torch;
mod zipped;

pub use checkpoint::Checkpoint;
pub use file::TensorFile;
pub use hub::{find_adapter, find_adapter_near, find_model, find_model_near};
pub use number::Number;
pub use shards::Shards;

pub(crate) use bundle::Bundle;
pub(crate) use folder::{chosen_among, names_in, weights_in};
pub(crate) use rows::StoredRows;
pub(crate) use sets::{Set, named};
