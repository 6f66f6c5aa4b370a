//! Small adapters and bases on disk, and a way to run the commands on them.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of this"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

/// What a command did.
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// The last line of stderr, which must be the error.
    pub fn error(&self) -> &str {
        let last = self.stderr.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("error: "),
            "no error line at the end of: {}",
            self.stderr
        );
        last
    }
}

/// Runs one of this package's commands in a folder.
pub fn run(command: &str, arguments: &[&str], folder: &Path) -> Outcome {
    let program = match command {
        "subspace-overlap" => env!("CARGO_BIN_EXE_subspace-overlap"),
        "amplification" => env!("CARGO_BIN_EXE_amplification"),
        "regenerate" => env!("CARGO_BIN_EXE_regenerate"),
        "inspect" => env!("CARGO_BIN_EXE_inspect"),
        other => panic!("no command {other}"),
    };
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Named f32 tensors that can be saved as a safetensors file.
#[derive(Clone, Default)]
pub struct Tensors(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Tensors {
    /// Adds a tensor whose entries are small, irregular and depend on `salt`.
    pub fn with(mut self, name: &str, shape: &[usize], salt: u32) -> Self {
        let count = shape.iter().product::<usize>() as u32;
        let values = (0..count)
            .map(|n| ((n * n + 3 * n + salt * 17) as f32 * 0.37).sin())
            .collect();
        self.0.insert(name.into(), (shape.to_vec(), values));
        self
    }

    /// Adds a tensor with every entry the same.
    pub fn constant(mut self, name: &str, shape: &[usize], value: f32) -> Self {
        self.0.insert(
            name.into(),
            (shape.to_vec(), vec![value; shape.iter().product()]),
        );
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        assert!(self.0.remove(name).is_some(), "there is no {name}");
        self
    }

    pub fn save(&self, path: &Path) {
        self.save_with(path, &[]);
    }

    /// Saves with entries in the file's own metadata.
    pub fn save_with(&self, path: &Path, metadata: &[(&str, &str)]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = self
            .0
            .iter()
            .map(|(name, (shape, values))| {
                let bytes = values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect();
                (name.clone(), shape.clone(), bytes)
            })
            .collect();
        let views = bytes.iter().map(|(name, shape, bytes)| {
            (
                name.clone(),
                TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap(),
            )
        });
        let entries = metadata.iter();
        let metadata = entries.map(|(key, value)| (key.to_string(), value.to_string()));
        let metadata = (metadata.len() > 0).then(|| metadata.collect());
        fs::write(path, safetensors::serialize(views, metadata).unwrap()).unwrap();
    }
}

/// A PEFT folder in the making: rank 2, α = 4, modules `m.layers.{0,1}.{q_proj,v_proj}` of 6 × 5.
#[derive(Clone)]
pub struct AdapterFolder {
    pub config: Value,
    pub tensors: Tensors,
}

pub const MODULES: [&str; 4] = [
    "layers.0.q_proj",
    "layers.0.v_proj",
    "layers.1.q_proj",
    "layers.1.v_proj",
];
pub const D_OUT: usize = 6;
pub const D_IN: usize = 5;

pub fn factor(module: &str, factor: char) -> String {
    format!("base_model.model.m.{module}.lora_{factor}.weight")
}

impl AdapterFolder {
    pub fn new(rank: usize, salt: u32) -> Self {
        let mut tensors = Tensors::default();
        for (number, module) in MODULES.iter().enumerate() {
            let salt = salt + 10 * number as u32;
            tensors = tensors.with(&factor(module, 'A'), &[rank, D_IN], salt);
            tensors = tensors.with(&factor(module, 'B'), &[D_OUT, rank], salt + 5);
        }
        let config = json!({"peft_type": "LORA", "r": rank, "lora_alpha": 4, "base_model_name_or_path": "tiny"});
        AdapterFolder { config, tensors }
    }

    /// Sets a field of the config; null removes it.
    pub fn field(mut self, name: &str, value: Value) -> Self {
        let config = self.config.as_object_mut().unwrap();
        if value.is_null() {
            config.remove(name)
        } else {
            config.insert(name.into(), value)
        };
        self
    }

    pub fn tensors(mut self, change: impl FnOnce(Tensors) -> Tensors) -> Self {
        self.tensors = change(self.tensors);
        self
    }

    pub fn save(&self, folder: &Path) -> PathBuf {
        self.tensors.save(&folder.join("adapter_model.safetensors"));
        fs::write(folder.join("adapter_config.json"), self.config.to_string()).unwrap();
        folder.to_path_buf()
    }
}

/// The base of those adapters, without their `m.` prefix.
pub fn base_tensors() -> Tensors {
    MODULES
        .iter()
        .enumerate()
        .fold(Tensors::default(), |tensors, (number, module)| {
            tensors.with(
                &format!("{module}.weight"),
                &[D_OUT, D_IN],
                100 + number as u32,
            )
        })
}

/// A folder with `one` (rank 2), `two` (rank 3), `three` (rank 2) and `base/`.
pub fn workshop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    AdapterFolder::new(2, 1).save(&folder.path().join("one"));
    AdapterFolder::new(3, 2).save(&folder.path().join("two"));
    AdapterFolder::new(2, 3).save(&folder.path().join("three"));
    base_tensors().save(&folder.path().join("base/model.safetensors"));
    folder
}

/// Runs a script of `tests/` with the Python that `.ci/install-python` makes, and gives what it
/// prints; those of the report need Chromium too. What is missing is installed; where it cannot be,
/// the test fails.
pub fn python(script: &str, arguments: &[&Path]) -> String {
    static PYTHON: OnceLock<()> = OnceLock::new();
    static CHROMIUM: OnceLock<()> = OnceLock::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let install = |what: &str| {
        let installed = Command::new(root.join(".ci").join(what)).output().unwrap();
        let why = String::from_utf8_lossy(&installed.stderr);
        assert!(installed.status.success(), ".ci/{what}: {why}");
    };
    PYTHON.get_or_init(|| install("install-python"));
    if script.starts_with("report/") {
        CHROMIUM.get_or_init(|| install("install-chromium"));
    }
    let output = Command::new(root.join("target/python/bin/python"))
        .arg(root.join("tests").join(script))
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// All files under a folder, relative and sorted.
pub fn files(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                found.push(
                    path.strip_prefix(root)
                        .unwrap()
                        .to_string_lossy()
                        .into_owned(),
                );
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

/// The name of [`strange_study`].
pub const STRANGE: &str = "strange";

/// Results of a small study in which whatever a file may name would be markup, script or code where
/// somebody forgot to escape it; modules have long names, and the larger of two ranks comes first.
pub fn strange_study(flags: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let long = "<i>a_module_with_a_very_long_name".repeat(4);
    let other = "v</script><script>alert(1)</script>\"\\n{{x}}<img src=x onerror=alert(2)>";
    let of_layer = |layer| ["q_proj", other].map(|name| format!("h.{layer}.{long}.{name}"));
    let modules = [0, 1].map(of_layer).concat();
    let mut base = Tensors::default();
    for (module, salt) in modules.iter().zip(100..) {
        base = base.with(&format!("{module}.weight"), &[D_OUT, D_IN], salt);
    }
    base.save(&folder.path().join("base/model.safetensors"));
    for (name, rank, seed) in [("one", 2, 1), ("two", 3, 2), ("three", 2, 3)] {
        let mut tensors = Tensors::default();
        for (module, place) in modules.iter().zip(0..) {
            let factor = |factor| format!("base_model.model.{module}.lora_{factor}.weight");
            tensors = tensors.with(&factor('A'), &[rank, D_IN], seed + 10 * place);
            tensors = tensors.with(&factor('B'), &[D_OUT, rank], seed + 10 * place + 5);
        }
        let config = json!({"peft_type": "LORA", "r": rank, "lora_alpha": 4});
        AdapterFolder { config, tensors }.save(&folder.path().join(name));
    }
    let adapter = |name| format!("[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\n");
    let study = format!(
        "name = \"{STRANGE}\"\ntitle = '</title><script>alert(3)</script>'\nbase = \"base\"\n{}\
         [text]\nquestion = 'Is 1 < 2 & <script>alert(4)</script>?'\n\
         [compare]\nranks = [\"two\", \"one\"]\nseeds = [\"one\", \"three\"]\nbase = [\"one\", \"two\"]\n\
         [figures]\nlayer = 0\nbases = [\"a\", \"delta-left\"]\n",
        ["one", "two", "three"].map(adapter).concat()
    );
    fs::write(folder.path().join("study.toml"), study).unwrap();
    let arguments = [&["study.toml", "-q"][..], flags].concat();
    let outcome = run("regenerate", &arguments, folder.path());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    folder
}
