//! What results were made of: nothing in it changes when nothing that matters has.

use serde::Serialize;

/// Version, settings and inputs of a study's results. Neither time nor machine, threads, git
/// revision or absolute paths, so that results can be compared byte by byte.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Provenance {
    /// Version of this crate.
    pub version: String,
    /// The study's name.
    pub study: String,
    /// Settings that decide numbers, resolved: name and value.
    pub settings: Vec<(String, String)>,
    /// Files that were read.
    pub inputs: Vec<Input>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Input {
    /// The study's name for the adapter that it belongs to, or `base`, or `study`.
    pub of: String,
    /// File name, without its folder.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}
