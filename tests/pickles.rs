//! PyTorch files: what torch reads in them is read here, and nothing that they ask for is run.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use lora_subspace::tensors::TensorFile;
use serde_json::Value;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/torch")
        .join(name)
}

/// Opens bytes as a file; the error in words if there is one.
fn open(bytes: &[u8]) -> Result<TensorFile, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    TensorFile::open(file.path()).map_err(|error| error.to_string())
}

/// A pickle between the parts that every old torch file has.
fn legacy(pickle: &[u8], keys: &[u8], storages: &[u8]) -> Vec<u8> {
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
    let text = fs::read_to_string(golden("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    for (name, tensors) in expected.as_object().unwrap() {
        let file = TensorFile::open(&golden(name)).unwrap();
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
    let file = TensorFile::open(&golden("zip.pt")).unwrap();
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
    let file = TensorFile::open(&golden("wrapped.pt")).unwrap();
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
        (b"h\x07.", "never noted"),
        (b"NNNs.", "no container"),
        (b"Na.", "empty stack"),
        (b"}(Nu.", "a key without a value"),
        (b"]]R.", "calls what is no function"),
        (b"ctorch\nSize\n)R.", "Size what torch never does"),
        (
            b"ctorch._utils\n_rebuild_tensor_v2\n)R.",
            "RebuildTensor what torch never does",
        ),
        (b"NQ.", "persistent id"),
        (b"(X\x06\x00\x00\x00moduleNtQ.", "persistent id"),
        (b"X\x01\x00\x00\x00\xff.", "UTF-8"),
        (b"X\xff\xff\xff\xffa.", "no end"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.", "no end"),
        (b"\x8a\x11aaaaaaaaaaaaaaaaa.", "too long"),
        (b"}N]s}h\x00.", "never noted"),
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

/// One f32 tensor of storage `0` with four numbers, in an old file.
fn tensor(offset: &str, shape: &[&str], strides: &[&str], count: u8) -> Vec<u8> {
    let integer = |text: &str| {
        let number: i64 = text.parse().unwrap();
        [b"\x8a\x08".to_vec(), number.to_le_bytes().to_vec()].concat()
    };
    let tuple = |items: &[&str]| {
        let items: Vec<u8> = items.iter().flat_map(|item| integer(item)).collect();
        [b"(".to_vec(), items, b"t".to_vec()].concat()
    };
    let pickle = [
        b"}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storage"
            .to_vec(),
        b"ctorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK".to_vec(),
        vec![count],
        b"NtQ".to_vec(),
        integer(offset),
        tuple(shape),
        tuple(strides),
        b"\x89}tRs.".to_vec(),
    ]
    .concat();
    let numbers = [1.0_f32, 2.0, 3.0, 4.0].map(f32::to_le_bytes).concat();
    let storages = [4_u64.to_le_bytes().to_vec(), numbers].concat();
    legacy(&pickle, b"]X\x01\x00\x00\x000a.", &storages)
}

#[test]
fn tensors_that_lie() {
    let file = open(&tensor("1", &["1", "3"], &["3", "1"], 4))
        .ok()
        .unwrap();
    assert_eq!(file.matrix("w").unwrap(), ndarray::arr2(&[[2.0, 3.0, 4.0]]));
    let largest = i64::MAX.to_string();
    let largest = largest.as_str();
    for (offset, shape, strides, count, word) in [
        (
            "2",
            &["1", "3"][..],
            &["3", "1"][..],
            4,
            "leads out of its storage",
        ),
        ("0", &["2", "2"], &["3", "1"], 4, "leads out of its storage"),
        ("0", &["2", "2"], &["2", "-1"], 4, "run backwards"),
        ("-1", &["2", "2"], &["2", "1"], 4, "begins at -1"),
        ("0", &["-2", "2"], &["2", "1"], 4, "negative length"),
        ("0", &["2", "2"], &["1"], 4, "do not fit"),
        ("0", &["2", "2"], &["2", "1"], 5, "should have 5 numbers"),
        (
            "0",
            &["2", "2"],
            &[largest, "1"],
            4,
            "leads out of its storage",
        ),
        (
            largest,
            &["1", "1"],
            &["1", "1"],
            4,
            "leads out of its storage",
        ),
        (
            "0",
            &[largest, largest],
            &["0", "0"],
            4,
            "larger than the whole file",
        ),
        (
            "0",
            &["0", largest, largest],
            &["0", "0", "0"],
            4,
            "larger than the whole file",
        ),
        (
            "0",
            &["1000", "1000"],
            &["0", "0"],
            4,
            "larger than the whole file",
        ),
    ] {
        let error = open(&tensor(offset, shape, strides, count))
            .err()
            .expect(word);
        assert!(
            error.contains("tensor `w`") && error.contains(word),
            "{error}"
        );
    }
    let mut short = tensor("0", &["2", "2"], &["2", "1"], 4);
    short.pop();
    assert!(open(&short).err().unwrap().contains("after the file's end"));
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    for name in ["protocol4.pt", "ordered.pt"] {
        let whole = fs::read(golden(name)).unwrap();
        for length in 0..whole.len() {
            let error = open(&whole[..length]).err();
            assert!(error.is_some(), "{name} cut to {length} bytes");
        }
    }
}

#[test]
fn a_changed_byte_is_no_panic() {
    for name in ["protocol4.pt", "ordered.pt"] {
        let whole = fs::read(golden(name)).unwrap();
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

/// A zip archive of entries that are not compressed, with a change to its central directory.
fn archive(entries: &[(&str, &[u8])], change: impl Fn(&str, &mut Vec<u8>)) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let start = file.len() as u32;
        let sizes = [(content.len() as u32).to_le_bytes(); 2].concat();
        let lengths = [(name.len() as u16).to_le_bytes(), [0; 2]].concat();
        let shared = [
            vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            sizes,
            lengths,
        ]
        .concat();
        file.extend(b"PK\x03\x04");
        file.extend_from_slice(&shared);
        file.extend([name.as_bytes(), content].concat());
        let mut entry = [b"PK\x01\x02\x14\x00".to_vec(), shared, vec![0; 10]].concat();
        entry.extend(start.to_le_bytes());
        change(name, &mut entry);
        directory.extend(entry);
        directory.extend(name.as_bytes());
    }
    let count = (entries.len() as u16).to_le_bytes();
    let start = file.len() as u32;
    let length = (directory.len() as u32).to_le_bytes();
    file.extend(directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend([count, count].concat());
    file.extend([length, start.to_le_bytes()].concat());
    file.extend([0; 2]);
    file
}

const PICKLE: &[u8] = b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQK\x00K\x01\x85K\x01\x85\x89}tRs.";

#[test]
fn archives_that_lie() {
    let number = 2.5_f32.to_le_bytes();
    let good = [("x/data.pkl", PICKLE), ("x/data/0", &number[..])];
    let keep = |_: &str, _: &mut Vec<u8>| {};
    let file = open(&archive(&good, keep)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(file.scalar("w").unwrap(), 2.5);
    let set = |at: usize, bytes: &'static [u8]| {
        move |name: &str, entry: &mut Vec<u8>| {
            if name.ends_with("/0") {
                entry[at..at + bytes.len()].copy_from_slice(bytes);
            }
        }
    };
    for (bytes, word) in [
        (
            archive(&good, set(10, &[8, 0])),
            "compressed or encrypted zip entry `x/data/0`",
        ),
        (
            archive(&good, set(8, &[1, 0])),
            "compressed or encrypted zip entry `x/data/0`",
        ),
        (
            archive(&good, set(24, &[99, 0, 0, 0])),
            "compressed or encrypted",
        ),
        (
            archive(&good, set(20, &[0xff, 0xff, 0xff, 0x7f])),
            "leads out of it",
        ),
        (archive(&good, set(42, &[0, 0, 0, 0])), "overlap"),
        (
            archive(&good, set(42, &[0xff, 0xff, 0xff, 0x7f])),
            "damaged",
        ),
        (archive(&good[..1], keep), "storage `0` is not in the file"),
        (archive(&good[1..], keep), "0 times data.pkl"),
        (
            archive(&[good[0], ("y/data.pkl", PICKLE)], keep),
            "2 times data.pkl",
        ),
        (
            archive(&[good[0], ("x/data/0", &[0; 5])], keep),
            "has 5 bytes",
        ),
        (
            archive(&[good[0], good[1], ("x/byteorder", b"big")], keep),
            "byte order",
        ),
    ] {
        let error = open(&bytes).err().expect(word);
        assert!(error.contains(word), "{word} is not in: {error}");
    }
}

#[test]
fn pickles_of_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/real-adapters");
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
