//! PEFT LoRA: `adapter_config.json` beside `adapter_model.safetensors`, linear layers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::error::{Error, Result};
use crate::tensors::TensorFile;

use super::names::natural_order;
use super::peft_config::PeftConfig;
use super::{AdaptedModule, Adapter, ReadOptions};

const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";

/// `PREFIX.MODULE.lora_A[.ADAPTER][.weight]`
static FACTOR: LazyLock<Regex> = LazyLock::new(|| {
    let key = r"^(?:base_model\.model\.)*(?<module>.+)\.lora_(?<factor>[AB])(?:\.(?<name>[^.]+))??(?:\.weight)?$";
    Regex::new(key).expect("a constant")
});

#[derive(Default)]
struct Factors {
    a: Option<String>,
    b: Option<String>,
}

/// Opens a PEFT folder, or the weight file in one.
pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Adapter> {
    let (config_path, weights_path) = locate(path)?;
    let config = PeftConfig::read(&config_path)?;
    let file = TensorFile::open(&weights_path)?;
    let sorted = sort_tensors(&file, options)?;
    let mut modules = Vec::new();
    for (module, factors) in sorted.factors {
        modules.push(describe(&file, &config, module, factors, options)?);
    }
    if modules.is_empty() {
        return Err(Error::NotFound {
            path: weights_path,
            problem: format!(
                "none of its {} tensors is a factor lora_A or lora_B",
                file.names().len()
            ),
            remedy: "give the folder that was saved after LoRA training".into(),
        });
    }
    modules.sort_by(|one, other| natural_order(&one.path, &other.path));
    Ok(Adapter {
        file,
        root: path.into(),
        layout: "PEFT LoRA",
        evidence: format!("{CONFIG} with peft_type LORA; keys MODULE.lora_A and MODULE.lora_B"),
        scale_rule: match options.scaled {
            true => config.scale_rule(options.alpha),
            false => "s = 1, from --no-scale".into(),
        },
        base_name: config.base_name,
        fan_in_fan_out: config.fan_in_fan_out,
        modules,
        replaced: sorted.replaced,
        unmapped: sorted.unmapped,
    })
}

fn locate(path: &Path) -> Result<(PathBuf, PathBuf)> {
    let missing = |at: &Path, problem: String, remedy: &str| {
        Err(Error::NotFound {
            path: at.into(),
            problem,
            remedy: remedy.into(),
        })
    };
    if !path.exists() {
        return missing(
            path,
            "no such file or folder".into(),
            "give the folder of a PEFT adapter",
        );
    }
    let (folder, weights) = match path.is_dir() {
        true => (path.to_path_buf(), path.join(WEIGHTS)),
        false => (
            path.parent().unwrap_or(Path::new("")).to_path_buf(),
            path.to_path_buf(),
        ),
    };
    let config = folder.join(CONFIG);
    if !config.is_file() {
        let remedy =
            "its lora_alpha and rank are needed: copy it from where the adapter was trained";
        return missing(path, format!("no {CONFIG} there"), remedy);
    }
    if !weights.is_file() {
        let remedy = match folder.join("adapter_model.bin").is_file() {
            true => "only adapter_model.bin is there: load it with PEFT and save it as safetensors",
            false => "copy it from where the adapter was trained",
        };
        return missing(path, format!("no {WEIGHTS} there"), remedy);
    }
    Ok((config, weights))
}

struct Sorted {
    factors: BTreeMap<String, Factors>,
    replaced: Vec<String>,
    unmapped: Vec<String>,
}

