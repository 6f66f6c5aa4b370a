//! Small formats of one trainer each: ΔW and s against dense arithmetic, and W where its place is the
//! format's to know.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::Tensors;
use lora_subspace_core::adapter::{Adapter, BaseIndex, ReadOptions, ScaleKind};
use lora_subspace_core::base::Base;
use ndarray::Array2;
use serde_json::{Value, json};

/// Small integers, so that products are exact.
pub(crate) fn matrix(rows: usize, columns: usize, salt: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        ((5 * i + 3 * j + salt * (j + 1)) % 7) as f64 - 3.0
    })
}

/// Matrices as they are stored, by name.
#[derive(Clone, Default)]
pub(crate) struct Stored(pub(crate) Vec<(String, Array2<f64>)>);

impl Stored {
    pub(crate) fn with(mut self, name: &str, rows: usize, columns: usize) -> Self {
        let salt = self.0.len() + 1;
        self.0.push((name.into(), matrix(rows, columns, salt)));
        self
    }

    pub(crate) fn get(&self, name: &str) -> &Array2<f64> {
        &self.0.iter().find(|(own, _)| own == name).unwrap().1
    }

    pub(crate) fn tensors(&self) -> Tensors {
        self.0
            .iter()
            .fold(Tensors::default(), |tensors, (name, matrix)| {
                tensors.values(name, &[matrix.nrows(), matrix.ncols()], matrix)
            })
    }

