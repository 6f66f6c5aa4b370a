//! What a matrix is known by.

use ndarray::ArrayView2;
use ndarray::parallel::prelude::*;

use crate::files::sha256;

/// Rows that are digested together.
const ROWS: usize = 512;

/// The SHA-256 of a matrix's shape and entries, in hexadecimal digits: of the digests of blocks of 512
/// rows. A block is digested in the narrowest of bf16, f32 and f64 that has all of its entries.
///
/// So it does not depend on the type that a file has the matrix in, nor on how it is cut from other
/// tensors: the same numbers in the same places have the same digest.
///
/// ```
/// use lora_subspace::cache::matrix_digest;
/// use ndarray::array;
/// let one = matrix_digest(array![[1.0, 0.5]].view());
/// assert_eq!(one, matrix_digest(array![[1.0], [0.5]].t()));
/// assert_ne!(one, matrix_digest(array![[1.0], [0.5]].view()));
/// assert_ne!(one, matrix_digest(array![[1.0, 0.1]].view()));
/// ```
pub fn matrix_digest(matrix: ArrayView2<f64>) -> String {
    let blocks: Vec<_> = matrix.axis_chunks_iter(ndarray::Axis(0), ROWS).collect();
    let digests: Vec<String> = blocks.into_par_iter().map(of_block).collect();
    let (rows, columns) = matrix.dim();
    sha256(format!("{rows} × {columns}\n{}", digests.join("\n")).as_bytes())
}

fn of_block(block: ArrayView2<f64>) -> String {
    let block = block.as_standard_layout();
    let numbers = block.as_slice().expect("it is in standard layout");
    let singles: Vec<f32> = numbers.iter().map(|&x| x as f32).collect();
    // Bits decide, so that −0 is not 0. Without a way out of the loop: it is fast, and is rarely taken.
    let differ = |(x, single): (&f64, &f32)| x.to_bits() ^ f64::from(*single).to_bits();
    let is_single = numbers
        .iter()
        .zip(&singles)
        .map(differ)
        .fold(0, |all, bits| all | bits)
        == 0;
    if !is_single {
        return named("f64", &bytes_of(numbers, f64::to_le_bytes));
    }
    let is_half = singles.iter().fold(0, |all, x| all | x.to_bits()) & 0xffff == 0;
    match is_half {
        true => named(
            "bf16",
            &bytes_of(&singles, |x| ((x.to_bits() >> 16) as u16).to_le_bytes()),
        ),
        false => named("f32", &bytes_of(&singles, f32::to_le_bytes)),
    }
}

fn named(kind: &str, bytes: &[u8]) -> String {
    format!("{kind} {}", sha256(bytes))
}

fn bytes_of<T: Copy, const N: usize>(numbers: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    let mut all = vec![0; N * numbers.len()];
    let (places, _) = all.as_chunks_mut();
    for (place, &number) in places.iter_mut().zip(numbers) {
        *place = bytes(number);
    }
    all
}
