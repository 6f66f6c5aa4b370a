//! Products with one huge matrix, spread over fixed blocks.
//!
//! How a product is cut depends on its shape alone, and every block of the result is computed by
//! one thread, so that the bytes do not depend on how many there are.

use ndarray::linalg::general_mat_mul;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, Axis, s};

use super::lapack;

/// Rows or columns of the result that one thread computes at a time.
pub(super) const BLOCK: usize = 512;

/// M·X.
pub(super) fn times(matrix: ArrayView2<f64>, x: ArrayView2<f64>) -> Array2<f64> {
    let mut product = Array2::zeros((matrix.nrows(), x.ncols()));
    product
        .axis_chunks_iter_mut(Axis(0), BLOCK)
        .into_par_iter()
        .zip(matrix.axis_chunks_iter(Axis(0), BLOCK))
        .for_each(|(mut part, rows)| general_mat_mul(1.0, &rows, &x, 0.0, &mut part));
    product
}

/// X·M for a few rows X.
pub(super) fn rows_times(x: ArrayView2<f64>, matrix: ArrayView2<f64>) -> Array2<f64> {
    let mut product = Array2::zeros((x.nrows(), matrix.ncols()));
    add_rows_times(&mut product, 1.0, x, matrix);
    product
}

/// P −= X·M for a few rows X.
pub(super) fn subtract_rows_times(
    p: &mut Array2<f64>,
    x: ArrayView2<f64>,
    matrix: ArrayView2<f64>,
) {
    add_rows_times(p, -1.0, x, matrix);
}

fn add_rows_times(p: &mut Array2<f64>, sign: f64, x: ArrayView2<f64>, matrix: ArrayView2<f64>) {
    p.axis_chunks_iter_mut(Axis(1), BLOCK)
        .into_par_iter()
        .zip(matrix.axis_chunks_iter(Axis(1), BLOCK))
        .for_each(|(mut part, columns)| general_mat_mul(sign, &x, &columns, 1.0, &mut part));
}

/// MᵀM, tile by tile of its upper triangle.
pub(super) fn gram(matrix: ArrayView2<f64>) -> Array2<f64> {
    let n = matrix.ncols();
    let columns: Vec<_> = matrix.axis_chunks_iter(Axis(1), BLOCK).collect();
    let tiles: Vec<(usize, usize)> = (0..columns.len())
        .flat_map(|i| (i..columns.len()).map(move |j| (i, j)))
        .collect();
    let mut gram = Array2::zeros((n, n));
    // A few tiles at a time: together they would be half the result over again.
    for batch in tiles.chunks(16) {
        let products: Vec<Array2<f64>> = batch
            .par_iter()
            .map(|&(i, j)| {
                if i == j {
                    lapack::gram(columns[i])
                } else {
                    columns[i].t().dot(&columns[j])
                }
            })
            .collect();
        for (&(i, j), product) in batch.iter().zip(&products) {
            let (rows, columns) = product.dim();
            let (top, left) = (i * BLOCK, j * BLOCK);
            gram.slice_mut(s![top..top + rows, left..left + columns])
                .assign(product);
            gram.slice_mut(s![left..left + columns, top..top + rows])
                .assign(&product.t());
        }
    }
    gram
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_give_the_whole_product() {
        let (rows, columns) = (BLOCK + 37, 2 * BLOCK + 5);
        let m = Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 31 + j * 17) % 13) as f64);
        let x = Array2::from_shape_fn((columns, 3), |(i, j)| ((i + 5 * j) % 7) as f64);
        // Small whole numbers: every sum is exact, in any order.
        assert_eq!(times(m.view(), x.view()), m.dot(&x));
        assert_eq!(rows_times(x.t(), m.t()), x.t().dot(&m.t()));
        assert_eq!(gram(m.view()), m.t().dot(&m));
        assert_eq!(gram(m.t()), m.dot(&m.t()));
        let mut rest = m.dot(&x).reversed_axes();
        subtract_rows_times(&mut rest, x.t(), m.t());
        assert_eq!(rest, Array2::<f64>::zeros((3, rows)));
    }
}
