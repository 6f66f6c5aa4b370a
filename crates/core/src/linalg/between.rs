//! What a huge matrix is between directions, read a block of rows at a time.
//!
//! How it is cut depends on its shape alone, and blocks are summed up in their order, so that the bytes do
//! not depend on how many threads there are.

use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, Axis, LinalgScalar, concatenate, s};

use crate::error::Result;

use super::blocks::BLOCK;
use super::rows::Rows;
use super::scaled::{exponent, largest_of, norm, times_power};
use super::values::frobenius_norm;

/// Directions U (m × k) and V (n × l) between which an m × n matrix is looked at.
pub type Pair<'a, T> = (ArrayView2<'a, T>, ArrayView2<'a, T>);

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
pub fn projections(matrix: ArrayView2<f64>, pairs: &[Pair<f64>]) -> Vec<Array2<f64>> {
    let seen = looked_at(&matrix, pairs, Others::Doubles(&[]));
    seen.expect("a matrix in memory can be read").cores
}

/// More pairs of directions, which are looked at beside others.
pub enum Others<'a> {
    /// As the others.
    Doubles(&'a [Pair<'a, f64>]),
    /// Multiplied in f32 and summed over blocks in f64: half the work, and some 1e-7 of each core's
    /// norm for rounding. Each block is scaled to f32's range, whatever M's is.
    Singles(&'a [Pair<'a, f32>]),
}

/// What a matrix is between pairs of directions.
#[derive(Default)]
pub struct LookedAt {
    /// UᵀMV of each pair; of a matrix that [is turned](Rows::is_turned) its transpose.
    pub cores: Vec<Array2<f64>>,
    /// The same of the others.
    pub others: Vec<Array2<f64>>,
    /// ‖M‖_F.
    pub frobenius_norm: f64,
}

/// [`projections`] of a matrix that is read a block of rows at a time, once for all.
///
/// # Errors
///
/// Where rows cannot be read.
///
/// # Panics
///
/// When the shapes do not multiply.
pub fn looked_at(matrix: &dyn Rows, pairs: &[Pair<f64>], others: Others) -> Result<LookedAt> {
    let turned = matrix.is_turned();
    let (pairs, others) = (Stack::of(pairs, turned), others.stacked(turned));
    let (m, n) = matrix.dim();
    let tops: Vec<usize> = (0..m).step_by(height(n)).collect();
    let parts: Vec<LookedAt> = tops
        .par_iter()
        .map(|&top| {
            let rows = matrix.rows(top..m.min(top + height(n)))?;
            Ok(LookedAt {
                cores: pairs.cores(top, rows.view()),
                others: others.cores(top, rows.view()),
                frobenius_norm: frobenius_norm(rows.view()),
            })
        })
        .collect::<Result<_>>()?;
    let frobenius_norm = norm(parts.iter().map(|part| &part.frobenius_norm));
    // In the order of the blocks, so that the bytes do not depend on who was first.
    let sums = parts.into_iter().reduce(|mut sums, part| {
        add(&mut sums.cores, &part.cores);
        add(&mut sums.others, &part.others);
        sums
    });
    Ok(LookedAt {
        frobenius_norm,
        ..sums.unwrap_or_default()
    })
}

fn add(sums: &mut [Array2<f64>], parts: &[Array2<f64>]) {
    sums.iter_mut()
        .zip(parts)
        .for_each(|(sum, part)| *sum += part);
}

/// Bytes of a block of [`looked_at`], in f64, but for one of very many columns.
pub const BLOCK_BYTES: u64 = 8 << 22;

/// Rows of a block: fewer of a very wide matrix, so that it takes at most [`BLOCK_BYTES`].
fn height(columns: usize) -> usize {
    (BLOCK_BYTES as usize / size_of::<f64>() / columns.max(1)).clamp(64, BLOCK)
}

impl Others<'_> {
    fn stacked(&self, turned: bool) -> OtherStack<'_> {
        match self {
            Others::Doubles(pairs) => OtherStack::Doubles(Stack::of(pairs, turned)),
            Others::Singles(pairs) => OtherStack::Singles(Stack::of(pairs, turned)),
        }
    }
}

