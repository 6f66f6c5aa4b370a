//! ΔW of every layout, against the libraries that wrote the files (tests/golden/layouts.py).
//!
//! `LAYOUTS=kohya cargo test --release --test numbers layouts` runs the cases whose names begin so.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::golden;
use crate::in_parts::in_parts;
use lora_subspace_core::adapter::{Adapter, BaseIndex, ReadOptions};
use lora_subspace_core::base::{Base, fused};
use lora_subspace_core::tensors::TensorFile;
use serde_json::Value;

/// Largest difference from the library's answer, relative to its largest entry: the files are f32.
const CLOSE: f64 = 1e-5;

/// How near s is to the library's, of which a file may hold α in f32.
const STORED: f64 = 1e-7;

fn root() -> PathBuf {
    golden("layouts")
}

pub(crate) fn cases() -> Vec<(String, Value)> {
    let text = fs::read_to_string(root().join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let wanted = std::env::var("LAYOUTS").unwrap_or_default();
    let all = manifest["cases"].as_object().unwrap().clone();
    all.into_iter()
        .filter(|(name, _)| name.starts_with(&wanted))
        .collect()
}

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) told: Value,
    pub(crate) folder: PathBuf,
    pub(crate) base: Option<Base>,
}

impl Case {
    pub(crate) fn new((name, told): (String, Value)) -> Self {
        let folder = root().join(&name);
        let base = told["base"].as_str().map(|base| {
            let path = folder.join(base);
            Base::open(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
        });
        Case {
            name,
            told,
            folder,
            base,
        }
    }

    pub(crate) fn open(&self) -> lora_subspace_core::Result<Adapter> {
        self.open_at(&self.folder.join(self.told["adapter"].as_str().unwrap()))
    }

    /// The case's adapter at another place.
    pub(crate) fn open_at(&self, path: &Path) -> lora_subspace_core::Result<Adapter> {
        let options = &self.told["options"];
        let initial = options["init_adapter"].as_str();
        let mut read = ReadOptions::new();
        read.alpha = options["alpha"].as_f64();
        read.initial = initial.map(|path| self.folder.join(path));
        let index = self.base.as_ref().map(|base| base as &dyn BaseIndex);
        Adapter::open_on(path, &read, index)
    }

    /// Compares every module of the answer with ours; the largest relative difference.
    fn compare(&self) -> Result<f64, String> {
        let adapter = self.open().map_err(|error| error.to_string())?;
        // An adapter that keeps the fused projections, and one that is cut into slices.
        let mut cut = self.open().map_err(|error| error.to_string())?;
        cut.split(&|module| fused::slices(module, self.base.as_ref()));
        let golden = TensorFile::open(&self.folder.join("delta.safetensors")).unwrap();
        let mut worst = 0.0f64;
        for path in golden.names() {
            let theirs = golden.matrix(path).unwrap();
            let owner = if adapter.module(path).is_some() {
                &adapter
            } else {
                &cut
            };
            let module = owner
                .module(path)
                .ok_or_else(|| format!("no module `{path}`; there are {:?}", paths(owner)))?;
            let told = &self.told["modules"][path.as_str()];
            if module.needs_base() != (told["needs_base"] == true) {
                return Err(format!("`{path}`: needs_base is {}", module.needs_base()));
            }
            let base = self.base.as_ref();
            // A grouped convolution that PEFT runs and cannot merge: its ΔW fits no W. torchtune's q
            // and k: their rows have another order than this base's.
            let is_apart = self.told["oracle"] == "PEFT forward"
                || list(&self.told["rope_interleaved"]).contains(&path.as_str());
            let w = match base.filter(|_| !is_apart) {
                Some(base) => Some(base.whole(module).map_err(|error| error.to_string())?),
                None => None,
            };
            if let Some(base) = base.filter(|_| !is_apart) {
                let weight = base.weight(module).map_err(|error| error.to_string())?;
                if in_parts(base, module) != weight {
                    return Err(format!("`{path}`: W in parts is another"));
                }
            }
            let ours = owner
                .delta_with(path, w.as_ref().map(|w| w.view()), 1)
                .map_err(|error| error.to_string())?
                .dense();
            // With factors its name is enough; without, the error says what else to give.
            match owner.delta(path) {
                Ok(delta) if module.rank.is_some() && delta.dense() == ours => {}
                Err(error) if module.rank.is_none() && asks(&error) => {}
                other => return Err(format!("`{path}`: by its name alone {other:?}")),
            }
            if ours.dim() != theirs.dim() {
                return Err(format!("`{path}`: {:?} for {:?}", ours.dim(), theirs.dim()));
            }
            if let (Some(expected), Some(rank)) = (told["rank"].as_u64(), module.rank)
                && rank as u64 != expected
            {
                return Err(format!("`{path}`: rank {rank} for {expected}"));
            }
            if let (Some(expected), true) = (told["scale"].as_f64(), module.rank.is_some())
                && (module.scale - expected).abs() > STORED * expected.abs()
            {
                return Err(format!("`{path}`: s = {} for {expected}", module.scale));
            }
            let largest = theirs.iter().fold(0.0f64, |most, x| most.max(x.abs()));
            let differences = ours.iter().zip(&theirs).map(|(x, y)| (x - y).abs());
            let error = differences.fold(0.0, f64::max) / largest;
            // Without `max`, which would lose a NaN.
            if error.is_nan() || error > CLOSE {
                return Err(format!(
                    "`{path}`: off by {error:.1e} (layout {})",
                    adapter.layout
                ));
            }
            worst = worst.max(error);
        }
        self.all_told(&adapter, &golden)?;
        Ok(worst)
    }

    /// Whether a module's ΔW is exactly zero.
    fn is_unchanged(&self, adapter: &Adapter, path: &str) -> Result<bool, String> {
        let (base, module) = (self.base.as_ref().unwrap(), adapter.module(path).unwrap());
        let w = base.whole(module).map_err(|error| error.to_string())?;
        let delta = adapter.delta_with(path, Some(w.view()), 1);
        let is_zero = delta.and_then(|delta| delta.is_zero());
        is_zero.map_err(|error| error.to_string())
    }

    /// Whether the adapter has no module that the answer lacks, and left nothing out.
    fn all_told(&self, adapter: &Adapter, golden: &TensorFile) -> Result<(), String> {
        let known = |path: &&str| golden.names().iter().any(|name| name == path);
        let unchanged = list(&self.told["unchanged"]);
        for extra in paths(adapter).iter().filter(|path| !known(path)) {
            if !unchanged.contains(extra) || !self.is_unchanged(adapter, extra)? {
                return Err(format!("`{extra}` is not in the answer"));
            }
        }
        match adapter.unmapped.first() {
            Some(name) => Err(format!("`{name}` was not understood")),
            None => Ok(()),
        }
    }
}

/// The strings of a list; none where there is no list.
fn list(told: &Value) -> Vec<&str> {
    let items = told.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

fn paths(adapter: &Adapter) -> Vec<&str> {
    adapter
        .modules
        .iter()
        .map(|module| module.path.as_str())
        .collect()
}

/// Whether an error names the call that takes W and a number of directions.
fn asks(error: &lora_subspace_core::Error) -> bool {
    error.to_string().contains("Adapter::delta_with")
}

#[test]
fn every_update_is_the_library_s_own() {
    let mut failures = Vec::new();
    for entry in cases() {
        let case = Case::new(entry);
        if case.told["refused"] == true {
            continue;
        }
        match case.compare() {
            Ok(worst) => println!(
                "{}: {}, {worst:.1e}, by {}",
                case.name, case.told["layout"], case.told["oracle"]
            ),
            Err(problem) => failures.push(format!("{}: {problem}", case.name)),
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let mut failures = Vec::new();
    for entry in cases() {
        let case = Case::new(entry);
        if case.told["refused"] != true {
            continue;
        }
        match case.open() {
            Ok(adapter) => failures.push(format!("{}: read as {}", case.name, adapter.layout)),
            Err(error) => {
                let text = error.to_string();
                println!("{}: {text}", case.name);
                // The way out is to merge it elsewhere and give the two checkpoints.
                if !text.contains("Adapter::open_on") {
                    failures.push(format!("{}: {text}", case.name));
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
