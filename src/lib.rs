#![doc = "placeholder"]

#[cfg(feature = "openblas-system")]
use openblas_src as _;

pub mod adapter;
pub mod base;
pub mod cli;
pub mod error;
pub mod figure;
pub mod linalg;
pub mod measure;
pub mod study;
pub mod table;
pub mod tensors;

pub use error::{Error, Result};
