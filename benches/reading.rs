//! Stored numbers to f64, a chunk at a time as files are read.

mod common;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use lora_subspace::tensors::Number;

fn main() {
    common::run();
}

/// Numbers of a chunk.
const COUNT: usize = 1 << 16;

/// Bytes of the file a second.
#[divan::bench(args = [Number::F64, Number::F32, Number::F16, Number::Bf16])]
fn decode(bencher: Bencher, float: Number) {
    // 0.5 to 2 in every type, so that no conversion meets a special case.
    let number = |l: usize| -> Vec<u8> {
        let high = [0x3f, 0x3c + (l % 4) as u8][usize::from(float == Number::F16)];
        let mut bytes = vec![(l * 37 % 256) as u8; float.size() - 1];
        bytes.push(high);
        bytes
    };
    let bytes: Vec<u8> = (0..COUNT).flat_map(number).collect();
    let mut out = vec![0.0; COUNT];
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| float.decode(black_box(&bytes), black_box(&mut out)));
}
