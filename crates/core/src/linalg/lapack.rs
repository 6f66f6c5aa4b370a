//! The routines of BLAS and LAPACK that ndarray-linalg does not offer, with checked arguments.
//!
//! Matrices that are only used by one triangle are symmetric in memory, so that rows and columns
//! may be read the other way round.

use cblas_sys as blas;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, ShapeBuilder, s};

use crate::error::{Error, Result};

fn int(value: usize) -> i32 {
    i32::try_from(value).expect("a side of a matrix in memory fits an i32")
}

/// How a matrix lies in memory: rows (or columns) one after another, each without holes.
#[derive(Clone, Copy)]
struct Memory {
    by_rows: bool,
    /// From one row to the next, or from one column to the next.
    stride: i32,
}

impl Memory {
    fn of(strides: &[isize], (rows, columns): (usize, usize)) -> Option<Self> {
        let stride = |stride: isize, least: usize| {
            let stride = usize::try_from(stride).ok()?;
            (stride >= least.max(1)).then(|| int(stride))
        };
        let memory = |by_rows| move |stride| Memory { by_rows, stride };
        match *strides {
            [row, 1] => stride(row, columns).map(memory(true)),
            [1, column] => stride(column, rows).map(memory(false)),
            _ => None,
        }
    }

    fn layout(self) -> blas::CBLAS_LAYOUT {
        if self.by_rows {
            blas::CblasRowMajor
        } else {
            blas::CblasColMajor
        }
    }
}

/// A copy whose rows, or columns, lie one after another without holes.
pub(super) fn gapless(matrix: ArrayView2<f64>) -> Array2<f64> {
    if Memory::of(matrix.strides(), matrix.dim()).is_some() {
        return matrix.to_owned();
    }
    let mut copy = Array2::zeros(matrix.dim());
    copy.assign(&matrix);
    copy
}

/// MᵀM by `dsyrk`, both triangles filled. Half the work of a general product.
pub(super) fn gram(matrix: ArrayView2<f64>) -> Array2<f64> {
    let n = matrix.ncols();
    let mut gram = Array2::zeros((n, n));
    add_gram(&mut gram, matrix);
    for i in 0..n {
        for j in 0..i {
            gram[(i, j)] = gram[(j, i)];
        }
    }
    gram
}

/// G += MᵀM on and above the diagonal; below it nothing changes.
#[allow(unsafe_code)]
pub(super) fn add_gram(gram: &mut Array2<f64>, matrix: ArrayView2<f64>) {
    let (k, n) = matrix.dim();
    assert!(gram.dim() == (n, n) && gram.is_standard_layout());
    if k == 0 || n == 0 {
        return;
    }
    let copy;
    let (matrix, memory) = match Memory::of(matrix.strides(), (k, n)) {
        Some(memory) => (matrix, memory),
        None => {
            copy = gapless(matrix);
            let memory = Memory::of(copy.strides(), (k, n)).expect("rows without holes");
            (copy.view(), memory)
        }
    };
    // The upper triangle by rows is the lower one by columns.
    let triangle = if memory.by_rows {
        blas::CblasUpper
    } else {
        blas::CblasLower
    };
    // SAFETY: k × n numbers lie at `matrix` in the order found, n × n at `gram`, both alive.
    unsafe {
        blas::cblas_dsyrk(
            memory.layout(),
            triangle,
            blas::CblasTrans,
            int(n),
            int(k),
            1.0,
            matrix.as_ptr(),
            memory.stride,
            1.0,
            gram.as_mut_ptr(),
            int(n),
        );
    }
}

/// Replaces what is above the diagonal by what is below it, tile by tile for the cache's sake.
pub(super) fn mirror_below(matrix: &mut Array2<f64>) {
    const TILE: usize = 64;
    let n = matrix.nrows();
    for left in (0..n).step_by(TILE) {
        for i in 0..n.min(left + TILE) {
            for j in left.max(i + 1)..n.min(left + TILE) {
                matrix[(i, j)] = matrix[(j, i)];
            }
        }
    }
}

/// The upper triangular R with RᵀR = G and a positive diagonal; `None` where G is not positive
/// definite in floating point. Below the diagonal the result is zero.
pub(super) fn cholesky(mut gram: Array2<f64>) -> Option<Array2<f64>> {
    if !cholesky_in_place(&mut gram) {
        return None;
    }
    for i in 1..gram.nrows() {
        for j in 0..i {
            gram[(i, j)] = 0.0;
        }
    }
    Some(gram)
}