/// Splits the tensors into factors, full tensors that travel along, and the rest.
fn sort_tensors(file: &TensorFile, options: &ReadOptions) -> Result<Sorted> {
    let mut sorted = Sorted {
        factors: BTreeMap::new(),
        replaced: Vec::new(),
        unmapped: Vec::new(),
    };
    for name in file.names() {
        if name.contains("lora_magnitude_vector") {
            return Err(Error::Unsupported {
                path: file.path().into(),
                feature: format!("tensor `{name}` (DoRA)"),
                reason: "DoRA rescales every row of W + s·B·A".into(),
                remedy: "give a plain LoRA adapter".into(),
            });
        }
        let is_bias = name.ends_with(".bias");
        match FACTOR.captures(name).filter(|_| !is_bias) {
            Some(key) if file.shape(name).is_some_and(|shape| shape.len() == 2) => {
                let factors = sorted.factors.entry(key["module"].to_string()).or_default();
                let place = if &key["factor"] == "A" {
                    &mut factors.a
                } else {
                    &mut factors.b
                };
                if let Some(earlier) = place.replace(name.clone()) {
                    return Err(tensor(
                        file,
                        name,
                        format!("the same factor as `{earlier}`"),
                        "the file holds several adapters: save one of them by itself",
                    ));
                }
            }
            None if !name.contains("lora_") || is_bias => sorted.replaced.push(name.clone()),
            _ => sorted.unmapped.push(name.clone()),
        }
    }
    if let (Some(first), false) = (sorted.unmapped.first(), options.allow_unmapped) {
        let problem = format!(
            "shape {:?} under this name is not the factor of a linear layer ({} such in all)",
            file.shape(first).unwrap_or_default(),
            sorted.unmapped.len()
        );
        let remedy =
            "embedding and convolution factors are not read: --allow-unmapped leaves them out";
        return Err(tensor(file, first, problem, remedy));
    }
    Ok(sorted)
}

/// Checks one module's factors against each other and against the config.
fn describe(
    file: &TensorFile,
    config: &PeftConfig,
    module: String,
    factors: Factors,
    options: &ReadOptions,
) -> Result<AdaptedModule> {
    let (a, b) = match (factors.a, factors.b) {
        (Some(a), Some(b)) => (a, b),
        (a, b) => {
            let missing = if a.is_none() { "A" } else { "B" };
            let problem = format!("its module `{module}` has no factor {missing}");
            let remedy = "save the adapter again: a ΔW needs both";
            return Err(tensor(file, &a.or(b).unwrap_or(module), problem, remedy));
        }
    };
    let (a_shape, b_shape) = (
        file.shape(&a).unwrap_or_default(),
        file.shape(&b).unwrap_or_default(),
    );
    let (&[rank, d_in], &[d_out, b_rank]) = (a_shape, b_shape) else {
        return Err(tensor(
            file,
            &a,
            format!("shape {a_shape:?}"),
            "factors are matrices",
        ));
    };
    if rank != b_rank {
        let problem = format!(
            "A is {rank} × {d_in} and B (`{b}`) is {d_out} × {b_rank}: they do not multiply"
        );
        return Err(tensor(
            file,
            &a,
            problem,
            "A must have as many rows as B has columns",
        ));
    }
    if rank == 0 || d_in == 0 || d_out == 0 {
        return Err(tensor(
            file,
            &a,
            format!("shape {a_shape:?}"),
            "a factor cannot be empty",
        ));
    }
    if let Some(expected) = config
        .rank(&module)
        .filter(|&expected| expected != rank as f64)
    {
        let problem = format!("rank {rank}, where {CONFIG} gives this module rank {expected}");
        let remedy = "the config belongs to another run, or rank_pattern is incomplete: correct r or rank_pattern";
        return Err(tensor(file, &a, problem, remedy));
    }
    let scale = match options.scaled {
        true => config.scale(&module, rank, options.alpha)?,
        false => 1.0,
    };
    Ok(AdaptedModule {
        path: module,
        a,
        b,
        rank,
        d_in,
        d_out,
        scale,
    })
}

fn tensor(file: &TensorFile, name: &str, problem: String, remedy: &str) -> Error {
    Error::Tensor {
        path: file.path().into(),
        tensor: name.into(),
        problem,
        remedy: remedy.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::FACTOR;

    #[test]
    fn keys_as_saved_and_as_dumped() {
        for key in [
            "base_model.model.m.0.q.lora_A.weight",
            "base_model.model.base_model.model.m.0.q.lora_A.weight",
            "base_model.model.m.0.q.lora_A.default.weight",
            "m.0.q.lora_A.weight",
            "m.0.q.lora_A.style",
            "m.0.q.lora_A",
        ] {
            let found = FACTOR.captures(key).unwrap();
            assert_eq!(
                (&found["module"], &found["factor"]),
                ("m.0.q", "A"),
                "{key}"
            );
        }
        assert!(FACTOR.captures("m.q.lora_embedding_A").is_none());
        assert!(FACTOR.captures("m.q.weight").is_none());
    }
}
