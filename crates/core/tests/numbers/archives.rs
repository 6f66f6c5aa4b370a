//! Tensors of torch that lead out of their storage, and zip archives that lie about their entries.

use lora_subspace_core::tensors::TensorFile;

use crate::pickles::{legacy, open};

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

/// An axis of no length makes a tensor of no bytes, however long its others are said to be.
#[test]
fn an_axis_of_no_length_hides_no_other() {
    let shape = "[0,1099511627776,1099511627776]";
    let header = format!(r#"{{"x":{{"dtype":"F32","shape":{shape},"data_offsets":[0,0]}}}}"#);
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    std::fs::write(&path, bytes).unwrap();
    let error = TensorFile::open(&path).err().unwrap().to_string();
    assert!(
        error.contains("`x`: shape [0, 1099511627776, 1099511627776]"),
        "{error}"
    );
    assert!(error.contains("larger than any file"), "{error}");
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

/// A zip archive of entries that are not compressed, with a change to its central directory.
pub(crate) fn archive(entries: &[(&str, &[u8])], change: impl Fn(&str, &mut Vec<u8>)) -> Vec<u8> {
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