/// Whether a symmetric matrix is positive definite: `dpotrf` comes to its end. What is on
/// and above the diagonal is overwritten, and nothing else is read.
#[allow(unsafe_code)]
pub(super) fn cholesky_in_place(matrix: &mut Array2<f64>) -> bool {
    let n = int(matrix.nrows());
    assert!(matrix.is_square() && matrix.is_standard_layout());
    let mut info = 0;
    // SAFETY: n × n numbers lie at `matrix`, alive; LAPACK's lower triangle by columns is the upper
    // one by rows.
    unsafe {
        lapack_sys::dpotrf_(&(b'L' as _), &n, matrix.as_mut_ptr(), &n, &mut info);
    }
    info == 0
}

/// An estimate of ‖R‖·‖R⁻¹‖ for an upper triangular R: in the norm of row sums, by `dtrcon`; rarely
/// below a third of the truth.
#[allow(unsafe_code)]
pub(super) fn condition(r: &Array2<f64>) -> f64 {
    let n = int(r.nrows());
    assert!(r.is_square() && r.is_standard_layout());
    let (mut work, mut int_work) = (vec![0.0; 3 * r.nrows()], vec![0; r.nrows()]);
    let (mut reciprocal, mut info) = (0.0, 0);
    // SAFETY: n × n numbers lie at `r`, and the work arrays are as long as the manual asks. R by
    // rows is Rᵀ by columns, a lower triangle, whose column sums are R's row sums.
    unsafe {
        lapack_sys::dtrcon_(
            &(b'1' as _),
            &(b'L' as _),
            &(b'N' as _),
            &n,
            r.as_ptr(),
            &n,
            &mut reciprocal,
            work.as_mut_ptr(),
            int_work.as_mut_ptr(),
            &mut info,
        );
    }
    if info == 0 && reciprocal > 0.0 {
        1.0 / reciprocal
    } else {
        f64::INFINITY
    }
}

/// Replaces M by M·R⁻¹ for an upper triangular R with non-zero diagonal.
#[allow(unsafe_code)]
pub(super) fn divide_by_triangle(mut matrix: ArrayViewMut2<f64>, r: &Array2<f64>) {
    let (rows, columns) = matrix.dim();
    assert!(r.dim() == (columns, columns) && r.is_standard_layout());
    let memory = Memory::of(matrix.strides(), matrix.dim()).expect("a contiguous matrix");
    // R by rows is the lower triangle of Rᵀ by columns.
    let (triangle, transposed) = if memory.by_rows {
        (blas::CblasUpper, blas::CblasNoTrans)
    } else {
        (blas::CblasLower, blas::CblasTrans)
    };
    // SAFETY: rows × columns numbers lie at `matrix` in the order found, columns² at `r`.
    unsafe {
        blas::cblas_dtrsm(
            memory.layout(),
            blas::CblasRight,
            triangle,
            transposed,
            blas::CblasNonUnit,
            int(rows),
            int(columns),
            1.0,
            r.as_ptr(),
            int(columns),
            matrix.as_mut_ptr(),
            memory.stride,
        );
    }
}

/// R⁻¹·X for a small upper triangular R with non-zero diagonal, from its last row upwards.
pub(super) fn solve_triangle(r: &Array2<f64>, x: &Array2<f64>) -> Array2<f64> {
    let mut solved = x.as_standard_layout().into_owned();
    for i in (0..r.nrows()).rev() {
        let (mut head, below) = solved.view_mut().split_at(Axis(0), i + 1);
        let mut row = head.row_mut(i);
        row -= &r.slice(s![i, i + 1..]).dot(&below);
        row /= r[(i, i)];
    }
    solved
}

/// From this many pairs on of all, 1 in 6, all are found faster than those alone.
const MANY: usize = 6;

/// All eigenvalues of a symmetric n × n matrix, falling. The matrix is overwritten.
///
/// A tridiagonal form in blocks, then Pal, Walker and Kahan's variant of QL: a tenth of `dsyev`'s time at n = 1600.
pub(super) fn all_eigenvalues(matrix: Array2<f64>) -> Result<Array1<f64>> {
    let (values, _) = dsyevr(matrix, b'N', None)?;
    // LAPACK's are rising.
    Ok(values.into_iter().rev().collect())
}

/// The k largest eigenvalues of a symmetric n × n matrix, falling, and their eigenvectors as
/// columns, n × k. The matrix is overwritten.
///
/// A tridiagonal form, then relatively robust representations of all pairs. Where few of many are asked
/// for, they are found by bisection and inverse iteration, which then takes less.
pub(super) fn leading_eigenpairs(
    matrix: Array2<f64>,
    k: usize,
) -> Result<(Array1<f64>, Array2<f64>)> {
    let side = matrix.nrows();
    assert!((1..=side).contains(&k));
    let few = Some(k).filter(|k| MANY * k < side);
    let (values, vectors) = dsyevr(matrix, b'V', few)?;
    let falling = values.iter().rev().take(k).copied().collect();
    let mut turned = Array2::zeros((side, k));
    for (place, column) in vectors.columns().into_iter().rev().take(k).enumerate() {
        turned.column_mut(place).assign(&column);
    }
    Ok((falling, turned))
}

