//! What a low-rank adapter learned: the subspace overlap φ(i,j) between ranks and between seeds, the
//! amplification of ΔW against W, and the figures and tables of section 7 of the LoRA paper
//! (Hu et al. 2021, arXiv 2106.09685) on anybody's weights.
//!
//! Most people run the four commands; README.md has them. The library underneath is for questions
//! that no figure of the paper asks. Which directions do two adapters share in one module?
//!
//! ```
//! use std::path::Path;
//!
//! use lora_subspace::adapter::{Adapter, ReadOptions};
//! use lora_subspace::measure::{Basis, Directions, chance, overlap};
//!
//! let open = |name: &str| {
//!     let folder = Path::new("experiments/minilm-sst2/adapters").join(name);
//!     Adapter::open(&folder, &ReadOptions::default())
//! };
//! let directions = |adapter: &Adapter, module: &str| {
//!     let delta = adapter.delta(module)?; // ΔW = s·B·A, as factors
//!     Directions::of_delta(&delta, Basis::DeltaRight, delta.rank())
//! };
//! let (one, other) = (open("r64-seed0")?, open("r64-seed1")?);
//! let module = "bert.encoder.layer.5.attention.self.value";
//! let first = directions(&one, module)?;
//! let second = directions(&other, module)?;
//!
//! let phi = overlap(first.subspace(), second.subspace())?;
//! assert!((phi[(0, 0)] - 0.753).abs() < 5e-4); // the top direction is shared …
//! assert!(chance::overlap_chance(1, 1, 384) < 0.003); // … far above chance
//! # Ok::<(), lora_subspace::Error>(())
//! ```
//!
//! # Rooms
//!
//! Data flows one way, and `tests/architecture.rs` holds the arrows:
//! files → [`tensors`] → [`adapter`], [`base`] → [`measure`] (on [`linalg`]) → [`study`] →
//! rows in [`table`] → [`figure`] → [`report`]; [`cli`] joins them and nobody imports it. [`error`] is
//! everybody's.

pub mod asked;
#[doc(hidden)]
pub mod cli;
pub mod error;
pub mod figure;
pub mod findings;
pub mod init;
pub mod paper;
pub mod publish;
pub mod report;
pub mod results;
pub mod run;
pub mod study;
pub mod table;

pub use error::{CoreError, Error, Result};
// The numbers, under the paths that they have had.
pub use lora_subspace_core::{adapter, base, files, linalg, measure, setting, tensors};
