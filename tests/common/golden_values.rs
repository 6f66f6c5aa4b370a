//! What NumPy and SciPy say of the built-in study, and how near ours must be.

use std::collections::HashMap;
use std::fs::File;
use std::sync::LazyLock;

use crate::files::golden;
use ndarray::ArrayD;
use ndarray_npy::NpzReader;
use serde_json::Value;

/// What the project promises of φ (absolute) and of norms and σ (relative).
pub(crate) const PROMISE: f64 = 1e-6;

/// What is seen: both sides work in f64, and these spectra have gaps of 1e-4 and more.
pub(crate) const SEEN: f64 = 1e-9;

pub(crate) static STUDY: LazyLock<HashMap<String, ArrayD<f64>>> = LazyLock::new(|| {
    let path = golden("minilm-sst2.npz");
    let mut archive = NpzReader::new(File::open(path).unwrap()).unwrap();
    let names = archive.names().unwrap();
    names
        .into_iter()
        .map(|name| (name.clone(), archive.by_name(&name).unwrap()))
        .collect()
});

/// Largest |x − y| / scale; a missing value on one side only is infinite.
pub(crate) fn distance(ours: Option<f64>, golden: f64, scale: f64) -> f64 {
    match ours {
        None if golden.is_nan() => 0.0,
        None => f64::INFINITY,
        Some(_) if golden.is_nan() => f64::INFINITY,
        Some(ours) => (ours - golden).abs() / scale,
    }
}

pub(crate) fn report(what: &str, worst: f64, count: usize) {
    println!("{what}: largest difference {worst:.1e} over {count} numbers");
    assert!(worst <= SEEN && SEEN <= PROMISE, "{what}: {worst:e}");
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

pub(crate) fn close(ours: f64, golden: f64, relative: f64) {
    let error = (ours - golden).abs();
    assert!(
        error <= relative * golden.abs().max(1e-300),
        "{ours:e} here, {golden:e} there"
    );
}
