//! Tensors to `Adapter { module → ΔW }`, one file per layout. What has factors stays factored.

mod checkpoint;
mod cloneofsimo;
mod delta;
mod diffusers;
mod factors;
mod formula;
mod found;
mod keys;
mod kohya;
mod located;
mod loralib;
mod mlx;
mod module;
mod names;
mod open;
mod opened;
mod peft;
mod products;
mod refused;
mod split;
mod torchtune;
mod update;

pub use delta::{Decomposed, Delta};
pub use found::ReadOptions;
pub use module::{AdaptedModule, BaseIndex, Cut, Part, Parts, Slice, Stored, Target};
pub use names::{block_of, layer_of, natural_order, projection_of};
pub use opened::Adapter;
pub use split::Cuts;
