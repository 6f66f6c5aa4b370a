//! PyTorch files: what torch reads in them is read here, and nothing that they ask for is run.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use crate::files::{golden, repository};
use lora_subspace_core::tensors::TensorFile;
use serde_json::Value;

/// A file that torch wrote.
fn torch(name: &str) -> PathBuf {
    golden("torch").join(name)
}

/// Opens bytes as a file; the error in words if there is one.
pub(crate) fn open(bytes: &[u8]) -> Result<TensorFile, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    TensorFile::open(file.path()).map_err(|error| error.to_string())
}

/// A pickle between the parts that every old torch file has.
pub(crate) fn legacy(pickle: &[u8], keys: &[u8], storages: &[u8]) -> Vec<u8> {
    let mut file = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.".to_vec();
    file.extend(b"\x80\x02}X\x0d\x00\x00\x00little_endian\x88s.");
    file.extend([b"\x80\x02", pickle].concat());
    file.extend([b"\x80\x02", keys].concat());
    file.extend(storages);
    file
}

fn refusal(pickle: &[u8]) -> String {
    let error = open(&legacy(pickle, b"].", b"")).err().expect("an error");
    assert!(!error.contains('\n'), "{error}");
    error
}

#[test]
fn numbers_are_what_torch_says() {
    let text = fs::read_to_string(torch("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    for (name, tensors) in expected.as_object().unwrap() {
        let file = TensorFile::open(&torch(name)).unwrap();
        let tensors = tensors.as_object().unwrap();
        let names: Vec<&String> = tensors.keys().collect();
        assert_eq!(file.names().iter().collect::<Vec<_>>(), names, "{name}");
        for (tensor, content) in tensors {
            let shape: Vec<usize> = serde_json::from_value(content[0].clone()).unwrap();
            let numbers: Vec<f64> = serde_json::from_value(content[1].clone()).unwrap();
            let array = file.array(tensor).unwrap();
            assert_eq!(array.shape(), shape, "{name} {tensor}");
            assert_eq!(file.shape(tensor), Some(shape.as_slice()));
            assert_eq!(array.into_iter().collect::<Vec<_>>(), numbers, "{tensor}");
            let flat = file.matrix_as(tensor, (1, numbers.len())).unwrap();
            assert_eq!(flat.into_iter().collect::<Vec<_>>(), numbers, "{tensor}");
            let zero = numbers.iter().all(|&x| x == 0.0);
            assert_eq!(file.is_zero(tensor).unwrap(), zero);
        }
    }
}

#[test]
fn parts_and_single_numbers() {
    let file = TensorFile::open(&torch("zip.pt")).unwrap();
    let stack = file.array("stack").unwrap();
    for index in 0..2 {
        let part = stack.index_axis(ndarray::Axis(0), index).to_owned();
        let found = file.matrix_at("stack", index).unwrap();
        assert_eq!(found.into_dyn(), part);
    }
    assert_eq!(file.scalar("one").unwrap(), 0.25);
    for error in [
        file.matrix_at("stack", 2).unwrap_err(),
        file.matrix_at("whole", 0).unwrap_err(),
        file.scalar("whole").unwrap_err(),
        file.matrix("stack").unwrap_err(),
        file.matrix_as("whole", (5, 2)).unwrap_err(),
        file.matrix_as("whole", (usize::MAX, 2)).unwrap_err(),
        file.array("nothing").unwrap_err(),
    ] {
        assert!(error.to_string().contains("tensor `"), "{error}");
    }
}

#[test]
fn what_is_no_tensor_is_kept_as_text() {
    let file = TensorFile::open(&torch("wrapped.pt")).unwrap();
    let values = file.values();
    assert_eq!(values["epoch"].parse(), Ok(3));
    assert_eq!(values["lr"].parse(), Ok(1e-4));
    assert_eq!(values["done"].parse(), Ok(true));
    assert_eq!(values["large"].parse(), Ok(1_i128 << 70));
    assert_eq!(
        (values["note"].as_str(), values["best"].as_str()),
        ("a b", "None")
    );
    assert!(file.metadata().is_empty());
}

#[test]
fn nothing_is_run() {
    let global = refusal(b"cos\nsystem\nX\x02\x00\x00\x00ls\x85R.");
    assert!(
        global.contains("`os.system` in its pickle is not supported"),
        "{global}"
    );
    assert!(global.contains("nothing in this file was run"), "{global}");
    assert!(global.contains("weights_only=True"), "{global}");
    assert!(global.contains("safetensors"), "{global}");
    let by_stack = refusal(b"\x8c\x05posix\x8c\x06system\x93\x8c\x02ls\x85R.");
    assert!(by_stack.contains("`posix.system`"), "{by_stack}");
    for (pickle, word) in [
        (&b"(X\x02\x00\x00\x00lsios\nsystem\n."[..], "INST"),
        (b"(cos\nsystem\n", "os.system"),
        (b"ctorch\nSize\n)\x81.", "NEWOBJ"),
        (b"ctorch\nSize\n)}\x92.", "NEWOBJ_EX"),
        (b"(ctorch\nSize\no.", "OBJ"),
        (b"]}b.", "BUILD"),
        (b"ctorch\nSize\n}b.", "BUILD"),
        (b"\x82\x01.", "EXT"),
        (b"P1\n.", "PERSID"),
        (b"I1\n.", "INT"),
        (b"\x8f.", "EMPTY_SET"),
        (b"\xff.", "0xff"),
        (b"cbuiltins\neval\n.", "builtins.eval"),
        (b"c__builtin__\neval\n.", "__builtin__.eval"),
        (b"ctorch\nload\n.", "torch.load"),
        (
            b"ctorch._utils\n_rebuild_sparse_tensor\n.",
            "_rebuild_sparse_tensor",
        ),
        (
            b"ccollections\nOrderedDict.__class__\n.",
            "OrderedDict.__class__",
        ),
        (b"c\x1b[2J\nx\n.", "`?[2J.x`"),
    ] {
        let error = refusal(pickle);
        assert!(
            error.contains(word) && error.contains("nothing in this file was run"),
            "{error}"
        );
    }
}

#[test]
fn a_pickle_that_makes_no_sense() {
    for (pickle, word) in [
        (&b"."[..], "empty stack"),
        (b"0.", "empty stack"),
        (b"1.", "no mark"),
        (b"t.", "no mark"),
        (b"h\x07.", "that it never wrote"),
        (b"NNNs.", "no container"),
        (b"Na.", "empty stack"),
        (b"}(Nu.", "a key without a value"),
        (b"]]R.", "calls what is no function"),
        (b"ctorch\nSize\n)R.", "Size a value that torch never writes"),
        (
            b"ctorch._utils\n_rebuild_tensor_v2\n)R.",
            "RebuildTensor a value that torch never writes",
        ),
        (b"NQ.", "persistent id"),
        (b"(X\x06\x00\x00\x00moduleNtQ.", "persistent id"),
        (b"X\x01\x00\x00\x00\xff.", "UTF-8"),
        (b"X\xff\xff\xff\xffa.", "no end"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.", "no end"),
        (b"\x8a\x11aaaaaaaaaaaaaaaaa.", "too long"),
        (b"}N]s}h\x00.", "that it never wrote"),
        (b"}])s.", "key that is no plain value"),
        (b"\x80\x09.", "protocol 9"),
        (b"}X\x01\x00\x00\x00aq\x00", "no end"),
    ] {
        let error = refusal(pickle);
        assert!(error.contains(word), "{word} is not in: {error}");
    }
}

#[test]
fn bombs_do_not_go_off() {
    // A list that holds itself; lists of lists of lists; a list twice in a list, thirty times.
    assert!(refusal(b"]q\x00h\x00a.").contains("too deeply"));
    let nested = [vec![b']'; 100_000], vec![b'a'; 99_999], b".".to_vec()].concat();
    assert!(refusal(&nested).contains("too deeply"));
    let tuples = [b")".to_vec(), vec![0x85; 1_000_000], b".".to_vec()].concat();
    assert!(refusal(&tuples).contains("too deeply"));
    let mut doubled = b"]Na2a0]Naq\x00".to_vec();
    for _ in 0..30 {
        doubled.extend(b"0](h\x00h\x00eq\x00");
    }
    doubled.push(b'.');
    assert!(refusal(&doubled).contains("repeats itself"));
    let marks = vec![b'('; 1_100_000];
    assert!(refusal(&marks).contains("too many values"));
    let endless = b"N0".repeat(5_000_000);
    assert!(refusal(&endless).contains("too long"));
    let key = [
        b"}X\x00\x20\x00\x00".to_vec(),
        vec![b'k'; 0x2000],
        b"]Nas.".to_vec(),
    ]
    .concat();
    assert!(refusal(&key).contains("name that is too long"));
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    for name in ["protocol4.pt", "ordered.pt"] {
        let whole = fs::read(torch(name)).unwrap();
        for length in 0..whole.len() {
            let error = open(&whole[..length]).err();
            assert!(error.is_some(), "{name} cut to {length} bytes");
        }
    }
}

#[test]
fn a_changed_byte_is_no_panic() {
    for name in ["protocol4.pt", "ordered.pt"] {
        let whole = fs::read(torch(name)).unwrap();
        for place in 0..whole.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[place] ^= change;
                let Ok(file) = open(&changed) else { continue };
                for tensor in file.names() {
                    let _ = file.array(tensor);
                }
            }
        }
    }
}

