//! φ(i,j) of two adapters in one module, as an array.
//!
//! ```text
//! cargo run --example overlap_of_two_adapters
//! ```

use std::path::Path;

use lora_subspace::adapter::{Adapter, ReadOptions};
use lora_subspace::measure::chance::overlap_chance;
use lora_subspace::measure::{Basis, Directions, overlap};
use ndarray::{Array2, s};

const MODULE: &str = "bert.encoder.layer.5.attention.self.value";

fn main() -> Result<(), lora_subspace::Error> {
    let adapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/minilm-sst2/adapters");
    let open = |name: &str| Adapter::open(&adapters.join(name), &ReadOptions::new());
    let (small, large) = (open("r8-seed0")?, open("r64-seed1")?);

    // Right-singular vectors of A, the paper's choice: as many as each adapter has directions.
    let directions = |adapter: &Adapter| {
        let delta = adapter.delta(MODULE)?;
        Directions::of_delta(&delta, Basis::A, delta.rank())
    };
    let (first, second) = (directions(&small)?, directions(&large)?);

    // Row i − 1, column j − 1: how much of the first i directions lies in the first j of the other.
    let phi: Array2<f64> = overlap(first.subspace(), second.subspace())?;
    println!("φ(i,j) in {MODULE}, {:?}:", phi.dim());
    println!("{:.3}", phi.slice(s![..4, ..8]));

    let (i, j, d) = (1, 8, first.subspace().ambient());
    println!(
        "φ({i},{j}) = {:.3}; by chance {:.3} in R^{d}",
        phi[(i - 1, j - 1)],
        overlap_chance(i, j, d)
    );
    Ok(())
}
