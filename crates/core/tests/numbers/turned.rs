//! Classes that compute x·A·B store A as in × r and B as r × out: ΔW = s·(A·B)ᵀ, whatever the widths.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::Tensors;
use lora_subspace_core::adapter::{Adapter, BaseIndex, ReadOptions};
use lora_subspace_core::base::Base;
use ndarray::Array2;

/// Small integers, so that products are exact.
fn matrix(rows: usize, columns: usize, salt: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        ((5 * i + 3 * j + salt * (j + 1)) % 7) as f64 - 3.0
    })
}

struct Factors(Vec<(String, Array2<f64>)>);

impl Factors {
    fn new() -> Self {
        Factors(Vec::new())
    }

    /// A module whose factors have these shapes as they are stored.
    fn with(mut self, a: &str, shape_a: (usize, usize), b: &str, shape_b: (usize, usize)) -> Self {
        let salt = self.0.len();
        self.0
            .push((a.into(), matrix(shape_a.0, shape_a.1, salt + 1)));
        self.0
            .push((b.into(), matrix(shape_b.0, shape_b.1, salt + 4)));
        self
    }

    fn pair(self, module: &str, shape_a: (usize, usize), shape_b: (usize, usize)) -> Self {
        let [a, b] = ["A", "B"].map(|factor| format!("{module}.lora_{factor}"));
        self.with(&a, shape_a, &b, shape_b)
    }

    fn get(&self, name: &str) -> &Array2<f64> {
        &self.0.iter().find(|(own, _)| own == name).unwrap().1
    }

    fn save(&self, path: &Path, metadata: &[(&str, &str)]) -> PathBuf {
        let tensors = self
            .0
            .iter()
            .fold(Tensors::default(), |tensors, (name, matrix)| {
                tensors.values(name, &[matrix.nrows(), matrix.ncols()], matrix)
            });
        tensors.save_with(path, metadata);
        path.into()
    }
}

fn with_alpha() -> ReadOptions {
    ReadOptions::new().alpha(8.0)
}

fn open(factors: &Factors, name: &str) -> lora_subspace_core::Result<Adapter> {
    let folder = tempfile::tempdir().unwrap();
    Adapter::open(&factors.save(&folder.path().join(name), &[]), &with_alpha())
}

/// ΔW of every module is that of A·B, and r that of A's columns.
fn is_of_x_a_b(adapter: &Adapter, factors: &Factors, folder: &Path) {
    let again = Adapter::open(
        &factors.save(&folder.join("again.safetensors"), &[]),
        &with_alpha(),
    );
    let read = again.unwrap();
    for module in &adapter.modules {
        let path = &module.path;
        let a = factors.get(&format!("{path}.lora_A"));
        let b = factors.get(&format!("{path}.lora_B"));
        let rank = a.ncols();
        assert_eq!(
            (module.rank, module.d_in),
            (Some(rank), a.nrows()),
            "{path}"
        );
        let expected = a.dot(b).reversed_axes() * (8.0 / rank as f64);
        assert_eq!(read.delta(path).unwrap().dense(), expected, "{path}");
    }
}

#[test]
fn square_and_other_layers_of_x_a_b() {
    let folder = tempfile::tempdir().unwrap();
    for (d_in, d_out) in [(24, 24), (24, 40), (48, 24), (24, 12)] {
        let factors = Factors::new()
            .pair("blocks.0.q", (d_in, 4), (4, d_out))
            .pair("blocks.1.q", (d_in, 4), (4, d_out));
        let adapter = open(&factors, "model.safetensors").unwrap();
        assert_eq!(adapter.layout, "factors of x·A·B", "{d_in} × {d_out}");
        assert_eq!(adapter.modules.len(), 2);
        is_of_x_a_b(&adapter, &factors, folder.path());
        assert!(
            adapter.notes[0].contains("in 2 of 2 modules"),
            "{:?}",
            adapter.notes
        );
    }
}

#[test]
fn factors_in_a_layer_of_their_own() {
    for ends in [("lora.A", "lora.B"), ("lora.lora_A", "lora.lora_B")] {
        let [a, b] = [ends.0, ends.1].map(|end| format!("fc1.{end}"));
        let factors = Factors::new().with(&a, (10, 2), &b, (2, 10));
        let folder = tempfile::tempdir().unwrap();
        let path = factors.save(&folder.path().join("lora.safetensors"), &[]);
        let adapter = Adapter::open(&path, &with_alpha()).unwrap();
        let expected = factors.get(&a).dot(factors.get(&b)).reversed_axes() * 4.0;
        assert_eq!(adapter.delta("fc1").unwrap().dense(), expected, "{a}");
    }
}