#[test]
fn pickles_of_others() {
    let folder = repository().join("../shared/data/real-adapters");
    if !folder.is_dir() {
        println!("{} is not here: nothing was tried", folder.display());
        return;
    }
    let bloom =
        TensorFile::open(&folder.join("bloom-560m-mergedlinear/adapter_model.bin")).unwrap();
    let name = "base_model.model.transformer.h.0.self_attention.query_key_value.lora_B.weight";
    assert_eq!(bloom.names().len(), 48);
    assert_eq!(bloom.shape(name), Some(&[2048, 8, 1][..]));
    assert_eq!(bloom.matrix_as(name, (2048, 8)).unwrap().dim(), (2048, 8));
    let sum = |file: &TensorFile, name: &str| file.array(name).unwrap().sum();
    // Sums from torch.
    assert!((sum(&bloom, name) - 0.3892795062996868).abs() < 1e-12);
    let roberta = folder.join("roberta-base-mnli-loralib/roberta_base_lora_mnli.bin");
    let roberta = TensorFile::open(&roberta).unwrap();
    assert_eq!(roberta.names().len(), 52);
    let name = "roberta.encoder.layer.0.attention.self.query.lora_B";
    assert!((sum(&roberta, name) + 0.5084956196408257).abs() < 1e-12);
}
