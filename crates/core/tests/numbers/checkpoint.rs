//! Bases as they come: folders of other names, PyTorch files, fp8 with scales, packed weights.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::golden;
use lora_subspace_core::tensors::Checkpoint;
use ndarray::{Array2, arr2};
use safetensors::tensor::{Dtype, TensorView};

type Entry<'a> = (&'a str, Dtype, &'a [usize], Vec<u8>);

fn save(path: &Path, tensors: &[Entry<'_>]) {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        (
            name,
            TensorView::new(*dtype, shape.to_vec(), bytes).unwrap(),
        )
    });
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

fn floats<'a>(name: &'a str, shape: &'a [usize], numbers: &[f32]) -> Entry<'a> {
    let bytes = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    (name, Dtype::F32, shape, bytes)
}

/// An fp8 tensor of ones.
fn ones<'a>(name: &'a str, shape: &'a [usize]) -> Entry<'a> {
    let count = shape.iter().product();
    (name, Dtype::F8_E4M3, shape, vec![0x38; count])
}

/// A file that torch wrote.
fn torch(name: &str) -> PathBuf {
    golden("torch").join(name)
}

#[test]
fn folders_of_pytorch_files() {
    for name in [
        "pytorch_model.bin",
        "diffusion_pytorch_model.bin",
        "lit_model.pth",
        "v1.ckpt",
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(torch("wrapped.pt"), folder.path().join(name)).unwrap();
        fs::write(folder.path().join("training_args.bin"), "no weights").unwrap();
        fs::write(folder.path().join("optimizer.pt"), "no weights").unwrap();
        let checkpoint = Checkpoint::open(folder.path()).unwrap();
        let weight = checkpoint.matrix("inner.weight").unwrap();
        assert_eq!(weight, arr2(&[[0.0, 0.25], [0.5, 0.75], [1.0, 1.25]]));
        fs::write(folder.path().join("other.bin"), "x").unwrap();
        assert_eq!(
            Checkpoint::open(folder.path()).is_ok(),
            name.contains("pytorch")
        );
    }
}

#[test]
fn an_index_of_pytorch_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(torch("wrapped.pt"), folder.path().join("a.bin")).unwrap();
    fs::copy(torch("ordered.pt"), folder.path().join("b.bin")).unwrap();
    let index = r#"{"weight_map": {"inner.weight": "a.bin", "a": "b.bin"}}"#;
    fs::write(folder.path().join("pytorch_model.bin.index.json"), index).unwrap();
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    assert_eq!(
        checkpoint.matrix_as("a", (2, 1)).unwrap(),
        arr2(&[[1.0], [2.0]])
    );
    assert_eq!(checkpoint.matrix("inner.weight").unwrap().dim(), (3, 2));
}

#[test]
fn fp8_is_multiplied_by_its_scale() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("config.json"),
        r#"{"quantization_config": {"weight_block_size": [2, 3]}}"#,
    )
    .unwrap();
    save(
        &folder.path().join("model.safetensors"),
        &[
            ones("block.weight", &[3, 4]),
            floats("block.weight_scale_inv", &[2, 2], &[2.0, 3.0, 4.0, 5.0]),
            ones("row.weight", &[2, 2]),
            floats("row.weight_scale", &[2, 1], &[2.0, 3.0]),
            ones("all.weight", &[1, 2]),
            floats("all.weight_scale", &[], &[0.5]),
            ones("comfy.weight", &[1, 1]),
            floats("comfy.scale_weight", &[1], &[8.0]),
            ones("plain.weight", &[1, 1]),
            ones("odd.weight", &[3, 4]),
            floats("odd.weight_scale_inv", &[3, 2], &[1.0; 6]),
            floats("free.weight", &[1, 1], &[1.0]),
            floats("free.weight_scale", &[1], &[9.0]),
            ones("experts", &[2, 2, 2]),
            floats("experts_scale", &[2, 2, 1], &[1.0, 2.0, 3.0, 4.0]),
        ],
    );
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let matrix = |name: &str| checkpoint.matrix(name).unwrap();
    let row = |a: f64, b: f64| [a, a, a, b];
    assert_eq!(
        matrix("block.weight"),
        arr2(&[row(2.0, 3.0), row(2.0, 3.0), row(4.0, 5.0)])
    );
    assert_eq!(matrix("row.weight"), arr2(&[[2.0, 2.0], [3.0, 3.0]]));
    assert_eq!(matrix("all.weight"), arr2(&[[0.5, 0.5]]));
    assert_eq!(matrix("comfy.weight"), arr2(&[[8.0]]));
    assert_eq!(matrix("plain.weight"), arr2(&[[1.0]]));
    assert_eq!(matrix("free.weight"), arr2(&[[1.0]]));
    let expert = checkpoint.expert("experts", 1).unwrap();
    assert_eq!(expert, arr2(&[[3.0, 3.0], [4.0, 4.0]]));
    let error = checkpoint.matrix("odd.weight").unwrap_err().to_string();
    assert!(
        error.contains("`odd.weight_scale_inv`") && error.contains("2 × 3 block"),
        "{error}"
    );
    let error = checkpoint.matrix_as("block.weight", (4, 3)).unwrap_err();
    assert!(error.to_string().contains("has a scale"), "{error}");
    let scales: Vec<&str> = checkpoint
        .names()
        .filter(|name| name.contains("scale"))
        .collect();
    assert_eq!(scales, ["free.weight_scale"]);
}

#[test]
fn blocks_are_128_wide_when_nothing_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    save(
        &folder.path().join("model.safetensors"),
        &[
            ones("w", &[130, 2]),
            floats("w_scale_inv", &[2, 1], &[2.0, 3.0]),
        ],
    );
    let matrix: Array2<f64> = Checkpoint::open(folder.path())
        .unwrap()
        .matrix("w")
        .unwrap();
    assert_eq!((matrix[[127, 1]], matrix[[128, 0]]), (2.0, 3.0));
}

#[test]
fn packed_weights_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = |name, dtype| (name, dtype, &[4_usize, 1][..], vec![1; 4]);
    save(
        &folder.path().join("model.safetensors"),
        &[
            bytes("four.weight", Dtype::U8),
            bytes("four.weight.absmax", Dtype::U8),
            bytes("eight.weight", Dtype::I8),
            bytes("eight.SCB", Dtype::I8),
            bytes("gptq.qweight", Dtype::U8),
            bytes("packed.weight_packed", Dtype::U8),
            bytes("experts.down_proj_blocks", Dtype::U8),
            bytes("whole.weight", Dtype::I8),
        ],
    );
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    for (name, word) in [
        ("four.weight", "bitsandbytes, 4 bits"),
        ("eight.weight", "bitsandbytes, 8 bits"),
        ("gptq.weight", "GPTQ or AWQ"),
        ("packed.weight", "compressed-tensors"),
        ("experts.down_proj", "MXFP4"),
        ("whole.weight", "whole numbers"),
    ] {
        assert!(checkpoint.names().any(|known| known == name));
        let error = checkpoint.matrix(name).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains(name), "{error}");
        assert!(checkpoint.expert(name, 0).is_err());
        assert!(checkpoint.matrix_as(name, (1, 4)).is_err());
    }
}
