//! Tensors to `Adapter { module → ΔW }`, one file per layout. What has factors stays factored.

mod alpha;
mod checkpoint;
mod cloneofsimo;
mod delta;
mod diffusers;
mod factors;
mod fields;
mod formula;
mod found;
mod header;
mod initial;
mod keys;
mod kohya;
mod left_out;
mod leftover;
mod located;
mod loralib;
mod mlx;
mod module;
mod names;
mod open;
mod opened;
mod pattern;
mod peft;
mod products;
mod refused;
mod scale_rule;
mod torchtune;
mod update;

pub use delta::{Decomposed, Delta};
pub use found::ReadOptions;
pub use left_out::LeftOut;
pub use module::{AdaptedModule, BaseIndex, Part, Parts, Slice, Stored, Target};
pub use names::{block_of, layer_of, natural_order, projection_of};
pub use opened::Adapter;
pub use scale_rule::ScaleKind;
