//! Floods: inputs with far more of one thing than anybody has. Each is measured at three sizes, the
//! last of them the named one, in a process of its own, so that its peak is its own:
//!
//! ```text
//! cargo bench --bench floods                 every flood
//! cargo bench --bench floods -- patterns     those whose name has this word
//! ```
//!
//! A growth of 1 is linear, of 2 quadratic; below a second it says little.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use safetensors::tensor::{Dtype, TensorView};

use lora_subspace::adapter::{Adapter, ReadOptions};
use lora_subspace::publish::{Options, Silent, write};
use lora_subspace::study::{Plan, Request, Selection};

type Outcome = Result<(), Box<dyn Error>>;

/// A flood: what there is too much of, how much, its inputs and what reads them.
struct Flood {
    name: &'static str,
    most: usize,
    make: fn(&Path, usize) -> Outcome,
    read: fn(&Path, usize) -> Outcome,
}

const FLOODS: [Flood; 10] = [
    Flood {
        name: "numbers in a config",
        most: 16_000_000,
        make: numbers,
        read: inspect,
    },
    Flood {
        name: "names in rank_pattern",
        most: 100_000,
        make: |folder, count| patterns(folder, count, 2),
        read: inspect,
    },
    Flood {
        name: "names in rank_pattern, as many modules",
        most: 10_000,
        make: |folder, count| patterns(folder, count, count),
        read: inspect,
    },
    Flood {
        name: "modules of one adapter",
        most: 5_000,
        make: |folder, count| adapter(&folder.join("one"), count, ""),
        read: inspect,
    },
    Flood {
        name: "modules of a pair",
        most: 5_000,
        make: pair,
        read: |folder, _| compare(folder, None, &[]),
    },
    Flood {
        name: "modules of a pair with a base",
        most: 5_000,
        make: pair_and_base,
        read: |folder, _| compare(folder, Some("base"), &[]),
    },
    Flood {
        name: "patterns of modules",
        most: 10_000,
        make: |folder, _| pair(folder, 1000),
        read: globs,
    },
    Flood {
        name: "lines of runs.csv",
        most: 1_000_000,
        make: lines,
        read: study,
    },
    Flood {
        name: "published grids",
        most: 20_000,
        make: grids,
        read: study,
    },
    Flood {
        name: "adapters of a study",
        most: 200,
        make: adapters,
        read: study,
    },
];

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [child, name, count, folder] = arguments.as_slice()
        && child == "--child"
    {
        let flood = FLOODS.iter().find(|flood| flood.name == name);
        let flood = flood.ok_or("there is no such flood")?;
        return measure(flood, Path::new(folder), count.parse()?);
    }
    let words = arguments.iter().filter(|word| !word.starts_with('-'));
    let words: Vec<&String> = words.collect();
    println!("| flood | size | s | peak MB | growth |\n|---|--:|--:|--:|--:|");
    for flood in FLOODS {
        if words.is_empty() || words.iter().any(|word| flood.name.contains(*word)) {
            report(&flood)?;
        }
    }
    Ok(())
}

/// Prints a line for each size.
fn report(flood: &Flood) -> Outcome {
    let mut before: Option<f64> = None;
    for count in [flood.most / 4, flood.most / 2, flood.most] {
        let folder = tempfile::tempdir()?;
        (flood.make)(folder.path(), count)?;
        let output = Command::new(std::env::current_exe()?)
            .args(["--child", flood.name, &count.to_string()])
            .arg(folder.path())
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let said = String::from_utf8(output.stdout)?;
        let (seconds, peak) = said.trim().split_once(' ').ok_or("no figures")?;
        let seconds: f64 = seconds.parse()?;
        let growth = before.map_or(String::new(), |before| {
            format!("{:.1}", (seconds / before).log2())
        });
        println!(
            "| {} | {count} | {seconds:.2} | {peak} | {growth} |",
            flood.name
        );
        before = Some(seconds);
    }
    Ok(())
}

/// Prints seconds, and the peak of memory in MB.
fn measure(flood: &Flood, folder: &Path, count: usize) -> Outcome {
    lora_subspace::linalg::use_one_thread();
    let started = Instant::now();
    (flood.read)(folder, count)?;
    println!("{} {}", started.elapsed().as_secs_f64(), peak());
    Ok(())
}

/// VmHWM, which Linux alone has.
fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.map_or("–".into(), |number| format!("{:.0}", number * 1.024e-3))
}

fn inspect(folder: &Path, _: usize) -> Outcome {
    Adapter::open(&folder.join("one"), &ReadOptions::new().looking())?;
    Ok(())
}

fn compare(folder: &Path, base: Option<&str>, globs: &[String]) -> Outcome {
    let paths: Vec<PathBuf> = ["one", "two"].map(|name| folder.join(name)).into();
    let base = base.map(|base| folder.join(base));
    let mut request = Request::everything();
    request.makes.amplification = false;
    request.selection = Selection::new(globs, &[])?;
    tables(
        &Plan::from_paths(&paths, base.as_deref(), &request)?,
        folder,
    )
}

fn globs(folder: &Path, count: usize) -> Outcome {
    let globs: Vec<String> = (0..count).map(|n| format!("*layers.{n}.*q_proj")).collect();
    compare(folder, None, &globs)
}

