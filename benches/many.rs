//! Many adapters side by side: what a module takes at N = 10, 50 and 200, and what all of 64 modules would.
//!
//! ```text
//! cargo bench --bench many              modules of 4096 × 4096, k = 8
//! cargo bench --bench many -- D MODULES
//! ```
//!
//! Times are those of the processor, as others share the machine. A module is the difference between some modules and
//! one. Draws are made once a run: the difference between 999 of them and one. Each run is a process of its own, so that its
//! peak memory is its own. A plain product of the same frames and the eigenvalues of its result stand beside it: the work
//! that nobody can leave out.

mod common;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use lora_subspace::linalg::{eigenvalues, use_one_thread};
use lora_subspace::publish::{Options, Silent, write};
use lora_subspace::study::{Makes, Plan, Request, Selection};
use ndarray::Array2;
use safetensors::tensor::{Dtype, TensorView};

use common::{gaussian, take_kernels};

/// Rank of each adapter, and k.
const R: usize = 8;
/// Modules of a whole model: 32 layers of two projections.
const WHOLE: usize = 64;
const ADAPTERS: [usize; 3] = [10, 50, 200];

fn main() -> Result<(), Box<dyn Error>> {
    take_kernels()?;
    use_one_thread();
    let given: Vec<String> = std::env::args().skip(1).collect();
    if let [word, folder, modules, draws] = given.as_slice()
        && word == "measure"
    {
        return measure(Path::new(folder), modules.parse()?, draws.parse()?);
    }
    let sizes: Vec<usize> = given.iter().filter_map(|one| one.parse().ok()).collect();
    let (d, modules) = match sizes.as_slice() {
        &[d, modules] => (d, modules),
        _ => (4096, 3),
    };
    println!("modules of {d} × {d}, r = k = {R}, one thread, seconds of the processor:");
    println!(
        "    N  999 draws  a module  reading it  product and eigenvalues  64 modules  peak MB of 1 and {modules}"
    );
    for count in ADAPTERS {
        let folder = tempfile::tempdir()?;
        make(folder.path(), d, count, modules)?;
        let one = timed(folder.path(), 1, 1)?;
        let all = timed(folder.path(), modules, 1)?;
        let drawn = timed(folder.path(), 1, 999)?;
        let module = (all.seconds - one.seconds) / (modules as f64 - 1.0);
        let draws = (drawn.seconds - one.seconds).max(0.0);
        println!(
            "{count:5}  {draws:9.1}  {module:8.2}  {:10.3}  {:23.2}  {:10.0}  {:.0} and {:.0}",
            all.reading / modules as f64,
            least(d, count)?,
            one.seconds + draws + (WHOLE as f64 - 1.0) * module,
            one.peak,
            all.peak,
        );
    }
    Ok(())
}

/// One product of all frames with themselves on either side, and the eigenvalues of both.
fn least(d: usize, count: usize) -> Result<f64, Box<dyn Error>> {
    let frames = gaussian(count * R, d, 7) / (d as f64).sqrt();
    let before = processor()?;
    for _ in 0..2 {
        let gram = frames.dot(&frames.t());
        std::hint::black_box(eigenvalues(gram.view())?);
    }
    Ok(processor()? - before)
}

/// What a process of its own took: seconds of the processor, those of reading, and megabytes.
struct Took {
    seconds: f64,
    reading: f64,
    peak: f64,
}

/// Measures some modules with so many draws in a process of its own.
fn timed(folder: &Path, modules: usize, draws: usize) -> Result<Took, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?)
        .arg("measure")
        .arg(folder)
        .args([modules, draws].map(|number| number.to_string()))
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let numbers = text.split_whitespace().filter_map(|one| one.parse().ok());
    match numbers.collect::<Vec<f64>>().as_slice() {
        &[seconds, reading, peak] if output.status.success() => Ok(Took {
            seconds,
            reading,
            peak,
        }),
        _ => Err(String::from_utf8_lossy(&output.stderr).into()),
    }
}

/// Writes the tables of the first modules, and prints what it took.
fn measure(folder: &Path, modules: usize, draws: usize) -> Result<(), Box<dyn Error>> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global()?;
    let study = folder.join(format!("{draws}.toml"));
    let mut text = "name = \"many\"\n".to_string();
    for entry in fs::read_dir(folder.join("runs"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        text += &format!("[[adapter]]\nname = \"{name}\"\npath = \"runs/{name}\"\n");
    }
    fs::write(&study, format!("{text}[many]\ndraws = {draws}\n"))?;
    let layers: Vec<usize> = (0..modules).collect();
    let mut request = Request::everything();
    request.selection = Selection::new(&[], &layers)?;
    request.makes = Makes {
        overlap: true,
        ..Makes::default()
    };
    let plan = Plan::from_file(&study, &request)?;
    let out = tempfile::tempdir()?;
    let mut options = Options::new(out.path());
    (options.figures, options.report) = (false, false);
    write(&plan, &options, &Silent)?;
    let record = out.path().join("notebooks-export/many/run-publish.json");
    let record: serde_json::Value = serde_json::from_slice(&fs::read(record)?)?;
    let reading = record["seconds_reading"].as_f64();
    let reading = reading.ok_or("a record without its reading")?;
    println!("{} {reading} {}", processor()?, peak()?);
    Ok(())
}

/// Seconds of the processor that this process has taken.
fn processor() -> Result<f64, Box<dyn Error>> {
    /// Linux counts in hundredths of a second.
    const TICKS: f64 = 100.0;
    let text = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = text.rsplit_once(')').ok_or("no name")?;
    // The name is the second field, user and system time are fields 14 and 15.
    let fields: Vec<f64> = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|one| one.parse().ok())
        .collect();
    Ok(fields.iter().sum::<f64>() / TICKS)
}

/// The most memory that this process held, in megabytes.
fn peak() -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .ok_or("no VmHWM")?;
    let kilobytes = line.split_whitespace().nth(1).ok_or("no number")?;
    Ok(kilobytes.parse::<f64>()? / 1024.0)
}

/// Adapters in bf16, as PEFT writes them, a module a layer.
fn make(folder: &Path, d: usize, count: usize, modules: usize) -> Result<(), Box<dyn Error>> {
    for adapter in 0..count {
        let path = folder.join(format!("runs/run{adapter:03}"));
        fs::create_dir_all(&path)?;
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        for layer in 0..modules {
            let seed = (adapter * modules + layer) as u64 * 2;
            let name =
                |factor: char| format!("base_model.model.h.{layer}.q_proj.lora_{factor}.weight");
            tensors.push((name('A'), vec![R, d], halves(&gaussian(R, d, seed))));
            tensors.push((name('B'), vec![d, R], halves(&gaussian(d, R, seed + 1))));
        }
        let views = tensors.iter().map(|(name, shape, bytes)| {
            Ok((
                name.clone(),
                TensorView::new(Dtype::BF16, shape.clone(), bytes)?,
            ))
        });
        let views: Vec<_> = views.collect::<Result<_, safetensors::SafeTensorError>>()?;
        fs::write(
            path.join("adapter_model.safetensors"),
            safetensors::serialize(views, None)?,
        )?;
        let config = serde_json::json!({"peft_type": "LORA", "r": R, "lora_alpha": R});
        fs::write(path.join("adapter_config.json"), config.to_string())?;
    }
    Ok(())
}

/// The upper halves of f32.
fn halves(matrix: &Array2<f64>) -> Vec<u8> {
    let upper = |x: &f64| ((*x as f32).to_bits() >> 16) as u16;
    matrix.iter().flat_map(|x| upper(x).to_le_bytes()).collect()
}
