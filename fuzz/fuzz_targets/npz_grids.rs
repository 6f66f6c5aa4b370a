//! `overlap.npz` as `--check`, report and notebook read it; and the same bytes as an archive of weights.
#![no_main]

use std::io::Cursor;

use lora_subspace::table::{GridArchive, from_npz};

mod shared;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    shared::read_all(bytes);
    let Some(grids) = shared::hold(from_npz("overlap.npz", bytes)) else {
        return;
    };
    let mut archive = GridArchive::new(Cursor::new(Vec::new()));
    for (name, grid) in &grids {
        let cells = grid.mapv(|value| (!value.is_nan()).then_some(value));
        if shared::hold(archive.add(name.clone(), &cells)).is_none() {
            return;
        }
    }
    let written = archive.finish().expect("an archive").into_inner();
    let back = from_npz("overlap.npz", &written).expect("what is written can be read");
    let bits = |all: &[(String, ndarray::Array2<f64>)]| {
        let bits = |value: f64| (!value.is_nan()).then(|| value.to_bits());
        let one = |(name, grid): &(String, ndarray::Array2<f64>)| (name.clone(), grid.mapv(bits));
        all.iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(bits(&grids), bits(&back));
});
