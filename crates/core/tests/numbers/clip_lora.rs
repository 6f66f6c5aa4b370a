//! CLIP-LoRA's files, as `torch.save` writes them: s = α/√r, with both beside the weights.

use std::fs;

use lora_subspace_core::adapter::{Adapter, BaseIndex, ReadOptions};
use lora_subspace_core::base::Base;
use ndarray::Array2;

use crate::pickles::legacy;
use crate::trainers::{Stored, matrix};

fn text(text: &str) -> Vec<u8> {
    let length = (text.len() as u32).to_le_bytes();
    [b"X", &length[..], text.as_bytes()].concat()
}

fn small(number: usize) -> Vec<u8> {
    vec![b'K', number as u8]
}

fn dict(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let entry = |(key, value): &(&str, Vec<u8>)| [text(key), value.clone()].concat();
    let entries: Vec<u8> = entries.iter().flat_map(entry).collect();
    [b"}(".to_vec(), entries, b"u".to_vec()].concat()
}

/// A tensor of f32 in the storage of this key.
fn tensor(key: &str, matrix: &Array2<f64>) -> Vec<u8> {
    let (rows, columns) = matrix.dim();
    let pair = |one: usize, other: usize| [small(one), small(other), b"\x86".to_vec()].concat();
    let start =
        b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n";
    [
        start.to_vec(),
        text(key),
        text("cpu"),
        small(rows * columns),
        b"NtQK\x00".to_vec(),
        pair(rows, columns),
        pair(columns, 1),
        b"\x89}tR".to_vec(),
    ]
    .concat()
}

/// What `torch.save` makes of {"weights": {"layer_1": {"k_proj": {w_lora_A, w_lora_B}}}, "metadata":
/// {…}}.
fn clip_lora(a: &Array2<f64>, b: &Array2<f64>, metadata: &[(&str, &[u8])]) -> Vec<u8> {
    let layer = dict(&[("w_lora_A", tensor("0", a)), ("w_lora_B", tensor("1", b))]);
    let weights = dict(&[("layer_1", dict(&[("k_proj", layer)]))]);
    let metadata = metadata.iter().map(|(key, value)| (*key, value.to_vec()));
    let metadata = dict(&metadata.collect::<Vec<_>>());
    let mut pickle = dict(&[("weights", weights), ("metadata", metadata)]);
    pickle.push(b'.');
    let storage = |matrix: &Array2<f64>| {
        let numbers = matrix.iter().flat_map(|x| (*x as f32).to_le_bytes());
        let count = (matrix.len() as u64).to_le_bytes();
        count.into_iter().chain(numbers).collect::<Vec<u8>>()
    };
    let storages = [storage(a), storage(b)].concat();
    let keys = b"](X\x01\x00\x00\x000X\x01\x00\x00\x001e.";
    legacy(&pickle, keys, &storages)
}

#[test]
fn clip_lora_divides_by_the_root() {
    let (a, b) = (matrix(4, 6, 1), matrix(6, 4, 2));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lora_weights.pt");
    let encoder = b"X\x06\x00\x00\x00vision".as_slice();
    let all = b"X\x03\x00\x00\x00all".as_slice();
    let told = [
        ("r", &b"K\x04"[..]),
        ("alpha", b"K\x01"),
        ("encoder", encoder),
        ("position", all),
    ];
    fs::write(&path, clip_lora(&a, &b, &told)).unwrap();
    let place = "visual.transformer.resblocks.1.attn.in_proj_weight";
    let base = Stored::default().with(place, 18, 6);
    base.tensors().save(&folder.path().join("base.safetensors"));
    let base_file = Base::open(&folder.path().join("base.safetensors")).unwrap();
    let index = Some(&base_file as &dyn BaseIndex);
    let adapter = Adapter::open_on(&path, &ReadOptions::new(), index).unwrap();
    let module = &adapter.modules[0];
    assert_eq!(
        (adapter.layout, &*module.path),
        ("CLIP-LoRA", "layers.1.k_proj")
    );
    assert_eq!(
        adapter.delta(&module.path).unwrap().dense(),
        b.dot(&a) * 0.5
    );
    let k = base.get(place).slice(ndarray::s![6..12, ..]).to_owned();
    assert_eq!(base_file.weight(module).unwrap(), k);
    // Without metadata α is asked for; a rank that contradicts it is an error.
    fs::write(&path, clip_lora(&a, &b, &[])).unwrap();
    let open = |options: ReadOptions| Adapter::open(&path, &options);
    let error = open(ReadOptions::new()).err().unwrap().to_string();
    assert!(error.contains("states no α"), "{error}");
    assert_eq!(
        open(ReadOptions::new().alpha(4.0)).unwrap().modules[0].scale,
        2.0
    );
    fs::write(
        &path,
        clip_lora(&a, &b, &[("r", b"K\x02"), ("alpha", b"K\x01")]),
    )
    .unwrap();
    let error = open(ReadOptions::new()).err().unwrap().to_string();
    assert!(
        error.contains("rank 4") && error.contains("rank 2"),
        "{error}"
    );
}
