//! Factors in three axes: one module for each expert, whichever factor all experts share.

use std::fs;
use std::path::Path;

use crate::files::Tensors;
use lora_subspace_core::adapter::{Adapter, BaseIndex, ReadOptions};
use lora_subspace_core::base::Base;
use ndarray::{Array2, Array3, Axis};

const LAYER: &str = "model.layers.0.mlp.experts.w1";
const EXPERTS: usize = 3;
const R: usize = 2;
const D_IN: usize = 7;
const D_OUT: usize = 5;

fn stack(shape: (usize, usize, usize), salt: usize) -> Array3<f64> {
    Array3::from_shape_fn(shape, |(e, i, j)| {
        ((5 * i + 3 * j + 4 * e + salt * (j + 1)) % 9) as f64 - 4.0
    })
}

fn with(tensors: Tensors, name: &str, stack: &Array3<f64>) -> Tensors {
    let (count, rows, columns) = stack.dim();
    let flat = stack.to_shape((count * rows, columns)).unwrap().to_owned();
    tensors.values(name, &[count, rows, columns], &flat)
}

/// A PEFT folder of one pair of stacks, of rank `r` by its config.
fn save(folder: &Path, a: &Array3<f64>, b: &Array3<f64>, r: usize) {
    let name = |factor: char| format!("base_model.model.{LAYER}.lora_{factor}.weight");
    let tensors = with(Tensors::default(), &name('A'), a);
    with(tensors, &name('B'), b).save(&folder.join("adapter_model.safetensors"));
    let config = format!(r#"{{"peft_type": "LORA", "r": {r}, "lora_alpha": 6}}"#);
    fs::write(folder.join("adapter_config.json"), config).unwrap();
}

fn part(stack: &Array3<f64>, expert: usize) -> Array2<f64> {
    let place = expert.min(stack.dim().0 - 1);
    stack.index_axis(Axis(0), place).to_owned()
}

#[test]
fn one_a_or_one_b_for_all_experts() {
    for (count_a, count_b) in [(1, EXPERTS), (EXPERTS, 1), (EXPERTS, EXPERTS)] {
        let folder = tempfile::tempdir().unwrap();
        let a = stack((count_a, R, D_IN), 1);
        let b = stack((count_b, D_OUT, R), 2);
        save(folder.path(), &a, &b, R);
        let adapter = Adapter::open(folder.path(), &ReadOptions::new()).unwrap();
        assert_eq!(adapter.modules.len(), EXPERTS);
        for e in 0..EXPERTS {
            let path = format!("{LAYER}.{e}");
            assert_eq!(adapter.module(&path).unwrap().rank, Some(R));
            let expected = part(&b, e).dot(&part(&a, e)) * 3.0;
            let ours = adapter.delta(&path).unwrap().dense();
            assert_eq!(ours, expected, "{count_a} and {count_b}: {path}");
        }
    }
}

/// W of each expert, where the base stacks them and where it does not.
#[test]
fn each_expert_has_its_own_weight() {
    let weights = stack((EXPERTS, D_OUT, D_IN), 5);
    let separate = (0..EXPERTS).fold(Tensors::default(), |tensors, e| {
        let name = format!("model.layers.0.mlp.experts.{e}.w1.weight");
        tensors.values(&name, &[D_OUT, D_IN], &part(&weights, e))
    });
    let bases = [
        with(Tensors::default(), LAYER, &weights),
        with(Tensors::default(), &format!("{LAYER}.weight"), &weights),
        separate,
    ];
    for (number, base) in bases.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let b = stack((EXPERTS, D_OUT, R), 2);
        save(folder.path(), &stack((1, R, D_IN), 1), &b, R);
        let path = folder.path().join("base.safetensors");
        base.save(&path);
        let base = Base::open(&path).unwrap();
        let index = Some(&base as &dyn BaseIndex);
        let adapter = Adapter::open_on(folder.path(), &ReadOptions::new(), index).unwrap();
        for e in 0..EXPERTS {
            let module = adapter.module(&format!("{LAYER}.{e}")).unwrap();
            let w = base
                .weight(module)
                .unwrap_or_else(|error| panic!("base {number}: {error}"));
            assert_eq!(w, part(&weights, e), "base {number}");
        }
    }
}

/// A convolution over one axis has three axes too, and where both could be the config's r tells.
#[test]
fn a_convolution_is_no_stack() {
    let open = |a: (usize, usize, usize), b: (usize, usize, usize), r: usize| {
        let folder = tempfile::tempdir().unwrap();
        save(folder.path(), &stack(a, 1), &stack(b, 2), r);
        let adapter = Adapter::open(folder.path(), &ReadOptions::new());
        adapter.map(|adapter| {
            let modules = adapter.modules.iter();
            let widths = modules.map(|module| (module.path.clone(), module.d_out, module.d_in));
            widths.collect::<Vec<_>>()
        })
    };
    let layer = |d_out, d_in| vec![(LAYER.to_string(), d_out, d_in)];
    assert_eq!(open((2, 7, 3), (5, 2, 1), 2).unwrap(), layer(5, 21));
    assert_eq!(open((4, 1, 7), (4, 4, 1), 4).unwrap(), layer(4, 7));
    assert_eq!(open((4, 1, 7), (4, 4, 1), 1).unwrap().len(), 4);
    let error = open((2, 2, 7), (3, 5, 2), 2).unwrap_err().to_string();
    for word in [
        "lora_A",
        "[2, 2, 7]",
        "[3, 5, 2]",
        "three axes, a stack of experts",
    ] {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
}
