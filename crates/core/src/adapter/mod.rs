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
mod placing;
mod products;
mod refused;
mod rename;
mod scale_rule;
mod split;
mod torchtune;
mod update;

pub use delta::{Decomposed, Delta};
pub use found::ReadOptions;
pub use left_out::LeftOut;
pub use module::{AdaptedModule, BaseIndex, Cut, LaidIndex, Part, Parts, Slice, Stored, Target};
pub use names::{block_of, layer_of, natural_order, projection_of};
pub use opened::Adapter;
pub use rename::{Rename, renamed};
pub use scale_rule::ScaleKind;
pub use split::Cuts;

pub(crate) use delta::rows_of;
pub(crate) use keys::unwrapped as without_wrappers;
pub(crate) use kohya::ldm::{fused_attention, translated as other_name};
pub(crate) use module::Placed;
