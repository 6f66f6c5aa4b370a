//! PEFT's `target_parameters` by the version that wrote them: A reads the inputs of an expert,
//! whichever side of the stack is stored first.

use std::fs;
use std::path::Path;

use crate::files::Tensors;
use lora_subspace_core::adapter::{Adapter, BaseIndex, Part, ReadOptions};
use lora_subspace_core::base::Base;
use ndarray::{Array2, s};

const EXPERTS: usize = 3;
const R: usize = 2;
const PARAMETER: &str = "layers.0.mlp.experts.gate_up_proj";

/// Numbers that no symmetry hides.
fn matrix(rows: usize, columns: usize, salt: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        let x = (7 * i + 3 * j + salt * (i + 2)) % 11;
        x as f64 - 4.0
    })
}

/// An adapter as PEFT of this version saves it: A reads the first of the stored widths before 0.19,
/// the inputs later.
struct Written {
    a: Array2<f64>,
    b: Array2<f64>,
}

impl Written {
    fn new(read: usize, written: usize) -> Self {
        Written {
            a: matrix(EXPERTS * R, read, 1),
            b: matrix(written, EXPERTS * R, 5),
        }
    }

    fn save(&self, folder: &Path, version: Option<&str>) {
        let name =
            |factor: char| format!("base_model.model.layers.0.mlp.experts.lora_{factor}.weight");
        let shape = |matrix: &Array2<f64>| [matrix.nrows(), matrix.ncols()];
        Tensors::default()
            .values(&name('A'), &shape(&self.a), &self.a)
            .values(&name('B'), &shape(&self.b), &self.b)
            .save(&folder.join("adapter_model.safetensors"));
        let mut config = serde_json::json!({
            "peft_type": "LORA", "r": R, "lora_alpha": R, "target_parameters": ["experts.gate_up_proj"]
        });
        if let Some(version) = version {
            config["peft_version"] = version.into();
        }
        fs::write(folder.join("adapter_config.json"), config.to_string()).unwrap();
    }

    /// B_e·A_e, as PEFT multiplies them.
    fn product(&self, expert: usize) -> Array2<f64> {
        let b = self.b.slice(s![.., expert..;EXPERTS]);
        let rows = expert * R..(expert + 1) * R;
        b.dot(&self.a.slice(s![rows, ..]))
    }
}

fn base(folder: &Path, model: &str, stored: (usize, usize)) -> Base {
    let base = folder.join("base");
    Tensors::default()
        .with(PARAMETER, &[EXPERTS, stored.0, stored.1], 9)
        .save(&base.join("model.safetensors"));
    let config = format!(r#"{{"model_type": "{model}"}}"#);
    fs::write(base.join("config.json"), config).unwrap();
    Base::open(&base).unwrap()
}

/// Each expert's ΔW as it was read, and whether its side is known.
fn read(
    written: &Written,
    version: Option<&str>,
    model: Option<(&str, (usize, usize))>,
) -> (Vec<Array2<f64>>, bool) {
    let folder = tempfile::tempdir().unwrap();
    written.save(folder.path(), version);
    let base = model.map(|(model, stored)| base(folder.path(), model, stored));
    let index = base.as_ref().map(|base| base as &dyn BaseIndex);
    let adapter = Adapter::open_on(folder.path(), &ReadOptions::new(), index).unwrap();
    assert_eq!(adapter.modules.len(), EXPERTS);
    let is_known = adapter.modules.iter().all(|module| module.side_is_known);
    assert_eq!(is_known, adapter.notes.is_empty(), "{:?}", adapter.notes);
    let delta = |expert: usize| {
        let path = format!("{PARAMETER}.{expert}");
        let module = adapter.module(&path).unwrap();
        assert_eq!(module.target.part, Part::Expert(expert));
        if let Some(base) = &base {
            let shape = base.weight(module).unwrap().dim();
            assert_eq!(shape, (module.d_out, module.d_in));
        }
        adapter.delta(&path).unwrap().dense()
    };
    ((0..EXPERTS).map(delta).collect(), is_known)
}

#[test]
fn what_read_the_stored_outputs_changes_sides() {
    // Stored (out, in) and square; (out, in) and not; (in, out), as gpt-oss.
    for (model, stored) in [
        ("olmoe", (4, 4)),
        ("olmoe", (6, 4)),
        ("gpt_oss", (4, 6)),
        ("gpt_oss", (4, 4)),
    ] {
        for version in [
            None,
            Some("0.17.0"),
            Some("0.18.0"),
            Some("0.19.1"),
            Some("0.21.2"),
        ] {
            let is_new = version.is_some_and(|version| version > "0.19");
            let (inputs, outputs) = if model == "olmoe" {
                (stored.1, stored.0)
            } else {
                stored
            };
            let read_width = if is_new { inputs } else { stored.0 };
            let written = Written::new(read_width, stored.0 + stored.1 - read_width);
            let (deltas, is_known) = read(&written, version, Some((model, stored)));
            assert!(is_known);
            for (expert, delta) in deltas.iter().enumerate() {
                let product = written.product(expert);
                let is_turned = model == "olmoe" && !is_new;
                let expected = if is_turned {
                    product.reversed_axes()
                } else {
                    product
                };
                assert_eq!(delta.dim(), (outputs, inputs));
                assert_eq!(*delta, expected, "{model} {stored:?} {version:?}");
            }
        }
    }
}

#[test]
fn without_the_base_an_old_stack_s_side_is_not_known() {
    let written = Written::new(4, 4);
    for (version, expected) in [
        (None, false),
        (Some("0.18.0"), false),
        (Some("0.19.0"), true),
    ] {
        let (deltas, is_known) = read(&written, version, None);
        assert_eq!(is_known, expected, "{version:?}");
        assert_eq!(deltas[1], written.product(1));
    }
    // Between releases a square stack is not known on its base either; widths that differ tell.
    let between = Some("0.18.1.dev0");
    assert!(!read(&written, between, Some(("olmoe", (4, 4)))).1);
    let wide = Written::new(6, 4);
    let (deltas, is_known) = read(&wide, between, Some(("olmoe", (6, 4))));
    assert!(is_known);
    assert_eq!(deltas[0], wide.product(0).reversed_axes());
}

#[test]
fn a_parameter_that_is_a_matrix_is_its_layer_s_weight() {
    let folder = tempfile::tempdir().unwrap();
    let name = |factor: char| format!("base_model.model.layers.0.mlp.router.lora_{factor}.weight");
    Tensors::default()
        .with(&name('A'), &[R, 5], 1)
        .with(&name('B'), &[3, R], 2)
        .save(&folder.path().join("adapter_model.safetensors"));
    let config = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_parameters": ["mlp.router.weight"]}"#;
    fs::write(folder.path().join("adapter_config.json"), config).unwrap();
    let tensor = "layers.0.mlp.router.weight";
    let stored = folder.path().join("base/model.safetensors");
    Tensors::default().with(tensor, &[3, 5], 3).save(&stored);
    let base = Base::open(&folder.path().join("base")).unwrap();
    for index in [None, Some(&base as &dyn BaseIndex)] {
        let adapter = Adapter::open_on(folder.path(), &ReadOptions::new(), index).unwrap();
        let module = &adapter.modules[0];
        assert_eq!(
            (module.path.as_str(), module.scale),
            ("layers.0.mlp.router", 2.0)
        );
        assert_eq!(module.target.part, Part::Whole);
        assert_eq!(base.check(module).unwrap(), tensor);
        assert_eq!(base.weight(module).unwrap().dim(), (3, 5));
    }
}
