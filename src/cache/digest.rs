//! What a matrix is known by.

use ndarray::ArrayView2;
use ndarray::parallel::prelude::*;

use crate::files::sha256;

/// Rows that are digested together.
const ROWS: usize = 512;

/// The SHA-256 of a matrix's shape and entries, in hexadecimal digits: of the digests of blocks of 512
/// rows. A block whose entries are all numbers of f32 is digested as such, any other as f64.
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
    // Bits decide, so that −0 is not 0.
    let is_single = |&x: &f64| f64::from(x as f32).to_bits() == x.to_bits();
    let mut bytes = Vec::with_capacity(size_of::<f64>() * block.len());
    let name = if block.iter().all(is_single) {
        bytes.extend(block.iter().flat_map(|&x| (x as f32).to_le_bytes()));
        "f32"
    } else {
        bytes.extend(block.iter().flat_map(|x| x.to_le_bytes()));
        "f64"
    };
    format!("{name} {}", sha256(&bytes))
}
