//! Inputs of the benchmarks: the same numbers in every run.
#![allow(dead_code, unreachable_pub)] // each benchmark is a crate of its own and takes what it needs

use std::error::Error;
use std::process::Command;

use lora_subspace::linalg::better_kernels;
use ndarray::{Array1, Array2, ArrayViewMut2, Axis};

/// One thread for everything, then the benchmarks: a time is what one core takes.
pub fn run() {
    lora_subspace::linalg::use_one_thread();
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global()
        .expect("nothing has used the pool yet");
    divan::main();
}

/// Starts this program again with the kernels that the commands would take.
pub fn take_kernels() -> Result<(), Box<dyn Error>> {
    const VARIABLE: &str = "OPENBLAS_CORETYPE";
    let Some(kernels) = better_kernels().filter(|_| std::env::var_os(VARIABLE).is_none()) else {
        return Ok(());
    };
    let mut again = Command::new(std::env::current_exe()?);
    let status = again
        .args(std::env::args().skip(1))
        .env(VARIABLE, kernels)
        .status()?;
    std::process::exit(status.code().unwrap_or(1));
}

/// A matrix of independent normal numbers.
pub fn gaussian(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
    let mut state = seed;
    let mut uniform = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 11) as f64 + 0.5) * (-53f64).exp2()
    };
    Array2::from_shape_simple_fn((rows, columns), || {
        (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
    })
}

/// A square matrix with exactly these singular values: a diagonal, reflected a few times from
/// either side.
pub fn with_spectrum(sigma: &Array1<f64>) -> Array2<f64> {
    let mut matrix = Array2::from_diag(sigma);
    for seed in 0..3 {
        reflect(matrix.view_mut(), seed);
        reflect(matrix.view_mut().reversed_axes(), seed + 100);
    }
    matrix
}

/// M −= 2·x·(xᵀM) for a unit vector x.
fn reflect(mut matrix: ArrayViewMut2<f64>, seed: u64) {
    let x = gaussian(matrix.nrows(), 1, seed).remove_axis(Axis(1));
    let image = x.dot(&matrix) * (2.0 / x.dot(&x));
    for (mut row, &x) in matrix.axis_iter_mut(Axis(0)).zip(&x) {
        row.scaled_add(-x, &image);
    }
}