#[test]
fn loralib_s_own_way_stays() {
    // A wide rank, on a router of few outputs; and rows of two slots of three.
    let wide = Factors::new().pair("router", (16, 64), (8, 16));
    let adapter = open(&wide, "lora.safetensors").unwrap();
    let expected = wide.get("router.lora_B").dot(wide.get("router.lora_A")) * 0.5;
    assert_eq!(adapter.layout, "loralib");
    let folder = tempfile::tempdir().unwrap();
    let path = wide.save(&folder.path().join("lora.safetensors"), &[]);
    let read = Adapter::open(&path, &with_alpha()).unwrap();
    assert_eq!(read.delta("router").unwrap().dense(), expected);
    let merged = Factors::new().pair("h.0.c_attn", (4, 6), (12, 2));
    let adapter = open(&merged, "lora.safetensors").unwrap();
    assert_eq!((adapter.layout, adapter.modules[0].d_out), ("loralib", 18));
}

/// A (in, r) with r above the outputs is A (n·r, in) of a merged layer too.
#[test]
fn what_shapes_leave_open_is_asked() {
    let router = || Factors::new().pair("router", (32, 16), (16, 8));
    let error = open(&router(), "lora.safetensors")
        .err()
        .unwrap()
        .to_string();
    for word in [
        "router.lora_A",
        "32 × 16",
        "merged layer",
        "Adapter::open_on",
    ] {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    // The other layers of the file tell,
    let both = router().pair("q", (32, 4), (4, 32));
    let adapter = open(&both, "lora.safetensors").unwrap();
    is_of_x_a_b(&adapter, &both, folder.path());
    // or the base.
    let path = router().save(&folder.path().join("lora.safetensors"), &[]);
    for (shape, d_out) in [([8, 32], 8), ([16, 16], 16)] {
        let base = folder.path().join("base.safetensors");
        Tensors::default()
            .with("router.weight", &shape, 3)
            .save(&base);
        let base = Base::open(&base).unwrap();
        let index = Some(&base as &dyn BaseIndex);
        let adapter = Adapter::open_on(&path, &with_alpha(), index).unwrap();
        assert_eq!(adapter.modules[0].d_out, d_out, "{shape:?}");
    }
}

/// Names that say which factor is which, and shapes that say the opposite.
#[test]
fn other_layouts_are_not_read_the_wrong_way_round() {
    let kohya = |module: &str| {
        let module = format!("lora_unet_down_blocks_0_attentions_0_{module}");
        [
            format!("{module}.lora_down.weight"),
            format!("{module}.lora_up.weight"),
        ]
    };
    let diffusers = |module: &str| {
        let module = format!("transformer.transformer_blocks.0.attn.{module}");
        [
            format!("{module}.lora_A.weight"),
            format!("{module}.lora_B.weight"),
        ]
    };
    let peft = |module: &str| {
        let module = format!("base_model.model.layers.0.{module}");
        [
            format!("{module}.lora_A.weight"),
            format!("{module}.lora_B.weight"),
        ]
    };
    type Names<'a> = &'a dyn Fn(&str) -> [String; 2];
    let layouts: [(&str, Names); 3] = [
        ("kohya.safetensors", &kohya),
        ("pytorch_lora_weights.safetensors", &diffusers),
        ("adapter_model.safetensors", &peft),
    ];
    for (file, name) in layouts {
        let [a, b] = name("to_q");
        let turned = Factors::new().with(&a, (24, 4), &b, (4, 24));
        let error = open(&turned, file).err().unwrap().to_string();
        for word in [&*a, "rank 24 is above both widths (4 × 4)", "A as r × d_in"] {
            assert!(error.contains(word), "`{word}` is not in: {error}");
        }
        // A large rank on a small layer, beside a layer that is large enough.
        let [c, d] = name("to_k");
        let large = turned.with(&c, (24, 32), &d, (4, 24));
        assert_eq!(open(&large, file).unwrap().modules.len(), 2, "{file}");
    }
}

#[test]
fn a_rank_that_is_stated_may_be_above_both_widths() {
    let names = ["A", "B"].map(|factor| format!("base_model.model.q.lora_{factor}.weight"));
    let factors = Factors::new().with(&names[0], (24, 4), &names[1], (4, 24));
    let folder = tempfile::tempdir().unwrap();
    factors.save(&folder.path().join("adapter_model.safetensors"), &[]);
    let config = |r: usize| {
        let text = format!(r#"{{"peft_type": "LORA", "r": {r}, "lora_alpha": 8}}"#);
        fs::write(folder.path().join("adapter_config.json"), text).unwrap();
        Adapter::open(folder.path(), &ReadOptions::new())
    };
    assert_eq!(config(24).unwrap().modules[0].rank, Some(24));
    let error = config(4).err().unwrap().to_string();
    assert!(
        error.contains("the factors look transposed") && error.contains("r × d_in"),
        "{error}"
    );
    let stated = [("ss_network_dim", "24"), ("ss_network_alpha", "8")];
    let token = "lora_unet_mid_block_attentions_0_to_q";
    let [down, up] = ["down", "up"].map(|side| format!("{token}.lora_{side}.weight"));
    let kohya = Factors::new().with(&down, (24, 4), &up, (4, 24));
    let path = kohya.save(&folder.path().join("kohya.safetensors"), &stated);
    fs::remove_file(folder.path().join("adapter_config.json")).unwrap();
    assert_eq!(
        Adapter::open(&path, &ReadOptions::new()).unwrap().modules[0].rank,
        Some(24)
    );
}