enum OtherStack<'a> {
    Doubles(Stack<'a, f64>),
    Singles(Stack<'a, f32>),
}

impl OtherStack<'_> {
    fn cores(&self, top: usize, rows: ArrayView2<f64>) -> Vec<Array2<f64>> {
        let stack = match self {
            OtherStack::Doubles(stack) => return stack.cores(top, rows),
            OtherStack::Singles(stack) => stack,
        };
        let e = exponent(largest_of(&rows)).unwrap_or(0);
        let power = times_power(1.0, -e);
        let rows = match power.is_normal() {
            // The same, and one multiplication a number.
            true => rows.mapv(|x| (x * power) as f32),
            false => rows.mapv(|x| times_power(x, -e) as f32),
        };
        let scaled = |core: &Array2<f32>| core.mapv(|x| times_power(f64::from(x), e));
        stack.cores(top, rows.view()).iter().map(scaled).collect()
    }
}

/// Pairs of directions, with all V in one matrix.
struct Stack<'a, T> {
    pairs: Vec<Pair<'a, T>>,
    /// `None` without any.
    right: Option<Array2<T>>,
}

impl<'a, T: LinalgScalar> Stack<'a, T> {
    /// Of a turned matrix U and V change places.
    fn of(pairs: &[Pair<'a, T>], turned: bool) -> Self {
        let placed = |&(u, v): &Pair<'a, T>| if turned { (v, u) } else { (u, v) };
        let pairs: Vec<Pair<T>> = pairs.iter().map(placed).collect();
        let right: Vec<ArrayView2<T>> = pairs.iter().map(|&(_, v)| v).collect();
        let right = (!right.is_empty()).then(|| {
            concatenate(Axis(1), &right).expect("each V has as many rows as M has columns")
        });
        Stack { pairs, right }
    }

    /// What rows of M, from row `top` on, contribute to each UᵀMV.
    fn cores(&self, top: usize, rows: ArrayView2<T>) -> Vec<Array2<T>> {
        let Some(right) = &self.right else {
            return Vec::new();
        };
        let images = rows.dot(right);
        let mut place = 0;
        let core = |(u, v): &Pair<T>| {
            let image = images.slice(s![.., place..place + v.ncols()]);
            place += v.ncols();
            u.slice(s![top..top + rows.nrows(), ..]).t().dot(&image)
        };
        self.pairs.iter().map(core).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use ndarray::{CowArray, Ix2};

    use super::*;

    /// A matrix that is stored column by column.
    struct Turned<'a>(ArrayView2<'a, f64>);

    impl Rows for Turned<'_> {
        fn dim(&self) -> (usize, usize) {
            self.0.dim()
        }

        fn rows(&self, range: Range<usize>) -> Result<CowArray<'_, f64, Ix2>> {
            Ok(self.0.slice(s![range, ..]).into())
        }

        fn is_turned(&self) -> bool {
            true
        }
    }

    #[test]
    fn blocks_give_the_whole_projection() {
        let (rows, columns) = (BLOCK + 37, 2 * BLOCK + 5);
        let m = Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 31 + j * 17) % 13) as f64);
        let x = Array2::from_shape_fn((columns, 3), |(i, j)| ((i + 5 * j) % 7) as f64);
        // Small whole numbers: every sum is exact, in any order.
        let (u, v) = (m.slice(s![.., ..2]), m.slice(s![..3, ..]).reversed_axes());
        let pairs = [(u, v.view()), (m.slice(s![.., 4..5]), x.view())];
        let expected = pairs.map(|(u, v)| u.t().dot(&m).dot(&v));
        assert_eq!(projections(m.view(), &pairs), expected);
        let turned = Turned(m.t());
        let (u, v) = (pairs[0].0, pairs[0].1);
        let seen = looked_at(&turned, &[(u, v)], Others::Doubles(&pairs[1..])).unwrap();
        assert_eq!(
            [&seen.cores[0].t(), &seen.others[0].t()],
            [&expected[0], &expected[1]]
        );
        assert!((seen.frobenius_norm / frobenius_norm(m.view()) - 1.0).abs() < 1e-14);
        let singles = pairs.map(|(u, v)| (u.mapv(|x| x as f32), v.mapv(|x| x as f32)));
        let pairs = singles.each_ref().map(|(u, v)| (u.view(), v.view()));
        for scale in [1e-290, 1.0, 1e290] {
            let scaled = &m * scale;
            let seen = looked_at(&scaled.view(), &[], Others::Singles(&pairs)).unwrap();
            for (core, expected) in seen.others.iter().zip(&expected) {
                let error = (core / scale - expected).mapv(|x| x * x).sum().sqrt();
                let norm = expected.mapv(|x| x * x).sum().sqrt();
                // All terms are positive, which is the worst: kernels add them in different orders.
                assert!(
                    error <= 1e-5 * norm,
                    "{error:e} of {norm:e}, scale {scale:e}"
                );
            }
        }
    }
}
