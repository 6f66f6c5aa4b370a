//! NumPy's archives of arrays: what NumPy wrote, every type that is read, and headers that lie.

use std::fs::File;

use crate::archives::archive;
use crate::files::golden;
use crate::golden_values::STUDY;
use crate::pickles::open;
use lora_subspace_core::tensors::TensorFile;
use ndarray::{Array2, ArrayD, ShapeBuilder, arr2};
use ndarray_npy::NpzWriter;

#[test]
fn an_archive_of_numpy_s_own() {
    let file = TensorFile::open(&golden("minilm-sst2.npz")).unwrap();
    let mut compared = 0;
    for name in file.names() {
        let theirs = &STUDY[name.as_str()];
        if theirs.iter().all(|x| x.is_finite()) {
            assert_eq!(&file.array(name).unwrap(), theirs, "{name}");
            compared += 1;
        }
    }
    assert!(
        compared > 10 && file.names().len() == STUDY.len(),
        "{compared}"
    );
}

#[test]
fn columns_first_are_the_same_matrix() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapters.npz");
    let mut writer = NpzWriter::new(File::create(&path).unwrap());
    let rows = Array2::from_shape_fn((3, 5), |(i, j)| (10 * i + j) as f32);
    let mut columns = Array2::zeros((3, 5).f());
    columns.assign(&rows);
    writer.add_array("rows", &rows).unwrap();
    writer.add_array("columns", &columns).unwrap();
    let cube = ArrayD::from_shape_fn(vec![2, 3, 2], |at| {
        (at[0] * 100 + at[1] * 10 + at[2]) as f64
    });
    let mut turned = ArrayD::zeros(vec![2, 3, 2].f());
    turned.assign(&cube);
    writer.add_array("cube", &turned).unwrap();
    writer.finish().unwrap();
    let file = TensorFile::open(&path).unwrap();
    let expected = rows.mapv(f64::from);
    assert_eq!(file.matrix("rows").unwrap(), expected);
    assert_eq!(file.matrix("columns").unwrap(), expected);
    assert_eq!(file.array("cube").unwrap(), cube);
    let second = file.matrix_at("cube", 1).unwrap();
    assert_eq!(
        second,
        arr2(&[[100.0, 101.0], [110.0, 111.0], [120.0, 121.0]])
    );
}

/// An array of this header and these bytes.
fn array(header: &str, data: &[u8]) -> Vec<u8> {
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

fn head(descr: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n")
}

fn one(entry: &[u8]) -> Result<TensorFile, String> {
    open(&archive(&[("w.npy", entry)], |_, _| {}))
}

#[test]
fn every_type_that_is_read() {
    for (descr, bytes) in [
        ("<f8", &[0, 0, 0, 0, 0, 0, 0xf8, 0x3f][..]),
        ("<f4", &[0, 0, 0xc0, 0x3f]),
        ("<f2", &[0, 0x3e]),
        // MLX's bf16.
        ("<V2", &[0xc0, 0x3f]),
        ("|V2", &[0xc0, 0x3f]),
    ] {
        let file = one(&array(&head(descr, "(1,)"), bytes)).unwrap();
        assert_eq!(file.scalar("w").unwrap(), 1.5, "{descr}");
    }
    for (descr, bytes) in [
        ("<i8", 8),
        ("<i4", 4),
        ("<i2", 2),
        ("|i1", 1),
        ("|u1", 1),
        ("|b1", 1),
    ] {
        let mut number = vec![0; bytes];
        number[0] = 1;
        let file = one(&array(&head(descr, "()"), &number)).unwrap();
        assert_eq!(file.scalar("w").unwrap(), 1.0, "{descr}");
    }
    for descr in [">f4", "<c8", "|S4", "<U1"] {
        let file = one(&array(&head(descr, "(1,)"), &[0; 4])).unwrap();
        let error = file.scalar("w").unwrap_err().to_string();
        assert!(error.contains(&format!("stored as {descr}")), "{error}");
    }
}

#[test]
fn headers_that_lie() {
    let numbers = [0; 16];
    let long = [b"\x93NUMPY\x02\x00\xff\xff\xff\x7f".to_vec(), vec![0; 40]].concat();
    for (entry, word) in [
        (
            array(&head("<f4", "(2, 3)"), &numbers),
            "is not the 16 bytes",
        ),
        (
            array(&head("<f4", "(1, 2)"), &numbers),
            "is not the 16 bytes",
        ),
        (
            array(&head("<f4", "(18446744073709551615, 4)"), &numbers),
            "has too many numbers",
        ),
        (
            array(&head("<f4", "(4611686018427387904, 2)"), &numbers),
            "is not the 16 bytes",
        ),
        // Of a type that is not read, too, whose steps would be counted all the same.
        (
            array(
                &head(">f4", "(1099511627776, 1099511627776)").replace("False", "True"),
                &numbers,
            ),
            "has too many numbers",
        ),
        (
            array("{'descr': '<f4'}", &numbers),
            "its header is `{'descr'",
        ),
        (long, "its header has 2147483647 bytes"),
        (
            b"\x93NUMPY\x09\x00\x00\x00    ".to_vec(),
            "no array of NumPy's",
        ),
        (b"\x93NUM".to_vec(), "no array of NumPy's"),
    ] {
        let error = one(&entry).err().expect(word);
        assert!(
            error.contains(word) && error.contains("`w`"),
            "{word}: {error}"
        );
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn a_name_keeps_all_but_one_ending() {
    let entry = array(&head("<f4", "(1,)"), &1.5_f32.to_le_bytes());
    let file = open(&archive(&[("w.npy.npy", &entry)], |_, _| {})).unwrap();
    assert_eq!(file.names(), ["w.npy"]);
}

#[test]
fn archives_of_something_else() {
    let good = array(&head("<f4", "(2, 2)"), &[0; 16]);
    let deflated = |_: &str, entry: &mut Vec<u8>| entry[10] = 8;
    let error = open(&archive(&[("w.npy", &good)], deflated)).err().unwrap();
    assert!(
        error.contains("`w.npy`") && error.contains("numpy.savez"),
        "{error}"
    );
    let twice = archive(&[("w.npy", &good), ("w.npy", &good)], |_, _| {});
    // Which of the two is meant nobody can tell; the archive may lose one by itself.
    match open(&twice) {
        Ok(file) => assert_eq!(file.names().len(), 1),
        Err(error) => assert!(error.contains("two entries `w.npy`"), "{error}"),
    }
    // What is not arrays alone is torch's, or nobody's.
    let mixed = archive(&[("w.npy", &good), ("read.me", b"x")], |_, _| {});
    assert!(open(&mixed).err().unwrap().contains("0 times data.pkl"));
}
