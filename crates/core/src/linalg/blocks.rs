//! Products with one huge matrix, spread over fixed blocks.
//!
//! How a product is cut depends on its shape alone, and every block of the result is computed by
//! one thread, so that the bytes do not depend on how many there are.

use ndarray::linalg::general_mat_mul;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, Axis, LinalgScalar, concatenate, s};

use super::lapack;
use super::scaled::{exponent, largest_of, times_power};

/// Rows or columns of the result that one thread computes at a time.
const BLOCK: usize = 512;

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

/// UᵀMV, k × l, for each of several pairs of U (m × k) and V (n × l) and one m × n matrix M. It is
/// read once, a block of its rows at a time, against all V side by side.
///
/// ```
/// use ndarray::array;
/// let m = array![[1.0, 2.0], [3.0, 4.0]];
/// let (first, second) = (array![[1.0], [0.0]], array![[0.0], [1.0]]);
/// let pairs = [(first.view(), second.view()), (second.view(), second.view())];
/// assert_eq!(lora_subspace_core::linalg::projections(m.view(), &pairs), [array![[2.0]], array![[4.0]]]);
/// ```
///
/// # Panics
///
/// When the shapes do not multiply.
pub fn projections(
    matrix: ArrayView2<f64>,
    pairs: &[(ArrayView2<f64>, ArrayView2<f64>)],
) -> Vec<Array2<f64>> {
    let Some(stacked) = side_by_side(pairs) else {
        return Vec::new();
    };
    sum_over_blocks(matrix, |top, rows| cores(top, rows, &stacked, pairs))
}

/// As [`projections`], multiplied in f32 and summed over blocks in f64: half the work, and some
/// 1e-7 of each core's norm for rounding. Each block is scaled to f32's range, whatever M's is.
///
/// # Panics
///
/// When the shapes do not multiply.
pub fn projections_in_f32(
    matrix: ArrayView2<f64>,
    pairs: &[(ArrayView2<f32>, ArrayView2<f32>)],
) -> Vec<Array2<f64>> {
    let Some(stacked) = side_by_side(pairs) else {
        return Vec::new();
    };
    sum_over_blocks(matrix, |top, rows| {
        let e = exponent(largest_of(&rows)).unwrap_or(0);
        let rows = rows.mapv(|x| times_power(x, -e) as f32);
        let cores = cores(top, rows.view(), &stacked, pairs);
        let scaled = |core: &Array2<f32>| core.mapv(|x| times_power(f64::from(x), e));
        cores.iter().map(scaled).collect()
    })
}

/// All V of the pairs in one matrix; `None` without any.
fn side_by_side<T: Clone>(pairs: &[(ArrayView2<T>, ArrayView2<T>)]) -> Option<Array2<T>> {
    let right: Vec<ArrayView2<T>> = pairs.iter().map(|(_, v)| v.view()).collect();
    (!right.is_empty())
        .then(|| concatenate(Axis(1), &right).expect("each V has as many rows as M has columns"))
}

/// What rows of M, from row `top` on, contribute to each UᵀMV.
fn cores<T: LinalgScalar>(
    top: usize,
    rows: ArrayView2<T>,
    stacked: &Array2<T>,
    pairs: &[(ArrayView2<T>, ArrayView2<T>)],
) -> Vec<Array2<T>> {
    let images = rows.dot(stacked);
    let mut place = 0;
    let core = |(u, v): &(ArrayView2<T>, ArrayView2<T>)| {
        let image = images.slice(s![.., place..place + v.ncols()]);
        place += v.ncols();
        u.slice(s![top..top + rows.nrows(), ..]).t().dot(&image)
    };
    pairs.iter().map(core).collect()
}

/// The sums of what `part` makes of each block of rows, given its first row's place.
fn sum_over_blocks(
    matrix: ArrayView2<f64>,
    part: impl Fn(usize, ArrayView2<f64>) -> Vec<Array2<f64>> + Sync,
) -> Vec<Array2<f64>> {
    let blocks: Vec<(usize, ArrayView2<f64>)> = (0..)
        .step_by(BLOCK)
        .zip(matrix.axis_chunks_iter(Axis(0), BLOCK))
        .collect();
    let parts: Vec<Vec<Array2<f64>>> = blocks
        .par_iter()
        .map(|&(top, rows)| part(top, rows))
        .collect();
    // In the order of the blocks, so that the bytes do not depend on who was first.
    let sum = |mut sums: Vec<Array2<f64>>, part: Vec<Array2<f64>>| {
        sums.iter_mut()
            .zip(&part)
            .for_each(|(sum, core)| *sum += core);
        sums
    };
    parts.into_iter().reduce(sum).unwrap_or_default()
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
        let (u, v) = (m.slice(s![.., ..2]), m.slice(s![..3, ..]).reversed_axes());
        let pairs = [(u, v.view()), (m.slice(s![.., 4..5]), x.view())];
        let expected = pairs.map(|(u, v)| u.t().dot(&m).dot(&v));
        assert_eq!(projections(m.view(), &pairs), expected);
        let singles = pairs.map(|(u, v)| (u.mapv(|x| x as f32), v.mapv(|x| x as f32)));
        let pairs = singles.each_ref().map(|(u, v)| (u.view(), v.view()));
        for scale in [1e-290, 1.0, 1e290] {
            for (core, expected) in projections_in_f32((&m * scale).view(), &pairs)
                .iter()
                .zip(&expected)
            {
                let error = (core / scale - expected).mapv(|x| x * x).sum().sqrt();
                let norm = expected.mapv(|x| x * x).sum().sqrt();
                // All terms are positive, which is the worst: kernels add them in different orders.
                assert!(
                    error <= 1e-5 * norm,
                    "{error:e} of {norm:e}, scale {scale:e}"
                );
            }
        }
        let mut rest = m.dot(&x).reversed_axes();
        subtract_rows_times(&mut rest, x.t(), m.t());
        assert_eq!(rest, Array2::<f64>::zeros((3, rows)));
    }
}