fn study(folder: &Path, _: usize) -> Outcome {
    let plan = Plan::from_file(&folder.join("study.toml"), &Request::everything())?;
    tables(&plan, folder)
}

fn tables(plan: &Plan, folder: &Path) -> Outcome {
    let mut options = Options::new(folder.join("out"));
    options.figures = false;
    write(plan, &options, &Silent)?;
    Ok(())
}

/// An adapter of so many modules of 8 × 8 and rank 2, in as many layers.
fn adapter(folder: &Path, modules: usize, fields: &str) -> Outcome {
    let name = |module: usize, factor: char| {
        format!("base_model.model.model.layers.{module}.self_attn.q_proj.lora_{factor}.weight")
    };
    let sides = [('A', vec![2, 8]), ('B', vec![8, 2])];
    let names = (0..modules).flat_map(|module| {
        let sides = sides.clone();
        sides.map(|(factor, shape)| (name(module, factor), shape))
    });
    fs::create_dir_all(folder)?;
    save(&folder.join("adapter_model.safetensors"), names.collect())?;
    let config = format!("{{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4{fields}}}");
    Ok(fs::write(folder.join("adapter_config.json"), config)?)
}

/// Tensors of other numbers in each place and file.
fn save(path: &Path, names: Vec<(String, Vec<usize>)>) -> Outcome {
    let name = path.to_string_lossy();
    let letters = name.bytes().map(usize::from);
    let file: usize = letters
        .enumerate()
        .map(|(place, letter)| place * letter)
        .sum();
    let bytes = |number: usize, shape: &[usize]| -> Vec<u8> {
        let entry = |place: usize| ((number * 64 + place * (file % 997)) as f32 * 0.7).sin();
        let entries = (0..shape.iter().product()).map(entry);
        entries.flat_map(f32::to_le_bytes).collect()
    };
    let data: Vec<Vec<u8>> = names
        .iter()
        .enumerate()
        .map(|(n, (_, s))| bytes(n, s))
        .collect();
    let views = names.iter().zip(&data).map(|((name, shape), data)| {
        TensorView::new(Dtype::F32, shape.clone(), data).map(|view| (name, view))
    });
    let views = views.collect::<Result<Vec<_>, _>>()?;
    Ok(fs::write(path, safetensors::serialize(views, None)?)?)
}

fn numbers(folder: &Path, count: usize) -> Outcome {
    let list = "1,".repeat(count);
    adapter(&folder.join("one"), 2, &format!(", \"x\": [{list}1]"))
}

fn patterns(folder: &Path, count: usize, modules: usize) -> Outcome {
    let key = |n: usize| format!("\"layers.{n}.self_attn.q_proj\": 2");
    let keys: Vec<String> = (0..count).map(key).collect();
    let field = format!(", \"rank_pattern\": {{{}}}", keys.join(", "));
    adapter(&folder.join("one"), modules, &field)
}

fn pair(folder: &Path, count: usize) -> Outcome {
    adapter(&folder.join("one"), count, "")?;
    adapter(&folder.join("two"), count, ", \"seed\": 1")
}

fn pair_and_base(folder: &Path, count: usize) -> Outcome {
    pair(folder, count)?;
    let name = |n: usize| {
        (
            format!("model.layers.{n}.self_attn.q_proj.weight"),
            vec![8, 8],
        )
    };
    fs::create_dir(folder.join("base"))?;
    save(
        &folder.join("base/model.safetensors"),
        (0..count).map(name).collect(),
    )
}

fn lines(folder: &Path, count: usize) -> Outcome {
    pair(folder, 3)?;
    let mut text = String::from(
        "adapter,weight_types,rank,alpha,seed,task,metric,value,trainable_parameters\n",
    );
    for n in 0..count {
        writeln!(text, "x{n},q+v,8,16,{n},t,accuracy,0.{n},")?;
    }
    fs::write(folder.join("runs.csv"), text)?;
    let study = "name = \"s\"\nruns = \"runs.csv\"\n[[adapter]]\nname = \"one\"\npath = \"one\"\n";
    Ok(fs::write(folder.join("study.toml"), study)?)
}

fn grids(folder: &Path, count: usize) -> Outcome {
    let mut text =
        String::from("module,layer,projection,basis,first,second,i,j,overlap,chance,z\n");
    for n in 0..count {
        writeln!(text, "m.{n}.q,{n},q,a,r8,r64,1,1,0.5,0.001,")?;
    }
    fs::write(folder.join("overlap.csv"), text)?;
    let study = "name = \"s\"\nrows = \".\"\n[compare]\nranks = [\"r8\", \"r64\"]\n";
    Ok(fs::write(folder.join("study.toml"), study)?)
}

fn adapters(folder: &Path, count: usize) -> Outcome {
    let mut study = String::from("name = \"s\"\n");
    for n in 0..count {
        let name = format!("a{n}");
        adapter(&folder.join(&name), 3, "")?;
        writeln!(
            study,
            "[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\nseed = {n}"
        )?;
    }
    Ok(fs::write(folder.join("study.toml"), study)?)
}