    /// (A·B)ᵀ of a pair.
    pub(crate) fn turned(&self, a: &str, b: &str) -> Array2<f64> {
        self.get(a).dot(self.get(b)).reversed_axes()
    }
}

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new(weights: &str, stored: &Stored, config: Option<(&str, Value)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        stored.tensors().save(&folder.path().join(weights));
        if let Some((name, config)) = config {
            fs::write(folder.path().join(name), config.to_string()).unwrap();
        }
        Folder(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn open(&self) -> Adapter {
        self.open_with(&ReadOptions::new()).unwrap()
    }

    pub(crate) fn open_with(&self, options: &ReadOptions) -> lora_subspace_core::Result<Adapter> {
        Adapter::open(self.path(), options)
    }

    /// On a base of these matrices, and W of a module there.
    pub(crate) fn weight(&self, base: &Stored, module: &str) -> (Adapter, Array2<f64>) {
        let path: PathBuf = self.path().join("base/model.safetensors");
        base.tensors().save(&path);
        let base = Base::open(&path).unwrap();
        let index = Some(&base as &dyn BaseIndex);
        let adapter = Adapter::open_on(self.path(), &ReadOptions::new(), index).unwrap();
        let w = base.weight(adapter.module(module).unwrap()).unwrap();
        (adapter, w)
    }
}

/// The error of a folder, which must have all these words.
pub(crate) fn refused(folder: &Folder, words: &[&str]) {
    let error = folder
        .open_with(&ReadOptions::new())
        .err()
        .unwrap()
        .to_string();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
}

// ---- AdapterHub

const QUERY: &str = "bert.encoder.layer.0.attention.self.query";

fn adapterhub(own: Value) -> (Folder, Stored) {
    let stored = Stored::default()
        .with(&format!("{QUERY}.loras.task.lora_A"), 2, 10)
        .with(&format!("{QUERY}.loras.task.lora_B"), 8, 2);
    let mut config = json!({"architecture": "lora", "alpha": 6, "r": 2, "composition_mode": "add",
        "init_weights": "bert", "use_gating": false, "attn_matrices": ["q", "v"]});
    for (name, value) in own.as_object().unwrap() {
        config[name] = value.clone();
    }
    let config = json!({"config": config, "model_name": "bert-base", "name": "task"});
    let folder = Folder::new(
        "adapter.safetensors",
        &stored,
        Some(("adapter_config.json", config)),
    );
    (folder, stored)
}

#[test]
fn adapterhub_s_lora() {
    let (folder, stored) = adapterhub(json!({}));
    let adapter = folder.open();
    assert_eq!(
        (adapter.layout, adapter.base_name.as_deref()),
        ("AdapterHub LoRA", Some("bert-base"))
    );
    let [a, b] = ["A", "B"].map(|factor| format!("{QUERY}.loras.task.lora_{factor}"));
    let expected = stored.get(&b).dot(stored.get(&a)) * 3.0;
    assert_eq!(adapter.delta(QUERY).unwrap().dense(), expected);
    for (own, words) in [
        (
            json!({"use_gating": true}),
            ["use_gating = true", "by the input"],
        ),
        (
            json!({"composition_mode": "scale"}),
            ["composition_mode = \"scale\"", "multiplied"],
        ),
        (
            json!({"architecture": null}),
            ["bottleneck adapter", "behind the weights"],
        ),
        (
            json!({"architecture": "prefix_tuning"}),
            ["\"prefix_tuning\"", "not LoRA"],
        ),
        (json!({"vera_d": 0.1}), ["vera_d", "random"]),
        (json!({"r": 4}), ["rank 2", "rank 4"]),
    ] {
        refused(&adapterhub(own).0, &words);
    }
    let gate = stored
        .clone()
        .with(&format!("{QUERY}.loras.task.gate.weight"), 1, 10);
    gate.tensors()
        .save(&folder.path().join("adapter.safetensors"));
    refused(&folder, &["gate.weight", "use_gating"]);
    let two = stored.with(&format!("{QUERY}.loras.other.lora_A"), 2, 10);
    two.tensors()
        .save(&folder.path().join("adapter.safetensors"));
    refused(&folder, &["of another adapter", "save one"]);
}

/// GPT-2's fused projection: a block for each letter of `attn_matrices`.
#[test]
fn adapterhub_s_fused_projection() {
    let module = "transformer.h.0.attn.c_attn";
    let [a, b] = ["A", "B"].map(|factor| format!("{module}.loras.task.lora_{factor}"));
    let stored = Stored::default().with(&a, 4, 6).with(&b, 12, 2);
    let own = json!({"architecture": "lora", "alpha": 2, "r": 2, "attn_matrices": ["v", "q"]});
    let config = json!({"config": own, "model_class": "GPT2AdapterModel"});
    let folder = Folder::new("pytorch_adapter.safetensors", &stored, None);
    fs::write(
        folder.path().join("adapter_config.json"),
        config.to_string(),
    )
    .unwrap();
    let file = folder.path().join("pytorch_adapter.safetensors");
    let adapter = Adapter::open(&file, &ReadOptions::new()).unwrap();
    let (a, b) = (stored.get(&a), stored.get(&b));
    let mut expected = Array2::zeros((18, 6));
    use ndarray::s;
    let block = |g: usize| {
        b.slice(s![6 * g..6 * (g + 1), ..])
            .dot(&a.slice(s![2 * g..2 * (g + 1), ..]))
    };
    expected.slice_mut(s![..6, ..]).assign(&block(0));
    expected.slice_mut(s![12.., ..]).assign(&block(1));
    assert_eq!(adapter.delta(module).unwrap().dense(), expected);
}

// ---- mistral-finetune

#[test]
fn mistral_finetune_states_s_itself() {
    let wv = "layers.0.attention.wv";
    let [a, b] = ["A", "B"].map(|factor| format!("{wv}.lora_{factor}.weight"));
    let stored = Stored::default().with(&a, 2, 10).with(&b, 6, 2);
    let folder = |lora: Value| {
        let config = json!({"dim": 10, "n_layers": 1, "lora": lora});
        Folder::new("lora.safetensors", &stored, Some(("params.json", config)))
    };
    let told = folder(json!({"enable": true, "rank": 2, "scaling": 5.0}));
    let adapter = told.open();
    let product = stored.get(&b).dot(stored.get(&a));
    assert_eq!(adapter.delta(wv).unwrap().dense(), product * 5.0);
    assert_eq!(adapter.layout, "mistral-finetune");
    assert!(
        adapter.evidence.starts_with("params.json;"),
        "{}",
        adapter.evidence
    );
    assert!(
        !adapter.evidence.contains("adapter_config"),
        "{}",
        adapter.evidence
    );
    let given = told.open_with(&ReadOptions::new().alpha(4.0)).unwrap();
    assert_eq!(given.modules[0].scale, 2.0);
    // v in a base with Hugging Face's names.
    let place = "model.layers.0.self_attn.v_proj.weight";
    let base = Stored::default().with(place, 6, 10);
    assert_eq!(told.weight(&base, wv).1, base.get(place));
}

#[test]
fn mistral_finetune_without_its_scale() {
    let stored = Stored::default()
        .with("layers.0.attention.wq.lora_A.weight", 2, 10)
        .with("layers.0.attention.wq.lora_B.weight", 6, 2);
    let folder = |lora: Value| {
        let config = json!({"dim": 10, "lora": lora});
        Folder::new("lora.safetensors", &stored, Some(("params.json", config)))
    };
    refused(
        &folder(json!({"rank": 4, "scaling": 5.0})),
        &[
            "rank 2",
            "params.json gives",
            "correct the rank in params.json",
        ],
    );
    refused(
        &folder(json!({"rank": 2})),
        &["lora.scaling is missing", "ReadOptions::alpha"],
    );
    refused(
        &folder(json!({"scaling": -1})),
        &["params.json", "scaling of lora is -1"],
    );
    // A params.json of a model's is nobody's config here.
    let peft = Stored::default()
        .with("layers.0.wq.lora_A.weight", 2, 10)
        .with("layers.0.wq.lora_B.weight", 6, 2);
    let other = Folder::new(
        "other.safetensors",
        &peft,
        Some(("params.json", json!({"dim": 10}))),
    );
    let file = other.path().join("other.safetensors");
    let adapter = Adapter::open(&file, &ReadOptions::new().alpha(4.0)).unwrap();
    assert_eq!(adapter.evidence, "keys MODULE.lora_A and MODULE.lora_B");
}

// ---- MLX

#[test]
fn mlx_before_safetensors() {
    let q = "model.layers.0.self_attn.q_proj";
    let stored =
        Stored::default()
            .with(&format!("{q}.lora_a"), 10, 2)
            .with(&format!("{q}.lora_b"), 2, 6);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapters.npz");
    let mut writer = ndarray_npy::NpzWriter::new(fs::File::create(&path).unwrap());
    for (name, matrix) in &stored.0 {
        writer
            .add_array(name.as_str(), &matrix.mapv(|x| x as f32))
            .unwrap();
    }
    writer.finish().unwrap();
    let product = stored.turned(&format!("{q}.lora_a"), &format!("{q}.lora_b"));
    let config = |text: &str| fs::write(folder.path().join("adapter_config.json"), text).unwrap();
    // Without a config nothing tells the scale,
    let error = Adapter::open(folder.path(), &ReadOptions::new())
        .err()
        .unwrap()
        .to_string();
    for word in ["2 at first and 20 later", "ReadOptions::alpha"] {
        assert!(error.contains(word), "{error}");
    }
    assert!(!error.contains("PEFT"), "{error}");
    let given = Adapter::open(&path, &ReadOptions::new().alpha(4.0)).unwrap();
    assert_eq!(given.delta(q).unwrap().dense(), &product * 2.0);
    // with one it does.
    config(r#"{"lora_layers": 4, "lora_parameters": {"rank": 2, "scale": 10.0}}"#);
    for place in [folder.path(), path.as_path()] {
        let adapter = Adapter::open(place, &ReadOptions::new()).unwrap();
        assert_eq!(adapter.delta(q).unwrap().dense(), &product * 10.0);
        assert!(
            adapter.evidence.ends_with("with lora_parameters"),
            "{}",
            adapter.evidence
        );
    }
}

#[test]
fn mlx_vlm_does_not_divide_by_r() {
    let q = "language_model.model.layers.0.self_attn.q_proj";
    for (a, b) in [
        ("A", "B"),
        ("lora_A.default.weight", "lora_B.default.weight"),
    ] {
        let [a, b] = [a, b].map(|end| format!("{q}.{end}"));
        let stored = Stored::default().with(&a, 10, 2).with(&b, 2, 6);
        let config = |fields: Value| Some(("adapter_config.json", fields));
        let own = config(json!({"rank": 2, "alpha": 0.5, "dropout": 0.0}));
        let folder = Folder::new("adapters.safetensors", &stored, own);
        let adapter = folder.open();
        assert_eq!(
            (adapter.layout, adapter.scale_kind),
            ("mlx-vlm", ScaleKind::Stated)
        );
        assert_eq!(
            adapter.delta(q).unwrap().dense(),
            stored.turned(&a, &b) * 0.5,
            "{a}"
        );
        let other = config(json!({"rank": 4, "alpha": 0.5}));
        let folder = Folder::new("adapters.safetensors", &stored, other);
        refused(&folder, &["rank 2", "rank 4"]);
    }
    let stored = Stored::default().with("x.A", 10, 2).with("x.B", 2, 6);
    let folder = Folder::new("adapters.safetensors", &stored, None);
    refused(
        &folder,
        &["no adapter_config.json with alpha", "ReadOptions::alpha"],
    );
}
