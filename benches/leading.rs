//! Leading singular triplets of a W, by the shape of its spectrum: the shape decides how long it
//! takes and which method comes to its end.

mod common;

use common::{gaussian, with_spectrum};
use divan::{Bencher, black_box};
use lora_subspace::linalg::leading;
use ndarray::{Array1, Array2};

fn main() {
    common::run();
}

/// Side of W.
const N: usize = 2048;
/// How many triplets.
const COUNTS: [usize; 2] = [8, 64];

fn time(bencher: Bencher, w: Array2<f64>, k: usize) {
    bencher.bench_local(|| leading(black_box(w.view()), black_box(k)).expect("finite"));
}

/// σ_l = l^−½, as trained weights have it roughly.
#[divan::bench(args = COUNTS, sample_count = 3, sample_size = 1)]
fn power_law(bencher: Bencher, k: usize) {
    time(bencher, with_spectrum(&powers()), k);
}

/// Normal numbers: no gap anywhere.
#[divan::bench(args = COUNTS, sample_count = 3, sample_size = 1)]
fn flat_gaussian(bencher: Bencher, k: usize) {
    time(bencher, gaussian(N, N, 5) / (N as f64).sqrt(), k);
}

/// Ten values within 1e-8 of each other, then ten smaller ones, and so on: cuts inside a cluster
/// have a gap of 1e-9.
#[divan::bench(args = COUNTS, sample_count = 3, sample_size = 1)]
fn clustered(bencher: Bencher, k: usize) {
    let sigma = |l: usize| f64::powi(0.9, (l / 10) as i32) * (1.0 - 1e-9 * (l % 10) as f64);
    time(bencher, with_spectrum(&Array1::from_shape_fn(N, sigma)), k);
}

/// The power law with three values a thousand times its first, which spoil what MᵀM knows of the
/// others.
#[divan::bench(args = COUNTS, sample_count = 3, sample_size = 1)]
fn outliers(bencher: Bencher, k: usize) {
    let mut sigma = powers();
    for l in 0..3 {
        sigma[l] = 1e3 * (1.0 - 0.1 * l as f64);
    }
    time(bencher, with_spectrum(&sigma), k);
}

fn powers() -> Array1<f64> {
    Array1::from_shape_fn(N, |l| ((l + 1) as f64).powf(-0.5))
}