/// LAPACK's `dsyevr`: all eigenvalues of a symmetric matrix, rising, or the `largest` so many; and their
/// eigenvectors as columns where `job` is V, for N nothing of use.
#[allow(unsafe_code)]
fn dsyevr(
    mut matrix: Array2<f64>,
    job: u8,
    largest: Option<usize>,
) -> Result<(Vec<f64>, Array2<f64>)> {
    let side = matrix.nrows();
    assert!(matrix.is_square() && matrix.is_standard_layout() && side > 0);
    let range = if largest.is_some() { b'I' } else { b'A' };
    let count = largest.unwrap_or(side);
    let (n, wanted) = (int(side), int(count));
    let (first, last) = (n - wanted + 1, n);
    let mut values = vec![0.0; side];
    // Without vectors their array is not touched.
    let columns = if job == b'V' { count } else { 1 };
    let mut vectors = Array2::zeros((side, columns).f());
    let mut support = vec![0; 2 * count];
    // The manual's least work sizes are 26n and 10n; 70n lets it work in blocks of 64.
    let (work_size, int_size) = (int(side * 70), int(side * 10));
    let mut work = vec![0.0; side * 70];
    let mut int_work = vec![0; side * 10];
    let (mut found, mut info) = (0, 0);
    // SAFETY: every array has the length that dsyevr's manual asks for n, this job, range and work sizes.
    unsafe {
        lapack_sys::dsyevr_(
            &(job as _),
            &(range as _),
            &(b'L' as _),
            &n,
            matrix.as_mut_ptr(),
            &n,
            &0.0,
            &0.0,
            &first,
            &last,
            &0.0,
            &mut found,
            values.as_mut_ptr(),
            vectors.as_mut_ptr(),
            &n,
            support.as_mut_ptr(),
            work.as_mut_ptr(),
            &work_size,
            int_work.as_mut_ptr(),
            &int_size,
            &mut info,
        );
    }
    if info != 0 || found != wanted {
        return Err(Error::Numerical {
            routine: format!("{count} eigenvalues of a {side} × {side} matrix"),
            problem: format!("LAPACK's dsyevr found {found} and returned {info}"),
            remedy: "please report this",
        });
    }
    values.truncate(count);
    Ok((values, vectors))
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn both_memory_orders_agree() {
        let m = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let by_columns = m.t().to_owned().reversed_axes();
        let expected = array![[35.0, 44.0], [44.0, 56.0]];
        assert_eq!(gram(m.view()), expected);
        assert_eq!(gram(by_columns.view()), expected);
        let every_other = m.slice(ndarray::s![..;2, ..]);
        assert_eq!(gram(every_other), array![[26.0, 32.0], [32.0, 40.0]]);

        let r = array![[2.0, 1.0], [0.0, 4.0]];
        for mut matrix in [m.clone(), by_columns] {
            divide_by_triangle(matrix.view_mut(), &r);
            assert_eq!(matrix.dot(&r), m);
        }
        let x = array![[1.0, 3.0, 0.0], [8.0, 4.0, 0.5]];
        assert_eq!(r.dot(&solve_triangle(&r, &x)), x);
        // R⁻¹ = [[1/2, −1/8], [0, 1/4]]: row sums of at most 4 and 5/8.
        assert_eq!(condition(&r), 2.5);
        let root = cholesky(expected.clone()).unwrap();
        assert_eq!(root[(1, 0)], 0.0);
        assert!(
            (&root.t().dot(&root) - &expected)
                .iter()
                .all(|x| x.abs() < 1e-13)
        );
        assert!(cholesky(array![[1.0, 2.0], [2.0, 1.0]]).is_none());
    }

    #[test]
    fn the_largest_eigenpairs_come_first() {
        let m = array![[2.0, 0.0, 0.0], [0.0, 7.0, 0.0], [0.0, 0.0, -9.0]];
        let (values, vectors) = leading_eigenpairs(m, 2).unwrap();
        assert_eq!(values, array![7.0, 2.0]);
        assert_eq!(vectors[(1, 0)].abs(), 1.0);
        assert_eq!(vectors[(0, 1)].abs(), 1.0);
        let m = array![[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, -9.0]];
        let all = all_eigenvalues(m).unwrap();
        assert!(
            (all - array![3.0, 1.0, -9.0])
                .iter()
                .all(|x| x.abs() < 1e-14)
        );
    }
}
