//! The numbers of lora-subspace: adapters and bases from their files, ΔW, and what is measured on it.
//!
//! Data flows one way: files → [`tensors`] → [`adapter`], [`base`] → [`measure`], on [`linalg`].
//! Nothing here draws, prints or knows a command line; the package `lora-subspace` does.

#[cfg(feature = "openblas-system")]
use openblas_src as _;

pub mod adapter;
pub mod base;
pub mod error;
pub mod files;
pub mod linalg;
pub mod measure;
pub mod setting;
pub mod tensors;

pub use error::{Error, Result};
