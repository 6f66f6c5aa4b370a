//! Table 7 without W's own directions, beside the work that nobody can leave out: one product of W with all
//! directions in f32, reading W's file, and drawing the random frames. Each is timed apart in one run.
//!
//! ```text
//! cargo bench --bench products              one W of 4096 × 4096
//! cargo bench --bench products -- ROWS COLUMNS
//! cargo bench --bench products -- 70b       every linear weight of a model of 70 billion parameters
//! ```

mod common;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use lora_subspace::linalg::{haar, use_one_thread};
use lora_subspace::paper::RowOf;
use lora_subspace::study::{Makes, Plan, Request};
use ndarray::Array2;
use safetensors::tensor::{Dtype, TensorView};

use common::{gaussian, take_kernels};

/// Rank of ΔW.
const R: usize = 64;
/// Random draws.
const DRAWS: usize = 20;
/// Each is timed so often; the shortest counts, as others share the machine.
const ROUNDS: usize = 5;
/// The linear weights of a layer of Llama 2 70B and its like: rows, columns, and which have this shape.
const LAYER_70B: [(usize, usize, &[&str]); 4] = [
    (8192, 8192, &["q", "o"]),
    (1024, 8192, &["k", "v"]),
    (28672, 8192, &["gate", "up"]),
    (8192, 28672, &["down"]),
];
/// Its layers.
const LAYERS_70B: usize = 80;

fn main() -> Result<(), Box<dyn Error>> {
    take_kernels()?;
    use_one_thread();
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "70b") {
        return all_of_70b();
    }
    let sizes: Vec<usize> = arguments
        .iter()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let (rows, columns) = match sizes.as_slice() {
        &[rows, columns] => (rows, columns),
        _ => (4096, 4096),
    };
    let folder = tempfile::tempdir()?;
    make(folder.path(), rows, columns)?;
    let weights = folder.path().join("base/model.safetensors");

    let w = singles(rows, columns, 1);
    let stacked = singles(columns, R * (DRAWS + 1), 2);
    let product = shortest(|| {
        std::hint::black_box(w.dot(&stacked));
    });
    drop((w, stacked));
    let reading = shortest(|| {
        std::hint::black_box(fs::read(&weights).expect("it was written"));
    });
    let drawing = shortest(|| {
        for draw in 0..DRAWS {
            let frame = |d, side| haar(d, R, &format!("0/h.0.q/draw{draw}/{side}"));
            let both = frame(rows, "left").and_then(|u| Ok((u, frame(columns, "right")?)));
            std::hint::black_box(both.expect("R is below both sides"));
        }
    });
    let table_7 = shortest(|| table_7(folder.path()));
    let floor = product + reading + drawing;
    println!("{rows} × {columns}, r = {R}, {DRAWS} draws, one thread, seconds:");
    println!(
        "  one f32 product with {} columns  {product:.3}",
        R * (DRAWS + 1)
    );
    println!("  reading W's file                   {reading:.3}");
    println!(
        "  drawing {} frames                  {drawing:.3}",
        2 * DRAWS
    );
    println!("  their sum                          {floor:.3}");
    println!(
        "  table 7                            {table_7:.3} = {:.2} × the sum",
        table_7 / floor
    );
    Ok(())
}

/// Table 7 of one module of each shape, times how many there are.
fn all_of_70b() -> Result<(), Box<dyn Error>> {
    println!("r = {R}, {DRAWS} draws, one thread:");
    let mut all = 0.0;
    for (rows, columns, names) in LAYER_70B {
        let folder = tempfile::tempdir()?;
        make(folder.path(), rows, columns)?;
        // Twice: the first run waits for the disk.
        let started = (0..2).map(|_| {
            let started = Instant::now();
            table_7(folder.path());
            started.elapsed().as_secs_f64()
        });
        let seconds = started.fold(f64::INFINITY, f64::min);
        let count = LAYERS_70B * names.len();
        all += seconds * count as f64;
        println!(
            "  {rows} × {columns} ({}): {seconds:.2} s, {count} of them",
            names.join(", ")
        );
    }
    println!("  all {LAYERS_70B} layers: {:.0} min", all / 60.0);
    Ok(())
}

/// Table 7 of the adapter in a folder, without W's own directions.
fn table_7(folder: &Path) {
    let mut request = Request::everything();
    request.makes = Makes {
        amplification: true,
        ..Makes::default()
    };
    request.directions = vec![RowOf::Delta, RowOf::Random];
    request.draws = Some(DRAWS);
    let (adapter, base) = (folder.join("one"), folder.join("base"));
    let plan = Plan::from_paths(&[adapter], Some(&base), &request).expect("a plan");
    std::hint::black_box(plan.run(&|| ()).expect("rows"));
}

fn shortest(mut work: impl FnMut()) -> f64 {
    let once = |_| {
        let started = Instant::now();
        work();
        started.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(once).fold(f64::INFINITY, f64::min)
}

fn singles(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
    gaussian(rows, columns, seed).mapv(|x| x as f32)
}

/// A base with one W in f32, and an adapter of it.
fn make(folder: &Path, rows: usize, columns: usize) -> Result<(), Box<dyn Error>> {
    let of = |factor: char| format!("base_model.model.h.0.q.lora_{factor}.weight");
    save(
        &folder.join("base/model.safetensors"),
        &[("h.0.q.weight", singles(rows, columns, 3))],
    )?;
    save(
        &folder.join("one/adapter_model.safetensors"),
        &[
            (&of('A'), singles(R, columns, 4)),
            (&of('B'), singles(rows, R, 5)),
        ],
    )?;
    let config = serde_json::json!({"peft_type": "LORA", "r": R, "lora_alpha": R});
    Ok(fs::write(
        folder.join("one/adapter_config.json"),
        config.to_string(),
    )?)
}

fn save(path: &Path, tensors: &[(&str, Array2<f32>)]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(path.parent().ok_or("a file in a folder")?)?;
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, matrix)| matrix.iter().flat_map(|x| x.to_le_bytes()).collect())
        .collect();
    let mut views = Vec::new();
    for ((name, matrix), bytes) in tensors.iter().zip(&bytes) {
        let shape = vec![matrix.nrows(), matrix.ncols()];
        views.push((name.to_string(), TensorView::new(Dtype::F32, shape, bytes)?));
    }
    Ok(fs::write(path, safetensors::serialize(views, None)?)?)
}
